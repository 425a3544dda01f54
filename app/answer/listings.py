"""A list that may be the answer, and what agrees or not between it and the question."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.answer.analyse import Analysis
from app.answer.draft import Span
from app.answer.library import Library, Unit
from app.answer.values import find_values

# A list that introduces itself this much worse than the best sentence answers something else.
LIST_MARGIN = 1.5
_FORBIDS = re.compile(r"不能|不得|不许|不准|不可(?!持续)|不让|禁止|严禁")


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that may be the answer: its items' texts and spans, how it introduces itself, and its score.

    ``complete``: its form leaves no doubt that these are all, so that their number may be told though nothing
    states it.
    """

    items: tuple[tuple[str, tuple[Span, ...]], ...]
    lead: str
    stated: int | None
    score: float
    inline: Unit | None
    complete: bool = True


def permission_fit(analysis: Analysis, text: str) -> float:
    """Return what speaks against a list of the allowed where the forbidden is asked for, and the reverse."""
    return 0.0 if bool(_FORBIDS.search(analysis.folded)) == bool(_FORBIDS.search(text)) else -LIST_MARGIN


def stated_count(lead: str, size: int) -> int | None:
    """Return the number of items that the words before a list of ``size`` state, or ``None``."""
    counts = [int(m.group()) for v in find_values(lead) if v.kind == "count" and (m := re.match(r"\d+", v.key))]
    return size if size in counts else (counts[-1] if counts and abs(counts[-1] - size) <= 2 else None)


def passage_at(library: Library, doc_id: str, start: int) -> int | None:
    """Return the index of the passage that shows the character ``start`` of a document, or ``None``."""
    for index, passage in enumerate(library.passages):
        if passage.doc_id == doc_id and passage.start <= start < passage.end:
            return index
    return None


def count_bonus(asked: int | None, stated: int | None, size: int) -> float:
    """Return what agreement of counts adds: the question's 十项 with ten items, or against it."""
    if asked is None:
        return 0.3 if stated == size else 0.0
    if size == asked:
        return 1.5
    return -0.5
