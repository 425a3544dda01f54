"""What readers and programs see while a language model writes: checked text as it grows, and nothing goes back."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from app.answer.listening import heard_by, listener
from app.cli import plain
from app.settings import Settings
from app.web.access import JsonLines
from app.web.callers import LOCAL
from app.web.desk import BusyError, Desk
from app.web.page import ChatPage, View
from app.web.service import create_app
from app.web.shares import AnswerBook
from app.web.streaming import Hearing
from app.web.texts import load_texts
from index.types import Answer, Writing

PROMPTS = Path(__file__).parents[2] / "prompts"
WRITING = Writing(
    provider="openai",
    model="m",
    outcome="completed",
    fault=None,
    prompt_tokens=40,
    completion_tokens=9,
    first_token_ms=12.0,
    total_ms=34.0,
    repaired=("300亿→300万",),
    notice="由语言模型撰写，已核对。",
)
PATIENCE_S = 60


class Author:
    """The scripted assistant as if a model wrote: says the answer line by line, each when ``go`` lets it."""

    def __init__(self, scripted: Any) -> None:
        self._scripted = scripted
        self.go = threading.Semaphore(0)
        self.went_on: list[bool] = []
        self.finished = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scripted, name)

    def now(self) -> Author:
        return self

    def reading_only(self) -> Any:
        return self._scripted

    def ask(self, question: str, **given: Any) -> Answer:
        answer: Answer = self._scripted.ask(question, **given)
        listen = listener()
        try:
            for line in answer.text.splitlines(keepends=True):
                if not self.go.acquire(timeout=PATIENCE_S):
                    raise RuntimeError("nobody let the author go on")
                if listen is not None:
                    self.went_on.append(listen(line))
                    if not self.went_on[-1]:
                        break
        finally:
            self.finished.set()
        return replace(answer, writing=WRITING)

    def let_all_go(self) -> None:
        for _ in range(40):
            self.go.release()


@pytest.fixture
def author(assistant: Any) -> Author:
    return Author(assistant)


@pytest.fixture
def address(author: Author, serve: Any, tmp_path: Path) -> Iterator[str]:
    with serve(create_app(author, Settings(build_dir=tmp_path))) as found:
        yield found
        author.let_all_go()


def blocks(reply: httpx.Response) -> Iterator[str]:
    waiting = ""
    for text in reply.iter_text():
        waiting += text
        while "\n\n" in waiting:
            block, waiting = waiting.split("\n\n", 1)
            if not block.startswith(":"):
                yield block


def test_the_stream_gives_a_sentence_before_the_next_is_written(address: str, author: Author) -> None:
    with httpx.stream(
        "POST", f"{address}/api/v1/ask/stream", json={"question": "七个方面"}, timeout=PATIENCE_S
    ) as reply:
        events = blocks(reply)
        assert next(events).startswith("event: status")
        heard = ""
        for _ in range(3):
            author.go.release()
            name, data = next(events).split("\n")
            assert name == "event: delta"
            heard += json.loads(data.removeprefix("data: "))["text"]
        assert heard.startswith("共7项：[1]")
        assert not author.finished.is_set()
        author.let_all_go()
        rest = [block.split("\n") for block in events]
    heard += "".join(json.loads(data.removeprefix("data: "))["text"] for name, data in rest[:-1])
    record = json.loads(rest[-1][1].removeprefix("data: "))
    assert rest[-1][0] == "event: answer"
    assert heard == record["answer"]
    assert record["writing"]["notice"] == WRITING.notice
    assert record["writing"]["repaired"] == ["300亿→300万"]
    metrics = httpx.get(f"{address}/metrics", timeout=PATIENCE_S).text
    assert 'wence_written_total{outcome="completed"} 1' in metrics


def test_openais_stream_keeps_one_id_and_its_pieces_are_the_answer(address: str, author: Author) -> None:
    wish = {"model": "wence", "messages": [{"role": "user", "content": "七个方面"}], "stream": True}
    with httpx.stream("POST", f"{address}/v1/chat/completions", json=wish, timeout=PATIENCE_S) as reply:
        events = blocks(reply)
        author.go.release()
        first = json.loads(next(events).removeprefix("data: "))
        assert first["choices"][0]["delta"] == {"role": "assistant", "content": "共7项：[1]\n"}
        assert not author.finished.is_set()
        author.let_all_go()
        found = [block.removeprefix("data: ") for block in events]
    assert found[-1] == "[DONE]"
    chunks = [first, *map(json.loads, found[:-1])]
    assert len({chunk["id"] for chunk in chunks}) == 1
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    extension = chunks[-1]["wence"]
    assert extension["writing"]["outcome"] == "completed"
    assert len(extension["id"]) == 32
    author.let_all_go()
    whole = httpx.post(f"{address}/v1/chat/completions", json={**wish, "stream": False}, timeout=PATIENCE_S).json()
    assert text == whole["choices"][0]["message"]["content"]


def test_a_reader_who_leaves_stops_the_author(address: str, author: Author) -> None:
    with httpx.stream(
        "POST", f"{address}/api/v1/ask/stream", json={"question": "七个方面"}, timeout=PATIENCE_S
    ) as reply:
        events = blocks(reply)
        next(events)
        author.go.release()
        next(events)

    def go_until_stopped() -> bool:
        author.go.release()
        return author.finished.wait(0.1)

    assert any(go_until_stopped() for _ in range(300))
    assert author.went_on[0] is True
    assert author.went_on[-1] is False


def views(author: Author, folder: Path) -> list[View]:
    texts = load_texts(PROMPTS)
    page = ChatPage(
        author, Desk(author), AnswerBook(folder), settings=Settings(build_dir=folder), texts=texts, examples=()
    )

    async def ask() -> list[View]:
        return [view async for view in page.asked("七个方面", [], [], LOCAL)]

    return anyio.run(ask)


def test_the_page_shows_the_text_as_it_grows_and_the_notice_at_the_end(author: Author, tmp_path: Path) -> None:
    author.let_all_go()
    found = views(author, tmp_path)
    partial = [view.log for view in found if view.log and 'data-testid="partial"' in view.log]
    assert partial
    # Markers stand as they will stay, without links to sources that are not there yet.
    assert '<span class="wn-marker">[1]</span>' in partial[0]
    assert 'href="#cite' not in partial[0]
    last = found[-1].log
    assert last is not None
    assert WRITING.notice in last
    assert "is-pending" not in last
    assert 'href="#cite-1-1"' in last


def test_a_hostile_sentence_is_text_while_it_grows(author: Author, tmp_path: Path) -> None:
    author.let_all_go()
    texts = load_texts(PROMPTS)
    page = ChatPage(
        author, Desk(author), AnswerBook(tmp_path), settings=Settings(build_dir=tmp_path), texts=texts, examples=()
    )

    async def ask() -> list[View]:
        return [view async for view in page.asked("恶意", [], [], LOCAL)]

    for view in anyio.run(ask):
        assert "<script>" not in (view.log or "")
        assert "<img" not in (view.log or "")


def test_a_terminal_is_told_too(author: Author) -> None:
    author.let_all_go()
    assert f"（{WRITING.notice}）" in plain(author.ask("七个方面"))


def test_hearing_gives_everything_in_order_and_then_the_result() -> None:
    async def main() -> tuple[list[str | None], str]:
        def work() -> str:
            listen = listener()
            assert listen is not None
            for piece in "甲乙丙":
                assert listen(piece)
            return "甲乙丙丁"

        hearing = Hearing(lambda: anyio.to_thread.run_sync(work))
        heard = [piece async for piece in hearing.pieces()]
        return heard, hearing.unheard(hearing.result())

    assert anyio.run(main) == (["甲", "乙", "丙"], "丁")
    assert listener() is None


def test_a_failure_comes_through_a_hearing() -> None:
    async def main() -> None:
        async def ask() -> str:
            raise BusyError("full")

        hearing = Hearing(ask)
        assert [piece async for piece in hearing.pieces()] == []
        hearing.result()

    with pytest.raises(BusyError):
        anyio.run(main)


def test_a_listener_is_heard_by_its_own_question_only() -> None:
    with heard_by(lambda piece: True):
        assert listener() is not None
    assert listener() is None


def test_the_log_line_tells_of_the_model_and_of_no_question() -> None:
    record = logging.LogRecord("wence.writing", logging.INFO, "f", 1, "written", None, None)
    record.fields = {"provider": "openai", "first_token_ms": 12.0, "repaired": ["300亿→300万"]}
    line = json.loads(JsonLines().format(record))
    assert (line["logger"], line["provider"], line["first_token_ms"]) == ("wence.writing", "openai", 12.0)
