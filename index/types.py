"""The frozen types that everything else passes around. Standard library only.

Offsets are character offsets into ``Document.text`` (Python ``str`` indices), half-open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Document:
    """One cleaned policy document; every offset in the system refers to ``text``.

    Dates are ISO strings (``2023-04-26``) or ``None`` where the source does not say.
    ``source`` is the file name inside the corpus folder. ``pages`` holds the offset in ``text`` at which each
    page of a paged file begins; it is empty for other files. ``parties`` and ``agreements`` are the names that the
    text gives, ``effective`` and ``expires`` the days between which the document is in force, ``validity`` its own
    words for that. ``found`` tells where such facts stand: ``(field, start, end)``, see ``index/metadata.py``.
    """

    doc_id: str
    title: str
    text: str
    source: str
    sha256: str
    issuer: str | None = None
    publisher: str | None = None
    doc_number: str | None = None
    kind: str | None = None
    issued: str | None = None
    published: str | None = None
    signed: str | None = None
    url: str | None = None
    pages: tuple[int, ...] = ()
    parties: tuple[str, ...] = ()
    agreements: tuple[str, ...] = ()
    effective: str | None = None
    expires: str | None = None
    validity: str | None = None
    found: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A clause-sized span of one document: ``document.text[start:end] == text``."""

    passage_id: str
    doc_id: str
    title: str
    source: str
    heading_path: tuple[str, ...]
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a query. ``rank`` counts from 1; a higher ``score`` is better."""

    passage: Passage
    score: float
    rank: int


@dataclass(frozen=True, slots=True)
class Citation:
    """An exact span that supports a sentence: ``document.text[start:end] == quote``.

    ``marker`` is the number a reader sees as ``[1]``; ``passage`` is the clause around the span; ``page`` is the
    page of the file on which it begins, from 1, ``None`` for a file without pages.
    """

    marker: int
    passage: Passage
    quote: str
    start: int
    end: int
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Writing:
    """How a language model took part in an answer.

    ``outcome`` is ``written`` (its sentences, checked), ``completed`` (its sentences, and what they left out of
    what reading had found) or ``read`` (the read answer instead); ``fault`` says why not all of it could be used.
    Token counts are ``None`` where the server does not tell them, ``first_token_ms`` where nothing came.
    ``repaired`` lists what was mended from the source, ``dropped`` the sentences that were not used, ``unknown``
    the marks of sources that were never offered. ``notice`` is what the reader is told, in Chinese.
    """

    provider: str
    model: str
    outcome: str
    fault: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    first_token_ms: float | None
    total_ms: float
    repaired: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the assistant says, with its grounds.

    ``refused`` is true when the documents do not support an answer; then ``citations`` is empty,
    ``reason`` is a short machine-readable code and ``related`` holds the nearest clauses.
    ``understood`` is the self-contained form of a follow-up question when it was rewritten.
    ``unverified`` lists the figures, names or markers that no cited span supports.
    ``timings`` maps a stage to milliseconds. ``confidence`` is the gate's score in [0, 1].
    ``writing`` tells of the language model, and is ``None`` where none was asked.
    """

    question: str
    text: str
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    refused: bool = False
    reason: str | None = None
    unverified: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    related: tuple[Citation, ...] = ()
    understood: str | None = None
    kind: str | None = None
    confidence: float | None = None
    writing: Writing | None = None
