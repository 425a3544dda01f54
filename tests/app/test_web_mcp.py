"""The MCP server, spoken to by the official client."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from starlette.testclient import TestClient

from app.settings import Channel, Settings
from app.web.keys import KeyRing, Ticket
from app.web.mcp_server import make_mcp_server
from app.web.service import create_app

httpx2 = pytest.importorskip("httpx2", reason="the package mcp is not installed")
mcp = pytest.importorskip("mcp", reason="the package mcp is not installed")

PORTAL_DOC = "001_425dc3c6bcd1fc5c"
PLAN_DOC = "003_b0eb32551eef246d"


@pytest.fixture(scope="module")
def server(assistant: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return make_mcp_server(assistant, Settings(build_dir=tmp_path_factory.mktemp("mcp")))


def call(server: Any, tool: str, **arguments: Any) -> Any:
    async def run() -> Any:
        async with mcp.Client(server) as client:
            return await client.call_tool(tool, arguments)

    return anyio.run(run)


def said(result: Any) -> Any:
    return result.structured_content or json.loads(result.content[0].text)


def test_tools_are_listed_with_their_limits(server: Any) -> None:
    async def run() -> Any:
        async with mcp.Client(server) as client:
            return await client.list_tools()

    tools = {tool.name: tool for tool in anyio.run(run).tools}
    assert set(tools) == {"ask", "search", "get_document"}
    assert tools["search"].input_schema["properties"]["k"]["maximum"] == 50
    assert "or refuse" in tools["ask"].description


def test_answer_has_citations_and_understands_a_follow_up(server: Any, assistant: Any) -> None:
    record = said(call(server, "ask", question="七个方面"))
    assert record["refused"] is False
    first = record["citations"][0]
    assert assistant.documents[first["doc_id"]].text[first["start"] : first["end"]] == first["quote"]
    history = [{"role": "user", "content": "七个方面"}, {"role": "assistant", "content": record["answer"]}]
    again = said(call(server, "ask", question="其中第二个呢？", history=history, doc_ids=[PORTAL_DOC]))
    assert again["understood"].startswith("两江新区")
    assert assistant.asked[-1][2] == (PORTAL_DOC,)


def test_limits_reach_the_assistant_and_the_search(server: Any, assistant: Any) -> None:
    call(server, "ask", question="七个方面", issuer="改革发展局", since="2023-01", until="2023-12")
    assert assistant.asked[-1][2] == (PLAN_DOC,)
    hits = said(call(server, "search", query="科学城", issuer="改革发展局"))["hits"]
    assert {hit["doc_id"] for hit in hits} == {PLAN_DOC}
    assert said(call(server, "search", query="科学城", until="1999"))["hits"] == []
    refused = call(server, "ask", question="七个方面", since="去年")
    assert refused.is_error
    assert "since" in refused.content[0].text


def test_refusal_is_a_refusal(server: Any) -> None:
    record = said(call(server, "ask", question="西安"))
    assert (record["refused"], record["citations"]) == (True, [])


def test_search_gives_clauses_with_their_place(server: Any, assistant: Any) -> None:
    hits = said(call(server, "search", query="创新", k=2))["hits"]
    assert [hit["rank"] for hit in hits] == [1, 2]
    assert all(assistant.documents[hit["doc_id"]].text[hit["start"] : hit["end"]] == hit["text"] for hit in hits)


def test_document_is_read_in_pieces(server: Any, assistant: Any) -> None:
    text = assistant.documents[PORTAL_DOC].text
    whole = said(call(server, "get_document", doc_id=PORTAL_DOC))
    assert (whole["text"], whole["next"], whole["title"]) == (text, None, assistant.documents[PORTAL_DOC].title)
    assert said(call(server, "get_document", doc_id=PORTAL_DOC, start=5))["text"] == text[5:]
    assert PORTAL_DOC in said(call(server, "get_document", doc_id="none"))["documents"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [({"question": " "}, "empty"), ({"question": "问", "doc_ids": ["none"]}, "no document with id 'none'")],
)
def test_faulty_question_is_told(server: Any, arguments: dict[str, Any], told: str) -> None:
    result = call(server, "ask", **arguments)
    assert result.is_error
    assert told in result.content[0].text


def test_settings_of_the_folder_are_used(assistant: Any, tmp_path: Path) -> None:
    short = make_mcp_server(assistant, Settings(build_dir=tmp_path, max_question_chars=20))
    assert "limit is 20" in call(short, "ask", question="甲" * 21).content[0].text


@pytest.fixture(scope="module")
def served(assistant: Any, serve: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The web service with a channel that is limited to one document, and the ring of its keys."""
    channel = Channel(parents=("https://portal.example.org",), documents=(PORTAL_DOC,))
    settings = Settings(
        build_dir=tmp_path_factory.mktemp("mcp-http"), channels={"portal": channel}, asks_per_minute=2
    )
    ring = KeyRing(settings.state_dir)
    with serve(create_app(assistant, settings)) as address:
        yield address, ring


