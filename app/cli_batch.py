"""One line of a batch of questions: JSON in, checked; what is wrong is said in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.answer.turns import Turn
from index.errors import QuestionError

_LIMITS = ("issuer", "since", "until")


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One question. ``limits`` holds those of doc_ids, issuer, since and until that the line sets for itself."""

    id: Any
    question: str
    history: tuple[Turn, ...] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)


def parse_batch_line(raw: bytes) -> BatchLine:
    """Return what one line asks.

    Raises:
        QuestionError: the line is not UTF-8 JSON of the documented shape.

    """
    try:
        record = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise QuestionError(f"not a JSON object in UTF-8: {error}") from error
    if not isinstance(record, dict) or not isinstance(record.get("question"), str):
        raise QuestionError('expected {"id": …, "question": "…", "history": [{"role", "content"}]}')
    question_id = record.get("id")
    try:
        json.dumps(question_id, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise QuestionError(f"the id cannot be written as JSON in UTF-8: {error}") from error
    return BatchLine(question_id, record["question"], _turns(record.get("history") or []), _limits(record))


def _turns(history: object) -> tuple[Turn, ...]:
    if not isinstance(history, list):
        raise QuestionError(f"history is {type(history).__name__}, not a list of turns")
    turns = []
    for turn in history:
        if (
            not isinstance(turn, dict)
            or turn.get("role") not in ("user", "assistant")
            or not isinstance(turn.get("content"), str)
        ):
            raise QuestionError(
                f'a turn of history must be {{"role": "user"|"assistant", "content": "…"}}, got {turn!r}'
            )
        turns.append(Turn(turn["role"], turn["content"]))
    return tuple(turns)


def _limits(record: Mapping[str, Any]) -> dict[str, Any]:
    """The limits of a line; ``null`` sets none, so that a flag of the command holds."""
    limits = {name: record[name] for name in ("doc_ids", *_LIMITS) if record.get(name) is not None}
    for name, value in limits.items():
        if name == "doc_ids":
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise QuestionError(f"doc_ids is {value!r}; expected a list of document ids")
        elif not isinstance(value, str):
            raise QuestionError(f"{name} is {value!r}; expected text")
    return limits
