"""The form of an answer: concision, polarity of a yes/no answer, completeness and count of a list."""

from __future__ import annotations

import re

from eval.matching import canonical, strip_markers

_SPACE = re.compile(r"\s+")
_YES = re.compile(r"^(?:答案?[:：])?(?:是(?!否|不是)|对[，,。]|有(?!没有)|会(?!不会)|可以|属实|正确)")
_NO = re.compile(r"^(?:答案?[:：])?(?:否|不(?!仅|但|断|少|同)|没有|未(?!来)|并非|并不|并未|无(?:[，,。]|$))")
_ENUMERATED = re.compile(
    r"^\s*(?:[-•·*]\s+)?(?:(\d{1,3})[.、．)）](?!\d)|[（(](\d{1,3})[)）]|([①-⑳]))", re.MULTILINE
)
_COUNTED = r"(\d{1,3})(?:个|项|条|方面|点|类|种|家|处|大|人|座|名|份)"
_STATED = re.compile(rf"(?:共(?:有|计)?{_COUNTED}|(?:包括|分为|列出|以下|下列|如下)[^\d\n,。;]{{0,6}}?{_COUNTED})")

FREE_CHARS = 150
BASE_CHARS = 60
CHARS_PER_EVIDENCE_CHAR = 1.6


def answer_chars(text: str) -> int:
    """Return the length of an answer without markers and white space, in characters."""
    return len(_SPACE.sub("", strip_markers(text)))


def max_short_chars(evidence_chars: int) -> float:
    """Return the most characters a short answer may have: max(150, 60 + 1.6 × characters of gold evidence).

    An answer may lead with its point (60) and give its ground, which is the evidence; 1.6 leaves room for
    naming documents and numbering items. Under 150 characters nobody is kept from reading.
    """
    return max(FREE_CHARS, BASE_CHARS + CHARS_PER_EVIDENCE_CHAR * evidence_chars)


def is_short(text: str, evidence_chars: int) -> bool:
    """Return whether an answer is short for its evidence (see ``max_short_chars``)."""
    return answer_chars(text) <= max_short_chars(evidence_chars)


def polarity(text: str) -> str | None:
    """Return 是 or 否 as the answer begins, None when it begins with neither.

    >>> polarity("是，计划到2025年[1]。"), polarity("不属于。"), polarity("是否纳入未写明"), polarity("两市将…")
    ('是', '否', None, None)
    """
    head = _SPACE.sub("", strip_markers(text)).lstrip('“"*')
    if _NO.match(head):
        return "否"
    return "是" if _YES.match(head) else None


def enumerated_items(text: str) -> int:
    r"""Return how many lines of an answer begin with an enumerator (1. 1、 （1） ①).

    >>> enumerated_items("共2项：\n1. 规划协同[1]\n2. 创新协同[2]")
    2
    """
    return len(_ENUMERATED.findall(text))


def stated_count(text: str) -> int | None:
    """Return the count an answer states of its list (共9项), None when it states none.

    >>> stated_count("共九项：")
    9
    """
    match = _STATED.search(canonical(strip_markers(text)))
    return int(match[1] or match[2]) if match else None


def count_is_right(text: str, size: int) -> bool | None:
    """Return whether the count that an answer gives of its list is ``size``; None when it gives none.

    A stated count and the number of enumerated lines must both agree where both are there.
    """
    given = {n for n in (stated_count(text), enumerated_items(text) or None) if n is not None}
    return given == {size} if given else None
