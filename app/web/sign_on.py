"""The sign-in page, the tokens for channels, and the address that a channel's iframe loads."""

from __future__ import annotations

import time
from html import escape
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from app.settings import Settings
from app.web.callers import VISITOR_SCOPES, caller_in
from app.web.doors import SESSION_COOKIE
from app.web.keys import KeyRing, Ticket
from app.web.replies import ApiError
from app.web.schemas import ErrorOut, TokenIn, TokenOut
from app.web.texts import PageTexts

_SESSION_S = 12 * 3600
_CHANNEL_S = 3600
_MAX_FORM_BYTES = 4096


def make_tokens_api(ring: KeyRing, settings: Settings) -> APIRouter:
    """Return the route with which a portal's server gets tokens for its pages."""
    router = APIRouter(tags=["嵌入"])
    errors = {code: {"model": ErrorOut} for code in (400, 401, 403, 404, 422)}

    @router.post("/api/v1/tokens", status_code=201, responses=errors, summary="为渠道签发短期令牌")  # type: ignore[arg-type]
    def issue(wish: TokenIn, http: Request) -> TokenOut:
        """Return a token for one channel, with no more rights than the key that asks for it."""
        caller = caller_in(http.scope)
        if caller.kind not in {"key", "local"}:
            # A token must not outlive itself by asking for another.
            raise ApiError("scope_missing", scope="key")
        if wish.channel not in settings.channels:
            raise ApiError("channel_unknown", channel=wish.channel)
        scopes = caller.scopes & VISITOR_SCOPES
        expires = int(time.time()) + wish.ttl_s
        token = ring.sign(Ticket("embed", caller.key_id, wish.channel, scopes, expires))
        return TokenOut(token=token, channel=wish.channel, scopes=sorted(scopes), expires_at=expires)

    return router


def make_sign_on(ring: KeyRing, settings: Settings, texts: PageTexts) -> APIRouter:
    """Return the pages on which a person shows a key, and the addresses for iframes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/sign-in", response_class=HTMLResponse)
    def form(next: str = "") -> HTMLResponse:
        return HTMLResponse(_form(texts, next, failed=False))

    @router.post("/sign-in")
    async def sign_in(http: Request) -> Response:
        body = await http.body()
        fields = parse_qs(body[:_MAX_FORM_BYTES].decode("utf-8", "replace"))
        key = ring.find(fields.get("key", [""])[0].strip())
        back = fields.get("next", [""])[0]
        if key is None:
            return HTMLResponse(_form(texts, back, failed=True), status_code=401)
        ticket = Ticket("session", key.id, "", key.scopes, int(time.time()) + _SESSION_S)
        # Never a full address: that would make the page a stepping stone to other hosts.
        reply = RedirectResponse("./" + quote(back.lstrip("/\\"), safe="/?=&%#"), status_code=303)
        _set_cookie(reply, http, ring.sign(ticket), _SESSION_S, framed=False)
        return reply

    @router.post("/sign-out")
    def sign_out() -> Response:
        reply = RedirectResponse("./sign-in", status_code=303)
        reply.delete_cookie(SESSION_COOKIE, path="/")
        return reply

    @router.get("/embed")
    def embed() -> RedirectResponse:
        # Relative, so that it holds behind a proxy that serves the page under a prefix.
        return RedirectResponse("./?embed=1", status_code=307)

    @router.get("/embed/{channel}")
    def embed_channel(channel: str, http: Request, token: str = "", lang: str = "") -> Response:
        if channel not in settings.channels:
            raise ApiError("channel_unknown", channel=channel[:32])
        ticket = ring.read(token) if token else None
        if token and (ticket is None or ticket.channel != channel):
            raise ApiError("key_invalid")
        if ticket is None:
            caller = caller_in(http.scope)
            if "ask" not in caller.scopes:
                raise ApiError("key_missing")
            ticket = Ticket("embed", caller.key_id, channel, caller.scopes & VISITOR_SCOPES, 0)
        # The page's session is longer than the token in its address, which proxies may have logged.
        expires = int(time.time()) + _CHANNEL_S
        session = Ticket("embed", ticket.key_id, channel, ticket.scopes, expires)
        page = "../en/" if lang == "en" else "../"
        reply = RedirectResponse(f"{page}?embed=1&channel={channel}", status_code=307)
        _set_cookie(reply, http, ring.sign(session), _CHANNEL_S, framed=True)
        return reply

    return router


def _set_cookie(reply: Response, http: Request, token: str, seconds: int, *, framed: bool) -> None:
    secure = http.url.scheme == "https"
    attributes = [f"{SESSION_COOKIE}={token}", "Path=/", f"Max-Age={seconds}", "HttpOnly"]
    if secure:
        attributes.append("Secure")
    # Inside a frame of another site a cookie is kept only so, and then apart for each embedding site.
    attributes += ["SameSite=None", "Partitioned"] if framed and secure else ["SameSite=Lax"]
    reply.headers.append("set-cookie", "; ".join(attributes))


def _form(texts: PageTexts, back: str, *, failed: bool) -> str:
    notice = f'<p class="notice" role="alert">{escape(texts.errors.key_invalid.zh)}</p>' if failed else ""
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(texts.sign_in_title)} · {escape(texts.name)}</title>"
        '<link rel="icon" href="./wence/mark.svg"><link rel="stylesheet" href="./wence/document.css"></head>'
        f'<body><main><article class="sign-in"><p class="brand">'
        '<img src="./wence/mark.svg" alt="" width="28" height="28">'
        f"{escape(texts.name)}</p><h1>{escape(texts.sign_in_title)}</h1>"
        f'<p class="plain">{escape(texts.sign_in_text)}</p>{notice}'
        f'<form method="post" action="./sign-in" class="form">'
        f'<label for="key">{escape(texts.sign_in_label)}</label>'
        '<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>'
        f'<input type="hidden" name="next" value="{escape(back[:500])}">'
        f"<button>{escape(texts.sign_in_button)}</button></form></article></main></body></html>"
    )
