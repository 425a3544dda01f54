from __future__ import annotations

import pytest

from index.fuse import best_first, convex_combination, reciprocal_rank_fusion


def test_rrf_adds_the_reciprocal_ranks_of_every_list() -> None:
    # k = 60: the second place gives 1/62, the first 1/61.
    items, scores = zip(*reciprocal_rank_fusion([[7, 3], [3, 9]]), strict=True)
    assert items == (3, 7, 9)
    assert scores == pytest.approx((1 / 62 + 1 / 61, 1 / 61, 1 / 62))


def test_rrf_weights_scale_each_list() -> None:
    # 1: 3/(0+1); 2: 1/(0+1).
    assert reciprocal_rank_fusion([[1], [2]], k=0, weights=[3.0, 1.0]) == [(1, 3.0), (2, 1.0)]


def test_rrf_breaks_ties_by_the_smaller_item_whatever_the_order_of_the_lists() -> None:
    assert [item for item, _ in reciprocal_rank_fusion([[5], [2]])] == [2, 5]
    assert [item for item, _ in reciprocal_rank_fusion([[2], [5]])] == [2, 5]


def test_rrf_of_nothing_is_nothing() -> None:
    assert reciprocal_rank_fusion([]) == []
    assert reciprocal_rank_fusion([[], []]) == []


@pytest.mark.parametrize(
    ("rankings", "k", "weights", "message"),
    [
        ([[1]], 60, [1.0, 1.0], "2 weights for 1 rankings"),
        ([[1]], -1, None, "k = -1"),
        ([[1, 2, 1]], 60, None, "names an item twice"),
    ],
)
def test_rrf_refuses_input_it_cannot_rank(
    rankings: list[list[int]], k: int, weights: list[float] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        reciprocal_rank_fusion(rankings, k=k, weights=weights)


def test_convex_combination_scales_each_kind_to_its_own_range() -> None:
    # dense: .9 -> 1, .8 -> 0, .85 -> .5; lexical: 4 -> 1, 1 -> .25, none -> 0.
    items, scores = zip(*convex_combination({1: 0.9, 2: 0.8, 3: 0.85}, {2: 4.0, 3: 1.0}, alpha=0.7), strict=True)
    # 1: .7·1 + .3·0; 3: .7·.5 + .3·.25; 2: .7·0 + .3·1
    assert items == (1, 3, 2)
    assert scores == pytest.approx((0.7, 0.425, 0.3))


def test_convex_combination_of_equal_dense_scores_leaves_the_order_to_the_words() -> None:
    assert convex_combination({1: 0.8, 2: 0.8}, {2: 3.0}, alpha=0.75) == [(2, 0.25), (1, 0.0)]


def test_convex_combination_without_any_shared_word_is_the_dense_order() -> None:
    assert convex_combination({4: 0.1, 9: 0.3}, {}, alpha=0.75) == [(9, 0.75), (4, 0.0)]


def test_convex_combination_of_nothing_is_nothing() -> None:
    assert convex_combination({}, {}, alpha=0.5) == []


def test_convex_combination_refuses_a_weight_outside_its_range_and_a_score_without_a_partner() -> None:
    with pytest.raises(ValueError, match=r"alpha = 1.5"):
        convex_combination({1: 1.0}, {}, alpha=1.5)
    with pytest.raises(ValueError, match="no dense score"):
        convex_combination({1: 1.0}, {2: 1.0}, alpha=0.5)


def test_best_first_orders_by_score_then_item() -> None:
    assert best_first({3: 1.0, 1: 2.0, 2: 1.0}) == [(1, 2.0), (2, 1.0), (3, 1.0)]
