"""The MCP server on the address ``/mcp`` of the web service (streamable HTTP), behind its doors and limits."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.replies import error_reply
from app.web.texts import PageTexts
from index.errors import SettingsError

logger = logging.getLogger(__name__)

PATH = "/mcp"


class McpDesk:
    """The ASGI app behind ``/mcp``; it serves while :meth:`running` does.

    Without sessions: each request stands alone, so that nothing is kept for a client that has gone, and a restart
    is not noticed. The server is made anew each time, because the package's cannot be run twice.
    """

    def __init__(self, make: Callable[[], Any], texts: PageTexts) -> None:
        self._make = make
        self._texts = texts
        self._app: ASGIApp | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve inside the block; without the package every request is told so."""
        try:
            server = self._make()
        except SettingsError as error:
            logger.info("%s is closed: %s", PATH, error)
            yield
            return
        from mcp.server.transport_security import TransportSecuritySettings

        app = server.streamable_http_app(
            streamable_http_path=PATH,
            stateless_http=True,
            json_response=True,
            # Who may ask is decided at the service's own doors, which know its names and its channels.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        async with app.router.lifespan_context(app):
            self._app = app
            try:
                yield
            finally:
                self._app = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self._app is None:
            reply: JSONResponse = error_reply("mcp_missing", self._texts)
            await reply(scope, receive, send)
            return
        # The address under a proxy's prefix is still this one address.
        await self._app({**scope, "path": PATH, "root_path": ""}, receive, send)

    def route(self) -> Route:
        """Return the route; a mount would answer for the addresses below it only."""
        return Route(PATH, self, include_in_schema=False)
