"""One queue for all faces: at most so many questions are answered at once, and not too many wait."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from functools import partial
from typing import Literal

import anyio
import anyio.to_thread

from app.answer.turns import Turn
from app.web.metrics import Metrics
from app.web.protocols import AssistantFace
from index.errors import QuestionError
from index.types import Answer

# So long a stop waits between two looks at whether the last answer is out.
_STEP_S = 0.05


class BusyError(RuntimeError):
    """A question was not taken: too many wait (``busy``), or the service stops (``stopping``)."""

    def __init__(self, message: str, *, code: Literal["busy", "stopping"] = "busy") -> None:
        super().__init__(message)
        self.code = code


class Desk:
    """Answers questions off the event loop. Answering is bound by the CPU, so more threads do not help."""

    def __init__(
        self, assistant: AssistantFace, *, at_once: int = 2, waiting: int = 64, metrics: Metrics | None = None
    ) -> None:
        self._assistant = assistant
        self._at_once = at_once
        self._places = at_once + waiting
        self._taken = 0
        self._stopping = False
        self._limiter = anyio.CapacityLimiter(at_once)
        self._metrics = metrics or Metrics()

    @property
    def in_progress(self) -> int:
        """Questions being answered now."""
        return min(self._taken, self._at_once)

    @property
    def waiting(self) -> int:
        """Questions that wait for a place."""
        return max(0, self._taken - self._at_once)

    @property
    def stopping(self) -> bool:
        """Whether no more questions are taken."""
        return self._stopping

    def check_room(self) -> None:
        """Return if a question would be taken now.

        Raises:
            BusyError: all places are taken, or the service is stopping.

        """
        # All callers share one event loop, so no lock is needed around the count.
        if self._stopping:
            raise BusyError("the service is stopping; try again shortly", code="stopping")
        if self._taken >= self._places:
            raise BusyError(f"{self._taken} questions are being answered or waiting; try again shortly")

    async def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        doc_ids: Collection[str] | None = None,
    ) -> Answer:
        """Return the assistant's answer.

        Raises:
            BusyError: ``at_once`` questions are being answered and ``waiting`` wait already.
            QuestionError: from the assistant.

        """
        started = time.perf_counter()
        outcome = "busy"
        try:
            self.check_room()
            outcome = "failed"
            answer = await self._answer(question, history, doc_ids)
            outcome = "refused" if answer.refused else "answered"
            if answer.writing is not None:
                self._metrics.count("wence_written_total", outcome=answer.writing.outcome)
        except QuestionError:
            outcome = "invalid"
            raise
        finally:
            self._metrics.count("wence_answers_total", outcome=outcome)
            self._metrics.observe("wence_answer_seconds", time.perf_counter() - started)
        return answer

    async def _answer(self, question: str, history: Sequence[Turn], doc_ids: Collection[str] | None) -> Answer:
        self._taken += 1
        try:
            call = partial(self._assistant.ask, question, history=history, doc_ids=doc_ids)
            return await anyio.to_thread.run_sync(call, limiter=self._limiter)
        finally:
            self._taken -= 1

    async def close(self, grace_s: float) -> bool:
        """Take no more questions; return whether all those taken were answered within ``grace_s`` seconds."""
        self._stopping = True
        deadline = time.monotonic() + grace_s
        while self._taken and time.monotonic() < deadline:
            await anyio.sleep(_STEP_S)
        return not self._taken
