"""The conversations that the browser keeps beside the one on the page: new, open, rename, delete.

Pure functions over what the browser sends; the server keeps nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.web.conversation import Exchange
from app.web.texts import PageTexts

MAX_CONVERSATIONS = 20
MAX_TITLE_CHARS = 60
# All of it comes back with each change of the list; the page's requests are limited to 1 MiB.
_MAX_CHARS = 300_000


class Heading(BaseModel):
    """Which conversation is on the page; an empty title stands for its first question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(default_factory=lambda: uuid4().hex[:12], pattern=r"^[0-9a-f]{12}$")
    title: str = Field(default="", max_length=MAX_TITLE_CHARS)


class Kept(Heading):
    """A conversation that is put away. ``at`` is when it was, seconds since 1970."""

    at: float = 0.0
    exchanges: tuple[Exchange, ...] = ()


_KEPT = TypeAdapter(tuple[Kept, ...])


@dataclass(frozen=True, slots=True)
class Desktop:
    """What lies open and what is put away, the newest first."""

    heading: Heading
    exchanges: tuple[Exchange, ...]
    kept: tuple[Kept, ...]


def load_desktop(heading: object, exchanges: Sequence[Exchange], kept: object) -> Desktop:
    """Return what the browser kept; what another version wrote is dropped."""
    try:
        known = Heading.model_validate(heading or {})
    except ValidationError:
        known = Heading()
    try:
        conversations = _KEPT.validate_python(kept or ())
    except ValidationError:
        conversations = ()
    return Desktop(known, tuple(exchanges), tuple(one for one in conversations if one.id != known.id))


def dump_kept(kept: Sequence[Kept]) -> list[dict[str, object]]:
    """Return the conversations as JSON values; above the limits the oldest go."""
    dumped: list[dict[str, object]] = []
    room = _MAX_CHARS
    for one in kept[:MAX_CONVERSATIONS]:
        room -= len(one.model_dump_json())
        if room < 0:
            break
        dumped.append(one.model_dump(mode="json"))
    return dumped


def put_away(desktop: Desktop) -> Desktop:
    """Return an empty page, with what lay on it put away if there was anything."""
    return Desktop(Heading(), (), _with_current(desktop))


def opened(desktop: Desktop, conversation_id: str) -> Desktop:
    """Return the page with another conversation on it; unchanged where the id is unknown."""
    wanted = next((one for one in desktop.kept if one.id == conversation_id), None)
    if wanted is None:
        return desktop
    rest = tuple(one for one in _with_current(desktop) if one.id != wanted.id)
    return Desktop(Heading(id=wanted.id, title=wanted.title), wanted.exchanges, rest)


def renamed(desktop: Desktop, conversation_id: str, title: str) -> Desktop:
    """Return the same with another title; an empty one brings back the first question."""
    title = " ".join(title.split())[:MAX_TITLE_CHARS]
    if conversation_id == desktop.heading.id:
        return Desktop(Heading(id=conversation_id, title=title), desktop.exchanges, desktop.kept)
    kept = tuple(
        one.model_copy(update={"title": title}) if one.id == conversation_id else one for one in desktop.kept
    )
    return Desktop(desktop.heading, desktop.exchanges, kept)


def deleted(desktop: Desktop, conversation_id: str) -> Desktop:
    """Return the same without a conversation; deleting the open one leaves an empty page."""
    if conversation_id == desktop.heading.id:
        return Desktop(Heading(), (), desktop.kept)
    return Desktop(
        desktop.heading, desktop.exchanges, tuple(one for one in desktop.kept if one.id != conversation_id)
    )


def title_of(title: str, exchanges: Sequence[Exchange], texts: PageTexts) -> str:
    """Return the title to show: the given one, else the first question, else a word for an empty one."""
    first = exchanges[0].question if exchanges else ""
    return title or " ".join(first.split())[:MAX_TITLE_CHARS] or texts.conversation_empty


def _with_current(desktop: Desktop) -> tuple[Kept, ...]:
    if not desktop.exchanges:
        return desktop.kept
    heading = desktop.heading
    current = Kept(id=heading.id, title=heading.title, at=round(time.time()), exchanges=desktop.exchanges)
    return (current, *desktop.kept)


def render_menu(desktop: Desktop, texts: PageTexts) -> str:
    """Return the menu of the page: the conversations, export, the library and the other language."""
    rows = [_row(desktop.heading, desktop.exchanges, texts, current=True)]
    rows += [_row(one, one.exchanges, texts, current=False) for one in desktop.kept]
    return (
        f'<details class="wn-menu"><summary>{escape(texts.menu)}</summary><div class="wn-menu-body">'
        f"<h2>{escape(texts.conversations)}</h2><ul>{''.join(rows)}</ul>"
        f"<h2>{escape(texts.export)}</h2><p>"
        f'<button type="button" class="wn-quiet" data-menu="export-md">{escape(texts.export_markdown)}</button>'
        f'<button type="button" class="wn-quiet" data-menu="export-docx">{escape(texts.export_docx)}</button></p>'
        f'<p class="wn-menu-links"><a href="{texts.root}library?lang={texts.lang}" target="_blank" rel="noopener">'
        f'{escape(texts.library)}</a> · <a href="{texts.other_language_href}" lang="{texts.other_language_code}">'
        f"{escape(texts.other_language)}</a></p></div></details>"
    )


def _row(heading: Heading, exchanges: Sequence[Exchange], texts: PageTexts, *, current: bool) -> str:
    title = escape(title_of(heading.title, exchanges, texts))
    mark = ' aria-current="true"' if current else ""
    own = ' data-named="true"' if heading.title else ""
    buttons = "".join(
        f'<button type="button" class="wn-quiet" data-menu="{action}" data-id="{heading.id}"'
        f' data-prompt="{escape(prompt)}" aria-label="{escape(label)}：{title}">{escape(label)}</button>'
        for action, label, prompt in (
            ("rename", texts.rename, texts.rename_label),
            ("delete", texts.delete, texts.delete_label),
        )
    )
    return (
        f'<li{" class=is-current" if current else ""}><button type="button" class="wn-quiet wn-title"{mark}{own}'
        f' data-menu="open" data-id="{heading.id}">{title}</button>{buttons}</li>'
    )
