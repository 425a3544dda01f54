"""From spans to a cited text: markers, exact quotes, copies in other documents, and how quotes are shown."""

import re
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answer.draft import MAX_SOURCES, Line, cite, shown, span_of, with_twins
from app.answer.library import Library

MakeLibrary = Callable[[Mapping[str, str]], Library]
NEWS = "两市共建西部金融中心，总投资1200亿元。\n双方每年召开一次联席会议😀。\n户口不迁、关系不转。"
# The same sentences as another paper printed them, then as a third did, with one figure changed.
COPY = "昨日消息。\n两市共建西部金融中心,总投资1200亿元。\n双方每年召开一次联席会议😀。"
OTHER = "两市共建西部金融中心，总投资1300亿元。"


@pytest.fixture(scope="module")
def library(make_library: MakeLibrary) -> Library:
    return make_library({"a": NEWS, "b": COPY, "c": OTHER})


def unit(library: Library, doc_id: str, words: str) -> int:
    return next(u.number for u in library.units if u.doc_id == doc_id and words in u.text)


def test_each_grounded_line_ends_in_the_markers_of_its_spans(library: Library) -> None:
    money, meeting = (library.units[unit(library, "a", words)] for words in ("总投资", "每年"))
    lines = [
        Line("共2项：", (), 2),
        Line("1. 投资", (span_of(money),)),
        Line("2. 会议", (span_of(meeting), span_of(money))),
    ]
    text, citations = cite(lines, library)
    assert text == "共2项：\n1. 投资[1]\n2. 会议[2][1]"
    assert [c.marker for c in citations] == [1, 2]


def test_a_span_cited_twice_is_one_citation(library: Library) -> None:
    span = span_of(library.units[unit(library, "a", "总投资")])
    text, citations = cite([Line("甲", (span,)), Line("乙", (span,))], library)
    assert text == "甲[1]\n乙[1]"
    assert len(citations) == 1


def test_no_lines_make_no_text_and_no_citation(library: Library) -> None:
    assert cite([], library) == ("", ())


def test_a_quote_is_exactly_the_cited_characters_of_its_document(library: Library) -> None:
    lines = [Line(one.text, (span_of(one),)) for one in library.units]
    _, citations = cite(lines, library)
    assert len(citations) == len(library.units) >= 7
    for citation, one in zip(citations, library.units, strict=True):
        document = library.documents[citation.passage.doc_id]
        assert citation.quote == document.text[citation.start : citation.end] == one.text
        assert citation.passage.start <= citation.start < citation.end <= citation.passage.end


def test_a_copy_in_another_document_is_cited_too(library: Library) -> None:
    spans = with_twins(library.units[unit(library, "a", "总投资")], library)
    assert [span.doc_id for span in spans] == ["a", "b"]
    quotes = [library.documents[s.doc_id].text[s.start : s.end] for s in spans]
    assert quotes == ["两市共建西部金融中心，总投资1200亿元。", "两市共建西部金融中心,总投资1200亿元。"]


def test_a_look_alike_with_another_figure_is_no_copy(library: Library) -> None:
    spans = with_twins(library.units[unit(library, "c", "1300")], library)
    assert [span.doc_id for span in spans] == ["c"]


def test_the_copy_found_first_is_cited_first(library: Library) -> None:
    spans = with_twins(library.units[unit(library, "b", "总投资")], library)
    assert [span.doc_id for span in spans] == ["b", "a"]


def test_at_most_three_sources_and_one_of_each_document(make_library: MakeLibrary) -> None:
    sentence = "双方共建共享重大科技基础设施。"
    library = make_library({name: f"{sentence}\n第{n}次。\n{sentence}" for n, name in enumerate("abcde")})
    spans = with_twins(library.units[0], library)
    assert len(spans) == MAX_SOURCES == 3
    assert [span.doc_id for span in spans] == ["a", "b", "c"]


def test_short_sentences_are_too_common_to_be_copies(make_library: MakeLibrary) -> None:
    library = make_library({"a": "共建平台。", "b": "共建平台。"})
    assert len(with_twins(library.units[0], library)) == 1


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("[ 发文字号 ] | 某发〔2023〕8号 |", "发文字号：某发〔2023〕8号"),
        ("【成文日期】| 2023-04-26", "成文日期：2023-04-26"),
        ("双方共建\n  平台。", "双方共建平台。"),
        ("  双方共建平台。\n", "双方共建平台。"),
        ("双方共建平台。", "双方共建平台。"),
        ("[ 甲 ] | 一 | [ 乙 ] | 二 |", "[ 甲 ] | 一 | [ 乙 ] | 二 |"),
    ],
)
def test_a_quote_is_shown_without_the_marks_of_its_layout(quote: str, text: str) -> None:
    assert shown(quote) == text


@given(st.text("甲乙0123456789.%不未\n \u3000，。|[]：", max_size=40))
def test_showing_a_quote_never_changes_a_figure_or_a_word(quote: str) -> None:
    def words(text: str) -> str:
        return re.sub(r"[\s|\[\]：]", "", text)

    assert words(shown(quote)) == words(quote)


def test_a_quoted_table_row_has_its_marker_too(make_library: MakeLibrary) -> None:
    library = make_library({"a": "| 指标 | 2027年目标 |\n| 研发投入占比 | 5.7% |\n双方共建平台。"})
    row = next(u for u in library.units if "5.7%" in u.text)
    text, citations = cite([Line(shown(row.text), (span_of(row),))], library)
    assert [int(n) for n in re.findall(r"\[(\d+)\]", text)] == [c.marker for c in citations]


def test_a_range_is_no_copy_of_the_figure_that_its_digits_make(make_library: MakeLibrary) -> None:
    library = make_library({"a": "力争3—5年内建成综合性平台。", "b": "力争35年内建成综合性平台。"})
    assert len(with_twins(library.units[0], library)) == 1
