"""The questions of the benchmark: one JSON object per line, unknown fields refused with their line number.

The schema is documented in ``eval/README.md``. A case is data only; what a right answer is, the metrics say.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from index.errors import WenceError

TYPES = (
    "factoid",
    "number",
    "date",
    "list",
    "party",
    "who_does_what",
    "target",
    "definition",
    "comparison",
    "multi_hop",
    "yes_no",
    "follow_up",
    "noisy",
    "unanswerable",
)
SUBTYPES = {
    "unanswerable": (
        "wrong_year",
        "wrong_place",
        "figure_not_given",
        "no_such_agreement",
        "detail_of_named",
        "off_topic",
        "injection",
    ),
    "noisy": ("typo", "traditional", "fullwidth", "keywords"),
}
SPLITS = ("dev", "test")
T = TypeVar("T")


class CasesError(WenceError):
    """A question or answer file cannot be used; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation before the question. ``role`` is user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of one document, as text: it matches after white space and width are folded."""

    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class Case:
    """One question with its gold.

    ``key_facts``: every outer entry is needed, its inner strings are alternatives. ``evidence``: every outer
    entry is needed, its inner quotes are interchangeable. ``answer_sets`` (data of others): any one inner
    tuple suffices and all its strings are needed. ``derived``: the key facts are not written in the evidence
    (a count, a 是/否) and the checker does not look for them there. ``metadata``: the evidence stands in the
    file's own record table (文号, 发布日期), which the index keeps as fields of the document and not as text, so
    that no span can be retrieved or cited; only the answer is scored.
    """

    id: str
    question: str
    type: str
    fact: str
    answerable: bool
    answer: str = ""
    key_facts: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[tuple[Quote, ...], ...] = ()
    history: tuple[Message, ...] = ()
    subtype: str | None = None
    paraphrase_of: str | None = None
    split: str | None = None
    list_size: int | None = None
    polarity: str | None = None
    derived: bool = False
    answer_sets: tuple[tuple[str, ...], ...] = ()
    metadata: bool = False

    def reference_sets(self) -> tuple[tuple[tuple[str, ...], ...], ...]:
        """Return the alternative lists of needed facts: one list for ``key_facts``, else one per answer set."""
        if self.key_facts:
            return (self.key_facts,)
        return tuple(tuple((text,) for text in texts) for texts in self.answer_sets)


_TEXT_FIELDS = ("id", "question", "type", "fact", "answer")
_OPTIONAL_TEXT_FIELDS = ("subtype", "paraphrase_of", "split", "polarity")
_REQUIRED = ("id", "question", "type", "fact", "answerable")
_KNOWN = frozenset(field.name for field in fields(Case))


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise CasesError(message)


def _texts(value: Any, name: str) -> tuple[str, ...]:
    _require(isinstance(value, list) and bool(value), f"{name}: expected a non-empty list of texts, got {value!r}")
    _require(all(isinstance(v, str) and v.strip() for v in value), f"{name}: empty or non-text entry in {value!r}")
    return tuple(value)


def _nested_texts(value: Any, name: str) -> tuple[tuple[str, ...], ...]:
    _require(isinstance(value, list), f"{name}: expected a list of lists, got {value!r}")
    return tuple(_texts(inner, name) for inner in value)


def _record(value: Any, keys: tuple[str, str], name: str) -> tuple[str, str]:
    _require(
        isinstance(value, dict) and set(value) == set(keys) and all(isinstance(v, str) for v in value.values()),
        f"{name}: expected an object with the texts {keys[0]} and {keys[1]}, got {value!r}",
    )
    return value[keys[0]], value[keys[1]]


def _evidence(value: Any) -> tuple[tuple[Quote, ...], ...]:
    _require(isinstance(value, list), f"evidence: expected a list of lists, got {value!r}")
    entries = []
    for inner in value:
        _require(isinstance(inner, list) and bool(inner), f"evidence: expected a non-empty list, got {inner!r}")
        entries.append(tuple(Quote(*_record(item, ("source", "quote"), "evidence")) for item in inner))
    return tuple(entries)


def _check_enumerated(data: Mapping[str, Any]) -> None:
    kind, subtype = data["type"], data.get("subtype")
    _require(kind in TYPES, f"type: {kind!r} is not one of {', '.join(TYPES)}")
    if subtype is not None:
        allowed = SUBTYPES.get(kind, ())
        _require(subtype in allowed, f"subtype: {subtype!r} does not belong to type {kind!r} (known: {allowed})")
    _require(data.get("split") in (None, *SPLITS), f"split: {data.get('split')!r} is neither dev nor test")
    _require(
        data.get("polarity") in (None, "是", "否"), f"polarity: {data.get('polarity')!r} is neither 是 nor 否"
    )
    size = data.get("list_size")
    _require(size is None or (type(size) is int and size > 0), f"list_size: {size!r} is not a positive integer")


def parse_case(data: Any) -> Case:
    """Return the case described by one JSON object. Raises CasesError naming the field at fault."""
    _require(isinstance(data, dict), f"expected a JSON object, got {type(data).__name__}")
    unknown = sorted(set(data) - _KNOWN)
    _require(not unknown, f"unknown field {', '.join(unknown)}; known: {', '.join(sorted(_KNOWN))}")
    missing = [name for name in _REQUIRED if name not in data]
    _require(not missing, f"missing field {', '.join(missing)}")
    for name in _TEXT_FIELDS:
        _require(isinstance(data.get(name, ""), str), f"{name}: expected text, got {data.get(name)!r}")
    for name in ("id", "question", "fact"):
        _require(bool(data[name].strip()), f"{name}: is empty")
    for name in _OPTIONAL_TEXT_FIELDS:
        _require(data.get(name) is None or isinstance(data[name], str), f"{name}: expected text or null")
    for name in ("answerable", "derived", "metadata"):
        _require(
            isinstance(data.get(name, False), bool), f"{name}: expected true or false, got {data.get(name)!r}"
        )
    _check_enumerated(data)
    history = data.get("history") or []
    _require(isinstance(history, list), f"history: expected a list, got {history!r}")
    turns = tuple(Message(*_record(turn, ("role", "content"), "history")) for turn in history)
    _require(all(t.role in ("user", "assistant") for t in turns), "history: role is neither user nor assistant")
    simple = {k: v for k, v in data.items() if k not in ("key_facts", "evidence", "history", "answer_sets")}
    return Case(
        **simple,
        key_facts=_nested_texts(data.get("key_facts") or [], "key_facts"),
        evidence=_evidence(data.get("evidence") or []),
        history=turns,
        answer_sets=_nested_texts(data.get("answer_sets") or [], "answer_sets"),
    )


def read_json_lines(path: Path) -> list[tuple[int, Any]]:
    """Return (line number from 1, value) of every non-blank line. Raises CasesError if one is unreadable."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CasesError(f"{path}: cannot be read as UTF-8 JSON lines ({error})") from error
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                rows.append((number, json.loads(line)))
            except json.JSONDecodeError as error:
                raise CasesError(f"{path}:{number}: not JSON ({error})") from error
    return rows


