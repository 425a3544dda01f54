"""An assistant that follows its index: a new version is opened beside the old one and takes its place whole.

Every face holds one :class:`LiveAssistant` and asks it as it would ask an assistant. A question under way keeps
the assistant it began with; the next one gets the newest. A version that cannot be opened changes nothing but the
log.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from index.errors import WenceError
from index.versions import read_pointer

if TYPE_CHECKING:
    from app.answer.assistant import Assistant
    from app.answer.turns import Turn
    from index.duplicates import Likeness
    from index.outline import Section
    from index.types import Answer, Document, Hit, Passage

logger = logging.getLogger(__name__)

# One small file is read this often, seconds.
LOOK_EVERY_S = 1.0
# Whatever is wrong with a new version must not end the watch over the next one.
_FAILURES = (WenceError, OSError, ValueError, LookupError, RuntimeError, MemoryError)


class LiveAssistant:
    """The newest assistant of one index folder, with the interface of an assistant; safe to share.

    ``seen`` is the folder's pointer as it was before ``assistant`` was opened: at worst an index is opened twice,
    never overlooked. ``reopen`` returns an assistant over the folder's current version. A context manager: inside,
    a thread looks at the pointer every ``every_s`` seconds.
    """

    def __init__(
        self,
        assistant: Assistant,
        *,
        index_dir: Path,
        seen: str | None,
        reopen: Callable[[], Assistant],
        every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._assistant = assistant
        self._index_dir = index_dir
        self._seen = seen
        self._reopen = reopen
        self._every_s = every_s
        self._looking = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="wence-index", daemon=True)

    def __enter__(self) -> Self:
        """Start to watch the index."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching; an index that is just being opened is waited for."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(self._every_s):
            self.look()

    def look(self) -> bool:
        """Open the index anew if its pointer has changed since the last look; return whether it was replaced.

        It is in use when this returns, also when another thread was just opening it.
        """
        with self._looking:
            return self._look()

    def _look(self) -> bool:
        pointer = read_pointer(self._index_dir)
        if pointer == self._seen:
            return False
        # Remembered even if the version cannot be opened: it would fail again, and the log would fill up.
        self._seen = pointer
        try:
            new = self._reopen()
        except _FAILURES as error:
            logger.error("the new index is not used, the old one goes on serving: %s", error)
            return False
        # One reference is replaced by another: no reader can see half of it.
        self._assistant = new
        logger.warning("serving the new index: %d documents", len(new.documents))
        return True

    def now(self) -> Assistant:
        """Return the assistant of this moment, which no new index changes; for steps that must agree."""
        return self._assistant

    def reading_only(self) -> Assistant:
        """Return the assistant of this moment without its language model."""
        return self._assistant.reading_only()

    @property
    def documents(self) -> Mapping[str, Document]:
        """The documents by id."""
        return self._assistant.documents

    @property
    def passages(self) -> tuple[Passage, ...]:
        """All passages in index order."""
        return self._assistant.passages

    def outline(self, doc_id: str) -> Section:
        """Return the clause tree of one document; ``KeyError`` for an unknown one."""
        return self._assistant.outline(doc_id)

    def likenesses(self, doc_id: str) -> Mapping[str, Likeness]:
        """Return how a document agrees with those that repeat it, by id; ``KeyError`` for an unknown one."""
        return self._assistant.likenesses(doc_id)

    def search(self, query: str, k: int = 10, *, doc_ids: Collection[str] | None = None) -> list[Hit]:
        """Return the passages nearest to a query."""
        return self._assistant.search(query, k, doc_ids=doc_ids)

    def ask(
        self, question: str, *, history: Sequence[Turn] = (), doc_ids: Collection[str] | None = None
    ) -> Answer:
        """Return the answer to a question, all of it from one version of the index.

        Raises:
            QuestionError: the question is empty, too long or not text.

        """
        return self._assistant.ask(question, history=history, doc_ids=doc_ids)
