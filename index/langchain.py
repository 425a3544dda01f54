"""The retriever as a LangChain ``BaseRetriever``, to stand in any LCEL chain; it adds nothing of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field, SkipValidation

from index.retrieve import Retriever

if TYPE_CHECKING:
    from index.types import Hit


class WenceRetriever(BaseRetriever):
    """Returns hits as LangChain documents whose metadata suffices to cite them.

    ``k`` is the number of documents; ``doc_ids`` limits them to those documents (an empty list: none at all).
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    retriever: SkipValidation[Retriever]
    k: int = Field(default=10, ge=1)
    doc_ids: tuple[str, ...] | None = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **_: Any
    ) -> list[LangChainDocument]:
        return [as_langchain_document(hit) for hit in self.retriever.search(query, self.k, doc_ids=self.doc_ids)]


def as_langchain_document(hit: Hit) -> LangChainDocument:
    """Return ``hit`` as a document: the passage's exact text, its id, and where in which source it stands.

    ``start`` and ``end`` are half-open character offsets into the text of document ``doc_id``.
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
        },
    )
