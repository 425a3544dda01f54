"""Found evidence -> an answer in a language model's words, under the same guard as a read one.

The model sees the reader's own lines, writes with handles, and every sentence is checked before it is shown. What
it leaves out of the reader's lines is added, and where it fails the read answer stands: a model can add fluency,
it cannot take away.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from app.answer import guard
from app.answer.analyse import Analysis
from app.answer.draft import Draft, Line
from app.answer.generate_prompt import Prompts, generation_messages
from app.answer.handles import SentenceReader
from app.answer.library import Library
from app.answer.listening import Listen
from app.answer.omissions import left_out
from app.answer.replies import Replies
from app.answer.select import Scored
from app.answer.sources import Source, offered
from app.answer.writer import Message, Piece, Writer, WriterError
from app.answer.written import WrittenAnswer
from index.types import Writing

logger = logging.getLogger("wence.writing")

MAX_CHARS = 6000
# Sentences beside a list's items; weak models go on with whatever else they were offered.
MAX_SENTENCES = 5
_MAX_REPEATS = 2


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be written: the question, the reader's draft and all units found, best first."""

    analysis: Analysis
    draft: Draft
    scored: Sequence[Scored]
    library: Library


@dataclass(frozen=True, slots=True)
class Written:
    """Checked lines, what is marked as unverified in them, and the record of the model's part."""

    lines: tuple[Line, ...]
    unverified: tuple[str, ...]
    writing: Writing


@dataclass(slots=True)
class _Meter:
    """What is measured of one reply."""

    started: float
    first_token_ms: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    chars: int = 0
    ended: str | None = None

    def note(self, piece: Piece) -> None:
        if piece.text and self.first_token_ms is None:
            self.first_token_ms = self.elapsed_ms()
        self.chars += len(piece.text)
        self.prompt_tokens = self.prompt_tokens if piece.prompt_tokens is None else piece.prompt_tokens
        if piece.completion_tokens is not None:
            self.completion_tokens = piece.completion_tokens
        self.ended = piece.ended or self.ended

    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self.started) * 1000


