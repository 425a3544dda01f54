"""Retrieval and reading on anybody's folder: ``passages.jsonl`` and ``questions.jsonl`` in the shared schema.

The passages are indexed in a temporary folder with the settings in force; every passage becomes one document,
cut further only where it is longer than the settings allow, and hits are folded back to the folder's ids.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eval.cases import Case, CasesError, read_json_lines
from eval.foreign import shared_question
from eval.matching import strip_markers
from eval.metrics import cmrc, cost, ranking
from eval.metrics.intervals import Estimate, mean, proportion
from eval.outcome import Outcome
from eval.score import direct_answer, gold_answers
from eval.summary import refusal_counts
from eval.systems import System
from index.types import Document

DEPTH = 10
_CUTOFFS = (1, 3, 5, 10)

Search = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class OwnData:
    """A folder in the shared schema. ``gold`` holds the ids of the passages that answer each question."""

    documents: tuple[Document, ...]
    cases: tuple[Case, ...]
    gold: dict[str, frozenset[str]]


def load_own_data(folder: Path) -> OwnData:
    """Return the passages as documents and the questions as cases.

    Raises CasesError for a missing file, a line out of schema, a repeated id or a gold id without passage.
    """
    documents: dict[str, Document] = {}
    for number, row in read_json_lines(folder / "passages.jsonl"):
        where = f"{folder / 'passages.jsonl'}:{number}"
        if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not isinstance(row.get("text"), str):
            raise CasesError(f"{where}: expected an object with the texts id, title and text")
        if row["id"] in documents:
            raise CasesError(f"{where}: id {row['id']!r} occurs twice")
        documents[row["id"]] = _document(row["id"], str(row.get("title") or ""), row["text"])
    cases, gold = [], {}
    for number, row in read_json_lines(folder / "questions.jsonl"):
        where = f"{folder / 'questions.jsonl'}:{number}"
        try:
            case = shared_question(row)
        except CasesError as error:
            raise CasesError(f"{where}: {error}") from error
        ids = frozenset(row.get("gold_passage_ids") or ())
        if unknown := sorted(ids - set(documents)):
            raise CasesError(f"{where}: gold passage {unknown[0]!r} is not in passages.jsonl")
        cases.append(case)
        gold[case.id] = ids
    if not documents or not cases:
        raise CasesError(f"{folder}: holds {len(documents)} passages and {len(cases)} questions; both are needed")
    return OwnData(tuple(documents.values()), tuple(cases), gold)


def _document(doc_id: str, title: str, text: str) -> Document:
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return Document(doc_id=doc_id, title=title, text=text, source=doc_id, sha256=digest)


def retrieval_figures(
    data: OwnData, cases: Sequence[Case], search: Search, progress: Callable[[Sequence[Case]], Any]
) -> dict[str, Any]:
    """Return recall@k, MRR@10 and nDCG@10 with 95 % intervals over the questions with a gold passage.

    ``search(question, k)`` gives passage ids of the folder, best first, each once.
    """
    columns: dict[str, list[float]] = {}
    times: list[float] = []
    asked = [case for case in cases if data.gold[case.id]]
    if not asked:
        raise CasesError("no question names a gold passage, so retrieval cannot be measured")
    # The first search loads what is loaded lazily; it is not what a search costs.
    search(asked[0].question, DEPTH)
    for case in progress(asked):
        started = time.perf_counter()
        ranked = search(case.question, DEPTH)
        times.append((time.perf_counter() - started) * 1000)
        gold = data.gold[case.id]
        figures = {f"recall@{k}": ranking.recall_at(ranked, gold, k) for k in _CUTOFFS}
        figures["mrr@10"] = ranking.reciprocal_rank_at(ranked, gold, DEPTH)
        figures["ndcg@10"] = ranking.ndcg_at(ranked, gold, DEPTH)
        for name, value in figures.items():
            columns.setdefault(name, []).append(value)
    families = [_family(data.gold[case.id]) for case in asked]
    return {
        "questions": len(asked),
        "left_out": len(cases) - len(asked),
        "passages": len(data.documents),
        "measures": {name: asdict(mean(values, families)) for name, values in columns.items()},
        "latency_ms": asdict(cost.latency(times)),
        "peak_memory_mb": cost.peak_memory_mb(),
    }


def _family(gold: frozenset[str]) -> str:
    """Return what makes questions depend on each other: being about the same passages."""
    return "\n".join(sorted(gold))


def reading_figures(
    data: OwnData, cases: Sequence[Case], system: System, progress: Callable[[Sequence[Case]], Any]
) -> tuple[dict[str, Any], list[Outcome]]:
    """Return exact match, character F1 and containment with 95 % intervals, refusal figures, and the outcomes.

    Exact match and F1 compare the first line of the answer without markers, which is where the answer stands;
    containment looks at the whole answer. A refused answerable question scores 0 in all three.
    """
    system.ask(cases[0])
    outcomes = [system.ask(case) for case in progress(cases)]
    rows: dict[str, list[float]] = {"exact_match": [], "char_f1": [], "containment": []}
    families: list[str] = []
    lengths: list[float] = []
    for case, outcome in zip(cases, outcomes, strict=True):
        references = gold_answers(case) or ["".join(texts) for texts in case.answer_sets]
        if not case.answerable or not references:
            continue
        families.append(_family(data.gold[case.id]) or case.id)
        text = "" if outcome.refused else strip_markers(outcome.text)
        direct = "" if outcome.refused else direct_answer(outcome.text)
        lengths.append(float(len(direct)))
        rows["exact_match"].append(cmrc.exact_match(direct, references) if direct else 0.0)
        rows["char_f1"].append(cmrc.character_f1(direct, references) if direct else 0.0)
        rows["containment"].append(cmrc.containment(text, references) if text else 0.0)
    measures: dict[str, Estimate] = {}
    if families:
        measures = {
            "exact_match": proportion(rows["exact_match"], families),
            "char_f1": mean(rows["char_f1"], families),
            "containment": proportion(rows["containment"], families),
            "first_line_chars": mean(lengths, families),
        }
    times = [outcome.latency_ms for outcome in outcomes if outcome.latency_ms is not None]
    pairs = [(o.refused, c.answerable, c.fact) for c, o in zip(cases, outcomes, strict=True)]
    return {
        "questions": len(cases),
        "scored": len(families),
        "passages": len(data.documents),
        "measures": {name: asdict(estimate) for name, estimate in measures.items()},
        "refusal": refusal_counts(pairs),
        "latency_ms": asdict(cost.latency(times)) if times else None,
        "peak_memory_mb": cost.peak_memory_mb(),
    }, outcomes
