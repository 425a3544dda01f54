"""The provider ``openai``: any server that speaks OpenAI's chat protocol (vLLM, Ollama, llama.cpp, …)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx2
import openai
from langchain_openai.chat_models.base import BaseChatOpenAI
from pydantic import SecretStr

from app.answer.writer import WriterError
from app.llm.chat import ChatWriter

# A reply of this many bytes is no answer of a few hundred tokens, whatever the server wraps around each of them.
MAX_REPLY_BYTES = 4_000_000
_CONNECT_S = 10.0
# Servers without keys still want the header to be there.
_NO_KEY = "none"


def open_server(
    *,
    url: str,
    model: str,
    key: str,
    timeout_s: float,
    retries: int,
    max_tokens: int,
    proxy: str,
    max_reply_bytes: int = MAX_REPLY_BYTES,
) -> ChatWriter:
    """Return the writer over one server; nothing is sent yet. ``proxy`` empty means that of the environment."""
    client = openai.DefaultHttpxClient(
        timeout=httpx2.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
        proxy=proxy or None,
        event_hooks={"response": [lambda response: _bound(response, timeout_s, max_reply_bytes)]},
    )
    # ChatOpenAI posts max_completion_tokens, which several compatible servers ignore; its base posts max_tokens.
    chat = BaseChatOpenAI(
        model=model,
        base_url=url,
        api_key=SecretStr(key or _NO_KEY),
        timeout=timeout_s,
        max_retries=retries,
        max_tokens=max_tokens,
        temperature=0.0,
        stream_usage=True,
        http_client=client,
    )
    return ChatWriter(
        chat,
        provider="openai",
        model=model,
        timeout_s=timeout_s,
        errors=(openai.OpenAIError, httpx2.HTTPError),
        explain=lambda error: explain(error, url=url, model=model, retries=retries),
        on_close=client.close,
    )


class _Bounded(httpx2.SyncByteStream):
    """The bytes of a reply until the deadline or the limit: a server that trickles or floods is left."""

    def __init__(self, stream: httpx2.SyncByteStream, *, deadline: float, limit: int) -> None:
        self._stream, self._deadline, self._left = stream, deadline, limit

    def __iter__(self) -> Iterator[bytes]:
        for block in self._stream:
            self._left -= len(block)
            if self._left < 0:
                raise WriterError("oversize", "the reply of the model server is far too long; it was cut off")
            if time.monotonic() > self._deadline:
                raise WriterError("timeout", "the model server took too long; raise WENCE_LLM_TIMEOUT_S")
            yield block

    def close(self) -> None:
        self._stream.close()


def _bound(response: httpx2.Response, timeout_s: float, limit: int) -> None:
    if isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _Bounded(response.stream, deadline=time.monotonic() + timeout_s, limit=limit)


def explain(error: Exception, *, url: str, model: str, retries: int) -> WriterError:
    """Return what an error of the client means, and what to do about it."""
    tried = f" after {retries + 1} tries" if retries else ""
    match error:
        case openai.APITimeoutError() | httpx2.TimeoutException():
            return WriterError("timeout", f"{url} did not reply in time{tried}; raise WENCE_LLM_TIMEOUT_S")
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return WriterError(
                "rejected", f"{url} rejects the key; set WENCE_LLM_KEY or WENCE_LLM_KEY_FILE ({_told(error)})"
            )
        case openai.NotFoundError():
            return WriterError(
                "rejected",
                f"{url} has no model {model!r} or no chat completions there; check WENCE_LLM_MODEL, and that "
                f"WENCE_LLM_URL ends as the server's manual says, mostly in /v1 ({_told(error)})",
            )
        case openai.RateLimitError():
            return WriterError("unavailable", f"{url} refuses for too many requests (429){tried} ({_told(error)})")
        case openai.APIStatusError() if error.status_code >= 500:
            return WriterError(
                "unavailable", f"{url} failed with status {error.status_code}{tried} ({_told(error)})"
            )
        case openai.APIStatusError():
            return WriterError(
                "rejected", f"{url} rejects the request with status {error.status_code} ({_told(error)})"
            )
        case openai.APIConnectionError() | httpx2.HTTPError():
            cause = error.__cause__ or error
            return WriterError(
                "unavailable",
                f"cannot reach {url}{tried}: {_told(cause) or type(cause).__name__}; start the server, or mend "
                "WENCE_LLM_URL or WENCE_LLM_PROXY",
            )
    return WriterError("malformed", f"the reply of {url} is not a chat completion ({_told(error)})")


def _told(error: BaseException) -> str:
    """Return an error's own words on one line; servers put whole pages into them."""
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:199] + "…"
