"""Sentences of one section that open alike: 「打造加工中心，…。打造物流中心，…。」 is a list of centres. Pure.

Plans list what they build by sentences whose first clause ends in one class noun (中心, 园区, 工程), without
numbers; only the sentence before, or the heading above, says what they are a list of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.answer.library import Library, Unit

_LEAST_ITEMS = 3
_LEAST_CHARS, _MOST_CHARS = 4, 22
_NOUN_CHARS = 2
# Units of one section that are looked at; longer ones are documents without headings.
_MOST_UNITS = 60
# 「建设“三大基地”」 announces the items and is none.
_COUNTED = re.compile(r"[一二两三四五六七八九十\d](?:个|大|类|项|条|座|处|所|家)")
# 开展“绿道工程”行动 is one of the 工程.
_QUOTED = re.compile(r"“([^“”]{3,})”")
_OPENING = re.compile(r"^\s*([\u4e00-\u9fffA-Za-z0-9“”\"（）()+—-]+?)\s*[，,。；;：:]")


@dataclass(frozen=True, slots=True)
class Openings:
    """The first clauses of sentences that open alike, as units and spans, and the ``noun`` that all end in."""

    noun: str
    items: tuple[tuple[Unit, int, int], ...]


def find_openings(unit: Unit, library: Library) -> list[Openings]:
    """Return the groups of at least three sentences of the unit's section whose first clauses end in one noun."""
    section = section_of(unit, library)
    if len(section) > _MOST_UNITS:
        return []
    by_noun: dict[str, list[tuple[Unit, int, int]]] = {}
    for one in section:
        match = _OPENING.match(one.text)
        if match is None or not _LEAST_CHARS <= len(match[1]) <= _MOST_CHARS or _COUNTED.search(match[1]):
            continue
        if one.headings and match[1] in one.headings[-1]:
            continue
        named = _QUOTED.findall(match[1])
        noun = (named[-1] if named else match[1]).rstrip('”"）)')[-_NOUN_CHARS:]
        if re.fullmatch(r"[\u4e00-\u9fff]{2}", noun):
            by_noun.setdefault(noun, []).append((one, one.start + match.start(1), one.start + match.end(1)))
    return [Openings(noun, tuple(items)) for noun, items in by_noun.items() if len(items) >= _LEAST_ITEMS]


def section_of(unit: Unit, library: Library) -> Sequence[Unit]:
    """Return the units around one that stand under the same headings, in order, itself among them."""

    def belongs(number: int) -> bool:
        if not 0 <= number < len(library.units):
            return False
        other = library.units[number]
        return other.doc_id == unit.doc_id and other.headings == unit.headings

    first = last = unit.number
    while last - first <= _MOST_UNITS and belongs(first - 1):
        first -= 1
    while last - first <= _MOST_UNITS and belongs(last + 1):
        last += 1
    return library.units[first : last + 1]