def load_cases(path: Path) -> tuple[Case, ...]:
    """Return the cases of a question file in order. Raises CasesError for a bad line or a repeated id."""
    return _parse_rows(path, read_json_lines(path))


def load_practice(folder: Path) -> tuple[Case, ...]:
    """Return the cases of one group of ``eval/practice``: each is a fact of its own, and all are of split dev.

    Raises CasesError for a bad line or a repeated id.
    """
    path = folder / "questions.jsonl"
    return _parse_rows(path, [(number, _as_practice(data)) for number, data in read_json_lines(path)])


def _as_practice(data: Any) -> Any:
    return {"fact": data.get("id"), "split": "dev"} | data if isinstance(data, dict) else data


def _parse_rows(path: Path, rows: Iterable[tuple[int, Any]]) -> tuple[Case, ...]:
    cases: list[Case] = []
    seen: dict[str, int] = {}
    for number, data in rows:
        try:
            case = parse_case(data)
        except CasesError as error:
            raise CasesError(f"{path}:{number}: {error}") from error
        if case.id in seen:
            raise CasesError(f"{path}:{number}: id {case.id!r} already stands on line {seen[case.id]}")
        seen[case.id] = number
        cases.append(case)
    if not cases:
        raise CasesError(f"{path}: holds no question")
    return tuple(cases)


def case_record(case: Case) -> dict[str, Any]:
    """Return the JSON object of a case, without fields at their default."""
    record: dict[str, Any] = {"id": case.id, "question": case.question}
    if case.history:
        record["history"] = [{"role": t.role, "content": t.content} for t in case.history]
    record |= {"type": case.type, "subtype": case.subtype, "fact": case.fact, "paraphrase_of": case.paraphrase_of}
    record |= {"split": case.split, "answerable": case.answerable, "answer": case.answer}
    record["key_facts"] = [list(inner) for inner in case.key_facts]
    record["evidence"] = [[{"source": q.source, "quote": q.quote} for q in inner] for inner in case.evidence]
    record |= {
        "list_size": case.list_size,
        "polarity": case.polarity,
        "derived": case.derived or None,
        "metadata": case.metadata or None,
    }
    record["answer_sets"] = [list(inner) for inner in case.answer_sets] or None
    return {key: value for key, value in record.items() if value is not None}


def write_cases(path: Path, cases: Iterable[Case]) -> None:
    """Write the cases as JSON lines, UTF-8, one per line."""
    lines = [json.dumps(case_record(case), ensure_ascii=False) + "\n" for case in cases]
    path.write_text("".join(lines), encoding="utf-8")


def select(
    cases: Sequence[Case],
    *,
    split: str | None = None,
    kind: str | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> tuple[Case, ...]:
    """Return the cases of a split and type; with ``limit``, a random sample of that size, in file order.

    Raises CasesError when nothing is left.
    """
    chosen = [c for c in cases if (split is None or c.split == split) and (kind is None or c.type == kind)]
    if not chosen:
        raise CasesError(
            f"no question has split={split or 'any'} and type={kind or 'any'}; see python -m eval check"
        )
    return tuple(sample(chosen, limit, seed))


def sample(items: Sequence[T], limit: int | None, seed: int) -> list[T]:
    """Return ``limit`` items drawn without replacement, in their first order; all when limit is None."""
    if limit is None or limit >= len(items):
        return list(items)
    kept = set(random.Random(seed).sample(range(len(items)), limit))
    return [item for position, item in enumerate(items) if position in kept]
