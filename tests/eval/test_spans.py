import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from eval.spans import Locator, Span, SquashedDocument, coverage, covered_chars, squash

TEXT = "　两市汽车\n产量将达到 300 万辆（含\r\n新能源），实现产值６０００亿元。\n\n两市汽车产量将达到300万辆"


def test_a_quote_is_found_over_line_breaks_width_and_case_of_punctuation() -> None:
    spans = SquashedDocument("a", TEXT).find("产量将达到300万辆(含新能源),实现产值6000亿元")
    assert [TEXT[s.start : s.end] for s in spans] == ["产量将达到 300 万辆（含\r\n新能源），实现产值６０００亿元"]


def test_every_copy_is_found_and_curly_quotes_match_straight_ones() -> None:
    assert len(SquashedDocument("a", TEXT).find("两市汽车产量")) == 2
    assert SquashedDocument("a", "“一城多园”模式").find('"一城多园"') == [Span("a", 0, 6)]
    assert SquashedDocument("a", TEXT).find("") == []
    assert SquashedDocument("a", TEXT).find("没有这句话") == []


def test_the_locator_returns_copies_in_other_documents_once() -> None:
    locator = Locator({"a": "共建西部\n科学城。", "b": "前言。共建西部科学城。"})
    assert locator.locate(["共建西部科学城", "共建西部科学城"]) == (Span("a", 0, 8), Span("b", 3, 10))
    assert locator.text_of(Span("a", 0, 8)) == "共建西部\n科学城"


@given(st.text(alphabet='两市汽车３3 \n（(“"…㎢Ⅴ。\u3000\u200b😀𠮷', min_size=1, max_size=40), st.data())
def test_any_stretch_of_a_document_is_found_where_it_stands(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    squashed, offsets = squash(text[start:end])
    if squashed:
        whole = SquashedDocument("a", text).find(text[start:end])
        assert Span("a", start + offsets[0], start + offsets[-1] + 1) in whole


@given(st.text(max_size=30))
def test_squash_gives_one_offset_per_character_in_order_without_white_space(text: str) -> None:
    squashed, offsets = squash(text)
    assert len(squashed) == len(offsets)
    assert offsets == sorted(offsets)
    assert not any(char.isspace() for char in squashed)
    assert squashed == "".join(squash(char)[0] for char in text)
    assert all(unicodedata.normalize("NFKC", char) == char for char in squashed)


def test_coverage_counts_overlaps_once_and_only_in_the_same_document() -> None:
    gold = Span("a", 10, 20)
    assert covered_chars(gold, [Span("a", 0, 12), Span("a", 11, 14), Span("a", 18, 30), Span("b", 10, 20)]) == 6
    assert coverage(gold, [Span("a", 0, 15)]) == 0.5
    assert coverage(gold, []) == 0.0
