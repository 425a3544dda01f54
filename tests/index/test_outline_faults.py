"""Texts on which an outline could go wrong: no structure, nothing but structure, references, tables."""

from __future__ import annotations

import pytest

from index.outline import Section, build_outline, find_fault, walk
from index.passages import make_passages
from index.types import Document, Passage

CLAUSE = "为了深入贯彻落实决策部署，加快建设科技创新中心，结合实际，制定本计划。"


def cut(text: str, max_chars: int = 400) -> list[Passage]:
    return make_passages(Document("d", "题", text, "d.txt", "0"), build_outline(text), max_chars=max_chars)


def articles(text: str) -> list[str]:
    return [section.label for section, _ in walk(build_outline(text)) if section.kind == "article"]


def section(kind: str, start: int, end: int, *children: Section, heading: str = "", level: int = 0) -> Section:
    return Section(kind, "", heading, start, end, start + len(heading), level, children)


# --------------------------------------------------------------------------- too little, too much


def test_one_giant_paragraph_is_cut_at_its_sentence_ends() -> None:
    passages = cut(CLAUSE * 120)
    assert len(passages) == 11  # 4,200 characters in eleven parts of at most 11 sentences of 35
    assert all(passage.text.endswith("。") and len(passage.text) <= 400 for passage in passages)


def test_text_without_any_stop_still_has_passages_of_the_limit() -> None:
    assert [len(passage.text) for passage in cut("推进建设" * 2000)] == [400] * 20


@pytest.mark.parametrize(
    "text",
    [
        "名单\n" + "\n".join(f"某镇{number}" for number in range(400)),
        "任务清单\n" + "\n".join(f"{number}. 建设某村" for number in range(1, 99)),
        "\n".join(f"（{'一二三四五六七八九'[at % 9]}）建设项目{at}" for at in range(300)),
        "\n".join(f"- 某单位{at}" for at in range(300)),
    ],
)
def test_hundreds_of_crumbs_are_gathered(text: str) -> None:
    passages = cut(text)
    assert len(passages) <= text.count("\n") / 20
    assert sum(len(passage.text) < 25 for passage in passages) <= 1
    assert "".join("".join(passage.text.split()) for passage in passages) == "".join(text.split())


def test_a_page_of_short_lines_is_not_a_page_of_headings() -> None:
    lines = [
        line for n in range(10) for line in (f"标语口号第{n}条好", f"奋进新征程{n}", "正文在这里，只有一句。")
    ]
    outline = build_outline("\n".join(lines))
    headings = [found for found, _ in walk(outline) if found.kind == "heading" and found.heading]
    assert len(headings) <= 1  # the title at most
    assert find_fault(outline, "\n".join(lines)) is None


def test_the_validator_names_each_fault() -> None:
    text = "\n".join(["甲乙丙丁"] * 8)
    plain = [section("heading", at * 5, at * 5 + 4, heading="甲乙丙丁", level=1) for at in range(8)]
    assert find_fault(section("document", 0, len(text), *plain), text) == "8 of 8 lines are plain headings"
    prose = [section("paragraph", at * 5, at * 5 + 4, level=1) for at in range(8)]
    assert find_fault(section("document", 0, len(text), *prose), text) is None
    assert "do not tile" in (find_fault(section("document", 0, len(text), *prose[1:]), text) or "")
    assert "after its last child" in (find_fault(section("document", 0, len(text), *prose[:-1]), text) or "")
    deep = section("paragraph", 0, len(text), level=11)
    assert find_fault(section("document", 0, len(text), deep), text) == "sections nest more than 10 deep"
    long_headings = "\n".join(["甲" * 20, "乙。", "丙。"] * 3)
    found = [section("heading", at * 27, at * 27 + 26, heading="甲" * 20, level=1) for at in range(3)]
    assert "plain headings are 60 of 72 characters" in (
        find_fault(section("document", 0, len(long_headings), *found), long_headings) or ""
    )


# --------------------------------------------------------------------------- references


@pytest.mark.parametrize(
    "line",
    [
        "第三十条 的规定，责令改正。",
        "第十五条、第十六条规定的，从其规定。",
        "第二十条 由主管部门处罚的，另行规定。",
        "第一条 所称数据，是指记录。",
        "第九条第二款所列情形除外。",
    ],
)
def test_a_reference_at_the_head_of_a_broken_line_is_not_an_article(line: str) -> None:
    rule = (
        f"某市条例\n第一条 为了规范管理。\n第二条 适用于全市，违反\n{line}\n第三条 由主管部门负责。\n第四条 附则。"
    )
    assert articles(rule) == ["第一条", "第二条", "第三条", "第四条"]


def test_a_missing_article_does_not_make_the_next_one_a_reference() -> None:
    rule = "某市条例\n第一条 为了规范管理。\n第二条 适用于全市。\n第五条 由主管部门负责。\n第六条 附则。"
    assert articles(rule) == ["第一条", "第二条", "第五条", "第六条"]


def test_the_articles_of_an_annex_begin_again() -> None:
    rule = (
        "某协议\n第一条 合作宗旨。\n第二条 合作内容。\n附件\n第一条 人员名单。\n第二条 经费安排。\n第三条 其他。"
    )
    assert articles(rule) == ["第一条", "第二条", "第一条", "第二条", "第三条"]


# --------------------------------------------------------------------------- tables

ROWS = [f"| 甲{number}区 | 修路{number}条，架桥{number}座。 | 202{number % 10}年 |" for number in range(60)]


def test_a_table_stays_whole_with_its_caption_under_its_heading() -> None:
    table = "\n".join(["| 区 | 任务 | 期限 |", *ROWS[:5]])
    text = f"某市实施方案\n一、重点任务\n各区分工如下。\n表1 任务分工\n（单位：个）\n{table}\n二、保障\n加强领导。"
    (found,) = [passage for passage in cut(text) if "| 甲0区" in passage.text]
    assert found.heading_path == ("一、重点任务", "表1 任务分工")
    assert found.text == f"表1 任务分工\n（单位：个）\n{table}"
    assert [passage.heading_path for passage in cut(text)][-1] == ("二、保障",)


@pytest.mark.parametrize("caption", ["重点项目清单", "附表2：投资计划", "责任分工表（2023年）", "专栏3 重大工程"])
def test_captions_are_known_by_their_words(caption: str) -> None:
    text = f"某市实施方案\n一、重点任务\n加快建设。\n{caption}\n{ROWS[0]}\n{ROWS[1]}\n以上项目按期完成。"
    (found,) = [named for named, _ in walk(build_outline(text)) if named.kind == "run_in"]
    assert found.heading == caption
    assert text[found.body_start : found.end] == f"{ROWS[0]}\n{ROWS[1]}"


def test_a_long_table_is_cut_between_rows_only() -> None:
    text = "某市实施方案\n一、任务\n表1 任务分工\n" + "\n".join(ROWS)
    passages = [passage for passage in cut(text) if "甲" in passage.text]
    assert len(passages) > 3
    assert [line for passage in passages for line in passage.text.split("\n") if line.startswith("|")] == ROWS
    assert all(passage.heading_path[-1] == "表1 任务分工" for passage in passages)


def test_two_tables_and_a_heading_that_names_no_table() -> None:
    text = f"某市实施方案\n工作进展\n{ROWS[0]}\n{ROWS[1]}\n其他说明。\n{ROWS[2]}\n{ROWS[3]}"
    tables = [found for found, _ in walk(build_outline(text)) if text[found.start] == "|"]
    assert [text[found.start : found.end].count("\n") for found in tables] == [1, 1]
    assert "工作进展" in {found.heading for found, _ in walk(build_outline(text))}
