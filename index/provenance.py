"""``sources.jsonl``: one record of provenance per file. What it says wins over what the text shows."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from index.errors import CorpusError
from index.parse.text import read_text

SOURCES_NAME: Final = "sources.jsonl"
DATE_FIELDS: Final = ("issued", "published", "signed", "effective", "expires")
_TEXT_FIELDS: Final = ("title", "publisher", "issuer", "doc_number", "kind", "validity", "url", "note")
LIST_FIELDS: Final = ("parties", "agreements")
_FIELDS: Final = ("source", *_TEXT_FIELDS, *DATE_FIELDS, *LIST_FIELDS)
ISO_DATE: Final = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")

Record = Mapping[str, str | list[str] | None]


def read_sources(path: Path) -> dict[str, Record]:
    """The records of ``sources.jsonl`` by file name; empty if there is no such file.

    Raises:
        CorpusError: naming the line, for what is not JSON, not a record, of an unknown field or a wrong type.

    """
    data = path.read_bytes() if path.is_file() else b""
    if not data.strip():
        # No records are fine, and what removing the last document leaves.
        return {}
    records: dict[str, Record] = {}
    for number, line in enumerate(read_text(data, name=path.name).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path.name} line {number}"
        record = _check_record(line, where)
        source = str(record["source"])
        if source in records:
            raise CorpusError(f"{where}: a second record for {source}; keep one")
        records[source] = record
    return records


def record_digests(folder: Path) -> dict[str, str]:
    """The digest of each file's record in ``sources.jsonl``, by file name.

    Raises:
        CorpusError: as :func:`read_sources`.

    """
    return {
        name: hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
        for name, record in read_sources(folder / SOURCES_NAME).items()
    }


def text_of(record: Record, name: str) -> str | None:
    """What ``record`` says in the text field ``name``; ``None`` where it says nothing."""
    value = record.get(name)
    return value if isinstance(value, str) else None


def texts_of(record: Record, name: str) -> tuple[str, ...] | None:
    """What ``record`` says in the list field ``name``; an empty list says that there are none."""
    value = record.get(name)
    return tuple(value) if isinstance(value, list) else None


def _check_record(line: str, where: str) -> Record:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise CorpusError(f"{where}: not JSON ({error.msg} at column {error.colno})") from error
    if not isinstance(record, dict):
        raise CorpusError(f"{where}: expected an object with a field 'source'")
    unknown = sorted(set(record) - set(_FIELDS))
    if unknown:
        raise CorpusError(f"{where}: unknown field {unknown[0]!r}; known are {', '.join(_FIELDS)}")
    for key, value in record.items():
        _check_value(key, value, where)
    if not record.get("source"):
        raise CorpusError(f"{where}: no 'source'; expected the name of a file in the folder")
    return record


def _check_value(key: str, value: object, where: str) -> None:
    if value is None:
        return
    if key in LIST_FIELDS:
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            raise CorpusError(f"{where}: {key!r} is {value!r}; expected a list of texts, or null")
        return
    if not (isinstance(value, str) and value.strip()):
        raise CorpusError(f"{where}: {key!r} is {value!r}; expected text or null")
    if key in DATE_FIELDS and not ISO_DATE.fullmatch(value):
        raise CorpusError(f"{where}: {key!r} is {value!r}; expected a date such as 2023-04-26, or null")
