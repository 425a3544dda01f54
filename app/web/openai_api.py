"""``/v1/chat/completions`` and ``/v1/models`` for programs that speak to OpenAI's API.

The model answers from the documents alone: system messages and sampling settings are accepted and change
nothing. Citations stand in the field ``wence`` of the reply (in a stream: of its last piece).
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from app.settings import Settings
from app.web.callers import caller_in
from app.web.desk import BusyError, Desk
from app.web.protocols import AssistantFace
from app.web.records import checked_ask
from app.web.replies import ApiError, openai_detail
from app.web.schemas import MAX_HISTORY_TURNS, MAX_TURN_CHARS, AnswerOut, AskIn, Issuer, Since, TurnIn, Until
from app.web.shares import AnswerBook
from app.web.streaming import MEDIA_TYPE, STREAM_HEADERS, Hearing, pieces
from app.web.texts import PageTexts
from index.errors import QuestionError

MODEL = "wence"
_EXTENSION = ("citations", "related", "refused", "reason", "understood", "unverified", "confidence", "latency_ms")


class OpenAIError(BaseModel):
    """What is wrong, in OpenAI's words."""

    message: str
    type: str
    param: None
    code: str


class OpenAIErrorOut(BaseModel):
    """The body of every error reply of this protocol."""

    error: OpenAIError


class Part(BaseModel):
    """One part of a message; only text can be answered."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    def plain(self) -> str:
        """Return the message's text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class ChatIn(BaseModel):
    """A chat request. Other fields of the protocol are accepted and ignored."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [{"model": MODEL, "messages": [{"role": "user", "content": "协议涉及哪些合作领域？"}]}]
        },
    )

    model: str = MODEL
    messages: list[Message] = Field(min_length=1, max_length=200)
    stream: bool = Field(default=False, strict=True)
    n: int = Field(default=1, ge=1, le=1)
    doc_ids: list[str] | None = Field(
        default=None, min_length=1, description="limits the search to these documents"
    )
    issuer: Issuer = None
    since: Since = None
    until: Until = None


def make_openai_api(
    assistant: AssistantFace, desk: Desk, book: AnswerBook, *, settings: Settings, texts: PageTexts
) -> APIRouter:
    """Return the two routes."""
    router = APIRouter(prefix="/v1", tags=["OpenAI 兼容"])
    started = int(time.time())
    errors: dict[int | str, dict[str, Any]] = {
        code: {"model": OpenAIErrorOut} for code in (400, 401, 403, 404, 413, 422, 429, 503)
    }
    known: dict[int | str, dict[str, Any]] = {code: errors[code] for code in (401, 403, 404)}

    @router.get("/models", responses=known, summary="模型列表")
    def models() -> dict[str, Any]:
        """List the one model."""
        return {"object": "list", "data": [_model(started)]}

    @router.get("/models/{model}", responses=known, summary="一个模型")
    def model(model: str) -> dict[str, Any]:
        """Return the one model."""
        if model != MODEL:
            raise ApiError("not_found")
        return _model(started)

    streamed: dict[int | str, dict[str, Any]] = {
        200: {"content": {MEDIA_TYPE: {"schema": {"type": "object"}}}, "description": "whole, or a stream"}
    }

    @router.post("/chat/completions", responses={**errors, **streamed}, summary="对话补全")
    async def completions(wish: ChatIn, http: Request) -> Any:
        """Answer the last user message; the field `wence` holds the citations."""
        caller = caller_in(http.scope)
        max_chars = settings.max_question_chars
        ask = checked_ask(ask_request(wish), caller, assistant, desk, book=book, max_chars=max_chars)
        if wish.stream:
            return StreamingResponse(_chunks(ask, texts), media_type=MEDIA_TYPE, headers=STREAM_HEADERS)
        return JSONResponse(completion(await ask()))

    return router


def ask_request(wish: ChatIn) -> AskIn:
    """Return the question (the last message, which must be the user's) and what was said before it.

    Raises:
        ApiError: the last message is not the user's.

    """
    said = [one for one in wish.messages if one.role in {"user", "assistant"}]
    if not said or said[-1].role != "user":
        raise ApiError("request_invalid", detail="messages: the last message must have the role 'user'")
    history = [
        TurnIn(role="user" if one.role == "user" else "assistant", content=one.plain()[:MAX_TURN_CHARS])
        for one in said[:-1][-MAX_HISTORY_TURNS:]
    ]
    return AskIn(
        question=said[-1].plain(),
        history=history,
        doc_ids=wish.doc_ids,
        issuer=wish.issuer,
        since=wish.since,
        until=wish.until,
    )


def completion(record: AnswerOut) -> dict[str, Any]:
    """Return the answer as a chat completion."""
    message = {"role": "assistant", "content": record.answer}
    return {
        **_frame(record.id, "chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "wence": extension(record),
    }


def extension(record: AnswerOut) -> dict[str, Any]:
    """Return what the protocol has no field for, in the shapes of ``/api/v1/ask``."""
    whole = record.model_dump(mode="json")
    told = {name: whole[name] for name in _EXTENSION}
    return told if record.writing is None else told | {"id": record.id, "writing": whole["writing"]}


async def _chunks(ask: Callable[[], Awaitable[AnswerOut]], texts: PageTexts) -> AsyncIterator[bytes]:
    hearing = Hearing(ask)
    # What is heard before the answer is there cannot have its id yet.
    stream_id = ""
    try:
        async for heard in hearing.pieces():
            if heard is not None:
                first, stream_id = not stream_id, stream_id or uuid4().hex
                yield _data(_chunk(stream_id, _delta(heard, first=first), None))
        record = hearing.result()
    except (BusyError, QuestionError) as error:
        code = error.code if isinstance(error, BusyError) else "question_invalid"
        yield _data({"error": openai_detail(code, texts, detail=str(error))})
        return
    finally:
        hearing.leave()
    for piece in pieces(hearing.unheard(record.answer)):
        first, stream_id = not stream_id, stream_id or record.id
        yield _data(_chunk(stream_id, _delta(piece, first=first), None))
    yield _data({**_chunk(stream_id or record.id, {}, "stop"), "wence": extension(record)})
    yield b"data: [DONE]\n\n"


def _delta(piece: str, *, first: bool) -> dict[str, Any]:
    return {"role": "assistant", "content": piece} if first else {"content": piece}


def _chunk(stream_id: str, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
    return {**_frame(stream_id, "chat.completion.chunk"), "choices": choices}


def _frame(answer_id: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{answer_id}", "object": kind, "created": int(time.time()), "model": MODEL}


def _data(value: object) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def _model(created: int) -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": created, "owned_by": MODEL}
