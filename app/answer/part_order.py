"""Units in another order: what other parts of a question say, or whose place they name, tells which fits. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from app.answer.analyse import Analysis
from app.answer.library import Unit
from app.answer.named import named_areas, named_places, short_forms
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


def asked_place_first(chosen: Sequence[Unit], analysis: Analysis) -> list[Unit]:
    """Return the units, the one that says the only place asked of before one that gives another's figure.

    「甲市有多少户」 is led by 「…20万户甲市企业」, not by 「…观湖新区6万户」.
    """
    places = named_places(analysis.folded)
    if len(places) != 1 or len(chosen) < _PAIR or not analysis.value_kinds:
        return list(chosen)
    forms = short_forms(places[0])

    def says(unit: Unit) -> bool:
        return any(form in unit.folded for form in forms)

    first, *rest = chosen
    owned = named_places(first.folded) or named_areas(first.folded, known=lambda _: True)
    own = [unit for unit in rest if says(unit) and unit.values]
    if says(first) or not owned or not own:
        return list(chosen)
    return [own[0], *(unit for unit in chosen if unit is not own[0])]


_PAIR = 2


def _raised(scored: Sequence[Scored], bonus: Callable[[Scored], float]) -> list[Scored]:
    raised = [Scored(s.unit, s.score + bonus(s), s.features) for s in scored]
    return sorted(raised, key=lambda s: (-s.score, s.unit.number))
