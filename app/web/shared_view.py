"""One shared answer as a page that only reads: the question, the answer and its citations."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from app.web.cards import render_panel, render_shelf
from app.web.conversation import Exchange
from app.web.document_view import own_page, top_bar
from app.web.messages import render_log
from app.web.texts import PageTexts
from index.types import Document


def render_shared(exchange: Exchange, documents: Mapping[str, Document], texts: PageTexts) -> str:
    """Return the page; it lies one step below the root of the service."""
    # Links lead up from here, and the buttons that act on an answer are for the one who asked.
    here = texts.model_copy(update={"root": "../"})
    plain = exchange.model_copy(update={"id": ""})
    files = "../wence"
    return (
        f'<!doctype html><html lang="{texts.lang}"><head><meta charset="utf-8">'
        '<meta name="robots" content="noindex">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(texts.shared_title)} · {escape(texts.name)}</title>"
        f'<link rel="icon" href="{files}/mark.svg"><link rel="stylesheet" href="{files}/page.css">'
        f'<script src="{files}/page.js" defer></script></head>'
        f'<body class="wn-shared"><div class="gradio-container"><header id="wn-bar">'
        f'<h1>{escape(texts.shared_title)}</h1><a href="{_home(texts)}">{escape(texts.name)} · '
        f"{escape(texts.to_chat)}</a></header>"
        f'<p class="wn-hint">{escape(texts.shared_note)}</p><main id="wn-main"><div id="wn-talk">'
        f"{render_log([plain], documents, texts=here, examples=())}</div>"
        f'<div id="wn-side">{render_panel([plain], documents, texts=here)}'
        f"{render_shelf(documents, here, is_open=False)}</div></main></div></body></html>"
    )


def render_not_shared(texts: PageTexts) -> str:
    """Return the page for a link that leads to nothing."""
    body = (
        f"{top_bar(texts)}<main><article><h1>{escape(texts.shared_title)}</h1>"
        f"<p>{escape(texts.shared_missing)}</p></article></main>"
    )
    return own_page(texts.shared_title, body, texts)


def _home(texts: PageTexts) -> str:
    return "../" if texts.lang == "zh-CN" else "../en/"
