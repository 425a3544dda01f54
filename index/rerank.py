"""The reranker: how surely a judged sentence answers a question, by reading both together.

Its weights (``index/weights``, int8 rows with a float16 scale each, hash-checked) are those of an encoder of the
default embedding model's shape, trained by ``python -m index train-reranker``; the word vectors are taken from
the rebuilt default model, whatever model embeds the index. It computes in bfloat16 where the processor has
instructions for it (the logits differ by some hundredths), else in float32. Dynamic int8 was tried: it moves the
logits by 3.7 in the median, and the nearest sentence is right in .67 of practice questions instead of .81.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

    from index.crossing import PairScorer, PairTokenizer

WEIGHTS_FILE: Final = Path(__file__).parent / "weights" / "reranker-v5.safetensors"
WEIGHTS_SHA256: Final = "3515274a68d40972c7b12a672775813aebce77a79e52907272a087e7ff0b8f75"
_REMEDY: Final = 'restore index/weights from the repository, or set reranker = "none"'
_MAX_CACHED: Final = 50_000
_MAX_SCORES: Final = 20_000
_BATCH: Final = 4


class Reranker:
    """Judges sentences against questions. Thread-safe: its two caches hold what any thread would compute."""

    def __init__(self, network: PairScorer, tokenizer: PairTokenizer) -> None:
        self._network = network
        self._tokenizer = tokenizer
        self._tokens: dict[str, list[int]] = {}
        self._scores: dict[tuple[str, str, str], float] = {}
        self._bfloat16 = has_bfloat16()

    @classmethod
    def load(cls, model_dir: Path, weights: Path = WEIGHTS_FILE, *, sha256: str = WEIGHTS_SHA256) -> Self:
        """Return the reranker of ``weights`` over the word vectors of ``model_dir``, the rebuilt default model.

        Raises:
            ModelError: a file is missing, altered or does not fit.

        """
        from tokenizers import Tokenizer

        from index.crossing import PairTokenizer

        _check(weights, sha256)
        network = _network(model_dir, weights)
        return cls(network, PairTokenizer(Tokenizer.from_file(str(model_dir / "tokenizer.json"))))

    def score(self, question: str, judged: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Return float32 (n,) logits, higher is surer, 0 about even, for ``(context, sentence)`` pairs.

        A question of several parts or sides meets the same pair more than once; it is computed once.
        """
        known = self._scores
        new = [pair for pair in dict.fromkeys(judged) if (question, *pair) not in known]
        fresh = dict(zip(new, self._computed(question, new), strict=True))
        if len(known) > _MAX_SCORES:
            self._scores = {}
        self._scores.update({(question, *pair): score for pair, score in fresh.items()})
        scores = [fresh[pair] if pair in fresh else known[question, *pair] for pair in judged]
        return np.array(scores, dtype=np.float32)

    def _computed(self, question: str, judged: Sequence[tuple[str, str]]) -> list[float]:
        import torch

        if not judged:
            return []
        asked = self._encoded([question])[0]
        contexts = self._encoded([context for context, _ in judged])
        sentences = self._encoded([sentence for _, sentence in judged])
        triples = [(asked, c, s) for c, s in zip(contexts, sentences, strict=True)]
        # Batches of like length, so that little is padding.
        order = sorted(range(len(triples)), key=lambda n: len(contexts[n]) + len(sentences[n]))
        scores = [0.0] * len(triples)
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bfloat16):
            for at in range(0, len(order), _BATCH):
                rows = order[at : at + _BATCH]
                pair, _ = self._network(*self._tokenizer.batch([triples[n] for n in rows]))
                for n, score in zip(rows, pair.tolist(), strict=True):
                    scores[n] = score
        return scores

    def _encoded(self, texts: Sequence[str]) -> list[list[int]]:
        new = [text for text in dict.fromkeys(texts) if text not in self._tokens]
        if new:
            if len(self._tokens) > _MAX_CACHED:
                self._tokens = {}
            self._tokens.update(zip(new, self._tokenizer.encode(new), strict=True))
        return [
            self._tokens[text] if text in self._tokens else self._tokenizer.encode([text])[0] for text in texts
        ]


def has_bfloat16() -> bool:
    """Return whether this processor multiplies bfloat16 faster than float32."""
    import torch

    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _check(weights: Path, sha256: str) -> None:
    try:
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"the reranker {weights.name} cannot be read ({error.strerror}): {_REMEDY}") from error
    if sha256 and digest != sha256:
        raise ModelError(
            f"the reranker {weights.name} is altered (SHA-256 {digest[:12]}…): expected {sha256[:12]}…; {_REMEDY}"
        )


def _network(model_dir: Path, weights: Path) -> PairScorer:
    from safetensors import SafetensorError, safe_open
    from torch import nn
    from transformers import BertConfig, BertModel

    from index.crossing import PairScorer

    try:
        with safe_open(model_dir / "model.safetensors", framework="pt") as file:
            # Mapped from the file: only the rows of words that occur are read.
            words = file.get_tensor("embeddings.word_embeddings.weight")
        state = unpacked(weights)
        config = BertConfig.from_pretrained(model_dir)
        config.vocab_size = 2
        network = PairScorer(BertModel(config, add_pooling_layer=False))
        vectors = nn.Parameter(words.float(), requires_grad=False)
        network.bert.embeddings.word_embeddings = nn.Embedding(vectors.shape[0], vectors.shape[1], _weight=vectors)
        missing = network.load_state_dict(state, strict=False).missing_keys
    except (OSError, SafetensorError, KeyError, RuntimeError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(f"the reranker {weights.name} cannot be loaded ({reason}): {_REMEDY}") from error
    if set(missing) - {"bert.embeddings.word_embeddings.weight"}:
        raise ModelError(f"the reranker {weights.name} lacks {missing[0]}: {_REMEDY}")
    return network.train(False)


def packed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors as they are kept: matrices of the encoder as int8 rows with a float16 scale each."""
    import torch

    found = {}
    for name, tensor in state.items():
        if "word_embeddings" in name:
            continue
        if name.startswith("bert.encoder") and tensor.ndim == 2:
            scale = (tensor.abs().amax(dim=1) / 127).clamp(min=1e-8).half()
            found[f"{name}.int8"] = (tensor / scale.float()[:, None]).round().clamp(-127, 127).to(torch.int8)
            found[f"{name}.scale"] = scale
        else:
            found[name] = tensor.half().contiguous()
    return found


def unpacked(weights: Path) -> dict[str, Tensor]:
    """Return the float32 tensors of a file of :func:`packed` ones."""
    from safetensors.torch import load_file

    kept = load_file(weights)
    state = {}
    for name, tensor in kept.items():
        if name.endswith(".int8"):
            matrix = name.removesuffix(".int8")
            state[matrix] = tensor.float() * kept[f"{matrix}.scale"].float()[:, None]
        elif not name.endswith(".scale"):
            state[name] = tensor.float()
    return state
