"""A second look at the best units: a reranker reads each with the question and moves it up or down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.answer.library import Library, Unit
from app.answer.select import Scored
from index.judged import judged_text

# Units judged for one question, some 25 ms each on one thread. Ten answered two more of 770 questions right.
DEPTH = 7
_LIMIT = 6.0


class Judge(Protocol):
    """What reads a question and sentences together; :class:`index.rerank.Reranker` is one."""

    def score(self, question: str, judged: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Return float32 (n,) logits, higher is surer, for ``(context, sentence)`` pairs."""


def judged_pair(unit: Unit, library: Library) -> tuple[str, str]:
    """Return the context and the sentence that a judge reads for a unit."""
    passage = library.passages[unit.passage_index]
    return judged_text(library.documents[unit.doc_id], passage, unit.start, unit.end)


def rerank(
    question: str,
    scored: Sequence[Scored],
    library: Library,
    judge: Judge,
    weights: Mapping[str, float],
    *,
    depth: int = DEPTH,
) -> list[Scored]:
    """Return the units with the feature ``judged`` and the score that ``weights`` give them, best first.

    The best ``depth`` claims are judged, copies of one claim once; the others count as the worst judged one.
    """
    chosen: list[Scored] = []
    copies: dict[int, int] = {}
    for candidate in scored:
        if len(chosen) >= depth:
            break
        if candidate.unit.number in copies:
            continue
        copies.update({twin.number: len(chosen) for twin in library.twins(candidate.unit)})
        copies[candidate.unit.number] = len(chosen)
        chosen.append(candidate)
    if not chosen:
        return []
    pairs = [judged_pair(candidate.unit, library) for candidate in chosen]
    logits = np.clip(judge.score(question, pairs), -_LIMIT, _LIMIT)
    worst = float(logits.min())
    found = []
    for candidate in scored:
        at = copies.get(candidate.unit.number)
        features = {**candidate.features, "judged": worst if at is None else float(logits[at])}
        score = round(sum(weights.get(name, 0.0) * value for name, value in features.items()), 6)
        found.append(Scored(candidate.unit, score, features))
    return sorted(found, key=lambda s: (-s.score, s.unit.number))
