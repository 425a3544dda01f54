"""Sentence spans: where they end, where they must not, and that nothing falls between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sentences import split_sentences


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("建立机制。加强合作！如何建设？", ["建立机制。", "加强合作！", "如何建设？"]),
        (
            "推动数据共享;推动信用体系建设;5G网络全覆盖。",
            ["推动数据共享;", "推动信用体系建设;", "5G网络全覆盖。"],
        ),
        ("计划到2025年,产值6000.5亿元。", ["计划到2025年,产值6000.5亿元。"]),
        ("一、总则\n要认真落实。", ["一、总则", "要认真落实。"]),
        ("按《关于“两新”。的意见》执行。完", ["按《关于“两新”。的意见》执行。", "完"]),
        ("（含车辆。设备）共三类。", ["（含车辆。设备）共三类。"]),
        ("贯通运营的铁路线……瞄准惠民生。", ["贯通运营的铁路线……", "瞄准惠民生。"]),
        ("警务、政务、公证…… 合作协议签不停", ["警务、政务、公证…… 合作协议签不停"]),
        (" 　 ", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_quotation_stays_with_its_speaker() -> None:
    assert sentences("“这象征着合作。很好！”刘某说。会议结束。") == [
        "“这象征着合作。很好！”刘某说。",
        "会议结束。",
    ]


def test_a_quoted_full_sentence_ends_the_sentence_before_a_new_subject() -> None:
    assert sentences("他说：“很好。”两区将加强合作。") == ["他说：“很好。”", "两区将加强合作。"]


def test_an_unclosed_bracket_does_not_swallow_the_line() -> None:
    assert sentences("（一加强领导。二落实责任。") == ["（一加强领导。", "二落实责任。"]


def test_a_very_long_quotation_is_split_inside() -> None:
    quoted = "要加快推进各项重点任务落地见效并持续抓好督促检查。" * 12
    assert len(sentences(f"他说：“{quoted}”")) > 1


def test_only_the_asked_range_is_split() -> None:
    text = "甲乙。丙丁。戊己。"
    assert split_sentences(text, 3, 6) == [(3, 6)]


@given(st.text(alphabet="建设。！？；;…“”‘’（）()《》，,：5.G说 \n", max_size=80))
def test_spans_are_ordered_trimmed_and_leave_no_ink_out(text: str) -> None:
    position = 0
    for start, end in split_sentences(text):
        assert start >= position
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip() != ""
        assert "\n" not in text[start:end]
        position = end
    assert not text[position:].strip()
