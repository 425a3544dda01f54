"""Asks a system every question and scores what it says, with a progress bar on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.cases import Case
from eval.outcome import outcome_record
from eval.score import Scored, Scores, gold_answers, score
from eval.spans import Locator
from eval.summary import summarise
from eval.systems import System


@dataclass(frozen=True, slots=True)
class Run:
    """One system over one set of cases. ``seconds`` is the wall time of asking and scoring."""

    name: str
    scored: tuple[Scored, ...]
    seconds: float


def run_system(system: System, cases: Sequence[Case], locator: Locator, *, warm_up: int = 2) -> Run:
    """Return the scored outcomes of all cases, in order.

    The first ``warm_up`` questions are asked once before, so that latency does not measure lazy loading.
    """
    from tqdm import tqdm

    for case in cases[:warm_up]:
        system.ask(case)
    started = time.perf_counter()
    # disable=None: a bar on a terminal, nothing in a log.
    bar = tqdm(cases, desc=system.name, unit="q", file=sys.stderr, disable=None, leave=False)
    scored = tuple(score(case, system.ask(case), locator) for case in bar)
    return Run(system.name, scored, time.perf_counter() - started)


def run_record(run: Run, *, details: bool = True) -> dict[str, Any]:
    """Return a run as JSON: its summary and, with ``details``, every question with answer and figures."""
    record: dict[str, Any] = {"name": run.name, "summary": summarise(run.scored, seconds=run.seconds)}
    if details:
        record["questions"] = [question_record(item) for item in run.scored]
    return record


def question_record(item: Scored) -> dict[str, Any]:
    """Return one question with its gold, what was said and the figures."""
    case = item.case
    return {
        "id": case.id,
        "fact": case.fact,
        "type": case.type,
        "subtype": case.subtype,
        "split": case.split,
        "question": case.question,
        "history": [{"role": t.role, "content": t.content} for t in case.history],
        "answerable": case.answerable,
        "gold": " / ".join(gold_answers(case)),
        "key_facts": [list(fact) for fact in case.key_facts],
        "evidence": [[{"source": q.source, "quote": q.quote} for q in entry] for entry in case.evidence],
        "outcome": outcome_record(item.outcome),
        "scores": item.scores,
    }


def scores_by_id(run: Run) -> dict[str, Scores]:
    """Return the figures of every question by its id."""
    return {item.case.id: item.scores for item in run.scored}


def compare_scores(old: Mapping[str, Scores], run: Run, names: Sequence[str]) -> dict[str, Any]:
    """Return measure -> paired difference (``run`` minus ``old``) over the questions both have that figure for."""
    from dataclasses import asdict

    from eval.metrics.paired import paired_difference

    families = {s.case.id: s.case.fact for s in run.scored}
    table = {}
    for name in names:
        before = {i: scores[name] for i, scores in old.items() if name in scores and i in families}
        after = {i: scores[name] for i, scores in scores_by_id(run).items() if name in scores}
        if set(before) & set(after):
            table[name] = asdict(paired_difference(before, after, families))
    return table
