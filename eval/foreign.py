"""Questions in the schema that public sets are shared in, read as cases of the benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eval.cases import Case, CasesError, Message, load_cases, read_json_lines


def is_shared_question(row: Any) -> bool:
    """Return whether a JSON value looks like the shared schema (it has answers, no type) rather than ours."""
    return isinstance(row, dict) and "type" not in row and ("answers" in row or "answerable" in row)


def shared_question(row: Any) -> Case:
    """Return the case of one shared question; ``answer_sets`` hold its references, evidence is unknown.

    Unknown fields are let pass: these files belong to others. Raises CasesError naming the field at fault.
    """
    if not isinstance(row, dict):
        raise CasesError(f"expected a JSON object, got {type(row).__name__}")
    # An empty question occurs in public data; it is asked like the others, and counts.
    for name in ("id", "question"):
        if not isinstance(row.get(name), str) or (name == "id" and not row[name].strip()):
            raise CasesError(f"{name}: expected text, got {row.get(name)!r}")
    answers, sets = row.get("answers") or [], row.get("answer_sets") or []
    if not _is_texts(answers):
        raise CasesError(f"answers: expected a list of texts, got {answers!r}")
    if not isinstance(sets, list) or not all(_is_texts(inner) and inner for inner in sets):
        raise CasesError(f"answer_sets: expected a list of non-empty lists of texts, got {sets!r}")
    answerable = row.get("answerable", True)
    if not isinstance(answerable, bool):
        raise CasesError(f"answerable: expected true or false, got {answerable!r}")
    references = [tuple(inner) for inner in sets] or [(text,) for text in answers]
    references += [(text,) for text in answers if (text,) not in references and not sets]
    return Case(
        id=row["id"],
        question=row["question"],
        type="factoid" if answerable else "unanswerable",
        fact=row["id"],
        answerable=answerable,
        answer=answers[0] if answers else "",
        history=_history(row.get("history") or []),
        answer_sets=tuple(references) if answerable else (),
    )


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text.strip() for text in value)


def _history(turns: Any) -> tuple[Message, ...]:
    try:
        return tuple(Message(str(turn["role"]), str(turn["content"])) for turn in turns)
    except (KeyError, TypeError) as error:
        raise CasesError(f"history: expected a list of role and content, got {turns!r}") from error


def load_any(path: Path) -> tuple[Case, ...]:
    """Return the cases of a question file in either schema. Raises CasesError for the first line at fault."""
    rows = read_json_lines(path)
    if not rows or not is_shared_question(rows[0][1]):
        return load_cases(path)
    cases = []
    for number, row in rows:
        try:
            cases.append(shared_question(row))
        except CasesError as error:
            raise CasesError(f"{path}:{number}: {error}") from error
    if len({case.id for case in cases}) != len(cases):
        raise CasesError(f"{path}: an id occurs twice")
    return tuple(cases)
