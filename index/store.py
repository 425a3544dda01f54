"""The opened index: documents, passages and exact nearest-neighbour search; the only importer of faiss.

A row of the vector store is one *entry*: a passage, followed by its sentences. Files of one version:
``documents.jsonl``, ``passages.jsonl`` (spans only: the text is the document's), ``vectors.faiss``, ``keys.npy``
(one digest of the embedded text per row), ``claims.npy`` (one of what it claims), ``words/`` (BM25) and
``manifest.json``; all are read without pickle.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from index.content import Content, check_content, manifest_of
from index.copies import Claims, Copies, claim_digests
from index.entries import passage_text_for_matching
from index.errors import StoreError
from index.lexical import LexicalIndex
from index.manifest import (
    MANIFEST_FILE,
    REBUILD,
    Manifest,
    Settings,
    check_files,
    check_settings,
    read_manifest,
)
from index.records import Span, read_documents, read_passages, write_documents, write_passages
from index.types import Document, Passage
from index.versions import current_version, exclusive_build, publish

Vectors = NDArray[np.float32]

# Exact search takes about 14 ms for 100,000 float32 rows of 384 on one core. Beyond that the rows are kept as
# float16, which halves memory and time and found the same ten neighbours in every measured query. Past some
# millions of rows an IVF index belongs here; nothing else in the program would change.
FLAT_UP_TO_ENTRIES: Final = 100_000

_DOCUMENTS_FILE: Final = "documents.jsonl"
_PASSAGES_FILE: Final = "passages.jsonl"
_VECTORS_FILE: Final = "vectors.faiss"
_KEYS_FILE: Final = "keys.npy"
_CLAIMS_FILE: Final = "claims.npy"
_WORDS_FOLDER: Final = "words"
# Entries fetched at first for each passage wanted: a passage has about four.
_ENTRIES_PER_PASSAGE: Final = 4
# faiss and NumPy add the same products in another order.
_ROUNDING: Final = 1e-5


class Store:
    """A read-only index, whole in memory and safe to search from several threads."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        documents: Sequence[Document],
        passages: Sequence[Passage],
        spans: Sequence[tuple[Span, ...]],
        index: Any,
        lexical: LexicalIndex,
        keys: NDArray[np.uint8],
        claims: Claims,
    ) -> None:
        self.manifest = manifest
        self.documents: Mapping[str, Document] = {document.doc_id: document for document in documents}
        self.passages: tuple[Passage, ...] = tuple(passages)
        self.lexical = lexical
        self.keys = keys
        self.claims = claims
        self.copies = Copies(claims)
        self._spans = tuple(spans)
        self._index = index
        sizes = np.array([1 + len(sentences) for sentences in spans], dtype=np.int64)
        self._first = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
        self._owner = np.repeat(np.arange(len(spans), dtype=np.int64), sizes)

    @cached_property
    def passages_of(self) -> Mapping[str, tuple[int, ...]]:
        """The numbers of each document's passages, in reading order, by doc_id."""
        numbers: dict[str, list[int]] = {doc_id: [] for doc_id in self.documents}
        for number, passage in enumerate(self.passages):
            numbers[passage.doc_id].append(number)
        return {doc_id: tuple(found) for doc_id, found in numbers.items()}

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {passage.passage_id: number for number, passage in enumerate(self.passages)}

    def claim_of(self, passage: int) -> int:
        """Return what passage number ``passage`` claims, comparable within this index; 0 for nothing."""
        return self.copies.claim(int(self._first[passage]))

    def copies_of(self, passage: Passage) -> tuple[Passage, ...]:
        """Return the passages of other documents that say the same in the same words under the same headings."""
        entries = self.copies.of(int(self._first[self._numbers[passage.passage_id]]))
        found = (self.passages[self._owner[entry]] for entry in entries)
        return tuple(one for one in found if one.doc_id != passage.doc_id)

    def alike(self, doc_id: str) -> dict[str, int]:
        """Return how many entries of document ``doc_id`` each other document claims too, where there are any."""
        shared: dict[str, set[int]] = {}
        for number in self.passages_of[doc_id]:
            for entry in range(int(self._first[number]), int(self._first[number + 1])):
                for twin in self.copies.of(entry):
                    shared.setdefault(self.passages[self._owner[twin]].doc_id, set()).add(entry)
        return {other: len(entries) for other, entries in shared.items() if other != doc_id}

    def sentence_spans(self, passage: int) -> tuple[Span, ...]:
        """Return the sentences of passage number ``passage`` as half-open character spans of its document."""
        return self._spans[passage]

    def sentence_vectors(self, passage: int) -> Vectors:
        """Return float32 (m, d): the unit vectors of the sentences of passage number ``passage``."""
        return self.vectors(int(self._first[passage]) + 1, int(self._first[passage + 1]))

    def vectors(self, start: int, end: int) -> Vectors:
        """Return float32 (end - start, d): the rows of those entries."""
        if end <= start:
            return np.zeros((0, self.manifest.settings.dimension), dtype=np.float32)
        return np.asarray(self._index.reconstruct_n(start, end - start), dtype=np.float32)

    def search(self, vector: Vectors, k: int, allowed: Collection[int] | None = None) -> list[tuple[int, float]]:
        """Return the ``k`` best ``(passage number, score)``, best first, ties to the smaller number.

        The score is the mean of two cosines: of the passage as a whole, and of its best sentence (the passage's
        own, where it has no sentence); in [-1, 1]. The result is exact. ``allowed`` limits the passages; an empty
        one allows none. On the tuning half of 1,543 legal questions the mean gave nDCG@10 .550, the larger of the
        two .542, the passage alone .514, the best sentence alone .538.

        Raises:
            StoreError: ``vector`` is not finite or has another dimension than the index.

        """
        query = self._checked(vector)
        rows = self._allowed_rows(allowed)
        entries = self._index.ntotal if rows is None else len(rows)
        if k < 1 or entries == 0:
            return []
        selection = self._selection(rows)
        fetched = min(entries, max(_ENTRIES_PER_PASSAGE * k, 64))
        while True:
            nearest, found = self._index.search(query[None, :], fetched, params=selection)
            best = self.score(query, np.unique(self._owner[found[0][found[0] >= 0]]).tolist())[:k]
            # A passage not fetched scores no more than its best entry, which is no more than the last one fetched.
            settled = len(best) >= k and float(nearest[0][-1]) + _ROUNDING < best[-1][1]
            if settled or fetched >= entries:
                return best
            fetched = min(entries, fetched * 4)

    def score(self, vector: Vectors, numbers: Collection[int]) -> list[tuple[int, float]]:
        """Return ``(passage number, score)`` of just the passages ``numbers``, scored and ordered as by search."""
        query = self._checked(vector)
        if not numbers:
            return []
        wanted = np.array(sorted(numbers), dtype=np.int64)
        sizes = self._first[wanted + 1] - self._first[wanted]
        cosines = self._index.reconstruct_batch(self._rows(wanted)) @ query
        own = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)[:-1]])
        # A passage without sentences is its own best sentence.
        of_passages = cosines[own].copy()
        cosines[own] = np.where(sizes == 1, of_passages, np.float32(-1.0))
        scores = (of_passages + np.maximum.reduceat(cosines, own)) / 2
        scored = zip(wanted.tolist(), scores.tolist(), strict=True)
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))

    def _allowed_rows(self, allowed: Collection[int] | None) -> NDArray[np.int64] | None:
        if allowed is None:
            return None
        numbers = sorted({number for number in allowed if 0 <= number < len(self.passages)})
        return self._rows(np.array(numbers, dtype=np.int64)) if numbers else np.zeros(0, dtype=np.int64)

    def _rows(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        sizes = self._first[numbers + 1] - self._first[numbers]
        before = np.cumsum(sizes) - sizes
        return np.asarray(np.arange(int(sizes.sum())) + np.repeat(self._first[numbers] - before, sizes))

    def _selection(self, rows: NDArray[np.int64] | None) -> Any:
        if rows is None:
            return None
        import faiss

        # The stubs of faiss do not know the keyword arguments that its Python layer adds.
        parameters: Any = faiss.SearchParameters
        return parameters(sel=faiss.IDSelectorBatch(rows))

    def _checked(self, vector: Vectors) -> Vectors:
        query = np.ascontiguousarray(vector, dtype=np.float32)
        dimension = self.manifest.settings.dimension
        if query.shape != (dimension,):
            raise StoreError(
                f"query vector of shape {query.shape}, the index has dimension {dimension}; {REBUILD}"
            )
        if not np.isfinite(query).all():
            raise StoreError("the query vector has values that are not finite: the embedding model is damaged")
        return query


def open_store(
    folder: Path, *, model: str | None = None, dimension: int | None = None, max_chars: int | None = None
) -> Store:
    """Return the current index of ``folder``, checked against its manifest and the settings that are given.

    Raises:
        StoreError: there is none, a file is missing or damaged, or it was built with another setting.

    """
    for _ in range(2):
        version = current_version(folder)
        try:
            manifest = read_manifest(version)
            check_settings(manifest, model=model, dimension=dimension, max_chars=max_chars)
            check_files(version, manifest)
            return _read(version, manifest)
        except StoreError:
            # Two builds may have come and gone while this one was being read; then the newer one is opened.
            if current_version(folder) == version:
                raise
    raise StoreError(f"index {folder} is being replaced again and again; stop the builds and repeat the command")


def write_store(
    folder: Path, content: Content, settings: Settings, *, flat_up_to: int = FLAT_UP_TO_ENTRIES
) -> Manifest:
    """Write ``content`` as the current index of ``folder`` and return its manifest; all of it or nothing.

    Raises:
        StoreError: the parts do not fit together, another build is running, or the disk refuses.

    """
    with exclusive_build(folder) as building:
        return write_version(folder, building, content, settings, flat_up_to=flat_up_to)


def write_version(
    folder: Path,
    building: Path,
    content: Content,
    settings: Settings,
    *,
    flat_up_to: int = FLAT_UP_TO_ENTRIES,
) -> Manifest:
    """As :func:`write_store`, for a caller that already holds the lock and its ``building`` folder."""
    check_content(content, settings.dimension)
    try:
        write_documents(building / _DOCUMENTS_FILE, content.documents)
        write_passages(building / _PASSAGES_FILE, content.passages, content.spans)
        _write_vectors(building / _VECTORS_FILE, content.vectors, settings.dimension, flat_up_to)
        np.save(building / _KEYS_FILE, content.keys, allow_pickle=False)
        claims = content.claims
        if claims is None:
            claims = claim_digests(content.documents, content.passages, content.spans)
        np.save(building / _CLAIMS_FILE, claims, allow_pickle=False)
        (LexicalIndex(content.counts) if content.counts is not None else _words(content.passages)).save(
            building / _WORDS_FOLDER
        )
        manifest = manifest_of(building, content, settings)
        (building / MANIFEST_FILE).write_text(manifest.to_json(), encoding="utf-8")
        publish(folder, building)
    except OSError as error:
        raise StoreError(
            f"cannot write the index in {folder}: {error.strerror}; the old one is untouched"
        ) from error
    return manifest


def _words(passages: Sequence[Passage]) -> LexicalIndex:
    return LexicalIndex.from_texts([passage_text_for_matching(passage) for passage in passages])


def _write_vectors(path: Path, vectors: Vectors, dimension: int, flat_up_to: int) -> None:
    import faiss

    faiss.omp_set_num_threads(1)
    index: Any
    if len(vectors) <= flat_up_to:
        index = faiss.IndexFlatIP(dimension)
    else:
        index = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index.add(np.ascontiguousarray(vectors, dtype=np.float32))
    faiss.write_index(index, str(path))


def _read(version: Path, manifest: Manifest) -> Store:
    import faiss

    # With more threads a search on busy cores is several times slower, and one is fast enough.
    faiss.omp_set_num_threads(1)
    try:
        documents = read_documents(version / _DOCUMENTS_FILE)
        passages, spans = read_passages(version / _PASSAGES_FILE, {d.doc_id: d for d in documents})
        index = faiss.read_index(str(version / _VECTORS_FILE))
        keys = np.load(version / _KEYS_FILE, allow_pickle=False)
        claims = np.load(version / _CLAIMS_FILE, allow_pickle=False)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise StoreError(f"index {version} is damaged ({type(error).__name__}: {reason}); {REBUILD}") from error
    lexical = LexicalIndex.load(version / _WORDS_FOLDER)
    found = {
        "passages": (len(passages), manifest.passages),
        "entries": (index.ntotal, manifest.entries),
        "keys": (len(keys), manifest.entries),
        "claims": (len(claims), manifest.entries),
        "dimension": (index.d, manifest.settings.dimension),
        "texts in the word index": (len(lexical), manifest.passages),
    }
    for name, (have, expected) in found.items():
        if have != expected:
            raise StoreError(f"index {version} has {have} {name}, expected {expected}; {REBUILD}")
    return Store(
        manifest,
        documents=documents,
        passages=passages,
        spans=spans,
        index=index,
        lexical=lexical,
        keys=keys,
        claims=claims,
    )
