"""Three systems over one sample: a model on the tutorial's prompt, the model under our guard, reading alone."""

from __future__ import annotations

import json
import statistics
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.answer.writer import Message, WriterError
from eval.baselines import Encoder, cosine_ranking, tutorial_units
from eval.cases import Case, CasesError, load_cases, select
from eval.llm_record import RecordingWriter
from eval.metrics.grounding import ungrounded_figures
from eval.outcome import Cited, Outcome, outcome_record
from eval.score import Scored, score

if TYPE_CHECKING:
    from app.answer.assistant import Assistant
    from index.types import Document, Writing

TUTORIAL_PROMPT = Path(__file__).parent / "assets" / "tutorial_prompt.zh.txt"
LEAST_QUESTIONS = 60
# How a model says that it does not know; generous, so that none of it counts as an answer.
_UNKNOWING = (
    "不知道", "无法回答", "没有提到", "未提到", "没有提及", "未提及", "没有相关", "没有找到", "没有给出",
    "无法确定",
    "没有明确", "未明确", "没有说明", "未说明", "没有具体", "无法得知", "不清楚", "并未", "没有包含", "不包含",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timed:
    """One answer with what its writing took; ``None`` where no model was asked."""

    outcome: Outcome
    first_token_ms: float | None = None
    total_ms: float | None = None
    writing: Writing | None = None


class LlmSystem(Protocol):
    """A system of the report."""

    name: str

    def ask(self, case: Case) -> Timed:
        """Return the answer to one case."""
        ...


class TutorialChat:
    """What tutorials build: pieces of 500 characters, the nearest into one prompt, the reply as it comes.

    It neither refuses by itself nor cites. For the grounding of figures every line is taken to cite all the
    pieces it was given, the kindest reading.
    """

    name = "tutorial"

    def __init__(
        self, documents: Sequence[Document], encoder: Encoder, writer: RecordingWriter, *, pieces: int
    ) -> None:
        self._units = tutorial_units(documents)
        self._rows = encoder.encode_passages([unit.text for unit in self._units])
        self._titles = {document.doc_id: document.title for document in documents}
        self._encoder, self._writer, self._pieces = encoder, writer, pieces
        self._template = TUTORIAL_PROMPT.read_text(encoding="utf-8").strip()

    def ask(self, case: Case) -> Timed:
        """Return the model's reply as it is; one that says it does not know counts as a refusal."""
        started = time.perf_counter()
        ranking = cosine_ranking(self._encoder.encode_queries([case.question])[0], self._rows, self._pieces)
        units = [self._units[position] for position, _ in ranking]
        context = "\n\n".join(unit.text for unit in units)
        prompt = self._template.format(context=context, question=case.question)
        found_ms = (time.perf_counter() - started) * 1000
        text, fault = "", None
        try:
            with closing(self._writer.write([Message("user", prompt)])) as stream:
                text = "".join(piece.text for piece in stream)
        except WriterError as error:
            fault = error.code
        reply = self._writer.last
        total = found_ms + (reply.total_ms if reply else 0.0)
        first = None if reply is None or reply.first_token_ms is None else found_ms + reply.first_token_ms
        cited = tuple(
            Cited(n, u.doc_id, u.text, u.start, u.end, self._titles.get(u.doc_id, ""))
            for n, u in enumerate(units, 1)
        )
        markers = "".join(f"[{one.marker}]" for one in cited)
        plain = "\n".join(f"{line.strip()}{markers}" for line in text.splitlines() if line.strip())
        outcome = Outcome(
            case.id,
            plain,
            refused=is_unknowing(text),
            citations=cited,
            retrieved=tuple(units),
            latency_ms=total,
            reason=fault,
        )
        return Timed(outcome, first, total)


def is_unknowing(text: str) -> bool:
    """Return whether a reply says that it does not know, or says nothing.

    >>> is_unknowing("根据上下文，文中没有提到这一数字。"), is_unknowing("300万辆。")
    (True, False)
    """
    return not text.strip() or any(word in text for word in _UNKNOWING)


class AssistantChat:
    """Our assistant, with its model or reading only; ``recorder`` tells what the model took where it was kept."""

    def __init__(self, assistant: Assistant, *, name: str, recorder: RecordingWriter | None = None) -> None:
        from eval.systems import AssistantSystem

        self.name = name
        self._told: list[Writing | None] = []
        self._recorder = recorder
        self._assistant = assistant
        self._system = AssistantSystem(_Hearing(assistant, self._told.append), with_retrieval=False)

    def ask(self, case: Case) -> Timed:
        """Return the assistant's answer; the time of a reply that was kept is the time it took when it came."""
        self._told.clear()
        outcome = self._system.ask(case)
        total = outcome.latency_ms or 0.0
        first = total
        reply = self._recorder.last if self._recorder else None
        writing = self._told[-1] if self._told else None
        if writing is not None and reply is not None:
            before = total - writing.total_ms
            total = before + reply.total_ms
            # Where the model's text is not used, the reader sees the first of the answer at its end.
            used = writing.outcome != "read" and reply.first_token_ms is not None
            first = before + (reply.first_token_ms or 0.0) if used else total
        return Timed(replace(outcome, latency_ms=total), first, total, writing)


class _Hearing:
    """The assistant, with each answer's record of its writing told to somebody."""

    def __init__(self, assistant: Assistant, hear: Callable[[Writing | None], None]) -> None:
        self._assistant, self._hear = assistant, hear

    @property
    def documents(self) -> Mapping[str, Document]:
        return self._assistant.documents

    def ask(self, question: str, **given: Any) -> Any:
        answer = self._assistant.ask(question, **given)
        self._hear(answer.writing)
        return answer

    def search(self, query: str, k: int) -> list[Any]:
        return self._assistant.search(query, k)


@dataclass(frozen=True, slots=True)
class Row:
    """One case as one system answered it; ``loose`` are its ungrounded figures that no mark warns of."""

    scored: Scored
    timed: Timed
    ungrounded: tuple[str, ...]
    loose: tuple[str, ...]


def row_of(case: Case, timed: Timed, locator: Any, *, mark: str) -> Row:
    """Return a scored answer with its ungrounded figures, and those of lines without ``mark``."""
    outcome = timed.outcome
    if outcome.refused:
        return Row(score(case, outcome, locator), timed, (), ())
    unmarked = "\n".join(line for line in outcome.text.splitlines() if mark not in line)
    return Row(
        score(case, outcome, locator),
        timed,
        tuple(ungrounded_figures(outcome.text, outcome.citations)),
        tuple(ungrounded_figures(unmarked, outcome.citations)),
    )


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """Return one system's column of the table."""
    answerable = [row for row in rows if row.scored.case.answerable]
    others = [row for row in rows if not row.scored.case.answerable]
    answered = [row for row in rows if not row.timed.outcome.refused]
    shorts = [row.scored.scores["short"] for row in answerable if "short" in row.scored.scores]
    written = [row.timed.writing.outcome for row in rows if row.timed.writing is not None]
    return {
        "questions": len(rows),
        "right outcome": sum(row.scored.scores["outcome_right"] for row in rows),
        "correct, of answerable": [sum(row.scored.scores["correct"] for row in answerable), len(answerable)],
        "refused, of unanswerable": [sum(row.timed.outcome.refused for row in others), len(others)],
        "refused, of answerable": [sum(row.timed.outcome.refused for row in answerable), len(answerable)],
        "answers with ungrounded figures": [sum(bool(row.ungrounded) for row in answered), len(answered)],
        "… none of them marked": [sum(bool(row.loose) for row in answered), len(answered)],
        "short, of answers": [sum(shorts), len(shorts)],
        "first token, median s": _median([row.timed.first_token_ms for row in rows]),
        "whole answer, median s": _median([row.timed.total_ms for row in rows]),
        "whole answer, longest s": max((row.timed.total_ms or 0.0) for row in rows) / 1000,
        "model's text used / completed / not used": [
            written.count(outcome) for outcome in ("written", "completed", "read")
        ],
    }


def turned(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Return how many outcomes turned right and how many wrong; both lists are of the same questions in order."""
    pairs = [
        (old["scores"]["outcome_right"], new["scores"]["outcome_right"])
        for old, new in zip(before, after, strict=True)
    ]
    return sum(new > old for old, new in pairs), sum(new < old for old, new in pairs)


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) / 1000 if known else None


def table(columns: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Return the rows of the table, the head first."""
    names = list(next(iter(columns.values())))
    return [["", *columns], *([name, *(_cell(column[name]) for column in columns.values())] for name in names)]


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return "/".join(f"{one:g}" for one in value)
    return f"{value:.2f}" if isinstance(value, float) and not value.is_integer() else f"{value:g}"


def report(options: Namespace) -> int:
    """Ask the sample of each system in turn, print the table and write the whole as JSON."""
    from app.bootstrap import build_assistant
    from eval.opening import settings_in_force
    from eval.report_text import text_table
    from eval.spans import Locator

    settings = settings_in_force()
    if settings.llm == "none":
        raise CasesError("no model is set; set WENCE_LLM, WENCE_LLM_URL and WENCE_LLM_MODEL, or run: make llm")
    cases = select(load_cases(options.questions), split=options.split, limit=options.limit, seed=options.seed)
    assistant = build_assistant(settings)
    if assistant.generator is None:
        raise CasesError("no model is set")
    recorder = RecordingWriter(assistant.generator.writer, options.record)
    assistant.generator.writer = recorder
    locator = Locator({doc_id: document.text for doc_id, document in assistant.documents.items()})
    documents, encoder = list(assistant.documents.values()), assistant.retriever.embedder
    systems: list[LlmSystem] = [
        AssistantChat(assistant.reading_only(), name="reading"),
        AssistantChat(assistant, name="model, guarded", recorder=recorder),
    ]
    if not options.without_tutorial:
        systems.append(TutorialChat(documents, encoder, recorder, pieces=options.pieces))
    columns, details = {}, {}
    for system in systems:
        rows = []
        for number, case in enumerate(cases, start=1):
            rows.append(row_of(case, system.ask(case), locator, mark=assistant.replies.unverified))
            print(f"\r{system.name}: {number}/{len(cases)}", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        columns[system.name] = figures(rows)
        details[system.name] = [_detail(row) for row in rows]
    print(text_table(table(columns)), flush=True)
    for name in list(details)[1:]:
        better, worse = turned(details[systems[0].name], details[name])
        print(f"{name} against {systems[0].name}: {better} outcomes turned right, {worse} turned wrong")
    if len(cases) < LEAST_QUESTIONS:
        print(f"\n{len(cases)} questions are too few to compare systems; take {LEAST_QUESTIONS} or more")
    if options.json:
        setting = {"split": options.split, "limit": options.limit, "seed": options.seed, "pieces": options.pieces}
        whole = {"setting": setting | {"model": recorder.model}, "figures": columns, "questions": details}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        print(f"wrote {options.json}", file=sys.stderr)
    return 0


def _detail(row: Row) -> dict[str, Any]:
    from dataclasses import asdict

    writing = row.timed.writing
    return {
        "id": row.scored.case.id,
        "question": row.scored.case.question,
        "scores": row.scored.scores,
        "outcome": outcome_record(row.timed.outcome),
        "first_token_ms": row.timed.first_token_ms,
        "total_ms": row.timed.total_ms,
        "writing": None if writing is None else asdict(writing),
        "ungrounded": list(row.ungrounded),
        "unmarked": list(row.loose),
    }
