"""Questions that are offered because the assistant was asked them and had an answer.

One background thread asks while nobody waits for an answer. What it finds is kept until the documents change.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence

from app.web.callers import Caller, limited, readable
from app.web.conversation import Exchange
from app.web.desk import Desk
from app.web.protocols import AssistantFace
from app.web.suggestions import Candidate, Wording, first_questions, is_new, next_questions, wordings
from app.web.texts import Example
from index.errors import WenceError
from index.types import Answer

logger = logging.getLogger(__name__)

MAX_FIRST = 3
MAX_NEXT = 3
# So many candidates are asked at most; most find an answer at once.
_MAX_ASKED_FIRST = 12
_MAX_ASKED_NEXT = 10
# More documents than anybody reads a list of.
_MAX_DOCUMENTS = 30
_MAX_KEPT = 2_000
# Searches that wait; on a busy day readers do without, and the service keeps up with their questions.
_MAX_WAITING = 40
_STEP_S = 0.05
_PATIENCE_S = 20.0

_Key = tuple[object, ...]


class Prompter:
    """Finds and keeps questions to offer; safe to share."""

    def __init__(
        self, assistant: AssistantFace, desk: Desk, wording: Wording, examples: Sequence[Example] = ()
    ) -> None:
        self._assistant = assistant
        self._examples = examples
        self._desk = desk
        self._wording = wording
        self._kept: OrderedDict[_Key, tuple[str, ...] | None] = OrderedDict()
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closed = threading.Event()
        # A daemon, so that a process that ends does not wait for questions that nobody will read.
        self._worker = threading.Thread(target=self._work, name="wence-prompter", daemon=True)

    def close(self) -> None:
        """Ask no more; what is being asked comes to its end."""
        self._closed.set()
        self._jobs.put(lambda: None)

    def _work(self) -> None:
        while not self._closed.is_set():
            self._jobs.get()()

    def examples(self, caller: Caller) -> tuple[str, ...] | None:
        """Return those of the example questions that turn out as they should, ``None`` while they are asked.

        They were written for the documents of the day: others may have taken their place, and a channel has few.
        """
        now = self._assistant.now()

        def search() -> Iterator[str]:
            for example in self._examples:
                answer = self._asked(example.question, now, caller)
                if answer is not None and answer.refused == example.refusal:
                    yield example.question

        return self._get(("examples", self._version(now), caller.documents), search)

    def first(self, caller: Caller) -> tuple[bool, dict[str, tuple[str, ...]]]:
        """Return whether all is known yet, and by doc_id the questions that open a document so far."""
        now = self._assistant.now()
        documents = readable(now.documents, caller)
        found: dict[str, tuple[str, ...]] = {}
        ready = True
        for doc_id in list(documents)[:_MAX_DOCUMENTS]:
            document = documents[doc_id]
            # An answer may change with any document, so all of them are part of the key.
            key = ("first", doc_id, self._version(now), caller.documents)

            def search(doc_id: str = doc_id) -> list[str]:
                wanted = first_questions(now.documents[doc_id], now.outline(doc_id), self._wording)
                return self._answered(wanted[:_MAX_ASKED_FIRST], now, limit=MAX_FIRST, caller=caller)

            questions = self._get(key, search)
            ready = ready and questions is not None
            if questions:
                found[document.doc_id] = questions
        return ready, found

    def following(self, exchange: Exchange, caller: Caller) -> tuple[str, ...] | None:
        """Return the questions that go on from an answer, ``None`` while they are looked for."""
        now = self._assistant.now()
        key = ("next", exchange.id, self._version(now), caller.documents)
        spans = [*exchange.citations, *exchange.related]
        cited = frozenset((one.doc_id, one.start, one.end) for one in exchange.citations)

        def search() -> list[str]:
            documents = readable(now.documents, caller)
            outlines = {one.doc_id: now.outline(one.doc_id) for one in spans if one.doc_id in documents}
            wanted = next_questions(exchange, documents, outlines, self._wording)[:_MAX_ASKED_NEXT]
            return self._answered(wanted, now, limit=MAX_NEXT, caller=caller, cited=cited)

        return self._get(key, search)

    def _version(self, now: AssistantFace) -> int:
        return hash(tuple((doc_id, one.sha256) for doc_id, one in now.documents.items()))

    def _get(self, key: _Key, search: Callable[[], Iterable[str]]) -> tuple[str, ...] | None:
        """Return what is kept under a key; the first call sets the search for it going, unless too many wait."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            if sum(found is None for found in self._kept.values()) >= _MAX_WAITING:
                return ()
            self._kept[key] = None
            while len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)

        def work() -> None:
            found: tuple[str, ...] = ()
            try:
                found = tuple(search())
            except Exception:
                # A question that is not offered is no loss; the log has the trace.
                logger.exception("looking for questions to offer failed")
            with self._lock:
                self._kept[key] = found

        if self._closed.is_set():
            return ()
        with self._lock:
            if self._worker.ident is None:
                self._worker.start()
        self._jobs.put(work)
        return None

    def _answered(
        self,
        candidates: Iterable[Candidate],
        now: AssistantFace,
        *,
        limit: int,
        caller: Caller,
        cited: frozenset[tuple[str, int, int]] = frozenset(),
    ) -> list[str]:
        """Return the first ``limit`` candidates that the assistant answers with the clause they are about."""
        offered: list[str] = []
        seen: set[frozenset[tuple[str, int, int]]] = set()
        for candidate in candidates:
            for one in wordings(candidate):
                answer = self._asked(one.question, now, caller)
                if answer is None:
                    continue
                spans = frozenset((cite.passage.doc_id, cite.start, cite.end) for cite in answer.citations)
                # Two questions with one answer are one question to a reader.
                if one.is_met_by(answer) and is_new(answer, cited) and spans not in seen:
                    seen.add(spans)
                    offered.append(one.question)
                    break
            if len(offered) == limit:
                break
        return offered

    def _asked(self, question: str, now: AssistantFace, caller: Caller) -> Answer | None:
        """Return the answer, ``None`` to what is no question, once nobody waits for one."""
        self._wait_for_quiet()
        if self._closed.is_set():
            return None
        try:
            return now.reading_only().ask(question, doc_ids=limited(None, caller))
        except WenceError:
            return None

    def _wait_for_quiet(self) -> None:
        """Return when nobody is being answered, or after a while: offers must not come too late either."""
        deadline = time.monotonic() + _PATIENCE_S
        while self._desk.in_progress and time.monotonic() < deadline:
            if self._closed.wait(_STEP_S):
                return
