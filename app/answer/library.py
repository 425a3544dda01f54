"""The opened index seen as citable units: sentences with their headings, weights and duplicates."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from app.answer.enumerations import find_enumerations
from app.answer.fold import content_key, fold
from app.answer.values import Value, find_values
from index.clean_lines import is_metadata_row
from index.outline import Section, build_outline, walk
from index.store import Store
from index.types import Document, Passage

_SAMPLE = 20_000


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
        self.units: list[Unit] = []
        self._by_passage: list[range] = []
        for passage_index in range(len(self.passages)):
            self._add_units(passage_index)

    def _add_units(self, passage_index: int) -> None:
        passage = self.passages[passage_index]
        text = self.documents[passage.doc_id].text
        first = len(self.units)
        headings = self._heading_spans(passage.doc_id)
        path = fold(" ".join(passage.heading_path))
        for row, (start, end) in enumerate(self.store.sentence_spans(passage_index)):
            piece = text[start:end]
            folded = fold(piece)
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
                    heading_folded=path,
                    is_heading=(start, end) in headings or _inside(start, end, headings),
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

    @cached_property
    def _twin_groups(self) -> dict[str, list[int]]:
        groups: dict[str, list[int]] = defaultdict(list)
        for unit in self.units:
            key = content_key(unit.text)
            if len(key) >= 8:
                groups[key].append(unit.number)
        return groups

    def twins(self, unit: Unit) -> list[Unit]:
        """Return the other units that carry the same words and figures, punctuation and spacing aside."""
        numbers = self._twin_groups.get(content_key(unit.text), [])
        return [self.units[n] for n in numbers if n != unit.number]

    @cached_property
    def tables(self) -> dict[str, list[Unit]]:
        """The rows of each document's table of document data, by doc_id; documents without one are left out."""
        rows: dict[str, list[Unit]] = defaultdict(list)
        for unit in self.units:
            if is_metadata_row(unit.text):
                rows[unit.doc_id].append(unit)
        return rows

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
