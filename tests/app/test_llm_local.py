"""The provider ``transformers`` with a tiny model of random weights, made here: loading, streaming, stopping."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from app.answer.writer import Message, WriterError
from app.llm.local import open_local
from index.errors import ModelError

PROMPT = [Message("system", "规则"), Message("user", "问题是什么")]
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


COMMON = "".join(chr(0x4E00 + n) for n in range(600))


def _byte_order(letter: str) -> tuple[int, int]:
    """The order of GPT-2's table: bytes that print stand for themselves, the others follow from 256 on."""
    code = ord(letter)
    others = [b for b in range(256) if not (33 <= b <= 126 or 161 <= b <= 172 or 174 <= b <= 255)]
    return (others[code - 256], 0) if code >= 256 else (code, 0)


def make_model(folder: Path, *, template: str | None = TEMPLATE) -> Path:
    """A byte-level chat model of two layers; its words are noise, its interface that of a real one."""
    specials = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    # Byte-level vocabularies write each byte as a printable character; three bytes make a Chinese one.
    byte_of = dict(zip(sorted(pre_tokenizers.ByteLevel.alphabet(), key=_byte_order), range(256), strict=True))
    letter_of = {byte: letter for letter, byte in byte_of.items()}
    spelled = [[letter_of[byte] for byte in char.encode()] for char in sorted({*"规则问题是什么", *COMMON})]
    merges = list(dict.fromkeys(pair for a, b, c in spelled for pair in ((a, b), (a + b, c))))
    tokens = [*letter_of.values(), *(a + b for a, b in merges), *specials]
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=raw, eos_token="<|end|>", additional_special_tokens=specials[1:]
    )
    tokenizer.chat_template = template
    torch.manual_seed(7)
    config = Qwen2Config(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        eos_token_id=vocabulary["<|end|>"],
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("tiny"))


def leave() -> None:
    """Wait for the threads of a writer, which end by themselves."""
    for one in threading.enumerate():
        if one.name in {"wence-writer", "wence-generate"}:
            one.join(60)
            assert not one.is_alive()


def test_the_reply_comes_in_pieces_and_says_its_tokens_and_its_end(model: Path) -> None:
    writer = open_local(str(model), timeout_s=120, max_tokens=24, threads=1)
    pieces = list(writer.write(PROMPT))
    assert (writer.provider, writer.model) == ("transformers", model.name)
    assert len([piece for piece in pieces if piece.text]) > 1
    (last,) = [piece for piece in pieces if piece.completion_tokens is not None]
    assert last.ended == ("length" if last.completion_tokens == 24 else "stop")
    # Two characters and five with a role before and an end behind each, and the role of the reply.
    assert last.prompt_tokens == 2 + 5 + 2 * 2 + 1
    leave()


def test_the_same_prompt_gives_the_same_reply(model: Path) -> None:
    writer = open_local(str(model), timeout_s=120, max_tokens=12, threads=1)
    first, second = ("".join(piece.text for piece in writer.write(PROMPT)) for _ in range(2))
    assert first == second
    leave()


def test_closing_stops_the_model(model: Path) -> None:
    writer = open_local(str(model), timeout_s=300, max_tokens=4000, threads=1)
    with closing(writer.write(PROMPT)) as stream:
        next(piece for piece in stream if piece.text)
    # 4000 tokens would take minutes: the threads end at once or this fails.
    leave()


def test_two_callers_take_turns(model: Path) -> None:
    writer = open_local(str(model), timeout_s=120, max_tokens=8, threads=1)
    said: list[str] = []

    def ask() -> None:
        said.append("".join(piece.text for piece in writer.write(PROMPT)))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(120)
    assert len(said) == 2
    assert said[0] == said[1]
    leave()


def test_the_deadline_holds(model: Path) -> None:
    writer = open_local(str(model), timeout_s=1.0, max_tokens=4000, threads=1)
    with pytest.raises(WriterError) as caught:
        list(writer.write(PROMPT))
    assert caught.value.code == "timeout"
    leave()


def test_a_model_that_fails_while_it_writes_is_an_error(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = open_local(str(model), timeout_s=60, max_tokens=8, threads=1)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(Qwen2ForCausalLM, "forward", fail)
    with pytest.raises(WriterError, match="out of memory"):
        list(writer.write(PROMPT))
    leave()


def test_a_model_without_chat_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no chat template"):
        open_local(str(make_model(tmp_path, template=None)), timeout_s=9, max_tokens=9, threads=1)


def test_a_gguf_file_is_sent_to_llama_cpp(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    for name in (str(tmp_path), str(tmp_path / "model.gguf")):
        with pytest.raises(ModelError, match=r"llama\.cpp"):
            open_local(name, timeout_s=9, max_tokens=9, threads=1)


def test_a_folder_that_is_no_model_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "nothing"}), encoding="utf-8")
    with pytest.raises(ModelError, match="WENCE_LLM_MODEL"):
        open_local(str(tmp_path), timeout_s=9, max_tokens=9, threads=1)
