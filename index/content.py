"""What goes into an index version, checked before any of it is written. No file formats here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.copies import Claims
from index.entries import KEY_BYTES
from index.errors import StoreError
from index.manifest import FORMAT_VERSION, METRIC, Manifest, Settings, file_records
from index.records import Span
from index.term_counts import TermCounts
from index.types import Document, Passage

_UNIT_TOLERANCE: Final = 1e-3


@dataclass(frozen=True)
class Content:
    """What goes into a version: rows follow the passages, each followed by its ``spans`` (its sentences).

    ``vectors`` is float32 (entries, d), rows of unit L2 norm; ``keys`` is uint8 (entries, 16). ``counts`` has one
    row of words per passage and ``claims`` is uint64 (entries,); where there is none they are made on writing.
    ``records`` maps a file to the digest of its provenance record.
    """

    documents: Sequence[Document]
    passages: Sequence[Passage]
    spans: Sequence[Sequence[Span]]
    vectors: NDArray[np.float32]
    keys: NDArray[np.uint8]
    sources: Mapping[str, str]
    counts: TermCounts | None = None
    claims: Claims | None = None
    records: Mapping[str, str] = field(default_factory=dict)


def manifest_of(building: Path, content: Content, settings: Settings) -> Manifest:
    """Return the manifest of ``content``, whose files are all in ``building``."""
    return Manifest(
        format_version=FORMAT_VERSION,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        metric=METRIC,
        settings=settings,
        sources=dict(content.sources),
        records=dict(content.records),
        documents={document.doc_id: record_digest(document) for document in content.documents},
        passages=len(content.passages),
        sentences=sum(len(sentences) for sentences in content.spans),
        files=file_records(building),
    )


def record_digest(document: Document) -> str:
    """Return the digest of everything that ``document`` says."""
    return hashlib.sha256(repr(document).encode()).hexdigest()


def check_content(content: Content, dimension: int) -> None:
    """Return nothing when the parts of ``content`` fit together.

    Raises:
        StoreError: naming the part that does not, before anything is written.

    """
    entries = len(content.passages) + sum(len(sentences) for sentences in content.spans)
    if len(content.spans) != len(content.passages):
        raise StoreError(
            f"{len(content.passages)} passages but sentences of {len(content.spans)}: expected one each"
        )
    if content.vectors.shape != (entries, dimension):
        raise StoreError(f"vectors of shape {content.vectors.shape}: expected ({entries}, {dimension})")
    if content.keys.shape != (entries, KEY_BYTES):
        raise StoreError(f"keys of shape {content.keys.shape}: expected ({entries}, {KEY_BYTES})")
    if content.claims is not None and content.claims.shape != (entries,):
        raise StoreError(f"claims of shape {content.claims.shape}: expected ({entries},)")
    if content.counts is not None and len(content.counts) != len(content.passages):
        raise StoreError(
            f"{len(content.passages)} passages but the words of {len(content.counts)}: expected one each"
        )
    # np.linalg.norm would make a second matrix of the same size.
    lengths = np.sqrt(np.einsum("ij,ij->i", content.vectors, content.vectors))
    if not np.isfinite(lengths).all() or np.abs(lengths - 1.0).max(initial=0.0) > _UNIT_TOLERANCE:
        raise StoreError("a vector is not of unit length: the embedding model is damaged or does not normalise")
    known = {document.doc_id: document for document in content.documents}
    if len(known) != len(content.documents):
        raise StoreError("two documents have the same doc_id")
    for passage in content.passages:
        document = known.get(passage.doc_id)
        if document is None or document.text[passage.start : passage.end] != passage.text:
            raise StoreError(f"passage {passage.passage_id} is not a span of its document")
