"""Who is asking: a name for limits and logs, what is allowed, and the channel with its documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from app.web.replies import ApiError
from index.types import Document

Scope = Literal["ask", "read", "feedback", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
VISITOR_SCOPES = frozenset[str]({"ask", "read", "feedback"})

_KEY = "wence.caller"
# In an ASGI scope: a call that takes one question from the caller's measure, for a face that bundles several.
CHARGE = "wence.charge"


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller. ``documents`` are the ids it may ask about; empty is all.

    ``kind`` is ``local`` (no key asked for), ``key``, ``embed`` or ``session`` (both signed here), or ``user``
    (named by a proxy).
    """

    name: str
    kind: Literal["local", "key", "embed", "session", "user"]
    scopes: frozenset[str]
    key_id: str = ""
    channel: str = ""
    documents: tuple[str, ...] = ()

    def may_read(self, doc_id: str) -> bool:
        """Return whether the caller may see a document."""
        return not self.documents or doc_id in self.documents


LOCAL = Caller("local", "local", frozenset(SCOPES))


def set_caller(scope: Any, caller: Caller) -> None:
    """Write the caller into an ASGI scope, for the routes and for the log."""
    scope[_KEY] = caller
    scope["wence.caller_name"] = caller.name


def caller_in(scope: Mapping[str, Any]) -> Caller:
    """Return the caller that the door let in."""
    caller = scope.get(_KEY)
    if not isinstance(caller, Caller):
        # Without a door nothing may be answered: a missing layer must not look like an open one.
        raise ApiError("key_missing")
    return caller


def readable(documents: Mapping[str, Document], caller: Caller) -> dict[str, Document]:
    """Return the documents that the caller may see, in their order."""
    return {doc_id: one for doc_id, one in documents.items() if caller.may_read(doc_id)}


def limited(doc_ids: list[str] | None, caller: Caller) -> list[str] | None:
    """Return the documents to search: those asked for, or all that the caller may see."""
    if doc_ids is not None:
        return doc_ids
    return list(caller.documents) or None
