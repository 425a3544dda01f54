"""What every reply and every request must keep to: size limits, security headers, a Chinese page head."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.settings import Settings
from app.web.document_view import render_no_page
from app.web.replies import error_reply
from app.web.texts import PageTexts

logger = logging.getLogger(__name__)

MAX_API_BYTES = 64 * 1024
# The page sends back the conversation it keeps in the browser, which holds the quotes.
MAX_PAGE_BYTES = 1024 * 1024

# TRACE would repeat cookies and keys to scripts, and nothing here is changed by PUT or PATCH.
_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_DELETABLE = ("/api/v1/documents/", "/mcp")
# What the page itself asks of its framework. The rest would let anyone fill the disk (upload), or call the page's
# events by name beside the API and its limits (call, api, run).
_PAGE_CALLS = (
    *("queue/join", "queue/data", "run/predict", "heartbeat/", "startup-events", "app_id", "cancel", "reset"),
    *("info", "config", "file="),
)
# Where files come in, and what the rest of such a request may take.
_FILE_PATHS = frozenset({"/api/v1/documents", "/api/v1/documents/preview", "/library-preview"})
_FORM_BYTES = 64 * 1024

_META = re.compile(r'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>\s*')
_LANG = re.compile(r'<html(\s+)lang="en"')
_BODY = re.compile(r"<body[^>]*>")

_POLICIES = {
    # Gradio's page needs inline scripts and compiles templates; nothing may leave this host.
    "page": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; frame-src 'self'; object-src 'none'; "
    "base-uri 'self'; form-action 'self'",
    # Our own pages show document text and need neither inline code nor anything else.
    "document": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'",
    "form": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'",
    "api": "default-src 'none'",
}


class BodyTooLargeError(Exception):
    """The request body passed its limit while it was being read."""


class Guards:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, *, texts: Mapping[str, PageTexts], settings: Settings) -> None:
        self._app = app
        self._texts = texts["zh"]
        self._pages = {"/": texts["zh"], "/en/": texts["en"]}
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        send = self._with_headers(scope, send)
        allowed = (*_METHODS, "DELETE") if path.startswith(_DELETABLE) else _METHODS
        if scope["method"] not in allowed:
            refused = error_reply(
                "request_invalid", self._texts, path=path, detail=f"method {scope['method'][:20]}"
            )
            refused.status_code = 405
            refused.headers["Allow"] = ", ".join(allowed)
            await refused(scope, receive, send)
            return
        own = path.partition("/gradio_api/")[2]
        if own and not own.startswith(_PAGE_CALLS):
            await error_reply("not_found", self._texts)(scope, receive, send)
            return
        limit = self._limit(path)
        if path in self._pages:
            scope = _uncompressed(scope)
            send = _with_our_head(send, self._pages[path])
        elif _kind(path) == "page" and "text/html" in Headers(scope=scope).get("accept", ""):
            up = "../" * (path.count("/") - 1) or "./"
            send = _with_our_404(send, render_no_page(self._texts, up=up).encode())
        await self._limited(scope, receive, send, limit)

    def _limit(self, path: str) -> int:
        """Return how many bytes a request's body may have."""
        if self._settings.uploads and path in _FILE_PATHS:
            return self._settings.max_upload_mb * 1024 * 1024 + _FORM_BYTES
        ours = path.startswith(("/api/", "/v1/", "/sign-in", "/library", "/mcp"))
        return MAX_API_BYTES if ours else MAX_PAGE_BYTES

    async def _limited(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        declared = Headers(scope=scope).get("content-length", "")
        too_large = error_reply("body_too_large", self._texts, path=scope["path"], limit=limit)
        if declared.isdecimal() and int(declared[:20]) > limit:
            await too_large(scope, receive, send)
            return
        received = 0
        started = False
        refused = False

        async def counted_receive() -> Message:
            nonlocal received, refused
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # Said here: the app takes the exception for a malformed body and would answer 400.
                if not started:
                    await too_large(scope, receive, send)
                refused = True
                raise BodyTooLargeError
            return message

        async def watched_send(message: Message) -> None:
            nonlocal started
            if not refused:
                started = True
                await send(message)

        try:
            await self._app(scope, counted_receive, watched_send)
        except BodyTooLargeError:
            return
        except Exception:
            if started:
                raise
            # Answered here and not outside, so that this reply has the headers of all the others.
            logger.exception("%s %s failed", scope["method"], scope["path"])
            await error_reply("internal", self._texts, path=scope["path"])(scope, receive, send)

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        path = scope["path"]
        kind = _kind(path)
        policy = f"{_POLICIES[kind]}; frame-ancestors {self._ancestors(scope)}"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
                if kind != "page":
                    headers["Cache-Control"] = "no-store"
                elif path in {"/", "/en/", "/wence-chat.js"} or path.startswith("/wence/"):
                    # Kept, but asked about each time: styles must fit the page of the same release.
                    headers["Cache-Control"] = "no-cache"
                if path == "/wence-chat.js":
                    # The one file made for pages of other sites.
                    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            await send(message)

        return send_with_headers

    def _ancestors(self, scope: Scope) -> str:
        """Return who may frame the reply: for a channel its parents, and nobody for one that is not known."""
        name = parse_qs(scope["query_string"].decode("latin-1")).get("channel", [None])[0]
        if name is None:
            return " ".join(["'self'", *self._settings.frame_ancestors])
        channel = self._settings.channels.get(name)
        return "'none'" if channel is None else " ".join(["'self'", *channel.parents])


def _kind(path: str) -> str:
    if path.startswith("/documents/"):
        return "document"
    if path.startswith(("/sign-in", "/library", "/shared/")):
        return "form"
    if path.startswith(("/api/", "/v1/", "/mcp")) or path in {"/healthz", "/readyz", "/metrics", "/openapi.json"}:
        return "api"
    return "page"


def _with_our_head(send: Send, texts: PageTexts) -> Send:
    start: Message | None = None
    body = bytearray()

    async def send_rewritten(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        body.extend(message.get("body", b""))
        if message.get("more_body") or start is None:
            return
        headers = MutableHeaders(scope=start)
        content = bytes(body)
        if headers.get("content-type", "").startswith("text/html"):
            content = chinese_head(content.decode("utf-8"), texts).encode("utf-8")
            headers["Content-Length"] = str(len(content))
        await send(start)
        await send({"type": "http.response.body", "body": content})

    return send_rewritten


def _with_our_404(send: Send, page: bytes) -> Send:
    """Return a ``send`` that tells a person's browser of a missing page with a page instead of JSON."""
    missing = False

    async def send_page(message: Message) -> None:
        nonlocal missing
        if message["type"] == "http.response.start" and message["status"] == 404:
            missing = True
            headers = MutableHeaders(scope=message)
            headers["Content-Type"] = "text/html; charset=utf-8"
            headers["Content-Length"] = str(len(page))
            await send(message)
            await send({"type": "http.response.body", "body": page})
        elif not missing:
            await send(message)

    return send_page


def chinese_head(html: str, texts: PageTexts) -> str:
    """Return the framework's page with the language of its texts, our styles, and no foreign preview cards.

    The styles belong in the served head: added by script they arrive after the first paint.
    """
    files = f"./{texts.root}wence"
    ours = (
        f'<meta name="description" content="{escape(texts.tagline)}">'
        '<meta name="color-scheme" content="light dark">'
        f'<link rel="icon" href="{files}/mark.svg"><link rel="stylesheet" href="{files}/page.css">'
        f'<script src="{files}/page.js"></script>'
    )
    html = _LANG.sub(rf'<html\1lang="{texts.lang}"', html, count=1)
    html = _META.sub("", html)
    html = html.replace("</head>", ours + "</head>", 1)
    return _BODY.sub(lambda body: f"{body[0]}<noscript>{escape(texts.no_script)}</noscript>", html, count=1)


def _uncompressed(scope: Scope) -> Scope:
    """Return the scope without Accept-Encoding: a compressed page could not be rewritten."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    return {**scope, "headers": headers}
