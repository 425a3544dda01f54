"""Complete lists: the siblings of the clause tree, a run of parallel sentences, or an enumeration in one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.answer.analyse import Analysis
from app.answer.completion import whole_sentences
from app.answer.draft import Draft, Line, Span, shown, with_twins
from app.answer.enumerations import Enumeration, find_enumerations
from app.answer.fold import fold
from app.answer.library import Library, Unit
from app.answer.named import names_a_rival
from app.answer.openings import find_openings
from app.answer.replies import Replies
from app.answer.select import Scored, TermMatcher
from app.answer.values import find_values
from index.outline import Section, walk

# A list that introduces itself this much worse than the best sentence answers something else.
_LIST_MARGIN = 1.5
_SHORT_LEAD = 4
# A run that nothing announces is more often a passage in progress than a list that somebody asks for.
_UNANNOUNCED = 0.7
# What it adds that the question calls a section by its heading.
_NAMED_SECTION = 1.5
_NAME_CHARS = 4


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that may be the answer: its items' texts and spans, how it introduces itself, and its score."""

    items: tuple[tuple[str, tuple[Span, ...]], ...]
    lead: str
    stated: int | None
    score: float
    inline: Unit | None


# 「三样好处都是啥」: several things are counted, and what each of them is is asked.
_SEVERAL = re.compile(
    r"[二两三四五六七八九十几\d][个样项条类种大块点件家方次句]?[\u4e00-\u9fff]{0,8}?(?:都|各|分别|依次)(?:是|有|叫|指)"
)
_FORBIDS = re.compile(r"不能|不得|不许|不准|不可(?!持续)|不让|禁止|严禁")
# 「分了哪几组，各由谁牵头」: the second half asks of each item, not of something else.
_OF_EACH = re.compile(r"[，,？?](?:各|每|分别|依次)")
_ANNOUNCES = re.compile(r"下列|以下|如下|主要(?:任务|内容|措施)|有[一二三四五六七八九十\d]{1,2}[个项条点方]")


def asks_for_list(analysis: Analysis) -> bool:
    """Return whether a question asks for a list: by its words, by a count, or by what each of several is."""
    if analysis.kind == "definition":
        return bool(_SEVERAL.search(analysis.folded))
    return analysis.kind not in {"party", "who"} and ("list" in analysis.kinds or analysis.count is not None)


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
        *_in_runs(analysis, scored, library, matcher),
        *_in_openings(analysis, scored, library, matcher),
    ]
    if analysis.kinds & {"who", "party"} and not asks_of_each(analysis):
        # Headings name tasks, not people.
        listings = [listing for listing in listings if listing.inline is not None]
    if not listings:
        return None
    best = max(listings, key=lambda listing: listing.score)
    top = next((s for s in scored if not s.unit.is_heading), scored[0])
    if best.score < top.score - _LIST_MARGIN:
        return None
    count = len(best.items)
    agreed = best.stated is None or best.stated == count
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
        others = (s for s in scored if not s.unit.is_heading and s.unit.number != best.inline.number)
        beside = next(others, None)
        if beside is not None and beside.score > best.score - _LIST_MARGIN and best.stated != count:
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
            score = candidate.score + _count_bonus(analysis.count, enumeration.stated, len(items))
            score += matcher.covers(fold(_around(unit.text, enumeration))) + _permission_fit(analysis, unit.text)
            score -= _LIST_MARGIN if names_a_rival(analysis.folded, unit.folded) else 0.0
            found.append(Listing(items, enumeration.lead, enumeration.stated, score, unit))
    return found


def _around(text: str, enumeration: Enumeration) -> str:
    """Return the words that say what an enumeration is of: its clause before and behind the items."""
    (first, _), (_, last) = enumeration.items[0], enumeration.items[-1]
    before = re.split(r"[，,。；;]", text[:first])
    # 「…，包括A、B」: a lead of one word belongs to the clause before it.
    lead = "".join(before[-2:] if len(before[-1]) < _SHORT_LEAD else before[-1:])
    return lead + re.split(r"[，,。；;]", text[last:])[0]


def _permission_fit(analysis: Analysis, text: str) -> float:
    """Return what speaks against a list of the allowed where the forbidden is asked for, and the reverse."""
    return 0.0 if bool(_FORBIDS.search(analysis.folded)) == bool(_FORBIDS.search(text)) else -_LIST_MARGIN


def _in_runs(
    analysis: Analysis, scored: Sequence[Scored], library: Library, matcher: TermMatcher
) -> list[Listing]:
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
            passage = _passage_at(library, unit.doc_id, start)
            if passage is None:
                break
            items.append((_item_words(text[start:end]), (Span(unit.doc_id, passage, start, end),)))
        lead = text[slice(*run.lead)] if run.lead else ""
        stated = _stated(fold(lead), len(items))
        # A run that announces itself with the question's words is asked for as a whole; one item of it is not.
        announced = matcher.covers(fold(lead)) if lead else 0.0
        score = candidate.score + announced + _count_bonus(analysis.count, stated, len(items))
        score += _permission_fit(analysis, lead or unit.text)
        if run.lead is None:
            score -= _UNANNOUNCED
        elif _ANNOUNCES.search(lead):
            score += _UNANNOUNCED
        found.append(Listing(tuple(items), lead, stated, score, None))
    return found


def _in_openings(
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
            stated = _stated(f"{first.heading_folded} {fold(lead)}", len(items))
            # The section is meant where its heading or the sentence that announces the items says so.
            announced = matcher.covers(f"{first.heading_folded} {fold(lead)}")
            score = candidate.score + announced + _count_bonus(analysis.count, stated, len(items))
            found.append(Listing(items, lead, stated, score, None))
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
    stated = _stated(lead, len(children))
    items = []
    for child in children:
        start, end = _heading_span(text, child)
        passage = _passage_at(library, doc_id, start)
        if passage is None:
            return None
        items.append((_item_text(child), (Span(doc_id, passage, start, end),)))
    title = fold(library.documents[doc_id].title)
    score = (
        max(base, 2.0 * covered)
        + covered
        + matcher.covers(title)
        + _count_bonus(analysis.count, stated, len(children))
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


def _stated(lead: str, size: int) -> int | None:
    counts = [int(m.group()) for v in find_values(lead) if v.kind == "count" and (m := re.match(r"\d+", v.key))]
    return size if size in counts else (counts[-1] if counts and abs(counts[-1] - size) <= 2 else None)


def _heading_span(text: str, child: Section) -> tuple[int, int]:
    piece = (
        text[child.start : child.body_start] if child.body_start > child.start else text[child.start : child.end]
    )
    lead = len(piece) - len(piece.lstrip())
    return child.start + lead, child.start + lead + len(piece.strip())


def _item_text(child: Section) -> str:
    return re.sub(r"^\d{1,2}[.．、]\s*(?=\D)", "", child.heading).strip("。．.;； ")


def _passage_at(library: Library, doc_id: str, start: int) -> int | None:
    for index, passage in enumerate(library.passages):
        if passage.doc_id == doc_id and passage.start <= start < passage.end:
            return index
    return None


def _count_bonus(asked: int | None, stated: int | None, size: int) -> float:
    """Return what agreement of counts adds: the question's 十项 with ten items, or against it."""
    if asked is None:
        return 0.3 if stated == size else 0.0
    if size == asked:
        return 1.5
    return -0.5
