"""Lists are complete: every sibling of the clause tree, in order, with its count, each item exactly cited."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.answer.analyse import analyse
from app.answer.completion import whole_sentences
from app.answer.draft import Draft, cite
from app.answer.guard import check
from app.answer.library import Library
from app.answer.lists import asks_for_list, asks_of_each, read_list
from app.answer.replies import load_replies
from app.answer.select import Scored, TermMatcher
from index.outline import walk

MakeLibrary = Callable[[Mapping[str, str]], Library]
ROOT = Path(__file__).parents[2]
REPLIES = load_replies(ROOT / "prompts")
NUMERALS = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"]
AREAS = ["规划", "创新", "会展", "人才", "开放", "交通", "金融", "文旅", "生态", "教育", "医疗", "数字"]
NOISE = "公园里花草繁茂，市民正在散步。另有一段无关文字，说明天气晴朗。"


def plan(size: int, *, lead: str = "今年确定以下重点任务：") -> str:
    tasks = "".join(
        f"（{numeral}）{area}协同。两地共同推进{area}领域的合作，建立健全工作机制，定期研究解决有关问题。\n"
        for numeral, area in zip(NUMERALS[:size], AREAS[:size], strict=True)
    )
    return (
        f"某新区合作方案\n一、重点任务\n{lead}\n{tasks}"
        "二、保障措施\n建立联席会议制度，每年召开一次会议，研究解决重大事项。\n"
    )


def listed(question: str, library: Library) -> Draft | None:
    """The list found where every unit is scored by the words it shares with the question."""
    analysis = analyse(question)
    matcher = TermMatcher(analysis, library)
    scored = [Scored(u, matcher.covers(u.folded + u.heading_folded), {}) for u in library.units]
    scored.sort(key=lambda s: (-s.score, s.unit.number))
    return read_list(analysis, scored, library, matcher, REPLIES)


def test_all_siblings_are_listed_in_order_with_their_count(make_library: MakeLibrary) -> None:
    library = make_library({"a": plan(5), "b": NOISE})
    draft = listed("重点任务有哪些？", library)
    assert draft is not None
    text, citations = cite(draft.lines, library)
    assert text.splitlines() == [
        "共5项：",
        "1. （一）规划协同[1]",
        "2. （二）创新协同[2]",
        "3. （三）会展协同[3]",
        "4. （四）人才协同[4]",
        "5. （五）开放协同[5]",
    ]
    assert [c.quote.rstrip("。") for c in citations] == [
        "（一）规划协同",
        "（二）创新协同",
        "（三）会展协同",
        "（四）人才协同",
        "（五）开放协同",
    ]


@settings(max_examples=12, deadline=None)
@given(size=st.integers(min_value=2, max_value=12))
def test_there_are_as_many_items_as_the_clause_has_children(make_library: MakeLibrary, size: int) -> None:
    library = make_library({"a": plan(size), "b": NOISE})
    section = next(s for s, _ in walk(library.outline("a")) if s.heading == "一、重点任务")
    children = [child for child in section.children if child.heading]
    draft = listed("重点任务有哪些？", library)
    assert draft is not None
    header, *items = draft.lines
    assert header.counted == len(items) == len(children) == size
    assert header.text == f"共{size}项："
    assert [line.text for line in items] == [f"{n}. {c.heading.rstrip('。')}" for n, c in enumerate(children, 1)]


@settings(max_examples=6, deadline=None)
@given(size=st.integers(min_value=2, max_value=12))
def test_every_item_cites_its_own_heading_and_passes_the_last_check(make_library: MakeLibrary, size: int) -> None:
    library = make_library({"a": plan(size), "b": NOISE})
    draft = listed("重点任务有哪些？", library)
    assert draft is not None
    assert check(draft.lines, library, mark="（未核实）") == (list(draft.lines), ())
    _, citations = cite(draft.lines, library)
    assert len(citations) == size
    for citation in citations:
        text = library.documents[citation.passage.doc_id].text
        assert text[citation.start : citation.end] == citation.quote
        assert citation.passage.start <= citation.start < citation.end <= citation.passage.end


def test_a_count_that_the_lead_states_wrongly_is_not_repeated_as_ours(make_library: MakeLibrary) -> None:
    library = make_library({"a": plan(5, lead="今年确定以下六项重点任务："), "b": NOISE})
    draft = listed("重点任务有哪些？", library)
    assert draft is not None
    assert all(line.counted is None for line in draft.lines)
    assert len(draft.lines) == 5


def test_an_enumeration_that_states_no_count_is_quoted_whole(make_library: MakeLibrary) -> None:
    sentence = "双方合作的重点领域包括规划、创新、会展、人才、开放等。"
    library = make_library({"a": f"某新区合作消息\n{sentence}\n", "b": NOISE})
    draft = listed("双方合作的重点领域有哪些？", library)
    assert draft is not None
    text, citations = cite(draft.lines[:1], library)
    assert text == f"{sentence}[1]"
    assert citations[0].quote == sentence


def test_an_enumeration_that_states_its_count_is_given_complete_and_cited_whole(make_library: MakeLibrary) -> None:
    sentence = "双方合作的重点领域包括规划、创新、会展、人才、开放等五个方面。"
    library = make_library({"a": f"某新区合作消息\n{sentence}\n", "b": NOISE})
    draft = listed("双方合作的重点领域有哪些？", library)
    assert draft is not None
    assert check(draft.lines, library, mark="（未核实）") == (list(draft.lines), ())
    text, citations = cite(draft.lines, library)
    assert all(item in text for item in ("规划", "创新", "会展", "人才", "开放"))
    assert [line.counted for line in draft.lines if line.counted is not None] in ([], [5])
    assert sentence in {citation.quote for citation in citations}


def test_a_list_with_the_count_asked_for_is_preferred(make_library: MakeLibrary) -> None:
    other = plan(4).replace("某新区", "某园区").replace("协同。", "行动。")
    library = make_library({"a": plan(3), "b": other})
    for size, word in ((3, "协同"), (4, "行动")):
        draft = listed(f"{NUMERALS[size - 1]}项重点任务有哪些？", library)
        assert draft is not None
        assert draft.lines[0].text == f"共{size}项："
        assert all(word in line.text for line in draft.lines[1:])


@pytest.mark.parametrize("question", ["重点任务由谁负责？", "重点任务的总投资是多少？"])
def test_no_list_is_given_where_none_is_asked_for(make_library: MakeLibrary, question: str) -> None:
    assert listed(question, make_library({"a": plan(5), "b": NOISE})) is None


def test_no_list_is_made_of_what_lists_nothing(make_library: MakeLibrary) -> None:
    library = make_library({"a": "双方建立联席会议制度。会议每年召开一次。", "b": NOISE})
    assert listed("双方有哪些制度？", library) is None


def test_items_are_numbered_without_a_gap(make_library: MakeLibrary) -> None:
    draft = listed("重点任务有哪些？", make_library({"a": plan(12), "b": NOISE}))
    assert draft is not None
    numbers = [int(m[1]) for line in draft.lines if (m := re.match(r"(\d+)\. ", line.text))]
    assert numbers == list(range(1, 13))


def test_of_two_enumerations_in_a_sentence_the_one_asked_for_is_listed(make_library: MakeLibrary) -> None:
    clause = "推动甲片区、乙片区、丙片区、丁片区等4个片区策划，推进南湖小区、北湖小区、东湖大厦等3个老旧小区改造。"
    draft = listed("点名要改造的老旧小区有哪些？", make_library({"a": clause, "b": NOISE}))
    assert draft is not None
    assert [line.text for line in draft.lines] == ["共3项：", "1. 南湖小区", "2. 北湖小区", "3. 东湖大厦"]


def test_several_things_that_are_counted_are_asked_for_as_a_list() -> None:
    assert asks_for_list(analyse("官方回答里说的三样好处都是啥？"))
    assert not asks_for_list(analyse("到2027年产值要达到多少？"))


def test_a_question_of_each_item_is_one_question_for_a_list() -> None:
    assert asks_of_each(analyse("委员会分了哪几个小组，分别由谁牵头？"))
    assert not asks_of_each(analyse("委员会分了哪几个小组，办公室设在哪里？"))


def test_the_forbidden_is_not_answered_by_a_list_of_the_allowed(make_library: MakeLibrary) -> None:
    allowed = "引导资金用于下列事项：（一）前期工作；（二）人才交流；（三）生态修复。"
    forbidden = "引导资金不得用于楼堂馆所、偿还债务、发放工资。"
    library = make_library({"a": f"{allowed}\n{forbidden}", "b": NOISE})
    draft = listed("引导资金有哪些用途是不能碰的？", library)
    assert draft is not None
    assert [line.text for line in draft.lines][:1] == [forbidden]


def test_the_section_that_the_question_names_is_listed(make_library: MakeLibrary) -> None:
    library = make_library({"a": plan(4, lead="").replace("重点任务", "合作内容"), "b": NOISE})
    draft = listed("方案在“合作内容”里约定了哪几件事？", library)
    assert draft is not None
    assert next(line.text for line in draft.lines) == "共4项："


def test_clauses_told_apart_by_one_and_another_are_shown_together(make_library: MakeLibrary) -> None:
    text = "双方选定两条线路，一条由南湖至北湖，长112公里；另一条由东港至西港，长96公里。"
    library = make_library({"a": text, "b": NOISE})
    first = next(unit for unit in library.units if "南湖" in unit.text)
    assert [unit.text[:3] for unit in whole_sentences([first], library)] == ["双方选", "另一条"]


def test_the_list_of_a_rival_by_its_bracketed_name_is_neither_the_answer_nor_beside_it(
    make_library: MakeLibrary,
) -> None:
    text = (
        "两地科学城\n东部（甲州）科学城涉及和平、兴安、永定、长乐、新丰五个区。\n"
        "东部（乙州）科学城涉及直管区、空港新区、高新区、双溪区。\n"
    )
    draft = listed("东部（乙州）科学城涉及哪些区？", make_library({"a": text, "b": NOISE}))
    assert draft is not None
    assert [line.text for line in draft.lines] == ["东部（乙州）科学城涉及直管区、空港新区、高新区、双溪区。"]


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("计划里的五大工程是什么？", True),
        ("2023年计划中，五大工程是什么？", True),
        ("十项重点任务中，人才要建什么基地？", False),
        ("两市一口气签下五份协议，那天是几月几号？", False),
    ],
)
def test_a_count_of_what_is_spoken_of_asks_for_no_list(question: str, asked: bool) -> None:
    assert asks_for_list(analyse(question)) is asked
