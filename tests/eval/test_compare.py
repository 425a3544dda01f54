import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval.cases import Case, CasesError
from eval.commands import save_baseline
from eval.compare import TOLERANCES, Change, baseline_record, changes, fingerprint, load_baseline, outcome_changes
from eval.measures import BY_NAME
from eval.outcome import Outcome
from eval.runner import Run
from eval.score import Scored


def scored(number: int, right: bool, split: str = "dev") -> Scored:
    case = Case(f"q{number}", f"问题{number}？", "number", f"f{number}", True, split=split)
    outcome = Outcome(case.id, "300万辆", False)
    return Scored(case, outcome, {"outcome_right": float(right), "correct": float(right)}, ())


def run(right: int, of: int = 200) -> Run:
    """A run whose first ``right`` questions of each split are right."""
    return Run("x", tuple(scored(i, i % of < right, "dev" if i < of else "test") for i in range(2 * of)), 1.0)


def test_equal_runs_pass_and_improvements_pass() -> None:
    accepted = baseline_record(run(150), None)["full"]
    assert not any(change.fails for change in changes(accepted, run(150)))
    assert not any(change.fails for change in changes(accepted, run(180)))


def test_a_drop_within_tolerance_passes_and_one_beyond_fails_on_either_split() -> None:
    accepted = baseline_record(run(150), None)["full"]
    # 1 of 200 is 0.005, within 0.007; 2 of 200 is 0.010, beyond.
    assert not any(change.fails for change in changes(accepted, run(149)))
    failed = [change for change in changes(accepted, run(148)) if change.fails]
    assert {(c.split, c.name) for c in failed} == {
        (split, name) for split in ("dev", "test") for name in ("outcome_right", "correct")
    }


def test_a_drop_on_test_alone_fails() -> None:
    before = run(150)
    after = Run(
        "x",
        tuple(
            s if s.case.split == "dev" else replace(s, scores=dict.fromkeys(s.scores, 0.0)) for s in before.scored
        ),
        1.0,
    )
    failed = [c for c in changes(baseline_record(before, None)["full"], after) if c.fails]
    assert {c.split for c in failed} == {"test"}


def test_false_refusals_are_worse_when_they_rise() -> None:
    assert Change("dev", "false refusal rate", 0.00, 0.05, 300).fails
    assert not Change("dev", "false refusal rate", 0.05, 0.00, 300).fails


def test_verbatim_quotes_may_not_fall_at_all() -> None:
    assert Change("dev", "verbatim", 1.0, 0.9999, 300).fails
    assert "FAIL (tolerance 0.000)" in str(Change("dev", "verbatim", 1.0, 0.9999, 300))


def test_other_questions_cannot_be_compared() -> None:
    accepted = baseline_record(run(150), None)["full"]
    fewer = Run("x", run(150).scored[:-1], 1.0)
    with pytest.raises(CasesError, match=r"cannot be compared.*python -m eval accept"):
        changes(accepted, fewer)


def test_the_fingerprint_is_of_the_content_and_not_the_order() -> None:
    cases = [s.case for s in run(150).scored]
    assert fingerprint(cases) == fingerprint(cases[::-1])
    assert fingerprint(cases) != fingerprint([replace(cases[0], answer="301万辆"), *cases[1:]])


def test_a_figure_that_disappears_is_an_error() -> None:
    accepted = baseline_record(run(150), None)["full"]
    accepted["figures"]["dev"]["verbatim"] = {"value": 1.0, "n": 200}
    with pytest.raises(CasesError, match="'verbatim' of split dev"):
        changes(accepted, run(150))


def test_accepting_prints_old_and_new_and_keeps_the_fast_subset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "baseline.json"
    save_baseline(run(150), path)
    assert "outcome_right            none -> 0.7500" in capsys.readouterr().out
    save_baseline(run(160), path)
    assert "outcome_right          0.7500 -> 0.8000" in capsys.readouterr().out
    fast = load_baseline(path, "fast")
    assert 40 < len(fast["questions"]) < 100
    assert set(fast["questions"]) < set(load_baseline(path, "full")["questions"])
    path.write_text(json.dumps({"full": {}}), encoding="utf-8")
    with pytest.raises(CasesError, match="python -m eval accept"):
        load_baseline(path, "fast")
    with pytest.raises(CasesError, match="python -m eval accept"):
        load_baseline(tmp_path / "absent.json", "full")


def test_the_questions_that_changed_are_named() -> None:
    accepted = baseline_record(run(150), None)["full"]
    wrong, right = outcome_changes(accepted, run(149))
    assert wrong == ["q149", "q349"]
    assert right == []


def test_every_tolerance_belongs_to_a_figure_that_exists() -> None:
    refusals = {"refusal precision", "refusal recall", "false refusal rate"}
    assert set(TOLERANCES) <= set(BY_NAME) | refusals


def test_one_question_may_always_be_lost_and_two_of_few_may_not() -> None:
    assert not Change("dev", "outcome_right", 0.80, 0.80 - 1 / 50, 50).fails
    assert Change("dev", "outcome_right", 0.80, 0.80 - 2 / 50, 50).fails
