"""Systems to compare with, over the same documents and the same embedding model, asked in the same run.

None of them refuses, follows a conversation or reads: what they lack is what they are here to show.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eval.cases import Case
from eval.outcome import Cited, Outcome, Retrieved
from index.fuse import reciprocal_rank_fusion
from index.types import Document, Passage

# The tutorial's k; the same number of passages for every baseline that returns passages.
TOP_PASSAGES = 4
TOP_SENTENCES = 3
DEPTH = 10
CANDIDATES = 50
TUTORIAL_CHARS = 500
TUTORIAL_OVERLAP = 100


class Encoder(Protocol):
    """The part of ``index.embed.Embedder`` used here: float32 (n, d) with unit rows."""

    def encode_queries(self, queries: list[str]) -> NDArray[np.float32]:
        """Return one row per query."""
        ...

    def encode_passages(self, passages: list[str], progress: bool = False) -> NDArray[np.float32]:
        """Return one row per passage."""
        ...


class Lexical(Protocol):
    """The part of ``index.lexical.LexicalIndex`` used here."""

    def search(self, query: str, k: int, allowed: Collection[int] | None = None) -> list[tuple[int, float]]:
        """Return (position, score), best first."""
        ...


class Sentences(Protocol):
    """The part of ``index.store.Store`` used here."""

    passages: tuple[Passage, ...]

    def sentence_spans(self, passage: int) -> tuple[tuple[int, int], ...]:
        """Return the sentences of a passage as spans of its document."""
        ...

    def sentence_vectors(self, passage: int) -> NDArray[np.float32]:
        """Return one row per sentence."""
        ...


Ranking = list[tuple[int, float]]
Ranker = Callable[[str], Ranking]


def cosine_ranking(query: NDArray[np.float32], rows: NDArray[np.float32], k: int) -> Ranking:
    """Return (row, cosine) of the k nearest rows, best first: what a flat FAISS inner-product index returns."""
    scores = rows @ query
    order = np.argsort(-scores, kind="stable")[:k]
    return [(int(i), float(scores[i])) for i in order]


class PassageSystem:
    """Returns its best passages whole, each cited: retrieval without reading."""

    def __init__(self, name: str, units: Sequence[Retrieved], titles: Mapping[str, str], rank: Ranker) -> None:
        self.name = name
        self._units = units
        self._titles = titles
        self._rank = rank

    def ask(self, case: Case) -> Outcome:
        """Return the top passages as the answer; the confidence is the best score."""
        started = time.perf_counter()
        ranking = self._rank(case.question)[:DEPTH]
        spent = (time.perf_counter() - started) * 1000
        found = tuple(self._units[position] for position, _ in ranking)
        confidence = ranking[0][1] if ranking else 0.0
        return passages_outcome(case.id, found[:TOP_PASSAGES], found, self._titles, spent, confidence)


def passages_outcome(
    case_id: str,
    shown: Sequence[Retrieved],
    retrieved: Sequence[Retrieved],
    titles: Mapping[str, str],
    latency_ms: float,
    confidence: float,
) -> Outcome:
    """Return an outcome that shows text units as they are, each of their lines with its marker."""
    return Outcome(
        id=case_id,
        text="\n".join(
            f"{line}[{number}]"
            for number, unit in enumerate(shown, start=1)
            for line in unit.text.splitlines()
            if line.strip()
        ),
        refused=not shown,
        citations=tuple(
            Cited(number, unit.doc_id, unit.text, unit.start, unit.end, titles.get(unit.doc_id, ""))
            for number, unit in enumerate(shown, start=1)
        ),
        retrieved=tuple(retrieved),
        confidence=confidence,
        latency_ms=latency_ms,
        timings={"retrieve": latency_ms},
    )


def tutorial_units(documents: Sequence[Document]) -> list[Retrieved]:
    """Return the documents cut by LangChain's recursive splitter, with the offsets it reports.

    500 characters with 100 of overlap, Chinese separators kept at the end of a piece. It is given our cleaned
    text, which flatters it: page headers and repeated headlines are gone.
    """
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=TUTORIAL_CHARS,
        chunk_overlap=TUTORIAL_OVERLAP,
        separators=["\n\n", "\n", "。", "！", "？", "；", "，", ""],
        keep_separator="end",
        add_start_index=True,
    )
    units = []
    for document in documents:
        for piece in splitter.create_documents([document.text]):
            start = int(piece.metadata["start_index"])
            text = piece.page_content
            units.append(Retrieved(document.doc_id, start, start + len(text), text))
    return units


def tutorial_system(documents: Sequence[Document], encoder: Encoder) -> PassageSystem:
    """Return baseline 1, the tutorial: recursive splitter, dense top-4 with the same model, passages returned."""
    units = tutorial_units(documents)
    rows = encoder.encode_passages([unit.text for unit in units])
    titles = {document.doc_id: document.title for document in documents}

    def rank(query: str) -> Ranking:
        return cosine_ranking(encoder.encode_queries([query])[0], rows, DEPTH)

    return PassageSystem("tutorial", units, titles, rank)


def _units_of(passages: Sequence[Passage]) -> list[Retrieved]:
    return [Retrieved(p.doc_id, p.start, p.end, p.text) for p in passages]


def bm25_system(passages: Sequence[Passage], lexical: Lexical) -> PassageSystem:
    """Return baseline 2: BM25 alone over our passages, its top 4 returned."""
    titles = {p.doc_id: p.title for p in passages}
    return PassageSystem("bm25", _units_of(passages), titles, lambda query: lexical.search(query, DEPTH))


def dense_system(passages: Sequence[Passage], encoder: Encoder, rows: NDArray[np.float32]) -> PassageSystem:
    """Return baseline 3: cosine alone over our passages, one vector each, its top 4 returned."""
    titles = {p.doc_id: p.title for p in passages}

    def rank(query: str) -> Ranking:
        return cosine_ranking(encoder.encode_queries([query])[0], rows, DEPTH)

    return PassageSystem("dense", _units_of(passages), titles, rank)


class SentenceSystem:
    """Baseline 4, hybrid without our reader: passages by rank fusion, then the best 3 sentences by rank fusion."""

    def __init__(self, store: Sentences, encoder: Encoder, lexical: Lexical, rows: NDArray[np.float32]) -> None:
        self.name = "hybrid"
        self._store, self._encoder, self._lexical, self._rows = store, encoder, lexical, rows
        self._titles = {p.doc_id: p.title for p in store.passages}

    def ask(self, case: Case) -> Outcome:
        """Return the three best sentences of the ten best passages, each cited."""
        started = time.perf_counter()
        query = self._encoder.encode_queries([case.question])[0]
        dense = cosine_ranking(query, self._rows, CANDIDATES)
        lexical = self._lexical.search(case.question, CANDIDATES)
        fused = reciprocal_rank_fusion([[i for i, _ in dense], [i for i, _ in lexical]])[:DEPTH]
        best = self._best(case.question, query, [position for position, _ in fused])
        spent = (time.perf_counter() - started) * 1000
        found = _units_of([self._store.passages[position] for position, _ in fused])
        confidence = dense[0][1] if dense else 0.0
        return passages_outcome(case.id, best, found, self._titles, spent, confidence)

    def _best(self, question: str, query: NDArray[np.float32], passages: Sequence[int]) -> list[Retrieved]:
        from index.lexical import LexicalIndex

        sentences = [unit for number in passages for unit in self._sentences(number)]
        if not sentences:
            return []
        rows = np.concatenate([self._store.sentence_vectors(number) for number in passages])
        texts = [sentence.text for sentence in sentences]
        dense = cosine_ranking(query, rows, len(texts))
        lexical = LexicalIndex.from_texts(texts).search(question, len(texts))
        fused = reciprocal_rank_fusion([[i for i, _ in dense], [i for i, _ in lexical]])
        return [sentences[position] for position, _ in fused[:TOP_SENTENCES]]

    def _sentences(self, number: int) -> list[Retrieved]:
        passage = self._store.passages[number]
        return [
            Retrieved(passage.doc_id, a, b, passage.text[a - passage.start : b - passage.start])
            for a, b in self._store.sentence_spans(number)
        ]


def all_baselines(
    documents: Sequence[Document], store: Sentences, encoder: Encoder, lexical: Lexical
) -> list[PassageSystem | SentenceSystem]:
    """Return the four baselines, from the tutorial to hybrid retrieval without our reader."""
    passages = store.passages
    rows = encoder.encode_passages([passage.text for passage in passages])
    return [
        tutorial_system(documents, encoder),
        bm25_system(passages, lexical),
        dense_system(passages, encoder, rows),
        SentenceSystem(store, encoder, lexical, rows),
    ]
