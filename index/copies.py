"""Which passages and sentences of an index are copies of each other, looked up and not searched for.

Two entries are copies if :func:`index.duplicates.claim_key` is the same: the same words, figures, dates, names and
negations in the same order. The digests are made with the index, so that opening it costs no reading of text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.duplicates import claim_key, joined_keys
from index.types import Document, Passage

Claims = NDArray[np.uint64]

# A shorter text is a heading or a phrase that many documents have: 附则, 组织实施.
_MIN_CHARS: Final = 8
_NO_CLAIM: Final = 0


def claim_digests(
    documents: Sequence[Document],
    passages: Sequence[Passage],
    spans: Sequence[Sequence[tuple[int, int]]],
) -> Claims:
    """Return uint64 (entries,): for each passage, then for its sentences, a digest of its claim; 0 for none.

    A passage claims what all its sentences say, under the same headings: a sentence on its term of validity means
    another thing in another agreement.
    """
    text_of = {document.doc_id: document.text for document in documents}
    digests: list[int] = []
    for passage, sentences in zip(passages, spans, strict=True):
        text = text_of[passage.doc_id]
        keys = [claim_key(text[start:end]) for start, end in sentences]
        whole = joined_keys(keys)
        above = "\n".join(claim_key(heading) or heading.strip() for heading in passage.heading_path)
        digests.append(_digest(f"{above}\n\n{whole}") if len(whole) >= _MIN_CHARS else _NO_CLAIM)
        digests += [_digest(key) if len(key) >= _MIN_CHARS else _NO_CLAIM for key in keys]
    return np.array(digests, dtype=np.uint64)


def _digest(key: str) -> int:
    """Eight bytes: among a million claims two that differ meet once in forty million indexes."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little") or 1


class Copies:
    """The copies in one opened index. ``claims`` is uint64 (entries,), as :func:`claim_digests` gives them."""

    def __init__(self, claims: Claims) -> None:
        self._claims = claims

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        # Stable, so that the entries of one claim stay in the order of the index.
        return np.argsort(self._claims, kind="stable")

    @cached_property
    def _sorted(self) -> Claims:
        return self._claims[self._order]

    def claim(self, entry: int) -> int:
        """Return what entry number ``entry`` claims, comparable within this index; 0 for nothing."""
        return int(self._claims[entry])

    def of(self, entry: int) -> tuple[int, ...]:
        """Return the other entries that make the same claim, in the order of the index."""
        claim = self._claims[entry]
        if claim == _NO_CLAIM:
            return ()
        first, last = np.searchsorted(self._sorted, claim, "left"), np.searchsorted(self._sorted, claim, "right")
        return tuple(int(one) for one in self._order[first:last] if one != entry)
