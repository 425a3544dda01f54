"""Fits the numbers of ``app/answer/gate.json`` on dev and practice questions; the test questions are never read.

Two fits, both convex and so without a seed. Unit weights: softmax over the units of one question against those
that hold its key facts inside its evidence (listwise, Cao et al. 2007, ListNet top one). Gate: logistic
regression of answerable against not, both classes weighing the same, and a threshold at a stated rate of false
refusals. Features are reported with their signs, so that a person can read what the gate goes by.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eval.cases import Case
from eval.matching import states
from eval.spans import Locator, Span, coverage

if TYPE_CHECKING:
    from app.answer.assistant import Assistant
    from app.answer.evidence import Evidence
    from app.answer.library import Library

UNIT_FEATURES = (
    "field", "lead_in", "names", "defines", "signs", "wide_bigrams", "items", "count", "sentence_z", "rank", "own",
    "context", "heading", "type", "is_heading", "fixed", "year", "day", "ordinal", "responsible", "long",
    "short",
)  # fmt: skip
GATE_FEATURES = (
    "cosine", "own", "context", "off", "value_missed", "place_missed", "area_missed", "office_missed",
)  # fmt: skip
# Beside the others where a reranker reads the units.
JUDGED_UNIT_FEATURES = (*UNIT_FEATURES, "judged")
JUDGED_GATE_FEATURES = (
    "cosine", "context", "value_missed", "office_missed", "unit_missed", "place_beyond", "owner_other",
    "thing_missed", "term_missed", "asks_value", "asks_list", "sides", "judged", "judged_first", "judged_third",
    "judged_sure",
)  # fmt: skip
_UNIT_RIDGE = 0.003
_SPREAD_DEPTH = 5
_GATE_RIDGE = 0.02
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GateFit:
    """Weights on raw features, the bias, and how the fit does on the folds it did not see."""

    weights: dict[str, float]
    bias: float
    auroc: float
    threshold: float
    refused: float


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for one case, in the index that ``library`` and ``locator`` belong to."""

    case: Case
    evidence: Evidence
    library: Library
    locator: Locator


def collect(assistant: Assistant, cases: Sequence[Case]) -> list[Found]:
    """Return the evidence found for each case."""
    from app.answer.turns import Turn

    locator = Locator({doc_id: document.text for doc_id, document in assistant.documents.items()})
    found = []
    for case in cases:
        history = [Turn("user" if t.role == "user" else "assistant", t.content) for t in case.history]
        evidence = assistant.investigator.investigate(case.question, history=history)
        found.append(Found(case, evidence, assistant.library, locator))
    return found


def fit_units(found: Sequence[Found], names: Sequence[str] = UNIT_FEATURES) -> dict[str, float]:
    """Return the weights of the unit features ``names``."""
    groups: list[tuple[Array, Array]] = []
    for one in found:
        case, rows = one.case, one.evidence.whole.scored
        labels = np.array(
            [_label(case, one.locator, Span(s.unit.doc_id, s.unit.start, s.unit.end), s.unit.text) for s in rows]
        )
        if case.answerable and labels.sum() > 0:
            values = np.array([[s.features.get(n, 0.0) for n in names] for s in rows])
            groups.append((values, labels / labels.sum()))

    def loss(w: Array) -> tuple[float, Array]:
        total, slope = _UNIT_RIDGE * float(w @ w), 2 * _UNIT_RIDGE * w
        for values, target in groups:
            logits = values @ w
            logits -= logits.max()
            share = np.exp(logits)
            share /= share.sum()
            total -= float(target @ np.log(share + 1e-12)) / len(groups)
            slope = slope + values.T @ (share - target) / len(groups)
        return total, slope

    return _named(names, _descend(loss, len(names)))


def to_scale(weights: Mapping[str, float], like: Mapping[str, float], found: Sequence[Found]) -> dict[str, float]:
    """Return ``weights`` times the factor that spreads the units of a question as ``like`` does, in the median.

    Reading compares scores with fixed margins, so both sets of weights must mean the same by one point.
    """

    def spread(named: Mapping[str, float]) -> float:
        spreads = []
        for one in found:
            rows = [sum(named.get(n, 0.0) * v for n, v in s.features.items()) for s in one.evidence.whole.scored]
            if len(rows) >= _SPREAD_DEPTH:
                rows.sort(reverse=True)
                spreads.append(rows[0] - rows[_SPREAD_DEPTH - 1])
        return float(np.median(spreads)) if spreads else 1.0

    factor = spread(like) / max(spread(weights), 1e-9)
    return {name: round(value * factor, 3) for name, value in weights.items()}


def _label(case: Case, locator: Locator, span: Span, text: str) -> float:
    """Return the share of the case's key facts that a unit inside its evidence states."""
    held = sum(any(states(text, fact) for fact in facts) for facts in case.key_facts)
    if not held:
        return 0.0
    for entry in case.evidence:
        places = locator.locate(quote.quote for quote in entry)
        if any(coverage(span, [place]) > 0.5 or coverage(place, [span]) > 0.5 for place in places):
            return held / len(case.key_facts)
    return 0.0


