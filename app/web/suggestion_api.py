"""Questions to offer, over HTTP: those that open a document, and those that go on from an answer."""

from __future__ import annotations

from typing import Any

import anyio
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from app.web.callers import Caller, caller_in
from app.web.cards import display_titles
from app.web.conversation import Exchange
from app.web.prompter import Prompter
from app.web.protocols import AssistantFace
from app.web.replies import ApiError
from app.web.schemas import ErrorOut
from app.web.shares import AnswerBook
from app.web.texts import PageTexts

# So long an answer waits for the questions that go on from it, when its caller wants them in one reply.
_PATIENCE_S = 3.0
_STEP_S = 0.02


class FirstOut(BaseModel):
    """Questions that open one document; each was asked and has an answer."""

    doc_id: str
    title: str
    questions: list[str]


class SuggestionsOut(BaseModel):
    """Questions by document. Until ``ready`` more may come: ask again in a second.

    ``examples`` are those of the page's own examples that turn out as they should.
    """

    ready: bool
    examples: list[str]
    documents: list[FirstOut]


class FollowingOut(BaseModel):
    """Questions that go on from an answer; each was asked and has an answer. Ask again until ``ready``."""

    ready: bool
    suggestions: list[str] = Field(examples=[["“发展目标”包括哪些内容？"]])


def make_suggestion_api(
    assistant: AssistantFace, prompter: Prompter, book: AnswerBook, texts: PageTexts
) -> APIRouter:
    """Return the two routes."""
    router = APIRouter(tags=["问答"])
    errors: dict[int | str, dict[str, Any]] = {code: {"model": ErrorOut} for code in (401, 403)}

    @router.get("/api/v1/suggestions", responses=errors, summary="按文件推荐的问题")
    def first(http: Request) -> SuggestionsOut:
        """Return up to three questions for each document; the first call sets the search for them going."""
        caller = caller_in(http.scope)
        examples = prompter.examples(caller)
        ready, found = prompter.first(caller)
        titles = display_titles(assistant.documents, texts)
        rows = [
            FirstOut(doc_id=doc_id, title=titles[doc_id], questions=list(questions))
            for doc_id, questions in found.items()
            if doc_id in titles
        ]
        return SuggestionsOut(ready=ready and examples is not None, examples=list(examples or ()), documents=rows)

    @router.get(
        "/api/v1/answers/{answer_id}/suggestions",
        responses=errors | {404: {"model": ErrorOut}},
        summary="接着一条回答可以问的问题",
    )
    def following(answer_id: str, http: Request) -> FollowingOut:
        """Return up to three questions that go on from a recent answer."""
        exchange = book.recent(answer_id)
        if exchange is None:
            raise ApiError("answer_unknown", answer_id=answer_id[:64])
        found = prompter.following(exchange, caller_in(http.scope))
        return FollowingOut(ready=found is not None, suggestions=list(found or ()))

    return router


async def waited_for(prompter: Prompter, exchange: Exchange, caller: Caller) -> list[str]:
    """Return the questions that go on from an answer, none where they take too long."""
    with anyio.move_on_after(_PATIENCE_S):
        while (found := prompter.following(exchange, caller)) is None:
            await anyio.sleep(_STEP_S)
        return list(found)
    return []
