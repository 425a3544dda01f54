import random

import pytest

from eval.metrics.refusal import auroc, confusion, coverage_curve


def test_rates_by_hand() -> None:
    # 5 unanswerable, 4 of them refused; 10 answerable, 1 of them refused.
    refused = [True] * 4 + [False] + [True] + [False] * 9
    answerable = [False] * 5 + [True] * 10
    counts = confusion(refused, answerable)
    assert counts.precision == pytest.approx(4 / 5)
    assert counts.recall == pytest.approx(4 / 5)
    assert counts.false_refusal_rate == pytest.approx(1 / 10)


def test_rates_over_nothing_are_unknown() -> None:
    counts = confusion([False], [True])
    assert counts.precision is None
    assert counts.recall is None
    assert counts.false_refusal_rate == 0.0


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    generator = random.Random(5)
    scores = [generator.randint(0, 9) / 10 for _ in range(80)]
    positive = [generator.random() < 0.6 for _ in range(80)]
    pairs = [
        (s, t)
        for s, p in zip(scores, positive, strict=True)
        if p
        for t, q in zip(scores, positive, strict=True)
        if not q
    ]
    expected = sum(1.0 if s > t else 0.5 if s == t else 0.0 for s, t in pairs) / len(pairs)
    assert auroc(scores, positive) == pytest.approx(expected)
    assert auroc([1.0], [True]) is None


def test_the_curve_ends_at_the_share_answered_and_joins_ties() -> None:
    points = coverage_curve([0.9, 0.5, 0.5, 0.2], [True, True, False, False], 8)
    assert [(p.threshold, p.coverage, p.accuracy) for p in points] == [
        (0.9, 1 / 8, 1.0),
        (0.5, 3 / 8, 2 / 3),
        (0.2, 4 / 8, 2 / 4),
    ]
    assert coverage_curve([], [], 3) == []
