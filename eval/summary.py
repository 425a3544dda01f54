"""Many scored outcomes into tables: every figure with its interval, in all and per type, split and document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.measures import MEASURES
from eval.metrics import cost, refusal
from eval.metrics.intervals import Estimate, bootstrap, family_index, mean, proportion
from eval.score import Scored

Table = dict[str, Any]


def estimates(scored: Sequence[Scored]) -> dict[str, Estimate]:
    """Return measure name -> estimate, over the questions that have that figure."""
    found: dict[str, Estimate] = {}
    for measure in MEASURES:
        rows = [(s.scores[measure.name], s.case.fact) for s in scored if measure.name in s.scores]
        if rows:
            values, families = zip(*rows, strict=True)
            found[measure.name] = (proportion if measure.kind == "proportion" else mean)(values, families)
    return found


def _rounded(estimate: Estimate) -> Table:
    record = asdict(estimate)
    return {k: round(v, 6) if isinstance(v, float) else v for k, v in record.items()}


def estimate_table(scored: Sequence[Scored]) -> Table:
    """Return ``estimates`` as a JSON table, with the number of questions."""
    return {"questions": len(scored), "measures": {n: _rounded(e) for n, e in estimates(scored).items()}}


def refusal_counts(rows: Sequence[tuple[bool, bool, str]]) -> Table:
    """Return confusion, precision, recall and false-refusal rate with Wilson intervals.

    ``rows`` are (refused, answerable, family). A rate over nothing is left out, and so is precision where every
    question can be answered: no refusal could have been right.
    """
    table: Table = {"confusion": asdict(refusal.confusion([r for r, _, _ in rows], [a for _, a, _ in rows]))}
    parts = {
        "precision": [(not answerable, family) for refused, answerable, family in rows if refused],
        "recall": [(refused, family) for refused, answerable, family in rows if not answerable],
        "false_refusal_rate": [(refused, family) for refused, answerable, family in rows if answerable],
    }
    for name, part in parts.items():
        if part and (name != "precision" or parts["recall"]):
            hits, families = zip(*part, strict=True)
            table[name] = _rounded(proportion([float(hit) for hit in hits], families))
    return table


def refusal_table(scored: Sequence[Scored]) -> Table:
    """Return ``refusal_counts``, the recall per kind of unanswerable question, AUROC and the curve."""
    table = refusal_counts([(s.outcome.refused, s.case.answerable, s.case.fact) for s in scored])
    kinds = grouped(
        (s for s in scored if not s.case.answerable), lambda s: [s.case.subtype] if s.case.subtype else []
    )
    table["recall_by_subtype"] = {
        kind: _rounded(proportion([float(s.outcome.refused) for s in items], [s.case.fact for s in items]))
        for kind, items in kinds.items()
    }
    return table | _gate_table(scored)


def _gate_table(scored: Sequence[Scored]) -> Table:
    """Return what can be said of the confidence that the gate gives: AUROC and the coverage/accuracy curve."""
    graded = [s for s in scored if s.outcome.confidence is not None]
    if not graded:
        return {}
    scores = np.array([s.outcome.confidence for s in graded], dtype=np.float64)
    answerable = np.array([s.case.answerable for s in graded], dtype=bool)
    table: Table = {}
    area = refusal.auroc_array(scores, answerable)
    if area is not None:

        def resampled(drawn: NDArray[np.intp]) -> float:
            value = refusal.auroc_array(scores[drawn], answerable[drawn])
            return np.nan if value is None else value

        low, high = bootstrap(resampled, family_index([s.case.fact for s in graded]))
        table["auroc"] = {"value": area, "low": low, "high": high, "n": len(graded), "method": "bootstrap"}
    answered = [s for s in graded if not s.outcome.refused]
    points = refusal.coverage_curve(
        [s.outcome.confidence or 0.0 for s in answered],
        [bool(s.scores["outcome_right"]) for s in answered],
        len(graded),
    )
    table["curve"] = [asdict(p) for p in points]
    return table


def cost_table(scored: Sequence[Scored], *, seconds: float | None) -> Table:
    """Return latency per stage (ms), answers per second and peak memory (MiB); only what was measured."""
    walls = [s.outcome.latency_ms for s in scored if s.outcome.latency_ms is not None]
    table: Table = {}
    if walls:
        table["latency_ms"] = {
            "wall": asdict(cost.latency(walls)),
            **{k: asdict(v) for k, v in cost.stage_latencies([s.outcome.timings for s in scored]).items()},
        }
        table["answers_per_second"] = cost.throughput(len(walls), sum(walls) / 1000)
    if seconds is not None:
        table["run_seconds"] = seconds
        table["peak_memory_mb"] = cost.peak_memory_mb()
    return table


def grouped(scored: Iterable[Scored], key: Callable[[Scored], Iterable[str]]) -> dict[str, list[Scored]]:
    """Return the outcomes by group, in order of first appearance; one outcome may belong to several."""
    groups: dict[str, list[Scored]] = {}
    for item in scored:
        for name in key(item):
            groups.setdefault(name, []).append(item)
    return groups


def summarise(scored: Sequence[Scored], *, seconds: float | None = None) -> Table:
    """Return the whole summary of one run as a JSON table."""
    by_split = grouped(scored, lambda s: [s.case.split] if s.case.split else [])
    by_type = grouped(scored, lambda s: [s.case.type])
    by_document = grouped((s for s in scored if s.case.answerable), lambda s: s.documents)
    return {
        "all": estimate_table(scored),
        "refusal": refusal_table(scored),
        "cost": cost_table(scored, seconds=seconds),
        "split": {k: estimate_table(v) | {"refusal": refusal_table(v)} for k, v in sorted(by_split.items())},
        "type": {k: estimate_table(v) for k, v in by_type.items()},
        "document": {k: estimate_table(v) for k, v in sorted(by_document.items())},
    }
