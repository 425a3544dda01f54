"""Agreements as offices have them: in every encoding, in Word, in two columns of a PDF. Real files, read whole."""

from __future__ import annotations

import io
from pathlib import Path

import docx
import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from index.corpus import Corpus, load_corpus
from index.outline import Section, build_outline, walk
from index.parse.pages import page_of
from index.passages import make_passages

FONT = "STSong-Light"
pdfmetrics.registerFont(UnicodeCIDFont(FONT))

PLAIN = (
    "港口合作协议\n\n第一条 宗旨\n双方共建东山港，年吞吐量不少于320万吨。\n\n"
    "第二条 期限\n本协议自2024年1月1日起施行。第三条规定的情形除外。\n"
)
TRADITIONAL = (
    "港口合作協議\n\n第一條 宗旨\n雙方共建東山港，年吞吐量不少於320萬噸。\n\n"
    "第二條 期限\n本協議自2024年1月1日起施行。第三條規定的情形除外。\n"
)


def load(folder: Path, **files: bytes) -> Corpus:
    for name, data in files.items():
        stem, _, ending = name.rpartition("_")
        (folder / f"{stem}.{ending}").write_bytes(data)
    return load_corpus(folder)


def headings(outline: Section) -> list[str]:
    return [section.heading for section, _ in walk(outline) if section.heading]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be"])
def test_an_article_and_its_title_are_one_heading_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    corpus = load(tmp_path, a_txt=PLAIN.encode(encoding))
    assert corpus.problems == ()
    (document,) = corpus.documents
    assert headings(build_outline(document.text)) == ["港口合作协议", "第一条 宗旨", "第二条 期限"]
    paths = [passage.heading_path for passage in make_passages(document, build_outline(document.text))]
    assert paths == [("第一条 宗旨",), ("第二条 期限",)]


@pytest.mark.parametrize("encoding", ["big5", "utf-8"])
def test_articles_of_a_traditional_text_are_articles(tmp_path: Path, encoding: str) -> None:
    (document,) = load(tmp_path, a_txt=TRADITIONAL.encode(encoding)).documents
    outline = build_outline(document.text)
    articles = [section for section, _ in walk(outline) if section.kind == "article"]
    assert [article.heading for article in articles] == ["第一條 宗旨", "第二條 期限"]
    assert [article.label for article in articles] == ["第一條", "第二條"]
    assert document.kind == "合作协议"
    assert document.effective == "2024-01-01"


def test_an_article_whose_line_is_its_text_has_no_title() -> None:
    text = "某市条例\n第一条 为了规范管理，制定本条例。\n第二条 本市适用本条例\n第三条 市政府负责实施。"
    articles = [section for section, _ in walk(build_outline(text)) if section.kind == "article"]
    assert [article.heading for article in articles] == ["第一条", "第二条", "第三条"]


