"""The library's form for a new document, its preview, and how far the wishes are."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from app.web.document_view import own_page, top_bar
from app.web.replies import error_detail
from app.web.texts import PageTexts
from app.web.upload_api import headings

if TYPE_CHECKING:
    from app.intake.intake import Job
    from app.intake.preview import Preview
    from index.outline import Section
    from index.types import Passage

ACCEPTED = (".docx", ".pdf", ".html", ".htm", ".md", ".markdown", ".txt")
MAX_SHOWN_PASSAGES = 400
_DATES = frozenset({"issued", "published"})


def upload_form(texts: PageTexts, *, max_bytes: int) -> str:
    """Return the form that sends a file to its preview; ``document.js`` tells a file that is too large at once."""
    limit = max_bytes // (1024 * 1024)
    formats = "、".join(one.removeprefix(".") for one in ACCEPTED if one not in {".htm", ".markdown"})
    too_large = _said("upload_too_large", texts, limit=limit)
    return (
        f'<section class="upload"><h2>{escape(texts.upload_heading)}</h2>'
        f'<p class="plain">{escape(texts.upload_text.format(formats=formats, limit=limit))}</p>'
        f'<form class="form" method="post" action="./library-preview" enctype="multipart/form-data">'
        f'<label for="file">{escape(texts.upload_label)}</label>'
        f'<input id="file" name="file" type="file" required accept="{",".join(ACCEPTED)}"'
        f' data-max-bytes="{max_bytes}" data-too-large="{escape(too_large)}">'
        f"{_language(texts)}<button>{escape(texts.upload_preview)}</button></form></section>"
    )


def upload_off(texts: PageTexts) -> str:
    """Return the hint for the person at the machine itself; nobody else is told."""
    return f'<p class="plain">{escape(texts.upload_off_hint)}</p>'


def notice(code: str, texts: PageTexts, **values: object) -> str:
    """Return an error as a reader sees it."""
    return f'<p class="notice" role="alert">{escape(_said(code, texts, **values))}</p>'


def job_lines(jobs: Sequence[Job], texts: PageTexts) -> str:
    """Return one line for each wish; ``document.js`` asks again until each is done."""
    lines = []
    for job in jobs:
        if job.error is not None:
            reason = _said(job.error.code, texts, **job.error.values)
            text = texts.job_failed.format(title=job.title, reason=reason)
            lines.append(f'<p class="notice" role="alert">{escape(text)}</p>')
            continue
        words = {
            ("add", True): texts.job_add,
            ("remove", True): texts.job_remove,
            ("add", False): texts.job_added,
            ("remove", False): texts.job_removed,
        }[job.action, job.is_open]
        again = f' <a href="./library?job={job.id}&amp;lang={texts.lang}">{escape(texts.job_refresh)}</a>'
        waiting = f' data-job="{job.id}"' if job.is_open else ""
        lines.append(
            f'<p class="notice good" role="status"{waiting}>{escape(words.format(title=job.title))}'
            f"{again if job.is_open else ''}</p>"
        )
    return "".join(lines)


def remove_form(doc_id: str, title: str, texts: PageTexts) -> str:
    """Return the button that takes an uploaded document out, behind a question."""
    return (
        f'<details class="remove"><summary>{escape(texts.remove_document)}</summary>'
        f'<form class="form" method="post" action="./library-remove">'
        f"<p>{escape(texts.remove_confirm.format(title=title))}</p>"
        f'<input type="hidden" name="doc_id" value="{escape(doc_id)}">{_language(texts)}'
        f"<button>{escape(texts.remove_yes)}</button></form></details>"
    )


def render_preview(preview: Preview, staged: str, texts: PageTexts) -> str:
    """Return the page on which a person judges a file before it is added."""
    document = preview.document
    similar = "".join(
        f"<li>{escape(texts.upload_similar_row.format(title=one.title, share=round(one.share * 100)))}</li>"
        for one in preview.similar
    )
    warned = f'<h2>{escape(texts.upload_similar)}</h2><ul class="notice">{similar}</ul>' if similar else ""
    title = texts.upload_title.format(title=document.title)
    body = (
        f'{top_bar(texts, up="./")}<main>{_outline(preview.outline, texts)}<article class="library preview">'
        f"<h1>{escape(title)}</h1>"
        f'<p class="notice" role="status">{escape(texts.upload_not_yet)}</p>{warned}'
        f"{_fields(preview, staged, texts)}{_removed(preview, texts)}{_passages(preview.passages, texts)}"
        # Again below what was read through.
        f"{_choice(texts)}"
        f"</article></main>"
    )
    return own_page(title, body, texts, up="./")


def _fields(preview: Preview, staged: str, texts: PageTexts) -> str:
    document = preview.document
    rows = []
    for name, label in (
        ("title", texts.upload_field_title),
        ("doc_number", texts.doc_number),
        ("issuer", texts.issuer),
        ("issued", texts.issued),
        ("published", texts.published),
        ("url", texts.source_url),
    ):
        found = escape(getattr(document, name) or "")
        hint = f' placeholder="{escape(texts.upload_date_hint)}"' if name in _DATES else ""
        rows.append(
            f'<label for="{name}">{escape(label)}</label>'
            f'<input id="{name}" name="{name}" value="{found}" maxlength="300"{hint}>'
            f'<input type="hidden" name="was_{name}" value="{found}">'
        )
    size = texts.chars.format(count=len(document.text))
    return (
        f"<h2>{escape(texts.upload_fields)}</h2>"
        f'<form class="form fields" id="add" method="post" action="./library-add">'
        f'{"".join(rows)}<input type="hidden" name="staged" value="{staged}">{_language(texts)}'
        f'<p class="plain">{escape(texts.source_file)} {escape(document.source)} · {escape(size)}</p>'
        f"{_choice(texts)}</form>"
    )


def _choice(texts: PageTexts) -> str:
    return (
        f'<p class="choice"><button form="add">{escape(texts.upload_add)}</button>'
        f'<a href="./library?lang={texts.lang}">{escape(texts.upload_back)}</a></p>'
    )


def _outline(outline: Section, texts: PageTexts) -> str:
    rows = "".join(
        f'<li class="level-{min(level, 4)}">{escape(section.heading.strip())}</li>'
        for level, section in headings(outline)
    )
    if not rows:
        return ""
    return (
        f'<nav class="outline" aria-label="{escape(texts.outline)}"><details open>'
        f"<summary>{escape(texts.outline)}</summary><ol>{rows}</ol></details></nav>"
    )


def _removed(preview: Preview, texts: PageTexts) -> str:
    if not preview.removed:
        return f"<h2>{escape(texts.upload_removed_none)}</h2>"
    rows = "".join(
        f"<li><b>{escape(texts.removed_steps.get(one.step, texts.removed_other))}</b> {escape(one.text)}</li>"
        for one in preview.removed
    )
    heading = escape(texts.upload_removed.format(count=len(preview.removed)))
    return f'<details class="removed" open><summary>{heading}</summary><ul>{rows}</ul></details>'


def _passages(passages: Sequence[Passage], texts: PageTexts) -> str:
    rows = "".join(
        f"<li><small>{escape(' › '.join(one.heading_path) or texts.upload_no_path)}</small>"
        f'<p class="clause">{escape(one.text.strip())}</p></li>'
        for one in passages[:MAX_SHOWN_PASSAGES]
    )
    more = texts.upload_passages_more.format(count=MAX_SHOWN_PASSAGES)
    note = f'<p class="plain">{escape(more)}</p>' if len(passages) > MAX_SHOWN_PASSAGES else ""
    heading = escape(texts.upload_passages.format(count=len(passages)))
    return f'<h2>{heading}</h2>{note}<ol class="found passages">{rows}</ol>'


def _language(texts: PageTexts) -> str:
    return f'<input type="hidden" name="lang" value="{texts.lang}">'


def _said(code: str, texts: PageTexts, **values: object) -> str:
    return error_detail(code, texts, **values)["message_en" if texts.lang == "en" else "message"]
