"""The sides of a comparison, each read in its own place, then set side by side in a table.

Lists become the rows 相同, 仅甲, 仅乙; anything else one row for each side. Where one figure or date answers each
side, the first line gives both, and says which is more or earlier where that is asked: computed, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from app.answer import lists
from app.answer.analyse import Analysis
from app.answer.completion import completed
from app.answer.draft import Draft, Line, Span, shown, span_of, with_twins
from app.answer.enumerations import find_enumerations
from app.answer.fold import content_key, fold
from app.answer.gate import Verdict, Weights, judge, veto
from app.answer.library import Library, Unit
from app.answer.omissions import asked_values
from app.answer.ordinals import ordinals
from app.answer.replies import Replies
from app.answer.scopes import Scope
from app.answer.select import Scored, TermMatcher
from app.answer.values import Value, digits_in, is_day_alone, same_day

# How many sentences one side may take, how far below its best one, and how long they may be.
_PER_SIDE = 2
_MARGIN = 0.9
_MAX_CHARS = 130
# A sentence that holds what is asked goes before one so much better that does not.
_FIT_MARGIN = 1.5
# An item of a list is a name or a short clause; longer ones are shown as sentences.
_MAX_ITEM_CHARS = 60
_MAX_ITEMS = 15
# What a name or a noun of a list does not hold: the sentence went on.
_CLAUSE = re.compile(r"[在将使把]|^(?:支持|推动|推进|建议|要求)")
_LIST_ASKED = re.compile(r"哪些|哪几|哪[二两三四五六七八九十\d]|列出|列了|列举|包括|哪里|哪儿")
_LEAD_RATIO = 1.6
# What a side is called in the question and not in the table; figures that no source of a row gives.
_LABEL_END = re.compile(r"(?:签的?|的|各自?|自|(?<![成首])都|那份|这份|两[份个种项家].{0,4})+$")
_FIGURES = re.compile(r"[\d〇零一二三四五六七八九十]*\d+(?:[—–\-~至]\d+)?[年月日号]*")
# So close before a figure the words stand that say what it is a figure of.
_NEAR = 8
# The word a question orders two figures by, and which end of the order answers it.
_ORDERS = (
    ("early", re.compile(r"(?<![首率优领])先(?![进行导锋后前期生])|更?早"), "smaller"),
    ("late", re.compile(r"更?晚|更迟"), "larger"),
    ("high", re.compile(r"更高|[谁哪].{0,8}高"), "larger"),
    ("low", re.compile(r"更低"), "smaller"),
    ("less", re.compile(r"更少"), "smaller"),
    ("small", re.compile(r"更小"), "smaller"),
    ("short", re.compile(r"更短"), "smaller"),
    ("long", re.compile(r"更[长久]|[谁哪].{0,8}长"), "larger"),
    ("big", re.compile(r"更大|[谁哪].{0,8}大"), "larger"),
    ("more", re.compile(r"更多|[谁哪].{0,8}多"), "larger"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to a side: its analysis and the units found for it, best first."""

    analysis: Analysis
    scored: Sequence[Scored]
    matcher: TermMatcher


@dataclass(frozen=True, slots=True)
class SideRead:
    """One side as it was searched: its name, what was asked of it, and its place, where it has one of its own."""

    name: str
    asked: Sequence[Asked]
    scope: Scope | None = None

    def spans(self, unit: Unit, library: Library) -> tuple[Span, ...]:
        """Return the spans that show a unit: its own and those of its copies that lie in the side's place."""
        own = span_of(unit)
        copies = [t for t in library.twins(unit) if self.scope is None or self.scope.holds(t)]
        kept = {own, *map(span_of, copies)}
        return tuple(span for span in with_twins(unit, library) if span in kept)


@dataclass(frozen=True, slots=True)
class _Item:
    text: str
    spans: tuple[Span, ...]


def compare(question: str, sides: Sequence[SideRead], library: Library, replies: Replies) -> Draft | None:
    """Return the answer with its table, or ``None`` where the sides say nothing or one thing."""
    chosen = [_choose(side, library) for side in sides]
    best = [units[0].number for units in chosen if units]
    if not best or len(set(best)) < len(best):
        # One sentence that speaks of both sides is the answer; a table would only repeat it.
        return None
    listed = _listed(sides, library, replies)
    if listed is not None:
        return listed
    return _table(question, sides, chosen, library, replies)


def _table(
    question: str, sides: Sequence[SideRead], chosen: Sequence[Sequence[Unit]], library: Library, replies: Replies
) -> Draft:
    """Return the table of one row for each sentence of each side, behind the line that compares their figures."""
    rows: list[Line] = []
    for side, units in zip(sides, chosen, strict=True):
        label = _label(side.name, _ground(units, library))
        if not units:
            rows.append(Line(replies.not_mentioned, before=f"| {label} | ", after=" |"))
        for unit in units:
            rows.append(Line(_cell(shown(unit.text)), side.spans(unit, library), None, f"| {label} | ", " |"))
            label = ""
    first = _first_line(question, sides, chosen, library, replies)
    used = tuple(unit.number for units in chosen for unit in units)
    return Draft((*first, *_head(replies), *rows), "sides.table", used)


