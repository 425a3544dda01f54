"""What the faces ask of the assistant: nothing beyond these members."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from app.answer.turns import Turn
from index.types import Answer, Document, Hit, Passage

if TYPE_CHECKING:
    from index.duplicates import Likeness
    from index.outline import Section


class AssistantFace(Protocol):
    """The part of the assistant that a page or an API may use."""

    def now(self) -> AssistantFace:
        """Return the assistant of this moment, which no new index changes; for steps that must agree."""

    def reading_only(self) -> AssistantFace:
        """Return the assistant without its language model, if it has one: for questions that nobody waits for."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """The documents by id."""

    @property
    def passages(self) -> Sequence[Passage]:
        """All passages."""

    def search(self, query: str, k: int = 10, *, doc_ids: Collection[str] | None = None) -> list[Hit]:
        """Return the passages nearest to a query."""

    def outline(self, doc_id: str) -> Section:
        """Return the clause tree of one document."""

    def likenesses(self, doc_id: str) -> Mapping[str, Likeness]:
        """Return how a document agrees with those that repeat it, by id."""

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        doc_ids: Collection[str] | None = None,
    ) -> Answer:
        """Return the answer; ``doc_ids`` limits it to those documents.

        Raises:
            QuestionError: the question is empty, too long or not text.

        """