def over_http(address: str, key: str, *calls: tuple[str, dict[str, Any]], mode: str = "auto") -> list[Any]:
    from mcp.client.streamable_http import streamable_http_client

    async def run() -> list[Any]:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            mcp.Client(streamable_http_client(f"{address}/mcp", http_client=http), mode=mode) as client,
        ):
            return [await client.call_tool(tool, arguments) for tool, arguments in calls]

    return anyio.run(run)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_client_asks_over_http(served: Any, assistant: Any, mode: str) -> None:
    address, ring = served
    _, key = ring.add("agent", ["ask"])
    answered, found = over_http(
        address,
        key,
        ("ask", {"question": "七个方面"}),
        ("get_document", {"doc_id": PORTAL_DOC, "start": 5}),
        mode=mode,
    )
    record = said(answered)
    first = record["citations"][0]
    assert assistant.documents[first["doc_id"]].text[first["start"] : first["end"]] == first["quote"]
    assert said(found)["text"] == assistant.documents[PORTAL_DOC].text[5:]


def test_channel_sees_its_documents_only(served: Any, assistant: Any) -> None:
    address, ring = served
    key, _ = ring.add("portal", ["ask", "read"])
    token = ring.sign(Ticket("embed", key.id, "portal", key.scopes, int(time.time()) + 600))
    other = "003_b0eb32551eef246d"
    asked, searched, missing, wider = over_http(
        address,
        token,
        ("ask", {"question": "七个方面"}),
        ("search", {"query": "创新", "k": 50}),
        ("get_document", {"doc_id": other}),
        ("ask", {"question": "七个方面", "doc_ids": [other]}),
    )
    assert not asked.is_error
    assert assistant.asked[-1][2] == (PORTAL_DOC,)
    assert {hit["doc_id"] for hit in said(searched)["hits"]} == {PORTAL_DOC}
    assert list(said(missing)["documents"]) == [PORTAL_DOC]
    assert wider.is_error
    assert f"no document with id '{other}'" in wider.content[0].text


def test_questions_over_http_are_limited_and_told(served: Any) -> None:
    address, ring = served
    _, key = ring.add("busy", ["ask"])
    replies = over_http(address, key, *([("ask", {"question": "七个方面"})] * 3))
    assert [one.is_error for one in replies] == [False, False, True]
    assert "Too many questions" in replies[-1].content[0].text


def test_door_is_closed_without_the_scope(served: Any) -> None:
    address, ring = served
    _, reader = ring.add("reader", ["read"])
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"Accept": "application/json, text/event-stream"}
    assert httpx.post(f"{address}/mcp", json=body, headers=headers).status_code == 401
    headers["Authorization"] = f"Bearer {reader}"
    assert httpx.post(f"{address}/mcp", json=body, headers=headers).json()["error"]["code"] == "scope_missing"
    with pytest.raises(BaseExceptionGroup):
        over_http(address, "", ("ask", {"question": "七个方面"}))


def test_service_without_the_package_says_so(
    assistant: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    with TestClient(create_app(assistant, Settings(build_dir=tmp_path))) as client:
        told = client.post("/mcp", json={})
        assert (told.status_code, told.json()["error"]["code"]) == (501, "mcp_missing")
        assert "pip install" in told.json()["error"]["message_en"]
