"""The provider ``transformers``: a chat model from a folder or hub name, in this process, streamed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, PrivateAttr
from transformers import AutoModelForCausalLM, AutoTokenizer, TextIteratorStreamer
from transformers.generation.stopping_criteria import StoppingCriteria, StoppingCriteriaList

from app.llm.chat import ChatWriter
from index.errors import ModelError

if TYPE_CHECKING:
    from langchain_core.callbacks import CallbackManagerForLLMRun

_ROLES = {"system": "system", "human": "user", "ai": "assistant"}
_REMEDY = "set WENCE_LLM_MODEL to a folder or hub name of a chat model in the transformers format"


class _Cancelled(StoppingCriteria):
    def __init__(self) -> None:
        self.asked = threading.Event()

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.BoolTensor:
        size, device = input_ids.shape[0], input_ids.device
        return torch.full((size,), self.asked.is_set(), dtype=torch.bool, device=device)  # type: ignore[return-value]


class TransformersChat(BaseChatModel):
    """One loaded model. Generates for one caller at a time: two at once on one processor gain nothing."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    tokenizer: Any
    network: Any
    max_new_tokens: int
    stall_s: float
    _turn: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "wence-transformers"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        chunks = [chunk.message for chunk in self._stream(messages, stop, run_manager, **kwargs)]
        text = "".join(str(chunk.text) for chunk in chunks)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        prompt = self._encoded(messages)
        size = int(prompt["input_ids"].shape[1])
        cancelled, failures = _Cancelled(), []
        streamer = TextIteratorStreamer(
            self.tokenizer, skip_prompt=True, timeout=self.stall_s, skip_special_tokens=True
        )
        lengths: list[int] = []

        def run() -> None:
            try:
                with torch.inference_mode():
                    out = self.network.generate(
                        **prompt,
                        max_new_tokens=self.max_new_tokens,
                        do_sample=False,
                        streamer=streamer,
                        stopping_criteria=StoppingCriteriaList([cancelled]),
                        pad_token_id=self.tokenizer.pad_token_id or self.tokenizer.eos_token_id,
                    )
                lengths.append(int(out.shape[1]) - size)
            except (RuntimeError, ValueError, IndexError, TypeError) as error:
                failures.append(error)
            finally:
                streamer.end()  # type: ignore[no-untyped-call]

        with self._turn:
            worker = threading.Thread(target=run, daemon=True, name="wence-generate")
            worker.start()
            try:
                for text in streamer:
                    if text:
                        yield ChatGenerationChunk(message=AIMessageChunk(content=text))
            finally:
                cancelled.asked.set()
                worker.join()
        if failures:
            raise failures[0]
        yield self._last(size, lengths[0])

    def _last(self, prompt_tokens: int, completion_tokens: int) -> ChatGenerationChunk:
        usage = UsageMetadata(
            input_tokens=prompt_tokens,
            output_tokens=completion_tokens,
            total_tokens=prompt_tokens + completion_tokens,
        )
        reason = "length" if completion_tokens >= self.max_new_tokens else "stop"
        return ChatGenerationChunk(
            message=AIMessageChunk(content="", usage_metadata=usage, response_metadata={"finish_reason": reason})
        )

    def _encoded(self, messages: Sequence[BaseMessage]) -> Any:
        turns = [{"role": _ROLES[one.type], "content": str(one.text)} for one in messages]
        encoded = self.tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        return encoded.to(self.network.device)


def open_local(model: str, *, timeout_s: float, max_tokens: int, threads: int) -> ChatWriter:
    """Return the writer over a model, loaded now.

    Raises:
        ModelError: there is no such model, it is a GGUF file, or it has no chat template.

    """
    if model.lower().endswith(".gguf") or (Path(model).is_dir() and _only_gguf(Path(model))):
        raise ModelError(
            f"{model} is a GGUF file, which would be de-quantised here; serve it with llama.cpp and set "
            "WENCE_LLM=openai and WENCE_LLM_URL"
        )
    torch.set_num_threads(threads)
    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
        # The half precision of most checkpoints is several times slower on processors without its instructions.
        device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.float32 if device == "cpu" else "auto"
        network: Any = AutoModelForCausalLM.from_pretrained(model, dtype=dtype)
        network = network.to(device).eval()
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(f"cannot load the chat model {model!r}: {first}; {_REMEDY}") from error
    if not getattr(tokenizer, "chat_template", None):
        raise ModelError(f"{model} has no chat template, so it is no chat model; {_REMEDY}")
    chat = TransformersChat(tokenizer=tokenizer, network=network, max_new_tokens=max_tokens, stall_s=timeout_s)
    return ChatWriter(chat, provider="transformers", model=Path(model).name, timeout_s=timeout_s)


def _only_gguf(folder: Path) -> bool:
    names = [path.suffix for path in folder.iterdir()]
    return ".gguf" in names and ".safetensors" not in names and ".bin" not in names
