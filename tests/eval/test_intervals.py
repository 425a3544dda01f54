import numpy as np
import pytest

from eval.metrics.intervals import effective_size, family_index, mean, proportion, wilson_interval
from eval.metrics.paired import paired_difference


def test_wilson_worked_by_hand() -> None:
    # n=10, p=0.8, z²=3.8415: centre (0.8+0.19207)/1.38415, half 1.95996·sqrt(0.016+0.0096036)/1.38415.
    low, high = wilson_interval(8, 10)
    assert low == pytest.approx(0.71674 - 0.22657, abs=1e-4)
    assert high == pytest.approx(0.71674 + 0.22657, abs=1e-4)


def test_wilson_stays_in_range_and_is_not_empty_at_the_ends() -> None:
    assert wilson_interval(0, 20)[0] == 0.0
    assert wilson_interval(20, 20)[1] == 1.0
    # 20 of 20: the lower end is n/(n+z²).
    assert wilson_interval(20, 20)[0] == pytest.approx(20 / (20 + 3.841459))


def test_independent_questions_give_the_textbook_interval() -> None:
    estimate = proportion([1.0] * 8 + [0.0] * 2, range(10))
    assert (estimate.low, estimate.high) == pytest.approx(wilson_interval(8, 10))
    assert (estimate.n, estimate.families) == (10, 10)


def test_paraphrases_that_agree_are_worth_one_question_each_family() -> None:
    # Three copies of 8 right and 2 wrong facts: deff = 3·(10/9), so n_eff falls to the 10 families.
    values = [1.0] * 24 + [0.0] * 6
    families = [position // 3 for position in range(30)]
    array, labels = np.array(values), family_index(families)
    assert effective_size(array, labels) == pytest.approx(10.0)
    assert proportion(values, families).low == pytest.approx(wilson_interval(8, 10)[0])


def test_all_right_answers_still_count_by_family() -> None:
    estimate = proportion([1.0] * 30, [position // 3 for position in range(30)])
    assert estimate.low == pytest.approx(10 / (10 + 3.841459))


def test_the_bootstrap_of_a_mean_is_repeatable_and_near_the_normal_interval() -> None:
    values = np.random.default_rng(3).normal(0.5, 0.1, 400)
    estimate = mean(list(values), range(400))
    assert estimate == mean(list(values), range(400))
    half = 1.96 * values.std(ddof=1) / 20
    assert estimate.low == pytest.approx(values.mean() - half, abs=0.0015)
    assert estimate.high == pytest.approx(values.mean() + half, abs=0.0015)


def test_families_widen_the_interval_of_a_mean() -> None:
    values = [0.0, 1.0] * 20
    copied = [v for v in values for _ in range(4)]
    alone = mean(copied, range(160))
    together = mean(copied, [position // 4 for position in range(160)])
    assert together.high - together.low > 1.7 * (alone.high - alone.low)


def test_nothing_to_average_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        mean([], [])


def test_identical_runs_do_not_differ_and_a_constant_gain_is_significant() -> None:
    old = {f"q{i}": float(i % 2) for i in range(40)}
    families = {question: question for question in old}
    same = paired_difference(old, old, families)
    assert (same.difference, same.p_value) == (0.0, 1.0)
    better = paired_difference(old, {q: v + 0.5 for q, v in old.items()}, families)
    assert better.difference == pytest.approx(0.5)
    assert better.p_value < 0.001


def test_the_permutation_p_value_matches_full_enumeration() -> None:
    # Three differences of +1: of 8 sign assignments only +++ and --- are as far out, so p = 2/8.
    old = {"a": 0.0, "b": 0.0, "c": 0.0}
    found = paired_difference(old, {"a": 1.0, "b": 1.0, "c": 1.0}, {"a": "a", "b": "b", "c": "c"})
    assert found.p_value == pytest.approx(0.25, abs=0.015)


def test_paraphrases_do_not_multiply_significance() -> None:
    old = {f"q{i}": 0.0 for i in range(12)}
    new = dict.fromkeys(old, 1.0)
    # Twelve questions on two facts: 2 of the 4 sign assignments are as far out.
    found = paired_difference(old, new, {q: int(q[1:]) // 6 for q in old})
    assert found.p_value == pytest.approx(0.5, abs=0.02)


def test_runs_without_common_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="no question in common"):
        paired_difference({"a": 1.0}, {"b": 1.0}, {"a": 1, "b": 2})


def test_a_mean_without_spread_is_not_claimed_to_be_certain() -> None:
    estimate = mean([1.0] * 20, range(20))
    assert (estimate.value, estimate.high) == (1.0, 1.0)
    assert estimate.low == pytest.approx(20 / (20 + 3.841459))
