"""The units of one part of a question in another order: what the other parts say tells which fit it best. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from app.answer.library import Unit
from app.answer.select import Scored, TermMatcher

# What a word adds that this part alone asks of, in the units of the unit score.
_OWN_WORD = 3.0


def same_section_first(scored: Sequence[Scored], anchor: Unit, most: float) -> list[Scored]:
    """Return the units, those under the headings of ``anchor`` raised by ``most``, others of its document less."""

    def bonus(candidate: Scored) -> float:
        unit = candidate.unit
        if unit.doc_id != anchor.doc_id:
            return 0.0
        return most if unit.headings and unit.headings == anchor.headings else most / 3

    return _raised(scored, bonus)


def own_words_first(scored: Sequence[Scored], own: Collection[str], matcher: TermMatcher) -> list[Scored]:
    """Return the units, those raised that hold one of the words ``own``, which no other part asks of."""

    def bonus(candidate: Scored) -> float:
        text = candidate.unit.folded + candidate.unit.heading_folded
        return _OWN_WORD * max((matcher.match(term, text) for term in own), default=0.0)

    return _raised(scored, bonus)


def _raised(scored: Sequence[Scored], bonus: Callable[[Scored], float]) -> list[Scored]:
    raised = [Scored(s.unit, s.score + bonus(s), s.features) for s in scored]
    return sorted(raised, key=lambda s: (-s.score, s.unit.number))
