"""An answer as server-sent events: ``status``, then ``delta`` pieces of the text, then the whole ``answer``.

The pieces come after the guard has checked the whole: nothing is shown that would have to be taken back.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

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
    task = asyncio.ensure_future(ask())
    try:
        async for _ in waiting(task):
            yield b": waiting\n\n"
        record = task.result()
    except BusyError as error:
        yield event("error", {"error": error_detail(error.code, texts)})
    except QuestionError as error:
        yield event("error", {"error": error_detail("question_invalid", texts, detail=str(error))})
    except Exception:
        # The reply has begun: the caller can only be told inside it. The log has the trace.
        logger.exception("answering failed")
        yield event("error", {"error": error_detail("internal", texts)})
    else:
        for piece in pieces(record.answer):
            yield event("delta", {"text": piece})
        yield event("answer", record.model_dump(mode="json"))
    finally:
        task.cancel()


async def waiting(task: asyncio.Future[AnswerOut]) -> AsyncIterator[None]:
    """Yield every few seconds until the task is done."""
    while not (await asyncio.wait({task}, timeout=_KEEP_ALIVE_S))[0]:
        yield None
