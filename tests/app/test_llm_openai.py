"""The provider ``openai`` against a real HTTP server that speaks the protocol, and fails in every way there is."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.answer.writer import Message, Piece, WriterError
from app.doctor import check_llm
from app.settings import Settings, load_settings
from index.errors import ModelError

pytest.importorskip("langchain_openai", reason="the extra llm is not installed")
from app.llm.chat import ChatWriter
from app.llm.openai_server import open_server

PROMPT = [Message("system", "规则"), Message("user", "问"), Message("assistant", "答"), Message("user", "再问")]
Ask = Callable[..., list[Piece]]
OpenWriter = Callable[..., ChatWriter]
Reply = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Replies as the next entry of ``server.replies`` says, the last one again and again."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server: Any = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        reply: Reply = server.replies.pop(0) if len(server.replies) > 1 else server.replies[0]
        try:
            reply(self)
        except (BrokenPipeError, ConnectionResetError):
            server.left.set()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def start(self, kind: str = "text/event-stream") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def put(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def event(self, value: Any) -> None:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        self.put(f"data: {text}\n\n".encode())

    def token(self, text: str, finish: str | None = None) -> None:
        choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}
        self.event({"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})

    def complete(self) -> None:
        self.token("", "stop")
        usage = {"prompt_tokens": 40, "completion_tokens": 3, "total_tokens": 43}
        frame = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        self.event({**frame, "choices": [], "usage": usage})
        self.event("[DONE]")
        self.put(b"")


def well(handler: Handler) -> None:
    handler.start()
    for text in ("产量", "300万辆。", "[S1]"):
        handler.token(text)
    handler.complete()


def failing(status: int, body: str = '{"error": {"message": "scripted"}}', **headers: str) -> Reply:
    def reply(handler: Handler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body.encode())))
        handler.end_headers()
        handler.wfile.write(body.encode())

    return reply


def stalling(handler: Handler) -> None:
    handler.start()
    handler.token("产量")
    handler.server.release.wait(30)  # type: ignore[attr-defined]


def trickling(handler: Handler) -> None:
    """Only comments, so that no timeout between two bytes is ever reached."""
    handler.start()
    while not handler.server.release.wait(0.05):  # type: ignore[attr-defined]
        handler.put(b": ping\n\n")


def silent(handler: Handler) -> None:
    handler.server.release.wait(30)  # type: ignore[attr-defined]


def cut_off(handler: Handler) -> None:
    handler.start()
    handler.token("产量300")
    handler.close_connection = True
    handler.connection.close()


def ended_early(handler: Handler) -> None:
    """A server that dies politely: the stream ends, but nothing says that the text has."""
    handler.start()
    handler.token("产量300")
    handler.put(b"")


def malformed(text: str) -> Reply:
    def reply(handler: Handler) -> None:
        handler.start()
        handler.token("产量")
        handler.event(text)
        handler.put(b"")

    return reply


def a_page(handler: Handler) -> None:
    handler.start("text/html")
    handler.put("<html><body>门户登录</body></html>".encode())
    handler.put(b"")


def flooding(handler: Handler) -> None:
    handler.start()
    while not handler.server.release.is_set():  # type: ignore[attr-defined]
        handler.token("产" * 2000)


def one_endless_line(handler: Handler) -> None:
    handler.start()
    handler.put(b"data: ")
    while not handler.server.release.is_set():  # type: ignore[attr-defined]
        handler.put(b"x" * 65536)


@pytest.fixture
def server() -> Iterator[Any]:
    found: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.daemon_threads = True
    found.replies, found.asked = [well], []
    found.release, found.left = threading.Event(), threading.Event()
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield found
    found.release.set()
    found.shutdown()
    found.server_close()
    thread.join()


@pytest.fixture
def open_writer(server: Any) -> Iterator[OpenWriter]:
    """Give a function that opens a writer; at the end all are closed and their threads have left."""
    opened: list[ChatWriter] = []

    def open_one(address: str, **more: Any) -> ChatWriter:
        given: dict[str, Any] = {
            "model": "m",
            "key": "secret-key",
            "timeout_s": 30.0,
            "retries": 0,
            "max_tokens": 77,
            "proxy": "",
        }
        opened.append(open_server(url=address, **given | more))
        return opened[-1]

    yield open_one
    server.release.set()
    deadline = time.monotonic() + 60
    while any(one.name == "wence-writer" for one in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.02)
    for writer in opened:
        writer.close()


@pytest.fixture
def ask(server: Any, open_writer: OpenWriter) -> Ask:
    return lambda **given: list(open_writer(url(server), **given).write(PROMPT))


def url(server: Any) -> str:
    return f"http://127.0.0.1:{server.server_port}/v1"


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def test_a_reply_is_streamed_with_its_tokens_and_its_end(server: Any, ask: Ask) -> None:
    pieces = ask()
    assert text_of(pieces) == "产量300万辆。[S1]"
    assert [piece.ended for piece in pieces if piece.ended] == ["stop"]
    counts = [(p.prompt_tokens, p.completion_tokens) for p in pieces if p.completion_tokens is not None]
    assert counts[-1] == (40, 3)


def test_the_request_is_what_compatible_servers_understand(server: Any, ask: Ask) -> None:
    ask()
    path, headers, body = server.asked[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == "Bearer secret-key"
    assert body["max_tokens"] == 77
    assert "max_completion_tokens" not in body
    assert body["temperature"] == 0
    assert body["stream"] is True
    assert [(one["role"], one["content"]) for one in body["messages"]] == [(m.role, m.content) for m in PROMPT]


def test_the_first_piece_comes_before_the_last_is_written(server: Any, open_writer: OpenWriter) -> None:
    server.replies = [stalling]
    writer = open_writer(url(server))
    with closing(writer.write(PROMPT)) as stream:
        assert next(piece.text for piece in stream if piece.text) == "产量"


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (failing(401), "rejected", "WENCE_LLM_KEY"),
        (failing(403), "rejected", "WENCE_LLM_KEY"),
        (failing(404), "rejected", "WENCE_LLM_MODEL"),
        (failing(400), "rejected", "400"),
        (failing(429), "unavailable", "429"),
        (failing(500), "unavailable", "500"),
        (failing(503, "<html>busy</html>"), "unavailable", "503"),
        (cut_off, "unavailable", "cannot reach"),
        (ended_early, "cut", "broke off"),
        (malformed("{half a json"), "malformed", "not a chat completion"),
        (malformed('"text"'), "malformed", "not a chat completion"),
        (malformed('{"choices": "x"}'), "malformed", "not a chat completion"),
        (malformed('{"choices": [{"index": 0}]}'), "cut", "broke off"),
        (malformed('{"error": {"message": "no memory left"}}'), "malformed", "no memory left"),
        (a_page, "malformed", "not a chat completion"),
    ],
)
# The client warns of the odd reply before it stumbles over it.
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_every_failure_is_one_error_that_says_what_to_do(
    server: Any, reply: Reply, code: str, words: str, ask: Ask
) -> None:
    server.replies = [reply]
    with pytest.raises(WriterError) as caught:
        ask()
    assert caught.value.code == code
    assert words in str(caught.value)
    assert "secret-key" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 500])
def test_a_reply_that_did_not_begin_is_tried_again(server: Any, status: int, ask: Ask) -> None:
    server.replies = [failing(status, retry_after_ms="1"), failing(status, retry_after_ms="1"), well]
    assert text_of(ask(retries=2)) == "产量300万辆。[S1]"
    assert len(server.asked) == 3


def test_a_reply_that_broke_off_is_not_asked_for_again(server: Any, ask: Ask) -> None:
    server.replies = [cut_off]
    with pytest.raises(WriterError):
        ask(retries=2)
    assert len(server.asked) == 1


@pytest.mark.parametrize("reply", [silent, stalling, trickling])
def test_a_stall_ends_at_the_deadline(server: Any, reply: Reply, ask: Ask) -> None:
    server.replies = [reply]
    started = time.monotonic()
    with pytest.raises(WriterError) as caught:
        ask(timeout_s=1.5, retries=3)
    assert caught.value.code == "timeout"
    assert "WENCE_LLM_TIMEOUT_S" in str(caught.value)
    # Far below the server's own patience of 30 s: nobody waits for the tries to add up.
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("reply", [flooding, one_endless_line])
def test_a_flood_is_left(server: Any, reply: Reply, ask: Ask) -> None:
    server.replies = [reply]
    with pytest.raises(WriterError) as caught:
        ask(max_reply_bytes=500_000)
    assert caught.value.code == "oversize"
    assert server.left.wait(20)


def test_closing_the_stream_leaves_the_server(server: Any, open_writer: OpenWriter) -> None:
    server.replies = [flooding]
    writer = open_writer(url(server))
    with closing(writer.write(PROMPT)) as stream:
        next(stream)
    assert server.left.wait(20)


def test_nobody_there_is_told_with_the_address(unused_port: Callable[[], int], open_writer: OpenWriter) -> None:
    address = f"http://127.0.0.1:{unused_port()}/v1"
    writer = open_writer(address)
    with pytest.raises(WriterError, match="cannot reach") as caught:
        list(writer.write(PROMPT))
    assert caught.value.code == "unavailable"
    assert address in str(caught.value)


def test_a_proxy_is_used(server: Any, open_writer: OpenWriter) -> None:
    proxy = f"http://127.0.0.1:{server.server_port}"
    writer = open_writer("http://model.invalid/v1", proxy=proxy)
    assert text_of(list(writer.write(PROMPT))) == "产量300万辆。[S1]"
    assert server.asked[0][0] == "http://model.invalid/v1/chat/completions"


def settings_for(server: Any, **more: Any) -> Settings:
    return load_settings(llm="openai", llm_url=url(server), llm_model="m", llm_timeout_s=20, llm_retries=0, **more)


def test_the_key_is_read_from_a_file(server: Any, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("file-key\n", encoding="utf-8")
    assert "openai m replies" in check_llm(settings_for(server, llm_key_file=tmp_path / "key"))
    assert server.asked[0][1]["authorization"] == "Bearer file-key"
    (tmp_path / "key").write_text(" \n", encoding="utf-8")
    with pytest.raises(ModelError, match="holds no key"):
        check_llm(settings_for(server, llm_key_file=tmp_path / "key"))
    with pytest.raises(ModelError, match="llm_key_file"):
        check_llm(settings_for(server, llm_key_file=tmp_path / "none"))


def test_the_doctor_asks_the_model_and_says_what_is_wrong(server: Any) -> None:
    settings = settings_for(server, llm_key="spoken-key")
    assert "first token after" in check_llm(settings)
    assert server.asked[0][1]["authorization"] == "Bearer spoken-key"
    assert "spoken-key" not in repr(settings)
    server.replies = [failing(401)]
    with pytest.raises(WriterError, match="WENCE_LLM_KEY"):
        check_llm(settings)
