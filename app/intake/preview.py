"""A file as it would stand in the library, before it is there."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.intake.faults import IntakeError, fault_of
from app.intake.record import write_record
from index.errors import CorpusError

if TYPE_CHECKING:
    from index.clean_lines import Removal
    from index.outline import Section
    from index.types import Document, Passage

# Lines shorter than this are headings and dates, which many documents share.
_MIN_SHARED_CHARS = 15
_SIMILAR_FROM = 0.5


@dataclass(frozen=True, slots=True)
class Similar:
    """A document of the library that holds this share (0 to 1) of a new document's longer lines."""

    doc_id: str
    title: str
    share: float


@dataclass(frozen=True, slots=True)
class Preview:
    """How a file would stand in the library: what is kept of it, its clauses, and what cleaning took out."""

    document: Document
    outline: Section
    passages: tuple[Passage, ...]
    removed: tuple[Removal, ...]
    similar: tuple[Similar, ...]


def look_at(
    name: str, data: bytes, record: Mapping[str, str], others: Collection[Document], *, max_chars: int
) -> Preview:
    """Return how a file would stand in the library; ``name`` is safe, ``others`` are the documents there.

    Raises:
        IntakeError: the file cannot become a document, or the record is not valid.

    """
    from index.corpus import load_corpus
    from index.outline import build_outline
    from index.passages import make_passages

    with tempfile.TemporaryDirectory(prefix="wence-") as place:
        folder = Path(place)
        (folder / name).write_bytes(data)
        write_record(folder, name, record)
        try:
            corpus = load_corpus(folder)
        except CorpusError as error:
            # The record's own fault, such as a date that is none.
            raise IntakeError("upload_record", detail=str(error)) from error
    if not corpus.documents:
        raise fault_of(corpus.problems[0] if corpus.problems else f"{name}: not a document")
    document = corpus.documents[0]
    outline = build_outline(document.text)
    passages = tuple(make_passages(document, outline, max_chars=max_chars))
    if not passages:
        raise IntakeError("upload_empty", name=name, detail="no passages")
    removed = corpus.removed.get(document.doc_id, ())
    return Preview(document, outline, passages, removed, tuple(_similar(document, others)))


def _similar(document: Document, others: Collection[Document]) -> list[Similar]:
    """The documents that hold at least half of a new one's longer lines, the likest first."""
    lines = _long_lines(document.text)
    shares = [(len(lines & _long_lines(other.text)) / max(1, len(lines)), other) for other in others]
    found = [Similar(one.doc_id, one.title, round(share, 3)) for share, one in shares if share >= _SIMILAR_FROM]
    return sorted(found, key=lambda one: -one.share)


def _long_lines(text: str) -> set[str]:
    lines = ("".join(line.split()) for line in text.split("\n"))
    return {line for line in lines if len(line) >= _MIN_SHARED_CHARS}
