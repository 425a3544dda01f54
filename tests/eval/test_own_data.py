import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from eval.cases import Case, CasesError
from eval.foreign import load_any, shared_question
from eval.outcome import Outcome
from eval.own_data import load_own_data, reading_figures, retrieval_figures

PASSAGES: list[dict[str, Any]] = [
    {"id": "p1", "title": "民法典第五十四条", "text": "自然人从事工商业经营，经依法登记，为个体工商户。"},
    {"id": "p2", "title": "民法典第五十六条", "text": "个体工商户的债务，个人经营的，以个人财产承担。"},
    {"id": "p3", "title": "条例", "text": "玩家若游戏中离，则4分钟内不得进行配对。"},
]
QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "q1",
        "question": "谁是个体工商户？",
        "answers": ["自然人"],
        "gold_passage_ids": ["p1", "p2"],
        "answerable": True,
    },
    {
        "id": "q2",
        "question": "中离几分钟不得配对？",
        "answers": ["4分钟"],
        "answer_sets": [["4分钟"], ["四分钟"]],
        "gold_passage_ids": ["p3"],
        "answerable": True,
        "split": "train",
    },
    {"id": "q3", "question": "税率多少？", "answers": [], "gold_passage_ids": [], "answerable": False},
]


def folder(path: Path, passages: Sequence[Any] = PASSAGES, questions: Sequence[Any] = QUESTIONS) -> Path:
    for name, rows in (("passages.jsonl", passages), ("questions.jsonl", questions)):
        (path / name).write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
        )
    return path


def all_of(cases: Sequence[Case]) -> Sequence[Case]:
    return cases


def test_passages_become_documents_and_questions_cases(tmp_path: Path) -> None:
    data = load_own_data(folder(tmp_path))
    assert [document.doc_id for document in data.documents] == ["p1", "p2", "p3"]
    assert data.documents[0].text == PASSAGES[0]["text"]
    assert data.gold["q1"] == {"p1", "p2"}
    assert [case.answerable for case in data.cases] == [True, True, False]


@pytest.mark.parametrize(
    ("passages", "questions", "message"),
    [
        ([{"id": "p1"}], QUESTIONS, r"passages\.jsonl:1: expected an object"),
        ([PASSAGES[0], PASSAGES[0]], QUESTIONS, r"passages\.jsonl:2: id 'p1' occurs twice"),
        (PASSAGES[:2], QUESTIONS, r"questions\.jsonl:2: gold passage 'p3' is not in passages"),
        (PASSAGES, [{"id": "q1"}], r"questions\.jsonl:1: question: expected text"),
        (PASSAGES, [], "0 questions"),
    ],
)
def test_a_folder_out_of_schema_is_refused_with_the_line(
    tmp_path: Path, passages: list[Any], questions: list[Any], message: str
) -> None:
    with pytest.raises(CasesError, match=message):
        load_own_data(folder(tmp_path, passages, questions))


def test_retrieval_figures_by_hand(tmp_path: Path) -> None:
    data = load_own_data(folder(tmp_path))
    order = {"谁是个体工商户？": ["p3", "p1"], "中离几分钟不得配对？": ["p3", "p2"]}
    figures = retrieval_figures(data, data.cases, lambda question, k: order[question][:k], all_of)
    values = {name: estimate["value"] for name, estimate in figures["measures"].items()}
    assert (figures["questions"], figures["left_out"], figures["passages"]) == (2, 1, 3)
    # q1: 0 of 2 at 1, 1 of 2 at 3, first gold at rank 2. q2: 1 of 1 at rank 1.
    assert values["recall@1"] == pytest.approx((0 + 1) / 2)
    assert values["recall@3"] == pytest.approx((1 / 2 + 1) / 2)
    assert values["mrr@10"] == pytest.approx((1 / 2 + 1) / 2)
    # nDCG of q1: (1/log2 3) / (1 + 1/log2 3).
    assert values["ndcg@10"] == pytest.approx((0.63093 / 1.63093 + 1) / 2, abs=1e-4)


class Fixed:
    name = "fixed"

    def __init__(self, answers: dict[str, Outcome]) -> None:
        self.answers = answers

    def ask(self, case: Case) -> Outcome:
        return self.answers[case.id]


def test_reading_figures_by_hand(tmp_path: Path) -> None:
    data = load_own_data(folder(tmp_path))
    system = Fixed(
        {
            "q1": Outcome("q1", "未找到依据。", True, latency_ms=1.0),
            "q2": Outcome("q2", "4分钟内[1]\n依据：若游戏中离，则4分钟内不得进行配对。[1]", False, latency_ms=3.0),
            "q3": Outcome("q3", "未找到依据。", True, latency_ms=2.0),
        }
    )
    figures, outcomes = reading_figures(data, data.cases, system, all_of)
    values = {name: estimate["value"] for name, estimate in figures["measures"].items()}
    assert values["exact_match"] == 0.0
    # 4|分|钟 of 4|分|钟|内: P 3/4, R 3/3, F1 6/7; the refused question scores 0.
    assert values["char_f1"] == pytest.approx(6 / 7 / 2)
    assert values["containment"] == 0.5
    assert figures["refusal"]["precision"]["value"] == 0.5
    assert figures["refusal"]["recall"]["value"] == 1.0
    assert figures["refusal"]["false_refusal_rate"]["value"] == 0.5
    assert figures["latency_ms"]["p50"] == 2.0
    assert len(outcomes) == 3


def test_shared_questions_are_recognised_and_ours_are_not_touched(tmp_path: Path) -> None:
    path = folder(tmp_path) / "questions.jsonl"
    cases = load_any(path)
    assert cases[1].reference_sets() == ((("4分钟",),), (("四分钟",),))
    assert cases[0].reference_sets() == ((("自然人",),),)
    ours = {"id": "x", "question": "问？", "type": "date", "fact": "x", "answerable": True}
    path.write_text(json.dumps(ours), encoding="utf-8")
    assert load_any(path)[0].type == "date"


def test_every_string_of_an_answer_set_is_needed() -> None:
    case = shared_question(
        {"id": "q", "question": "问？", "answer_sets": [["重庆", "成都"], ["两地"]], "answerable": True}
    )
    assert case.reference_sets() == ((("重庆",), ("成都",)), (("两地",),))


def test_an_empty_question_in_public_data_is_asked_and_counts() -> None:
    assert shared_question({"id": "q", "question": "", "answers": ["甲"]}).question == ""
