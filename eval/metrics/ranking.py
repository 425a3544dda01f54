"""Retrieval measures over one ranked list: recall@k, reciprocal rank, nDCG.

Binary relevance. Ranks count from 1. Equal to trec_eval's recall_k, recip_rank and ndcg_cut_k.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Sequence


def recall_at(ranked: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """Return |top-k ∩ relevant| / |relevant|, in [0, 1].

    >>> recall_at(["a", "b", "c"], {"b", "z"}, 2)
    0.5
    """
    _check(ranked, relevant)
    return len(set(ranked[:k]) & set(relevant)) / len(relevant)


def reciprocal_rank_at(ranked: Sequence[Hashable], relevant: Collection[Hashable], k: int = 10) -> float:
    """Return 1 / rank of the first relevant item within k, 0 if there is none (Voorhees, TREC-8, 1999).

    >>> reciprocal_rank_at(["a", "b", "c"], {"c"})
    0.3333333333333333
    """
    _check(ranked, relevant)
    return next((1 / rank for rank, item in enumerate(ranked[:k], start=1) if item in relevant), 0.0)


def ndcg_at(ranked: Sequence[Hashable], relevant: Collection[Hashable], k: int = 10) -> float:
    """Return DCG / ideal DCG with DCG = Σ rel_i / log2(i + 1) (Järvelin and Kekäläinen, TOIS 20 (2002) 422-446).

    >>> round(ndcg_at(["a", "b"], {"b"}), 4)
    0.6309
    """
    _check(ranked, relevant)
    gain = sum(1 / math.log2(rank + 1) for rank, item in enumerate(ranked[:k], start=1) if item in relevant)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(relevant)) + 1))
    return gain / ideal


def _check(ranked: Sequence[Hashable], relevant: Collection[Hashable]) -> None:
    if not relevant:
        raise ValueError("recall and nDCG are undefined without a relevant item; leave such questions out")
    if len(set(ranked)) != len(ranked):
        raise ValueError("a ranked list names an item twice; keep its first place only")
