"""Which documents a question is limited to, for every face: ids, an issuing body, a period."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from index.errors import QuestionError
from index.filters import Filter
from index.types import Document


def limited_ids(
    documents: Mapping[str, Document],
    doc_ids: Collection[str] | None = None,
    *,
    issuer: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> list[str] | None:
    """Return the ids of the documents that meet every condition, in their order; ``None`` where there is none.

    An empty list means that no document does: the answer is then a refusal, never one from all documents. See
    :class:`index.filters.Filter` for the conditions.

    Raises:
        QuestionError: ``since`` or ``until`` is not a year, a month or a day.

    """
    try:
        found = Filter(doc_ids, issuer, since, until).matching(documents.values())
    except ValueError as error:
        raise QuestionError(str(error)) from error
    return None if found is None else [doc_id for doc_id in documents if doc_id in found]
