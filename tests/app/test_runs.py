"""Runs of parallel clauses are found whole and lend their items what announces them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answer.analyse import analyse
from app.answer.completion import completed
from app.answer.fields import field_rows
from app.answer.library import Library
from app.answer.runs import find_runs, is_posed, questions_over
from app.answer.select import TermMatcher
from index.sentences import split_sentences

MakeLibrary = Callable[[Mapping[str, str]], Library]


def runs(text: str) -> list[tuple[str, list[str]]]:
    found = find_runs(text, split_sentences(text))
    return [(text[slice(*r.lead)] if r.lead else "", [text[a:b] for a, b in r.items]) for r in found]


@pytest.mark.parametrize(
    ("text", "lead", "items"),
    [
        (
            "第八条 有下列情形之一的，取消资格：（一）造假的；（二）转让的；（三）逾期的。被取消的不得再报。",
            "第八条 有下列情形之一的，取消资格：",
            ["（一）造假的；", "（二）转让的；", "（三）逾期的。"],
        ),
        (
            "能得到三项支持。一是免费诊断；二是改造补助；三是贷款贴息。需要提醒的是，不能重复享受。",
            "能得到三项支持。",
            ["一是免费诊断；", "二是改造补助；", "三是贷款贴息。"],
        ),
        ("办好实事：新建学校9所；改造小区105个；新增床位300张。全部完成。", "办好实事：", None),
        ("设三个组：\n（一）交通组；\n（二）产业组；\n（三）要素组。\n第六条 其他", "设三个组：", None),
        (
            "选定两条线路，一条长112公里；另一条长96公里。",
            "",
            ["选定两条线路，一条长112公里；", "另一条长96公里。"],
        ),
    ],
)
def test_a_run_has_its_lead_and_all_its_items(text: str, lead: str, items: list[str] | None) -> None:
    ((found_lead, found_items),) = runs(text)
    assert found_lead == lead
    assert found_items == items if items else len(found_items) == 3


@pytest.mark.parametrize(
    "text",
    ["双方签署协议。会议每年召开一次。", "甲方：某市政府\n乙方：另一市政府", "他说：“好；很好。”大家鼓掌。", ""],
)
def test_what_is_no_run_is_none(text: str) -> None:
    assert runs(text) == []


@given(st.text(alphabet="一二（）：；。、1.①是甲\n问？", max_size=60))
def test_runs_of_any_text_are_within_it_and_in_order(text: str) -> None:
    for run in find_runs(text, split_sentences(text)):
        assert len(run.items) == len(run.members) >= 2
        assert all(0 <= a < b <= len(text) for a, b in run.items)
        assert list(run.items) == sorted(run.items)


def test_a_question_is_over_its_reply_until_the_next_one() -> None:
    text = "问：怎么申请？要等多久？\n登录平台填报。20日内出结果。\n问：收费吗？\n不收费。"
    pieces = split_sentences(text)
    over = questions_over(text, pieces, ())
    assert {text[slice(*pieces[n])]: asked for n, asked in over.items()} == {
        "登录平台填报。": "问：怎么申请？要等多久？",
        "20日内出结果。": "问：怎么申请？要等多久？",
        "不收费。": "问：收费吗？",
    }
    assert is_posed("企业怎样申请诊断？")
    assert not is_posed("他问：“收费吗？”没有人答。")


def test_a_reply_is_found_by_the_words_of_its_question(make_library: MakeLibrary) -> None:
    library = make_library(
        {"a": "政策问答\n\n问：企业怎么申请诊断？\n答：登录平台填报即可。\n\n问：收费吗？\n答：不收费。\n"}
    )
    reply = next(u for u in library.units if "登录平台" in u.text)
    assert "申请诊断" in reply.heading_folded
    assert next(u for u in library.units if "怎么申请" in u.text).is_heading


TASKS = (
    "任务清单\n1.新建车间22个，累计达到60个。责任单位：经济发展局、各组团。\n"
    "2.平台上线，接入基地60个。责任单位：社会发展局；完成时限：9月底。\n3.选址完成。\n"
)


@pytest.mark.parametrize(
    ("question", "found", "behind"),
    [
        ("新建车间的事归谁管？", "新建车间", ["责任单位：经济发展局、各组团。"]),
        ("平台上线由哪个部门负责，什么时候完成？", "平台上线", ["责任单位：社会发展局；", "完成时限：9月底。"]),
        ("车间要建多少个？", "新建车间", []),
        ("选址由谁牵头？", "选址完成", []),
    ],
)
def test_who_is_responsible_stands_behind_the_task(
    make_library: MakeLibrary, question: str, found: str, behind: list[str]
) -> None:
    library = make_library({"a": TASKS})
    unit = next(u for u in library.units if found in u.text)
    assert [u.text for u in completed([unit], analyse(question), library)[1:]] == behind


AGREEMENT = (
    "甲乙两市战略合作框架协议\n甲方：甲市人民政府\n乙方：乙市人民政府\n"
    "双方约定共建园区。\n签订日期：2024年3月18日\n"
)
OTHER = "丙丁两地文旅协议\n甲方：丙县人民政府\n乙方：丁县人民政府\n签订日期：2023年1月5日\n"


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("战略合作框架协议的甲方和乙方是谁？", ["甲方：甲市人民政府", "乙方：乙市人民政府"]),
        ("文旅协议是哪天签订的？", ["签订日期：2023年1月5日"]),
        ("园区建多大？", []),
    ],
)
def test_the_head_and_foot_of_the_agreement_named_are_looked_up(
    make_library: MakeLibrary, question: str, rows: list[str]
) -> None:
    library = make_library({"a": AGREEMENT, "b": OTHER})
    analysis = analyse(question)
    best = next(u for u in library.units if u.text.startswith("丙丁" if "文旅" in question else "甲乙"))
    found = field_rows(analysis, library, TermMatcher(analysis, library), best)
    assert [unit.text for unit in found] == rows


def test_the_table_of_another_document_is_left_where_a_sentence_speaks_of_just_what_is_asked(
    make_library: MakeLibrary,
) -> None:
    notice = "甲区产业发展行动计划\n[ 发布机构 ] | 甲区发展改革局 |\n一、目标\n产业规模明显扩大。\n"
    news = "乙区见闻\n丙网公司发布了二十城数字服务中心计划。\n"
    library = make_library({"a": notice, "b": news})
    library.documents = {d: replace(one, title=one.text.split("\n")[0]) for d, one in library.documents.items()}
    row = next(u for u in library.units if "发布机构" in u.text)
    told = next(u for u in library.units if "丙网公司" in u.text)
    other, own = (analyse(q) for q in ("二十城数字服务中心计划是谁发布的？", "产业发展行动计划的发布机构是谁？"))
    assert field_rows(other, library, TermMatcher(other, library), row) == [row]
    assert field_rows(other, library, TermMatcher(other, library), told) == []
    assert field_rows(own, library, TermMatcher(own, library), row) == [row]
