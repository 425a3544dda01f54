"""Answers and documents in the shapes of the API, and the checks that every programmatic face shares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from app.answer.limits import limited_ids
from app.answer.present import answer_record
from app.answer.turns import Turn
from app.web.callers import Caller, limited
from app.web.cards import document_link
from app.web.desk import Desk
from app.web.protocols import AssistantFace
from app.web.questions import find_problem, has_control
from app.web.replies import ApiError
from app.web.schemas import AnswerOut, AskIn, DocumentOut, PassageOut
from app.web.shares import AnswerBook
from index.types import Answer, Document, Passage


def answer_out(answer: Answer, answer_id: str, documents: Mapping[str, Document]) -> AnswerOut:
    """Return the answer's record with its id added, and to each citation its address, number and date."""
    record = answer_record(answer, question_id=answer_id)
    for name in ("citations", "related"):
        record[name] = list(_with_links(record[name], documents))
    return AnswerOut.model_validate(record)


def _with_links(
    citations: Iterable[dict[str, Any]], documents: Mapping[str, Document]
) -> Iterable[dict[str, Any]]:
    for one in citations:
        url = "/" + document_link(one["doc_id"], one["start"], one["end"])
        document = documents.get(one["doc_id"])
        if document is None:
            yield {**one, "url": url}
            continue
        dated = document.issued or document.signed or document.published
        yield {**one, "url": url, "doc_number": document.doc_number, "dated": dated}


def document_out(document: Document) -> DocumentOut:
    """Return what is known about a document."""
    return DocumentOut.model_validate(document_facts_record(document))


def document_facts_record(document: Document) -> dict[str, object]:
    """Return the fields of :class:`DocumentOut`."""
    names = DocumentOut.model_fields.keys() - {"chars"}
    facts = {name: getattr(document, name) for name in names}
    lists = {name: list(value) for name, value in facts.items() if isinstance(value, tuple)}
    return {**facts, **lists, "chars": len(document.text)}


def passage_out(passage: Passage) -> PassageOut:
    """Return a passage with the address of its place in the original."""
    return PassageOut(
        passage_id=passage.passage_id,
        doc_id=passage.doc_id,
        title=passage.title,
        source=passage.source,
        heading_path=list(passage.heading_path),
        text=passage.text,
        start=passage.start,
        end=passage.end,
        url="/" + document_link(passage.doc_id, passage.start, passage.end),
    )


def checked_ask(
    request: AskIn, caller: Caller, assistant: AssistantFace, desk: Desk, *, book: AnswerBook, max_chars: int
) -> Callable[[], Awaitable[AnswerOut]]:
    """Return the call that answers a request; all that can be refused beforehand is refused here.

    Raises:
        ApiError: the question, the history or a document id is not valid.
        BusyError: there is no room.

    """
    _check(request, caller, assistant, max_chars)
    desk.check_room()
    history = [Turn(role=turn.role, content=turn.content) for turn in request.history]
    doc_ids = limited_ids(
        assistant.documents,
        limited(request.doc_ids, caller),
        issuer=request.issuer,
        since=request.since,
        until=request.until,
    )

    async def ask() -> AnswerOut:
        question = request.question.strip()
        answer = await desk.ask(question, history=history, doc_ids=doc_ids)
        seconds = answer.timings.get("total", 0.0) / 1000
        exchange = book.remember(question, answer, seconds=seconds)
        return answer_out(answer, exchange.id, assistant.documents)

    return ask


def _check(request: AskIn, caller: Caller, assistant: AssistantFace, max_chars: int) -> None:
    problem = find_problem(request.question, max_chars=max_chars)
    if problem:
        raise ApiError(problem.code, found=problem.found, limit=problem.limit)
    if any(has_control(turn.content) for turn in request.history):
        raise ApiError("question_control")
    check_documents(request.doc_ids or (), caller, assistant)


def check_documents(doc_ids: Sequence[str], caller: Caller, assistant: AssistantFace) -> None:
    """Return if all ids name documents that the caller may see.

    Raises:
        ApiError: one does not; a filter that matches nothing must not look like an answer from all of them.

    """
    for doc_id in doc_ids:
        if doc_id not in assistant.documents or not caller.may_read(doc_id):
            raise ApiError("document_unknown", doc_id=doc_id[:80].encode("utf-8", "replace").decode())
