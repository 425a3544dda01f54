"""Decoding: every encoding that Chinese files come in, and a plain error for what is not text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import CorpusError
from index.parse.text import read_text

SIMPLIFIED = "第一条　为了推动成渝地区双城经济圈建设，根据有关法律，制定本办法。\n到2025年，产值达到6000亿元。"
TRADITIONAL = "第一條　為了推動區域發展，根據有關規定，制定本辦法。\n這個計畫的目標是協同創新。"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "gbk"]
)
def test_simplified_text_is_read_in_every_common_encoding(encoding: str) -> None:
    assert read_text(SIMPLIFIED.encode(encoding), name="a.txt") == SIMPLIFIED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030", "big5hkscs"])
def test_traditional_text_is_read_in_every_common_encoding(encoding: str) -> None:
    assert read_text(TRADITIONAL.encode(encoding), name="a.txt") == TRADITIONAL


def test_rare_characters_and_emoji_survive_gb18030() -> None:
    text = "𠮷林省㙓镇的规划😀，发展目标是到2030年。"
    assert read_text(text.encode("gb18030"), name="a.txt") == text


@pytest.mark.parametrize("line_end", ["\r\n", "\r", "\n", "\u2028", "\x85"])
def test_every_line_end_becomes_a_newline(line_end: str) -> None:
    assert read_text(f"一、总则{line_end}二、措施".encode(), name="a.txt") == "一、总则\n二、措施"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        ("　\n　".encode(), "blanks"),
        (b"%PDF-1.7 \x00\x01", "PDF"),
        (b"PK\x03\x04\x14\x00", "zip"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (bytes(range(256)) * 4, "binary"),
        (b"\x00" * 64, "binary"),
        (b"\xff\xff\xff\xff\xff", "unknown encoding"),
    ],
)
def test_what_is_not_text_is_an_error_that_names_the_file(data: bytes, said: str) -> None:
    with pytest.raises(CorpusError, match=said) as raised:
        read_text(data, name="坏.txt")
    assert "坏.txt" in str(raised.value)


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1).filter(lambda t: t.strip()))
def test_utf8_round_trips_but_for_line_ends(text: str) -> None:
    if text.startswith("\ufeff"):
        text = "字" + text
    expected = text.replace("\u2028", "\n").replace("\u2029", "\n")
    if expected.strip():
        assert read_text(text.encode("utf-8"), name="a.txt") == expected
