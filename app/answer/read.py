"""Scored units -> a draft answer, by the kind of question. Quotes are never altered, only chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.answer import lists
from app.answer.analyse import Analysis
from app.answer.comparison import Asked, SideRead, compare
from app.answer.completion import (
    completed,
    whole_sentences,
    with_actor,
    with_antecedent,
    with_points,
    with_speaker,
)
from app.answer.compound import points_back, side_names
from app.answer.days import events_of_day
from app.answer.draft import Draft, Line, shown, with_twins
from app.answer.fold import fold
from app.answer.hops import Bridge
from app.answer.library import Library, Unit
from app.answer.part_order import asked_place_first, own_words_first, same_section_first
from app.answer.replies import Replies
from app.answer.select import HOLDS_VALUE, Scored, TermMatcher, type_fit
from app.answer.sides import Side
from app.answer.topic import topic_of
from app.answer.verdict import verdict
from index.duplicates import same_claim

MAX_UNITS = 3
MAX_CHARS = 260
# Units scoring this much below the best one add more length than content (dev and practice questions).
MARGIN = 1.2
_PER_PART = 2
_PART_MARGIN = 0.8
# Sentences, one a line: a list or a table is never led by another clause.
_FOLLOWED = frozenset({"plain", "hops", "parts"})
_SAME_SECTION = 1.5
_SAME_SUBJECT = 0.75
_SPEAKER_ASKED = re.compile(
    r"(?:谁|哪位|哪个|哪一位|什么人|何人).{0,24}(?:说|讲|提|建议|认为|主张|表示|看法|观点|指出|介绍|表态|比喻|呼吁|评价|称)"
    r"|(?:说|讲|提出?|建议|认为|主张|表示|指出|介绍|表态|呼吁|评价).{0,40}(?:是谁|的是哪|哪位|何人|谁[？?]?$|什么人)|(?:专家|学者|教授|人士|领导|官员|负责人)"
)
# 「写在哪个集群里」 is answered by the heading above the clause.
_CONTAINER = re.compile(
    r"(?:写|列|放|归|属|算|安排|提|说)(?:在|到|进|入|于)?的?(?:是)?哪|哪个?(?:集群|产业|板块|部分|章|节|条|方面|领域|任务|行动|工程|协议|文件|计划)|哪份|哪一?(?:项|部分|章|节|条|方面)"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One search of a question: what was asked and the units found, best first."""

    analysis: Analysis
    scored: Sequence[Scored]
    matcher: TermMatcher


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that reading needs: the whole question first, then its parts where it has several."""

    whole: Part
    parts: Sequence[Part]
    rows: Sequence[Unit]
    library: Library
    replies: Replies
    sides: Sequence[Side] = ()
    bridge: Bridge | None = None
    hops: Sequence[Part] = ()
    followed: Unit | None = None


def read(reading: Reading) -> Draft:
    """Return the draft answer; ``reading.whole.scored`` must not be empty."""
    draft = _read(reading)
    followed = reading.followed
    if followed is None or followed.number in draft.used or draft.route not in _FOLLOWED:
        return draft
    # The person first, then the clause that names whose head it is.
    line = line_of(followed, reading.library, reading.whole.matcher)
    kept = len(draft.lines) if draft.route == "parts" else MAX_UNITS - 1
    return Draft((line, *draft.lines[:kept]), "chain", (followed.number, *draft.used[:kept]))


def _read(reading: Reading) -> Draft:
    if reading.rows:
        return _read_rows(reading)
    if reading.sides:
        compared = compare(reading.whole.analysis.question, sides_of(reading), reading.library, reading.replies)
        if compared is not None:
            return compared
    analysis = reading.whole.analysis
    events = events_of_day(analysis, reading.whole.scored, reading.library)
    if len(events) > 1:
        return _plain(events, reading.library, reading.whole.matcher, "day")
    listed = _listed(reading)
    if listed is not None:
        return listed
    if reading.bridge is not None:
        joined = read_bridge(reading, reading.bridge)
        if joined is not None:
            return joined
    if reading.parts and not lists.asks_of_each(analysis):
        return read_parts(reading)
    if analysis.kind == "yes_no":
        return read_yes_no(reading)
    chosen = asked_place_first(choose(reading.whole.scored, reading.library), analysis)
    if analysis.kind in {"who", "party"} and _SPEAKER_ASKED.search(analysis.folded):
        chosen = with_speaker(chosen, reading.library)
    chosen = completed(with_actor(chosen, analysis, reading.library), analysis, reading.library)
    chosen = with_antecedent(chosen, analysis, reading.library)
    if lists.asks_for_list(analysis):
        chosen = whole_sentences(with_points(chosen, reading.library), reading.library)
    return _plain(chosen, reading.library, reading.whole.matcher, "plain")


def _read_rows(reading: Reading) -> Draft:
    """Return the rows of a document's table, behind the best unit of each other thing that is asked."""
    others = [part for part in reading.parts if not part.analysis.fields]
    told = [unit for part in others for unit in choose(part.scored, reading.library, limit=1)]
    used = dict.fromkeys(row.number for row in reading.rows)
    first = [line_of(u, reading.library, reading.whole.matcher) for u in told if u.number not in used]
    rows = [Line(shown(row.text), with_twins(row, reading.library)) for row in reading.rows]
    return Draft((*first, *rows), "field", tuple(dict.fromkeys([*(u.number for u in told), *used])))


