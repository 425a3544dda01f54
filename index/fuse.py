"""Two scores per passage turned into one order. Pure functions; no ranking is scored here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[int]], *, k: int = 60, weights: Sequence[float] | None = None
) -> list[tuple[int, float]]:
    """Return ``(item, score)`` of every item of ``rankings``, best first; ties go to the smaller item.

    Each ranking lists items from the best down. ``RRF(d) = Σ_r w_r / (k + rank_r(d))`` with ranks from 1 and
    ``w_r = 1`` unless ``weights`` are given; an item that a ranking does not hold gets nothing from it
    (Cormack, Clarke & Büttcher, SIGIR 2009, section 2; ``k = 60`` is theirs).

    >>> [(item, round(score, 5)) for item, score in reciprocal_rank_fusion([[7, 3], [3, 9]])]
    [(3, 0.03252), (7, 0.01639), (9, 0.01613)]

    Raises:
        ValueError: ``k`` is negative, a ranking names an item twice, or the weights do not fit the rankings.

    """
    weights = [1.0] * len(rankings) if weights is None else weights
    if len(weights) != len(rankings):
        raise ValueError(f"{len(weights)} weights for {len(rankings)} rankings: expected one each")
    if k < 0:
        raise ValueError(f"k = {k}: expected 0 or more")
    fused: dict[int, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        if len(set(ranking)) != len(ranking):
            raise ValueError("a ranking names an item twice")
        for rank, item in enumerate(ranking, start=1):
            fused[item] = fused.get(item, 0.0) + weight / (k + rank)
    return best_first(fused)


def convex_combination(
    dense: Mapping[int, float], lexical: Mapping[int, float], *, alpha: float
) -> list[tuple[int, float]]:
    """Return ``(item, score)`` of every item of ``dense``, best first; scores in [0, 1], ties to the smaller item.

    ``α·(s − min)/(max − min)`` of the dense score plus ``(1 − α)·s/max`` of the lexical one, over the items at
    hand (Bruch, Gai & Ingber, TOIS 2023, section 4: BM25 has the theoretical minimum 0, so only its maximum is
    fitted). An item without a lexical score has 0 there, which is what BM25 gives it. Dense scores that are all
    equal say nothing and count 0.

    >>> convex_combination({1: 0.9, 2: 0.8, 3: 0.85}, {2: 4.0, 3: 1.0}, alpha=0.5)
    [(1, 0.5), (2, 0.5), (3, 0.375)]

    Raises:
        ValueError: ``alpha`` is outside [0, 1], or ``lexical`` has an item that ``dense`` has not.

    """
    if not 0.0 <= alpha <= 1.0:
        raise ValueError(f"alpha = {alpha}: expected 0 to 1")
    if not lexical.keys() <= dense.keys():
        raise ValueError("an item has a lexical score but no dense score")
    lowest, highest = min(dense.values(), default=0.0), max(dense.values(), default=0.0)
    span = highest - lowest
    top = max(lexical.values(), default=0.0)
    fused: dict[int, float] = {}
    for item, cosine in dense.items():
        near = (cosine - lowest) / span if span > 0 else 0.0
        shared = lexical.get(item, 0.0) / top if top > 0 else 0.0
        fused[item] = round(alpha * near + (1.0 - alpha) * shared, 9)
    return best_first(fused)


def best_first(scores: Mapping[int, float]) -> list[tuple[int, float]]:
    """Return the items of ``scores`` by falling score; equal scores by rising item, so the order is repeatable."""
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
