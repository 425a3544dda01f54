"""The citation panel: one open card for each citation, with its clause and the exact quoted span."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote as url_quote

from app.web.conversation import Exchange, Span
from app.web.render import text_block
from app.web.texts import PageTexts
from index.marks import without_marks
from index.parse.pages import page_of
from index.types import Document

# A clause is shown whole up to this many characters around the quote; the original is one click away.
_CONTEXT_CHARS = 90
_WHOLE_CLAUSE_CHARS = 320


def document_link(doc_id: str, start: int | None = None, end: int | None = None, *, lang: str = "zh-CN") -> str:
    """Return the address of a document page relative to the service's root, at the span when one is given."""
    address = f"documents/{url_quote(doc_id, safe='')}"
    language = [] if lang == "zh-CN" else [f"lang={lang}"]
    if start is None or end is None:
        return "?".join([address, *language])
    return f"{address}?{'&'.join([f'start={start}', f'end={end}', *language])}#cited"


def display_titles(documents: Mapping[str, Document], texts: PageTexts) -> dict[str, str]:
    """Return the title to show for each id; documents that share a title are numbered."""
    total = Counter(document.title for document in documents.values())
    seen: Counter[str] = Counter()
    titles: dict[str, str] = {}
    for doc_id, document in documents.items():
        seen[document.title] += 1
        number = texts.same_title.format(number=seen[document.title]) if total[document.title] > 1 else ""
        titles[doc_id] = document.title + number
    return titles


def document_facts(document: Document, texts: PageTexts) -> list[tuple[str, str]]:
    """Return what is known about a document as (label, value) pairs, in the order to show them."""
    pairs = [
        (texts.doc_number, document.doc_number),
        (texts.issuer, document.issuer),
        (texts.publisher, document.publisher),
        (texts.issued, document.issued),
        (texts.published, document.published),
        (texts.signed, document.signed),
    ]
    return [(label, value) for label, value in pairs if value]


def document_details(document: Document, texts: PageTexts) -> list[tuple[str, str]]:
    """Return what :func:`document_facts` returns, and what else was found: kind, parties, agreements, validity."""
    found = {
        "kind": document.kind or "",
        "parties": texts.comma.join(document.parties),
        "agreements": texts.comma.join(f"《{name}》" for name in document.agreements),
        "effective": document.effective or "",
        "expires": document.expires or "",
        "validity": document.validity or "",
    }
    more = [(texts.detail_labels[name], value) for name, value in found.items() if value]
    return [*document_facts(document, texts), *more]


def span_page(span: Span, documents: Mapping[str, Document], texts: PageTexts) -> str:
    """Return the page of the file on which a span begins, as text; empty where the file has no pages."""
    document = documents.get(span.doc_id)
    page = None if document is None else page_of(document, span.start)
    return "" if page is None else texts.page_number.format(page=page)


def render_panel(exchanges: Sequence[Exchange], documents: Mapping[str, Document], *, texts: PageTexts) -> str:
    """Return the panel's HTML: a group for each exchange, of which the last is shown."""
    groups = [
        _group(number, exchange, documents, texts=texts, shown=number == len(exchanges))
        for number, exchange in enumerate(exchanges, start=1)
    ]
    hint = "" if groups else f'<p class="wn-hint">{escape(texts.panel_empty)}</p>'
    label = escape(texts.panel_label)
    return (
        f'<aside class="wn-panel" aria-label="{label}"><h2 class="wn-panel-title">{label}</h2>'
        f"{hint}{''.join(groups)}</aside>"
    )


def document_list(documents: Mapping[str, Document], texts: PageTexts) -> str:
    """Return the list of all documents as links to their pages, each with number and date."""
    rows = []
    titles = display_titles(documents, texts)
    for document in documents.values():
        known = document_facts(document, texts)
        dated = [f"{label} {value}" for label, value in known if label in _dates(texts)][:1]
        facts = " · ".join(
            f"<span>{escape(fact)}</span>" for fact in (document.kind, document.doc_number, *dated) if fact
        )
        small = f'<span class="wn-facts">{facts}</span>' if facts else ""
        title = titles[document.doc_id]
        rows.append(f"<li>{_open_link(document, title, title, texts, css='wn-doc')}{small}</li>")
    return f'<ul class="wn-docs">{"".join(rows)}</ul>'


def _dates(texts: PageTexts) -> tuple[str, ...]:
    return texts.issued, texts.published, texts.signed


