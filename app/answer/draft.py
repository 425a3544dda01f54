"""What the reader found, before markers are set: lines of text and the spans they stand on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.answer.library import Library, Unit
from index.parse.pages import page_of
from index.types import Citation

_TABLE_ROW = re.compile(r"^[\[【［]\s*([^\]】］|]+?)\s*[\]】］]\s*\|\s*([^|]+?)\s*\|?$")
_LINE_BREAKS = re.compile(r"\s*\n\s*")
MAX_SOURCES = 3


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open span of a document and the passage that shows it."""

    doc_id: str
    passage_index: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an answer. ``spans`` ground it; a line without spans makes no claim of its own.

    ``counted`` is a number of items that the line states and that was counted rather than quoted. ``before`` and
    ``after`` frame the text and its markers (the cells and bars of a table); they claim nothing.
    """

    text: str
    spans: tuple[Span, ...] = ()
    counted: int | None = None
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """Lines in reading order, and how they were found (``route``)."""

    lines: tuple[Line, ...]
    route: str
    used: tuple[int, ...] = field(default=())


def span_of(unit: Unit) -> Span:
    """Return the span of one unit."""
    return Span(unit.doc_id, unit.passage_index, unit.start, unit.end)


def with_twins(unit: Unit, library: Library) -> tuple[Span, ...]:
    """Return the unit's span and those of its copies in other documents, at most three in all."""
    spans = [span_of(unit)]
    for twin in library.twins(unit):
        if twin.doc_id not in {s.doc_id for s in spans} and len(spans) < MAX_SOURCES:
            spans.append(span_of(twin))
    return tuple(spans)


def shown(text: str) -> str:
    """Return a quote as it is shown in running text: line breaks closed up, a table row as 名称：值, no more.

    >>> shown("[ 发文字号 ] | 某发〔2023〕8号 |")
    '发文字号：某发〔2023〕8号'
    """
    return _TABLE_ROW.sub(r"\1：\2", _LINE_BREAKS.sub("", text.strip()))


def cite(lines: Sequence[Line], library: Library) -> tuple[str, tuple[Citation, ...]]:
    """Return the answer's text with ``[n]`` after each grounded line, and its citations in order."""
    markers: dict[Span, int] = {}
    out: list[str] = []
    for line in lines:
        for span in line.spans:
            markers.setdefault(span, len(markers) + 1)
        marked = "".join(f"[{markers[span]}]" for span in line.spans)
        out.append(f"{line.before}{line.text}{marked}{line.after}")
    citations = tuple(_citation(span, marker, library) for span, marker in markers.items())
    return "\n".join(out), citations


def _citation(span: Span, marker: int, library: Library) -> Citation:
    document = library.documents[span.doc_id]
    return Citation(
        marker=marker,
        passage=library.passages[span.passage_index],
        quote=document.text[span.start : span.end],
        start=span.start,
        end=span.end,
        page=page_of(document, span.start),
    )
