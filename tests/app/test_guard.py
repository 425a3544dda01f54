"""The last check: what an answer line says in figures and negations stands in the spans that it cites."""

from collections.abc import Callable, Mapping

import pytest

from app.answer.draft import Line, Span
from app.answer.guard import check, unsupported
from app.answer.library import Library

MakeLibrary = Callable[[Mapping[str, str]], Library]
TEXT = (
    "到2025年，两市汽车产量达到300万辆，总投资1200亿元，占比5.7%。"
    "探索建立户口不迁的机制，任何一方不得单独退出。面积６，０００平方米。"
)


@pytest.fixture(scope="module")
def library(make_library: MakeLibrary) -> Library:
    return make_library({"a": TEXT})


def line(text: str, library: Library, quote: str = TEXT, counted: int | None = None) -> Line:
    start = library.documents["a"].text.index(quote)
    return Line(text, (Span("a", 0, start, start + len(quote)),), counted)


@pytest.mark.parametrize(
    "said",
    [
        TEXT,
        "总投资1200亿元。",
        "占比５.７%。",
        "面积6000平方米。",
        "面积6,000平方米。",
        "1. 到2025年，汽车产量达到300万辆。",
        "任何一方不得单独退出。",
        "两市共建机制。",
    ],
)
def test_what_the_cited_span_says_is_supported(library: Library, said: str) -> None:
    assert unsupported(line(said, library), library) == []


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("总投资200亿元。", "200"),
        ("总投资12000亿元。", "12000"),
        ("总投资120亿元。", "120"),
        ("到2030年，汽车产量达到300万辆。", "2030"),
        ("占比57%。", "57"),
        ("占比5.77%。", "5.77"),
        ("占比7%。", "7"),
        ("占比5%。", "5"),
        ("1. 产量达到301万辆。", "301"),
        ("产量达到301万辆，1. 占比5.7%。", "301"),
    ],
)
def test_another_figure_is_named_even_where_it_is_part_of_the_right_one(
    library: Library, said: str, problem: str
) -> None:
    assert problem in unsupported(line(said, library), library)


def test_a_figure_must_stand_in_the_span_and_not_elsewhere_in_the_document(library: Library) -> None:
    assert unsupported(line("占比5.7%。", library, quote="总投资1200亿元"), library) == ["5.7"]


def test_several_spans_support_one_line_together(library: Library) -> None:
    one, other = line("", library, quote="总投资1200亿元"), line("", library, quote="占比5.7%")
    both = Line("总投资1200亿元，占比5.7%。", (*one.spans, *other.spans))
    assert unsupported(both, library) == []
    assert unsupported(Line(both.text, one.spans), library) == ["5.7"]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("双方不再探索机制。", "不再"),
        ("双方没有建立机制。", "没有"),
        ("机制尚未建立。", "未"),
        ("禁止单独退出。", "禁止"),
        ("企业不能退出。", "不能"),
        ("这不是机制。", "不是"),
    ],
)
def test_an_inserted_negation_is_named(library: Library, said: str, problem: str) -> None:
    assert problem in unsupported(line(said, library), library)


def test_a_negation_of_the_source_may_be_said_in_either_script(library: Library) -> None:
    assert unsupported(line("任何一方不得單獨退出。", library), library) == []


def test_a_counted_list_may_say_its_count_and_no_other_figure(library: Library) -> None:
    assert unsupported(Line("共9项：", (), 9), library) == []
    assert unsupported(Line("共9项，投资12亿元：", (), 9), library) == ["12"]
    assert unsupported(Line("共10项：", (), 9), library) == ["10"]


def test_a_line_without_spans_has_no_figure_of_its_own(library: Library) -> None:
    assert unsupported(Line("相同："), library) == []
    assert unsupported(Line("2025年的情况："), library) == ["2025"]


def test_the_number_of_a_list_item_is_no_figure_but_the_figures_after_it_are(library: Library) -> None:
    assert unsupported(line("12. 两市共建机制", library), library) == []
    assert unsupported(line("12、 两市共建机制", library), library) == []
    assert unsupported(line("12. 投资34亿元", library), library) == ["34"]
    assert unsupported(line("1.2亿元", library), library) == ["1.2"]


def test_check_marks_the_wrong_line_alone_and_reports_what_was_wrong(library: Library) -> None:
    right, wrong = line("总投资1200亿元。", library), line("到2030年投资200亿元。", library)
    checked, problems = check([right, wrong], library, mark="（未核实）")
    assert checked[0] == right
    assert checked[1].text == "到2030年投资200亿元。（未核实）"
    assert checked[1].spans == wrong.spans
    assert problems == ("200", "2030")


def test_check_of_sound_lines_changes_nothing(library: Library) -> None:
    lines = [Line("共2项：", (), 2), line("1. 总投资1200亿元", library), line("2. 占比5.7%", library)]
    assert check(lines, library, mark="（未核实）") == (lines, ())


@pytest.mark.parametrize("said", ["总投资不达1200亿元。", "双方不探索建立机制。"])
def test_an_inserted_bu_is_named(library: Library, said: str) -> None:
    assert unsupported(line(said, library, quote=TEXT[: TEXT.index("不迁")]), library) == ["不"]


@pytest.mark.parametrize("said", ["汽车产量达到300亿辆。", "占比1200%。"])
def test_the_right_digits_with_another_scale_or_unit_are_named(library: Library, said: str) -> None:
    assert unsupported(line(said, library), library)


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        ("4月签的协议：七个方面。", []),
        ("2020年签的协议。", []),
        ("5月签的协议。", ["5"]),
        ("2021年签的协议。", ["2021"]),
    ],
)
def test_a_month_stands_in_a_day_of_it(make_library: MakeLibrary, said: str, problems: list[str]) -> None:
    text = "2020年4月23日，双方签署协议，在七个方面合作。"
    library = make_library({"a": text})
    assert unsupported(line(said, library, text), library) == problems
