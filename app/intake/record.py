"""What a person says of a document beside its text, as a line of ``sources.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from app.intake.faults import IntakeError
from index.provenance import SOURCES_NAME, read_sources

RECORD_FIELDS = ("title", "doc_number", "issuer", "issued", "published", "url")


def write_record(folder: Path, name: str, record: Mapping[str, str]) -> None:
    """Add what a person said of a file to ``sources.jsonl``, whole or not at all; nothing said writes nothing."""
    said = {key: record[key].strip() for key in RECORD_FIELDS if record.get(key, "").strip()}
    if not said:
        return
    if not said.get("url", "https://").startswith(("https://", "http://")):
        raise IntakeError("upload_record", detail=f"url {said['url'][:80]!r}, expected https://…")
    path = folder / SOURCES_NAME
    if name in read_sources(path):
        raise IntakeError("upload_name_taken", name=name)
    before = path.read_bytes() if path.is_file() else b""
    gap = b"" if not before or before.endswith(b"\n") else b"\n"
    line = json.dumps({"source": name, **said}, ensure_ascii=False).encode()
    write_whole(path, before + gap + line + b"\n")


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file, whole or not at all."""
    copy = path.with_name(f".intake-{path.name}")
    try:
        copy.write_bytes(content)
        copy.replace(path)
    finally:
        copy.unlink(missing_ok=True)
