"""An MCP server over the same assistant: the tools ``search``, ``ask`` and ``get_document``.

Needs the optional package ``mcp``; nothing else imports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import anyio.to_thread
from pydantic import Field

from app.answer.limits import limited_ids
from app.answer.turns import Turn
from app.settings import Settings
from app.web.callers import CHARGE, LOCAL, Caller, caller_in, limited, readable
from app.web.desk import BusyError, Desk
from app.web.protocols import AssistantFace
from app.web.questions import find_problem
from app.web.records import answer_out, check_documents, document_facts_record, passage_out
from app.web.replies import ApiError, error_detail
from app.web.schemas import Issuer, Since, TurnIn, Until
from app.web.shares import AnswerBook
from app.web.texts import PageTexts, load_texts
from index.errors import QuestionError, SettingsError

MAX_TEXT_CHARS = 20_000

_INSTRUCTIONS = (
    "Answers Chinese questions about the policy documents of this library, from the documents alone. "
    "Use `ask` for an answer with citations (or a refusal, which means that the documents do not say), "
    "`search` for clauses, `get_document` for the full text that offsets refer to."
)

Question = Annotated[str, Field(description="the question, in Chinese")]
DocIds = Annotated[list[str] | None, Field(description="limit to these documents; leave out to use them all")]


def make_mcp_server(
    assistant: AssistantFace, settings: Settings, *, desk: Desk | None = None, book: AnswerBook | None = None
) -> Any:
    """Return the server; ``run()`` serves it on standard input and output.

    ``desk`` and ``book`` are those of the web service where it is part of one.

    Raises:
        SettingsError: the package ``mcp`` is not installed.

    """
    try:
        from mcp.server.mcpserver import Context, MCPServer
    except ImportError as error:
        raise SettingsError("the MCP server needs the package mcp; run: pip install 'mcp>=2.3,<3'") from error
    texts = load_texts(settings.prompts_dir)
    tools = _Tools(
        assistant, settings, texts, desk=desk or Desk(assistant), book=book or AnswerBook(settings.state_dir)
    )
    for tool in (_Tools.ask, _Tools.search, _Tools.get_document):
        # The package fills this parameter by its type, which does not exist before it is imported.
        tool.__annotations__["context"] = Context
    server = MCPServer("wence", title=texts.name, instructions=_INSTRUCTIONS, log_level="WARNING")
    server.tool(title="提问", structured_output=True)(tools.ask)
    server.tool(title="检索条款", structured_output=True)(tools.search)
    server.tool(title="阅读文件", structured_output=True)(tools.get_document)
    return server


class _Tools:
    def __init__(
        self, assistant: AssistantFace, settings: Settings, texts: PageTexts, *, desk: Desk, book: AnswerBook
    ) -> None:
        self._assistant = assistant
        self._desk = desk
        self._book = book
        self._max_chars = settings.max_question_chars
        self._texts = texts

    async def ask(
        self,
        context: Any,
        question: Question,
        history: Annotated[list[TurnIn] | None, Field(description="earlier turns, for a follow-up")] = None,
        doc_ids: DocIds = None,
        issuer: Issuer = None,
        since: Since = None,
        until: Until = None,
    ) -> dict[str, Any]:
        """Answer a question from the documents, each sentence with its citation, or refuse.

        The limits narrow the documents; where none meets them, the refusal has the reason `no_document`.
        """
        caller = self._checked(context, question, doc_ids)
        turns = [Turn(role=turn.role, content=turn.content) for turn in history or ()]
        try:
            wanted = self._wanted(doc_ids, caller, issuer=issuer, since=since, until=until)
            answer = await self._desk.ask(question.strip(), history=turns, doc_ids=wanted)
        except BusyError as error:
            raise self._told(ApiError(error.code)) from error
        except QuestionError as error:
            raise self._told(ApiError("question_invalid", detail=error)) from error
        exchange = self._book.remember(question, answer, seconds=answer.timings.get("total", 0.0) / 1000)
        return answer_out(answer, exchange.id, self._assistant.documents).model_dump(mode="json")

    async def search(
        self,
        context: Any,
        query: Question,
        k: Annotated[int, Field(ge=1, le=50, description="how many clauses")] = 10,
        doc_ids: DocIds = None,
        issuer: Issuer = None,
        since: Since = None,
        until: Until = None,
    ) -> dict[str, Any]:
        """Find the clauses nearest to a query, best first, with their place in the documents."""
        caller = self._checked(context, query, doc_ids)
        wanted = self._wanted(doc_ids, caller, issuer=issuer, since=since, until=until)
        hits = await anyio.to_thread.run_sync(partial(self._assistant.search, query.strip(), k, doc_ids=wanted))
        rows = [
            {"rank": hit.rank, "score": round(hit.score, 4), **passage_out(hit.passage).model_dump(mode="json")}
            for hit in hits
        ]
        return {"hits": rows}

    async def get_document(
        self,
        context: Any,
        doc_id: str,
        start: Annotated[int, Field(ge=0, description="first character to return")] = 0,
    ) -> dict[str, Any]:
        """Read a document's facts and its text from ``start``, up to 20 000 characters; ``next`` continues it.

        An unknown ``doc_id`` is answered with the list of those there are.
        """
        documents = readable(self._assistant.documents, _caller(context))
        document = documents.get(doc_id)
        if document is None:
            known = {one.doc_id: one.title for one in documents.values()}
            return {"error": f"there is no document {doc_id[:80]!r}", "documents": known}
        end = min(start + MAX_TEXT_CHARS, len(document.text))
        following = end if end < len(document.text) else None
        return {
            **document_facts_record(document),
            "start": start,
            "text": document.text[start:end],
            "next": following,
        }

    def _wanted(self, doc_ids: list[str] | None, caller: Caller, **limits: str | None) -> list[str] | None:
        return limited_ids(self._assistant.documents, limited(doc_ids, caller), **limits)

    def _checked(self, context: Any, text: str, doc_ids: list[str] | None) -> Caller:
        caller = _caller(context)
        problem = find_problem(text, max_chars=self._max_chars)
        try:
            if problem:
                raise ApiError(problem.code, found=problem.found, limit=problem.limit)
            check_documents(doc_ids or (), caller, self._assistant)
            charge = _scope(context).get(CHARGE)
            if charge is not None:
                charge()
        except ApiError as error:
            raise self._told(error) from error
        return caller

    def _told(self, error: ApiError) -> Exception:
        """The one exception whose words reach the caller."""
        from mcp.server.mcpserver.exceptions import ToolError

        return ToolError(error_detail(error.code, self._texts, **error.values)["message_en"])


def _scope(context: Any) -> Mapping[str, Any]:
    """The HTTP request that a call came with; empty on standard input and output."""
    return getattr(context.request_context.request, "scope", {})


def _caller(context: Any) -> Caller:
    scope = _scope(context)
    return caller_in(scope) if scope else LOCAL