def _head(replies: Replies) -> tuple[Line, Line]:
    return Line(f"| {replies.compared} | {replies.contents} |"), Line("|---|---|")


def _cell(text: str) -> str:
    """Return a text as a cell of a table holds it: on one line, without bars of its own."""
    return " ".join(text.split()).replace("|", "\\|")


def _label(name: str, ground: str) -> str:
    """Return what a side is called in the answer, without figures that the ``ground`` of its row does not give."""
    plain = _LABEL_END.sub("", name) or name
    if digits_in(plain) - digits_in(ground):
        plain = _FIGURES.sub("", plain) or plain
    return _cell(plain)


def _ground(units: Sequence[Unit], library: Library) -> str:
    """Return what a reader sees with the quotes of some units: their texts, headings and titles."""
    return " ".join(f"{u.text} {' '.join(u.headings)} {library.documents[u.doc_id].title}" for u in units)


def _choose(side: SideRead, library: Library) -> list[Unit]:
    """Return the sentences that answer one side: the best and a close second, or one for each question."""
    most = _PER_SIDE if len(side.asked) == 1 else 1
    chosen: list[Unit] = []
    for asked in side.asked:
        known = {unit.number for unit in chosen}
        chosen += [unit for unit in _best_of(asked, most, library) if unit.number not in known]
    return chosen


def _best_of(asked: Asked, most: int, library: Library) -> list[Unit]:
    bodies = [s for s in asked.scored if not s.unit.is_heading] or list(asked.scored)
    place = ordinals(asked.analysis.folded)
    # Of the first and the second of something, each is told by the sentences that name it.
    bodies = [s for s in bodies if place and place <= ordinals(s.unit.folded)] or bodies
    top = bodies[0].score if bodies else 0.0
    fitting = [s for s in bodies[:8] if s.score >= top - _FIT_MARGIN and _fits(s.unit, asked.analysis)]
    if fitting:
        # What holds the figure needs no second sentence.
        bodies, most = [fitting[0]], 1
    chosen: list[Unit] = []
    for candidate in bodies[:8]:
        if len(chosen) >= most or (chosen and candidate.score < top - _MARGIN):
            break
        if any(content_key(one.text) == content_key(candidate.unit.text) for one in chosen):
            continue
        if chosen and sum(len(u.text) for u in chosen) + len(candidate.unit.text) > _MAX_CHARS:
            continue
        chosen.append(candidate.unit)
    return completed(chosen, asked.analysis, library)


def _fits(unit: Unit, analysis: Analysis) -> bool:
    """Return whether a sentence holds a figure of the asked kind, or all the figures that the question brings."""
    if analysis.value_kinds:
        return bool(asked_values(unit.values, analysis))
    keys = {value.key for value in unit.values}
    return bool(analysis.values) and all(value.key in keys for value in analysis.values)


def _first_line(
    question: str, sides: Sequence[SideRead], chosen: Sequence[Sequence[Unit]], library: Library, replies: Replies
) -> tuple[Line, ...]:
    """Return the line that gives each side's one figure, and the order of both where it is asked; or nothing."""
    found = [_value(side, units) for side, units in zip(sides, chosen, strict=True)]
    values = [value for value in found if value is not None]
    if len(values) != len(sides) or len({value.kind for value in values}) > 1:
        return ()
    names = [_label(side.name, units[0].text) for side, units in zip(sides, chosen, strict=True)]
    if any(digits_in(name) - digits_in(units[0].text) for name, units in zip(names, chosen, strict=True)):
        return ()
    said = "；".join(replies.side.format(side=n) + value.text for n, value in zip(names, values, strict=True))
    pairs = zip(sides, chosen, strict=True)
    spans = tuple(
        dict.fromkeys(
            span
            for (side, units), value in zip(pairs, values, strict=True)
            for unit in units
            if unit is units[0] or value in unit.values
            for span in side.spans(unit, library)
        )
    )
    return (Line(f"{said}。{_order(question, names, values, replies)}", spans),)


def _value(side: SideRead, units: Sequence[Unit]) -> Value | None:
    """Return the one figure of a side's best sentence that may be asked for, ``None`` where several may."""
    if not units or len(side.asked) > 1:
        return None
    unit, analysis = units[0], side.asked[0].analysis
    brought = {value.key for value in analysis.values}
    found = asked_values(unit.values, analysis)
    if not found and not analysis.value_kinds:
        found = [v for v in unit.values if v.kind not in {"date", "number"} and v.key not in brought]
    values = {value.key: value for value in found}
    if len(values) > 1:
        named = [v for v in values.values() if _named_before(v, unit, side.asked[0].matcher)]
        return named[0] if len(named) == 1 else None
    only = next(iter(values.values()), None)
    return only if only is None else _in_full(only, units[1:])


def _in_full(value: Value, others: Sequence[Unit]) -> Value:
    """Return a day as the sentence that was added for its month gives it; another figure as it is."""
    if not is_day_alone(value):
        return value
    return next((v for unit in others for v in unit.values if same_day(v, value)), value)


