"""The conversation as the browser keeps it: questions, answers and cited offsets, never document text.

Clause texts are read from the documents each time, so a reload shows what the documents say now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.answer.turns import Turn
from index.types import Answer, Citation

# Older questions stop helping to understand a follow-up, and browsers limit what a page may keep.
MAX_EXCHANGES = 20
MAX_HISTORY_EXCHANGES = 6


class Span(BaseModel):
    """A cited span and the clause around it, as character offsets into the document."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    marker: int = Field(ge=0)
    doc_id: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    clause_start: int = Field(ge=0)
    clause_end: int = Field(ge=0)
    path: tuple[str, ...] = ()
    quote: str


class Exchange(BaseModel):
    """A question with its answer; ``failure`` names why there is none (``busy`` or ``internal``).

    ``notice`` tells of a language model's part in it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(default="", max_length=64)
    question: str
    text: str = ""
    refused: bool = False
    understood: str | None = None
    unverified: tuple[str, ...] = ()
    citations: tuple[Span, ...] = ()
    related: tuple[Span, ...] = ()
    seconds: float = 0.0
    failure: str | None = None
    notice: str = ""


_EXCHANGES = TypeAdapter(tuple[Exchange, ...])


def exchange_of(question: str, answer: Answer, *, seconds: float, answer_id: str = "") -> Exchange:
    """Return what the page keeps of an answer; ``seconds`` is the time the reader waited."""
    return Exchange(
        id=answer_id,
        question=question,
        text=answer.text,
        refused=answer.refused,
        understood=answer.understood,
        unverified=answer.unverified,
        citations=tuple(_spans(answer.citations)),
        related=tuple(_spans(answer.related)),
        seconds=seconds,
        notice=answer.writing.notice if answer.writing else "",
    )


def _spans(citations: Iterable[Citation]) -> Iterable[Span]:
    for citation in citations:
        passage = citation.passage
        yield Span(
            marker=citation.marker,
            doc_id=passage.doc_id,
            start=citation.start,
            end=citation.end,
            clause_start=min(passage.start, citation.start),
            clause_end=max(passage.end, citation.end),
            path=passage.heading_path,
            quote=citation.quote,
        )


def load_exchanges(stored: object) -> list[Exchange]:
    """Return the conversation a browser kept, or an empty one when another version wrote it."""
    try:
        return list(_EXCHANGES.validate_python(stored or ()))[-MAX_EXCHANGES:]
    except ValidationError:
        return []


def dump_exchanges(exchanges: Sequence[Exchange]) -> list[dict[str, object]]:
    """Return the conversation as JSON values for the browser to keep, oldest first."""
    return [exchange.model_dump(mode="json") for exchange in exchanges[-MAX_EXCHANGES:]]


def history_of(exchanges: Sequence[Exchange]) -> list[Turn]:
    """Return the answered exchanges as plain turns, oldest first."""
    turns: list[Turn] = []
    for exchange in [one for one in exchanges if one.failure is None][-MAX_HISTORY_EXCHANGES:]:
        turns.append(Turn(role="user", content=exchange.question))
        turns.append(Turn(role="assistant", content=exchange.text))
    return turns
