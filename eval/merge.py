"""Several question files into one, each fact assigned to a split once and for all."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

from eval.cases import Case, CasesError, load_cases
from eval.spans import Locator


def split_of(fact: str) -> str:
    """Return dev or test for a fact, by the lowest bit of its SHA-256: half and half, and never to change.

    All paraphrases share the fact and so the split.

    >>> split_of("auto-output-2025") == split_of("auto-output-2025")
    True
    """
    return "dev" if hashlib.sha256(fact.encode("utf-8")).digest()[-1] % 2 == 0 else "test"


def in_fast_subset(fact: str) -> bool:
    """Return whether the questions of a fact belong to the fixed sixth that continuous integration asks."""
    return hashlib.sha256(fact.encode("utf-8")).digest()[0] % 6 == 0


def merge_cases(files: Sequence[Path]) -> tuple[Case, ...]:
    """Return the cases of all files in order. Raises CasesError when two files share an id."""
    merged: dict[str, Case] = {}
    origin: dict[str, Path] = {}
    for path in files:
        for case in load_cases(path):
            if case.id in merged:
                raise CasesError(f"id {case.id!r} stands in {origin[case.id]} and in {path}; rename one")
            merged[case.id] = case
            origin[case.id] = path
    return tuple(merged.values())


def settle_evidence(cases: Sequence[Case], cleaned: Locator, raw: Locator) -> tuple[tuple[Case, ...], list[str]]:
    """Return the cases with evidence that can be cited, and a line on each that was changed.

    A quote that stands in the raw files only goes when another of the same entry can be cited; when no quote of
    a case can, ``metadata`` is set. Both are said aloud, for a person to judge: what cleaning takes from a record
    table is right to lose, a clause is not.
    """
    settled, notes = [], []
    for case in cases:
        entries = []
        for entry in case.evidence:
            lost = tuple(q for q in entry if not cleaned.locate([q.quote]) and raw.locate([q.quote]))
            entries.append(tuple(q for q in entry if q not in lost) or entry)
            if lost and entries[-1] != entry:
                notes.append(f"{case.id}: dropped a quote that is in no document's text: {lost[0].quote}")
        quotes = [quote.quote for entry in entries for quote in entry]
        metadata = bool(quotes) and not cleaned.locate(quotes) and all(raw.locate([text]) for text in quotes)
        if metadata:
            notes.append(f"{case.id}: metadata, its evidence is in no document's text: {quotes[0]}")
        settled.append(dataclasses.replace(case, evidence=tuple(entries), metadata=metadata))
    return tuple(settled), notes


def assign_splits(cases: Sequence[Case]) -> tuple[Case, ...]:
    """Return the cases with the split of their fact: one that a file gave to any of its questions, else by hash.

    A split once given stays, also when facts are joined later; dev wins, because what was looked at while
    building can never be test again.
    """
    given: dict[str, str] = {}
    for case in cases:
        if case.split is not None and given.get(case.fact) != "dev":
            given[case.fact] = case.split
    return tuple(dataclasses.replace(case, split=given.get(case.fact) or split_of(case.fact)) for case in cases)
