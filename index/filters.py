"""Which documents a question is limited to: by name, by issuer, by period. What matches nothing leaves none."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from index.lexical import normalise
from index.types import Document

_BOUND: Final = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")


@dataclass(frozen=True, slots=True)
class Filter:
    """``None`` limits nothing; every condition that is given must hold.

    ``issuer`` is the issuing body or a part of its name. ``since`` and ``until`` are a year, a month or a day in
    ISO form, both included; they are compared with the date of issue, else of signing, else of publication. A
    document that does not say who issued it, or when, does not match such a condition.
    """

    doc_ids: Collection[str] | None = None
    issuer: str | None = None
    since: str | None = None
    until: str | None = None

    def __post_init__(self) -> None:
        for name, bound in (("since", self.since), ("until", self.until)):
            if bound is not None and not _BOUND.fullmatch(bound):
                raise ValueError(f"{name} = {bound!r}: expected a date such as 2023, 2023-04 or 2023-04-26")

    def matching(self, documents: Iterable[Document]) -> set[str] | None:
        """The doc_ids of the documents that match; ``None`` where nothing is limited."""
        if self.doc_ids is None and self.issuer is None and self.since is None and self.until is None:
            return None
        return {document.doc_id for document in documents if self._matches(document)}

    def _matches(self, document: Document) -> bool:
        if self.doc_ids is not None and document.doc_id not in self.doc_ids:
            return False
        return self._is_issued_by(document) and self._is_in_period(document)

    def _is_issued_by(self, document: Document) -> bool:
        if self.issuer is None:
            return True
        wanted = normalise(self.issuer).strip()
        return bool(wanted and document.issuer) and wanted in normalise(document.issuer or "")

    def _is_in_period(self, document: Document) -> bool:
        if self.since is None and self.until is None:
            return True
        date = document.issued or document.signed or document.published
        if date is None:
            return False
        late_enough = self.since is None or date[: len(self.since)] >= self.since
        return late_enough and (self.until is None or date[: len(self.until)] <= self.until)
