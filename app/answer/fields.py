"""Questions for a column of a notice's document table (发文字号, 成文日期 …), looked up, not searched."""

from __future__ import annotations

from app.answer.analyse import Analysis
from app.answer.fold import fold
from app.answer.library import Library, Unit
from app.answer.select import METADATA_ROW, TermMatcher

# The document asked about must share at least this much of the question with its title.
_LEAST_SHARED = 0.15


def field_rows(analysis: Analysis, library: Library, matcher: TermMatcher) -> list[Unit]:
    """Return the rows of the document table that the question asks for, of the document it names.

    Nothing is returned where the document named best by the question has no such row: the table of another
    document would be a wrong answer.
    """
    if not analysis.fields or not library.tables:
        return []
    covered = {doc_id: matcher.covers(fold(d.title)) for doc_id, d in library.documents.items()}
    best = max(covered.values())
    if best < _LEAST_SHARED:
        return []
    rows = []
    for doc_id, units in library.tables.items():
        if covered[doc_id] >= best:
            rows += [u for u in units if _column(u) in analysis.fields]
    return rows


def _column(unit: Unit) -> str:
    match = METADATA_ROW.match(unit.text)
    return match[1] if match else ""