def sides_of(reading: Reading) -> list[SideRead]:
    """Return the sides of a comparison as they were searched."""
    parts = iter(reading.parts)
    return [
        SideRead(side.name, tuple(_asked_part(next(parts)) for _ in side.asked), side.scope)
        for side in reading.sides
    ]


def _asked_part(part: Part) -> Asked:
    return Asked(part.analysis, part.scored, part.matcher)


def _listed(reading: Reading) -> Draft | None:
    """Return the list that a question asks for, and the sentence that tells which thing it is a list of."""
    bridge = reading.bridge
    part = reading.hops[1] if bridge is not None and bridge.inside else reading.whole
    analysis = part.analysis
    if not lists.asks_for_list(analysis) or (reading.parts and not lists.asks_of_each(analysis)):
        return None
    found = lists.read_list(analysis, part.scored, reading.library, part.matcher, reading.replies)
    if found is None or bridge is None:
        return found
    if found.route == "list.inline":
        return None
    told = line_of(bridge.found, reading.library, reading.hops[0].matcher)
    cited = {span for line in found.lines for span in line.spans}
    return found if cited & set(told.spans) else Draft((*found.lines, told), found.route, found.used)


def read_yes_no(reading: Reading) -> Draft:
    """Return 是 or 否 before the clauses where they decide it, else the clauses alone."""
    chosen = choose(reading.whole.scored, reading.library, limit=2)
    decided = verdict(reading.whole.analysis, chosen, reading.whole.matcher)
    draft = _plain(chosen, reading.library, reading.whole.matcher, "yes_no")
    if decided is None:
        return draft
    word = reading.replies.yes if decided else reading.replies.no
    first = draft.lines[0]
    return Draft((Line(word + first.text, first.spans), *draft.lines[1:]), "yes_no.decided", draft.used)


def read_bridge(reading: Reading, bridge: Bridge) -> Draft | None:
    """Return the best sentence of the whole question and the pair that the two halves of it found.

    ``None`` where the best sentence fits the description and holds what is asked: then it alone is the answer.
    """
    described, asked = reading.hops
    answer, found = bridge.answer.unit, bridge.found
    best = answer if bridge.inside else choose(reading.whole.scored, reading.library, limit=1)[0]
    if answer.number == found.number == best.number and not bridge.inside:
        return None
    if (
        not bridge.inside
        and best.number == found.number
        and asked.analysis.value_kinds
        and type_fit(asked.analysis, best) >= HOLDS_VALUE
    ):
        return None
    chosen = [best]
    rest = [unit for unit in (answer, bridge.beside, found) if unit is not None]
    others = () if bridge.inside else choose(reading.whole.scored, reading.library)
    for unit in (*rest, *others):
        size = sum(len(one.text) for one in chosen)
        if len(chosen) <= MAX_UNITS and size + len(unit.text) <= MAX_CHARS * 1.4:
            chosen += [] if _repeats(unit, chosen, reading.library) else [unit]
    matchers = {answer.number: asked.matcher, found.number: described.matcher, best.number: reading.whole.matcher}
    lines = tuple(line_of(unit, reading.library, matchers.get(unit.number, asked.matcher)) for unit in chosen)
    return Draft(lines, "hops", tuple(unit.number for unit in chosen))


