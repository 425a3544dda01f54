"""Question -> evidence: what it asks, the units found for the whole and for each part, and the best of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from app.answer.analyse import Analysis, analyse
from app.answer.asked_text import asked_text
from app.answer.chain import follow, next_step
from app.answer.clock import Clock
from app.answer.compound import asking_parts, side_names, sub_questions
from app.answer.days import day_of, that_day
from app.answer.fields import field_rows
from app.answer.followup import rewrite
from app.answer.hops import Bridge, Hops, best_bridge, clearly_first, inside_bridge, scope_of, split_hops
from app.answer.library import Library, Unit
from app.answer.ordinals import ordinal_sides
from app.answer.read import Part, choose
from app.answer.reranking import Judge, judged_pair
from app.answer.scopes import Scopes
from app.answer.searching import Searcher
from app.answer.select import Scored, day_fit
from app.answer.sides import Side, find_sides
from app.answer.turns import Turn
from index.retrieve import Retriever
from index.types import Hit

_TWO = 2
# The place of a side says nothing to what is asked where the judge's logit of its best sentence is below this; a
# sentence elsewhere takes its stead that is so much surer.
_SAYS_NOTHING = -1.0
_SURER = 3.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was found for one question.

    ``understood`` is the self-contained form of a follow-up, else ``None``; ``parts`` has one search for each
    part of a compound question and is empty for a simple one; ``chosen`` are the units a plain answer quotes;
    ``rows`` those of a document's table that the question asks for by name. ``sides`` are what the question sets
    side by side, each spoken of in a place of its own; ``parts`` then has a search for each question to each.
    ``followed`` is what a step on found: the person that is asked for, where the best of ``chosen`` names only
    whose head it is, or what happened on the day of what the question tells. ``another_text``: the best of
    ``chosen`` stands outside the agreement that the question asks of.
    """

    asked: str
    understood: str | None
    analysis: Analysis
    whole: Part
    parts: tuple[Part, ...]
    chosen: tuple[Unit, ...]
    rows: tuple[Unit, ...]
    hits: tuple[Hit, ...]
    sides: tuple[Side, ...] = ()
    bridge: Bridge | None = None
    hops: tuple[Part, ...] = ()
    followed: Unit | None = None
    another_text: bool = False

    @property
    def in_steps(self) -> bool:
        """Whether what one search found led to the answer in another."""
        return self.bridge is not None or self.followed is not None

    @property
    def scored(self) -> list[Scored]:
        """All units found, those of the whole question first, each once."""
        seen: dict[int, Scored] = {}
        for part in (self.whole, *self.parts, *self.hops):
            for candidate in part.scored:
                seen.setdefault(candidate.unit.number, candidate)
        return list(seen.values())


