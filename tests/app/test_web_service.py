"""The service over HTTP: the API's contract, limits, headers, origins and the port."""

from __future__ import annotations

import json
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
import pytest

from app.answer.turns import Turn
from app.web.desk import BusyError, Desk
from app.web.service import check_port_free, page_address
from index.errors import SettingsError
from index.types import Answer

PORTAL_DOC = "001_425dc3c6bcd1fc5c"
PLAN_DOC = "003_b0eb32551eef246d"
JSON = {"Content-Type": "application/json"}


def test_answer_has_the_record_of_the_contract(client: httpx.Client, assistant: Any) -> None:
    record = client.post("/api/v1/ask", json={"question": "七个方面是什么？"}).json()
    assert record["refused"] is False
    assert record["reason"] is None
    assert record["latency_ms"] == 41.7
    assert record["related"] == []
    first = record["citations"][0]
    text = assistant.documents[first["doc_id"]].text
    assert text[first["start"] : first["end"]] == first["quote"]
    assert {"marker", "title", "source", "heading_path"} <= first.keys()
    assert client.get(first["url"]).status_code == 200


def test_refusal_has_related_clauses_and_no_citations(client: httpx.Client) -> None:
    record = client.post("/api/v1/ask", json={"question": "与西安签了什么？"}).json()
    assert record["refused"] is True
    assert record["reason"] == "no_evidence"
    assert record["citations"] == []
    assert len(record["related"]) == 1


def test_history_and_filter_reach_the_assistant(client: httpx.Client, assistant: Any) -> None:
    history = [{"role": "user", "content": "七个方面"}, {"role": "assistant", "content": "共7项"}]
    body = {"question": " 其中第二个呢？ ", "history": history, "doc_ids": [PORTAL_DOC]}
    assert client.post("/api/v1/ask", json=body).json()["understood"].startswith("两江新区")
    assert assistant.asked[-1] == (
        "其中第二个呢？",
        (Turn("user", "七个方面"), Turn("assistant", "共7项")),
        (PORTAL_DOC,),
    )


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"issuer": "改革发展局"}, (PLAN_DOC,)),
        ({"issuer": "改革发展局", "doc_ids": [PORTAL_DOC]}, ()),
        ({"since": "2023"}, (PLAN_DOC,)),
        ({"since": "2020-04", "until": "2020-04-30"}, (PORTAL_DOC,)),
        ({"until": "1999"}, ()),
    ],
)
def test_issuer_and_period_limit_the_documents_also_to_none(
    client: httpx.Client, assistant: Any, limits: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert client.post("/api/v1/ask", json={"question": "七个方面", **limits}).status_code == 200
    assert assistant.asked[-1][2] == expected


def test_limits_are_described(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()["components"]["schemas"]["AskIn"]
    assert "no_document" in schema["description"]
    assert {"doc_ids", "issuer", "since", "until"} <= schema["properties"].keys()
    assert "2023-04-26" in schema["properties"]["since"]["description"]


@pytest.mark.parametrize(
    ("body", "status", "code", "chinese"),
    [
        ({"question": ""}, 422, "question_empty", "请输入问题"),
        ({"question": "　"}, 422, "question_empty", "请输入问题"),
        ({"question": "甲" * 61}, 422, "question_too_long", "61 字，超过 60 字"),
        ({"question": "甲\u0000"}, 422, "question_control", "控制字符"),
        ({"question": 5}, 422, "request_invalid", "body.question"),
        ({"question": None}, 422, "request_invalid", "body.question"),
        ({}, 422, "request_invalid", "body.question"),
        ({"question": "甲", "top_k": 3}, 422, "request_invalid", "body.top_k"),
        ({"question": "甲", "doc_ids": []}, 422, "request_invalid", "body.doc_ids"),
        ({"question": "甲", "since": "去年"}, 422, "request_invalid", "body.since"),
        ({"question": "甲", "until": "2023-13"}, 422, "request_invalid", "body.until"),
        ({"question": "甲", "issuer": ""}, 422, "request_invalid", "body.issuer"),
        ({"question": "甲", "doc_ids": ["没有"]}, 404, "document_unknown", "没有编号为“没有”"),
        ({"question": "甲", "history": [{"role": "system", "content": "x"}]}, 422, "request_invalid", "role"),
        ({"question": "甲", "history": [{"role": "user", "content": "\u0007"}]}, 422, "question_control", "控制"),
    ],
)
def test_bad_requests_are_told_in_chinese_and_english(
    client: httpx.Client, body: dict[str, Any], status: int, code: str, chinese: str
) -> None:
    reply = client.post("/api/v1/ask", json=body)
    assert reply.status_code == status
    error = reply.json()["error"]
    assert error["code"] == code
    assert chinese in error["message"]
    assert re.search("[A-Za-z]{3}", error["message_en"])


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b'{"question": "\xff"}', b"\xd2\xbb"])
def test_bodies_that_are_no_question_are_refused(client: httpx.Client, raw: bytes) -> None:
    reply = client.post("/api/v1/ask", content=raw, headers=JSON)
    assert reply.status_code in {400, 422}
    assert reply.json()["error"]["message"].startswith("请求格式不正确")


