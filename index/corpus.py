"""A folder of policy documents with one provenance record each -> the documents, and what was wrong with it.

``sources.jsonl`` holds one JSON object a line. What it says wins over what the text shows; what neither says
stays ``None``. A file without a record is still a document. One bad file never hides the others.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from index.clean import BLOCK_STEPS, STEPS, Cleaned, clean
from index.clean_lines import Removal
from index.errors import CorpusError
from index.metadata import Finding, find_metadata
from index.outline_labels import read_label
from index.parse.blocks import Parsed, settle_headings
from index.parse.pages import page_starts
from index.parse.radicals import unify_radicals
from index.parse.reader import parse, read_bytes
from index.provenance import DATE_FIELDS, ISO_DATE, SOURCES_NAME, Record, read_sources, text_of, texts_of
from index.types import Document

# Which line of a notice's own table fills which field of the document.
_META_FIELDS = {
    "issuer": ("发文机关", "制发机关"),
    "publisher": ("发布机构", "来源", "信息来源"),
    "doc_number": ("发文字号", "文号"),
    "kind": ("体裁分类", "公文种类"),
    "issued": ("成文日期", "生成日期"),
    "published": ("发布日期", "发布时间", "公开日期"),
    "effective": ("实施日期", "生效日期"),
    "expires": ("废止日期",),
}
_ANY_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")
_MAX_TITLE_CHARS = 80


@dataclass(frozen=True, slots=True)
class Corpus:
    """``documents`` in file-name order; ``problems`` one line each, for a person; ``removed`` by ``doc_id``."""

    documents: tuple[Document, ...]
    problems: tuple[str, ...]
    removed: Mapping[str, tuple[Removal, ...]] = field(default_factory=dict)


def load_corpus(folder: Path, *, known: Mapping[str, Document] | None = None) -> Corpus:
    """The documents of ``folder``, cleaned, with their provenance.

    ``known`` holds documents by file name that are to be taken as they are where the file's bytes are still those
    that they were made from; ``removed`` says nothing about them. The caller sees to it that their records and the
    rules of cleaning have not changed.

    Raises:
        CorpusError: the folder is missing, or ``sources.jsonl`` has a line that is not a valid record.

    """
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder; expected a folder of documents")
    records = read_sources(folder / SOURCES_NAME)
    documents: dict[str, Document] = {}
    origin: dict[str, str] = {}
    removed: dict[str, tuple[Removal, ...]] = {}
    problems: list[str] = []
    paths = sorted(_candidates(folder), key=lambda path: path.name)
    for path in paths:
        try:
            document, gone = _load(path, records.get(path.name, {}), (known or {}).get(path.name))
        except (CorpusError, OSError) as error:
            problems.append(_one_line(str(error)))
            continue
        problem = _clash(document, documents, origin)
        if problem is not None:
            problems.append(problem)
            continue
        documents[document.doc_id] = document
        origin[document.sha256] = document.source
        removed[document.doc_id] = gone
    names = {path.name for path in paths}
    problems.extend(
        f"{name}: recorded in {SOURCES_NAME}, but no such file" for name in records if name not in names
    )
    return Corpus(tuple(documents.values()), tuple(problems), removed)


def _candidates(folder: Path) -> list[Path]:
    """The files that should be documents: not hidden, not the records, not notes about the folder."""
    return [
        path
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith((".", "~$")) and path.name != SOURCES_NAME
        if not path.stem.upper().startswith(("README", "LICENSE"))
    ]


def _load(path: Path, record: Record, known: Document | None) -> tuple[Document, tuple[Removal, ...]]:
    data = read_bytes(path)
    sha256 = hashlib.sha256(data).hexdigest()
    if known is not None and known.sha256 == sha256:
        return known, ()
    parsed = parse(data, name=path.name)
    cleaned, pages = _clean(parsed)
    if not cleaned.text:
        raise CorpusError(f"{path.name}: nothing is left after cleaning; expected a document")
    title = text_of(record, "title") or _title(parsed, cleaned) or _first_words(cleaned.text)
    found = find_metadata(cleaned.text, title)
    document = Document(
        doc_id=path.stem,
        title=title,
        text=cleaned.text,
        source=path.name,
        sha256=sha256,
        signed=text_of(record, "signed"),
        url=text_of(record, "url"),
        pages=pages,
        parties=_several(record, "parties", found, "party"),
        agreements=_several(record, "agreements", found, "agreement"),
        validity=text_of(record, "validity") or "；".join(f.value for f in found if f.name == "validity") or None,
        found=tuple((finding.name, finding.start, finding.end) for finding in found),
        **{name: _single(record, name, cleaned.meta, found) for name in _META_FIELDS},
    )
    return document, cleaned.removed


def _clean(parsed: Parsed) -> tuple[Cleaned, tuple[int, ...]]:
    """The cleaned text of what a reader found, and where its pages begin."""
    text, radicals = unify_radicals(parsed.text)
    if parsed.broken:
        cleaned = clean(text, STEPS)
    else:
        cleaned = clean("\n".join(settle_headings(text.split("\n"))), BLOCK_STEPS)
    pages = page_starts(cleaned.text, [unify_radicals(page)[0] for page in parsed.pages])
    return replace(cleaned, removed=(*parsed.removed, *radicals, *cleaned.removed)), pages


def _title(parsed: Parsed, cleaned: Cleaned) -> str | None:
    """The title in the text; that of the file's own properties where the text does not show it.

    A text that opens with 第一章 has its title elsewhere: in the head of its pages, if they have one.
    """
    if cleaned.title is None or read_label(cleaned.title) is not None:
        heads = Counter(gone.text for gone in parsed.removed if gone.step == "running_head")
        if heads and parsed.title is None:
            return heads.most_common(1)[0][0]
    ink = "".join(cleaned.text.split())
    is_shown = parsed.title is not None and "".join(parsed.title.split()) in ink
    return cleaned.title if is_shown and cleaned.title else parsed.title or cleaned.title


def _single(record: Record, name: str, meta: Mapping[str, str], found: tuple[Finding, ...]) -> str | None:
    """One field: what the record says, else the document's own table, else the first place in the text."""
    own = text_of(record, name) or _from_meta(meta, name)
    return own or next((finding.value for finding in found if finding.name == name), None)


def _several(record: Record, name: str, found: tuple[Finding, ...], kind: str) -> tuple[str, ...]:
    corrected = texts_of(record, name)
    return tuple(f.value for f in found if f.name == kind) if corrected is None else corrected


def _from_meta(meta: Mapping[str, str], name: str) -> str | None:
    value = next((meta[key] for key in _META_FIELDS[name] if meta.get(key)), None)
    if value is None or name not in DATE_FIELDS:
        return value
    match = _ANY_DATE.search(value)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups())
    iso = f"{year:04d}-{month:02d}-{day:02d}"
    return iso if ISO_DATE.fullmatch(iso) else None


def _first_words(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= _MAX_TITLE_CHARS else line[: _MAX_TITLE_CHARS - 1] + "…"


def _clash(document: Document, documents: Mapping[str, Document], origin: Mapping[str, str]) -> str | None:
    other = documents.get(document.doc_id)
    if other is not None:
        return f"{document.source}: same name as {other.source}, so the same doc_id; rename one"
    if document.sha256 in origin:
        return f"{document.source}: the same bytes as {origin[document.sha256]}; skipped"
    return None


def _one_line(message: str) -> str:
    return " ".join(message.split())
