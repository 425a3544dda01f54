"""``Answer`` -> the JSON record that the command line, the batch and the HTTP API share."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from index.types import Answer, Citation


def citation_record(citation: Citation) -> dict[str, Any]:
    """Return one citation in the shape of the batch's contract; ``page`` only where the file has pages."""
    record = {
        "marker": citation.marker,
        "doc_id": citation.passage.doc_id,
        "title": citation.passage.title,
        "source": citation.passage.source,
        "heading_path": list(citation.passage.heading_path),
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
    }
    return record if citation.page is None else {**record, "page": citation.page}


def answer_record(answer: Answer, *, question_id: str | None = None) -> dict[str, Any]:
    """Return the record of one answer; ``latency_ms`` is the whole time inside the assistant."""
    record = {
        "id": question_id,
        "answer": answer.text,
        "refused": answer.refused,
        "reason": answer.reason,
        "latency_ms": round(answer.timings.get("total", 0.0), 1),
        "citations": [citation_record(c) for c in answer.citations],
        "related": [citation_record(c) for c in answer.related],
        "understood": answer.understood,
        "unverified": list(answer.unverified),
        "kind": answer.kind,
        "confidence": None if answer.confidence is None else round(answer.confidence, 4),
    }
    # Absent where no model is set: the batch format of a system that only reads is as it was.
    return record if answer.writing is None else record | {"writing": asdict(answer.writing)}
