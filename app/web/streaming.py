"""An answer as server-sent events: ``status``, then ``delta`` pieces of the text, then the whole ``answer``.

The pieces come after the guard has checked them, sentence by sentence where a language model writes and the whole
otherwise: nothing is shown that would have to be taken back.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Generic, TypeVar

from app.answer.listening import heard_by
from app.web.desk import BusyError
from app.web.replies import error_detail
from app.web.schemas import AnswerOut
from app.web.texts import PageTexts
from index.errors import QuestionError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "text/event-stream"
# Proxies that buffer would hold the first event back until the last.
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

# Idle connections are cut by many proxies after 30 s.
_KEEP_ALIVE_S = 10.0
T = TypeVar("T")
# A piece ends after a sentence with its markers, or at a line end.
_PIECE = re.compile(r"[^。！？；\n]*(?:[。！？；\n]+(?:[”’」』）)]|\[\d{1,3}\])*\n*|$)")


def pieces(text: str) -> Iterator[str]:
    r"""Yield the text in sentences; joined, they are the text.

    >>> list(pieces("共2项：[1]\n1. 甲\n乙。[2]丙"))
    ['共2项：[1]\n', '1. 甲\n', '乙。[2]', '丙']
    """
    for match in _PIECE.finditer(text):
        if match[0]:
            yield match[0]


def event(name: str, data: object) -> bytes:
    """Return one server-sent event; the data is one line of JSON."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def answer_events(ask: Callable[[], Awaitable[AnswerOut]], texts: PageTexts) -> AsyncIterator[bytes]:
    """Yield the events of one question; a failure is the last event, as ``error``."""
    yield event("status", {"state": "searching"})
    hearing = Hearing(ask)
    try:
        async for piece in hearing.pieces():
            yield b": waiting\n\n" if piece is None else event("delta", {"text": piece})
        record = hearing.result()
    except BusyError as error:
        yield event("error", {"error": error_detail(error.code, texts)})
    except QuestionError as error:
        yield event("error", {"error": error_detail("question_invalid", texts, detail=str(error))})
    except Exception:
        # The reply has begun: the caller can only be told inside it. The log has the trace.
        logger.exception("answering failed")
        yield event("error", {"error": error_detail("internal", texts)})
    else:
        for rest in pieces(hearing.unheard(record.answer)):
            yield event("delta", {"text": rest})
        yield event("answer", record.model_dump(mode="json"))
    finally:
        hearing.leave()


class Hearing(Generic[T]):
    """A question under way whose answer can be heard while a language model writes it.

    Made on the event loop, where it sets the question going at once.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._news = asyncio.Event()
        self._gone = False
        self._heard = ""
        with heard_by(self._listen):
            self._task: asyncio.Future[T] = asyncio.ensure_future(ask())

    def _listen(self, piece: str) -> bool:
        """Called on the assistant's thread."""
        if self._gone:
            return False
        self._loop.call_soon_threadsafe(self._arrived, piece)
        return True

    def _arrived(self, piece: str) -> None:
        self._queue.put_nowait(piece)
        self._news.set()

    async def pieces(self) -> AsyncIterator[str | None]:
        """Yield what is written, and ``None`` every few seconds of silence, until the answer is there."""
        while True:
            while not self._queue.empty():
                piece = self._queue.get_nowait()
                self._heard += piece
                yield piece
            # The thread says its last piece before the task is done, so nothing comes after that.
            if self._task.done():
                return
            self._news.clear()
            if not await self._wait():
                yield None

    async def _wait(self) -> bool:
        """Return whether there was news before the time to keep the connection alive."""
        news = asyncio.ensure_future(self._news.wait())
        try:
            both: set[asyncio.Future[Any]] = {news, self._task}
            done, _ = await asyncio.wait(both, timeout=_KEEP_ALIVE_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        return bool(done)

    def result(self) -> T:
        """Return the answer, or raise what asking raised."""
        return self._task.result()

    def unheard(self, text: str) -> str:
        """Return what of the answer's text was not heard yet."""
        return text.removeprefix(self._heard)

    def leave(self) -> None:
        """Stop listening; a model that still writes is stopped at its next sentence."""
        self._gone = True
        self._task.cancel()
