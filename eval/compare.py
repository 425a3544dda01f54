"""The accepted results and the gate: what a run may lose against ``eval/baseline.json`` before it fails.

A drop beyond tolerance on the dev *or* the test split fails; so does a run over other questions than the
accepted ones, since its figures would not be comparable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.cases import Case, CasesError, case_record
from eval.runner import Run
from eval.score import Scored
from eval.summary import estimates, grouped, refusal_table

# Absolute, in the unit of the figure. The run is deterministic, so these are not noise allowances: they are
# how much one change may cost elsewhere before somebody must decide (about two questions of a split of 300).
TOLERANCES: Mapping[str, float] = {
    "outcome_right": 0.007,
    "correct": 0.007,
    "correct_short_cited": 0.01,
    "short": 0.01,
    "list_complete": 0.02,
    "polarity_right": 0.03,
    "citation_recall": 0.01,
    "citation_precision": 0.01,
    "verbatim": 0.0,
    "grounded": 0.005,
    "recall@10": 0.01,
    "ndcg@10": 0.01,
    "refusal precision": 0.02,
    "refusal recall": 0.02,
    "false refusal rate": 0.007,
}
_REFUSAL_FIGURES = {
    "precision": "refusal precision",
    "recall": "refusal recall",
    "false_refusal_rate": "false refusal rate",
}
LOWER_IS_BETTER = frozenset({"false refusal rate"})
_EPSILON = 1e-9


Figure = dict[str, float]


@dataclass(frozen=True, slots=True)
class Change:
    """One gated figure of one split, accepted and now, over ``n`` questions."""

    split: str
    name: str
    old: float
    new: float
    n: int

    @property
    def loss(self) -> float:
        """How much worse the figure became; negative when it improved."""
        return self.new - self.old if self.name in LOWER_IS_BETTER else self.old - self.new

    @property
    def tolerance(self) -> float:
        """The loss allowed: that of the figure, but never less than one question, unless it is zero."""
        stated = TOLERANCES[self.name]
        return max(stated, 1 / self.n) if stated else 0.0

    @property
    def fails(self) -> bool:
        """Whether the loss is beyond the tolerance."""
        return self.loss > self.tolerance + _EPSILON

    def __str__(self) -> str:
        verdict = f"FAIL (tolerance {self.tolerance:.3f})" if self.fails else "ok"
        moved = f"{self.old:.4f} -> {self.new:.4f}  {self.new - self.old:+.4f}"
        return f"{self.split:<5} {self.name:<22} {moved}  {verdict}"


def fingerprint(cases: Sequence[Case]) -> str:
    """Return a SHA-256 of the questions with their gold, independent of their order in the file."""
    lines = sorted(json.dumps(case_record(case), ensure_ascii=False, sort_keys=True) for case in cases)
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()


def gated_figures(scored: Sequence[Scored]) -> dict[str, dict[str, Figure]]:
    """Return split -> figure -> value and n, for every figure with a tolerance that the run has."""
    figures: dict[str, dict[str, Figure]] = {}
    for split, items in sorted(grouped(scored, lambda s: [s.case.split or "all"]).items()):
        found = figures.setdefault(split, {})
        for name, estimate in estimates(items).items():
            if name in TOLERANCES:
                found[name] = {"value": round(estimate.value, 6), "n": estimate.n}
        table = refusal_table(items)
        for key, name in _REFUSAL_FIGURES.items():
            if key in table:
                found[name] = {"value": round(table[key]["value"], 6), "n": table[key]["n"]}
    return figures


def baseline_record(run: Run, fast: Run | None) -> dict[str, Any]:
    """Return what is accepted: the gated figures per split, of the whole run and of the fast subset.

    ``questions`` keeps each question's main outcome, for a paired test against a later run.
    """
    record = {"full": _section(run)}
    if fast is not None:
        record["fast"] = _section(fast)
    return record


def _section(run: Run) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint([s.case for s in run.scored]),
        "figures": gated_figures(run.scored),
        "questions": {s.case.id: s.scores["outcome_right"] for s in run.scored},
    }


def load_baseline(path: Path, section: str) -> dict[str, Any]:
    """Return one section (full or fast) of the accepted results. Raises CasesError when there is none."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise CasesError(
            f"{path}: no accepted results ({error}); make them with: python -m eval accept"
        ) from error
    if section not in record:
        raise CasesError(f"{path}: holds no {section} results; make them with: python -m eval accept")
    chosen: dict[str, Any] = record[section]
    return chosen


def changes(accepted: Mapping[str, Any], run: Run) -> list[Change]:
    """Return every gated figure that both have, accepted and now.

    Raises CasesError when the questions differ or a figure disappeared.
    """
    now = fingerprint([s.case for s in run.scored])
    if now != accepted["fingerprint"]:
        raise CasesError(
            f"the questions ({now[:12]}) are not those of the accepted results ({accepted['fingerprint'][:12]}): "
            "the figures cannot be compared; look at the new ones, then: python -m eval accept"
        )
    figures = gated_figures(run.scored)
    found = []
    for split, values in accepted["figures"].items():
        for name, old in values.items():
            if name not in figures.get(split, {}):
                raise CasesError(
                    f"figure {name!r} of split {split} is in the accepted results, but not in this run"
                )
            now_it = figures[split][name]
            found.append(Change(split, name, old["value"], now_it["value"], int(now_it["n"])))
    return found


def outcome_changes(accepted: Mapping[str, Any], run: Run) -> tuple[list[str], list[str]]:
    """Return the ids that turned wrong and those that turned right since the accepted results."""
    old = accepted["questions"]
    now = {s.case.id: s.scores["outcome_right"] for s in run.scored}
    wrong = [i for i, value in now.items() if i in old and value < old[i]]
    right = [i for i, value in now.items() if i in old and value > old[i]]
    return wrong, right
