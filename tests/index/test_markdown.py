"""Markdown into blocks: marks go, words stay."""

from __future__ import annotations

import pytest

from index.errors import CorpusError
from index.parse.blocks import settle_headings
from index.parse.markdown import inline, read_markdown

OPINION = """---
title: "某市关于加快发展养老服务的意见"
date: 2023-05-01
---
<!-- 征求意见稿 -->
# 某市关于加快发展养老服务的意见

## 总体要求

坚持**以人民为中心**，推动[高质量发展](http://example.cn/a_(b))，到2027年全社会研发经费投入占地区生产总值的比重
达到5.7%，高新技术企业超过1000家。

## 重点任务

1. 完善设施
   1. 新建小区
   2. 老旧小区
2. 壮大队伍

* 设立基地

| 项目 | 金额（亿元） |
|:---|---:|
| 道路 | 3.5 |
| 桥梁 \\| 隧道 | 2 |
"""


def blocks(text: str, encoding: str = "utf-8") -> list[str]:
    return [line for line in read_markdown(text.encode(encoding), name="a.md").text.split("\n") if line]


def test_headings_lists_tables_and_paragraphs_in_order() -> None:
    assert blocks(OPINION) == [
        "# 某市关于加快发展养老服务的意见",
        "## 总体要求",
        "坚持以人民为中心，推动高质量发展，到2027年全社会研发经费投入占地区生产总值的比重达到5.7%，高新技术企业超过1000家。",
        "## 重点任务",
        "1. 完善设施",
        "1) 新建小区",
        "2) 老旧小区",
        "2. 壮大队伍",
        "- 设立基地",
        "| 项目 | 金额（亿元） |",
        "| 道路 | 3.5 |",
        "| 桥梁 ｜ 隧道 | 2 |",
    ]


def test_front_matter_gives_the_title_and_what_goes_is_reported() -> None:
    parsed = read_markdown(OPINION.encode(), name="a.md")
    assert parsed.title == "某市关于加快发展养老服务的意见"
    assert [item.step for item in parsed.removed] == ["front_matter", "comment"]
    assert parsed.removed[1].text == "<!-- 征求意见稿 -->"


def test_a_policy_kept_one_paragraph_a_line_is_not_joined() -> None:
    lines = ["各区人民政府：", "一、总体要求", "建立联席会议制度。", "（一）指导思想", "第二条 本办法适用于全市"]
    assert blocks("\n".join(lines)) == lines


def test_underlined_headings_rules_quotes_and_fences() -> None:
    text = "某办法\n====\n\n总则\n----\n\n> 引自上级文件。\n\n***\n\n```\n# 不是标题\n```\n"
    assert blocks(text) == ["# 某办法", "## 总则", "引自上级文件。", "# 不是标题"]


def test_a_table_written_in_html_is_a_table() -> None:
    assert blocks("<table><tr><td>年</td><td>值</td></tr><tr><td>2027</td><td>5.7%</td></tr></table>") == [
        "| 年 | 值 |",
        "| 2027 | 5.7% |",
    ]


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("**重点**和*次要*", "重点和次要"),
        ("当事人李**、王**", "当事人李**、王**"),
        ("3*4=12，5*6=30", "3*4=12，5*6=30"),
        ("![图1 规划范围](a.png)", "图1 规划范围"),
        ("见[附件][1]", "见附件"),
        ("甲&amp;乙<br>丙<u>丁</u>", "甲&乙 丙丁"),
        (r"\*不是强调\*", "*不是强调*"),
        ("file_name_x", "file_name_x"),
        ("产值<5%且>3%", "产值<5%且>3%"),
    ],
)
def test_marks_inside_a_line(marked: str, plain: str) -> None:
    assert inline(marked) == plain


def test_gb18030_is_read_too() -> None:
    assert blocks("# 某市办法\n\n为了规范管理，制定本办法。", "gb18030")[0] == "# 某市办法"


def test_an_empty_file_is_one_clear_line() -> None:
    with pytest.raises(CorpusError, match=r"a\.md: the file is empty"):
        read_markdown(b" \n", name="a.md")


def test_marks_stay_only_where_they_carry_the_structure() -> None:
    # One unnumbered heading among numbered ones: without marks its depth would be lost.
    mixed = ["# 某办法", "## 一、总则", "### 适用范围", "正文", "## 第二章 责任"]
    assert settle_headings(mixed) == ["某办法", "## 一、总则", "### 适用范围", "正文", "第二章 责任"]
    assert settle_headings(["## 总则", "## 附则"]) == ["## 总则", "## 附则"]
    assert settle_headings(["# 一、总则", "## （一）目的"]) == ["一、总则", "（一）目的"]
