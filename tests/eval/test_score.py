from dataclasses import replace

import pytest

from eval.cases import Case, Message, Quote
from eval.outcome import Cited, Outcome, Retrieved, from_record, outcome_record
from eval.score import evidence_ranking, resolve_evidence, score
from eval.spans import Locator

A = "前言。计划到2025年，产量将达到300万辆，实现产值6000亿元。另建工作专班。"
B = "转载。计划到2025年,产量将达到300万辆,实现产值6000亿元。"
LOCATOR = Locator({"a": A, "b": B})
GOLD = "计划到2025年，产量将达到300万辆，实现产值6000亿元。"
CASE = Case(
    id="output",
    question="汽车产量和产值的目标？",
    type="target",
    fact="output",
    answerable=True,
    answer="300万辆、6000亿元",
    key_facts=(("300万辆",), ("6000亿元",)),
    evidence=((Quote("a.txt", GOLD),),),
)
START = A.index(GOLD)
CITED = Cited(1, "a", GOLD, START, START + len(GOLD), "某协议")
GOOD = Outcome("output", f"{GOLD}[1]", False, (CITED,))


def test_a_right_cited_answer_scores_full() -> None:
    scores = score(CASE, GOOD, LOCATOR).scores
    for name in ("outcome_right", "correct", "correct_short_cited", "short", "fact_recall", "citation_recall"):
        assert scores[name] == 1.0, name
    assert scores["citation_precision"] == scores["verbatim"] == scores["grounded"] == scores["marked"] == 1.0
    assert "polarity_right" not in scores
    assert "recall@5" not in scores


def test_both_documents_that_carry_the_evidence_are_named() -> None:
    assert score(CASE, GOOD, LOCATOR).documents == ("a", "b")


def test_half_of_the_facts_is_not_correct_and_the_copy_may_be_cited() -> None:
    start = B.index("产量")
    quote = B[start : start + 18]
    outcome = Outcome("output", "产量300万辆[1]。", False, (Cited(1, "b", quote, start, start + 18),))
    scores = score(CASE, outcome, LOCATOR).scores
    assert scores["fact_recall"] == 0.5
    assert scores["correct"] == scores["outcome_right"] == 0.0
    assert scores["citation_recall"] == 1.0


def test_an_answer_that_is_right_without_ground_is_correct_but_not_cited() -> None:
    scores = score(CASE, Outcome("output", "300万辆，6000亿元。", False), LOCATOR).scores
    assert scores["correct"] == 1.0
    assert scores["correct_short_cited"] == scores["citation_recall"] == scores["grounded"] == 0.0
    assert "citation_precision" not in scores


def test_a_refusal_is_wrong_for_an_answerable_question_and_has_no_form() -> None:
    scores = score(CASE, Outcome("output", "未找到依据。", True), LOCATOR).scores
    assert scores["outcome_right"] == scores["correct"] == scores["fact_recall"] == scores["char_f1"] == 0.0
    assert "short" not in scores
    assert "grounded" not in scores


def test_an_unanswerable_question_is_right_only_when_refused() -> None:
    silent = Case("x", "2035年的目标？", "unanswerable", "x", False, subtype="wrong_year")
    assert score(silent, Outcome("x", "未找到依据。", True), LOCATOR).scores == {"outcome_right": 1.0}
    assert score(silent, GOOD, LOCATOR).scores["outcome_right"] == 0.0


def test_lists_count_every_item_and_yes_no_its_first_word() -> None:
    listed = replace(CASE, type="list", list_size=2)
    scores = score(
        listed, Outcome("output", "共2项：\n1. 产量300万辆[1]\n2. 产值6000亿元[1]", False, (CITED,)), LOCATOR
    )
    assert scores.scores["list_complete"] == scores.scores["count_right"] == 1.0
    asked = replace(CASE, type="yes_no", polarity="是", key_facts=(("300万辆",),))
    assert score(asked, replace(GOOD, text="是，300万辆[1]。"), LOCATOR).scores["polarity_right"] == 1.0
    denied = score(asked, replace(GOOD, text="否，300万辆[1]。"), LOCATOR).scores
    assert denied["polarity_right"] == denied["correct"] == denied["outcome_right"] == 0.0
    silent = score(asked, replace(GOOD, text="产量300万辆[1]。"), LOCATOR).scores
    assert (silent["polarity_right"], silent["correct"]) == (0.0, 1.0)


def test_the_first_line_is_looked_at_by_itself() -> None:
    late = replace(GOOD, text=f"另建工作专班。\n{GOLD}[1]")
    assert score(CASE, late, LOCATOR).scores["first_line_correct"] == 0.0
    assert score(CASE, late, LOCATOR).scores["correct"] == 1.0
    assert score(CASE, GOOD, LOCATOR).scores["first_line_correct"] == 1.0
    assert "first_line_correct" not in score(replace(CASE, type="list"), GOOD, LOCATOR).scores


def test_record_table_questions_are_scored_by_their_answer_alone() -> None:
    scores = score(replace(CASE, metadata=True), GOOD, LOCATOR).scores
    assert scores["correct"] == 1.0
    assert "citation_recall" not in scores


def found(doc_id: str, start: int, end: int) -> Retrieved:
    return Retrieved(doc_id, start, end, LOCATOR.texts[doc_id][start:end])


def test_passages_are_ranked_by_the_evidence_they_bring_and_copies_cost_no_rank() -> None:
    two = replace(CASE, evidence=(*CASE.evidence, (Quote("a.txt", "另建工作专班"),)))
    evidence = resolve_evidence(two, LOCATOR)
    here, copy, later = found("a", START, START + len(GOLD)), found("b", 3, len(B)), found("a", len(A) - 7, len(A))
    useless = found("a", 0, 3)
    assert evidence_ranking([useless, here, copy, later], evidence) == ["other-0", 0, 1]
    assert evidence_ranking([here, useless, later], evidence) == [0, "other-1", 1]
    whole = found("a", 0, len(A))
    assert evidence_ranking([whole, here], evidence) == [0, 1, "other-1"]


def test_retrieval_figures_follow_from_that_ranking() -> None:
    outcome = replace(GOOD, retrieved=(found("a", 0, 3), found("b", 3, len(B))))
    scores = score(CASE, outcome, LOCATOR).scores
    assert (scores["recall@1"], scores["recall@5"], scores["mrr@10"]) == (0.0, 1.0, 0.5)
    assert scores["ndcg@10"] == pytest.approx(0.6309, abs=1e-4)
    assert scores["fact_recall@5"] == 1.0


def test_a_batch_line_becomes_an_outcome_and_back() -> None:
    record = outcome_record(replace(GOOD, confidence=0.8, latency_ms=12.5))
    assert from_record(record) == replace(GOOD, confidence=0.8, latency_ms=12.5)
    assert from_record({"id": "x", "answer": "好"}) == Outcome("x", "好", False)


def test_history_is_no_part_of_the_gold() -> None:
    turns = (Message("user", "产量300万辆？"),)
    assert (
        score(replace(CASE, history=turns), Outcome("output", "不清楚", False), LOCATOR).scores["correct"] == 0.0
    )
