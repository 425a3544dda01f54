"""A LangChain chat model as a :class:`app.answer.writer.Writer`: an exact deadline, and one kind of error."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, cast

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from app.answer.writer import Message, Piece, WriterError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk

_KINDS: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
# What a library raises over a reply that is not what it expects, beside its own errors.
_SURPRISES = (ValueError, LookupError, TypeError, AttributeError, RuntimeError, OSError)
Arrived = SimpleQueue[Piece | WriterError | None]
Explain = Callable[[Exception], WriterError]


class ChatWriter:
    """Streams one chat model. ``explain`` words the ``errors`` of the model's library."""

    def __init__(
        self,
        chat: BaseChatModel,
        *,
        provider: str,
        model: str,
        timeout_s: float,
        errors: tuple[type[Exception], ...] = (),
        explain: Explain | None = None,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._chat = chat
        self._timeout_s = timeout_s
        self._errors = errors
        self._explain = explain
        self._on_close = on_close
        self._provider = provider
        self._model = model

    @property
    def provider(self) -> str:
        """Which kind of provider it is."""
        return self._provider

    @property
    def model(self) -> str:
        """The model's name."""
        return self._model

    def write(self, messages: Sequence[Message]) -> Generator[Piece]:
        """Yield the reply in pieces. The model runs in a thread of its own, so that the deadline holds in a stall.

        Raises:
            WriterError: the model cannot be reached, takes too long, breaks off, or replies with something else.

        """
        arrived: Arrived = SimpleQueue()
        stop = Event()
        prompt = [_KINDS[one.role](content=one.content) for one in messages]
        deadline = time.monotonic() + self._timeout_s
        Thread(target=self._pump, args=(prompt, arrived, stop), daemon=True, name="wence-writer").start()
        ended = False
        try:
            while True:
                item = self._next(arrived, deadline)
                if item is None:
                    break
                if isinstance(item, WriterError):
                    raise item
                ended = ended or item.ended is not None
                yield item
        finally:
            stop.set()
        if not ended:
            raise WriterError("cut", f"the reply of {self.model} broke off before its end")

    def close(self) -> None:
        """Let go of connections."""
        if self._on_close is not None:
            self._on_close()

    def _next(self, arrived: Arrived, deadline: float) -> Piece | WriterError | None:
        try:
            return arrived.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            raise WriterError(
                "timeout",
                f"{self.model} did not finish within {self._timeout_s:g} s; "
                "raise WENCE_LLM_TIMEOUT_S, lower WENCE_LLM_MAX_TOKENS or use a faster server",
            ) from None

    def _pump(self, prompt: list[BaseMessage], arrived: Arrived, stop: Event) -> None:
        try:
            # LangChain's stream is a generator; closing it closes the connection or stops the model.
            with closing(cast("Generator[AIMessageChunk]", self._chat.stream(prompt))) as stream:
                for chunk in stream:
                    arrived.put(_piece(chunk))
                    if stop.is_set():
                        return
        except WriterError as error:
            arrived.put(error)
        except self._errors as error:
            arrived.put(self._explain(error) if self._explain else WriterError("malformed", str(error)))
        except _SURPRISES as error:
            arrived.put(
                WriterError(
                    "malformed",
                    f"the reply of {self.model} is not a chat completion ({type(error).__name__}: {error})",
                )
            )
        finally:
            arrived.put(None)


def _piece(chunk: AIMessageChunk) -> Piece:
    usage = chunk.usage_metadata
    return Piece(
        text=str(chunk.text),
        prompt_tokens=usage["input_tokens"] if usage else None,
        completion_tokens=usage["output_tokens"] if usage else None,
        ended=chunk.response_metadata.get("finish_reason"),
    )
