"""Complete lists: the siblings of the clause tree, a run of parallel sentences, or an enumeration in one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.answer.analyse import Analysis
from app.answer.completion import whole_sentences
from app.answer.draft import Draft, Line, Span, shown, with_twins
from app.answer.enumerations import Enumeration, find_enumerations
from app.answer.fold import fold
from app.answer.library import Library
from app.answer.list_runs import in_openings, in_runs
from app.answer.listings import LIST_MARGIN, Listing, count_bonus, passage_at, permission_fit, stated_count
from app.answer.named import names_a_rival
from app.answer.replies import Replies
from app.answer.select import Scored, TermMatcher
from index.outline import Section, walk

_SHORT_LEAD = 4
# What it adds that the question calls a section by its heading.
_NAMED_SECTION = 1.5
_NAME_CHARS = 4


# 「三样好处都是啥」: several things are counted, and what each of them is is asked.
_SEVERAL = re.compile(
    r"[二两三四五六七八九十几\d][个样项条类种大块点件家方次句]?[\u4e00-\u9fff”\"]{0,9}?(?:都|各|分别|依次)(?:是|有|叫|指)"
)
# 「分了哪几组，各由谁牵头」: the second half asks of each item, not of something else.
_OF_EACH = re.compile(r"[，,？?](?:各|每|分别|依次)")


# 「十项任务中，人才要建什么基地」 asks of one of them.
_AMONG = re.compile(r"[二两三四五六七八九十\d][项个大条类种点][\u4e00-\u9fff]{0,8}(?:中|里|之中)[，,]")


def asks_for_list(analysis: Analysis) -> bool:
    """Return whether a question asks for a list: by its words, by a count, or by what each of several is."""
    if analysis.kind == "definition":
        return bool(_SEVERAL.search(analysis.folded))
    if analysis.kind in {"party", "who"}:
        return False
    # 「一口气签下五份协议，那天是几号」 counts what it speaks of, and asks for a day.
    counted = analysis.count is not None and analysis.kind not in {"date", "number", "where"}
    counted = counted and not _AMONG.search(analysis.folded)
    return "list" in analysis.kinds or counted


def asks_of_each(analysis: Analysis) -> bool:
    """Return whether a question asks for a list and for something of each of its items."""
    return asks_for_list(analysis) and bool(_OF_EACH.search(analysis.folded))


def read_list(
    analysis: Analysis, scored: Sequence[Scored], library: Library, matcher: TermMatcher, replies: Replies
) -> Draft | None:
    """Return a numbered, complete list where one introduces itself with the question's words, else ``None``."""
    if not asks_for_list(analysis):
        return None
    listings = [
        *_inline(analysis, scored, library, matcher),
        *_sections(analysis, scored, library, matcher),
        *in_runs(analysis, scored, library, matcher),
        *in_openings(analysis, scored, library, matcher),
    ]
    if analysis.kinds & {"who", "party"} and not asks_of_each(analysis):
        # Headings name tasks, not people.
        listings = [listing for listing in listings if listing.inline is not None]
    if not listings:
        return None
    best = max(listings, key=lambda listing: listing.score)
    top = next((s for s in scored if not s.unit.is_heading), scored[0])
    if best.score < top.score - LIST_MARGIN:
        return None
    count = len(best.items)
    agreed = best.stated == count or (best.stated is None and best.complete)
    lines = []
    if best.inline is not None:
        # A count is only claimed where the sentence itself states it; a run of 、 may be a part of a longer list.
        # 「1. 1号线」 would read as 1.1.
        plain = not any(text[:1].isdigit() for text, _ in best.items)
        if best.stated == count and "list" in analysis.kinds and plain:
            lines.append(Line(replies.list_count.format(count=count), (), count))
            lines += [Line(f"{n}. {shown(text)}", spans) for n, (text, spans) in enumerate(best.items, start=1)]
            return Draft(tuple(lines), "list.counted", (best.inline.number,))
        for unit in whole_sentences([best.inline], library):
            lines.append(Line(shown(unit.text), with_twins(unit, library)))
        others = (
            s
            for s in scored
            if not s.unit.is_heading
            and s.unit.number != best.inline.number
            and not names_a_rival(analysis.folded, s.unit.folded)
        )
        beside = next(others, None)
        if beside is not None and beside.score > best.score - LIST_MARGIN and best.stated != count:
            lines.append(Line(shown(beside.unit.text), with_twins(beside.unit, library)))
        return Draft(tuple(lines), "list.inline", (best.inline.number,))
    if agreed:
        lines.append(Line(replies.list_count.format(count=count), (), count))
    for number, (text, spans) in enumerate(best.items, start=1):
        lines.append(Line(f"{number}. {text}", spans))
    return Draft(tuple(lines), "list.sections")