class Generator:
    """Writes answers with one language model. Holds no conversation; safe to share between threads."""

    def __init__(self, writer: Writer, prompts: Prompts, replies: Replies, *, rewrites: bool = False) -> None:
        self.writer = writer
        self.prompts = prompts
        self.replies = replies
        self.rewrites = rewrites

    def write(self, task: Task, *, listen: Listen | None = None) -> Written:
        """Return the written answer, or the read one where the model fails; ``listen`` hears it as it grows.

        What ``listen`` has heard is always the beginning of what is returned, as :func:`app.answer.draft.cite`
        sets it.
        """
        sources = offered(task.draft, task.scored, task.library)
        verdict = self._verdict(task.draft)
        answer = WrittenAnswer(
            analysis=task.analysis,
            sources=sources,
            library=task.library,
            replies=self.replies,
            draft=task.draft,
            verdict=verdict,
            listen=listen,
        )
        meter = _Meter(time.perf_counter())
        fault = self._fill(answer, self.messages(task, sources), sources, meter, _most_sentences(task.draft))
        if not answer.has_claims:
            return self._read_instead(task, answer, fault or _why_empty(answer, meter), meter)
        # The verdict stands in the written answer already.
        bare = _without_verdict(task.draft, verdict)
        missing = left_out(bare, [line.text for line in answer.lines], task.analysis, task.library)
        checked, unverified = guard.check(missing, task.library, mark=self.replies.unverified)
        if checked:
            answer.add([Line(self.replies.writing["rest"]), *checked])
        outcome = "completed" if checked else "written"
        fault = fault or ("refused" if answer.refused else None)
        notice = self.replies.writing[outcome if fault is None else "cut"]
        writing = self._record(answer, meter, outcome=outcome, fault=fault, notice=notice)
        return Written(tuple(answer.lines), (*answer.unverified, *unverified), writing)

    def messages(self, task: Task, sources: Sequence[Source]) -> tuple[Message, ...]:
        """Return the prompt of a task."""
        verdict = self._verdict(task.draft)
        return generation_messages(
            self.prompts,
            analysis=task.analysis,
            draft=task.draft,
            sources=sources,
            refusal=self.replies.refusal,
            decided=None if not verdict else verdict == self.replies.yes,
        )

    def _verdict(self, draft: Draft) -> str:
        if draft.route != "yes_no.decided":
            return ""
        words = (self.replies.yes, self.replies.no)
        return next((word for word in words if draft.lines[0].text.startswith(word)), "")

    def _fill(
        self,
        answer: WrittenAnswer,
        messages: Sequence[Message],
        sources: Sequence[Source],
        meter: _Meter,
        most: int,
    ) -> str | None:
        """Let the model write into ``answer``; return why it did not get to its end, if it did not."""
        reader = SentenceReader("\n".join(source.text for source in sources))
        try:
            with closing(self.writer.write(messages)) as stream:
                for piece in stream:
                    meter.note(piece)
                    for said in reader.feed(piece.text):
                        answer.take(said)
                        if _enough(answer, most):
                            break
                    if meter.chars > MAX_CHARS:
                        return "oversize"
                    if _enough(answer, most):
                        return "stopped" if answer.stopped else None
                if meter.ended != "length":
                    for said in reader.end():
                        answer.take(said)
        except WriterError as error:
            logger.warning("the language model failed: %s", error)
            return error.code
        finally:
            answer.close()
        return None

    def _read_instead(self, task: Task, answer: WrittenAnswer, fault: str, meter: _Meter) -> Written:
        lines, unverified = guard.check(task.draft.lines, task.library, mark=self.replies.unverified)
        why = self.replies.writing_faults.get(fault, fault)
        notice = self.replies.writing["read"].format(why=why)
        answer.lines.clear()
        writing = self._record(answer, meter, outcome="read", fault=fault, notice=notice)
        return Written(tuple(lines), unverified, writing)

    def _record(
        self, answer: WrittenAnswer, meter: _Meter, *, outcome: str, fault: str | None, notice: str
    ) -> Writing:
        writing = Writing(
            provider=self.writer.provider,
            model=self.writer.model,
            outcome=outcome,
            fault=fault,
            prompt_tokens=meter.prompt_tokens,
            completion_tokens=meter.completion_tokens,
            first_token_ms=None if meter.first_token_ms is None else round(meter.first_token_ms, 1),
            total_ms=round(meter.elapsed_ms(), 1),
            repaired=tuple(answer.repaired),
            dropped=tuple(answer.dropped),
            unknown=tuple(dict.fromkeys(answer.unknown)),
            notice=notice,
        )
        fields = {
            name: getattr(writing, name)
            for name in ("provider", "model", "outcome", "fault", "prompt_tokens", "completion_tokens")
        }
        fields |= {"first_token_ms": writing.first_token_ms, "total_ms": writing.total_ms}
        # Sentences that were dropped hold what a model made up of a reader's question: they are counted only.
        fields |= {"repaired": list(writing.repaired), "unknown": list(writing.unknown)}
        fields["dropped"] = len(writing.dropped)
        logger.info("written", extra={"fields": fields})
        return writing


def _enough(answer: WrittenAnswer, most: int) -> bool:
    claims = sum(bool(line.spans) for line in answer.lines)
    return answer.stopped or answer.refused or claims >= most or answer.repeats >= _MAX_REPEATS


def _most_sentences(draft: Draft) -> int:
    return MAX_SENTENCES + (len(draft.lines) if draft.route.startswith("list") else 0)


def _why_empty(answer: WrittenAnswer, meter: _Meter) -> str:
    if answer.refused:
        return "refused"
    if not meter.chars:
        return "empty"
    return "unsupported" if answer.repaired or (answer.dropped and not answer.unknown) else "no_citation"


def _without_verdict(draft: Draft, verdict: str) -> Draft:
    if not verdict:
        return draft
    first = draft.lines[0]
    bare = Line(first.text.removeprefix(verdict), first.spans, first.counted)
    return Draft((bare, *draft.lines[1:]), draft.route, draft.used)
