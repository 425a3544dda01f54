"""Questions about a day: every clause that speaks of it, each claim once."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from app.answer.analyse import analyse
from app.answer.days import asks_of_a_day, day_of, events_of_day, that_day
from app.answer.library import Library
from app.answer.read import Part, Reading, read
from app.answer.replies import load_replies
from app.answer.select import Scored, TermMatcher

ROOT = Path(__file__).parents[2]
MakeLibrary = Callable[[Mapping[str, str]], Library]
NEWS = (
    "甲区与乙区动态\n6月3日，甲区与乙区签署合作协议。\n会后，双方参观了展厅。\n6月3日，乙区的数据中心同时启用。\n"
    "6月4日，双方召开座谈会。\n6月3日，甲区和乙区签署合作协议。\n"
)


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("6月3日这一天发生了哪两件事？", True),
        ("6月3日两区都有什么活动", True),
        ("6月3号干了啥", True),
        ("2025年6月3日同一天，哪两件港口与道路的事办成了？", True),
        ("6月3日签的协议定了什么目标？", False),
        ("6月发生了哪些大事？", False),
        ("2027年有哪些事要做？", False),
    ],
)
def test_a_day_with_its_month_and_what_happened(question: str, asks: bool) -> None:
    assert asks_of_a_day(analyse(question)) is asks


def test_all_that_happened_is_told_once_the_best_first(make_library: MakeLibrary) -> None:
    library = make_library({"a": NEWS, "b": "另一份报道\n6月3日，丙区办了展会。\n"})
    question = analyse("6月3日发生了哪几件事？")
    started = next(u for u in library.units if "启用" in u.text)
    others = [u for u in library.units if u.doc_id == started.doc_id and u != started]
    scored = [Scored(started, 2.0, {}), *(Scored(unit, 1.0, {}) for unit in others)]
    texts = [unit.text for unit in events_of_day(question, scored, library)]
    # Only of the documents that were found; the second report of one signing is not repeated.
    assert texts == ["6月3日，乙区的数据中心同时启用。", "6月3日，甲区与乙区签署合作协议。"]
    # A clause with a year of its own is of another day.
    other = analyse("2024年6月3日发生了哪几件事？")
    dated = make_library({"a": NEWS + "2023年6月3日，丙区办了展会。\n"})
    assert all(
        "展会" not in u.text for u in events_of_day(other, [Scored(u, 1.0, {}) for u in dated.units], dated)
    )
    assert events_of_day(analyse("6月3日签的协议定了什么目标？"), scored, library) == []
    whole = Part(question, scored, TermMatcher(question, library))
    draft = read(Reading(whole, (), (), library, load_replies(ROOT / "prompts")))
    assert (draft.route, [line.text for line in draft.lines]) == ("day", texts)


def test_a_day_may_be_told_by_what_happened(make_library: MakeLibrary) -> None:
    assert that_day("甲乙专线打通当天，乙区哪条路动工？") == ("甲乙专线打通", "乙区哪条路动工？")
    assert that_day("专线打通的那天乙区哪条路动工？") == ("专线打通", "乙区哪条路动工？")
    assert that_day("6月3日当天乙区哪条路动工？") is None
    assert that_day("专线哪天打通？") is None
    library = make_library({"a": NEWS})
    assert [day_of(u) for u in library.units if "启用" in u.text or "展厅" in u.text] == ["", "6月3日"]
