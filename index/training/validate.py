"""How well a reader ranks, refuses and reads on questions it was not trained on."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from index.training.data import Candidate, Question, with_title

Scorer = Callable[[Sequence[Candidate]], NDArray[np.float32]]
_DROPPED = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Ranking:
    """Means over questions: reciprocal rank, share with the answering sentence first, and in the first three.

    ``auroc`` is the chance that an answering pair outscores a changed or foreign pair drawn at random.
    """

    questions: int
    mrr: float
    top_1: float
    top_3: float
    auroc: float


def rank(questions: Sequence[Question], scorer: Scorer, *, titles: bool, seed: int = 7) -> dict[str, float]:
    """Return the `Ranking` of ``scorer`` among each question's own paragraph and its BM25-nearest sentences."""
    reciprocal, answering, silent = [], [], []
    rng = random.Random(seed)
    for question in questions:
        listed = [question.positive, *question.near, *question.far[:8]]
        extra = list(question.changed)
        # An unanswerable question: everything of another question's paragraph, the best of which must score low.
        other = rng.choice([q for q in questions if q.positive.text != question.positive.text])
        foreign = [
            Candidate(question.positive.question, c.text, c.title, False) for c in (other.positive, *other.near)
        ]
        pairs = [with_title(c) if titles else c for c in (*listed, *extra, *foreign)]
        scores = scorer(pairs)
        ranked = scores[: len(listed)]
        reciprocal.append(1.0 / (1 + int((ranked[1:] >= ranked[0]).sum())))
        answering.append(float(ranked.max()))
        silent.extend(scores[len(listed) : len(listed) + len(extra)].tolist())
        silent.append(float(scores[len(listed) + len(extra) :].max()))
        silent.append(float(ranked[1:].max()))
    ranks = np.asarray(reciprocal)
    found = Ranking(
        len(ranks),
        round(float(ranks.mean()), 4),
        round(float((ranks == 1).mean()), 4),
        round(float((ranks >= 1 / 3).mean()), 4),
        round(auroc(answering, silent), 4),
    )
    return asdict(found)


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """Return the share of (positive, negative) pairs in the right order, ties counting half.

    >>> auroc([2.0, 1.0], [1.0, 0.0])
    0.875
    """
    high, low = np.asarray(positives)[:, None], np.asarray(negatives)[None, :]
    return float((high > low).mean() + 0.5 * (high == low).mean())


def exact_match(found: str, answers: Sequence[str]) -> float:
    """Return 1.0 when ``found`` equals an answer but for punctuation, space and letter case, else 0.0."""
    return float(any(_bare(found) == _bare(answer) for answer in answers))


def character_f1(found: str, answers: Sequence[str]) -> float:
    """Return the best F1 over ``answers`` by longest common run, as CMRC 2018's official script counts it.

    >>> round(character_f1("甲乙丙", ["乙丙丁"]), 3)
    0.667
    """
    return max((_run_f1(_bare(found), _bare(answer)) for answer in answers), default=0.0)


def _bare(text: str) -> str:
    return _DROPPED.sub("", text).lower()


def _run_f1(found: str, answer: str) -> float:
    best, previous = 0, [0] * (len(answer) + 1)
    for char in found:
        current = [0]
        for j, other in enumerate(answer, start=1):
            current.append(previous[j - 1] + 1 if char == other else 0)
        best, previous = max(best, *current), current
    if not best:
        return 0.0
    precision, recall = best / len(found), best / len(answer)
    return 2 * precision * recall / (precision + recall)
