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
from app.answer.draft import Draft, Line, Span, shown, with_twins
from app.answer.enumerations import find_enumerations
from app.answer.fold import content_key
from app.answer.library import Library, Unit
from app.answer.omissions import asked_values
from app.answer.replies import Replies
from app.answer.select import Scored, TermMatcher
from app.answer.values import Value

# How many sentences one side may take, how far below its best one, and how long all sides may be.
_PER_SIDE = 2
_MARGIN = 0.9
_MAX_CHARS = 300
# An item of a list is a name or a short clause; longer ones are shown as sentences.
_MAX_ITEM_CHARS = 60
_MAX_ITEMS = 15
# The word a question orders two figures by, and which end of the order answers it.
_ORDERS = (
    ("early", re.compile(r"先|更?早"), "smaller"),
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
class SideRead:
    """One side as it was searched: its name, what was asked of it, and the units of its place, best first."""

    name: str
    analysis: Analysis
    scored: Sequence[Scored]
    matcher: TermMatcher


@dataclass(frozen=True, slots=True)
class _Item:
    text: str
    spans: tuple[Span, ...]


def compare(question: str, sides: Sequence[SideRead], library: Library, replies: Replies) -> Draft | None:
    """Return the answer with its table, or ``None`` where fewer than one side says anything."""
    chosen = [_choose(side, library) for side in sides]
    if not any(chosen):
        return None
    listed = _listed(sides, library, replies)
    if listed is not None:
        return listed
    rows: list[Line] = []
    for side, units in zip(sides, chosen, strict=True):
        label = _cell(side.name)
        if not units:
            rows.append(Line(replies.not_mentioned, before=f"| {label} | ", after=" |"))
        for unit in units:
            rows.append(Line(_cell(shown(unit.text)), with_twins(unit, library), None, f"| {label} | ", " |"))
            label = ""
    first = _first_line(question, sides, chosen, library, replies)
    used = tuple(unit.number for units in chosen for unit in units)
    return Draft((*first, *_head(replies), *rows), "sides.table", used)


def _head(replies: Replies) -> tuple[Line, Line]:
    return Line(f"| {replies.compared} | {replies.contents} |"), Line("|---|---|")


def _cell(text: str) -> str:
    """Return a text as a cell of a table holds it: on one line, without bars of its own."""
    return " ".join(text.split()).replace("|", "\\|")


def _choose(side: SideRead, library: Library) -> list[Unit]:
    """Return the sentences that answer one side: the best one, and a second where it is close and short."""
    bodies = [s for s in side.scored if not s.unit.is_heading] or list(side.scored)
    chosen: list[Unit] = []
    for candidate in bodies[:8]:
        if len(chosen) >= _PER_SIDE or candidate.score < bodies[0].score - _MARGIN:
            break
        if any(content_key(one.text) == content_key(candidate.unit.text) for one in chosen):
            continue
        if chosen and sum(len(u.text) for u in chosen) + len(candidate.unit.text) > _MAX_CHARS / 2:
            continue
        chosen.append(candidate.unit)
    return completed(chosen, side.analysis, library)


def _first_line(
    question: str, sides: Sequence[SideRead], chosen: Sequence[Sequence[Unit]], library: Library, replies: Replies
) -> tuple[Line, ...]:
    """Return the line that gives each side's one figure, and the order of both where it is asked; or nothing."""
    found = [_value(side, units) for side, units in zip(sides, chosen, strict=True)]
    values = [value for value in found if value is not None]
    if len(values) != len(sides) or len({value.kind for value in values}) > 1:
        return ()
    said = "；".join(
        replies.side.format(side=side.name) + value.text for side, value in zip(sides, values, strict=True)
    )
    spans = tuple(dict.fromkeys(span for units in chosen for span in with_twins(units[0], library)))
    return (Line(f"{said}。{_order(question, sides, values, replies)}", spans),)


def _value(side: SideRead, units: Sequence[Unit]) -> Value | None:
    """Return the one figure of a side's best sentence that can be what is asked, ``None`` where there are several."""
    if not units:
        return None
    values = {value.key: value for value in asked_values(units[0].values, side.analysis)}
    return next(iter(values.values())) if len(values) == 1 else None


def _order(question: str, sides: Sequence[SideRead], values: Sequence[Value], replies: Replies) -> str:
    """Return which side is more, higher, earlier …, where the question asks it and the figures decide it."""
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
    winner = sides[0] if (first > second) == (end == "larger") else sides[1]
    return replies.more[name].format(side=winner.name)


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
    if len(sides) != 2 or not all("list" in side.analysis.kinds for side in sides):
        return None
    first, second = (_items(side, library, replies) for side in sides)
    if not first or not second or max(len(first), len(second)) > _MAX_ITEMS:
        return None
    same = [(a, b) for a in first for b in second if content_key(a.text) == content_key(b.text)]
    shared = {content_key(a.text) for a, _ in same}
    rows = [_items_row(replies.same, [_Item(a.text, (*a.spans, *b.spans)) for a, b in same])] if same else []
    for side, items in ((sides[0], first), (sides[1], second)):
        own = [item for item in items if content_key(item.text) not in shared]
        if own:
            rows.append(_items_row(replies.only.format(side=side.name), own))
    return Draft((*_head(replies), *rows), "sides.lists")


def _items_row(label: str, items: Sequence[_Item]) -> Line:
    spans = tuple(dict.fromkeys(span for item in items for span in item.spans))
    return Line("、".join(_cell(item.text) for item in items), spans, None, f"| {_cell(label)} | ", " |")


def _items(side: SideRead, library: Library, replies: Replies) -> list[_Item]:
    """Return the items of the list that answers one side, nothing where a sentence answers it."""
    if not side.scored:
        return []
    draft = lists.read_list(side.analysis, side.scored, library, side.matcher, replies)
    if draft is None:
        return []
    if draft.route == "list.inline":
        unit = library.units[draft.used[0]]
        for enumeration in find_enumerations(unit.text)[:1]:
            return [_Item(unit.text[a:b].strip(), with_twins(unit, library)) for a, b in enumeration.items]
        return []
    items = [
        _Item(re.sub(r"^\d+\. ", "", line.text).rstrip("。；;"), line.spans) for line in draft.lines if line.spans
    ]
    return items if all(len(item.text) <= _MAX_ITEM_CHARS for item in items) else []
