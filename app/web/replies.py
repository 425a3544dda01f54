"""Error replies of the API: one shape, a code for programs, Chinese and English for people."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.web.desk import BusyError
from app.web.texts import PageTexts
from index.errors import QuestionError

logger = logging.getLogger(__name__)

_STATUS = {
    "question_empty": 422,
    "question_too_long": 422,
    "question_control": 422,
    "question_invalid": 422,
    "request_invalid": 422,
    "body_too_large": 413,
    "document_unknown": 404,
    "passage_unknown": 404,
    "answer_unknown": 404,
    "not_found": 404,
    "busy": 503,
    "stopping": 503,
    "key_missing": 401,
    "key_invalid": 401,
    "scope_missing": 403,
    "origin_forbidden": 403,
    "channel_unknown": 404,
    "rate_limited": 429,
    "internal": 500,
    "mcp_missing": 501,
    "upload_off": 403,
    "upload_foreign": 403,
    "upload_name": 422,
    "upload_format": 422,
    "upload_empty": 422,
    "upload_too_large": 413,
    "upload_too_long": 422,
    "upload_scanned": 422,
    "upload_locked": 422,
    "upload_damaged": 422,
    "upload_unreadable": 422,
    "upload_duplicate": 409,
    "upload_duplicate_bytes": 409,
    "upload_name_taken": 409,
    "upload_record": 422,
    "upload_busy": 503,
    "upload_failed": 500,
    "upload_not_served": 500,
    "upload_not_removable": 403,
    "upload_unknown": 404,
}


class ApiError(Exception):
    """A request that cannot be served; ``code`` names one of the error texts and ``values`` fill it."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


def status_of(code: str) -> int:
    """Return the HTTP status of an error code."""
    return _STATUS[code]


def error_reply(code: str, texts: PageTexts, *, path: str = "", **values: object) -> JSONResponse:
    """Return the reply for an error code; ``values`` fill its text's placeholders, ``path`` decides the shape."""
    headers = {}
    if _STATUS[code] == 503:
        headers["Retry-After"] = "5"
    elif code == "rate_limited":
        headers["Retry-After"] = str(values["seconds"])
    elif _STATUS[code] == 401:
        headers["WWW-Authenticate"] = "Bearer"
    shape = openai_detail if path.startswith("/v1/") else error_detail
    return JSONResponse({"error": shape(code, texts, **values)}, status_code=_STATUS[code], headers=headers)


def error_detail(code: str, texts: PageTexts, **values: object) -> dict[str, str]:
    """Return code and messages of an error, for places that are no reply of their own."""
    text = getattr(texts.errors, code)
    return {"code": code, "message": text.zh.format(**values), "message_en": text.en.format(**values)}


def openai_detail(code: str, texts: PageTexts, **values: object) -> dict[str, str | None]:
    """Return the same in the shape that OpenAI's clients read."""
    status = _STATUS[code]
    kind = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}.get(
        status, "server_error" if status >= 500 else "invalid_request_error"
    )
    detail = error_detail(code, texts, **values)
    return {"message": f"{detail['message']} {detail['message_en']}", "type": kind, "param": None, "code": code}


def add_error_replies(app: FastAPI, texts: PageTexts) -> None:
    """Make the app answer every error in the one shape."""

    def reply(request: Request, code: str, **values: object) -> JSONResponse:
        return error_reply(code, texts, path=own_path(request), **values)

    @app.exception_handler(ApiError)
    async def api_error(request: Request, error: ApiError) -> JSONResponse:
        return reply(request, error.code, **error.values)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        return reply(request, "request_invalid", detail=_first_detail(error))

    @app.exception_handler(QuestionError)
    async def question(request: Request, error: QuestionError) -> JSONResponse:
        return reply(request, "question_invalid", detail=str(error))

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> JSONResponse:
        return reply(request, error.code)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 404:
            return reply(request, "not_found")
        told = reply(request, "request_invalid", detail=str(error.detail))
        told.status_code = error.status_code
        told.headers.update(error.headers or {})
        return told

    @app.exception_handler(Exception)
    async def internal(request: Request, error: Exception) -> JSONResponse:
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return reply(request, "internal")


def own_path(request: Request) -> str:
    """Return the path as this service knows it, without the prefix of a proxy."""
    return str(request.scope["path"]).removeprefix(str(request.scope.get("root_path", "")))


def _first_detail(error: RequestValidationError) -> str:
    """Return where the first fault lies and what it is, without the value: it may be long or not text."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}".encode("utf-8", "replace").decode("utf-8")
