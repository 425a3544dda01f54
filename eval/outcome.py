"""What any system said to one question, in one shape: ours, a baseline's, or an answer file's of somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eval.cases import CasesError
from index.types import Answer, Citation


@dataclass(frozen=True, slots=True)
class Cited:
    """One citation, as a reader sees it: the quote under its headings.

    ``start`` and ``end`` are offsets into the document's text, None when the system gave none.
    """

    marker: int
    doc_id: str
    quote: str
    start: int | None = None
    end: int | None = None
    title: str = ""
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A passage in the order it was found; the list's position is its rank."""

    doc_id: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of one system to one case. ``latency_ms`` is the wall time of the call, None when unknown."""

    id: str
    text: str
    refused: bool
    citations: tuple[Cited, ...] = ()
    retrieved: tuple[Retrieved, ...] | None = None
    confidence: float | None = None
    latency_ms: float | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    reason: str | None = None
    understood: str | None = None


def from_citation(citation: Citation) -> Cited:
    """Return an assistant's citation in the shape of the benchmark."""
    passage = citation.passage
    return Cited(
        marker=citation.marker,
        doc_id=passage.doc_id,
        quote=citation.quote,
        start=citation.start,
        end=citation.end,
        title=passage.title,
        headings=passage.heading_path,
    )


def from_answer(
    case_id: str, answer: Answer, *, latency_ms: float, retrieved: tuple[Retrieved, ...] | None
) -> Outcome:
    """Return the outcome of an assistant's ``Answer``."""
    return Outcome(
        id=case_id,
        text=answer.text,
        refused=answer.refused,
        citations=tuple(from_citation(c) for c in answer.citations),
        retrieved=retrieved,
        confidence=answer.confidence,
        latency_ms=latency_ms,
        timings=dict(answer.timings),
        reason=answer.reason,
        understood=answer.understood,
    )


def from_record(record: Any) -> Outcome:
    """Return the outcome of one line of a batch answer file (``python -m app ask --batch``).

    Only ``id`` and ``answer`` must be there. Raises CasesError naming what is wrong with the line.
    """
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        raise CasesError("expected a JSON object with a text id")
    if not isinstance(record.get("answer"), str):
        raise CasesError(f"answer of {record['id']}: expected text, got {record.get('answer')!r}")
    latency, confidence = record.get("latency_ms"), record.get("confidence")
    for name, value in (("latency_ms", latency), ("confidence", confidence)):
        if value is not None and not isinstance(value, int | float):
            raise CasesError(f"{name} of {record['id']}: expected a number, got {value!r}")
    return Outcome(
        id=record["id"],
        text=record["answer"],
        refused=bool(record.get("refused", False)),
        citations=tuple(_cited(item, record["id"]) for item in record.get("citations") or ()),
        confidence=confidence,
        latency_ms=latency,
        timings=record.get("timings") or {},
        reason=record.get("reason"),
        understood=record.get("understood"),
    )


def _cited(item: Any, case_id: str) -> Cited:
    try:
        return Cited(
            marker=int(item["marker"]),
            doc_id=str(item.get("doc_id") or item.get("source") or ""),
            quote=str(item["quote"]),
            start=item.get("start"),
            end=item.get("end"),
            title=str(item.get("title") or ""),
            headings=tuple(str(heading) for heading in item.get("heading_path") or ()),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CasesError(f"citation of {case_id}: needs marker and quote, got {item!r}") from error


def outcome_record(outcome: Outcome) -> dict[str, Any]:
    """Return the JSON object of an outcome, in the batch format."""
    return {
        "id": outcome.id,
        "answer": outcome.text,
        "refused": outcome.refused,
        "reason": outcome.reason,
        "confidence": outcome.confidence,
        "latency_ms": outcome.latency_ms,
        "understood": outcome.understood,
        "citations": [
            {
                "marker": c.marker,
                "doc_id": c.doc_id,
                "title": c.title,
                "heading_path": list(c.headings),
                "quote": c.quote,
                "start": c.start,
                "end": c.end,
            }
            for c in outcome.citations
        ],
    }
