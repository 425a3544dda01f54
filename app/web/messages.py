"""The conversation column: the welcome, the questions and their answers, refusals and failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from re import compile as pattern

from app.web.cards import document_list
from app.web.conversation import Exchange, Span
from app.web.export import footnote
from app.web.render import render_answer, text_block
from app.web.texts import Example, PageTexts
from index.types import Document

_MARKER = pattern(r"\[(\d{1,3})\]")


def render_log(
    exchanges: Sequence[Exchange],
    documents: Mapping[str, Document],
    *,
    texts: PageTexts,
    examples: Sequence[Example],
    pending: str | None = None,
    partial: str = "",
) -> str:
    """Return the conversation's HTML; ``pending`` is a question whose answer is being looked for.

    ``partial`` is what a language model has written of it.
    """
    turns = [
        _turn(number, exchange, documents, texts=texts, last=number == len(exchanges) and pending is None)
        for number, exchange in enumerate(exchanges, start=1)
    ]
    if pending is not None:
        turns.append(_pending(len(exchanges) + 1, pending, texts, partial=partial))
    if not turns:
        return _welcome(texts, examples)
    # Announcing is left to one status line: this element is replaced whole, and would be read out whole.
    return (
        f'<div class="wn-log" role="log" aria-live="off" aria-label="{escape(texts.conversation_label)}">'
        f"{''.join(turns)}</div>"
    )


def copy_text(exchange: Exchange, documents: Mapping[str, Document], texts: PageTexts) -> str:
    """Return the answer as plain text with its markers, followed by one line for each citation."""
    if not exchange.citations:
        return exchange.text
    lines = [exchange.text, "", texts.copy_sources]
    lines += [f"[{span.marker}] {footnote(span, documents, texts)}" for span in exchange.citations]
    return "\n".join(lines)


def _welcome(texts: PageTexts, examples: Sequence[Example]) -> str:
    cards = "".join(
        f'<li><button type="button" class="wn-example" data-question="{escape(one.question)}">'
        f"<strong>{escape(one.title)}</strong><span>{escape(one.question)}</span></button></li>"
        for one in examples
    )
    offered = (
        f'<h3 class="wn-examples-title">{escape(texts.examples_heading)}</h3><ul class="wn-examples">{cards}</ul>'
        if cards
        else ""
    )
    return (
        f'<div class="wn-welcome"><h2 class="wn-welcome-title">{escape(texts.welcome_title)}</h2>'
        f"<p>{escape(texts.welcome_text)}</p>{offered}"
        # Filled by the page's script with what this reader may ask about.
        f'<section class="wn-offers" data-offers hidden aria-label="{escape(texts.offers_heading)}">'
        f'<h3 class="wn-examples-title">{escape(texts.offers_heading)}</h3></section></div>'
    )


def _turn(
    number: int, exchange: Exchange, documents: Mapping[str, Document], *, texts: PageTexts, last: bool
) -> str:
    if exchange.failure is not None:
        body = _failure(exchange, texts, last=last)
    elif exchange.refused:
        body = _refusal(number, exchange, documents, texts)
    else:
        body = _answer(number, exchange, documents, texts)
    return (
        f'<section class="wn-turn" data-turn="{number}">{_question(exchange.question, texts)}{body}'
        f"{_following(exchange, texts) if last else ''}</section>"
    )


def _following(exchange: Exchange, texts: PageTexts) -> str:
    """Return the place of the questions to ask next, which the page's script fills."""
    if not exchange.id:
        return ""
    label = escape(texts.followups_heading)
    return (
        f'<div class="wn-follow" data-follow="{exchange.id}" role="group" aria-label="{label}" hidden>'
        f"<span>{label}</span></div>"
    )


def _question(question: str, texts: PageTexts) -> str:
    return (
        f'<div class="wn-ask" data-testid="user"><span class="wn-sr">{escape(texts.you)}：</span>'
        f"<p>{text_block(question)}</p></div>"
    )


def _pending(number: int, question: str, texts: PageTexts, *, partial: str) -> str:
    written, label = "", escape(texts.pending)
    if partial:
        # Nothing is looked for any more; the dots say that more is coming.
        label = ""
        # The markers stand where they will stay; they become links when the sources are there.
        markers = frozenset(int(found) for found in _MARKER.findall(partial))
        html = render_answer(
            partial, link=lambda n: f'<span class="wn-marker">[{n}]</span>', markers=markers, quoted=()
        )
        written = f'<article class="wn-answer" data-testid="partial"><div class="wn-text">{html}</div></article>'
    return (
        f'<section class="wn-turn is-pending" data-turn="{number}">{_question(question, texts)}{written}'
        f'<div class="wn-wait"><span>{label}</span><i></i><i></i><i></i></div></section>'
    )