def _named_before(value: Value, unit: Unit, matcher: TermMatcher) -> bool:
    """Return whether a word of the question stands right before a figure."""
    before = fold(unit.text[max(0, value.start - _NEAR) : value.start])
    return any(len(term) >= 2 and term in before for term in matcher.terms)


def _order(question: str, names: Sequence[str], values: Sequence[Value], replies: Replies) -> str:
    """Return which side is more, higher, earlier …, where the question asks it and the figures decide it."""
    for side in names:
        question = question.replace(side, "")
    asked = next(((name, end) for name, words, end in _ORDERS if words.search(question)), None)
    sizes = [_size(value) for value in values]
    if asked is None or len(sizes) != 2 or sizes[0] is None or sizes[1] is None:
        return ""
    (first, unit), (second, other) = sizes[0], sizes[1]
    if unit != other:
        return ""
    if first == second:
        return replies.more["equal"]
    name, end = asked
    winner = names[0] if (first > second) == (end == "larger") else names[1]
    return replies.more[name].format(side=winner)


def _size(value: Value) -> tuple[Decimal, str] | None:
    """Return a figure as a number with its unit; a date as a number that grows with time, with its precision."""
    if value.kind == "date":
        parts = value.key.split("-")
        if not re.fullmatch(r"(?:19|20)\d{2}", parts[0]) or not all(part.isdigit() for part in parts):
            return None
        return Decimal("".join(parts)), f"date{len(parts)}"
    match = re.match(r"\d+(?:\.\d+)?", value.key)
    try:
        return (Decimal(match.group()), value.key[match.end() :]) if match else None
    except InvalidOperation:
        return None


def _listed(sides: Sequence[SideRead], library: Library, replies: Replies) -> Draft | None:
    """Return the table of what is in both lists and in one only, where each side answers with a list."""
    asked = [side.asked[0] for side in sides if len(side.asked) == 1 and side.asked[0].scored]
    if len(asked) != 2 or not all(_LIST_ASKED.search(one.analysis.folded) for one in asked):
        return None
    first, second = (_items(side, one, library, replies) for side, one in zip(sides, asked, strict=True))
    if not first or not second or max(len(first), len(second)) > _MAX_ITEMS:
        return None
    same = [(a, b) for a in first for b in second if content_key(a.text) == content_key(b.text)]
    shared = {content_key(a.text) for a, _ in same}
    rows = [_items_row(replies.same, [_Item(a.text, (*a.spans, *b.spans)) for a, b in same])] if same else []
    for side, items in ((sides[0], first), (sides[1], second)):
        own = [item for item in items if content_key(item.text) not in shared]
        if own:
            rows.append(_items_row(replies.only.format(side=_label(side.name, "")), own))
    return Draft((*_head(replies), *rows), "sides.lists")


def _items_row(label: str, items: Sequence[_Item]) -> Line:
    spans = tuple(dict.fromkeys(span for item in items for span in item.spans))
    return Line("、".join(_cell(item.text) for item in items), spans, None, f"| {_cell(label)} | ", " |")


def _items(side: SideRead, asked: Asked, library: Library, replies: Replies) -> list[_Item]:
    """Return the items of the list that answers one side, nothing where its best sentence is not of that list."""
    draft = lists.read_list(asked.analysis, asked.scored, library, asked.matcher, replies)
    best = next((s.unit for s in asked.scored if not s.unit.is_heading), None)
    if draft is None or best is None:
        return []
    if draft.route == "list.inline":
        found = find_enumerations(best.text)[:1] if best.number in draft.used else []
        items = [_Item(best.text[a:b].strip(), side.spans(best, library)) for one in found for a, b in one.items]
        # A first item much longer than the others has the words before the list in it.
        if any(_CLAUSE.search(item.text) for item in items):
            return []
        return [] if not items or len(items[0].text) > _LEAD_RATIO * max(len(i.text) for i in items[1:]) else items
    items = [
        _Item(re.sub(r"^\d+\. ", "", line.text).rstrip("。；;"), line.spans) for line in draft.lines if line.spans
    ]
    held = any(
        s.doc_id == best.doc_id and s.start < best.end and best.start < s.end for i in items for s in i.spans
    )
    return items if held and all(len(item.text) <= _MAX_ITEM_CHARS for item in items) else []


def judge_sides(whole: Analysis, sides: Sequence[SideRead], library: Library, weights: Weights) -> Verdict:
    """Return whether any side can be answered: each is judged for what is asked of it, in its own place.

    What no document holds at all (a name, a year), or an instruction in the question, refuses as ever.
    """
    absent = ("injection", "") if whole.injection else veto(whole, library)
    if absent is not None:
        return Verdict(False, 0.0, *absent)
    found = [
        judge(asked.analysis, asked.scored, _best_of(asked, _PER_SIDE, library), library, weights)
        for side in sides
        for asked in side.asked
    ]
    return max(found, key=lambda verdict: (verdict.answer, verdict.confidence))
