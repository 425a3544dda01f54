"""What can be asked: our assistant, a baseline, or the answer file of another system, all with one ``ask``."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from app.answer.turns import Turn
from eval.cases import Case, CasesError, read_json_lines
from eval.outcome import Outcome, Retrieved, from_answer, from_record
from index.errors import QuestionError
from index.types import Answer, Document, Hit

DEPTH = 10


class System(Protocol):
    """Anything that answers cases. ``name`` heads its column in the report."""

    name: str

    def ask(self, case: Case) -> Outcome:
        """Return the outcome of one case."""
        ...


class AssistantLike(Protocol):
    """The part of ``app.answer.assistant.Assistant`` the benchmark uses."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """Documents by id."""
        ...

    def ask(self, question: str, *, history: Sequence[Turn] = ()) -> Answer:
        """Return the answer to a question."""
        ...

    def search(self, query: str, k: int) -> list[Hit]:
        """Return the k best passages."""
        ...


def retrieved_from(hits: Sequence[Hit]) -> tuple[Retrieved, ...]:
    """Return hits in the shape of the benchmark, best first."""
    ordered = sorted(hits, key=lambda hit: hit.rank)
    return tuple(Retrieved(h.passage.doc_id, h.passage.start, h.passage.end, h.passage.text) for h in ordered)


class AssistantSystem:
    """The assistant that every face uses.

    Its retrieval is measured at a fixed depth, on the question as understood (a follow-up is rewritten), and
    outside the latency of the answer.
    """

    def __init__(self, assistant: AssistantLike, *, name: str = "wence", with_retrieval: bool = True) -> None:
        self.name = name
        self._assistant = assistant
        self._with_retrieval = with_retrieval

    def ask(self, case: Case) -> Outcome:
        """Return the assistant's answer; a question it rejects (too long, empty) is a refusal with that reason."""
        history = tuple(_turn(t.role, t.content) for t in case.history)
        started = time.perf_counter()
        try:
            answer = self._assistant.ask(case.question, history=history)
        except QuestionError as error:
            spent = (time.perf_counter() - started) * 1000
            return Outcome(case.id, str(error), True, latency_ms=spent, reason="question_error")
        spent = (time.perf_counter() - started) * 1000
        retrieved = None
        if self._with_retrieval:
            retrieved = retrieved_from(self._assistant.search(answer.understood or case.question, DEPTH))
        return from_answer(case.id, answer, latency_ms=spent, retrieved=retrieved)


def _turn(role: str, content: str) -> Turn:
    return Turn(role="assistant" if role == "assistant" else "user", content=content)


class RecordedSystem:
    """Answers that another system wrote in the batch format; loaded and matched to the questions by id."""

    def __init__(self, path: Path, cases: Sequence[Case]) -> None:
        self.name = path.stem
        self._outcomes: dict[str, Outcome] = {}
        for number, record in read_json_lines(path):
            try:
                outcome = from_record(record)
            except CasesError as error:
                raise CasesError(f"{path}:{number}: {error}") from error
            self._outcomes[outcome.id] = outcome
        asked = {case.id for case in cases}
        missing, strange = sorted(asked - set(self._outcomes)), sorted(set(self._outcomes) - asked)
        if missing:
            # A system may not choose its questions: leaving hard ones out must not raise its score.
            raise CasesError(
                f"{path}: no answer to {len(missing)} of {len(asked)} questions, e.g. {missing[0]!r}"
                + (f"; answers to {len(strange)} other ids, e.g. {strange[0]!r}" if strange else "")
                + "; write one line per question, refused: true where there is no answer"
            )

    def ask(self, case: Case) -> Outcome:
        """Return the recorded answer."""
        return self._outcomes[case.id]