def render_shelf(documents: Mapping[str, Document], texts: PageTexts, *, is_open: bool) -> str:
    """Return the list of the documents that can be asked about, folded or not."""
    heading = escape(texts.documents_heading.format(count=len(documents)))
    return (
        f'<details class="wn-shelf"{" open" if is_open else ""}><summary>{heading}</summary>'
        f"{document_list(documents, texts)}</details>"
    )


def _group(
    number: int, exchange: Exchange, documents: Mapping[str, Document], *, texts: PageTexts, shown: bool
) -> str:
    related = not exchange.citations and bool(exchange.related)
    spans = exchange.related if related else exchange.citations
    heading = (texts.panel_related if related else texts.panel_sources).format(number=number)
    cards = "".join(_card(number, span, documents, texts=texts, related=related) for span in spans)
    if not cards:
        cards = f'<p class="wn-hint">{escape(texts.panel_none)}</p>'
    hidden = "" if shown else " hidden"
    return (
        f'<section class="wn-sources{" is-related" if related else ""}" id="sources-{number}"'
        f' data-turn="{number}" aria-label="{escape(heading)}"{hidden}>'
        f'<h3 class="wn-sources-title">{escape(heading)}<span class="wn-count">{len(spans)}</span></h3>'
        f"{cards}</section>"
    )


def _card(number: int, span: Span, documents: Mapping[str, Document], *, texts: PageTexts, related: bool) -> str:
    document = documents.get(span.doc_id)
    label = texts.related_marker.format(marker=span.marker) if related else f"[{span.marker}]"
    name = f"{number}-{span.marker}"
    if document is None:
        head, body, foot = span.doc_id, f'<p class="wn-note">{escape(texts.missing_document)}</p>', ""
    else:
        head = display_titles(documents, texts)[span.doc_id]
        body = _clause(span, document, texts)
        foot = _open_link(document, head, texts.open_original, texts, css="wn-open", span=span)
    facts = "" if document is None else _facts(document, texts)
    path = " › ".join(escape(part) for part in (*span.path, span_page(span, documents, texts)) if part)
    path_html = f'<p class="wn-path">{path}</p>' if path else ""
    back = (
        ""
        if related
        else f'<a class="wn-back" href="#ref-{name}" data-back="{name}">{escape(texts.back_to_answer)}</a>'
    )
    return (
        f'<article class="wn-card" id="cite-{name}" data-card="{name}" tabindex="-1"'
        f' aria-label="{escape(label)} {escape(head)}"><header><span class="wn-badge">{escape(label)}</span>'
        f"<h4>{escape(head)}</h4></header>{facts}{path_html}{body}<footer>{foot}{back}</footer></article>"
    )


def _facts(document: Document, texts: PageTexts) -> str:
    facts = document_facts(document, texts)
    if not facts:
        return ""
    return '<p class="wn-facts">' + " · ".join(f"<span>{escape(k)} {escape(v)}</span>" for k, v in facts) + "</p>"


def _clause(span: Span, document: Document, texts: PageTexts) -> str:
    if document.text[span.start : span.end] != span.quote:
        return (
            f'<p class="wn-note">{escape(texts.stale_quote)}</p>'
            f"<blockquote><p>{text_block(span.quote)}</p></blockquote>"
        )
    before = without_marks(document.text[span.clause_start : span.start])
    after = without_marks(document.text[span.end : span.clause_end])
    if len(before) + len(span.quote) + len(after) > _WHOLE_CLAUSE_CHARS:
        before = before if len(before) <= _CONTEXT_CHARS else "……" + before[-_CONTEXT_CHARS:]
        after = after if len(after) <= _CONTEXT_CHARS else after[:_CONTEXT_CHARS] + "……"
    # Line ends between the parts must survive the trimming that text_block does inside each part.
    return (
        f"<blockquote><p>{_joined(before, tail=True)}<mark>{text_block(span.quote)}</mark>"
        f"{_joined(after, tail=False)}</p></blockquote>"
    )


def _joined(context: str, *, tail: bool) -> str:
    html = text_block(context)
    if not html:
        return ""
    stripped = context.rstrip(" \t　") if tail else context.lstrip(" \t　")
    if tail:
        return html + "<br>" if stripped.endswith("\n") else html
    return "<br>" + html if stripped.startswith("\n") else html


def _open_link(
    document: Document, title: str, label: str, texts: PageTexts, *, css: str, span: Span | None = None
) -> str:
    where = (None, None) if span is None else (span.start, span.end)
    address = texts.root + document_link(document.doc_id, *where, lang=texts.lang)
    return (
        f'<a class="{css}" href="{escape(address)}" target="_blank" rel="noopener" data-original'
        f' data-title="{escape(title)}">{escape(label)}</a>'
    )
