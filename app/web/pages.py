"""The pages of our own beside the chat: originals, library, shared answers; and the served files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse

from app.web.callers import caller_in, readable
from app.web.copies_view import render_copies
from app.web.document_view import read_span, render_document, render_missing
from app.web.library_view import render_library
from app.web.protocols import AssistantFace
from app.web.replies import ApiError
from app.web.schemas import ErrorOut
from app.web.shared_view import render_not_shared, render_shared
from app.web.shares import AnswerBook, ShareOut
from app.web.staging import Staging
from app.web.texts import PageTexts
from app.web.upload_pages import make_upload_pages
from app.web.upload_view import job_lines, notice, upload_form, upload_off

if TYPE_CHECKING:
    from app.intake.intake import Intake

ASSETS = Path(__file__).parent / "assets"


def make_document_pages(
    assistant: AssistantFace, texts: Mapping[str, PageTexts], *, intake: Intake | None, staging: Staging
) -> APIRouter:
    """Return the library with the ways into it, and the pages that show one document each."""
    router = APIRouter(include_in_schema=False)

    @router.get("/documents/{doc_id}", response_class=HTMLResponse)
    def document_page(
        doc_id: str, http: Request, start: str | None = None, end: str | None = None, lang: str = ""
    ) -> HTMLResponse:
        now = assistant.now()
        document = now.documents.get(doc_id)
        words = _in_language(texts, lang)
        if document is None or not caller_in(http.scope).may_read(doc_id):
            return HTMLResponse(render_missing(doc_id, words), status_code=404)
        span, bad = read_span(document, start, end)
        outline = now.outline(doc_id)
        others = readable(now.documents, caller_in(http.scope))
        copies = render_copies(now.likenesses(doc_id), others, words)
        page = render_document(document, outline, span=span, bad_span=bad, texts=words, copies=copies)
        return HTMLResponse(page)

    def drawn(http: Request, words: PageTexts, *, query: str = "", news: str = "") -> str:
        caller = caller_in(http.scope)
        now = assistant.now()
        upload, removable = "", frozenset[str]()
        if intake is None:
            upload = upload_off(words) if caller.kind == "local" else ""
        elif "write" in caller.scopes:
            upload, removable = upload_form(words, max_bytes=intake.max_bytes), intake.removable()
            news += news_of(intake, http.query_params.get("job", ""), words)
        documents = readable(now.documents, caller)
        return render_library(
            documents, now, query=query, texts=words, news=news, upload=upload, removable=removable
        )

    @router.get("/library", response_class=HTMLResponse)
    def library(http: Request, q: str = "", lang: str = "") -> HTMLResponse:
        return HTMLResponse(drawn(http, _in_language(texts, lang), query=q))

    def told(http: Request, words: PageTexts, error: ApiError) -> str:
        return drawn(http, words, news=notice(error.code, words, **error.values))

    router.include_router(make_upload_pages(intake, staging, texts, library=told))
    return router


def news_of(intake: Intake, job_id: str, texts: PageTexts) -> str:
    """Return how far the wish of the address is, and those that are still open."""
    asked = intake.job(job_id)
    jobs = {job.id: job for job in ([asked] if asked else []) + intake.open_jobs()}
    return job_lines(list(jobs.values()), texts)


def make_shares(assistant: AssistantFace, book: AnswerBook, texts: Mapping[str, PageTexts]) -> APIRouter:
    """Return the route that makes a link to an answer, and the page behind the link."""
    router = APIRouter()
    errors = {code: {"model": ErrorOut} for code in (401, 403, 404)}

    @router.post(
        "/api/v1/answers/{answer_id}/share",
        status_code=201,
        responses=errors,  # type: ignore[arg-type]
        tags=["反馈"],
        summary="分享一条回答",
    )
    def share(answer_id: str) -> ShareOut:
        """Return a link to a recent answer; whoever has it can read the answer."""
        share_id = book.share(answer_id)
        if share_id is None:
            raise ApiError("answer_unknown", answer_id=answer_id[:64])
        return ShareOut(url=f"/shared/{share_id}")

    @router.get("/shared/{share_id}", response_class=HTMLResponse, include_in_schema=False)
    def shared(share_id: str, http: Request, lang: str = "") -> HTMLResponse:
        exchange = book.shared(share_id)
        caller = caller_in(http.scope)
        words = _in_language(texts, lang)
        spans = [] if exchange is None else [*exchange.citations, *exchange.related]
        if exchange is None or not all(caller.may_read(span.doc_id) for span in spans):
            return HTMLResponse(render_not_shared(words), status_code=404)
        return HTMLResponse(render_shared(exchange, readable(assistant.documents, caller), words))

    return router


def make_assets() -> APIRouter:
    """Return the address of the web component; short, because other people paste it into their pages."""
    router = APIRouter(include_in_schema=False)

    @router.get("/wence-chat.js")
    def component() -> FileResponse:
        return FileResponse(ASSETS / "wence-chat.js", media_type="text/javascript; charset=utf-8")

    return router


def _in_language(texts: Mapping[str, PageTexts], lang: str) -> PageTexts:
    return texts["en" if lang == "en" else "zh"]
