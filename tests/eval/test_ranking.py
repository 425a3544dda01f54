import math
import random

import pytest
import pytrec_eval

from eval.metrics.ranking import ndcg_at, recall_at, reciprocal_rank_at


def test_hand_worked_list() -> None:
    ranked, relevant = ["a", "b", "c", "d"], {"b", "d", "z"}
    # b at 2 and d at 4 of three relevant.
    assert recall_at(ranked, relevant, 4) == pytest.approx(2 / 3)
    assert recall_at(ranked, relevant, 3) == pytest.approx(1 / 3)
    assert reciprocal_rank_at(ranked, relevant, 10) == pytest.approx(1 / 2)
    assert reciprocal_rank_at(ranked, relevant, 1) == 0.0
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    ideal = 1 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg_at(ranked, relevant, 10) == pytest.approx(gain / ideal)


def test_perfect_and_empty_lists_are_the_ends_of_the_scale() -> None:
    assert ndcg_at(["b", "d"], {"b", "d"}) == 1.0
    assert ndcg_at([], {"b"}) == recall_at([], {"b"}, 5) == reciprocal_rank_at([], {"b"}) == 0.0


def test_questions_without_relevant_items_and_repeated_items_are_refused() -> None:
    with pytest.raises(ValueError, match="leave such questions out"):
        recall_at(["a"], set(), 1)
    with pytest.raises(ValueError, match="twice"):
        ndcg_at(["a", "a"], {"a"})


def test_equal_to_trec_eval_on_random_runs() -> None:
    generator = random.Random(11)
    pool = [f"p{i}" for i in range(40)]
    qrels: dict[str, dict[str, int]] = {}
    runs: dict[str, dict[str, float]] = {}
    lists: dict[str, tuple[list[str], set[str]]] = {}
    for number in range(60):
        query = f"q{number}"
        ranked = generator.sample(pool, generator.randint(1, 30))
        relevant = generator.sample(pool, generator.randint(1, 12))
        qrels[query] = dict.fromkeys(relevant, 1)
        runs[query] = {item: float(len(ranked) - place) for place, item in enumerate(ranked)}
        lists[query] = (ranked, set(relevant))
    measured = pytrec_eval.RelevanceEvaluator(qrels, {"recall.1,5,10", "ndcg_cut.10", "recip_rank"}).evaluate(runs)
    for query, (ordered, wanted) in lists.items():
        theirs = measured[query]
        for k in (1, 5, 10):
            assert recall_at(ordered, wanted, k) == pytest.approx(theirs[f"recall_{k}"])
        assert ndcg_at(ordered, wanted, 10) == pytest.approx(theirs["ndcg_cut_10"])
        assert reciprocal_rank_at(ordered, wanted, len(ordered)) == pytest.approx(theirs["recip_rank"])
