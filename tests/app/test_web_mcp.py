"""The MCP server, spoken to by the official client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from app.settings import Settings
from app.web.mcp_server import make_mcp_server

mcp = pytest.importorskip("mcp", reason="the package mcp is not installed")

PORTAL_DOC = "001_425dc3c6bcd1fc5c"


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
