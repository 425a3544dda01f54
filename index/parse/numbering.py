"""The numbers that Word prints before a paragraph and does not store in its text: 第一条, （二）, 3., •.

A paragraph names a list and a depth in it; the list says how each depth is written and from where it counts
(ECMA-376 part 1, 17.9). Counting needs the paragraphs in order, so one :class:`Numbering` reads one file once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DIGITS: Final = "零一二三四五六七八九"
_PLACES: Final = ("", "十", "百", "千")
_ROMAN: Final = (
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)
_PLACE_OF_LEVEL: Final = re.compile(r"%([1-9])")
_BULLET: Final = "-"


def chinese_numeral(number: int) -> str:
    """``number`` below 10,000 as it is counted in Chinese.

    >>> [chinese_numeral(number) for number in (3, 10, 12, 20, 105, 110)]
    ['三', '十', '十二', '二十', '一百零五', '一百一十']
    """
    if not 0 < number < 10_000:
        return str(number)
    text = ""
    digits = [int(digit) for digit in str(number)]
    for place, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        if digit:
            text += _DIGITS[digit] + _PLACES[place]
        elif text and not text.endswith("零"):
            text += "零"
    text = text.rstrip("零")
    return text.removeprefix("一") if 10 <= number < 20 else text


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        while number >= value:
            text += letters
            number -= value
    return text


def _circled(number: int) -> str:
    return chr(0x245F + number) if 1 <= number <= 20 else f"({number})"


def _letter(number: int) -> str:
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)


_FORMATS: Final[dict[str, Callable[[int], str]]] = {
    "chineseCounting": chinese_numeral,
    "chineseCountingThousand": chinese_numeral,
    "chineseLegalSimplified": chinese_numeral,
    "japaneseCounting": chinese_numeral,
    "taiwaneseCountingThousand": chinese_numeral,
    "ideographDigital": lambda number: "".join(_DIGITS[int(digit)] for digit in str(number)),
    "decimalEnclosedCircle": _circled,
    "decimalEnclosedCircleChinese": _circled,
    "decimalZero": "{:02d}".format,
    "lowerLetter": _letter,
    "upperLetter": lambda number: _letter(number).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda number: _roman(number).upper(),
}


@dataclass(frozen=True, slots=True)
class _Level:
    """How one depth of a list is written: ``pattern`` is such as ``第%1条``."""

    form: str
    pattern: str
    start: int


@dataclass(slots=True)
class _List:
    levels: dict[int, _Level]
    counts: dict[int, int] = field(default_factory=dict)
    starts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """Counts through the lists of one DOCX file; ``root`` is the ``w:numbering`` element or ``None``."""

    def __init__(self, root: Any) -> None:
        self._lists: dict[str, _List] = {}
        if root is None:
            return
        # Lists that share a definition go on counting where the other stopped, unless they say where to start.
        shared = {
            node.get(f"{_W}abstractNumId"): _List(_levels(node)) for node in root.iterchildren(f"{_W}abstractNum")
        }
        for node in root.iterchildren(f"{_W}num"):
            link = node.find(f"{_W}abstractNumId")
            base = shared.get(link.get(f"{_W}val")) if link is not None else None
            if base is None:
                continue
            overrides = list(node.iterchildren(f"{_W}lvlOverride"))
            self._lists[node.get(f"{_W}numId")] = _overridden(base, overrides) if overrides else base

    def label(self, list_id: str, depth: int) -> str:
        """The printed number of the next paragraph of that list, ``-`` for a mark, empty for none."""
        found = self._lists.get(list_id)
        if found is None or depth not in found.levels:
            return ""
        level = found.levels[depth]
        start = found.starts.get(depth, level.start)
        found.counts[depth] = found.counts[depth] + 1 if depth in found.counts else start
        for deeper in [other for other in found.counts if other > depth]:
            del found.counts[deeper]
        if level.form == "bullet":
            return _BULLET
        return "" if level.form == "none" else _PLACE_OF_LEVEL.sub(lambda m: self._count(found, m), level.pattern)

    @staticmethod
    def _count(found: _List, match: re.Match[str]) -> str:
        depth = int(match.group(1)) - 1
        level = found.levels.get(depth)
        if level is None:
            return ""
        number = found.counts.get(depth, found.starts.get(depth, level.start))
        return _FORMATS.get(level.form, str)(number)


def _levels(node: Any) -> dict[int, _Level]:
    levels: dict[int, _Level] = {}
    for child in node.iterchildren(f"{_W}lvl"):
        start = _value(child, "start")
        levels[int(child.get(f"{_W}ilvl"))] = _Level(
            form=_value(child, "numFmt") or "decimal",
            pattern=_value(child, "lvlText") or "",
            start=int(start) if start else 1,
        )
    return levels


def _overridden(base: _List, overrides: list[Any]) -> _List:
    levels, starts = dict(base.levels), {}
    for node in overrides:
        start = _value(node, "startOverride")
        if start:
            starts[int(node.get(f"{_W}ilvl"))] = int(start)
        levels |= _levels(node)
    return _List(levels, starts=starts)


def _value(node: Any, name: str) -> str | None:
    child = node.find(f"{_W}{name}")
    return None if child is None else child.get(f"{_W}val")
