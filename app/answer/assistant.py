"""The assistant: one question in, one checked answer or the fixed refusal out. Every face calls only this."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy

from app.answer import guard
from app.answer.clock import Clock
from app.answer.comparison import judge_sides
from app.answer.draft import cite, with_twins
from app.answer.evidence import Evidence, Investigator
from app.answer.gate import UNSURE, Verdict, judge
from app.answer.generate import Generator, Task
from app.answer.generate_rewrite import rewrite_by_model
from app.answer.library import Library
from app.answer.listening import listener
from app.answer.read import Reading, read, sides_of
from app.answer.replies import Replies
from app.answer.reranking import Judge
from app.answer.select import Scored
from app.answer.turns import Turn
from index.duplicates import Likeness
from index.errors import QuestionError
from index.outline import Section
from index.parse.pages import page_of
from index.retrieve import Retriever
from index.types import Answer, Citation, Document, Hit, Passage

_RELATED = 3
_MAX_REPEATED = 40


class Assistant:
    """Answers questions over one opened index. Thread-safe after construction: it holds no conversation."""

    def __init__(
        self,
        retriever: Retriever,
        library: Library,
        replies: Replies,
        *,
        top_k: int = 20,
        max_question_chars: int = 1000,
        generator: Generator | None = None,
        judge: Judge | None = None,
    ) -> None:
        self.retriever = retriever
        self.library = library
        self.replies = replies
        self.generator = generator
        self.investigator = Investigator(
            retriever, library, top_k=top_k, judge=judge, rewriter=_rewriter(generator, library)
        )
        self.max_question_chars = max_question_chars

    def now(self) -> Assistant:
        """Return the assistant itself: its index never changes; see :class:`app.reload.LiveAssistant`."""
        return self

    @property
    def writes(self) -> bool:
        """Whether a language model writes the answers."""
        return self.generator is not None

    def reading_only(self) -> Assistant:
        """Return an assistant over the same index whose answers are read, whatever model this one has."""
        other = copy(self)
        other.generator = None
        ours = self.investigator
        other.investigator = Investigator(self.retriever, self.library, top_k=ours.top_k, judge=ours.judge)
        return other

    @property
    def documents(self) -> Mapping[str, Document]:
        """The documents by id."""
        return self.library.documents

    @property
    def passages(self) -> tuple[Passage, ...]:
        """All passages in index order."""
        return self.library.passages

    def outline(self, doc_id: str) -> Section:
        """Return the clause tree of one document; ``KeyError`` for an unknown one."""
        return self.library.outline(doc_id)

    def likenesses(self, doc_id: str) -> Mapping[str, Likeness]:
        """Return how a document agrees with those that repeat it, by id; ``KeyError`` for an unknown one."""
        return self.library.likenesses(doc_id)

    def search(self, query: str, k: int = 10, *, doc_ids: Collection[str] | None = None) -> list[Hit]:
        """Return the passages nearest to a query."""
        return self.retriever.search(query, k, doc_ids=doc_ids)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        doc_ids: Collection[str] | None = None,
    ) -> Answer:
        """Return the answer to a question; ``doc_ids`` limits the documents read, also to none.

        Where a language model writes, the listener of :mod:`app.answer.listening` hears the checked text as it
        grows: always the beginning of what is returned.

        Raises:
            QuestionError: the question is empty, too long or not text.

        """
        clock = Clock()
        asked = check_question(question, self.max_question_chars)
        for turn in history:
            check_characters(turn.content, "a turn of the history")
        searched = self.documents.keys() if doc_ids is None else self.documents.keys() & set(doc_ids)
        if not searched:
            text = f"{self.replies.refusal}{self.replies.no_document}"
            return Answer(asked, text, refused=True, reason="no_document", timings=clock.done())
        evidence = self.investigator.investigate(asked, history=history, doc_ids=doc_ids, clock=clock)
        library = self.library if doc_ids is None else self.library.citing_only(searched)
        reading = Reading(
            evidence.whole,
            evidence.parts,
            evidence.rows,
            library,
            self.replies,
            sides=evidence.sides,
            bridge=evidence.bridge,
            hops=evidence.hops,
            followed=evidence.followed,
        )
        verdict = self._judge(evidence, reading)
        if evidence.rows and verdict.reason in UNSURE:
            # The table states the column itself; there is nothing to be unsure about.
            verdict = Verdict(True, max(verdict.confidence, 0.9))
        clock.mark("gate")
        if not verdict.answer:
            return self._refuse(evidence, verdict, clock, searched=len(searched))
        draft = read(reading)
        clock.mark("read")
        lines, unverified = guard.check(draft.lines, library, mark=self.replies.unverified)
        writing = None
        if self.generator is not None:
            task = Task(evidence.analysis, draft, evidence.scored, library)
            written = self.generator.write(task, listen=listener())
            lines, unverified, writing = list(written.lines), written.unverified, written.writing
            clock.mark("write")
        text, citations = cite(lines, library)
        clock.mark("verify")
        return Answer(
            question=asked,
            text=text,
            citations=citations,
            hits=evidence.hits,
            unverified=unverified,
            timings=clock.done(),
            understood=evidence.understood,
            kind=f"{evidence.analysis.kind}:{draft.route}",
            confidence=verdict.confidence,
            writing=writing,
        )

    def _judge(self, evidence: Evidence, reading: Reading) -> Verdict:
        weights = self.investigator.weights
        sides = bool(evidence.sides)
        verdict = judge(
            evidence.analysis,
            evidence.scored,
            evidence.chosen,
            self.library,
            weights,
            sides=sides,
            chained=evidence.in_steps,
            another_text=evidence.another_text,
        )
        if sides and not (verdict.answer or verdict.reason == "injection"):
            # Each side is weighed in its own place: a year or a place of one is none of the other's.
            return judge_sides(evidence.analysis, sides_of(reading), self.library, weights)
        return verdict

    def _refuse(self, evidence: Evidence, verdict: Verdict, clock: Clock, *, searched: int) -> Answer:
        return Answer(
            question=evidence.asked,
            text=self._refusal_text(verdict, searched),
            hits=evidence.hits,
            refused=True,
            reason=verdict.reason,
            related=() if verdict.reason == "injection" else self._related(evidence.whole.scored),
            timings=clock.done(),
            understood=evidence.understood,
            kind=f"{evidence.analysis.kind}:refused",
            confidence=verdict.confidence,
        )

    def _refusal_text(self, verdict: Verdict, searched: int) -> str:
        replies = self.replies
        if verdict.reason == "injection":
            return f"{replies.refusal}{replies.refusal_injection}"
        parts = [replies.refusal]
        template = replies.missing.get(verdict.reason or "")
        if template and verdict.missing:
            what = replies.value_names.get(verdict.missing) or _quoted(verdict.missing)
            parts.append(template.format(what=what))
        parts.append(replies.searched.format(count=searched))
        return "".join(parts)

    def _related(self, scored: Sequence[Scored]) -> tuple[Citation, ...]:
        """Return the nearest clauses of different passages, as related reading."""
        related: list[Citation] = []
        seen: set[int] = set()
        for candidate in scored:
            unit = candidate.unit
            if unit.is_heading or unit.passage_index in seen or len(related) >= _RELATED:
                continue
            seen.update(span.passage_index for span in with_twins(unit, self.library))
            seen.add(unit.passage_index)
            page = page_of(self.documents[unit.doc_id], unit.start)
            passage = self.passages[unit.passage_index]
            related.append(Citation(len(related) + 1, passage, unit.text, unit.start, unit.end, page))
        return tuple(related)


def _rewriter(generator: Generator | None, library: Library) -> Callable[[str, Sequence[Turn]], str | None] | None:
    if generator is None or not generator.rewrites:
        return None
    writer, prompts = generator.writer, generator.prompts
    return lambda question, history: rewrite_by_model(writer, prompts, question, history, library)


def check_question(question: object, max_chars: int) -> str:
    """Return the question without surrounding white space and control characters at its ends.

    Raises:
        QuestionError: it is not text, is empty, is longer than ``max_chars`` or holds control characters.

    """
    if not isinstance(question, str):
        raise QuestionError(f"the question is {type(question).__name__}, not text; send a string")
    text = question.strip()
    if not any(unicodedata.category(c)[0] in "LN" for c in text):
        raise QuestionError("the question is empty; write a question with at least one word")
    if len(text) > max_chars:
        raise QuestionError(
            f"the question has {len(text)} characters; at most {max_chars} are allowed, shorten it"
        )
    check_characters(text, "the question")
    return text


def check_characters(text: str, what: str) -> None:
    """Raise QuestionError if ``text`` holds control characters or half characters."""
    wrong = {"Cc", "Cs", "Co", "Cn"}
    bad = next((c for c in text if unicodedata.category(c) in wrong and c not in "\n\r\t"), None)
    if bad is not None:
        raise QuestionError(f"{what} holds the control character U+{ord(bad):04X}; remove it")


def _quoted(words: str) -> str:
    """Return words of the question as a reply may repeat them: one line, short, without markers."""
    plain = " ".join(re.sub(r"\[\d+\]", "", words).split())
    return plain if len(plain) <= _MAX_REPEATED else plain[: _MAX_REPEATED - 1] + "…"