def test_half_a_surrogate_pair_is_refused(client: httpx.Client) -> None:
    reply = client.post("/api/v1/ask", content=b'{"question": "\\ud800\\u4e00"}', headers=JSON)
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "question_control")
    reply = client.post("/api/v1/ask", content=b'{"question": "x", "doc_ids": ["\\ud800"]}', headers=JSON)
    assert reply.status_code == 404


@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_over_64_kib_are_refused(client: httpx.Client, chunked: bool) -> None:
    body = json.dumps({"question": "甲" * 30_000}).encode()
    content: Any = (body[at : at + 8192] for at in range(0, len(body), 8192)) if chunked else body
    reply = client.post("/api/v1/ask", content=content, headers=JSON)
    assert reply.status_code == 413
    assert "65536" in reply.json()["error"]["message"]


def test_documents_are_listed_and_read(client: httpx.Client, assistant: Any) -> None:
    listed = client.get("/api/v1/documents").json()
    assert [one["doc_id"] for one in listed] == list(assistant.documents)
    one = client.get(f"/api/v1/documents/{PORTAL_DOC}").json()
    assert one["text"] == assistant.documents[PORTAL_DOC].text
    assert one["chars"] == len(one["text"])


@pytest.mark.parametrize("path", ["/api/v1/documents/none", "/api/v1/none", "/api/v1/documents/..%2F..%2Fetc"])
def test_unknown_addresses_of_the_api_are_404(client: httpx.Client, path: str) -> None:
    reply = client.get(path)
    assert reply.status_code == 404
    assert reply.json()["error"]["message"].startswith("没有")


def test_unknown_document_page_is_a_chinese_404(client: httpx.Client) -> None:
    reply = client.get("/documents/<script>")
    assert reply.status_code == 404
    assert "没有这份文件" in reply.text
    assert "<script>”" not in reply.text


def test_health_and_readiness(client: httpx.Client, assistant: Any) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok", "documents": len(assistant.documents)}


def test_openapi_describes_the_api_and_nothing_else(client: httpx.Client) -> None:
    description = client.get("/openapi.json").json()
    assert set(description["paths"]) == {
        "/api/v1/ask",
        "/api/v1/ask/stream",
        "/api/v1/documents",
        "/api/v1/documents/{doc_id}",
        "/api/v1/passages/{passage_id}",
        "/api/v1/answers/{answer_id}/share",
        "/api/v1/answers/{answer_id}/suggestions",
        "/api/v1/documents/preview",
        "/api/v1/suggestions",
        "/api/v1/uploads/{job_id}",
        "/api/v1/feedback",
        "/api/v1/tokens",
        "/v1/chat/completions",
        "/v1/models",
        "/v1/models/{model}",
        "/metrics",
        "/healthz",
        "/readyz",
    }
    assert description["components"]["schemas"]["AskIn"]["examples"][0]["question"]


def test_page_events_are_no_public_api(client: httpx.Client) -> None:
    assert client.get("/gradio_api/info").json()["named_endpoints"] == {}


def test_page_is_chinese_and_names_no_other_host(client: httpx.Client) -> None:
    page = client.get("/", headers={"Accept-Encoding": "gzip, br"})
    assert page.status_code == 200
    assert 'lang="zh-CN"' in page.text
    assert "og:image" not in page.text
    assert './wence/page.css"' in page.text


