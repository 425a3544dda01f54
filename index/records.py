"""Documents and passages as JSON lines, and back. A passage is stored as spans: its text is its document's."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from index.types import Document, Passage

Span = tuple[int, int]

# json.dumps makes a new encoder for each call with options.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False)


def write_documents(path: Path, documents: Sequence[Document]) -> None:
    """Write one JSON object per document into ``path``."""
    # dataclasses.asdict copies every value; of two thousand documents that takes longer than writing them.
    names = [field.name for field in dataclasses.fields(Document)]
    _write_lines(path, ({name: getattr(document, name) for name in names} for document in documents))


def read_documents(path: Path) -> tuple[Document, ...]:
    """Return the documents in ``path``.

    Raises:
        ValueError, KeyError, TypeError: a line is not a document.
        OSError: the file cannot be read.

    """
    return tuple(_document(record) for record in _read_lines(path))


def _document(record: dict[str, Any]) -> Document:
    lists = {name: tuple(record.get(name, ())) for name in ("pages", "parties", "agreements")}
    found = tuple((name, start, end) for name, start, end in record.get("found", ()))
    return Document(**{**record, **lists, "found": found})


def write_passages(path: Path, passages: Sequence[Passage], spans: Sequence[Sequence[Span]]) -> None:
    """Write one JSON object per passage, with its sentences' spans, into ``path``."""
    _write_lines(
        path,
        (
            {
                "doc_id": passage.doc_id,
                "passage_id": passage.passage_id,
                "heading_path": passage.heading_path,
                "start": passage.start,
                "end": passage.end,
                "sentences": [list(span) for span in sentences],
            }
            for passage, sentences in zip(passages, spans, strict=True)
        ),
    )


def read_passages(
    path: Path, documents: Mapping[str, Document]
) -> tuple[tuple[Passage, ...], tuple[tuple[Span, ...], ...]]:
    """Return the passages in ``path`` and, for each, its sentences' spans.

    Raises:
        ValueError, KeyError, TypeError: a line is not a passage of ``documents``.
        OSError: the file cannot be read.

    """
    passages: list[Passage] = []
    spans: list[tuple[Span, ...]] = []
    for record in _read_lines(path):
        document = documents[record["doc_id"]]
        start, end = record["start"], record["end"]
        if not 0 <= start < end <= len(document.text):
            raise ValueError(f"passage {start}-{end} is not inside its document of {len(document.text)}")
        passages.append(
            Passage(
                passage_id=record["passage_id"],
                doc_id=document.doc_id,
                title=document.title,
                source=document.source,
                heading_path=tuple(record["heading_path"]),
                text=document.text[start:end],
                start=start,
                end=end,
            )
        )
        sentences = tuple((first, last) for first, last in record["sentences"])
        for first, last in sentences:
            if not start <= first < last <= end:
                raise ValueError(f"sentence {first}-{last} is not inside {start}-{end}")
        spans.append(sentences)
    return tuple(passages), tuple(spans)


def _write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for record in records:
            file.write(_ENCODER.encode(record) + "\n")


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    # Not str.splitlines: a document may hold U+2028, which that takes for the end of a line.
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield json.loads(line)
