"""Who gets in: keys, tokens, sessions and users named by a proxy; scopes by path; limits on questions."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.settings import Settings
from app.web.callers import CHARGE, LOCAL, VISITOR_SCOPES, Caller, set_caller
from app.web.keys import KeyRing, Ticket
from app.web.limits import RateLimit
from app.web.replies import ApiError, error_reply
from app.web.texts import PageTexts
from index.errors import SettingsError

SESSION_COOKIE = "wence_session"

# Nothing of the documents and nothing of the callers is behind these.
_OPEN = ("/wence/", "/wence-chat.js", "/healthz", "/readyz", "/openapi.json", "/sign-in", "/embed/")
_READ = ("/api/v1/documents", "/api/v1/passages/", "/documents/", "/library", "/shared/", "/metrics")
_UPLOADS = "/api/v1/uploads/"
_WRITE = ("/api/v1/documents", "/library", _UPLOADS)
# How the page's events come in, in either language.
ASKING_EVENTS = "/gradio_api/queue/join"
_ASKING = frozenset({"/api/v1/ask", "/api/v1/ask/stream", "/v1/chat/completions"})
_PROGRAMS = ("/api/", "/v1/", "/mcp", "/metrics", "/gradio_api/")
_GUESSES_PER_MINUTE = 20
_PREFIX = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){0,4}")


def check_doors(settings: Settings) -> None:
    """Return if the service may listen where the settings say.

    Raises:
        SettingsError: other machines could reach it and there is no valid key.

    """
    now = time.time()
    if settings.is_local or any(key.is_valid(now) for key in KeyRing(settings.state_dir).listed()):
        return
    raise SettingsError(
        f"host {settings.host!r} is reachable from other machines, so a key is needed; "
        "make one with: python -m app keys add NAME (or use --host 127.0.0.1)"
    )


def needed_scope(method: str, path: str) -> str | None:
    """Return the scope that a request needs; ``None`` for what anyone may load.

    >>> needed_scope("POST", "/api/v1/ask"), needed_scope("GET", "/api/v1/feedback")
    ('ask', 'admin')
    >>> needed_scope("GET", "/api/v1/documents"), needed_scope("POST", "/api/v1/documents")
    ('read', 'write')
    >>> needed_scope("GET", "/healthz") is None
    True
    """
    if path.startswith(_OPEN) or path == "/embed":
        return None
    if path == "/api/v1/feedback":
        return "feedback" if method == "POST" else "admin"
    if path.startswith(_WRITE) and (method not in {"GET", "HEAD"} or path.startswith(_UPLOADS)):
        return "write"
    if path.startswith(_READ):
        return "read"
    return "ask"


@dataclass(frozen=True, slots=True)
class _Peer:
    """Where a request comes from, after trusted proxies: address, the user one of them signed on, and where
    the service lies for the browser: scheme and path prefix (empty, or ``/policy``).
    """

    address: str
    user: str
    scheme: str
    prefix: str = ""


class Doors:
    """ASGI middleware that lets a request in as a :class:`Caller`, or answers it itself."""

    def __init__(self, app: ASGIApp, *, settings: Settings, ring: KeyRing, texts: PageTexts) -> None:
        self._app = app
        self._settings = settings
        self._ring = ring
        self._texts = texts
        self._asks = RateLimit(settings.asks_per_minute)
        self._guesses = RateLimit(_GUESSES_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            # No face speaks WebSocket; what is not let in by name stays out.
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        peer = self._peer(scope)
        scope["client"] = (peer.address, 0)
        scope["scheme"] = peer.scheme
        try:
            self._admit(scope, peer)
        except ApiError as error:
            await self._turned_away(scope, error)(scope, receive, send)
            return
        # The layers outside see the path as this service knows it, the page's framework as the browser does.
        await self._app({**scope, "root_path": peer.prefix, "path": peer.prefix + scope["path"]}, receive, send)

    def closed(self) -> bool:
        """Return whether a caller must say who it is."""
        return bool(not self._settings.is_local or self._settings.user_header or self._ring.in_use())

    def _admit(self, scope: Scope, peer: _Peer) -> None:
        caller = self._caller(Headers(scope=scope), peer)
        path = scope["path"]
        needed = needed_scope(scope["method"], path)
        if path == "/sign-in" and scope["method"] == "POST":
            self._slow_down(self._guesses, peer.address)
        if needed is None:
            set_caller(scope, caller or Caller("anonymous", "local", frozenset()))
            return
        if caller is None:
            raise ApiError("key_missing")
        if needed not in caller.scopes:
            raise ApiError("scope_missing", scope=needed)
        if path in _ASKING or path.endswith(ASKING_EVENTS):
            self._limit(caller, peer)
        scope[CHARGE] = lambda: self._limit(caller, peer)
        set_caller(scope, caller)

    def _caller(self, headers: Headers, peer: _Peer) -> Caller | None:
        """Return who asks, ``None`` for nobody; a wrong key is an error even where none is needed."""
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        closed = self.closed()
        if scheme.lower() == "bearer" and bearer.strip() and (closed or bearer.startswith("wt.")):
            return self._bearer(bearer.strip(), headers.get("origin"), peer)
        session = cookie_parser(headers.get("cookie", "")).get(SESSION_COOKIE)
        ticket = self._ticket(session) if session else None
        if ticket is not None:
            return self._of_ticket(ticket)
        if peer.user:
            return Caller(f"user:{peer.user}", "user", VISITOR_SCOPES)
        return None if closed else LOCAL

    def _bearer(self, text: str, origin: str | None, peer: _Peer) -> Caller:
        ticket = self._ticket(text)
        if ticket is not None:
            caller = self._of_ticket(ticket)
            channel = self._settings.channels.get(caller.channel)
            if origin and (channel is None or origin not in channel.parents):
                raise ApiError("origin_forbidden")
            return caller
        key = self._ring.find(text)
        if key is None:
            self._slow_down(self._guesses, peer.address)
            raise ApiError("key_invalid")
        return Caller(f"key:{key.id}", "key", key.scopes, key_id=key.id)

    def _ticket(self, text: str) -> Ticket | None:
        ticket = self._ring.read(text)
        # Given out while nobody had to show a key; it ends when the door is closed.
        return None if ticket and not ticket.key_id and self.closed() else ticket

    def _of_ticket(self, ticket: Ticket) -> Caller:
        name = f"{ticket.kind}:{ticket.channel or ticket.key_id}"
        caller = Caller(name, ticket.kind, ticket.scopes, key_id=ticket.key_id, channel=ticket.channel)
        if not ticket.channel:
            return caller
        channel = self._settings.channels.get(ticket.channel)
        if channel is None:
            raise ApiError("channel_unknown", channel=ticket.channel)
        return replace(caller, documents=channel.documents)

    def _limit(self, caller: Caller, peer: _Peer) -> None:
        if caller.kind == "local":
            return
        # Many people share the key behind a token or a session, but not its address.
        own = caller.name if caller.kind in {"key", "user"} else f"{caller.name}@{peer.address}"
        self._slow_down(self._asks, own)

    @staticmethod
    def _slow_down(limit: RateLimit, name: str) -> None:
        seconds = limit.wait_s(name)
        if seconds:
            raise ApiError("rate_limited", seconds=seconds)

    def _peer(self, scope: Scope) -> _Peer:
        headers = Headers(scope=scope)
        direct = (scope.get("client") or ("",))[0]
        if direct not in self._settings.trusted_proxies:
            return _Peer(direct, "", scope["scheme"])
        # The last entry is the one that the trusted proxy wrote; those before it come from the caller.
        forwarded = headers.get("x-forwarded-for", "").rsplit(",", 1)[-1].strip()
        scheme = headers.get("x-forwarded-proto", "").strip()
        user = headers.get(self._settings.user_header, "") if self._settings.user_header else ""
        prefix = headers.get("x-forwarded-prefix", "").rstrip("/")
        return _Peer(
            forwarded[:64] or direct,
            user[:64],
            scheme if scheme in {"http", "https"} else scope["scheme"],
            prefix if _PREFIX.fullmatch(prefix) else "",
        )

    def _turned_away(self, scope: Scope, error: ApiError) -> Response:
        path = scope["path"]
        wants_page = "text/html" in Headers(scope=scope).get("accept", "") and scope["method"] == "GET"
        if error.code == "key_missing" and wants_page and not path.startswith(_PROGRAMS):
            # Relative, so that it holds behind a proxy that serves the page under a prefix.
            up = "../" * (path.count("/") - 1) or "./"
            back = path.lstrip("/") + (
                "?" + scope["query_string"].decode("latin-1") if scope["query_string"] else ""
            )
            return RedirectResponse(f"{up}sign-in?next={quote(back, safe='')}", status_code=303)
        return error_reply(error.code, self._texts, path=path, **error.values)
