"""The HTTP API: ask at once or as a stream, documents, passages, feedback, health and metrics."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.responses import Response

from app.settings import Settings
from app.web.callers import caller_in, readable
from app.web.desk import Desk
from app.web.feedback import FeedbackIn, FeedbackKept, FeedbackOut, FeedbackStore
from app.web.metrics import CONTENT_TYPE, Metrics
from app.web.prompter import Prompter
from app.web.protocols import AssistantFace
from app.web.records import (
    check_documents,
    checked_ask,
    document_facts_record,
    document_out,
    passage_out,
)
from app.web.replies import ApiError, own_path
from app.web.schemas import (
    AnswerOut,
    AskIn,
    DocumentOut,
    DocumentText,
    ErrorOut,
    Health,
    PassageOut,
    Readiness,
)
from app.web.shares import AnswerBook
from app.web.streaming import MEDIA_TYPE, STREAM_HEADERS, answer_events
from app.web.suggestion_api import waited_for
from app.web.texts import PageTexts

_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorOut, "description": "the body is not JSON"},
    401: {"model": ErrorOut, "description": "a key is needed, or the one given is not valid"},
    403: {"model": ErrorOut, "description": "the key lacks the scope, or the origin is not the channel's"},
    404: {"model": ErrorOut, "description": "an id is unknown"},
    413: {"model": ErrorOut, "description": "the body is too large"},
    422: {"model": ErrorOut, "description": "the question or the request is not valid"},
    429: {"model": ErrorOut, "description": "too many questions from this key or address"},
    503: {"model": ErrorOut, "description": "too many questions are waiting, or the service is stopping"},
}
_STREAM_EXAMPLE = (
    'event: status\ndata: {"state": "searching"}\n\n'
    'event: delta\ndata: {"text": "共2项：[1]\\n"}\n\n'
    'event: answer\ndata: {"id": "…", "answer": "共2项：[1]\\n…", "citations": […]}\n\n'
)
_EVENT = {"type": "object", "properties": {"event": {"type": "string"}, "data": {"type": "string"}}}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {MEDIA_TYPE: {"schema": _EVENT, "example": _STREAM_EXAMPLE}},
        "description": "`status`, `delta` pieces of the text, then the whole `answer`; or `error`",
    }
}


def _errors(*codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: _ERRORS[code] for code in (401, 403, *codes)}


def make_ask_api(
    assistant: AssistantFace,
    desk: Desk,
    book: AnswerBook,
    *,
    settings: Settings,
    texts: PageTexts,
    prompter: Prompter,
) -> APIRouter:
    """Return the routes that answer questions."""
    router = APIRouter(tags=["问答"])
    max_chars = settings.max_question_chars

    def asking(request: AskIn, http: Request) -> Callable[[], Awaitable[AnswerOut]]:
        caller = caller_in(http.scope)
        ask = checked_ask(request, caller, assistant, desk, book=book, max_chars=max_chars)

        async def ask_and_suggest() -> AnswerOut:
            record = await ask()
            exchange = book.recent(record.id)
            found = await waited_for(prompter, exchange, caller) if exchange else []
            return record.model_copy(update={"suggestions": found})

        return ask_and_suggest if request.suggest else ask

    def stream(request: AskIn, http: Request) -> StreamingResponse:
        ask = asking(request, http)
        return StreamingResponse(answer_events(ask, texts), media_type=MEDIA_TYPE, headers=STREAM_HEADERS)

    @router.post(
        "/api/v1/ask",
        response_model=AnswerOut,
        responses=_errors(400, 404, 413, 422, 429, 503),
        summary="提问",
    )
    async def ask(request: AskIn, http: Request) -> Any:
        """Answer from the documents with citations, or refuse; `Accept: text/event-stream` asks for a stream."""
        if MEDIA_TYPE in http.headers.get("accept", ""):
            return stream(request, http)
        return await asking(request, http)()

    @router.post(
        "/api/v1/ask/stream",
        response_class=StreamingResponse,
        responses=_STREAM | _errors(400, 404, 413, 422, 429, 503),
        summary="提问（流式）",
    )
    async def ask_stream(request: AskIn, http: Request) -> StreamingResponse:
        """Answer as server-sent events."""
        return stream(request, http)

    return router


def make_documents_api(assistant: AssistantFace) -> APIRouter:
    """Return the routes that read documents and passages."""
    router = APIRouter(tags=["文件"])

    @router.get("/api/v1/documents", responses=_errors(), summary="文件列表")
    def documents(http: Request) -> list[DocumentOut]:
        """List the documents that answers can cite."""
        return [document_out(one) for one in readable(assistant.documents, caller_in(http.scope)).values()]

    @router.get("/api/v1/documents/{doc_id}", responses=_errors(404), summary="一份文件")
    def document(doc_id: str, http: Request) -> DocumentText:
        """Return one document with the text that offsets refer to."""
        now = assistant.now()
        check_documents([doc_id], caller_in(http.scope), now)
        found = now.documents[doc_id]
        return DocumentText.model_validate({**document_facts_record(found), "text": found.text})

    @router.get("/api/v1/passages/{passage_id}", responses=_errors(404), summary="一个条款")
    def passage(passage_id: str, http: Request) -> PassageOut:
        """Return one clause-sized passage of a document."""
        found = next((one for one in assistant.passages if one.passage_id == passage_id), None)
        if found is None or not caller_in(http.scope).may_read(found.doc_id):
            raise ApiError("passage_unknown", passage_id=passage_id[:80])
        return passage_out(found)

    return router


def make_feedback_api(store: FeedbackStore, metrics: Metrics) -> APIRouter:
    """Return the routes that take and list readers' words on answers."""
    router = APIRouter(tags=["反馈"])

    @router.post("/api/v1/feedback", status_code=201, responses=_errors(400, 413, 422), summary="评价一条回答")
    def give(word: FeedbackIn, http: Request) -> FeedbackKept:
        """Keep 赞 or 踩 with a reason; a second word on the same answer replaces the first."""
        store.keep(word, channel=caller_in(http.scope).channel)
        metrics.count("wence_feedback_total", rating=word.rating)
        return FeedbackKept()

    @router.get("/api/v1/feedback", responses=_errors(422), summary="评价列表")
    def listed(limit: int = Query(default=100, ge=1, le=1000)) -> list[FeedbackOut]:
        """List the newest words, newest first; needs the scope `admin`."""
        return [FeedbackOut.model_validate(row) for row in store.newest(limit)]

    return router


