import pytest
import pytrec_eval

from eval.metrics.key_facts import fact_recall, is_correct, recall_over
from eval.metrics.ranking import recall_at

FACTS = (("300万辆",), ("6000亿元", "6,000亿元"))


def test_every_outer_fact_is_needed_and_alternatives_suffice() -> None:
    assert is_correct("到2025年产量300万辆[1]，产值6,000亿元[1]。", [FACTS])
    assert fact_recall("产量300万辆。", [FACTS]) == pytest.approx(1 / 2)
    assert fact_recall("产量1300万辆，产值16000亿元。", [FACTS]) == 0.0


def test_with_several_references_the_best_counts() -> None:
    either = [(("重庆",), ("成都",)), (("两地",),)]
    assert fact_recall("由两地共同举办", either) == 1.0
    assert fact_recall("由重庆举办", either) == pytest.approx(1 / 2)


def test_recall_over_passages_takes_them_together_but_each_fact_from_one() -> None:
    assert recall_over(["产量300万辆", "产值6000亿元"], [FACTS]) == 1.0
    # The figure must stand whole in one passage: 300 here and 万辆 there is no fact.
    assert recall_over(["产量300", "万辆"], [FACTS]) == 0.0


def test_key_fact_recall_equals_trec_eval_recall_when_each_passage_holds_one_fact() -> None:
    passages = {"p0": "面积313平方公里", "p1": "无关", "p2": "产值6000亿元", "p3": "产量300万辆"}
    facts = (("313平方公里",), ("6000亿元",), ("300万辆",))
    order = ["p1", "p2", "p0", "p3"]
    run = {"q": {item: float(10 - place) for place, item in enumerate(order)}}
    theirs = pytrec_eval.RelevanceEvaluator({"q": {"p0": 1, "p2": 1, "p3": 1}}, {"recall.1,2,3"}).evaluate(run)[
        "q"
    ]
    for k in (1, 2, 3):
        ours = recall_over([passages[item] for item in order[:k]], [facts])
        assert ours == pytest.approx(theirs[f"recall_{k}"])
        assert ours == recall_at(order, {"p0", "p2", "p3"}, k)


def test_no_key_facts_is_an_error_not_a_full_score() -> None:
    with pytest.raises(ValueError, match="undefined"):
        fact_recall("任何话", [])
