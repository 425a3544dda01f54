"""Word files made with python-docx, and broken on purpose."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from index.errors import CorpusError
from index.parse.docx import read_docx
from index.parse.numbering import Numbering, chinese_numeral


def saved(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def lines(document: Any) -> list[str]:
    return [line for line in read_docx(saved(document), name="a.docx").text.split("\n") if line]


def define_list(document: Any, list_id: int, *levels: tuple[str, str]) -> None:
    """Add a list whose depths are written as ``(numFmt, lvlText)``."""
    root = document.part.numbering_part.element
    inner = "".join(
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
        for depth, (form, text) in enumerate(levels)
    )
    number = parse_xml(f'<w:num {nsdecls("w")} w:numId="{list_id}"><w:abstractNumId w:val="{list_id}"/></w:num>')
    root.insert(0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{list_id}">{inner}</w:abstractNum>'))
    root.append(number)


def number(paragraph: Any, list_id: int, depth: int) -> None:
    paragraph._p.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{depth}"/><w:numId w:val="{list_id}"/></w:numPr>')
    )


def test_title_headings_paragraphs_and_lists_in_order() -> None:
    document = docx.Document()
    document.add_heading("某市数据管理办法", 0)
    document.add_heading("总则", 1)
    document.add_paragraph("为了规范数据处理，制定本办法。")
    document.add_paragraph("统筹规划", style="List Number")
    document.add_paragraph("保障安全", style="List Number")
    document.add_paragraph("定期评估", style="List Bullet")
    document.add_heading("适用范围", 2)
    document.add_paragraph("适用于全市。")
    parsed = read_docx(saved(document), name="a.docx")
    assert parsed.title == "某市数据管理办法"
    assert [line for line in parsed.text.split("\n") if line] == [
        "# 某市数据管理办法",
        "## 总则",
        "为了规范数据处理，制定本办法。",
        "1. 统筹规划",
        "2. 保障安全",
        "- 定期评估",
        "### 适用范围",
        "适用于全市。",
    ]


def test_the_numbers_that_word_makes_are_printed() -> None:
    document = docx.Document()
    define_list(document, 77, ("chineseCounting", "第%1条"), ("chineseCounting", "（%2）"), ("decimal", "%3."))
    for depth, text in ((0, "总则"), (1, "统筹"), (2, "规划"), (2, "建设"), (1, "安全"), (0, "附则"), (1, "解释")):
        number(document.add_paragraph(text), 77, depth)
    assert lines(document) == [
        "第一条 总则",
        "（一）统筹",
        "1. 规划",
        "2. 建设",
        "（二）安全",
        "第二条 附则",
        "（一）解释",
    ]


def test_a_table_stays_in_its_place_with_merged_cells() -> None:
    document = docx.Document()
    document.add_paragraph("重点项目如下。")
    table = document.add_table(rows=3, cols=3)
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"{row}行{column}列"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "甲区"
    table.cell(0, 1).merge(table.cell(0, 2)).text = "投资|额"
    document.add_paragraph("以上项目按期完成。")
    assert lines(document) == [
        "重点项目如下。",
        "| 0行0列 | 投资｜额 |  |",
        "| 甲区 | 1行1列 | 1行2列 |",
        "|  | 2行1列 | 2行2列 |",
        "以上项目按期完成。",
    ]


def test_deleted_revisions_are_left_out_and_inserted_ones_are_not() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("期限为")
    for tag, text_tag, text in (("w:del", "w:delText", "两年"), ("w:ins", "w:t", "三年")):
        paragraph._p.append(
            parse_xml(f'<{tag} {nsdecls("w")} w:id="1"><w:r><{text_tag}>{text}</{text_tag}></w:r></{tag}>')
        )
    paragraph.add_run("。")
    assert lines(document) == ["期限为三年。"]


def test_contents_controls_and_line_breaks() -> None:
    document = docx.Document()
    document.styles.add_style("toc 1", 1)
    document.add_paragraph("一、总则\t1", style="toc 1")
    document.add_paragraph("某市人民政府\n2023年5月1日")
    control = parse_xml(
        f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>填写的内容。</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    document.element.body.insert(2, control)
    parsed = read_docx(saved(document), name="a.docx")
    assert parsed.text.split("\n") == ["某市人民政府", "2023年5月1日", "填写的内容。"]
    assert [(item.step, item.text) for item in parsed.removed] == [("contents", "一、总则 1")]


def test_an_outline_level_makes_a_heading_whatever_the_style_is_called() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("保障措施")
    level = parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="1"/>')
    paragraph._p.get_or_add_pPr().append(level)
    assert lines(document) == ["### 保障措施"]
    level.set(qn("w:val"), "9")  # body text
    assert lines(document) == ["保障措施"]


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        ("decimalEnclosedCircle", ["①", "②"]),
        ("lowerLetter", ["a", "b"]),
        ("upperRoman", ["I", "II"]),
        ("ideographDigital", ["一", "二"]),
        ("none", ["", ""]),
        ("bullet", ["-", "-"]),
    ],
)
def test_every_form_of_number(form: str, texts: list[str]) -> None:
    document = docx.Document()
    define_list(document, 77, (form, "%1"))
    numbering = Numbering(document.part.numbering_part.element)
    assert [numbering.label("77", 0), numbering.label("77", 0)] == texts


def test_chinese_numerals_are_counted_as_in_law() -> None:
    expected = {1: "一", 10: "十", 11: "十一", 21: "二十一", 100: "一百", 101: "一百零一", 1260: "一千二百六十"}
    assert {value: chinese_numeral(value) for value in expected} == expected


# --------------------------------------------------------------------------- files that are no use


def whole() -> bytes:
    document = docx.Document()
    document.add_paragraph("正文。" * 500)
    return saved(document)


def repacked(change: Callable[[str, bytes], bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole())) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, change(member, old.read(member)))
    return stream.getvalue()


def bomb() -> bytes:
    return repacked(lambda name, data: b" " * 40_000_000 if name == "word/document.xml" else data)


def entities() -> bytes:
    laugh = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "haha">' + b"".join(
        b'<!ENTITY %c "%b">' % (98 + at, b"&%c;" % (97 + at) * 10) for at in range(9)
    )
    return repacked(lambda name, data: laugh + b"]><l>&j;</l>" if name == "word/document.xml" else data)


def other_zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: whole()[:3000], "a damaged or cut zip container"),
        (lambda: b"PK\x03\x04" + b"\x00" * 50, "a damaged or cut zip container"),
        (other_zip, "a zip container, but not a Word file"),
        (bomb, "unpack to 40[0-9]{6} in .* a zip bomb"),
        (entities, "a damaged Word file"),
        (
            lambda: repacked(lambda name, data: b"<w>" if name == "word/document.xml" else data),
            "a damaged Word file",
        ),
        (lambda: saved(docx.Document()), "a Word file without text"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(make: Callable[[], bytes], said: str) -> None:
    with pytest.raises(CorpusError, match=said) as raised:
        read_docx(make(), name="坏.docx")
    assert str(raised.value).startswith("坏.docx: ")
    assert "\n" not in str(raised.value)