def _answer(number: int, exchange: Exchange, documents: Mapping[str, Document], texts: PageTexts) -> str:
    seen: set[int] = set()

    def link(marker: int) -> str:
        name = f"{number}-{marker}"
        # The card leads back to the first of several equal markers; an id stands only once on a page.
        identity = "" if marker in seen else f' id="ref-{name}"'
        seen.add(marker)
        label = escape(texts.marker_label.format(marker=marker))
        return (
            f'<a class="wn-marker"{identity} href="#cite-{name}" data-cite="{name}"'
            f' aria-label="{label}">[{marker}]</a>'
        )

    html = render_answer(
        exchange.text,
        link=link,
        markers=frozenset(span.marker for span in exchange.citations),
        quoted=[_clause_text(span, documents) for span in exchange.citations],
    )
    count = texts.citation_count.format(count=len(exchange.citations))
    digits = 1 if exchange.seconds >= 0.1 else 2
    seconds = texts.seconds.format(seconds=f"{exchange.seconds:.{digits}f}")
    return (
        f'<article class="wn-answer" data-testid="bot" data-status="{_status(texts, f"{count}")}">'
        f"{_heading(exchange, texts)}"
        f'<div class="wn-text">{html}</div>{_unverified(exchange, texts)}'
        f"{_notice(exchange)}"
        f'<footer class="wn-tools">'
        f'<button type="button" class="wn-quiet" data-copy data-done="{escape(texts.copied)}">'
        f'{escape(texts.copy_answer)}</button><span class="wn-meta">{escape(count)} · {escape(seconds)}</span>'
        f"<textarea hidden readonly data-copy-source>{escape(copy_text(exchange, documents, texts))}</textarea>"
        f"{_opinion(exchange, texts)}</footer></article>"
    )


def _opinion(exchange: Exchange, texts: PageTexts) -> str:
    """Return the buttons that act on an answer by its id; answers kept by an older version have none."""
    if not exchange.id:
        return ""
    reasons = "".join(
        f'<label><input type="checkbox" value="{escape(reason)}">{escape(reason)}</label>'
        for reason in texts.feedback_reasons
    )
    return (
        f'<span class="wn-opinion" data-answer="{exchange.id}" data-asked="{escape(exchange.question)}">'
        f'<button type="button" class="wn-quiet" data-share data-done="{escape(texts.share_done)}"'
        f' data-failed="{escape(texts.share_failed)}">{escape(texts.share)}</button>'
        f"{_rating('up', texts.up)}{_rating('down', texts.down)}"
        f'<span class="wn-why" hidden role="group" aria-label="{escape(texts.feedback_question)}">{reasons}'
        f'<input type="text" maxlength="300" placeholder="{escape(texts.feedback_detail)}"'
        f' aria-label="{escape(texts.feedback_detail)}">'
        f'<button type="button" class="wn-quiet" data-rate-send>{escape(texts.feedback_send)}</button></span>'
        f'<span class="wn-thanks" role="status" data-thanks="{escape(texts.feedback_thanks)}"'
        f' data-failed="{escape(texts.feedback_failed)}"></span></span>'
    )


def _rating(rating: str, label: str) -> str:
    state = f'data-rate="{rating}" aria-pressed="false"'
    return f'<button type="button" class="wn-quiet" {state}>{escape(label)}</button>'


def _status(texts: PageTexts, summary: str) -> str:
    return escape(texts.answered_status.format(summary=summary))


def _heading(exchange: Exchange, texts: PageTexts) -> str:
    name = f'<span class="wn-sr">{escape(texts.assistant)}：</span>'
    if not exchange.understood:
        return name
    label = f"<span>{escape(texts.understood)}</span>"
    return f'{name}<p class="wn-understood">{label}{text_block(exchange.understood)}</p>'


def _unverified(exchange: Exchange, texts: PageTexts) -> str:
    if not exchange.unverified:
        return ""
    items = "".join(f"<li>{text_block(item)}</li>" for item in exchange.unverified)
    return (
        f'<div class="wn-unverified" role="note"><p><strong>{escape(texts.unverified_label)}</strong>'
        f"{escape(texts.unverified_text)}</p><ul>{items}</ul></div>"
    )


def _notice(exchange: Exchange) -> str:
    return f'<p class="wn-notice-line" role="note">{escape(exchange.notice)}</p>' if exchange.notice else ""


def _refusal(number: int, exchange: Exchange, documents: Mapping[str, Document], texts: PageTexts) -> str:
    body = render_answer(exchange.text, link=str, markers=frozenset(), quoted=())
    related = ""
    if exchange.related:
        first = f"{number}-{exchange.related[0].marker}"
        related = (
            f'<p class="wn-related"><a href="#cite-{first}" data-cite="{first}">'
            f"{escape(texts.refused_related)}</a></p>"
        )
    return (
        f'<article class="wn-answer is-refusal" data-testid="bot" data-status="{escape(texts.refused_status)}">'
        f"{_heading(exchange, texts)}"
        f'<p class="wn-verdict">{escape(texts.refused_label)}</p><div class="wn-text">{body}</div>{related}'
        f'<p class="wn-available">{escape(texts.refused_documents)}</p>{document_list(documents, texts)}'
        f'<footer class="wn-tools">{_opinion(exchange, texts)}</footer></article>'
    )


def _failure(exchange: Exchange, texts: PageTexts, *, last: bool) -> str:
    reply = texts.busy_text if exchange.failure == "busy" else texts.failed_text
    retry = (
        f'<button type="button" class="wn-retry" data-retry data-question="{escape(exchange.question)}">'
        f"{escape(texts.retry)}</button>"
        if last
        else ""
    )
    return (
        f'<article class="wn-answer is-failure" data-testid="bot" role="alert" data-status="{escape(reply)}">'
        f'<p class="wn-verdict">{escape(texts.failed_label)}</p>'
        f'<div class="wn-text"><p>{escape(reply)}</p></div>{retry}</article>'
    )


def _clause_text(span: Span, documents: Mapping[str, Document]) -> str:
    document = documents.get(span.doc_id)
    return span.quote if document is None else document.text[span.clause_start : span.clause_end]
