"""Refusal as a classifier: precision, recall, false refusals, the coverage/accuracy curve and AUROC.

The positive class is *refusal*: right when the question is unanswerable from the documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each kind of question was refused or answered."""

    refused_unanswerable: int
    answered_unanswerable: int
    refused_answerable: int
    answered_answerable: int

    @property
    def precision(self) -> float | None:
        """Of the refusals, the share that were due; None without a refusal."""
        return _ratio(self.refused_unanswerable, self.refused_unanswerable + self.refused_answerable)

    @property
    def recall(self) -> float | None:
        """Of the unanswerable questions, the share refused; None without one."""
        return _ratio(self.refused_unanswerable, self.refused_unanswerable + self.answered_unanswerable)

    @property
    def false_refusal_rate(self) -> float | None:
        """Of the answerable questions, the share refused; None without one."""
        return _ratio(self.refused_answerable, self.refused_answerable + self.answered_answerable)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def confusion(refused: Sequence[bool], answerable: Sequence[bool]) -> Confusion:
    """Return the four counts of a run.

    >>> confusion([True, False, True], [False, True, True])
    Confusion(refused_unanswerable=1, answered_unanswerable=0, refused_answerable=1, answered_answerable=1)
    """
    pairs = list(zip(refused, answerable, strict=True))
    return Confusion(
        refused_unanswerable=pairs.count((True, False)),
        answered_unanswerable=pairs.count((False, False)),
        refused_answerable=pairs.count((True, True)),
        answered_answerable=pairs.count((False, True)),
    )


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    """Return the probability that a positive question scores above a negative one, ties counting half.

    The Mann-Whitney form (Hanley and McNeil, Radiology 143 (1982) 29-36). None when a class is empty.

    >>> auroc([0.9, 0.4, 0.4, 0.1], [True, True, False, False])
    0.875
    """
    return auroc_array(np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool))


def auroc_array(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float | None:
    """Return ``auroc`` of arrays, float64 (n,) and bool (n,)."""
    above, below = scores[positive], np.sort(scores[~positive])
    if not len(above) or not len(below):
        return None
    smaller = np.searchsorted(below, above, side="left")
    not_larger = np.searchsorted(below, above, side="right")
    return float((smaller + not_larger).sum() / 2 / (len(above) * len(below)))


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Answering only what scores at least ``threshold``: the share answered and how much of that is right."""

    threshold: float
    coverage: float
    accuracy: float


def coverage_curve(scores: Sequence[float], right: Sequence[bool], total: int) -> list[CurvePoint]:
    """Return the coverage/accuracy curve of raising the gate's threshold (El-Yaniv and Wiener, JMLR 11 (2010)).

    ``scores`` and ``right`` belong to the questions that were answered, out of ``total`` asked; an answer to
    an unanswerable question is not right. Nothing is said of lower thresholds: what the system would have
    answered to a question it refused is not known.

    >>> [(p.coverage, p.accuracy) for p in coverage_curve([0.9, 0.5], [True, False], 4)]
    [(0.25, 1.0), (0.5, 0.5)]
    """
    order = sorted(zip(scores, right, strict=True), key=lambda pair: -pair[0])
    points: list[CurvePoint] = []
    good = 0
    for count, (score, is_right) in enumerate(order, start=1):
        good += is_right
        if count == len(order) or order[count][0] != score:
            points.append(CurvePoint(score, count / total, good / count))
    return points
