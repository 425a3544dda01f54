"""One document as a page of our own: full text, outline, and the cited span marked; works without scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from app.web.cards import document_details
from app.web.texts import PageTexts
from index.marks import mark_end
from index.types import Document

if TYPE_CHECKING:
    from index.outline import Section

# What deserves a line in the table of contents; single items and paragraphs do not.
_OUTLINED = frozenset({"part", "article", "heading"})
_MAX_OUTLINE_DEPTH = 3
_MAX_OUTLINE_CHARS = 40
_WIDE_FROM_CHARS = 32


@dataclass(frozen=True, slots=True)
class Line:
    """A non-blank line of the document, as offsets without the white space around it."""

    start: int
    end: int


def render_document(
    document: Document,
    outline: Section,
    *,
    span: tuple[int, int] | None,
    bad_span: bool,
    texts: PageTexts,
    copies: str = "",
) -> str:
    """Return the page. The text of ``span`` (half-open character offsets) is in ``<mark>`` elements.

    The first mark has the id ``cited``; a span over several lines has one mark in each. ``copies`` (HTML) stands
    below the facts.
    """
    heads = _heading_levels(outline, document.text)
    lines = list(_lines(document.text))
    body = "".join(_line_html(document.text, line, span, heads.get(line.start), texts) for line in lines)
    notice = f'<p class="notice" role="status">{escape(texts.bad_span)}</p>' if bad_span else ""
    jump = f'<a class="jump" href="#cited">{escape(texts.to_cited)}</a>' if span else ""
    return own_page(
        document.title,
        f"{top_bar(texts, jump)}<main>{contents(outline, document.text, texts)}"
        f'<article lang="zh-CN"><h1>{escape(document.title)}</h1>{_facts(document, texts)}'
        f"{copies}{notice}{body}</article></main>",
        texts,
    )


def render_missing(doc_id: str, texts: PageTexts) -> str:
    """Return the page for an id that no document has."""
    text = escape(texts.document_missing_text.format(doc_id=doc_id[:80]))
    title = escape(texts.document_missing_title)
    body = f"{top_bar(texts)}<main><article><h1>{title}</h1><p>{text}</p></article></main>"
    return own_page(texts.document_missing_title, body, texts)


def render_no_page(texts: PageTexts, *, up: str) -> str:
    """Return the page for an address that leads nowhere; ``up`` leads from it to the root of the service."""
    title = escape(texts.page_missing_title)
    library = f'<a href="{up}library?lang={texts.lang}">{escape(texts.library)}</a>'
    body = (
        f'{top_bar(texts, library, up=up)}<main><article><h1>{title}</h1><p class="plain">'
        f"{escape(texts.page_missing_text)}</p></article></main>"
    )
    return own_page(texts.page_missing_title, body, texts, up=up)


def read_span(document: Document, start: str | None, end: str | None) -> tuple[tuple[int, int] | None, bool]:
    """Return the span asked for, and whether one was asked for that the document does not have."""
    if start is None and end is None:
        return None, False
    # isdecimal() alone accepts digits of other scripts, and int() refuses very long numbers.
    if not all(value and value.isascii() and value.isdecimal() and len(value) < 12 for value in (start, end)):
        return None, True
    first, last = int(start or 0), int(end or 0)
    if not (first < last <= len(document.text)) or not document.text[first:last].strip():
        return None, True
    return (first, last), False


def own_page(title: str, body: str, texts: PageTexts, *, up: str = "../") -> str:
    """Return a page of our own; ``up`` leads from it to the root of the service."""
    return (
        f'<!doctype html><html lang="{texts.lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>"
        f'<link rel="icon" href="{up}wence/mark.svg"><link rel="stylesheet" href="{up}wence/document.css">'
        f'<script src="{up}wence/document.js" defer></script></head><body>{body}</body></html>'
    )


def top_bar(texts: PageTexts, extra: str = "", *, up: str = "../") -> str:
    """Return the bar that leads back to the chat of the same language."""
    home = up if texts.lang == "zh-CN" else f"{up}en/"
    return (
        f'<header class="top"><a class="home" href="{home}">{escape(texts.name)} · {escape(texts.to_chat)}</a>'
        f"{extra}</header>"
    )


def fact_row(label: str, value: str) -> str:
    """Return one fact (``value`` is HTML) of a list of them; a long one has a row for itself."""
    wide = ' class="wide"' if len(value) > _WIDE_FROM_CHARS else ""
    return f"<div{wide}><dt>{escape(label)}</dt><dd>{value}</dd></div>"


def _facts(document: Document, texts: PageTexts) -> str:
    pairs = [(label, escape(value)) for label, value in document_details(document, texts)]
    pairs.append((texts.source_file, escape(document.source)))
    if document.url and document.url.startswith(("https://", "http://")):
        url = escape(document.url)
        link = f'<a href="{url}" target="_blank" rel="noopener noreferrer">{url}</a>'
        pairs.append((texts.source_url, link))
    return '<dl class="facts">' + "".join(fact_row(k, v) for k, v in pairs) + "</dl>"


def _lines(text: str) -> Iterator[Line]:
    at = 0
    for raw in text.split("\n"):
        stripped = raw.strip()
        if stripped:
            start = at + len(raw) - len(raw.lstrip())
            yield Line(start, start + len(stripped))
        at += len(raw) + 1


def _line_html(text: str, line: Line, span: tuple[int, int] | None, level: int | None, texts: PageTexts) -> str:
    tag = "p" if level is None else f"h{min(level + 1, 6)}"
    begin = mark_end(text, line.start, line.end)
    inner = escape(text[begin : line.end])
    if span and span[0] < line.end and span[1] > line.start:
        first, last = max(span[0], begin), min(span[1], line.end)
        # The mark with the id is the first; white space before it belongs to no line.
        opening = not text[span[0] : max(span[0], line.start)].strip()
        identity = f' id="cited" aria-label="{escape(texts.cited_label)}"' if opening else ""
        inner = (
            f"{escape(text[begin:first])}<mark{identity}>{escape(text[first:last])}</mark>"
            f"{escape(text[last : line.end])}"
        )
    return f'<{tag} id="at-{line.start}">{inner}</{tag}>'


def _first_visible(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start


def _line_start(text: str, offset: int) -> int:
    """Return where the line that holds the first visible character from ``offset`` begins."""
    visible = _first_visible(text, offset)
    return _first_visible(text, text.rfind("\n", 0, visible) + 1)


def _heading_levels(outline: Section, text: str) -> dict[int, int]:
    """Return heading level (from 1) by the offset of each line that is a heading and nothing else."""
    levels: dict[int, int] = {}

    def visit(section: Section, depth: int) -> None:
        for child in section.children:
            outlined = child.kind in _OUTLINED and bool(child.heading.strip())
            if outlined:
                start = _first_visible(text, child.start)
                line_end = text.find("\n", start)
                line = text[start : line_end if line_end >= 0 else len(text)].strip()
                if len(line) <= 2 * _MAX_OUTLINE_CHARS and line.endswith(child.heading.strip()):
                    levels[start] = depth
            visit(child, depth + 1 if outlined else depth)

    visit(outline, 1)
    return levels


def contents(outline: Section, text: str, texts: PageTexts, *, page: str = "", is_open: bool = True) -> str:
    """Return the table of contents, or nothing for a text without headings; ``page`` is the text's address."""
    items = _contents_items(outline.children, 1, text, page)
    if not items:
        return ""
    return (
        f'<nav class="outline" aria-label="{escape(texts.outline)}"><details{" open" if is_open else ""}>'
        f"<summary>{escape(texts.outline)}</summary>{items}</details></nav>"
    )


def _contents_items(sections: Sequence[Section], depth: int, text: str, page: str) -> str:
    rows: list[str] = []
    for section in sections:
        inner = _contents_items(section.children, depth + 1, text, page) if depth < _MAX_OUTLINE_DEPTH else ""
        name = section.heading.strip()
        if section.kind in _OUTLINED and name:
            short = name if len(name) <= _MAX_OUTLINE_CHARS else name[:_MAX_OUTLINE_CHARS] + "…"
            href = f"{escape(page)}#at-{_line_start(text, section.start)}"
            rows.append(f'<li><a href="{href}">{escape(short)}</a>{inner}</li>')
        elif inner:
            rows.append(inner.removeprefix("<ol>").removesuffix("</ol>"))
    return f"<ol>{''.join(rows)}</ol>" if rows else ""