def word_file() -> bytes:
    document = docx.Document()
    document.add_heading("科技合作协议", 0)
    for line in ("甲方（盖章）：东山市科技局", "乙方：西岭市科技局", "签订地点：东山市"):
        document.add_paragraph(line)
    document.add_heading("第一章 总则", 1)
    for line in ("双方共建实验室，投入经费2亿元。", "双方共享设备120台。"):
        document.add_paragraph(line, style="List Number")
    document.add_heading("第二章 经费", 1)
    document.add_paragraph("经费安排如下表（单位：万元）")
    table = document.add_table(rows=2, cols=3)
    for number, text in enumerate(("年度", "甲方", "乙方", "2024", "300", "200")):
        table.cell(number // 3, number % 3).text = text
    document.add_paragraph("资金按季度拨付。")
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def test_the_parties_of_a_word_file_are_facts_and_no_headings(tmp_path: Path) -> None:
    (document,) = load(tmp_path, a_docx=word_file()).documents
    outline = build_outline(document.text)
    assert headings(outline) == ["科技合作协议", "第一章 总则", "第二章 经费", "经费安排如下表（单位：万元）"]
    assert document.parties == ("东山市科技局", "西岭市科技局")
    items = [section for section, _ in walk(outline) if section.kind == "item"]
    assert [document.text[one.start : one.end] for one in items] == [
        "1. 双方共建实验室，投入经费2亿元。",
        "2. 双方共享设备120台。",
    ]
    (table,) = [passage for passage in make_passages(document, outline) if "| 2024 | 300 | 200 |" in passage.text]
    assert table.heading_path == ("第二章 经费", "经费安排如下表（单位：万元）")
    assert "| 年度 | 甲方 | 乙方 |" in table.text


LEFT = [
    "第一章 总则",
    "为推进东山市与西岭市在交通、产业、科技领",
    "域的合作，双方协商一致，签订本协议。",
    "第一条 目标",
    "到2027年，两市汽车产量达到300万辆",
    "，产值6000亿元，研发投入占比达到5.",
    "7%。",
]
RIGHT = ["第二条 机制", "双方建立联席会议制度，每年召开两次会议，", "研究解决合作中的重大问题。"]
SECOND = ["第三条 附则", "本协议自签订之日起生效，有效期五年。"]


def columns_file() -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(595, 842))
    for number, page in enumerate([[LEFT, RIGHT], [SECOND]], start=1):
        canvas.setFont(FONT, 9)
        canvas.drawString(220, 810, "东山市与西岭市合作协议")
        canvas.drawString(290, 30, f"— {number} —")
        canvas.setFont(FONT, 11)
        for at, lines in enumerate(page):
            for row, line in enumerate(lines):
                canvas.drawString(50 + 260 * at, 770 - 16 * row, line)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def test_two_columns_of_a_page_are_clauses_with_their_pages(tmp_path: Path) -> None:
    (document,) = load(tmp_path, a_pdf=columns_file()).documents
    assert document.title == "东山市与西岭市合作协议", "the head of the pages: the text begins with 第一章"
    whole = "到2027年，两市汽车产量达到300万辆，产值6000亿元，研发投入占比达到5.7%。"
    assert whole in document.text.split("\n"), "neither a comma nor a figure begins a paragraph"
    outline = build_outline(document.text)
    labels = [section.label for section, _ in walk(outline) if section.kind in ("part", "article")]
    assert [label.replace(" ", "") for label in labels] == ["第一章", "第一条", "第二条", "第三条"]
    assert page_of(document, document.text.index("5.7%")) == 1
    assert page_of(document, document.text.index("有效期五年")) == 2


def test_a_line_that_begins_in_mid_sentence_is_joined_in_plain_text_too(tmp_path: Path) -> None:
    raw = "某市计划\n\n到2027年，产量达到300万辆\n，产值6000亿元\n。\n\n二、措施\n建立机制。\n"
    (document,) = load(tmp_path, a_txt=raw.encode()).documents
    assert "到2027年，产量达到300万辆，产值6000亿元。" in document.text.split("\n")


LAW = """东山市数据条例

目　录
第一章　总　则…………1
第二章　附　则…………9

第一章　总　则
第一条　为了规范数据处理活动，制定本条例。
第二条　数据工作遵循下列原则：
（一）统筹规划；
（二）安全可控。
第二章　附　则
第三条　本条例自2023年7月1日起施行。
"""


def test_a_table_of_contents_goes_and_heads_nothing(tmp_path: Path) -> None:
    corpus = load(tmp_path, a_txt=LAW.encode())
    (document,) = corpus.documents
    (removal,) = corpus.removed["a"]
    assert removal.step == "contents"
    assert removal.text.split("\n")[0].split() == ["目", "录"]
    assert "目" not in document.text
    parts = [(one.label, len(above)) for one, above in walk(build_outline(document.text)) if one.kind == "part"]
    assert parts == [("第一章", 1), ("第二章", 1)]


@pytest.mark.parametrize(
    "raw",
    [
        "某市清单\n\n目录\n数据资源甲\n数据资源乙\n\n一、说明\n以上为资源。\n",
        "某市办法\n\n目录\n第一章 总则\n\n一、说明\n建立目录制度。\n",
    ],
)
def test_a_list_called_contents_that_says_something_stays(tmp_path: Path, raw: str) -> None:
    corpus = load(tmp_path, a_txt=raw.encode())
    assert corpus.removed["a"] == ()
    assert "".join(corpus.documents[0].text.split()) == "".join(raw.split())


def test_items_that_begin_with_a_year_or_a_long_dash_are_items(tmp_path: Path) -> None:
    raw = (
        "西岭市实施意见\n——在某会议上的讲话\n\n一、目标\n1.2024年，产值达到500亿元。\n2.2025年，产值达到650亿元。\n"
        "二、任务\n——引进人才100名；\n——培训人才2000名。\n三、其他\n增长1.2个百分点。\n"
    )
    (document,) = load(tmp_path, a_txt=raw.encode()).documents
    items = [one for one, _ in walk(build_outline(document.text)) if one.kind == "item"]
    assert [document.text[one.body_start : one.end] for one in items] == [
        "2024年，产值达到500亿元。",
        "2025年，产值达到650亿元。",
        "引进人才100名；",
        "培训人才2000名。",
    ]
