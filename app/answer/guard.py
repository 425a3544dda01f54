"""The last check of every answer: figures, dates and negations must stand in the cited spans."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from app.answer.draft import Line
from app.answer.fold import fold
from app.answer.library import Library
from app.answer.values import Value, digits_in, find_values, is_day_alone

_LIST_NUMBER = re.compile(r"^\s*\d{1,3}[.、]\s")
_NEGATIONS = ("不得", "不再", "没有", "不能", "不会", "不是", "禁止", "严禁", "无法", "除外", "未", "没", "不")


def check(lines: Sequence[Line], library: Library, *, mark: str) -> tuple[list[Line], tuple[str, ...]]:
    """Return the lines, those with unsupported content followed by ``mark``, and what was not supported.

    A line's figures and negations must stand in the spans it cites; a count of listed items that was
    counted from the source (``counted``) is allowed beside them. A line without spans is a heading of the
    answer and may hold no figure of its own but such a count.
    """
    checked: list[Line] = []
    unverified: list[str] = []
    for line in lines:
        problems = unsupported(line, library)
        unverified.extend(problems)
        checked.append(replace(line, text=line.text + mark) if problems else line)
    return checked, tuple(unverified)


def unsupported(line: Line, library: Library) -> list[str]:
    """Return the figures and negations of a line that its spans do not hold.

    A figure is compared with its scale and unit (300万辆 is not 300亿辆), a negation by how often it stands.
    """
    quotes = [library.documents[s.doc_id].text[s.start : s.end] for s in line.spans]
    body = _LIST_NUMBER.sub("", line.text)
    counted = set() if line.counted is None else {str(line.counted)}
    allowed = {digits for quote in quotes for digits in digits_in(quote)} | counted
    problems = sorted(digits_in(body) - allowed)
    held = {value.key for quote in quotes for value in find_values(quote)}
    problems += [
        value.text
        for value in find_values(body, numerals=False)
        if not _stands(value, held) and digits_in(value.text) <= allowed - counted
    ]
    if line.spans:
        problems += _inserted(fold(body), [fold(quote) for quote in quotes])
    return problems


def _stands(value: Value, held: Collection[str]) -> bool:
    """Return whether a figure is among the keys held; a month or a year stands in a day of it (4月 in 4月23日)."""
    if value.key in held or value.kind != "date" or is_day_alone(value):
        return value.key in held
    whole = re.compile(rf"(?:(?:19|20)\d\d-)?{re.escape(value.key)}(?:-\d\d)*")
    return any(whole.fullmatch(key) for key in held)


def _inserted(body: str, cited: Sequence[str]) -> list[str]:
    """Return the negations that stand more often in ``body`` than in any cited span, longest words first."""
    found: list[str] = []
    for word in _NEGATIONS:
        surplus = body.count(word) - max(quote.count(word) for quote in cited)
        if surplus > sum(other.count(word) for other in found):
            found.append(word)
    return found
