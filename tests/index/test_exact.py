from __future__ import annotations

import pytest

from index.exact import clause_labels, exact_matches, heading_label
from index.types import Document, Passage


def document(doc_id: str, title: str, doc_number: str | None = None) -> Document:
    return Document(doc_id, title, "正文", f"{doc_id}.txt", "0", doc_number=doc_number)


def passage(doc_id: str, *headings: str) -> Passage:
    return Passage(f"{doc_id}:0-2", doc_id, "标题", f"{doc_id}.txt", headings, "正文", 0, 2)


@pytest.mark.parametrize(
    ("question", "labels"),
    [
        ("第三条是什么", {(3, "条")}),
        ("协议第3条的内容", {(3, "条")}),
        ("第二十一章和第一百零五条", {(21, "章"), (105, "条")}),
        ("第三部分讲了什么？", {(3, "部分")}),
        ("第一条高铁何时开通", set()),
        ("第二章程草案", set()),
        ("有哪些任务", set()),
    ],
)
def test_clauses_are_read_from_a_question(question: str, labels: set[tuple[int, str]]) -> None:
    assert clause_labels(question) == labels


@pytest.mark.parametrize(
    ("heading", "label"),
    [
        ("第三条 合作内容", (3, "条")),
        ("第十二章　附则", (12, "章")),
        ("三、保障措施", (3, "部分")),
        ("10.其他", (10, "部分")),
        ("保障措施", None),
        ("", None),
    ],
)
def test_labels_are_read_from_a_heading(heading: str, label: tuple[int, str] | None) -> None:
    assert heading_label(heading) == label


def test_a_document_number_names_its_passages_in_any_brackets() -> None:
    documents = [document("a", "计划", "某新发〔2023〕8号"), document("b", "协议")]
    passages = [passage("a"), passage("b"), passage("a")]
    for question in ("某新发〔2023〕8号的目标", "请问某新发[2023]8号", "根据某新发（2023）第8号"):
        assert exact_matches(question, passages, documents) == {0: 1, 2: 1}
    assert exact_matches("某新发〔2023〕9号", passages, documents) == {}


def test_a_clause_label_names_the_passages_below_that_heading() -> None:
    documents = [document("a", "甲协议"), document("b", "乙协议")]
    passages = [passage("a", "第二条 文旅"), passage("a", "第三条 人才"), passage("b", "第三条 交通")]
    assert exact_matches("第三条是什么？", passages, documents) == {1: 1, 2: 1}


def test_a_title_beside_a_clause_label_limits_it_to_that_document() -> None:
    documents = [document("a", "甲市乙市合作协议"), document("b", "丙市合作协议")]
    passages = [passage("a", "第三条 人才"), passage("b", "第三条 交通")]
    assert exact_matches("《丙市合作协议》第三条是什么？", passages, documents) == {1: 1}


def test_a_number_and_a_clause_count_together() -> None:
    documents = [document("a", "计划", "某新发〔2023〕8号"), document("b", "协议")]
    passages = [passage("a", "二、任务"), passage("a", "三、保障"), passage("b", "第三部分 其他")]
    assert exact_matches("某新发〔2023〕8号第三部分", passages, documents) == {0: 1, 1: 2}


def test_an_ordinary_question_names_nothing() -> None:
    documents = [document("a", "计划", "某新发〔2023〕8号")]
    assert exact_matches("2023年的目标是什么？", [passage("a", "一、目标")], documents) == {}
