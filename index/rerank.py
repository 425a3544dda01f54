"""The reader: how well a sentence answers a question, and where in it the short answer lies.

An optional cross-encoder of a few layers over the embedder's own word embeddings. Its file holds the layers
in 8 bits and says which base model it belongs to; without the file, retrieval works as before. It is trained
by ``python -m index train-reader`` and described in ``index/reader/README.md``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer
    from torch import Tensor

Span = tuple[int, int, float]

READER_FILE: Final = Path(__file__).parent / "reader" / "reader-v1.safetensors"
FORMAT: Final = "wence-reader-1"
ABOUT: Final = "wence"
MAX_TOKENS: Final = 160
_MAX_QUESTION_CHARS: Final = 120
_MAX_CONTEXT_CHARS: Final = 40
# Longer short answers are whole enumerations, which the clause tree gives completely.
_MAX_SPAN_TOKENS: Final = 60
_REMEDY: Final = "restore the file from the repository, or run: python -m index train-reader"


def load_reader(base: Path, *, path: Path = READER_FILE) -> Reader | None:
    """Return the reader in ``path`` over the embedded model in the folder ``base``; None where no file is.

    Raises:
        ModelError: the file is there but damaged, or belongs to another base model.

    """
    return Reader.load(path, base=base) if path.is_file() else None


class Reader:
    """A loaded reader. It holds no state between calls and may be shared by threads."""

    def __init__(
        self, tensors: Mapping[str, Tensor], embeddings: Mapping[str, Tensor], tokenizer: Tokenizer
    ) -> None:
        self._tensors = tensors
        self._embeddings = embeddings
        self._tokenizer = tokenizer
        self._layers = 1 + max(int(name.split(".")[1]) for name in tensors if name.startswith("layer."))

    @classmethod
    def load(cls, path: Path, *, base: Path) -> Self:
        """Return the reader in ``path``, over the word embeddings and the tokenizer of ``base``.

        Raises:
            ModelError: a file cannot be read, its digest differs, or ``base`` is not the reader's base model.

        """
        from safetensors import SafetensorError, safe_open
        from tokenizers import Tokenizer

        try:
            with safe_open(path, framework="pt") as file:
                about: dict[str, str] = json.loads((file.metadata() or {}).get(ABOUT, "{}"))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            with safe_open(base / "model.safetensors", framework="pt") as file:
                # Mapped, not read: a question touches a few dozen of the 250,037 rows.
                names = [name for name in file.keys() if name.startswith("embeddings.")]  # noqa: SIM118
                embeddings = {name.removeprefix("embeddings."): file.get_tensor(name) for name in names}
        except (OSError, ValueError, SafetensorError) as error:
            raise ModelError(
                f"cannot read the reader {path.name} ({error}): expected a whole safetensors file; {_REMEDY}"
            ) from error
        _check(path, about, tensors, base)
        tokenizer: Tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
        tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        return cls(_ready(tensors), embeddings, tokenizer)

    def score(
        self, question: str, sentences: Sequence[str], *, contexts: Sequence[str] | None = None
    ) -> tuple[NDArray[np.float32], list[Span]]:
        """Return relevance logits, float32 (n,), and for each sentence its likeliest short answer.

        A logit is higher the better the sentence answers. Zero is the boundary of training, in which answering
        pairs weighed three times: the sigmoid is no calibrated probability.
        A span is ``(start, end, probability)``: characters of the sentence, half-open, and the probability
        in [0, 1] that the answer is exactly this, given that the sentence holds one. ``contexts`` are short
        headings (document or clause titles) shown before the sentences.
        """
        if not sentences:
            return np.zeros(0, dtype=np.float32), []
        import torch

        shown = [""] * len(sentences) if contexts is None else [_heading(context) for context in contexts]
        pairs = [
            (question[:_MAX_QUESTION_CHARS], head + text) for head, text in zip(shown, sentences, strict=True)
        ]
        encodings = self._tokenizer.encode_batch(pairs)
        with torch.inference_mode():
            states = self._encode(encodings)
            relevance, spans = self._heads(encodings, states)
        found = [
            _best_span(encoding, logits, skip=len(head), length=len(text))
            for encoding, logits, head, text in zip(encodings, spans, shown, sentences, strict=True)
        ]
        return relevance, found

    def _encode(self, encodings: Sequence[Encoding]) -> Tensor:
        """float32 (t, d): the last layer's states of all pairs one after the other, without padding."""
        import torch
        from torch.nn import functional

        lengths = [len(encoding.ids) for encoding in encodings]
        ids = torch.tensor([i for encoding in encodings for i in encoding.ids])
        positions = torch.cat([torch.arange(n) for n in lengths])
        table = self._embeddings
        states = table["word_embeddings.weight"][ids] + table["position_embeddings.weight"][positions]
        states += table["token_type_embeddings.weight"][0]
        states = functional.layer_norm(
            states, states.shape[1:], table["LayerNorm.weight"], table["LayerNorm.bias"], 1e-12
        )
        for layer in range(self._layers):
            states = self._layer(f"layer.{layer}.", states, lengths)
        return states

    def _layer(self, name: str, states: Tensor, lengths: Sequence[int]) -> Tensor:
        import torch
        from torch.nn import functional

        heads = states.shape[1] // 32
        qkv = self._linear(name + "qkv", states).view(len(states), 3, heads, 32)
        mixed = []
        for pair in torch.split(qkv, list(lengths)):
            query, key, value = pair.permute(1, 2, 0, 3).unsqueeze(1)
            mixed.append(functional.scaled_dot_product_attention(query, key, value)[0].transpose(0, 1).flatten(1))
        states = self._norm(name + "norm_1", states + self._linear(name + "out", torch.cat(mixed)))
        inner = functional.gelu(self._linear(name + "up", states))
        return self._norm(name + "norm_2", states + self._linear(name + "down", inner))

    def _linear(self, name: str, states: Tensor) -> Tensor:
        """``states @ W.T + b`` in whole numbers: 8-bit states (a scale per row) by 7-bit weights (one per output).

        Weights of 7 bits cannot overflow the 16-bit sums that CPUs without VNNI use, so that every CPU
        computes the same.
        """
        import torch

        scale = states.abs().amax(1, keepdim=True).clamp_(min=1e-8).div_(127.0)
        product = torch._int_mm((states / scale).round_().to(torch.int8), self._tensors[name + ".weight"])
        return (
            product.to(torch.float32)
            .mul_(scale)
            .mul_(self._tensors[name + ".scale"])
            .add_(self._tensors[name + ".bias"])
        )

    def _norm(self, name: str, states: Tensor) -> Tensor:
        from torch.nn import functional

        weight, bias = self._tensors[name + ".weight"], self._tensors[name + ".bias"]
        return functional.layer_norm(states, states.shape[1:], weight, bias, 1e-12)

    def _heads(
        self, encodings: Sequence[Encoding], states: Tensor
    ) -> tuple[NDArray[np.float32], list[NDArray[Any]]]:
        """Relevance logits (n,) and for each pair the start and end logits, float32 (t, 2)."""
        import torch

        pooled, at = [], 0
        for encoding in encodings:
            pair = states[at : at + len(encoding.ids)]
            inside = torch.tensor([which == 1 for which in encoding.sequence_ids])
            mean = pair[inside].sum(0) / max(1, int(inside.sum()))
            pooled.append(torch.cat([pair[0], mean]))
            at += len(encoding.ids)
        tensors = self._tensors
        relevance = torch.stack(pooled) @ tensors["relevance.weight"].T + tensors["relevance.bias"]
        spans = states @ tensors["span.weight"].T + tensors["span.bias"]
        cut = np.cumsum([len(encoding.ids) for encoding in encodings])[:-1]
        return relevance.squeeze(1).numpy(), np.split(spans.numpy(), cut)


