"""The opened index seen as citable units: sentences with their headings, weights and duplicates."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property

from app.answer.enumerations import find_enumerations
from app.answer.fold import fold
from app.answer.runs import Run, find_runs, is_posed, questions_over
from app.answer.values import Value, find_values
from index.clean_lines import is_metadata_row
from index.duplicates import Likeness, compare
from index.outline import Section, build_outline, walk
from index.store import Store
from index.types import Document, Passage

_SAMPLE = 20_000
_MAX_LABELLED_CHARS = 80
# So many claims in common are no chance; so many documents are compared with one.
_LEAST_SHARED = 3
_MOST_ALIKE = 5


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest citable piece: one sentence (or clause before a semicolon) of a passage.

    ``number`` indexes ``Library.units``; ``row`` is the row of its vector among its passage's sentences;
    ``headings`` is its heading path; ``is_heading`` tells a heading line from prose.
    """

    number: int
    passage_index: int
    row: int
    doc_id: str
    start: int
    end: int
    text: str
    folded: str
    headings: tuple[str, ...]
    heading_folded: str
    is_heading: bool
    values: tuple[Value, ...]
    list_sizes: tuple[int, ...]


class Library:
    """Documents, outlines and units of one opened index. Read-only."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.documents: Mapping[str, Document] = store.documents
        self.passages: tuple[Passage, ...] = store.passages
        self._outlines: dict[str, Section] = {}
        self._weights: dict[str, float] = {}
        self._likenesses: dict[str, Mapping[str, Likeness]] = {}
        self._citable: Collection[str] | None = None
        self.units: list[Unit] = []
        self._by_passage: list[range] = []
        self._runs: dict[int, Run] = {}
        self._announced: dict[int, str] = {}
        self._read_context()
        for passage_index in range(len(self.passages)):
            self._add_units(passage_index)
        # The entry of each passage in the store.
        self._entries = [units.start + number for number, units in enumerate(self._by_passage)]

    def _read_context(self) -> None:
        """Note, by unit number, the runs of parallel clauses and the words that announce a unit."""
        spans: list[tuple[int, int]] = []
        first = 0
        for index, passage in enumerate(self.passages):
            spans += self.store.sentence_spans(index)
            if index + 1 < len(self.passages) and self.passages[index + 1].doc_id == passage.doc_id:
                continue
            text = self.documents[passage.doc_id].text
            for run in find_runs(text, spans):
                lead = fold(text[slice(*run.lead)]) if run.lead else ""
                for position in run.members:
                    self._runs[first + position] = run
                    self._announced[first + position] = lead
            for position, asked in questions_over(text, spans, self._heading_spans(passage.doc_id)).items():
                self._announced[first + position] = fold(asked) + self._announced.get(first + position, "")
            first += len(spans)
            spans = []

    def run_of(self, unit: Unit) -> Run | None:
        """Return the run of parallel clauses that the unit is an item of."""
        return self._runs.get(unit.number)

    def _add_units(self, passage_index: int) -> None:
        passage = self.passages[passage_index]
        text = self.documents[passage.doc_id].text
        first = len(self.units)
        headings = self._heading_spans(passage.doc_id)
        path = fold(" ".join(passage.heading_path))
        for row, (start, end) in enumerate(self.store.sentence_spans(passage_index)):
            piece = text[start:end]
            folded = fold(piece)
            announced = self._announced.get(len(self.units), "")
            self.units.append(
                Unit(
                    number=len(self.units),
                    passage_index=passage_index,
                    row=row,
                    doc_id=passage.doc_id,
                    start=start,
                    end=end,
                    text=piece,
                    folded=folded,
                    headings=passage.heading_path,
                    heading_folded=path if not announced or announced in folded else path + announced,
                    is_heading=is_posed(piece) or (start, end) in headings or _inside(start, end, headings),
                    values=tuple(find_values(piece)),
                    list_sizes=tuple(len(e.items) for e in find_enumerations(piece)),
                )
            )
        self._by_passage.append(range(first, len(self.units)))

    def units_of(self, passage_index: int) -> list[Unit]:
        """Return the units of one passage in order."""
        return [self.units[n] for n in self._by_passage[passage_index]]

    def units_around(self, unit: Unit, *, passages: int = 3) -> list[Unit]:
        """Return the units of the same document from ``passages`` passages before to the unit's own passage."""
        first = max(0, unit.passage_index - passages)
        numbers = range(first, unit.passage_index + 1)
        return [u for n in numbers for u in self.units_of(n) if u.doc_id == unit.doc_id]

    def outline(self, doc_id: str) -> Section:
        """Return the clause tree of a document; ``KeyError`` for an unknown one."""
        if doc_id not in self._outlines:
            self._outlines[doc_id] = build_outline(self.documents[doc_id].text)
        return self._outlines[doc_id]

    def _heading_spans(self, doc_id: str) -> frozenset[tuple[int, int]]:
        if doc_id not in self._heading_cache:
            text = self.documents[doc_id].text
            spans = set()
            for section, _ in walk(self.outline(doc_id)):
                if section.kind != "document" and section.heading and section.body_start > section.start:
                    piece = text[section.start : section.body_start]
                    start = section.start + len(piece) - len(piece.lstrip())
                    spans.add((start, start + len(piece.strip())))
            self._heading_cache[doc_id] = frozenset(spans)
        return self._heading_cache[doc_id]

    @cached_property
    def _heading_cache(self) -> dict[str, frozenset[tuple[int, int]]]:
        return {}

    def twins(self, unit: Unit) -> list[Unit]:
        """Return the other units that make the same claim and may be cited; see :mod:`index.copies`."""
        # The store counts passages and sentences in one row: each passage, then its sentences.
        entries = self.store.copies.of(unit.number + unit.passage_index + 1)
        found = [self.units[n] for n in map(self._unit_at, entries) if n is not None]
        return [one for one in found if self._citable is None or one.doc_id in self._citable]

    def citing_only(self, doc_ids: Collection[str]) -> Library:
        """Return this library for a question that is limited to some documents: copies elsewhere are not cited."""
        limited = copy(self)
        limited._citable = frozenset(doc_ids)
        return limited

    def _unit_at(self, entry: int) -> int | None:
        """The number of the unit at an entry of the store; ``None`` for a passage as a whole."""
        passage = bisect_right(self._entries, entry) - 1
        return None if entry == self._entries[passage] else entry - passage - 1

    def likenesses(self, doc_id: str) -> Mapping[str, Likeness]:
        """Return how a document agrees with each other one that repeats it, the most alike first.

        Raises:
            KeyError: there is no such document.

        """
        if doc_id not in self._likenesses:
            alike = self.store.alike(doc_id)
            others = [other for other, count in alike.items() if count >= _LEAST_SHARED]
            ordered = sorted(others, key=lambda other: (-alike[other], other))[:_MOST_ALIKE]
            own = self._passages_in(doc_id)
            self._likenesses[doc_id] = {other: compare(own, self._passages_in(other)) for other in ordered}
        return self._likenesses[doc_id]

    def _passages_in(self, doc_id: str) -> list[Passage]:
        return [self.passages[number] for number in self.store.passages_of[doc_id]]

    @cached_property
    def tables(self) -> dict[str, list[Unit]]:
        """The rows of each document's table of document data, by doc_id; documents without one are left out."""
        rows: dict[str, list[Unit]] = defaultdict(list)
        for unit in self.units:
            if is_metadata_row(unit.text):
                rows[unit.doc_id].append(unit)
        return rows

    def lines(self, doc_id: str) -> list[Unit]:
        """Return the document's short lines of the form 名称：值, in order."""
        return self._labelled.get(doc_id, [])

    @cached_property
    def _labelled(self) -> dict[str, list[Unit]]:
        lines: dict[str, list[Unit]] = defaultdict(list)
        for unit in self.units:
            if len(unit.text) <= _MAX_LABELLED_CHARS and re.match(r"^[^：:，。；]{2,14}[：:]\s*\S", unit.text):
                lines[unit.doc_id].append(unit)
        return lines

    def weight(self, term: str) -> float:
        """Return the inverse document frequency of a term over units: ``ln(1 + (N - n + .5) / (n + .5))``.

        Robertson & Zaragoza 2009, eq. 3.3. Units beyond a sample of 20,000 are not counted.
        """
        if term not in self._weights:
            sample = self.units[:_SAMPLE]
            n = sum(1 for unit in sample if term in unit.folded)
            self._weights[term] = math.log(1 + (len(sample) - n + 0.5) / (n + 0.5))
        return self._weights[term]

    @cached_property
    def weight_of_absent(self) -> float:
        """The weight of a term that no unit holds."""
        count = min(len(self.units), _SAMPLE)
        return math.log(1 + (count + 0.5) / 0.5)

    def holds(self, term: str) -> bool:
        """Return whether a folded term occurs in any document's text or title."""
        return any(term in text for text in self._folded_documents.values())

    @cached_property
    def _folded_documents(self) -> dict[str, str]:
        return {doc_id: fold(f"{d.title} {d.text}") for doc_id, d in self.documents.items()}

    def folded_document(self, doc_id: str) -> str:
        """Return a document's folded title and text."""
        return self._folded_documents[doc_id]


def _inside(start: int, end: int, spans: frozenset[tuple[int, int]]) -> bool:
    """Return whether a unit lies within a heading (a heading of two sentences is two units)."""
    return any(s <= start and end <= e for s, e in spans)
