"""Which facts are one: questions that ask for the same words of the same place must not fall into two splits."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from eval.cases import Case
from eval.matching import canonical
from eval.spans import Locator


def joined_facts(cases: Sequence[Case], locator: Locator) -> dict[str, str]:
    """Return fact -> the name its family goes by (the first in the file), for facts that are not their own.

    Two facts are one when a question of each needs the same key fact from the same place in the documents,
    so that tuning on the one would be tuning on the other. Writers name facts without seeing each other's.
    """
    parent = {case.fact: case.fact for case in cases}
    order = {fact: position for position, fact in enumerate(parent)}

    def root(fact: str) -> str:
        while parent[fact] != fact:
            fact = parent[fact]
        return fact

    places: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    for case in cases:
        for place in _places(case, locator):
            places[place].add(case.fact)
    for facts in places.values():
        for first, second in pairwise(sorted(facts, key=order.__getitem__)):
            a, b = sorted((root(first), root(second)), key=order.__getitem__)
            parent[b] = a
    return {fact: root(fact) for fact in parent if root(fact) != fact}


def _places(case: Case, locator: Locator) -> Iterator[tuple[str, str, int]]:
    """Yield (key fact, document, offset of the key fact there) for each key fact found in the evidence."""
    wanted = {canonical(text) for fact in case.key_facts for text in fact}
    for entry in case.evidence:
        for span in locator.locate(quote.quote for quote in entry):
            text = locator.text_of(span)
            for fact in (text_ for alternatives in case.key_facts for text_ in alternatives):
                if canonical(fact) in wanted and (at := text.find(fact)) >= 0:
                    yield canonical(fact), span.doc_id, span.start + at


def join_facts(cases: Sequence[Case], locator: Locator) -> tuple[tuple[Case, ...], dict[str, str]]:
    """Return the cases with one name per family of facts, and what was renamed."""
    renamed = joined_facts(cases, locator)
    return tuple(dataclasses.replace(c, fact=renamed.get(c.fact, c.fact)) for c in cases), renamed
