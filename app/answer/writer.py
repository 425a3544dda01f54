"""What answering asks of a language model: messages in, pieces of text out, one error for all that goes wrong."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from index.errors import ModelError

Role = Literal["system", "user", "assistant"]
Fault = Literal["timeout", "unavailable", "rejected", "malformed", "cut", "oversize"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the text as it arrives. Token counts are cumulative and ``None`` until the server tells them.

    ``ended`` is why the text ends (``stop``, ``length``) on the last piece, else ``None``.
    """

    text: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    ended: str | None = None


class WriterError(ModelError):
    """A language model did not write, or not to the end. ``code`` says how; the message what to do about it."""

    def __init__(self, code: Fault, message: str) -> None:
        super().__init__(message)
        self.code: Fault = code


class Writer(Protocol):
    """A language model. Safe to share between threads."""

    @property
    def provider(self) -> str:
        """``openai`` or ``transformers``."""

    @property
    def model(self) -> str:
        """The model's name."""

    def write(self, messages: Sequence[Message]) -> Generator[Piece]:
        """Yield the reply in pieces; closing the generator stops the model.

        Raises:
            WriterError: while iterating; what was yielded before stands.

        """

    def close(self) -> None:
        """Let go of connections; the writer is not used again."""
