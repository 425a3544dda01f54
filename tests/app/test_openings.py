"""Sentences of one section that open alike are a list, without numbers or headings of their own."""

from collections.abc import Callable, Mapping
from pathlib import Path

from app.answer.analyse import analyse
from app.answer.library import Library
from app.answer.lists import read_list
from app.answer.openings import find_openings
from app.answer.replies import load_replies
from app.answer.select import Scored, TermMatcher

ROOT = Path(__file__).parents[2]
MakeLibrary = Callable[[Mapping[str, str]], Library]
PLAN = (
    "甲区行动计划\n一、建设港区\n加快建设“三个中心”。打造加工制造中心，引导企业集聚。打造物流分拨中心，增加航线。"
    "逐步扩大规模。打造检测维修中心，支持保税维修。\n二、保障\n加强统筹，压实责任，狠抓落实，务求实效。\n"
)


def test_the_first_clauses_that_end_in_one_noun_are_the_items(make_library: MakeLibrary) -> None:
    library = make_library({"a": PLAN})
    unit = next(u for u in library.units if "物流" in u.text)
    (group,) = find_openings(unit, library)
    text = library.documents["a"].text
    assert group.noun == "中心"
    assert [text[a:b] for _, a, b in group.items] == ["打造加工制造中心", "打造物流分拨中心", "打造检测维修中心"]
    assert find_openings(next(u for u in library.units if "统筹" in u.text), library) == []


def test_they_are_listed_where_the_question_asks_for_that_noun(make_library: MakeLibrary) -> None:
    library = make_library({"a": PLAN})

    def listed(question: str) -> list[str] | None:
        analysis = analyse(question)
        matcher = TermMatcher(analysis, library)
        scored = [Scored(u, matcher.covers(u.folded + u.heading_folded), {}) for u in library.units]
        scored.sort(key=lambda s: (-s.score, s.unit.number))
        draft = read_list(analysis, scored, library, matcher, load_replies(ROOT / "prompts"))
        return None if draft is None else [line.text for line in draft.lines]

    assert listed("港区要打造哪三个中心？") == [
        "共3项：", "1. 打造加工制造中心", "2. 打造物流分拨中心", "3. 打造检测维修中心"
    ]  # fmt: skip
    # Nothing states how many there are: the number found is not told.
    library = make_library({"a": PLAN.replace("加快建设“三个中心”。", "")})
    assert listed("港区要打造哪些中心？") == ["1. 打造加工制造中心", "2. 打造物流分拨中心", "3. 打造检测维修中心"]
    assert "1. 打造加工制造中心" not in (listed("港区有哪些航线？") or [])


def test_a_quoted_name_is_what_a_sentence_opens_with(make_library: MakeLibrary) -> None:
    text = (
        "甲区计划\n一、城市\n实施“清泉工程”，整治河道。实施“绿道工程”，连通公园。实施“明灯工程”行动，更换路灯。\n"
    )
    library = make_library({"a": text})
    (group,) = find_openings(next(u for u in library.units if "绿道" in u.text), library)
    assert (group.noun, len(group.items)) == ("工程", 3)
