"""Enumerations inside a sentence: their items, the count they state, and what is no enumeration."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.answer.enumerations import find_enumerations, split_items


def read(sentence: str) -> list[tuple[list[str], int | None]]:
    return [([sentence[a:b] for a, b in found.items], found.stated) for found in find_enumerations(sentence)]


@pytest.mark.parametrize(
    ("sentence", "items", "stated"),
    [
        ("涉及北碚、沙坪坝、九龙坡、江津、璧山5个区", ["北碚", "沙坪坝", "九龙坡", "江津", "璧山"], 5),
        ("合作事项包括规划协同、创新协同、会展协同3项。", ["规划协同", "创新协同", "会展协同"], 3),
        ("包括：规划、创新、会展等", ["规划", "创新", "会展"], None),
        ("包括规划、创新、会展等三个方面", ["规划", "创新", "会展"], 3),
        ("包括规划、创新、会展和开放等4个方面", ["规划", "创新", "会展", "开放"], 4),
        ("涵盖规划、创新、会展以及开放四个领域", ["规划", "创新", "会展", "开放"], 4),
        ("围绕规划、创新、会展", ["规划", "创新", "会展"], None),
    ],
)
def test_items_and_the_count_that_the_sentence_states(sentence: str, items: list[str], stated: int | None) -> None:
    assert read(sentence) == [(items, stated)]


def test_a_separator_in_brackets_or_marks_does_not_cut_an_item() -> None:
    assert read("包括创新（一、二期）、“规划、开放”、《甲、乙协议》三项") == [
        (["创新（一、二期）", "“规划、开放”", "《甲、乙协议》"], 3)
    ]


def test_he_joins_two_items_only_where_the_count_says_so() -> None:
    assert read("包括文化和旅游、创新、会展3项") == [(["文化和旅游", "创新", "会展"], 3)]
    assert read("包括创新、会展、文化和旅游3项") == [(["创新", "会展", "文化和旅游"], 3)]
    assert read("包括创新、会展、文化和旅游4项") == [(["创新", "会展", "文化", "旅游"], 4)]


@pytest.mark.parametrize("sentence", ["规划、创新", "双方共建平台。", "", "、", "甲、乙、", "规划，创新，会展"])
def test_fewer_than_three_items_are_no_enumeration(sentence: str) -> None:
    assert find_enumerations(sentence) == []


def test_a_count_that_does_not_fit_is_not_taken_for_the_lists_own() -> None:
    (found,) = find_enumerations("包括规划、创新、会展等10项")
    assert len(found.items) == 3
    assert found.stated is None


def test_the_longest_enumeration_comes_first() -> None:
    sentence = "面向甲、乙、丙三地，建设交通、金融、文旅、会展四个平台。"
    assert [len(items) for items, _ in read(sentence)] == [4, 3]


def test_a_comma_ends_an_enumeration() -> None:
    assert read("包括规划、创新、会展，开放、人才") == [(["规划", "创新", "会展"], None)]


_ITEM = st.text("规划创新会展开放人才金融交通", min_size=2, max_size=6)


@given(st.lists(_ITEM, min_size=3, max_size=12))
def test_as_many_items_are_found_as_were_listed(items: list[str]) -> None:
    sentence = f"合作内容包括{'、'.join(items)}共{len(items)}项。"
    (found,) = find_enumerations(sentence)
    assert len(found.items) == len(items)
    assert [sentence[a:b] for a, b in found.items[:-1]] == items[:-1]
    assert found.stated == len(items)


@given(st.text("甲乙、，。（）“”《》和等包括三3项个 ", max_size=40))
@example("（、、）")
def test_items_are_ordered_spans_of_the_sentence_that_hold_something(sentence: str) -> None:
    for found in find_enumerations(sentence):
        assert len(found.items) >= 3
        position = 0
        for start, end in found.items:
            assert position <= start < end <= len(sentence)
            assert sentence[start:end].strip()
            position = end


@given(st.text("甲乙、（）“”《》", max_size=30))
def test_pieces_and_separators_make_up_the_text(text: str) -> None:
    assert "、".join(text[a:b] for a, b in split_items(text)) == text


def test_items_in_brackets_are_counted_by_the_figure_before_them() -> None:
    sentence = "谋划轨道交通，东西向4条（甲线、乙线、丙线、丁线），南北向3条（子线、丑线、寅线）。"
    assert read(sentence) == [(["甲线", "乙线", "丙线", "丁线"], 4), (["子线", "丑线", "寅线"], 3)]


def test_a_verb_before_the_first_item_governs_all_of_them() -> None:
    assert read("推进南湖小区、北湖小区、东湖大厦等3个改造项目。") == [(["南湖小区", "北湖小区", "东湖大厦"], 3)]


def test_a_phase_is_no_count() -> None:
    assert read("推动19号线、17号线、15号线三期。")[0][1] is None