def make_health_api(assistant: AssistantFace, desk: Desk, metrics: Metrics) -> APIRouter:
    """Return the routes for the machines that watch the service."""
    router = APIRouter(tags=["运行"])

    @router.get("/healthz", summary="存活检查")
    def healthz() -> Health:
        """Report that the process serves requests."""
        return Health(status="ok")

    @router.get("/readyz", responses={503: _ERRORS[503]}, summary="就绪检查")
    def readyz() -> Readiness:
        """Report that questions can be answered: the service starts after everything is loaded."""
        if desk.stopping:
            raise ApiError("stopping")
        return Readiness(status="ok", documents=len(assistant.documents))

    @router.get("/metrics", response_class=PlainTextResponse, responses=_errors(), summary="运行指标")
    def metrics_page() -> Response:
        """Report counters and timings in the Prometheus text format; needs the scope `read`."""
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    return router


def make_fallback() -> APIRouter:
    """Return the routes that answer for unknown API addresses and methods; without them the page at "/" would."""
    router = APIRouter(include_in_schema=False)
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]

    @router.api_route("/api/{path:path}", methods=methods)
    @router.api_route("/v1/{path:path}", methods=methods)
    @router.api_route("/healthz", methods=methods[1:])
    @router.api_route("/readyz", methods=methods[1:])
    @router.api_route("/metrics", methods=methods[1:])
    def unknown(http: Request) -> None:
        whole = own_path(http)
        allowed = {
            method.upper()
            for template, operations in http.app.openapi()["paths"].items()
            if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), whole)
            for method in operations
        }
        if allowed:
            detail = f"method {http.method}, expected {' or '.join(sorted(allowed))}"
            raise HTTPException(405, detail, headers={"Allow": ", ".join(sorted(allowed))})
        raise ApiError("not_found")

    return router
