"""Where a document's clauses stand in others too, and the sentences in which the two differ."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from app.web.cards import display_titles, document_link
from app.web.texts import PageTexts
from index.marks import without_marks
from index.types import Document

if TYPE_CHECKING:
    from index.duplicates import Likeness
    from index.types import Passage


def render_copies(
    likenesses: Mapping[str, Likeness], documents: Mapping[str, Document], texts: PageTexts, *, up: str = "../"
) -> str:
    """Return one folded list for each document of ``documents`` that repeats this one; nothing where none does.

    ``up`` leads from the page to the root of the service.
    """
    titles = display_titles(documents, texts)
    return "".join(
        _comparison(titles[doc_id], likeness, texts, up)
        for doc_id, likeness in likenesses.items()
        if doc_id in documents
    )


def _comparison(title: str, likeness: Likeness, texts: PageTexts, up: str) -> str:
    summary = texts.copies_summary.format(title=title, same=likeness.same, changed=len(likeness.changed))
    rows = "".join(
        f"<li>{_side(texts.copies_here, item.one, here, texts, up)}"
        f"{_side(texts.copies_there, item.other, there, texts, up)}</li>"
        for here, there, apart in likeness.changed
        for item in apart
    )
    inner = f"<ul>{rows}</ul>" if rows else f"<p>{escape(texts.copies_same)}</p>"
    return f'<details class="copies"><summary>{escape(summary)}</summary>{inner}</details>'


def _side(label: str, sentence: str, passage: Passage, texts: PageTexts, up: str) -> str:
    """One side of a difference: the sentence, or that there is none, as a link to its clause."""
    href = escape(up + document_link(passage.doc_id, passage.start, passage.end, lang=texts.lang))
    shown = without_marks(sentence) or texts.copies_missing
    return f'<div><b>{escape(label)}</b> <a href="{href}">{escape(shown)}</a></div>'
