"""Which questions can be asked at all, so that a face can say in Chinese what is wrong with one.

The same rule as the assistant's, which stays the authority: this one only gives the fault a name.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

Code = Literal["question_empty", "question_too_long", "question_control"]

# Tabs and line ends come with pasted text; every other control character is a sign of a broken client.
_ALLOWED_CONTROLS = frozenset("\t\n\r")
_REFUSED = frozenset({"Cc", "Cs", "Co", "Cn"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a question; ``found`` and ``limit`` count characters."""

    code: Code
    found: int
    limit: int


def find_problem(question: str, *, max_chars: int) -> Problem | None:
    """Return what is wrong with the question, or ``None`` when it can be asked.

    >>> find_problem("　 ", max_chars=10).code
    'question_empty'
    >>> find_problem("有哪些协议？", max_chars=10) is None
    True
    """
    text = question.strip()
    if not any(unicodedata.category(char)[0] in "LN" for char in text):
        return Problem("question_empty", len(text), max_chars)
    if len(text) > max_chars:
        return Problem("question_too_long", len(text), max_chars)
    if has_control(text):
        return Problem("question_control", len(text), max_chars)
    return None


def has_control(text: str) -> bool:
    """Return whether the text holds a control, private or unassigned character, or half of a surrogate pair."""
    return any(unicodedata.category(char) in _REFUSED and char not in _ALLOWED_CONTROLS for char in text)
