"""Folding for comparison: what it makes equal, and what it must keep apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answer.fold import content_key, fold, simplify

# Both widths, both scripts, figures, marks, white space, a rare character and an emoji.
_ALPHABET = "甲乙双方簽署协议規劃面积２０2500%％．.，,。、“”《》（） \u3000\n—-ＡａbKm²㎡𠮷😀"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("２０２７年， 達到 5.7％", "2027年,达到5.7%"),
        ("ＧＤＰ", "gdp"),
        ("簽署協議", "签署协议"),
        ("面积 1198\u3000平方 公里\n", "面积1198平方公里"),
        ("㎡与km²", "m2与km2"),
        ("", ""),
    ],
)
def test_width_script_case_and_space_are_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_ascii_needs_no_conversion_of_script() -> None:
    assert simplify("plan 2027") == "plan 2027"
    assert simplify("規劃") == "规划"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("规划面积1198 平方公里。", "规划面积1198平方公里"),
        ("“一城多园”模式，共建。", "“一城多园”模式,共建"),
        ("《协议》（下称《协议》）", "《协议》(下称《协议》)"),
        ("產值6,000億元", "产值6000亿元"),
    ],
)
def test_copies_that_differ_in_punctuation_width_and_script_have_one_key(one: str, other: str) -> None:
    assert content_key(one) == content_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("占比5.7%", "占比57%"),
        ("占比5.7%", "占比5.7"),
        ("到2025年", "到2030年"),
        ("户口要迁", "户口不迁"),
        ("1200亿元", "200亿元"),
        ("甲市与乙市", "乙市与甲市"),
    ],
)
def test_another_figure_negation_or_order_is_another_key(one: str, other: str) -> None:
    assert content_key(one) != content_key(other)


@given(st.text(_ALPHABET, max_size=40))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert content_key(content_key(text)) == content_key(text)


@given(st.text(_ALPHABET, max_size=40))
def test_folded_text_has_no_white_space_and_its_key_no_punctuation(text: str) -> None:
    assert not any(char.isspace() for char in fold(text))
    assert not set(content_key(text)) & set("，,。、“”《》（）()— \u3000\n")


@given(st.text(_ALPHABET, max_size=20), st.text(" \u3000\n\t", max_size=5), st.text(_ALPHABET, max_size=20))
def test_white_space_between_words_never_matters(before: str, space: str, after: str) -> None:
    assert fold(before + space + after) == fold(before + after)
