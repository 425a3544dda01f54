"""Lists without a tree: runs of parallel clauses, and sentences of one section that open alike."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.answer.analyse import Analysis
from app.answer.draft import Span, shown
from app.answer.fold import fold
from app.answer.library import Library
from app.answer.listings import Listing, count_bonus, passage_at, permission_fit, stated_count
from app.answer.openings import find_openings
from app.answer.select import Scored, TermMatcher

# A run that nothing announces is more often a passage in progress than a list that somebody asks for.
_UNANNOUNCED = 0.7
_ANNOUNCES = re.compile(r"下列|以下|如下|主要(?:任务|内容|措施)|有[一二三四五六七八九十\d]{1,2}[个项条点方]")


def in_runs(analysis: Analysis, scored: Sequence[Scored], library: Library, matcher: TermMatcher) -> list[Listing]:
    """Return the runs of parallel clauses that the best units are items of or announce."""
    found = []
    seen = set()
    for candidate in scored[:10]:
        unit = candidate.unit
        beyond = library.units[unit.number + 1] if unit.number + 1 < len(library.units) else unit
        run = library.run_of(unit) or (library.run_of(beyond) if beyond.doc_id == unit.doc_id else None)
        if run is None or (unit.doc_id, run.items[0]) in seen:
            continue
        leads = run.lead is not None and unit.start <= run.lead[0] < unit.end
        if library.run_of(unit) is None and not leads:
            continue
        seen.add((unit.doc_id, run.items[0]))
        text = library.documents[unit.doc_id].text
        items = []
        for start, end in run.items:
            passage = passage_at(library, unit.doc_id, start)
            if passage is None:
                break
            items.append((_item_words(text[start:end]), (Span(unit.doc_id, passage, start, end),)))
        lead = text[slice(*run.lead)] if run.lead else ""
        stated = stated_count(fold(lead), len(items))
        # A run that announces itself with the question's words is asked for as a whole; one item of it is not.
        announced = matcher.covers(fold(lead)) if lead else 0.0
        score = candidate.score + announced + count_bonus(analysis.count, stated, len(items))
        score += permission_fit(analysis, lead or unit.text)
        if run.lead is None:
            score -= _UNANNOUNCED
        elif _ANNOUNCES.search(lead):
            score += _UNANNOUNCED
        found.append(Listing(tuple(items), lead, stated, score, None))
    return found


def in_openings(
    analysis: Analysis, scored: Sequence[Scored], library: Library, matcher: TermMatcher
) -> list[Listing]:
    """Return the sentences that open alike in the sections of the best units, where the question asks for such."""
    found = []
    seen = set()
    for candidate in scored[:8]:
        for group in find_openings(candidate.unit, library):
            first = group.items[0][0]
            if group.noun not in analysis.folded or (first.number, group.noun) in seen:
                continue
            seen.add((first.number, group.noun))
            text = library.documents[first.doc_id].text
            items = tuple(
                (text[start:end], (Span(unit.doc_id, unit.passage_index, start, end),))
                for unit, start, end in group.items
            )
            before = library.units[first.number - 1] if first.number else first
            lead = before.text if before.headings == first.headings and before.doc_id == first.doc_id else ""
            stated = stated_count(f"{first.heading_folded} {fold(lead)}", len(items))
            # The section is meant where its heading or the sentence that announces the items says so.
            announced = matcher.covers(f"{first.heading_folded} {fold(lead)}")
            score = candidate.score + announced + count_bonus(analysis.count, stated, len(items))
            found.append(Listing(items, lead, stated, score, None, complete=False))
    return found


_ITEM_MARK = re.compile(
    r"^\s*(?:[（(][一二三四五六七八九十\d]{1,3}[）)]|\d{1,2}[.．、]|[①-⑮]|[一二三四五六七八九十]{1,2}(?=[是要]))\s*"
)


def _item_words(text: str) -> str:
    """Return an item of a run without its number and its last mark."""
    return (
        shown(_ITEM_MARK.sub("", text))
        .rstrip("；;。")
        .lstrip("是" if re.match(r"^\s*[一二三四五六七八九十]{1,2}是", text) else "")
    )
