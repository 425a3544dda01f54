"""What a model is offered to write from: the reader's own lines, then the next best units, each with a handle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.answer.draft import Draft, Span, shown, with_twins
from app.answer.fold import content_key, fold
from app.answer.library import Library
from app.answer.select import Scored

MAX_SOURCES = 14
# Beside the reader's own lines; so many characters are about 350 tokens of a Chinese model.
MAX_CHARS = 480
MAX_OTHERS = 4


@dataclass(frozen=True, slots=True)
class Source:
    """One offered span: ``number`` is its handle, ``text`` what the document says there, on one line.

    ``spans`` are the exact spans that a citation of it shows: the first and its copies in other documents.
    ``ground`` is, folded, what may support a sentence that cites it: the texts, the headings above, the titles.
    """

    number: int
    text: str
    heading: str
    doc_id: str
    title: str
    spans: tuple[Span, ...]
    ground: str


def offered(draft: Draft, scored: Sequence[Scored], library: Library) -> tuple[Source, ...]:
    """Return the sources of a prompt; ``draft`` holds what the reader would say."""
    found: list[Source] = []
    seen: set[str] = set()

    def add(spans: tuple[Span, ...]) -> int:
        span = spans[0]
        text = shown(library.documents[span.doc_id].text[span.start : span.end])
        key = content_key(text) or text
        if key in seen or len(found) >= MAX_SOURCES:
            return 0
        seen.add(key)
        found.append(_source(len(found) + 1, text, spans, library))
        return len(text)

    for line in draft.lines:
        for spans in _by_text(line.spans, library):
            add(spans)
    size = others = 0
    for candidate in scored:
        unit = candidate.unit
        if others >= MAX_OTHERS or size >= MAX_CHARS:
            break
        if unit.is_heading or size + len(unit.text) > MAX_CHARS:
            continue
        added = add(with_twins(unit, library))
        size += added
        others += bool(added)
    return tuple(found)


def _by_text(spans: Sequence[Span], library: Library) -> list[tuple[Span, ...]]:
    """Return the spans of a line in groups that say the same: a row of a comparison stands on several texts."""
    groups: dict[str, list[Span]] = {}
    for span in spans:
        text = library.documents[span.doc_id].text[span.start : span.end]
        groups.setdefault(content_key(text) or text, []).append(span)
    return [tuple(group) for group in groups.values()]


def _source(number: int, text: str, spans: tuple[Span, ...], library: Library) -> Source:
    first = library.passages[spans[0].passage_index]
    parts = [text]
    for span in spans:
        passage = library.passages[span.passage_index]
        parts += [library.documents[span.doc_id].text[span.start : span.end], passage.title, *passage.heading_path]
    heading = first.heading_path[-1] if first.heading_path else ""
    return Source(
        number=number,
        text=text,
        heading="" if heading in text else heading,
        doc_id=first.doc_id,
        title=first.title,
        spans=spans,
        ground=fold("\n".join(dict.fromkeys(parts))),
    )
