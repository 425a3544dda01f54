"""The web service: the chat page at ``/``, the originals under ``/documents``, the API under ``/api/v1``."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.staticfiles import StaticFiles

from app.settings import Settings
from app.web.access import AccessLayer, log_to_stderr
from app.web.api import make_ask_api, make_documents_api, make_fallback, make_feedback_api, make_health_api
from app.web.desk import Desk
from app.web.doors import Doors, check_doors
from app.web.feedback import FeedbackStore
from app.web.guards import Guards
from app.web.keys import KeyRing
from app.web.mcp_http import McpDesk
from app.web.mcp_server import make_mcp_server
from app.web.metrics import Metrics
from app.web.openai_api import make_openai_api
from app.web.page import ChatPage
from app.web.page_blocks import mount_page
from app.web.pages import ASSETS, make_assets, make_document_pages, make_shares
from app.web.prompter import Prompter
from app.web.protocols import AssistantFace
from app.web.replies import add_error_replies
from app.web.shares import AnswerBook
from app.web.sign_on import make_sign_on, make_tokens_api
from app.web.staging import Staging
from app.web.suggestion_api import make_suggestion_api
from app.web.suggestions import load_wording
from app.web.texts import PageTexts, load_english, load_examples, load_texts
from app.web.upload_api import make_upload_api
from index.errors import SettingsError

if TYPE_CHECKING:
    from app.intake.intake import Intake

logger = logging.getLogger(__name__)

# So long connections may take to close after the last answer is out, seconds.
_LINGER_S = 2


def create_app(assistant: AssistantFace, settings: Settings, intake: Intake | None = None) -> FastAPI:
    """Return the service over one assistant; without an ``intake`` no document can be added.

    Raises:
        SettingsError: the page's texts are missing or malformed.

    """
    texts = load_texts(settings.prompts_dir)
    pages = {"zh": texts, "en": load_english(settings.prompts_dir)}
    examples = load_examples(settings.prompts_dir)
    metrics = Metrics()
    desk = Desk(assistant, metrics=metrics)
    ring = KeyRing(settings.state_dir)
    book = AnswerBook(settings.state_dir)
    prompter = Prompter(assistant, desk, load_wording(settings.prompts_dir), examples)
    mcp = McpDesk(lambda: make_mcp_server(assistant, settings, desk=desk, book=book), texts)
    # The framework's documentation pages load their scripts from a CDN; the description itself does not.
    app = FastAPI(
        lifespan=lambda _: _lifespan(mcp, prompter),
        title=f"{texts.name} API",
        description=texts.tagline,
        version=_version(),
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.desk = desk
    _report_state(metrics, desk, assistant)
    add_error_replies(app, texts)
    for router in (
        make_ask_api(assistant, desk, book, settings=settings, texts=texts, prompter=prompter),
        make_suggestion_api(assistant, prompter, book, texts),
        make_openai_api(assistant, desk, book, settings=settings, texts=texts),
        make_documents_api(assistant),
        make_upload_api(intake, texts),
        make_feedback_api(FeedbackStore.in_folder(settings.state_dir), metrics),
        make_tokens_api(ring, settings),
        make_health_api(assistant, desk, metrics),
        make_document_pages(assistant, pages, intake=intake, staging=Staging(settings.state_dir)),
        make_shares(assistant, book, pages),
        make_sign_on(ring, settings, texts),
        make_assets(),
        make_fallback(),
    ):
        app.include_router(router)
    app.router.routes.append(mcp.route())
    app.mount("/wence", StaticFiles(directory=ASSETS), name="assets")
    _add_layers(app, settings, ring, metrics=metrics, texts=pages)
    # The longer path first: the page at "/" would answer for the other.
    for path, words in (("/en", pages["en"]), ("/", texts)):
        page = ChatPage(assistant, desk, book, settings=settings, texts=words, examples=examples)
        app = mount_page(app, page, path=path)
    return app


@asynccontextmanager
async def _lifespan(mcp: McpDesk, prompter: Prompter) -> AsyncIterator[None]:
    async with mcp.running():
        try:
            yield
        finally:
            prompter.close()


def _add_layers(
    app: FastAPI, settings: Settings, ring: KeyRing, *, metrics: Metrics, texts: Mapping[str, PageTexts]
) -> None:
    """Add the layers around every route, the innermost first."""
    app.add_middleware(Doors, settings=settings, ring=ring, texts=texts["zh"])
    origins = [*settings.cors_origins, *(one for channel in settings.channels.values() for one in channel.parents)]
    # Always present, even without origins: otherwise the page's framework answers any origin with credentials.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=sorted(set(origins)),
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["X-Request-ID", "Retry-After"],
    )
    app.add_middleware(Guards, texts=texts, settings=settings)
    app.add_middleware(AccessLayer, metrics=metrics)


def _report_state(metrics: Metrics, desk: Desk, assistant: AssistantFace) -> None:
    metrics.gauge("wence_questions_in_progress", "Questions being answered now.", lambda: desk.in_progress)
    metrics.gauge("wence_questions_waiting", "Questions that wait for a place.", lambda: desk.waiting)
    metrics.gauge("wence_documents", "Documents that can be cited.", lambda: len(assistant.documents))


def check_port_free(host: str, port: int) -> None:
    """Return if the address can be listened on; call it before anything slow is loaded.

    Raises:
        SettingsError: the port is taken or the host is not one of this machine's; says how to choose another.

    """
    _open_socket(host, port).close()


def run_server(assistant: AssistantFace, settings: Settings, intake: Intake | None = None) -> None:
    """Serve until interrupted; prints the address once requests are accepted.

    Raises:
        SettingsError: the port is taken, or the host is not one of this machine's.

    """
    check_doors(settings)
    app = create_app(assistant, settings, intake)
    log_to_stderr(access=settings.access_log)
    listener = _open_socket(settings.host, settings.port)
    # Forwarded headers are read by our own layer, which knows the trusted proxies of the settings.
    config = uvicorn.Config(
        app, log_config=None, access_log=False, proxy_headers=False, timeout_graceful_shutdown=_LINGER_S
    )
    try:
        _PoliteServer(config, app.state.desk, settings).run(sockets=[listener])
    finally:
        listener.close()


def page_address(host: str, port: int) -> str:
    """Return the address to open in a browser on this machine.

    >>> page_address("0.0.0.0", 7860)
    'http://127.0.0.1:7860/'
    """
    if host in {"0.0.0.0", "::"}:
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class _PoliteServer(uvicorn.Server):
    """Prints the address when it is true, that is after start-up; at a stop, finishes what it has begun."""

    def __init__(self, config: uvicorn.Config, desk: Desk, settings: Settings) -> None:
        super().__init__(config)
        self._desk = desk
        self._grace_s = settings.shutdown_grace_s
        self._address = page_address(settings.host, settings.port)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            print(f"问策已启动，请在浏览器打开：{self._address}（按 Ctrl+C 退出）", flush=True)
            print(
                f"Wence is ready at {self._address} (API: {self._address}api/v1/ask; Ctrl+C stops it)", flush=True
            )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Open pages keep a connection for good, so only the answers are waited for, not the connections.
        if not await self._desk.close(self._grace_s):
            logger.warning("stopped before all answers were given")
        await super().shutdown(sockets=sockets)


def _open_socket(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise SettingsError(f"host {host!r} is not known: {error.strerror}; use 127.0.0.1") from error
    listener = socket.socket(family, kind, protocol)
    # Without it a restart within a minute would find its own old connections in the way.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SettingsError(_bind_problem(host, port, error)) from error
    return listener


def _bind_problem(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is taken by another program; "
            f"choose another with --port {port + 1 if port < 65535 else port - 1} or WENCE_PORT"
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs administrator rights; choose one above 1023 with --port 7860 or WENCE_PORT"
    return f"cannot listen on {host}:{port}: {error.strerror}; use --host 127.0.0.1 or another --port"


def _version() -> str:
    try:
        return version("wence")
    except PackageNotFoundError:
        # Run from a checkout whose metadata was never installed.
        return "0"
