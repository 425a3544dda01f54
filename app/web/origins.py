"""Whether a request that changes something comes from our own pages: another site's page must not send it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request

from app.web.callers import Caller, caller_in
from app.web.replies import ApiError


def checked_writer(http: Request) -> Caller:
    """Return the caller of a changing request.

    A key in a header is sent by programs only. Everything else (a cookie, a proxy's word, an open service on one
    machine) goes along with what a page of any other site sends, so it counts from our own pages only; on an open
    service also only from this machine under one of its own names: others can be made to lead here.

    Raises:
        ApiError: the request comes from elsewhere.

    """
    caller = caller_in(http.scope)
    if caller.kind == "key":
        return caller
    host = http.headers.get("host", "")
    site = http.headers.get("sec-fetch-site", "same-origin")
    origin = http.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != host
    if foreign or site not in {"same-origin", "none"}:
        raise ApiError("upload_foreign")
    if caller.kind == "local" and not (_is_loopback(urlsplit(f"//{host}").hostname) and _from_here(http)):
        raise ApiError("upload_foreign")
    return caller


def _from_here(http: Request) -> bool:
    return _is_loopback(http.client.host if http.client else None)


def _is_loopback(name: str | None) -> bool:
    if name is None or name == "localhost":
        return name is not None
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
