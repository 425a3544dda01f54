"""Questions for a column of a notice's document table (发文字号, 成文日期 …), looked up, not searched."""

from __future__ import annotations

import re

from app.answer.analyse import Analysis
from app.answer.fold import fold
from app.answer.library import Library, Unit
from app.answer.select import METADATA_ROW, TermMatcher

# The document asked about must share at least this much of the question with its title.
_LEAST_SHARED = 0.15
# 甲方：某市人民政府 and 签订日期：2024年3月18日, each a line of its own, at the head or foot of an agreement.
_PARTY_LINE = re.compile(r"^(?:甲|乙|丙|丁|戊)方(?:[（(][^）)]{0,20}[）)])?\s*[:：]\s*\S")
_DATE_LINE = re.compile(r"^(?:签[订署约定]|签字|订立)(?:日期|时间)\s*[:：]\s*\S")
_PLACE_LINE = re.compile(r"^(?:签[订署约定]|订立)地点\s*[:：]\s*\S")
_ASKS_PARTIES = re.compile(r"甲方|乙方|签|订立|缔约|当事|哪[两几些]?[家方个]|双方|各方|落款|主体")
_ASKS_SIGNING = re.compile(r"签|订立|缔约|落款")


def field_rows(analysis: Analysis, library: Library, matcher: TermMatcher, best: Unit | None = None) -> list[Unit]:
    """Return the rows of the document table, or the lines of an agreement's head and foot, that are asked for.

    The document is the one that the question names best; where it names none, that of ``best``, the best unit.
    Nothing is returned where that document has no such row: the table of another document would be a wrong answer.
    """
    covered = {doc_id: matcher.covers(fold(d.title)) for doc_id, d in library.documents.items()}
    top = max(covered.values(), default=0.0)
    if analysis.fields and library.tables:
        rows = [unit for units in library.tables.values() for unit in units if _column(unit) in analysis.fields]
        # A question that names no document can only mean the one that has such a row, if there is but one.
        named = [row for row in rows if covered[row.doc_id] >= max(top, _LEAST_SHARED)]
        elsewhere = best is not None and best.doc_id not in {row.doc_id for row in named or rows}
        if best is not None and elsewhere and matcher.covers(best.folded) > top + _LEAST_SHARED:
            # 「某计划谁发布的」: a sentence of another document speaks of just that.
            return []
        if named:
            return named
        if top < _LEAST_SHARED and len({row.doc_id for row in rows}) == 1:
            return rows
    pattern = _asked_line(analysis)
    if pattern is None:
        return []
    asked_of = [doc_id for doc_id, share in covered.items() if share >= max(top, _LEAST_SHARED)]
    if len(asked_of) != 1:
        asked_of = [best.doc_id] if best is not None else []
    return [unit for doc_id in asked_of for unit in library.lines(doc_id) if pattern.match(unit.text)]


def _asked_line(analysis: Analysis) -> re.Pattern[str] | None:
    """Return what the lines look like that a question about the signing of an agreement asks for."""
    if analysis.kind in {"party", "who"} and _ASKS_PARTIES.search(analysis.folded):
        if "party" in analysis.kinds or analysis.kind == "party":
            return _PARTY_LINE
        return None
    if not _ASKS_SIGNING.search(analysis.folded):
        return None
    if analysis.kind == "date":
        return _DATE_LINE
    return _PLACE_LINE if analysis.kind == "where" else None


def _column(unit: Unit) -> str:
    match = METADATA_ROW.match(unit.text)
    return match[1] if match else ""
