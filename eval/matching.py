"""Whether a text states a fact: figures and units normalised, numbers never matched in part.

Two forms of a text are compared, and either may match: ``plain`` (width, case, white space and
thousands folded) and ``canonical`` (also numerals, units, dates, percent signs and quotation
marks). A form is applied to both sides, so that what it rewrites needlessly (统一 -> 统1) does no harm.
"""

from __future__ import annotations

import re
import unicodedata

from eval.numerals import NUMERAL_CHARS, to_digits

MARKER = re.compile(r"\[\d{1,3}\]")
_SPACE_IN_NUMBER = re.compile(r"(?<=[0-9])\s+(?=[0-9])")
_SPACE = re.compile(r"[\s\u200b\ufeff]+")
# A group of four digits before the comma is a year and a new clause (到2025，300万辆), not thousands.
_THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?!\d)")
_QUOTES = re.compile(r"[“”‘’\"'「」『』《》〈〉]")
_ISO_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/.](0?[1-9]|1[0-2])[-/.](0?[1-9]|[12]\d|3[01])(?!\d)")
_LEADING_ZERO = re.compile(r"(?<!\d)0(?=[1-9][月日时])")
_DASH = re.compile(r"(?<=[\d%年月日])(?:[-‐‑‒–—―~]{1,2}|至|到)(?=\d)")
# After a figure only: 公里 in running text is not a measure.
_UNITS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"(?<=[\d万亿])(?:{pattern})"), unit)
    for pattern, unit in (
        ("km2|平方千米|平方km", "平方公里"),
        ("m2|平米", "平方米"),
        ("m3|立方(?!米)|方(?=天然气)", "立方米"),
        ("km(?!2)|千米", "公里"),
        ("kwh|千瓦小时|度电", "千瓦时"),
    )
)
_SCALES = "万亿%‰"


def strip_markers(text: str) -> str:
    """Return ``text`` without citation markers.

    >>> strip_markers("300万辆[1][2]。")
    '300万辆。'
    """
    return MARKER.sub("", text)


def plain(text: str) -> str:
    r"""Return ``text`` NFKC-folded, lower-cased and without white space and thousands separators.

    One space stays between two digits, which are two numbers.

    >>> plain("（３１３ 平方\n公里）")
    '(313平方公里)'
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    closed = _SPACE.sub("", _SPACE_IN_NUMBER.sub("\x00", folded)).replace("\x00", " ")
    return _THOUSANDS.sub(lambda match: match[0].replace(",", ""), closed)


def canonical(text: str) -> str:
    """Return ``text`` in the form in which equal figures look equal.

    >>> canonical("１,１９８ km²、百分之五点七、2023-04-26、“十项”")
    '1198平方公里、5.7%、2023年4月26日、10项'
    """
    text = _QUOTES.sub("", plain(text))
    text = _ISO_DATE.sub(lambda m: f"{m[1]}年{int(m[2])}月{int(m[3])}日", text)
    text = _LEADING_ZERO.sub("", to_digits(text))
    text = _DASH.sub("-", text)
    for pattern, unit in _UNITS:
        text = pattern.sub(unit, text)
    return text


def _is_numeral(char: str) -> bool:
    return char.isdigit() or char in NUMERAL_CHARS


def _splits_left(fact: str, text: str, start: int) -> bool:
    """Return whether a match at ``start`` would begin inside a number or a Latin word."""
    if start == 0:
        return False
    first, before = fact[0], text[start - 1]
    if _is_numeral(first) and _is_numeral(before):
        return True
    if first.isdigit() and before == "." and start >= 2 and text[start - 2].isdigit():
        return True
    return first.isascii() and first.isalpha() and before.isascii() and before.isalpha()


def _splits_right(fact: str, text: str, end: int) -> bool:
    """Return whether a match that ends at ``end`` would stop inside a number or a Latin word."""
    if end == len(text):
        return False
    last, after = fact[-1], text[end]
    if _is_numeral(last):
        decimal = after == "." and end + 1 < len(text) and text[end + 1].isdigit()
        # 300 is not stated by 300万, nor 5.7 by 5.7%.
        return _is_numeral(after) or decimal or (last.isdigit() and after in _SCALES)
    if last == "万" and after == "亿":
        return True
    return last.isascii() and last.isalpha() and after.isascii() and after.isalpha()


def occurs(fact: str, text: str) -> bool:
    """Return whether ``fact`` stands in ``text`` without cutting a number or a Latin word; both folded.

    >>> occurs("200亿元", "投资1200亿元"), occurs("2.5", "12.5"), occurs("5个", "共5个区")
    (False, False, True)
    """
    if not fact:
        return False
    start = text.find(fact)
    while start >= 0:
        if not _splits_left(fact, text, start) and not _splits_right(fact, text, start + len(fact)):
            return True
        start = text.find(fact, start + 1)
    return False


class FoldedText:
    """A text folded once, to be asked for many facts; citation markers are left out."""

    __slots__ = ("canonical", "plain")

    def __init__(self, text: str) -> None:
        bare = strip_markers(text)
        self.plain = plain(bare)
        self.canonical = canonical(bare)

    def states(self, fact: str) -> bool:
        """Return whether the text states ``fact`` in either form."""
        return occurs(plain(fact), self.plain) or occurs(canonical(fact), self.canonical)

    def states_any(self, alternatives: tuple[str, ...]) -> bool:
        """Return whether the text states at least one of the wordings of a fact."""
        return any(self.states(fact) for fact in alternatives)


def states(text: str, fact: str) -> bool:
    """Return whether ``text`` states ``fact`` (see ``FoldedText``).

    >>> states("规划面积1,198 km²", "1198平方公里"), states("共十项", "10项"), states("十四个", "四个")
    (True, True, False)
    """
    return FoldedText(text).states(fact)
