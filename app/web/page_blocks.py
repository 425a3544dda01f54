"""The chat page's Gradio: it carries the events and the state, our own markup carries the content."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from app.web.archive import dump_kept
from app.web.callers import Caller, caller_in
from app.web.conversation import dump_exchanges
from app.web.doors import ASKING_EVENTS
from app.web.page import ChatPage, View
from app.web.texts import PageTexts

_ASSETS = Path(__file__).parent / "assets"
# Kept by the browser under these keys. The secret is readable by anyone who can load the page; it is fixed
# only so that a conversation survives a restart of the server, and protects nothing.
_STORAGE_KEY = "wence-conversation-1"
_HEADING_KEY = "wence-heading-1"
_KEPT_KEY = "wence-kept-1"
_STORAGE_SECRET = "wence"

# Example questions and the retry button are ours, so they reach Python as a custom event with the question.
_LOG_SCRIPT = """
element.addEventListener('click', (event) => {
  const source = event.target.closest('[data-question]');
  if (source) trigger('select', {question: source.dataset.question});
});
watch('value', () => window.wence && window.wence.updated());
"""
_MENU_SCRIPT = """
element.addEventListener('click', (event) => {
  const wish = window.wence && window.wence.menu(event);
  if (wish) trigger('select', wish);
});
watch('value', () => window.wence && window.wence.titled());
"""
_DOWNLOAD_SCRIPT = """
watch('value', () => setTimeout(() => {
  const link = element.querySelector('a[download]');
  if (link) link.click();
}));
"""


def mount_page(app: FastAPI, page: ChatPage, *, path: str) -> FastAPI:
    """Return the app with the chat page mounted at ``path``; routes added before keep precedence."""
    # Read when gradio is imported: without it the first page view would report to its makers.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr

    async def mounted() -> FastAPI:
        return _mounted(gr, app, _build(gr, page), path)

    # Outside a running loop the framework makes loops of its own for its locks and never closes them.
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(mounted())
    return _mounted(gr, app, _build(gr, page), path)


def _mounted(gr: Any, app: FastAPI, blocks: Any, path: str) -> FastAPI:
    font = ["system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", "sans-serif"]
    return gr.mount_gradio_app(  # type: ignore[no-any-return]
        app,
        blocks,
        path=path,
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        max_file_size=1,
        pwa=False,
        favicon_path=str(_ASSETS / "mark.svg") if path == "/" else None,
        theme=gr.themes.Base(font=font, font_mono=["ui-monospace", "monospace"]),
    )


def _build(gr: Any, page: ChatPage) -> Any:
    """Return the Blocks. Widths and looks are in ``assets/page.css``, by element id."""
    texts = page.texts
    empty = page.blank()
    parts: dict[str, Any] = {}
    with gr.Blocks(title=f"{texts.name} · {texts.tagline}", fill_width=True, analytics_enabled=False) as blocks:
        for name, key, start in (
            ("exchanges", _STORAGE_KEY, []),
            ("heading", _HEADING_KEY, {}),
            ("kept", _KEPT_KEY, []),
        ):
            parts[name] = gr.BrowserState(start, storage_key=key, secret=_STORAGE_SECRET)
        with gr.Row(elem_id="wn-bar"):
            _html(gr, _brand(texts), "wn-brand")
            parts["menu"] = _html(gr, empty.menu, "wn-menu", script=_MENU_SCRIPT)
            parts["new"] = gr.Button(texts.new_conversation, elem_id="wn-new", size="sm", scale=0)
        with gr.Row(elem_id="wn-main"):
            with gr.Column(elem_id="wn-talk", scale=3):
                parts["log"] = _html(gr, empty.log, "wn-log", script=_LOG_SCRIPT)
                with gr.Column(elem_id="wn-composer"):
                    _composer(gr, parts, texts)
            with gr.Column(elem_id="wn-side", scale=2):
                parts["panel"] = _html(gr, empty.panel, "wn-panel")
                parts["shelf"] = _html(gr, "", "wn-shelf")
        _html(gr, _reader(texts), "wn-reader-holder")
        parts["download"] = _html(gr, "", "wn-download", script=_DOWNLOAD_SCRIPT)
        _wire(gr, blocks, page, parts)
    return blocks


def _composer(gr: Any, parts: dict[str, Any], texts: PageTexts) -> None:
    parts["notice"] = _html(gr, "", "wn-notice")
    with gr.Row(elem_id="wn-input"):
        parts["box"] = gr.Textbox(
            label=texts.question_label,
            placeholder=texts.question_placeholder,
            show_label=False,
            container=False,
            max_lines=6,
            elem_id="wn-box",
            html_attributes=gr.InputHTMLAttributes(enterkeyhint="send", autocomplete="off"),
        )
        parts["send"] = gr.Button(texts.ask, variant="primary", elem_id="wn-send", scale=0)
    parts["scope"] = gr.Dropdown(
        # Whoever loads the page can read what it is made of; the choices come with the first event.
        [],
        value=[],
        multiselect=True,
        label=texts.scope_label,
        info=texts.scope_info,
        elem_id="wn-scope",
    )
    _html(gr, f'<p class="wn-disclaimer">{escape(texts.disclaimer)}</p>', "wn-small")


def _choices(titles: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(title, doc_id) for doc_id, title in titles.items()]


_OUTPUTS = (
    "box",
    "log",
    "panel",
    "notice",
    "exchanges",
    "send",
    "heading",
    "kept",
    "menu",
    "download",
    "scope",
    "shelf",
)


def _shown(gr: Any, view: View) -> list[Any]:
    """Return the values of ``_OUTPUTS``."""
    values = {
        "box": view.box,
        "log": view.log,
        "panel": view.panel,
        "notice": view.notice,
        "exchanges": None if view.exchanges is None else dump_exchanges(view.exchanges),
        "send": None if view.busy is None else gr.update(interactive=not view.busy),
        "heading": None if view.heading is None else view.heading.model_dump(mode="json"),
        "kept": None if view.kept is None else dump_kept(view.kept),
        "menu": view.menu,
        "download": view.download,
        "shelf": view.shelf,
        "scope": None if view.titles is None else gr.update(choices=_choices(view.titles)),
    }
    return [gr.skip() if values[name] is None else values[name] for name in _OUTPUTS]


def _caller(request: Any) -> Caller:
    """Return who the door let in with the request behind an event."""
    return caller_in(request.request.scope)


def _was_counted(request: Any) -> bool:
    """Return whether an event came in where the doors count questions; the framework has other ways."""
    return str(request.request.scope["path"]).endswith(ASKING_EVENTS)


def _wire(gr: Any, blocks: Any, page: ChatPage, parts: dict[str, Any]) -> None:
    outputs = [parts[name] for name in _OUTPUTS]
    state = [parts[name] for name in ("exchanges", "heading", "kept")]

    async def ask(question: str | None, stored: object, scope: Any, request: Any) -> AsyncIterator[list[Any]]:
        if not _was_counted(request):
            return
        async for view in page.asked(question or "", stored, scope or [], _caller(request)):
            yield _shown(gr, view)

    async def ask_offered(stored: object, scope: Any, event: Any, request: Any) -> AsyncIterator[list[Any]]:
        if not _was_counted(request):
            return
        async for view in page.asked(str(event.question), stored, scope or [], _caller(request)):
            yield _shown(gr, view)

    def choose(stored: object, heading: object, kept: object, event: Any, request: Any) -> list[Any]:
        wanted = {"id": str(event.id), "title": str(event.title)}
        caller = _caller(request)
        view = page.chosen(str(event.action), wanted, stored=stored, heading=heading, kept=kept, caller=caller)
        return _shown(gr, view)

    def clear(stored: object, heading: object, kept: object, request: Any) -> list[Any]:
        return _shown(gr, page.cleared(stored, heading, kept, _caller(request)))

    def restore(stored: object, heading: object, kept: object, request: Any) -> list[Any]:
        return _shown(gr, page.restored(stored, heading, kept, _caller(request)))

    # Gradio fills parameters by these types, which do not exist before it is imported.
    for handler in (ask, ask_offered, choose, clear, restore):
        handler.__annotations__["request"] = gr.Request
    for handler in (ask_offered, choose):
        handler.__annotations__["event"] = gr.EventData
    quiet = {"api_visibility": "private", "show_progress": "hidden"}
    # The desk is the one place that limits how much is answered at once.
    queued = {**quiet, "concurrency_limit": None}
    asking = [parts["exchanges"], parts["scope"]]
    typed = gr.on([parts["box"].submit, parts["send"].click], ask, [parts["box"], *asking], outputs, **queued)
    offered = parts["log"].select(ask_offered, asking, outputs, **queued)
    parts["menu"].select(choose, state, outputs, queue=False, **quiet)
    parts["new"].click(clear, state, outputs, cancels=[typed, offered], queue=False, **quiet)
    blocks.load(restore, state, outputs, queue=False, **quiet)


def _html(gr: Any, value: str | None, elem_id: str, *, script: str | None = None) -> Any:
    return gr.HTML(value or "", elem_id=elem_id, js_on_load=script, apply_default_css=False)


def _brand(texts: PageTexts) -> str:
    return (
        f'<div class="wn-brand"><img src="./{texts.root}wence/mark.svg" alt="" width="30" height="30">'
        f"<h1>{escape(texts.name)}</h1><p>{escape(texts.tagline)}</p>"
        f'<nav class="wn-links"><a href="./{texts.root}library?lang={texts.lang}" target="_blank" rel="noopener">'
        f'{escape(texts.library)}</a><a href="{texts.other_language_href}" lang="{texts.other_language_code}">'
        f"{escape(texts.other_language)}</a></nav></div>"
    )


def _reader(texts: PageTexts) -> str:
    """Return the dialog in which an original opens, and the line that tells screen readers of an answer."""
    return (
        f'<dialog id="wn-reader" aria-labelledby="wn-reader-title"><header>'
        f'<h2 id="wn-reader-title">{escape(texts.reader_label)}</h2>'
        f'<a id="wn-reader-tab" href="#" target="_blank" rel="noopener">{escape(texts.reader_new_tab)}</a>'
        f'<button type="button" id="wn-reader-close">{escape(texts.close)}</button></header>'
        f'<iframe id="wn-reader-frame" title="{escape(texts.reader_label)}"></iframe></dialog>'
        '<p class="wn-sr" id="wn-status" role="status" aria-live="polite"></p>'
        f'<p id="wn-lost" role="alert" data-lost="{escape(texts.connection_lost)}" hidden></p>'
    )
