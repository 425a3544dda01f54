"""The ways to score question and sentence pairs that validation compares."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.embed import Embedder
from index.rerank import Reader
from index.training.data import Candidate, Question
from index.training.validate import Scorer, character_f1, exact_match


def by_reader(reader: Reader) -> Scorer:
    """Return a scorer that gives the reader's relevance logits."""

    def score(candidates: Sequence[Candidate]) -> NDArray[np.float32]:
        scores = np.zeros(len(candidates), dtype=np.float32)
        for question, rows in _by_question(candidates).items():
            scores[rows], _ = reader.score(question, [candidates[row].text for row in rows])
        return scores

    return score


def by_cosine(embedder: Embedder) -> Scorer:
    """Return a scorer that gives the cosine of the embedder's query and passage vectors."""
    known: dict[str, NDArray[np.float32]] = {}

    def score(candidates: Sequence[Candidate]) -> NDArray[np.float32]:
        # Sentences return for question after question; encoding them is nearly all of the cost.
        new = sorted({candidate.text for candidate in candidates} - known.keys())
        known.update(zip(new, embedder.encode_passages(new), strict=True))
        scores = np.zeros(len(candidates), dtype=np.float32)
        for question, rows in _by_question(candidates).items():
            asked = embedder.encode_queries([question])[0]
            scores[rows] = [float(known[candidates[row].text] @ asked) for row in rows]
        return scores

    return score


def by_bm25(questions: Sequence[Question], *, k1: float = 1.2, b: float = 0.75) -> Scorer:
    """Return a BM25 scorer over character bigrams, with the document frequencies of all given sentences.

    Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), section 3.2, with
    ``idf = ln(1 + (N - n + 0.5) / (n + 0.5))``.
    """
    texts = {c.text for q in questions for c in (q.positive, *q.near, *q.far)}
    frequency = Counter(gram for text in texts for gram in set(_bigrams(text)))
    mean_length = sum(len(_bigrams(text)) for text in texts) / max(1, len(texts))

    def one(candidate: Candidate) -> float:
        counts, total = Counter(_bigrams(candidate.text)), 0.0
        norm = k1 * (1 - b + b * sum(counts.values()) / mean_length)
        for gram in set(_bigrams(candidate.question)) & counts.keys():
            n = frequency[gram]
            idf = math.log(1 + (len(texts) - n + 0.5) / (n + 0.5))
            total += idf * counts[gram] * (k1 + 1) / (counts[gram] + norm)
        return total

    return lambda candidates: np.array([one(candidate) for candidate in candidates], dtype=np.float32)


def read_spans(questions: Sequence[Question], reader: Reader) -> dict[str, float]:
    """Return exact match and character F1 in [0, 1] of the short answers read from the answering sentences."""
    exact, overlap = 0.0, 0.0
    for question in questions:
        text = question.positive.text
        _, [(start, end, _)] = reader.score(question.positive.question, [text])
        exact += exact_match(text[start:end], question.answers)
        overlap += character_f1(text[start:end], question.answers)
    count = max(1, len(questions))
    return {"exact_match": round(exact / count, 4), "character_f1": round(overlap / count, 4)}


def _by_question(candidates: Sequence[Candidate]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for row, candidate in enumerate(candidates):
        groups.setdefault(candidate.question, []).append(row)
    return groups


def _bigrams(text: str) -> list[str]:
    return [text[i : i + 2] for i in range(len(text) - 1)]