class Investigator(Searcher):
    """Finds evidence in one opened index. Holds no conversation; safe to share between threads."""

    def __init__(
        self,
        retriever: Retriever,
        library: Library,
        *,
        top_k: int,
        judge: Judge | None = None,
        rewriter: Callable[[str, Sequence[Turn]], str | None] | None = None,
    ) -> None:
        """``judge`` reads the best units again; ``rewriter`` is asked for a follow-up that no rule changes."""
        super().__init__(retriever, library, top_k=top_k, judge=judge)
        self.rewriter = rewriter

    def investigate(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        doc_ids: Collection[str] | None = None,
        clock: Clock | None = None,
    ) -> Evidence:
        """Return the evidence for a question that has passed ``check_question``."""
        clock = clock or Clock()
        understood = rewrite(question, history)
        if understood is None and history and self.rewriter is not None:
            understood = self.rewriter(question, history)
        analysis = analyse(understood or question)
        ordered = ordinal_sides(analysis.question) is not None
        sides = () if ordered else find_sides(analysis.question, self.scopes, doc_ids=doc_ids)
        subs = [analyse(sub) for sub in sub_questions(analysis) if sub != analysis.question and not sides]
        clock.mark("analyse")
        whole, hits = self.search(analysis, doc_ids, clock)
        parts = tuple(self.search(sub, doc_ids, clock)[0] for sub in subs)
        parts += tuple(
            self._search_side(side, asked, sides, analysis.question, doc_ids, clock)
            for side in sides
            for asked in side.asked
        )
        chosen = tuple(choose(whole.scored, self.library)) if whole.scored and not sides else ()
        for part in parts:
            best = choose(part.scored, self.library, limit=1) if part.scored else []
            chosen += tuple(unit for unit in best if unit not in chosen)
        bridge, hops = (None, ()) if sides else self._bridge(analysis, doc_ids, clock)
        if bridge is not None:
            chosen = tuple(dict.fromkeys((*chosen, bridge.answer.unit, bridge.found)))
        rows = tuple(
            row
            for row in field_rows(analysis, self.library, whole.matcher, chosen[0] if chosen else None)
            if doc_ids is None or row.doc_id in doc_ids
        )
        followed = None
        if not rows and not sides:
            followed = self._on_that_day(analysis, doc_ids, clock) or self._followed(
                analysis, chosen, doc_ids, clock
            )
        another = not sides and bridge is None and self._of_another_text(analysis, chosen)
        return Evidence(
            question,
            understood,
            analysis,
            whole,
            parts,
            chosen,
            rows,
            hits,
            sides,
            bridge,
            hops,
            followed,
            another,
        )

    @cached_property
    def scopes(self) -> Scopes:
        """The named regions of the index, read when they are first asked for."""
        return Scopes(self.library)

    def _of_another_text(self, analysis: Analysis, chosen: Sequence[Unit]) -> bool:
        """Return whether the best of ``chosen`` stands outside the agreement that the question asks of."""
        name = asked_text(analysis.folded)
        scope = self.scopes.agreement_named(name) if name and chosen else None
        return scope is not None and not scope.holds(chosen[0])

    def _search_side(
        self,
        side: Side,
        asked: str,
        sides: Sequence[Side],
        whole: str,
        doc_ids: Collection[str] | None,
        clock: Clock,
    ) -> Part:
        """Return what the place of a side says to what is asked of it; where that is nothing, what others say.

        Only a judge can tell it. The place of another side is never read for this one.
        """
        part = self.search_scope(analyse(asked), side.scope, whole, clock)
        best = _first_logit(part.scored)
        if self.judge is None or best > _SAYS_NOTHING:
            return part
        own = f"{side.name}，{asked.lstrip('，,')}"
        best = max(best, _first_logit(self.search_scope(analyse(asked), side.scope, own, clock).scored))
        if best > _SAYS_NOTHING:
            return part
        elsewhere, _ = self.search(analyse(own), doc_ids, clock)
        others = [one.scope for one in sides if one is not side]
        kept = [s for s in elsewhere.scored if not any(scope.holds(s.unit) for scope in others)]
        if _first_logit(kept) < max(best + _SURER, 0.0):
            return part
        return Part(part.analysis, kept, part.matcher)

    def _bridge(
        self, analysis: Analysis, doc_ids: Collection[str] | None, clock: Clock
    ) -> tuple[Bridge | None, tuple[Part, ...]]:
        """Return the pair of sentences that answers a question that describes its subject, and both searches."""
        halves = split_hops(analysis.question)
        if halves is None or analysis.kind in {"yes_no", "comparison"} or side_names(analysis.question):
            return None, ()
        described, _ = self.search(analyse(halves.described), doc_ids, clock)
        asked = analyse(halves.asked)
        if halves.of_a_text and described.scored:
            inside = self._inside(described.scored, halves, asked, clock)
            if inside is not None:
                return inside[0], (described, inside[1])
        found = self.retriever.search_detailed(asked.question, self.top_k, doc_ids=doc_ids)
        clock.mark("retrieve")
        near = [n for s in described.scored[:2] for n in scope_of(s.unit, self.library)]
        added = [n for n in dict.fromkeys(near) if n not in found.numbers]
        hits = [*found.hits, *(Hit(self.library.passages[n], 0.0, self.top_k) for n in added)]
        answering = self.score(asked, found.query_vector, hits, [*found.numbers, *added], clock)
        read = None if self.judge is None else self._reader(halves, self.judge)
        bridge = best_bridge(analysis.folded, described.scored, answering.scored, self.library, read=read)
        clock.mark("rerank")
        return bridge, (described, answering)

    def _reader(self, halves: Hops, judge: Judge) -> Callable[[str, Unit], float]:
        """Return how surely a unit answers what is asked of a name, by the judge, as a logit."""
        library = self.library

        def read(name: str, unit: Unit) -> float:
            return float(judge.score(f"{name}，{halves.asked}", [judged_pair(unit, library)])[0])

        return read

    def _followed(
        self, analysis: Analysis, chosen: Sequence[Unit], doc_ids: Collection[str] | None, clock: Clock
    ) -> Unit | None:
        """Return the clause that names the person whom the best one leaves open; only a judge can tell it."""
        step = next_step(analysis, chosen)
        if step is None or self.judge is None:
            return None
        found = self.retriever.search_detailed(step.query, self.top_k, doc_ids=doc_ids)
        clock.mark("retrieve")
        query = analyse(step.query)
        part = self.score(query, found.query_vector, found.hits, found.numbers, clock, judged=False)
        followed = follow(step, analysis, part.scored, self.library, self.judge)
        clock.mark("rerank")
        return followed

    def _on_that_day(self, analysis: Analysis, doc_ids: Collection[str] | None, clock: Clock) -> Unit | None:
        """Return what is asked of the day of something that the question tells; only a judge can tell it."""
        halves = that_day(analysis.question)
        if halves is None or self.judge is None:
            return None
        told, _ = self.search(analyse(halves[0]), doc_ids, clock)
        best = choose(told.scored, self.library, limit=1) if told.scored else []
        day = day_of(best[0]) if best else ""
        if not day:
            return None
        asked = analyse(f"{day}，{halves[1]}")
        part, _ = self.search(asked, doc_ids, clock)
        sure = (
            s.unit
            for s in part.scored
            if not s.unit.is_heading and day_fit(asked, s.unit) > 0 and s.features.get("judged", 0.0) > 0
        )
        return next((unit for unit in sure if unit.number != best[0].number), None)

    def _inside(
        self, described: Sequence[Scored], halves: Hops, asked: Analysis, clock: Clock
    ) -> tuple[Bridge, Part] | None:
        """Return what the text that a description is clearly of says to what is asked, and the search in it."""
        scope = self.scopes.agreement_around(described[0].unit)
        if scope is None or not clearly_first(described, scope.holds):
            return None
        part = self.search_scope(asked, scope, asked.question, clock)
        bridge = inside_bridge(described[0], part.scored, halves)
        several = asking_parts(halves.asked)
        if bridge is None or len(several) != _TWO:
            return None if bridge is None else (bridge, part)
        # 「是谁跟谁签的，总共几项」: each is looked for on its own.
        each = [self.search_scope(analyse(one), scope, one, clock).scored for one in several]
        found = [
            inside_bridge(described[0], scored, replace(halves, asked=one))
            for scored, one in zip(each, several, strict=True)
        ]
        first, second = found
        if first is not None and second is not None and first.answer.unit != second.answer.unit:
            bridge = replace(first, beside=second.answer.unit)
        return bridge, part


def _first_logit(scored: Sequence[Scored]) -> float:
    """Return the judge's logit of the first unit that is no heading, far below nothing where there is none."""
    first = next((s for s in scored if not s.unit.is_heading), None)
    return -9.0 if first is None else first.features.get("judged", 0.0)
