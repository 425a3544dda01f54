"""What is added to a chosen sentence: the month of a day that it gives alone, the points it announces."""

from collections.abc import Callable, Mapping

import pytest

from app.answer.analyse import analyse
from app.answer.completion import completed, month_of, with_actor, with_antecedent, with_points
from app.answer.library import Library, Unit

MakeLibrary = Callable[[Mapping[str, str]], Library]
DAY = "17日，甲市与乙市签署协议。"


def unit(library: Library, start: str) -> Unit:
    return next(u for u in library.units if u.text.startswith(start))


@pytest.mark.parametrize(
    ("before", "month"),
    [
        ("12月17日，两地集中签约。", "12月17日，两地集中签约。"),
        ("2021年12月17日，两地集中签约。", "2021年12月17日，两地集中签约。"),
        ("12月7日，两地集中签约。", None),
        ("两地集中签约。", None),
    ],
)
def test_the_month_is_that_of_the_same_day_before(
    make_library: MakeLibrary, before: str, month: str | None
) -> None:
    library = make_library({"news": f"{before}会后参观。{DAY}"})
    assert [u.text for u in month_of(unit(library, "17日"), library)] == ([month] if month else [])


def test_a_month_alone_is_no_day(make_library: MakeLibrary) -> None:
    library = make_library({"news": "3月5日，两地集中签约。会后参观。5月，甲市与乙市互访最多。"})
    assert month_of(unit(library, "5月"), library) == []


def test_another_document_does_not_give_the_month(make_library: MakeLibrary) -> None:
    library = make_library({"a": "12月17日，两地集中签约。", "b": f"会议开始。{DAY}"})
    assert month_of(unit(library, "17日"), library) == []


def test_the_month_is_added_where_a_date_is_asked_and_not_elsewhere(make_library: MakeLibrary) -> None:
    library = make_library({"news": f"12月17日，两地集中签约。会后参观。{DAY}"})
    chosen = [unit(library, "17日")]
    asked = completed(chosen, analyse("协议是什么时候签署的？"), library)
    assert [u.text[:3] for u in asked] == ["17日", "12月"]
    assert completed(chosen, analyse("甲市与谁签署了协议？"), library) == chosen


def test_a_whole_date_needs_nothing(make_library: MakeLibrary) -> None:
    library = make_library({"news": "12月17日，两地集中签约。12月17日，甲市与乙市签署协议。"})
    chosen = [library.units[-1]]
    assert completed(chosen, analyse("协议是什么时候签署的？"), library) == chosen


POINTS = (
    "校长张某：建议两地在三个方面协作。\n"
    "首先，共享课程。\n其次，互派教师。教师可以跨校任教。\n最后，合办赛事。\n会议结束。"
)


def test_the_points_that_a_sentence_announces_follow_it(make_library: MakeLibrary) -> None:
    library = make_library({"talk": POINTS, "other": "首先，天气晴朗。"})
    found = with_points([unit(library, "校长")], library)
    assert [u.text[:2] for u in found] == ["校长", "首先", "其次", "最后"]


def test_one_point_brings_the_others(make_library: MakeLibrary) -> None:
    library = make_library({"talk": POINTS})
    found = with_points([unit(library, "其次")], library)
    assert [u.text[:2] for u in found] == ["首先", "其次", "最后"]


def test_a_sentence_without_points_behind_it_stands_alone(make_library: MakeLibrary) -> None:
    library = make_library({"talk": "建议两地在三个方面协作。\n会议结束。\n首先，散场。"})
    chosen = [unit(library, "建议")]
    assert with_points(chosen, library) == chosen


FIRM = "比如，甲江公司建设码头。堆场全部换上无人吊车。仅此一项，就节约成本300万元。"


@pytest.mark.parametrize(
    ("question", "led"),
    [
        ("换上无人吊车的是哪家企业？省了多少钱？", True),
        ("换上无人吊车省了多少钱？", False),
    ],
)
def test_who_acts_is_named_by_an_earlier_sentence_of_the_paragraph(
    make_library: MakeLibrary, question: str, led: bool
) -> None:
    library = make_library({"news": FIRM})
    chosen = [unit(library, "仅此一项")]
    found = with_actor(chosen, analyse(question), library)
    assert [u.text[:2] for u in found] == (["比如", "仅此"] if led else ["仅此"])


def test_a_sentence_that_points_is_led_by_the_one_that_names(make_library: MakeLibrary) -> None:
    text = "周末，位于湖边的青鸾公园迎来市民。在这个公园，池水倒映天空，被称为“镜子”。"
    library = make_library({"a": text})
    points = unit(library, "在这个公园")
    asked = analyse("被叫作“镜子”的公园，正经名字叫什么？")
    assert [u.text[:2] for u in with_antecedent([points], asked, library)] == ["周末", "在这"]
    other = analyse("公园的池水倒映几种景色？")
    assert with_antecedent([points], other, library) == [points]
