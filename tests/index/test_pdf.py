"""PDF files drawn with reportlab: what is printed where decides, not the order in the file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from index.errors import CorpusError
from index.parse.pages import page_of, page_starts
from index.parse.pdf import read_pdf
from index.parse.pdf_layout import Glyph, drop_doubled
from index.parse.radicals import unify_radicals
from index.types import Document

FONT = "STSong-Light"
pdfmetrics.registerFont(UnicodeCIDFont(FONT))

AIM = (
    "为了深入贯彻落实国家关于推动高质量发展的决策部署，加快建设具有全国影响力的科技创新中心，结合本市实际，制定本行动计划。"
    "到2027年，全社会研发经费投入占地区生产总值的比重达到5.7%，高新技术企业超过1000家。"
)
TASK = (
    "坚持创新驱动，强化企业科技创新主体地位，推动创新链产业链资金链人才链深度融合，探索科技成果跨区域转移转化机制，"
    "共建共享重大科技基础设施，联合开展关键核心技术攻关，完善知识产权保护和服务体系。"
)
HEAD = "某市人民政府公报　2023年第5期"

Mark = tuple[float, float, float, str]


def pdf(*pages: Sequence[Mark], **options: Any) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(595, 842), **options)
    for page in pages:
        for x, y, size, text in page:
            canvas.setFont(FONT, size)
            canvas.drawString(x, y, text)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def prose(
    text: str, y: float, *, x: float = 72, chars: int = 37, indent: int = 2, leading: float = 18
) -> list[Mark]:
    """A paragraph of 12-point type as a page sets it, its first line indented."""
    first = chars - indent
    cut = [text[:first], *(text[at : at + chars] for at in range(first, len(text), chars))]
    return [(x + (12 * indent if not n else 0), y - n * leading, 12, line) for n, line in enumerate(cut)]


def lines(data: bytes) -> list[str]:
    return [line for line in read_pdf(data, name="a.pdf").text.split("\n") if line]


def bulletin() -> bytes:
    first: list[Mark] = [(72, 810, 9, HEAD), (180, 760, 20, "某市推动科技创新"), (220, 732, 20, "行动计划")]
    first += [*prose(AIM, 690), (96, 600, 12, "一、重点任务"), *prose(TASK[:70], 582), (290, 30, 9, "— 1 —")]
    second = [(72, 810, 9, HEAD), *prose(TASK[70:], 770, indent=0), (96, 700, 12, "二、保障措施")]
    second += [*prose(AIM, 682), (290, 30, 9, "— 2 —")]
    return pdf(first, second)


def test_hard_line_breaks_are_joined_also_across_pages() -> None:
    assert lines(bulletin()) == ["某市推动科技创新行动计划", AIM, "一、重点任务", TASK, "二、保障措施", AIM]


def test_running_heads_and_page_numbers_go_and_are_reported() -> None:
    parsed = read_pdf(bulletin(), name="a.pdf")
    steps = sorted(item.step for item in parsed.removed)
    assert steps == ["page_number", "page_number", "running_head", "running_head"]
    assert {"".join(item.text.split()) for item in parsed.removed} == {"".join(HEAD.split()), "—1—", "—2—"}


def test_a_running_head_wider_than_the_text_does_not_hide_where_lines_end() -> None:
    wide = "某市人民政府公报　二〇二三年第五期（总第一百二十号）　某市人民政府办公室编　内部资料注意保存"
    body = [prose(text, 780, x=100, chars=30) for text in (AIM, TASK)]
    assert lines(pdf(*([(20, 815, 12, wide), *page, (560, 20, 9, str(n))] for n, page in enumerate(body, 1)))) == [
        AIM,
        TASK,
    ]


def test_a_signature_and_its_date_stay_lines() -> None:
    marks = [
        *prose(TASK, 780),
        (380, 690, 12, "某市人民政府"),
        (380, 672, 12, "2023年9月8日"),
        (72, 640, 12, "附件"),
    ]
    assert lines(pdf(marks)) == [TASK, "某市人民政府", "2023年9月8日", "附件"]


def test_a_heading_is_not_joined_to_an_indented_paragraph_in_a_narrow_column() -> None:
    marks = [
        (96, 780, 12, "（一）加快融入西部陆海新通道"),
        *prose(TASK, 762, chars=17),
        *prose(AIM, 600, chars=17),
    ]
    assert lines(pdf(marks)) == ["（一）加快融入西部陆海新通道", TASK, AIM]


def test_a_heading_at_the_head_of_several_pages_is_no_running_head() -> None:
    pages = [
        [(72, 800, 12, f"第{n}条 合作内容"), *prose(TASK, 780), (72, 40, 12, f"期限为{n}年。")] for n in "一二三"
    ]
    found = lines(pdf(*pages))
    assert [line for line in found if line.startswith("第")] == [
        "第一条合作内容",
        "第二条合作内容",
        "第三条合作内容",
    ]


def test_pages_are_found_again_in_the_text() -> None:
    parsed = read_pdf(bulletin(), name="a.pdf")
    text = "\n".join(line for line in parsed.text.split("\n") if line)
    starts = page_starts(text, parsed.pages)
    assert starts[0] == 0
    assert text[starts[1] :].startswith(TASK[70:90])
    document = Document("a", "题", text, "a.pdf", "0", pages=starts)
    assert page_of(document, 0) == 1
    assert page_of(document, starts[1] - 1) == 1
    assert page_of(document, starts[1]) == 2
    assert page_of(document, len(text) - 1) == 2
    assert page_of(Document("a", "题", text, "a.txt", "0"), 0) is None


def test_a_page_whose_head_was_cleaned_away_begins_at_what_is_left() -> None:
    text = "双方建立联席会议制度。\n每年至少召开一次会议，轮流主持。"
    assert page_starts(text, ["双方建立联席会议制度。", "（记者某某）每年至少召开一次会议，轮流主持。"]) == (0, 12)


def test_two_columns_are_read_one_after_the_other_under_their_headline() -> None:
    headline = [(72, 780, 22, "两地签署战略合作协议共建创新走廊")]
    left = prose(AIM, 740, chars=17, leading=16)
    right = prose(TASK, 740, x=310, chars=17, leading=16)
    # Drawn line by line across both columns, as some programs do.
    across = (
        [mark for pair in zip(left, right, strict=False) for mark in pair]
        + left[len(right) :]
        + right[len(left) :]
    )
    assert lines(pdf([*headline, *across])) == ["两地签署战略合作协议共建创新走廊", AIM, TASK]


def test_a_table_is_rows_of_cells_and_not_columns_of_prose() -> None:
    rows = [("序号", "项目名称", "投资额"), ("1", "轨道交通快线", "30亿元"), ("2", "铁路枢纽", "25.5亿元")]
    marks = [
        (x, 650 - 18 * n, 12, cell)
        for n, row in enumerate(rows)
        for x, cell in zip((72, 150, 350), row, strict=True)
    ]
    assert lines(pdf([*prose(AIM, 780), (72, 670, 12, "表1 重点项目"), *marks])) == [
        AIM,
        "表1重点项目",
        "| 序号 | 项目名称 | 投资额 |",
        "| 1 | 轨道交通快线 | 30亿元 |",
        "| 2 | 铁路枢纽 | 25.5亿元 |",
    ]


def test_a_headline_printed_twice_to_look_bold_stands_once() -> None:
    heading, copy = (72.0, 700.0, 14.0, "一、总体要求"), (72.5, 700.3, 14.0, "一、总体要求")
    assert lines(pdf([heading, *prose(TASK, 660), copy])) == ["一、总体要求", TASK]


def test_a_glyph_over_its_like_is_dropped_and_a_neighbour_is_not() -> None:
    # pdfium drops some copies itself, so the rule is tested without it.
    first = Glyph("常", 72, 84, 700, 712, 12)
    over, beside, other = (
        replace(first, left=73, right=85),
        replace(first, left=84, right=96),
        replace(first, char="设"),
    )
    kept, doubled = drop_doubled([first, over, beside, other])
    assert kept == [first, beside, other]
    assert doubled == [over]


def test_letters_that_really_repeat_stay() -> None:
    text = "点点滴滴常常谈，1000亿元，人人参与。"
    assert lines(pdf([(72, 700, 12, text)])) == [text]


def test_blanks_stay_between_latin_words_only() -> None:
    assert lines(pdf([(72, 700, 12, "推进 GDP per capita 增长")])) == ["推进GDP per capita增长"]


def test_radicals_are_characters_again() -> None:
    data = pdf([(72, 700, 12, "提⾼对外开放⽔平，发展⼯业。")])
    text = read_pdf(data, name="a.pdf").text
    unified, replaced = unify_radicals(text)
    assert unified == "提高对外开放水平，发展工业。"
    assert [(item.step, item.text) for item in replaced] == [("radicals", "⾼⽔⼯")]
    assert unify_radicals("⻔⻋⻓⻢⻩⺠")[0] == "门车长马黄民"


# --------------------------------------------------------------------------- files that are no use


def scan() -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    for _ in range(3):
        canvas.rect(72, 72, 400, 600, fill=1)  # a picture where the text would be
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (scan(), r"without a text layer \(3 pages, 0 characters\), probably scanned; run OCR"),
        (
            pdf(prose(AIM, 700), encrypt=StandardEncryption("secret")),
            "an encrypted PDF; save it without a password",
        ),
        (b"%PDF-1.7\n", "a damaged PDF"),
        (pdf(prose(AIM, 700))[:400], "a damaged PDF|without a text layer"),
        (
            pdf([(72, 700, 12, "\ue001\ue002\ue003\ue004" * 8)]),
            "the text layer is unreadable|without a text layer",
        ),
        (pdf([(290, 30, 9, "— 12 —"), (290, 800, 9, "第 5 页 共 10 页")]), "nothing but running heads"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(data: bytes, said: str) -> None:
    with pytest.raises(CorpusError, match=said) as raised:
        read_pdf(data, name="坏.pdf")
    assert str(raised.value).startswith("坏.pdf: ")
    assert "\n" not in str(raised.value)


def test_a_pdf_that_opens_without_a_password_is_read() -> None:
    data = pdf(prose(AIM, 700), encrypt=StandardEncryption("", ownerPassword="owner"))
    assert lines(data) == [AIM]