def _inline(analysis: Analysis, scored: Sequence[Scored], library: Library, matcher: TermMatcher) -> list[Listing]:
    """Return the enumerations inside the best sentences."""
    found = []
    for candidate in scored[:10]:
        unit = candidate.unit
        for enumeration in find_enumerations(unit.text):
            items = tuple((unit.text[a:b], with_twins(unit, library)) for a, b in enumeration.items)
            score = candidate.score + count_bonus(analysis.count, enumeration.stated, len(items))
            score += matcher.covers(fold(_around(unit.text, enumeration))) + permission_fit(analysis, unit.text)
            score -= LIST_MARGIN if names_a_rival(analysis.folded, unit.folded) else 0.0
            found.append(Listing(items, enumeration.lead, enumeration.stated, score, unit))
    return found


def _around(text: str, enumeration: Enumeration) -> str:
    """Return the words that say what an enumeration is of: its clause before and behind the items."""
    (first, _), (_, last) = enumeration.items[0], enumeration.items[-1]
    before = re.split(r"[，,。；;]", text[:first])
    # 「…，包括A、B」: a lead of one word belongs to the clause before it.
    lead = "".join(before[-2:] if len(before[-1]) < _SHORT_LEAD else before[-1:])
    return lead + re.split(r"[，,。；;]", text[last:])[0]


def _sections(
    analysis: Analysis, scored: Sequence[Scored], library: Library, matcher: TermMatcher
) -> list[Listing]:
    """Return sections of the best units' documents whose children have headings, as lists of those headings."""
    by_start = {(s.unit.doc_id, s.unit.start): s for s in scored}
    found = []
    for doc_id in dict.fromkeys(s.unit.doc_id for s in scored[:12]):
        for section, _ in walk(library.outline(doc_id)):
            for children in _runs(section):
                listing = _listing(analysis, doc_id, section, children, library, matcher, by_start)
                if listing is not None:
                    found.append(listing)
    return found


def _runs(section: Section) -> list[list[Section]]:
    """Return the runs of at least two sibling sections with headings of one kind."""
    runs: list[list[Section]] = []
    for child in section.children:
        if not child.heading:
            continue
        if runs and runs[-1][-1].kind == child.kind and runs[-1][-1].level == child.level:
            runs[-1].append(child)
        else:
            runs.append([child])
    return [run for run in runs if len(run) >= 2]


def _listing(
    analysis: Analysis,
    doc_id: str,
    section: Section,
    children: list[Section],
    library: Library,
    matcher: TermMatcher,
    by_start: dict[tuple[str, int], Scored],
) -> Listing | None:
    text = library.documents[doc_id].text
    intro = _intro(text, section, children[0])
    lead = fold(f"{section.heading} {intro}")
    covered = matcher.covers(lead)
    counted = analysis.count is not None and analysis.count == len(children)
    called = _bare(section.heading)
    named = len(called) >= _NAME_CHARS and called in _bare(analysis.question)
    # 「哪几个基地」: what every heading says counts as said of all of them.
    covered += min(matcher.covers(fold(child.heading)) for child in children)
    if covered < (0.05 if counted or named else 0.35):
        return None
    scores = [
        s.score for (d, start), s in by_start.items() if d == doc_id and section.start <= start < children[0].start
    ]
    held = [_best_in(by_start, doc_id, child.start, child.end) for child in children]
    known = [score for score in held if score is not None]
    # The list is as good as the words that announce it, or as its items are on the whole.
    base = max([*scores, sum(known) / len(children)] if known else scores, default=0.0)
    if named:
        base += _NAMED_SECTION
    stated = stated_count(lead, len(children))
    items = []
    for child in children:
        start, end = _heading_span(text, child)
        passage = passage_at(library, doc_id, start)
        if passage is None:
            return None
        items.append((_item_text(child), (Span(doc_id, passage, start, end),)))
    title = fold(library.documents[doc_id].title)
    score = (
        max(base, 2.0 * covered)
        + covered
        + matcher.covers(title)
        + count_bonus(analysis.count, stated, len(children))
    )
    return Listing(tuple(items), intro, stated, score, None)


def _best_in(by_start: dict[tuple[str, int], Scored], doc_id: str, start: int, end: int) -> float | None:
    return max((s.score for (d, at), s in by_start.items() if d == doc_id and start <= at < end), default=None)


_NUMBERING = re.compile(
    r"^(?:第[一二三四五六七八九十百零\d]+[章节条款编]|[（(]?[一二三四五六七八九十\d]{1,3}[）)、.．]?)\s*"
)


def _bare(text: str) -> str:
    """Return a folded heading or question without its number and without white space and punctuation."""
    return re.sub(r"[\W_]+", "", _NUMBERING.sub("", fold(text).strip()))


def _intro(text: str, section: Section, first: Section) -> str:
    """Return the last sentence before the first item, from the section's own body."""
    before = text[section.body_start : first.start].strip()
    return re.split(r"(?<=[。！？!?])\s*|\n", before)[-1][-160:] if before else ""


def _heading_span(text: str, child: Section) -> tuple[int, int]:
    piece = (
        text[child.start : child.body_start] if child.body_start > child.start else text[child.start : child.end]
    )
    lead = len(piece) - len(piece.lstrip())
    return child.start + lead, child.start + lead + len(piece.strip())


def _item_text(child: Section) -> str:
    return re.sub(r"^\d{1,2}[.．、]\s*(?=\D)", "", child.heading).strip("。．.;； ")
