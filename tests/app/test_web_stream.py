"""Streaming, passages, feedback, metrics, request ids, logs, the stop, and OpenAI's protocol."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from app.settings import Settings
from app.web.access import REQUEST_ID, JsonLines
from app.web.desk import BusyError, Desk
from app.web.feedback import FeedbackIn, FeedbackStore
from app.web.metrics import Metrics
from app.web.streaming import pieces

PLAN_DOC = "003_b0eb32551eef246d"
QUOTE = "全社会研发经费投入占地区生产总值的比重达5.7%"


def events(reply: httpx.Response) -> list[tuple[str, Any]]:
    blocks = [block for block in reply.text.split("\n\n") if block and not block.startswith(":")]
    parsed = []
    for block in blocks:
        name, data = block.split("\n")
        parsed.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return parsed


@pytest.mark.parametrize(("path", "accept"), [("/api/v1/ask/stream", "*/*"), ("/api/v1/ask", "text/event-stream")])
def test_stream_gives_pieces_and_then_the_whole(client: httpx.Client, path: str, accept: str) -> None:
    reply = client.post(path, json={"question": "七个方面"}, headers={"Accept": accept})
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["x-accel-buffering"] == "no"
    found = events(reply)
    assert found[0] == ("status", {"state": "searching"})
    deltas = [data["text"] for name, data in found if name == "delta"]
    name, record = found[-1]
    assert name == "answer"
    assert "".join(deltas) == record["answer"]
    assert len(deltas) == 9  # the heading line, seven items, the closing sentence
    whole = client.post("/api/v1/ask", json={"question": "七个方面"}).json()
    assert {**record, "id": ""} == {**whole, "id": ""}


def test_bad_question_is_a_status_even_for_a_stream(client: httpx.Client) -> None:
    reply = client.post("/api/v1/ask/stream", json={"question": "　"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "question_empty")


def test_failure_within_a_stream_is_its_last_event(client: httpx.Client, assistant: Any) -> None:
    assistant.failures = 0
    reply = client.post("/api/v1/ask/stream", json={"question": "出错"})
    name, data = events(reply)[-1]
    assert (name, data["error"]["code"]) == ("error", "internal")
    assert "scripted" not in reply.text


def test_first_event_comes_before_the_answer_is_there(client: httpx.Client, assistant: Any) -> None:
    assistant.gate = threading.Event()
    try:
        with client.stream("POST", "/api/v1/ask/stream", json={"question": "七个方面"}) as reply:
            lines = reply.iter_lines()
            assert next(lines) == "event: status"
            # Only now can there be an answer.
            assistant.gate.set()
            assert "event: answer" in list(lines)
    finally:
        assistant.gate = None


@pytest.mark.parametrize("text", ["", "共2项：[1]\n1. 甲\n\n乙。”[2]丙", "无句号", "\n\n", "一！？二……[12]。\n"])
def test_pieces_lose_nothing(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_marker_stays_with_its_sentence() -> None:
    assert list(pieces("甲。[1][2]乙；[3]\n丙")) == ["甲。[1][2]", "乙；[3]\n", "丙"]


def test_passage_is_read_by_its_id(client: httpx.Client, assistant: Any) -> None:
    wanted = next(one for one in assistant.passages if QUOTE in one.text)
    found = client.get(f"/api/v1/passages/{wanted.passage_id}").json()
    assert found["text"] == assistant.documents[PLAN_DOC].text[found["start"] : found["end"]] == wanted.text
    missing = client.get("/api/v1/passages/none:0-1")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "passage_unknown")


def test_feedback_is_kept_and_replaced(client: httpx.Client) -> None:
    word = {"answer_id": "a" * 16, "rating": "up", "question": "问"}
    assert client.post("/api/v1/feedback", json=word).status_code == 201
    word = {"answer_id": "a" * 16, "rating": "down", "reason": "漏了第七项"}
    assert client.post("/api/v1/feedback", json=word).status_code == 201
    kept = [one for one in client.get("/api/v1/feedback").json() if one["answer_id"] == "a" * 16]
    assert [(one["rating"], one["reason"], one["question"]) for one in kept] == [("down", "漏了第七项", "")]


@pytest.mark.parametrize(
    "word",
    [
        {"answer_id": "short", "rating": "up"},
        {"answer_id": "a" * 16, "rating": "maybe"},
        {"answer_id": "a" * 16, "rating": "up", "reason": "长" * 501},
        {"answer_id": "a" * 16, "rating": "up", "ip": "1.2.3.4"},
        {"answer_id": "x'; DROP TABLE--", "rating": "up"},
    ],
)
def test_malformed_feedback_is_refused(client: httpx.Client, word: dict[str, str]) -> None:
    assert client.post("/api/v1/feedback", json=word).status_code == 422


def test_feedback_store_drops_the_oldest_when_full(tmp_path: Path) -> None:
    store = FeedbackStore.in_folder(tmp_path / "state", max_rows=3)
    assert store.newest() == []
    assert not (tmp_path / "state").exists()
    for number in range(5):
        store.keep(FeedbackIn(answer_id=f"answer-{number}", rating="up"))
    assert [row["answer_id"] for row in store.newest()] == ["answer-4", "answer-3", "answer-2"]
    path = tmp_path / "state" / "feedback.sqlite"
    assert path.stat().st_mode & 0o077 == 0
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM feedback").fetchone() == (3,)
    connection.close()


def test_metrics_count_questions_of_every_face(client: httpx.Client) -> None:
    def answered(text: str) -> int:
        return int(re.search(r'wence_answers_total\{outcome="answered"\} (\d+)', text)[1])  # type: ignore[index]

    client.post("/api/v1/ask", json={"question": "七个方面"})
    before = client.get("/metrics")
    assert before.headers["content-type"].startswith("text/plain; version=0.0.4")
    client.post("/api/v1/ask", json={"question": "七个方面"})
    client.post("/api/v1/ask/stream", json={"question": "七个方面"})
    after = client.get("/metrics").text
    assert answered(after) == answered(before.text) + 2
    assert 'route="/api/v1/ask",status="200"' in after
    assert re.search(r'wence_http_request_seconds_bucket\{route="/api/v1/ask",le="\+Inf"\} \d', after)
    assert "wence_documents 6\n" in after


def test_histogram_is_cumulative() -> None:
    metrics = Metrics()
    for seconds in (0.005, 0.02, 0.02, 99.0):
        metrics.observe("wence_answer_seconds", seconds)
    text = metrics.render()
    assert 'wence_answer_seconds_bucket{le="0.01"} 1\n' in text
    assert 'wence_answer_seconds_bucket{le="0.025"} 3\n' in text
    assert 'wence_answer_seconds_bucket{le="30"} 3\n' in text
    assert 'wence_answer_seconds_bucket{le="+Inf"} 4\n' in text
    assert "wence_answer_seconds_sum 99.045000\n" in text


def test_request_id_is_given_or_taken_over(client: httpx.Client) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", client.get("/healthz").headers["x-request-id"])
    given = client.get("/healthz", headers={"X-Request-ID": "portal-17.a"})
    assert given.headers["x-request-id"] == "portal-17.a"
    forged = client.get("/healthz", headers={"X-Request-ID": "a b{}"})
    assert forged.headers["x-request-id"] != "a b{}"


def test_log_line_has_the_request_and_no_question(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="wence.access"):
        client.post(
            "/api/v1/ask?token=geheim",
            json={"question": "七个方面"},
            headers={"X-Request-ID": "r-1", "Authorization": "Bearer geheim"},
        )
        # The server writes the line once the reply is out, so the client may be first.
        end = time.monotonic() + 10
        while not (records := [one for one in caplog.records if one.name == "wence.access"]):
            assert time.monotonic() < end, "no access line within ten seconds"
            time.sleep(0.01)
    record = records[0]
    token = REQUEST_ID.set("r-1")
    line = JsonLines().format(record)
    REQUEST_ID.reset(token)
    entry = json.loads(line)
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/api/v1/ask", 200)
    assert entry["request_id"] == "r-1"
    assert "geheim" not in line
    assert "七个" not in line


def test_failure_reply_keeps_headers_and_request_id(client: httpx.Client, assistant: Any) -> None:
    assistant.failures = 0
    reply = client.post("/api/v1/ask", json={"question": "出错"}, headers={"X-Request-ID": "r-2"})
    assert reply.status_code == 500
    assert reply.headers["x-request-id"] == "r-2"
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_stop_waits_for_answers_and_takes_no_more(assistant: Any) -> None:
    release = threading.Event()

    class Slow:
        documents = assistant.documents
        passages = ()

        def now(self) -> Any:
            raise NotImplementedError

        def reading_only(self) -> Any:
            raise NotImplementedError

        def likenesses(self, doc_id: str) -> Any:
            raise NotImplementedError

        def outline(self, doc_id: str) -> Any:
            raise NotImplementedError

        def search(self, query: str, k: int = 10, **_: Any) -> list[Any]:
            raise NotImplementedError

        def ask(self, question: str, **_: Any) -> Any:
            release.wait(10)
            return assistant.ask("七个方面")

    async def stop() -> list[object]:
        desk = Desk(Slow())
        seen: list[object] = []

        async def asker() -> None:
            seen.append((await desk.ask("问")).refused)

        async with anyio.create_task_group() as group:
            group.start_soon(asker)
            await anyio.sleep(0.1)
            seen.append(await desk.close(0.1))
            try:
                await desk.ask("问")
            except BusyError as error:
                seen.append(error.code)
            release.set()
            seen.append(await desk.close(5))
        return seen

    # Too short a grace, no new question, then all is done: the answer was given before close() returned.
    assert sorted(map(str, anyio.run(stop))) == ["False", "False", "True", "stopping"]


@pytest.fixture
def openai_client(server: str) -> Iterator[Any]:
    openai = pytest.importorskip("openai", reason="the openai client is not installed")
    with openai.OpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0) as one:
        yield one


def test_openai_client_gets_an_answer_with_citations(openai_client: Any, assistant: Any) -> None:
    reply = openai_client.chat.completions.create(
        model="wence",
        temperature=0.2,
        messages=[
            {"role": "system", "content": "你是助手"},
            {"role": "user", "content": "七个方面"},
            {"role": "assistant", "content": "共7项"},
            {"role": "user", "content": [{"type": "text", "text": "其中第二个呢？"}]},
        ],
        extra_body={"doc_ids": ["001_425dc3c6bcd1fc5c"], "until": "2022"},
    )
    assert reply.choices[0].message.content == "联合建设国际合作协作区。[1]"
    assert reply.choices[0].finish_reason == "stop"
    cited = reply.wence["citations"][0]
    assert assistant.documents[cited["doc_id"]].text[cited["start"] : cited["end"]] == cited["quote"]
    question, history, doc_ids = assistant.asked[-1]
    assert question == "其中第二个呢？"
    assert [turn.content for turn in history] == ["七个方面", "共7项"]
    assert doc_ids == ("001_425dc3c6bcd1fc5c",)


def test_openai_client_streams(openai_client: Any) -> None:
    messages = [{"role": "user", "content": "七个方面"}]
    chunks = list(openai_client.chat.completions.create(model="wence", messages=messages, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text.startswith("共7项：[1]\n")
    assert text.endswith("统筹协调机制**。[2]")
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert [one["marker"] for one in chunks[-1].wence["citations"]] == [1, 2]


def test_openai_client_lists_the_model_and_reads_errors(openai_client: Any) -> None:
    import openai

    assert [one.id for one in openai_client.models.list()] == ["wence"]
    assert openai_client.models.retrieve("wence").owned_by == "wence"
    with pytest.raises(openai.NotFoundError):
        openai_client.models.retrieve("other")
    with pytest.raises(openai.UnprocessableEntityError, match="请输入问题") as caught:
        openai_client.chat.completions.create(model="wence", messages=[{"role": "user", "content": " "}])
    assert caught.value.code == "question_empty"
    with pytest.raises(openai.UnprocessableEntityError, match="role 'user'"):
        openai_client.chat.completions.create(model="wence", messages=[{"role": "system", "content": "问"}])


def test_refusal_is_a_refusal_in_every_protocol(client: httpx.Client, openai_client: Any) -> None:
    plain = client.post("/api/v1/ask", json={"question": "西安"}).json()
    streamed = events(client.post("/api/v1/ask/stream", json={"question": "西安"}))[-1][1]
    messages = [{"role": "user", "content": "西安"}]
    chat = openai_client.chat.completions.create(model="wence", messages=messages)
    assert plain["answer"] == streamed["answer"] == chat.choices[0].message.content
    assert [plain["refused"], streamed["refused"], chat.wence["refused"]] == [True, True, True]


def test_settings_keep_state_under_the_build_folder(tmp_path: Path) -> None:
    assert Settings(build_dir=tmp_path).state_dir == tmp_path / "state"