def _heading(context: str) -> str:
    return f"{context[:_MAX_CONTEXT_CHARS]}：" if context else ""


def _best_span(encoding: Encoding, logits: NDArray[Any], *, skip: int, length: int) -> Span:
    """The likeliest span of the sentence that starts ``skip`` characters into the second text."""
    inside = [
        i
        for i, (which, (start, end)) in enumerate(zip(encoding.sequence_ids, encoding.offsets, strict=True))
        if which == 1 and start >= skip and end > start
    ]
    if not inside:
        return 0, length, 0.0
    chosen = logits[inside].astype(np.float64)
    odds = np.exp(chosen - chosen.max(axis=0))
    begin, finish = (odds / odds.sum(axis=0)).T
    allowed = np.triu(np.ones((len(inside), len(inside)))) - np.triu(np.ones((len(inside),) * 2), _MAX_SPAN_TOKENS)
    joint = np.outer(begin, finish) * allowed
    first, last = divmod(int(joint.argmax()), len(inside))
    start = encoding.offsets[inside[first]][0] - skip
    end = encoding.offsets[inside[last]][1] - skip
    return start, min(end, length), float(joint[first, last])


def _ready(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with the 8-bit matrices transposed to (inputs, outputs), as the product takes them."""
    return {
        name: tensor.t() if name.startswith("layer.") and tensor.dim() == 2 else tensor
        for name, tensor in tensors.items()
    }


def _check(path: Path, about: Mapping[str, str], tensors: Mapping[str, Tensor], base: Path) -> None:
    if about.get("format") != FORMAT:
        raise ModelError(f"{path.name} has format {about.get('format')!r}: expected {FORMAT!r}; {_REMEDY}")
    found, recorded = digest(tensors), about.get("digest", "")
    if found != recorded:
        raise ModelError(f"{path.name} is altered (digest {found[:12]}…): expected {recorded[:12]}…; {_REMEDY}")
    try:
        marker = json.loads((base / "wence-model.json").read_text(encoding="utf-8"))
        source = str(marker["source_sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        source = "unknown"
    if source != about.get("base_sha256"):
        raise ModelError(
            f"{path.name} cannot read over {base.name!r}, a model made of {source[:12]}: expected the one made of "
            f"{about.get('base_sha256', '')[:12]}; give the folder that resolve_model('embedded') returns"
        )


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 over names, shapes and bytes of ``tensors``, in the order of their names."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        total.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        total.update(tensor.numpy().tobytes())
    return total.hexdigest()