def fit_gate(
    found: Sequence[Found],
    names: Sequence[str] = GATE_FEATURES,
    *,
    false_refusals: float,
    reranked: bool = False,
    folds: int = 5,
) -> GateFit:
    """Return the gate over the features ``names``; ``reranked`` as in ``lacking`` of the gate.

    AUROC, threshold and refusal rate come from scores of folds that were held out, by fact. Questions that a veto
    or a rule of the gate refuses are not fitted; they count in the rates.
    """
    from app.answer.gate import lacking, veto
    from app.answer.gate_features import gate_features

    rows: list[Mapping[str, float]] = []
    answerable: list[float] = []
    fold: list[int] = []
    refused = {True: 0, False: 0}
    for one in found:
        case, evidence = one.case, one.evidence
        sure = evidence.analysis.injection or not evidence.chosen or veto(evidence.analysis, one.library)
        features = (
            None
            if sure
            else gate_features(
                evidence.analysis,
                evidence.scored,
                evidence.chosen,
                one.library,
                sides=bool(evidence.sides),
                chained=evidence.in_steps,
                another_text=evidence.another_text,
            )
        )
        if features is None or lacking(features, reranked=reranked):
            refused[case.answerable] += 1
            continue
        rows.append(features)
        answerable.append(float(case.answerable))
        fold.append(sum(case.fact.encode()) % folds)
    x = np.array([[row[n] for n in names] for row in rows])
    y = np.array(answerable)
    centre, spread = x.mean(0), x.std(0) + 1e-9
    z = np.hstack([(x - centre) / spread, np.ones((len(x), 1))])
    held_out = np.zeros(len(y))
    for number in range(folds):
        inside = np.array(fold) == number
        held_out[inside] = z[inside] @ _logistic(z[~inside], y[~inside])
    w = _logistic(z, y)
    raw = w[:-1] / spread
    bias = float(w[-1] - raw @ centre)
    # The rules have used up a part of the false refusals that are allowed.
    left = max(0, round(false_refusals * (int(y.sum()) + refused[True])) - refused[True])
    cut = float(np.sort(held_out[y == 1])[min(left, int(y.sum()) - 1)])
    return GateFit(
        _named(names, raw),
        bias,
        auroc(held_out[y == 1], held_out[y == 0]),
        1 / (1 + float(np.exp(-cut))),
        (int((held_out[y == 0] < cut).sum()) + refused[False]) / (int((y == 0).sum()) + refused[False]),
    )


def auroc(positive: Array, negative: Array) -> float:
    """Return the chance that a positive scores above a negative, ties counting half (Mann-Whitney).

    >>> auroc(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    0.875
    """
    above = (positive[:, None] > negative[None]).mean()
    return float(above + 0.5 * (positive[:, None] == negative[None]).mean())


def _logistic(z: Array, y: Array) -> Array:
    """Return ridge logistic weights (the last column is the bias, not shrunk), classes weighing the same."""
    share = np.where(y == 1, 0.5 / max(1.0, y.sum()), 0.5 / max(1.0, (1 - y).sum()))

    def loss(w: Array) -> tuple[float, Array]:
        logits = z @ w
        chance = 1 / (1 + np.exp(-logits))
        shrunk = np.append(w[:-1], 0.0)
        total = -float(share @ (y * np.log(chance + 1e-12) + (1 - y) * np.log(1 - chance + 1e-12)))
        return total + _GATE_RIDGE * float(shrunk @ shrunk), z.T @ (
            share * (chance - y)
        ) + 2 * _GATE_RIDGE * shrunk

    return _descend(loss, z.shape[1])


def _descend(loss: Callable[[Array], tuple[float, Array]], size: int) -> Array:
    """Return the minimum of a smooth convex function by gradient steps with backtracking (Armijo 1966)."""
    w = np.zeros(size)
    value, slope = loss(w)
    step = 1.0
    for _ in range(4000):
        if float(slope @ slope) < 1e-12:
            break
        while True:
            moved = w - step * slope
            lower, next_slope = loss(moved)
            if lower <= value - 0.5 * step * float(slope @ slope) or step < 1e-9:
                break
            step /= 2
        w, value, slope = moved, lower, next_slope
        step *= 1.5
    return w


def _named(names: Sequence[str], values: Array) -> dict[str, float]:
    return {name: round(float(value), 3) for name, value in zip(names, values, strict=True) if abs(value) > 5e-4}


def write(path: Path, select: Mapping[str, float], gate: GateFit, *, source: str, reranked: bool) -> None:
    """Write the fitted numbers into their part of the file: those of a reranker's readings, or the others."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    record = {
        "source": source,
        "select": dict(select),
        "gate": gate.weights,
        "bias": round(gate.bias, 3),
        "threshold": round(gate.threshold, 3),
    }
    record = {**kept, "reranked": record} if reranked else {**record, "reranked": kept.get("reranked")}
    path.write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
