"""Who hears an answer while a language model writes it.

A face that shows the text as it grows sets the listener for the question it asks; it reaches the assistant through
whatever queue and thread lie between, which all pass their context on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Is given a piece of the checked answer, on the assistant's thread, and returns whether to go on.
Listen = Callable[[str], bool]

_LISTENER: ContextVar[Listen | None] = ContextVar("wence_listener", default=None)


def listener() -> Listen | None:
    """Return who hears the answer that is being written in this context."""
    return _LISTENER.get()


@contextmanager
def heard_by(listen: Listen) -> Iterator[None]:
    """Let ``listen`` hear the answers to questions that are asked, or begun as a task, inside."""
    token = _LISTENER.set(listen)
    try:
        yield
    finally:
        _LISTENER.reset(token)
