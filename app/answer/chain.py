"""One step on from a clause that names whose head is asked for but no person: the clause that names one.

「基金的管理公司，董事长是哪位」 finds 「管理机构：乙集团」, which names no person. The clause that does, that
shares 「乙集团」 with it, and that the judge takes for an answer to 「乙集团，董事长是哪位」, goes on from there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.answer.analyse import Analysis
from app.answer.compound import asking_parts
from app.answer.gate_features import missing_value
from app.answer.library import Library, Unit
from app.answer.reranking import Judge, judged_pair
from app.answer.select import Scored
from app.answer.words import shared_name

# A shared stretch longer than this is a copy of the clause, a shorter one no name, if not a title (市长).
_LEAST_NAME = 3
_MOST_READ = 6
# The judge takes a clause for an answer above this logit.
_TAKEN = 1.0
_LONG_PART = 14
_TITLE = re.compile(r"[省市区县州局厅部处院校会所港园团行厂台店班署庭社司]长|书记|主任|总裁|主席")


@dataclass(frozen=True, slots=True)
class Step:
    """A search for what a clause leaves open: ``query`` finds it, ``asked`` is asked of the thing it names."""

    clause: Unit
    asked: str
    query: str


def next_step(analysis: Analysis, chosen: Sequence[Unit]) -> Step | None:
    """Return the step from the best clause where a person is asked for and none of the chosen names one.

    Figures were tried too: of twelve such steps on practice questions none led to the right clause.
    """
    if not chosen or analysis.kind in {"yes_no", "comparison", "list"}:
        return None
    if missing_value(analysis, chosen) != "person":
        return None
    parts = asking_parts(analysis.question)
    asked = parts[-1].rpartition("，")[2] if parts else ""
    if len(asked) > _LONG_PART and "的" in asked:
        asked = asked.rpartition("的")[2]
    if len(asked) < 3:
        return None
    return Step(chosen[0], asked, f"{chosen[0].text[:80]} {asked}")


def follow(step: Step, analysis: Analysis, found: Sequence[Scored], library: Library, judge: Judge) -> Unit | None:
    """Return the clause among ``found`` that names a person of what the step's clause names."""
    read: list[tuple[Unit, str]] = []
    for candidate in found:
        unit = candidate.unit
        if unit.is_heading or unit.number == step.clause.number or missing_value(analysis, [unit]):
            continue
        name = shared_name(analysis.folded, step.clause.folded, unit.folded)
        if len(name) >= _LEAST_NAME or _TITLE.fullmatch(name):
            read.append((unit, name))
        if len(read) >= _MOST_READ:
            break
    # The longer the name, the surer that both clauses mean the same: 集团 alone may be another one.
    for unit, name in sorted(read, key=lambda pair: -len(pair[1])):
        if float(judge.score(f"{name}，{step.asked}？", [judged_pair(unit, library)])[0]) > _TAKEN:
            return unit
    return None
