"""The retriever as a LangChain ``BaseRetriever``, to stand in any LCEL chain; it adds nothing of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field, SkipValidation

from index.filters import Filter
from index.retrieve import Retriever

if TYPE_CHECKING:
    from index.types import Hit, Passage


class WenceRetriever(BaseRetriever):
    """Returns hits as LangChain documents whose metadata suffices to cite them.

    ``k`` is the number of documents; ``doc_ids`` limits them to those documents (an empty list: none at all),
    ``issuer``, ``since`` and ``until`` by who issued them and when: see :class:`index.filters.Filter`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    retriever: SkipValidation[Retriever]
    k: int = Field(default=10, ge=1)
    doc_ids: tuple[str, ...] | None = None
    issuer: str | None = None
    since: str | None = None
    until: str | None = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **_: Any
    ) -> list[LangChainDocument]:
        hits = self.retriever.search(
            query, self.k, doc_ids=self.doc_ids, issuer=self.issuer, since=self.since, until=self.until
        )
        return [as_langchain_document(hit, self._copies(hit.passage)) for hit in hits]

    def _copies(self, passage: Passage) -> list[Passage]:
        """The copies of a hit among the documents that the search is limited to."""
        store = self.retriever.store
        limits = Filter(self.doc_ids, self.issuer, self.since, self.until)
        allowed = limits.matching(store.documents.values())
        return [copy for copy in store.copies_of(passage) if allowed is None or copy.doc_id in allowed]


def as_langchain_document(hit: Hit, copies: Sequence[Passage] = ()) -> LangChainDocument:
    """Return ``hit`` as a document: the passage's exact text, its id, and where in which source it stands.

    ``start`` and ``end`` are half-open character offsets into the text of document ``doc_id``. ``copies`` are the
    passages of other documents that say the same word for word, to be cited too.
    """
    passage = hit.passage
    return LangChainDocument(
        id=passage.passage_id,
        page_content=passage.text,
        metadata={
            "passage_id": passage.passage_id,
            "doc_id": passage.doc_id,
            "title": passage.title,
            "source": passage.source,
            "heading_path": list(passage.heading_path),
            "start": passage.start,
            "end": passage.end,
            "score": hit.score,
            "rank": hit.rank,
            "copies": [
                {name: getattr(copy, name) for name in ("passage_id", "doc_id", "title", "source", "start", "end")}
                for copy in copies
            ],
        },
    )
