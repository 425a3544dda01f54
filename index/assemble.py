"""Documents -> everything that an index version holds, taking from the version before what has not changed.

An unchanged document brings its passages, their word counts and its rows of vectors along as they are; of a
changed one, every sentence whose text stands anywhere in the old index keeps its vector. The rest is embedded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.content import Content
from index.copies import claim_digests
from index.entries import KEY_BYTES, Encoder, entry_keys, entry_texts, passage_text_for_matching
from index.lexical import tokenize
from index.outline import build_outline
from index.passages import make_passages
from index.records import Span
from index.sentences import split_sentences
from index.spill import Spill
from index.store import Store
from index.term_counts import count_terms, pick_rows
from index.types import Document, Passage

# A batch of the progress bar and of the spill file; the embedder cuts it up again.
_BATCH_ENTRIES: Final = 256

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Before:
    """What may be taken from the index before. ``cut`` is false where its passages were cut by other rules."""

    store: Store
    cut: bool

    def has(self, document: Document) -> bool:
        """Whether the old index holds ``document`` just as it is, with passages that are still right."""
        return self.cut and self.store.documents.get(document.doc_id) == document


@dataclass(frozen=True)
class _Rows:
    """Where each passage and each entry comes from: a number of the old index, or beyond its end a fresh one."""

    passages: NDArray[np.int64]
    entries: NDArray[np.int64]


def prepare(documents: Sequence[Document], *, max_chars: int) -> tuple[list[Passage], list[list[Span]]]:
    """Return the passages of ``documents``, in reading order, and each one's sentences as document spans."""
    passages = [
        passage
        for document in documents
        for passage in make_passages(document, build_outline(document.text), max_chars=max_chars)
    ]
    text_of = {document.doc_id: document.text for document in documents}
    return passages, [split_sentences(text_of[p.doc_id], p.start, p.end) for p in passages]


def assemble(
    documents: Sequence[Document],
    embedder: Encoder,
    before: Before | None,
    spill: Spill,
    *,
    max_chars: int,
    sources: Mapping[str, str],
    records: Mapping[str, str],
    progress: bool,
) -> tuple[Content, int]:
    """Return the content of the new version, and how many of its vectors did not have to be computed.

    ``sources`` and ``records`` are the digests of the corpus files and of their provenance records.
    """
    kept = [document for document in documents if before is not None and before.has(document)]
    kept_ids = {document.doc_id for document in kept}
    fresh = [document for document in documents if document.doc_id not in kept_ids]
    passages, spans = prepare(fresh, max_chars=max_chars)
    texts = entry_texts(fresh, passages, spans)
    keys = entry_keys(texts)
    vectors, computed = _vectors(texts, keys, before, embedder, spill, progress=progress)
    vocabulary = before.store.lexical.counts.vocabulary if before is not None else {}
    counts = count_terms((tokenize(passage_text_for_matching(p)) for p in passages), vocabulary)
    claims = claim_digests(fresh, passages, spans)
    if before is None or not kept:
        content = Content(documents, passages, spans, vectors, keys, sources, counts, claims, records)
        return content, len(keys) - computed
    old = before.store
    rows = _rows(documents, kept_ids, old, passages, spans)
    every_passage = [*old.passages, *passages]
    every_span: list[Sequence[Span]] = [*(old.sentence_spans(n) for n in range(len(old.passages))), *spans]
    content = Content(
        documents=documents,
        passages=[every_passage[number] for number in rows.passages],
        spans=[every_span[number] for number in rows.passages],
        vectors=_pick_vectors(old, vectors, rows.entries),
        keys=np.concatenate([old.keys, keys])[rows.entries],
        sources=sources,
        counts=pick_rows(old.lexical.counts, counts, rows.passages),
        claims=np.concatenate([old.claims, claims])[rows.entries],
        records=records,
    )
    return content, len(rows.entries) - computed


def _rows(
    documents: Sequence[Document],
    kept: set[str],
    old: Store,
    passages: Sequence[Passage],
    spans: Sequence[Sequence[Span]],
) -> _Rows:
    """Rows in the order of ``documents``; those of fresh passages are numbered on from the end of the old ones."""
    numbers_of: dict[str, list[int]] = {}
    for number, passage in enumerate(passages, start=len(old.passages)):
        numbers_of.setdefault(passage.doc_id, []).append(number)
    order = [
        number
        for document in documents
        for number in (
            old.passages_of[document.doc_id] if document.doc_id in kept else numbers_of.get(document.doc_id, ())
        )
    ]
    sizes = np.array(
        [1 + len(old.sentence_spans(n)) for n in range(len(old.passages))] + [1 + len(s) for s in spans]
    )
    starts = np.cumsum(sizes) - sizes
    rows = np.array(order, dtype=np.int64)
    wanted = sizes[rows]
    before = np.cumsum(wanted) - wanted
    return _Rows(rows, np.arange(int(wanted.sum())) + np.repeat(starts[rows] - before, wanted))


def _pick_vectors(old: Store, fresh: Vectors, rows: NDArray[np.int64]) -> Vectors:
    """Rows of the old index and then of ``fresh``, copied run by run: the matrix may be most of the memory."""
    picked = np.empty((len(rows), fresh.shape[1]), dtype=np.float32)
    count = old.manifest.entries
    breaks = np.flatnonzero((np.diff(rows) != 1) | (rows[1:] == count)) + 1
    for start, end in pairwise([0, *breaks.tolist(), len(rows)]):
        first = int(rows[start])
        last = first + end - start
        picked[start:end] = fresh[first - count : last - count] if first >= count else old.vectors(first, last)
    return picked


def _vectors(
    texts: Sequence[str],
    keys: NDArray[np.uint8],
    before: Before | None,
    embedder: Encoder,
    spill: Spill,
    *,
    progress: bool,
) -> tuple[Vectors, int]:
    """The vector of every text and how many of them were computed, counting each text that had none."""
    names = [key.tobytes() for key in keys]
    known = _known(set(names), before) | spill.read()
    missing = sum(name not in known for name in names)
    wanted = {name: text for name, text in zip(names, texts, strict=True) if name not in known}
    known |= _embed(wanted, embedder, spill, progress=progress)
    ordered = [known[name] for name in names]
    return np.array(ordered, dtype=np.float32).reshape(len(ordered), embedder.dimension), missing


def _known(names: set[bytes], before: Before | None) -> dict[bytes, Vectors]:
    """The vectors of the index before that ``names`` ask for."""
    if before is None or not names:
        return {}
    store = before.store
    digests = store.keys.tobytes()
    found: dict[bytes, Vectors] = {}
    for row in range(store.manifest.entries):
        name = digests[row * KEY_BYTES : (row + 1) * KEY_BYTES]
        if name in names and name not in found:
            found[name] = store.vectors(row, row + 1)[0]
    return found


def _embed(
    wanted: Mapping[bytes, str], embedder: Encoder, spill: Spill, *, progress: bool
) -> dict[bytes, Vectors]:
    from tqdm import tqdm

    # Texts of like length side by side need the least padding.
    fresh = sorted(wanted.items(), key=lambda item: len(item[1]))
    computed: dict[bytes, Vectors] = {}
    with tqdm(total=len(fresh), desc="embedding", unit="text", disable=not progress) as bar:
        for start in range(0, len(fresh), _BATCH_ENTRIES):
            batch = fresh[start : start + _BATCH_ENTRIES]
            rows = embedder.encode_passages([text for _, text in batch])
            spill.add([name for name, _ in batch], rows)
            computed.update(zip((name for name, _ in batch), rows, strict=True))
            bar.update(len(batch))
    return computed
