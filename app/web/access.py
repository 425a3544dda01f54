"""The outermost layer: a request id, one structured log line and one measurement for each request."""

from __future__ import annotations

import json
import logging
import re
import time
from contextvars import ContextVar
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.metrics import Metrics, route_label

REQUEST_ID: ContextVar[str] = ContextVar("wence_request_id", default="")

logger = logging.getLogger("wence.access")

_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Asked for by machines every few seconds, or in dozens by one page view.
_UNLOGGED = ("/healthz", "/readyz", "/metrics", "/assets/", "/static/", "/wence/", "/gradio_api/heartbeat")


class AccessLayer:
    """ASGI middleware. Never logs a query string, a header or a body: they hold questions and keys."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _GIVEN.fullmatch(given) else uuid4().hex[:16]
        token = REQUEST_ID.set(request_id)
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._record(scope, status, time.perf_counter() - started)
            REQUEST_ID.reset(token)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        path = scope["path"]
        route = route_label(path)
        self._metrics.count("wence_http_requests_total", method=scope["method"], route=route, status=str(status))
        self._metrics.observe("wence_http_request_seconds", seconds, route=route)
        if path.startswith(_UNLOGGED) or "/assets/" in path:
            return
        fields = {
            "method": scope["method"],
            "path": path,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "client": (scope.get("client") or ("",))[0],
            "caller": scope.get("wence.caller_name", ""),
        }
        logger.info("request", extra={"fields": fields})


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request id, and the fields of the record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry: dict[str, object] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if REQUEST_ID.get():
            entry["request_id"] = REQUEST_ID.get()
        entry.update(getattr(record, "fields", {}))
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def log_to_stderr(*, access: bool) -> None:
    """Send the program's logs to standard error as JSON lines; with ``access`` one for each request too."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logger.setLevel(logging.INFO if access else logging.WARNING)
    # One line for each answer that a language model wrote.
    logging.getLogger("wence.writing").setLevel(logging.INFO)
