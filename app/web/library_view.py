"""The document library: what is known of each document, its outline, and a search in the originals."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from html import escape

from app.web.cards import display_titles, document_details, document_link
from app.web.document_view import contents, fact_row, own_page, top_bar
from app.web.protocols import AssistantFace
from app.web.texts import PageTexts
from app.web.upload_view import remove_form
from index.marks import mark_end
from index.types import Document

MAX_QUERY_CHARS = 100
MAX_FOUND = 200
_CONTEXT_CHARS = 40


@dataclass(frozen=True, slots=True)
class Place:
    """Where a query stands: half-open character offsets into the document."""

    doc_id: str
    start: int
    end: int


def find_places(documents: Mapping[str, Document], query: str) -> Iterator[Place]:
    """Yield every place of the query, letter for letter; case does not matter, nor does white space in between."""
    letters = [re.escape(letter) for letter in query if not letter.isspace()]
    if not letters:
        return
    pattern = re.compile(r"\s*".join(letters), re.IGNORECASE)
    for doc_id, document in documents.items():
        for match in pattern.finditer(document.text):
            yield Place(doc_id, match.start(), match.end())


def render_library(
    documents: Mapping[str, Document],
    assistant: AssistantFace,
    *,
    query: str,
    texts: PageTexts,
    news: str = "",
    upload: str = "",
    removable: Collection[str] = (),
) -> str:
    """Return the page; with a query, the places where it stands come first.

    ``news`` (HTML) stands on top, ``upload`` (HTML) at the end; ``removable`` documents can be taken out.
    """
    query = query.strip()[:MAX_QUERY_CHARS]
    found = _found(documents, query, texts) if query else ""
    titles = display_titles(documents, texts)
    cards = "".join(
        _card(one, titles[doc_id], assistant, texts, removable=doc_id in removable)
        for doc_id, one in documents.items()
    )
    language = f'<input type="hidden" name="lang" value="{texts.lang}">'
    form = (
        f'<form class="form" role="search" action="./library"><label for="q">{escape(texts.library_label)}</label>'
        f'<input id="q" name="q" type="search" value="{escape(query)}" maxlength="{MAX_QUERY_CHARS}">{language}'
        f"<button>{escape(texts.library_button)}</button></form>"
    )
    body = (
        f'{top_bar(texts, up="./")}<main><article class="library"><h1>{escape(texts.library)}</h1>{news}'
        f'<p class="plain">{escape(texts.library_text)}</p>{form}{found}{cards}{upload}</article></main>'
    )
    return own_page(f"{texts.library} · {texts.name}", body, texts, up="./")


def _found(documents: Mapping[str, Document], query: str, texts: PageTexts) -> str:
    places = list(find_places(documents, query))
    if not places:
        return f'<p class="notice" role="status">{escape(texts.library_none.format(query=query))}</p>'
    heading = escape(texts.library_found.format(query=query, count=len(places)))
    more = texts.library_more.format(count=MAX_FOUND) if len(places) > MAX_FOUND else ""
    titles = display_titles(documents, texts)
    rows = "".join(_row(place, documents[place.doc_id], titles, texts) for place in places[:MAX_FOUND])
    note = f'<p class="plain">{escape(more)}</p>' if more else ""
    return f'<h2 role="status">{heading}</h2>{note}<ol class="found">{rows}</ol>'


def _row(place: Place, document: Document, titles: Mapping[str, str], texts: PageTexts) -> str:
    line_start = document.text.rfind("\n", 0, place.start) + 1
    first = max(mark_end(document.text, line_start, place.start), place.start - _CONTEXT_CHARS)
    line_end = document.text.find("\n", place.end)
    last = min(len(document.text) if line_end < 0 else line_end, place.end + _CONTEXT_CHARS)
    href = escape(document_link(place.doc_id, place.start, place.end, lang=texts.lang))
    return (
        f'<li><a href="{href}">{escape(document.text[first : place.start])}'
        f"<mark>{escape(document.text[place.start : place.end])}</mark>"
        f"{escape(document.text[place.end : last])}</a><small>{escape(titles[place.doc_id])}</small></li>"
    )


def _card(document: Document, title: str, assistant: AssistantFace, texts: PageTexts, *, removable: bool) -> str:
    link = document_link(document.doc_id, lang=texts.lang)
    facts = [*document_details(document, texts), (texts.source_file, document.source)]
    rows = "".join(fact_row(label, escape(value)) for label, value in facts)
    size = escape(texts.chars.format(count=len(document.text)))
    outline = contents(assistant.outline(document.doc_id), document.text, texts, page=link, is_open=False)
    return (
        f'<section><h2><a href="{escape(link)}">{escape(title)}</a></h2>'
        f'<dl class="facts">{rows}<div><dd>{size}</dd></div></dl>{outline}'
        f"{remove_form(document.doc_id, title, texts) if removable else ''}</section>"
    )