def read_parts(reading: Reading) -> Draft:
    """Return the best units of each part in turn; a part that points back prefers the section found before."""
    names = side_names(reading.whole.analysis.question)
    if len(names) == len(reading.parts):
        sides = [SideRead(n, (_asked_part(p),)) for n, p in zip(names, reading.parts, strict=True)]
        compared = compare(reading.whole.analysis.question, sides, reading.library, reading.replies)
        if compared is not None:
            return compared
    chosen: list[Unit] = []
    size = 0
    subject = topic_of(reading.parts[0].analysis.question)
    topic = f"{subject}，" if subject else ""
    several = len(reading.parts) > 2
    for part in reading.parts:
        scored = part.scored
        if len(reading.parts) > 1:
            asked = [term for other in reading.parts if other is not part for term in other.analysis.terms]
            scored = own_words_first(scored, set(part.analysis.terms).difference(asked), part.matcher)
        if chosen and points_back(part.analysis.question):
            scored = same_section_first(scored, chosen[-1], _SAME_SECTION)
        elif chosen and topic and part.analysis.question.startswith(topic):
            # The part left its subject out: it is likely told near what the part before it found.
            scored = same_section_first(scored, chosen[-1], _SAME_SUBJECT)
        best = choose(scored, reading.library, limit=1 if several else _PER_PART, margin=_PART_MARGIN)
        for unit in completed(with_actor(best, part.analysis, reading.library), part.analysis, reading.library):
            if size and size + len(unit.text) > MAX_CHARS * (2.0 if several else 1.4):
                break
            if not _repeats(unit, chosen, reading.library):
                chosen.append(unit)
                size += len(unit.text)
    if not chosen:
        chosen = choose(reading.whole.scored, reading.library)
    lines = tuple(_line_for_any(unit, reading) for unit in chosen)
    return Draft(lines, "parts", tuple(u.number for u in chosen))


def _line_for_any(unit: Unit, reading: Reading) -> Line:
    best = max(reading.parts, key=lambda p: p.matcher.covers(unit.folded + unit.heading_folded))
    return line_of(unit, reading.library, best.matcher)


def _repeats(unit: Unit, chosen: Sequence[Unit], library: Library) -> bool:
    return any(one.text == unit.text or same_claim(one.text, unit.text) for one in chosen)


def choose(
    scored: Sequence[Scored],
    library: Library,
    *,
    limit: int = MAX_UNITS,
    margin: float = MARGIN,
    max_chars: int = MAX_CHARS,
) -> list[Unit]:
    """Return up to ``limit`` units: the best, and those within ``margin`` of its score that are not copies."""
    bodies = [s for s in scored if not s.unit.is_heading] or list(scored)
    chosen: list[Unit] = []
    size = 0
    for candidate in bodies:
        if len(chosen) >= limit or candidate.score < bodies[0].score - margin:
            break
        if _repeats(candidate.unit, chosen, library):
            continue
        if chosen and size + len(candidate.unit.text) > max_chars:
            continue
        chosen.append(candidate.unit)
        size += len(candidate.unit.text)
    return chosen


def _plain(chosen: Sequence[Unit], library: Library, matcher: TermMatcher, route: str) -> Draft:
    lines = tuple(line_of(unit, library, matcher) for unit in chosen)
    return Draft(lines, route, tuple(u.number for u in chosen))


def line_of(unit: Unit, library: Library, matcher: TermMatcher) -> Line:
    """Return the unit as an answer line, led by its heading where only the heading says what it is about."""
    return Line(f"{_lead(unit, matcher)}{shown(unit.text)}", with_twins(unit, library))


def _lead(unit: Unit, matcher: TermMatcher) -> str:
    if not unit.headings or unit.is_heading:
        return ""
    if _CONTAINER.search(matcher.question) and unit.headings[-1] not in unit.text:
        return f"{unit.headings[-1]}："
    heading = unit.headings[-1]
    gain = matcher.covers(unit.folded + fold(heading)) - matcher.covers(unit.folded)
    if gain < 0.12 or any(c.isdigit() for c in heading) or len(heading) > 40:
        return ""
    return f"{heading}："
