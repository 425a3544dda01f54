"""Passages: exact offsets, whole clauses, true heading paths, for the corpus and for any text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.corpus import load_corpus
from index.outline import build_outline
from index.parse.text import read_text
from index.passages import make_passages
from index.types import Document, Passage

CORPUS = Path(__file__).parents[2] / "corpus"
DOCUMENTS = load_corpus(CORPUS).documents


def document(text: str, title: str = "某规划") -> Document:
    return Document(doc_id="d", title=title, text=text, source="d.txt", sha256="0")


def passages(text: str, *, max_chars: int = 400, title: str = "某规划") -> list[Passage]:
    return make_passages(document(text, title), build_outline(text), max_chars=max_chars)


def check(found: list[Passage], text: str, max_chars: int) -> None:
    """The promises: exact text, in order, apart, short enough, and no ink left out."""
    position = 0
    for passage in found:
        assert text[passage.start : passage.end] == passage.text == passage.text.strip() != ""
        assert passage.start >= position
        assert not text[position : passage.start].strip()
        assert len(passage.text) <= max_chars
        assert passage.passage_id == f"d:{passage.start}-{passage.end}"
        position = passage.end
    assert not text[position:].strip()


def test_a_heading_goes_with_its_body_and_the_path_leaves_out_the_title() -> None:
    text = "某规划\n一、目标\n（一）总体目标\n建成具有影响力的科技创新中心。"
    (only,) = passages(text)
    assert only.text == text
    assert only.heading_path == ("一、目标", "（一）总体目标")


def test_each_named_clause_is_a_passage() -> None:
    text = (
        "某规划\n一、重点任务\n推进文物保护合作。加强保护、研究、利用方面的合作交流。\n"
        "推动博物馆协同发展。加快馆际交流,制定两市博物馆年度项目清单。"
    )
    assert [passage.heading_path[-1] for passage in passages(text)] == ["推进文物保护合作", "推动博物馆协同发展"]


def test_an_article_and_its_items_stay_together() -> None:
    text = (
        "某数据条例\n第一条 数据工作遵循下列原则：\n（一）统筹规划；\n（二）保障安全。\n"
        "第二条 本条例自2023年起施行，并由市政府负责解释。"
    )
    first, second = passages(text)
    assert first.text.endswith("（二）保障安全。")
    assert first.heading_path == ("第一条",)
    assert second.heading_path == ("第二条",)


def test_a_long_clause_is_cut_at_sentence_ends_into_even_passages_of_one_path() -> None:
    sentence = "推动成渝地区建设具有全国影响力的科技创新中心并不断完善协同机制。"
    text = "建设创新中心。" + sentence * 20
    found = passages(text)
    assert len(found) == 2
    assert {passage.heading_path for passage in found} == {("建设创新中心",)}
    assert all(passage.text.endswith("。") for passage in found)
    assert abs(len(found[0].text) - len(found[1].text)) <= len(sentence)


def test_short_paragraphs_of_one_section_join_and_a_block_break_parts_them() -> None:
    text = "本市召开会议，研究部署工作。\n会议强调落实。\n\n另一则消息，新港建成投运。"
    assert [passage.text for passage in passages(text)] == [
        "本市召开会议，研究部署工作。\n会议强调落实。",
        "另一则消息，新港建成投运。",
    ]


def test_a_question_goes_with_its_answer() -> None:
    text = (
        "双方明确，以一城多园模式合作共建西部科学城，依托科学城推进综合性国家科学中心建设，构建协同创新共同体，推动成果转化。\n"
        "如何做强一极？\n第一批支撑项目集中启动，涵盖空间科学、轨道交通等领域，共有六个项目列入清单，明年全部建成并投入使用。"
    )
    assert passages(text)[1].text.startswith("如何做强一极？")


@pytest.mark.parametrize(
    "whole",
    [
        "《成渝地区双城经济圈建设规划纲要》",
        "3,000.5亿元",
        "2023年4月26日",
        "（含新建、改建和扩建项目）",
        "2023—2027年",
    ],
)
def test_a_sentence_without_full_stops_is_never_cut_inside_a_name_or_figure(whole: str) -> None:
    for shift in range(45):
        text = "建" * shift + whole + "设" * 60
        assert any(whole in passage.text for passage in passages(text, max_chars=50)), shift


def test_a_limit_too_short_for_a_sentence_is_refused() -> None:
    with pytest.raises(ValueError, match="max_chars is 10"):
        passages("建设中心。", max_chars=10)


def test_no_text_has_no_passages() -> None:
    assert passages("") == []


@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_offsets_hold_whatever_the_file_was_written_in(line_end: str, encoding: str) -> None:
    raw = f"某规划{line_end}一、𠮷林目标😀{line_end}建成👨‍👩‍👧友好城市，产值达300亿元。{line_end}".encode(encoding)
    text = read_text(raw, name="a.txt")
    check(passages(text), text, 400)


@pytest.mark.parametrize("source", DOCUMENTS, ids=lambda source: source.doc_id[:3])
@pytest.mark.parametrize("max_chars", [120, 400])
def test_corpus_passages_keep_every_promise(source: Document, max_chars: int) -> None:
    found = make_passages(source, build_outline(source.text), max_chars=max_chars)
    position = 0
    for passage in found:
        assert source.text[passage.start : passage.end] == passage.text
        assert not source.text[position : passage.start].strip()
        assert len(passage.text) <= max_chars
        assert source.title not in passage.heading_path
        position = passage.end
    assert not source.text[position:].strip()


@pytest.mark.parametrize("source", DOCUMENTS, ids=lambda source: source.doc_id[:3])
def test_corpus_passages_are_neither_crumbs_nor_cut_sentences(source: Document) -> None:
    found = make_passages(source, build_outline(source.text))
    assert min(len(passage.text) for passage in found) >= 40
    assert [p.text[-12:] for p in found if not re.search(r"[。！!？?……：:）)|][”’]?$", p.text)] == []


_FRAGMENTS = st.sampled_from(
    [
        *["一、目标", "（一）", "第一章 总则", "第三条 ", "1.", "1 ", "①", "推进改革。"],
        *["开展交流。", "到2027年,", "3.14亿元", "《", "》", "“", "”", "（", "）", "。"],
        *[";", "，", "……", "\n", "\n\n", " ", "成渝地区双城经济圈建设", "👨\u200d👩", "𠮷"],
        *["2023年4月26日"],
    ]
)


@settings(max_examples=400)
@given(st.lists(st.one_of(_FRAGMENTS, st.text(max_size=4)), max_size=60).map("".join), st.integers(40, 200))
def test_any_text_is_cut_with_exact_offsets(text: str, max_chars: int) -> None:
    check(passages(text, max_chars=max_chars), text, max_chars)
