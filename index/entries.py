"""What is embedded and what is matched by words, for one passage: the texts, and nothing else.

An *entry* is one row of the vector store: a passage, followed by its sentences.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from index.marks import without_marks
from index.types import Document, Passage

KEY_BYTES: Final = 16
_PATH_SEPARATOR: Final = " > "
_PROBE_TEXT: Final = "建立健全协同机制，定期研究解决重大问题。"
_PROBE_COMPONENTS: Final = 8
_PROBE_TOLERANCE: Final = 1e-3


class Encoder(Protocol):
    """The part of :class:`index.embed.Embedder` that the store and the retriever use."""

    @property
    def name(self) -> str:
        """Name of the model's folder; vectors of two names are never compared."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def encode_queries(self, queries: list[str]) -> NDArray[np.float32]:
        """Return float32 (n, d), rows of unit L2 norm."""

    def encode_passages(self, passages: list[str], progress: bool = False) -> NDArray[np.float32]:
        """Return float32 (n, d), rows of unit L2 norm."""


def passage_text_for_embedding(passage: Passage) -> str:
    r"""Return ``title > heading > …``, a newline and the passage, without headings that it opens with.

    >>> passage_text_for_embedding(Passage("d:0-4", "d", "协议", "d.txt", ("一、总则",), "双方合作", 0, 4))
    '协议 > 一、总则\n双方合作'
    """
    return f"{_PATH_SEPARATOR.join((passage.title, *_headings_above(passage)))}\n{without_marks(passage.text)}"


def sentence_text_for_embedding(passage: Passage, sentence: str) -> str:
    r"""Return the passage's own heading, a newline and ``sentence``; a sentence that opens with it stays alone.

    Without a heading the sentence stands alone: putting the title there took nDCG@10 on the tuning half of the
    legal questions from .550 to .539.

    >>> p = Passage("d:0-9", "d", "协议", "d.txt", ("总则", "第一条 宗旨"), "第一条 宗旨\n共建", 0, 9)
    >>> sentence_text_for_embedding(p, "共建")
    '第一条 宗旨\n共建'
    """
    heading = passage.heading_path[-1] if passage.heading_path else ""
    return sentence if sentence.startswith(heading) else f"{heading}\n{sentence}"


def passage_text_for_matching(passage: Passage) -> str:
    """Return the text that BM25 counts words of: title, headings and passage, one a line."""
    return "\n".join((passage.title, *_headings_above(passage), without_marks(passage.text)))


def entry_texts(
    documents: Sequence[Document],
    passages: Sequence[Passage],
    spans: Sequence[Sequence[tuple[int, int]]],
) -> list[str]:
    """Return the text of every entry, in the order of the rows: each passage, then its sentences.

    ``spans`` holds, for each passage, its sentences as character spans of its document.
    """
    text_of = {document.doc_id: document.text for document in documents}
    texts: list[str] = []
    for passage, sentences in zip(passages, spans, strict=True):
        texts.append(passage_text_for_embedding(passage))
        text = text_of[passage.doc_id]
        texts += [sentence_text_for_embedding(passage, text[start:end]) for start, end in sentences]
    return texts


def entry_keys(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Return uint8 (n, 16): a BLAKE2b digest of each text, by which a vector is found again in the next build."""
    digests = b"".join(hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).digest() for text in texts)
    return np.frombuffer(digests, dtype=np.uint8).reshape(len(texts), KEY_BYTES)


def probe_of(encoder: Encoder) -> tuple[float, ...]:
    """Return the first components of ``encoder``'s vector of a fixed text: a fingerprint of its weights."""
    vector = encoder.encode_passages([_PROBE_TEXT])[0]
    return tuple(round(float(value), 4) for value in vector[:_PROBE_COMPONENTS])


def same_probe(one: Sequence[float], other: Sequence[float]) -> bool:
    """Return whether two probes are of the same weights; another CPU moves only the sixth decimal."""
    return len(one) == len(other) and bool(np.allclose(one, other, rtol=0.0, atol=_PROBE_TOLERANCE))


def _headings_above(passage: Passage) -> tuple[str, ...]:
    """The headings of ``passage`` down to the first one that its own text opens with."""
    said = without_marks(passage.text)
    for depth, heading in enumerate(passage.heading_path):
        if said.startswith(heading):
            return passage.heading_path[:depth]
    return passage.heading_path
