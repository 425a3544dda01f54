"""A model's replies kept by their prompts: an interrupted report goes on, and scoring it again asks nobody."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from app.answer.writer import Message, Piece, Writer, WriterError
from eval.cases import CasesError, read_json_lines


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply as it came: its text, when the first and the last of it came, and how it ended.

    ``ended`` is ``closed`` where the asker had enough and stopped the model; ``fault`` the code of a failure.
    """

    key: str
    text: str
    first_token_ms: float | None
    total_ms: float
    prompt_tokens: int | None
    completion_tokens: int | None
    ended: str | None
    fault: str | None = None


def prompt_key(model: str, messages: Sequence[Message]) -> str:
    """Return the name of a prompt to a model."""
    body = json.dumps([model, *[[one.role, one.content] for one in messages]], ensure_ascii=False)
    return hashlib.sha256(body.encode()).hexdigest()[:32]


class RecordingWriter:
    """Asks ``writer`` what it has no reply to in ``path``, JSON lines, and adds each reply there at once.

    ``last`` is the reply to the last prompt. Not for several threads.
    """

    def __init__(self, writer: Writer, path: Path) -> None:
        self._writer = writer
        self._path = path
        self._replies: dict[str, Reply] = {}
        if path.exists():
            for number, row in read_json_lines(path):
                try:
                    reply = Reply(**row)
                except TypeError as error:
                    raise CasesError(f"{path}:{number}: no reply of a model ({error}); remove the line") from error
                self._replies[reply.key] = reply
        self.last: Reply | None = None
        self.spent_ms = 0.0

    @property
    def provider(self) -> str:
        """The provider of the writer that is asked."""
        return self._writer.provider

    @property
    def model(self) -> str:
        """Its model."""
        return self._writer.model

    def write(self, messages: Sequence[Message]) -> Generator[Piece]:
        """Yield the reply; ``spent_ms`` is the time that asking took now, 0 for a reply that was kept.

        Raises:
            WriterError: the writer did; a timeout is kept too, since it is a result.

        """
        key = prompt_key(self.model, messages)
        kept = self._replies.get(key)
        self.spent_ms = 0.0
        if kept is None:
            yield from self._asked(key, messages)
            return
        self.last = kept
        yield Piece(
            kept.text,
            kept.prompt_tokens,
            kept.completion_tokens,
            # Whoever closed it before would now have to close it too; if not, it was cut.
            "length" if kept.ended == "closed" else kept.ended,
        )
        if kept.fault is not None:
            raise WriterError(kept.fault, "a failure that was kept")  # type: ignore[arg-type]

    def close(self) -> None:
        """Let the writer go."""
        self._writer.close()

    def _asked(self, key: str, messages: Sequence[Message]) -> Generator[Piece]:
        started = time.perf_counter()
        text, first, ended, fault = "", None, None, None
        prompt_tokens = completion_tokens = None
        stream = self._writer.write(messages)
        try:
            for piece in stream:
                if piece.text and first is None:
                    first = (time.perf_counter() - started) * 1000
                text += piece.text
                if piece.completion_tokens is not None:
                    prompt_tokens, completion_tokens = piece.prompt_tokens, piece.completion_tokens
                ended = piece.ended or ended
                yield piece
        except GeneratorExit:
            ended = "closed"
            raise
        except WriterError as error:
            fault = error.code
            raise
        finally:
            stream.close()
            self.spent_ms = (time.perf_counter() - started) * 1000
            self.last = Reply(key, text, first, self.spent_ms, prompt_tokens, completion_tokens, ended, fault)
            # A server that is down or an interrupted run is no result; a timeout is one.
            if ended is not None or fault == "timeout":
                self._keep(self.last)

    def _keep(self, reply: Reply) -> None:
        self._replies[reply.key] = reply
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as sink:
            sink.write(json.dumps(asdict(reply), ensure_ascii=False) + "\n")
