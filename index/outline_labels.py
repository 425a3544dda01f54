"""A line's numbering: 第三章, 第三条, 一、, （一）, 1., 1 , （1）, ①, a list mark or a Markdown heading."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from index.outline_tree import MARKDOWN_RANKS

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_CN = "〇零一二两兩三四五六七八九十百千"
_CJK = "\u3400-\u9fff"


@dataclass(frozen=True, slots=True)
class Label:
    """``text`` as printed, ``length`` with the blanks after it; a lower ``rank`` encloses a higher one.

    ``loose``: the form also occurs in running text, so its neighbours must confirm it.
    """

    kind: str
    rank: int
    text: str
    length: int
    number: int | None = None
    loose: bool = False


# 第X条 as the subject of a sentence is a reference to it: 第三条规定的情形, 第五条至第八条, 第二条第一款.
_REFERENCE = re.compile(
    r"(?:第|[规規]定|所列|所[称稱]|的|至|到|和|[与與]|及|或|、|，|,|中|之|以|款|[项項]|明[确確]|要求)"
)
_PART_RANKS = {"编": 10, "編": 10, "篇": 10, "部分": 12, "章": 20, "节": 30, "節": 30}
_PART = re.compile(rf"第([{_CN}\d]{{1,5}})(编|編|篇|部分|章|节|節)(?=[\s:：]|[{_CJK}《“]|$)[\s:：]*")
_ARTICLE = re.compile(rf"第([{_CN}\d]{{1,5}})[条條](之[{_CN}]+)?")
_FORMS: tuple[tuple[re.Pattern[str], int, bool], ...] = (
    (re.compile(rf"([{_CN}]{{1,4}})[、．.](?![{_CN}]、|[{_CN}]{{1,2}}(?:是|要|产业|次产业))\s*"), 50, False),
    (re.compile(rf"[（(]([{_CN}]{{1,4}})[）)]\s*"), 60, False),
    # 1.2024年 is the first item, on the year 2024.
    (re.compile(r"(\d{1,2})[.．、](?:(?!\d)|(?=(?:19|20)\d\d年))\s*"), 70, False),
    (re.compile(rf"(\d{{1,2}})\s+(?=[{_CJK}“《])"), 70, True),
    (re.compile(r"[（(](\d{1,2})[）)]\s*"), 80, False),
    (re.compile(r"(\d{1,2})[）)]\s*"), 80, False),
    (re.compile(r"([①-⑳⑴-⒇❶-❿])\s*"), 90, False),
)
# ——引进人才100名； is an item; a subtitle (——在某会议上的讲话) has no stop, a named principle one more inside.
_BULLET = re.compile(r"(?:[-–*•·▪‣]\s+|[●○■□◆◇▶►※★]\s*|——\s*(?=[^—。；;]+[。；;]$))")
_MARKDOWN = re.compile(r"(#{1,6})\s+")


def read_label(text: str) -> Label | None:
    """The numbering that a line opens with, ``None`` for running text.

    >>> read_label("（一）总体要求").number, read_label("第三条规定的情形") is None, read_label("1.5亿元") is None
    (1, True, True)
    """
    if match := _PART.match(text):
        number = parse_number(match.group(1))
        return Label("part", _PART_RANKS[match.group(2)], match.group(0).rstrip(" :："), match.end(), number)
    if match := _ARTICLE.match(text):
        return _read_article(text, match)
    if match := _MARKDOWN.match(text):
        return Label("heading", MARKDOWN_RANKS[len(match.group(1)) - 1], "", match.end())
    if match := _BULLET.match(text):
        return Label("item", 150, match.group(0).strip(), match.end()) if match.end() < len(text) else None
    for form, rank, loose in _FORMS:
        if match := form.match(text):
            number = parse_number(match.group(1))
            if number is not None and match.end() < len(text):
                return Label("heading", rank, match.group(0).strip(), match.end(), number, loose)
    return None


def _read_article(text: str, match: re.Match[str]) -> Label | None:
    number = parse_number(match.group(1))
    end = match.end()
    if number is None or _REFERENCE.match(text, end):
        return None
    separated = end >= len(text) or text[end].isspace() or text[end] in "：:【[（("
    while end < len(text) and (text[end].isspace() or text[end] in "：:"):
        end += 1
    return Label("article", 40, match.group(0), end, number, loose=not separated)


def without_references(labels: list[Label | None]) -> list[Label | None]:
    """``labels`` without those that break a row of articles which goes on without them: a cut sentence names them.

    第二条, 第三十条, 第三条: the middle one is the object of a sentence that was broken before it.
    """
    articles = [at for at, label in enumerate(labels) if label is not None and label.kind == "article"]
    kept = list(labels)
    before = 0
    for position, at in enumerate(articles):
        number = _number(labels[at])
        later = [_number(labels[other]) for other in articles[position + 1 :]]
        # A new row of articles, as in an annex, begins with the first and goes on with the second.
        begins_row = number == 1 and later[:1] == [2]
        if number != before + 1 and not begins_row and before + 1 in later[:2]:
            kept[at] = None
        else:
            before = number
    return kept


def _number(label: Label | None) -> int:
    return label.number or 0 if label is not None else 0


def parse_number(text: str) -> int | None:
    """The value of a Chinese, Arabic or circled numeral, ``None`` if it is not one.

    >>> [parse_number(numeral) for numeral in ("二十三", "十", "一百零五", "⑫", "十百")]
    [23, 10, 105, 12, None]
    """
    if text.isdecimal():
        return int(text)
    if len(text) == 1 and text not in _DIGITS and text not in _UNITS:
        value = unicodedata.numeric(text, -1.0)
        return int(value) if value >= 1 else None
    total, digit, last_unit = 0, 0, 10_000
    for char in text:
        if char in _DIGITS:
            digit = digit * 10 + _DIGITS[char] if digit else _DIGITS[char]
        elif char in _UNITS and _UNITS[char] < last_unit:
            last_unit = _UNITS[char]
            total += (digit or 1) * last_unit
            digit = 0
        else:
            return None
    return total + digit or None