def test_files_of_the_machine_are_not_served(client: httpx.Client) -> None:
    assert client.get("/gradio_api/file=/etc/passwd").status_code == 403
    assert client.get("/gradio_api/file=pyproject.toml").status_code in {403, 404}
    assert client.get("/wence/..%2fpage.py").status_code == 404
    assert client.post("/gradio_api/upload", files={"files": b"x"}).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", f"/documents/{PORTAL_DOC}", "/api/v1/documents", "/wence/page.css", "/none"]
)
def test_every_reply_has_the_security_headers(client: httpx.Client, portal_port: int, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert f"frame-ancestors 'self' http://127.0.0.1:{portal_port}" in headers["content-security-policy"]
    assert "x-frame-options" not in headers


def test_refused_body_has_the_headers_too(client: httpx.Client) -> None:
    reply = client.post("/api/v1/ask", content=b"x" * 70_000, headers=JSON)
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_no_other_origin_may_embed_by_default(closed_server: str) -> None:
    policy = httpx.get(f"{closed_server}/").headers["content-security-policy"]
    assert policy.endswith("frame-ancestors 'self'")


@pytest.mark.parametrize("host", ["127.0.0.1", "bot.example.com"])
def test_only_listed_origins_may_read_answers(client: httpx.Client, host: str) -> None:
    def allowed(origin: str, path: str = "/api/v1/documents") -> str | None:
        headers = client.get(path, headers={"Origin": origin, "Host": host}).headers
        return dict(headers).get("access-control-allow-origin")

    assert allowed("https://portal.example.org") == "https://portal.example.org"
    assert allowed("https://evil.example") is None
    assert allowed("https://evil.example", "/config") is None


def test_preflight_of_a_listed_origin_is_accepted(client: httpx.Client) -> None:
    headers = {
        "Origin": "https://portal.example.org",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    assert client.options("/api/v1/ask", headers=headers).status_code == 200
    headers["Origin"] = "https://evil.example"
    assert client.options("/api/v1/ask", headers=headers).status_code == 400


def test_failure_is_a_500_that_hides_its_cause(
    client: httpx.Client, assistant: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assistant.failures = 0
    reply = client.post("/api/v1/ask", json={"question": "出错"})
    assert reply.status_code == 500
    assert reply.json()["error"]["message"] == "程序出错，未能完成回答。"
    assert "scripted" not in reply.text
    assert "scripted failure" in caplog.text


def test_questions_at_the_same_time_are_all_answered(client: httpx.Client) -> None:
    def ask(number: int) -> bool:
        question = "七个方面" if number % 2 else "西安"
        return bool(client.post("/api/v1/ask", json={"question": question}).json()["refused"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(16))) == [number % 2 == 0 for number in range(16)]


def test_desk_turns_away_what_it_cannot_answer_soon() -> None:
    release = threading.Event()

    class Slow:
        documents: dict[str, Any] = {}  # noqa: RUF012
        passages: tuple[Any, ...] = ()

        def search(self, query: str, k: int = 10, **_: Any) -> list[Any]:
            raise NotImplementedError

        def now(self) -> Any:
            raise NotImplementedError

        def reading_only(self) -> Any:
            raise NotImplementedError

        def likenesses(self, doc_id: str) -> Any:
            raise NotImplementedError

        def outline(self, doc_id: str) -> Any:
            raise NotImplementedError

        def ask(self, question: str, **_: Any) -> Answer:
            release.wait(10)
            return Answer(question, "答")

    async def crowd() -> list[str]:
        desk = Desk(Slow(), at_once=1, waiting=1)
        outcomes: list[str] = []

        async def one() -> None:
            try:
                outcomes.append((await desk.ask("问")).text)
            except BusyError:
                outcomes.append("busy")
                release.set()

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(one)
        return outcomes

    assert sorted(anyio.run(crowd)) == ["busy", "答", "答"]


def test_taken_port_is_told_with_the_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"port {port} .* taken .*--port {port + 1} or WENCE_PORT"):
            check_port_free("127.0.0.1", port)
    check_port_free("127.0.0.1", port)


def test_host_of_another_machine_is_told() -> None:
    with pytest.raises(SettingsError, match=r"cannot listen on 192\.0\.2\.1"):
        check_port_free("192.0.2.1", 7860)


def test_address_shown_can_be_opened() -> None:
    assert page_address("127.0.0.1", 7860) == "http://127.0.0.1:7860/"
    assert page_address("0.0.0.0", 7861) == "http://127.0.0.1:7861/"
    assert page_address("::1", 7860) == "http://[::1]:7860/"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/v1/ask", "POST"),
        ("POST", "/healthz", "GET"),
        ("POST", "/metrics", "GET"),
        ("GET", "/v1/chat/completions", "POST"),
        ("POST", "/api/v1/documents/none", "DELETE, GET"),
    ],
)
def test_wrong_method_is_told_with_the_right_one(
    client: httpx.Client, method: str, path: str, allowed: str
) -> None:
    told = client.request(method, path)
    assert (told.status_code, told.headers.get("allow")) == (405, allowed)
    assert client.request(method, "/api/v1/nothing").status_code == 404


@pytest.mark.parametrize("path", ["call/ask", "api/predict", "run/ask", "run/predict", "component_server"])
@pytest.mark.parametrize("root", ["", "/en"])
def test_events_of_the_page_are_no_second_api(client: httpx.Client, assistant: Any, root: str, path: str) -> None:
    asked = len(assistant.asked)
    body = {"data": ["七个方面", [], []], "fn_index": 0, "session_hash": "abc"}
    reply = client.post(f"{root}/gradio_api/{path}", json=body)
    assert reply.status_code == (200 if path == "run/predict" else 404), "the page's other events come in there"
    assert "七个方面" not in reply.text
    assert len(assistant.asked) == asked
