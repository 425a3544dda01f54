"""Low-rank matrices beside the encoder's own, trained on practice questions on one CPU, the same for one seed.

Hu et al. 2021 (arXiv:2106.09685, section 4.1): a frozen matrix W becomes ``W + scale * b @ a`` with a drawn at
random and b zero, so that training starts at the model as it is and only a and b are learnt. Here every matrix
of every layer has its pair.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from index.adapter import ABOUT
from index.training.data import Batch, Group, epoch_batches
from index.training.losses import null_loss, ranking_loss
from index.training.recipe import Recipe

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor, nn
    from transformers import BertModel

Progress = Callable[[str], None]

_MATRICES: Final = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
_REPORT_STEPS: Final = 16


@dataclass(frozen=True, slots=True)
class Factors:
    """One matrix's pair: ``a`` (rank, inputs) and ``b`` (outputs, rank), float32."""

    a: nn.Parameter
    b: nn.Parameter


class Encoder:
    """A frozen sentence-transformers folder of a BERT with mean pooling, opened for training."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        import torch
        from tokenizers import Tokenizer
        from transformers import BertModel

        self.bert: BertModel = BertModel.from_pretrained(folder, dtype=torch.float32)
        # Evaluation mode: without dropout, a run depends on its seed alone.
        self.bert.train(False).requires_grad_(False)
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(recipe.max_tokens)
        self.tokenizer.enable_padding(pad_id=self.bert.config.pad_token_id)
        self._recipe = recipe
        prompts = json.loads((folder / "config_sentence_transformers.json").read_text(encoding="utf-8"))["prompts"]
        self._query, self._passage = prompts["query"], prompts["document"]

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Return float32 (n, d), rows of unit L2 norm, with gradients."""
        return self._encode([self._query + text for text in texts])

    def encode_passages(self, texts: Sequence[str]) -> Tensor:
        """Return float32 (n, d), rows of unit L2 norm, with gradients."""
        return self._encode([self._passage + text for text in texts])

    def _encode(self, texts: Sequence[str]) -> Tensor:
        import torch

        if not texts:
            return torch.zeros(0, self.bert.config.hidden_size)
        # Sorted by length, so that little is padding.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        size = self._recipe.batch_size
        rows = [self._forward([texts[i] for i in order[at : at + size]]) for at in range(0, len(order), size)]
        place = torch.empty(len(order), dtype=torch.long)
        place[torch.tensor(order)] = torch.arange(len(order))
        return torch.cat(rows)[place]

    def _forward(self, texts: list[str]) -> Tensor:
        import torch
        from torch.nn.functional import normalize

        encodings = self.tokenizer.encode_batch(texts)
        ids = torch.tensor([encoding.ids for encoding in encodings])
        mask = torch.tensor([encoding.attention_mask for encoding in encodings])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._recipe.bfloat16):
            states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        shown = mask.unsqueeze(-1).float()
        return normalize((states.float() * shown).sum(1) / shown.sum(1), dim=-1)


def attach(encoder: Encoder, recipe: Recipe) -> dict[str, Factors]:
    """Put a pair beside each matrix of every layer; return the pairs by the matrix's name in the model."""
    import torch
    from torch import nn

    generator = torch.Generator().manual_seed(recipe.seed)
    pairs: dict[str, Factors] = {}
    for layer in range(encoder.bert.config.num_hidden_layers):
        for matrix in _MATRICES:
            name = f"encoder.layer.{layer}.{matrix}"
            linear: Any = encoder.bert.get_submodule(name)
            drawn = torch.randn(recipe.rank, linear.in_features, generator=generator) / linear.in_features**0.5
            pairs[name] = Factors(nn.Parameter(drawn), nn.Parameter(torch.zeros(linear.out_features, recipe.rank)))
            linear.register_forward_hook(_adding(pairs[name], recipe.scale))
    return pairs


def _adding(pair: Factors, scale: float) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    from torch.nn.functional import linear

    def add(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return output + scale * linear(linear(inputs[0], pair.a), pair.b)

    return add


def train(
    encoder: Encoder,
    pairs: Mapping[str, Factors],
    groups: Sequence[Group],
    *,
    recipe: Recipe,
    progress: Progress,
) -> Iterator[float]:
    """Train ``pairs`` in place, one step a document; yield the mean loss of each epoch as it ends.

    AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101); the rate climbs over the first steps and then falls in
    a straight line.
    """
    import torch

    factors = [factor for pair in pairs.values() for factor in (pair.a, pair.b)]
    threshold = torch.nn.Parameter(torch.tensor(recipe.threshold))
    optimiser = torch.optim.AdamW([*factors, threshold], lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    epochs = [epoch_batches(groups, recipe=recipe, epoch=epoch) for epoch in range(recipe.epochs)]
    total, step = sum(map(len, epochs)), 0
    for batches in epochs:
        losses: list[float] = []
        for batch in batches:
            for settings in optimiser.param_groups:
                settings["lr"] = recipe.learning_rate * rate_at(step, total, recipe)
            loss = batch_loss(encoder, batch, threshold, recipe)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(factors, recipe.max_gradient_norm)
            optimiser.step()
            losses.append(loss.item())
            step += 1
            if step % _REPORT_STEPS == 0:
                recent = losses[-_REPORT_STEPS:]
                mean = sum(recent) / len(recent)
                progress(f"step {step} of {total}: loss {mean:.3f}, threshold {threshold.item():.3f}")
        yield sum(losses) / len(losses)


def rate_at(step: int, total: int, recipe: Recipe) -> float:
    """Return the share of the learning rate at ``step``, which counts from 0.

    >>> recipe = Recipe(warmup_steps=4, last_rate=0.05)
    >>> [rate_at(step, 8, recipe) for step in (0, 1, 4, 6)]
    [0.25, 0.4375, 0.5, 0.25]
    """
    climbing = min(1.0, (step + 1) / recipe.warmup_steps) if recipe.warmup_steps else 1.0
    return climbing * max(recipe.last_rate, 1.0 - step / total)


def batch_loss(encoder: Encoder, batch: Batch, threshold: Tensor, recipe: Recipe) -> Tensor:
    """Return the ranking loss plus the weighted null loss of one batch, a scalar."""
    import torch

    sentences = encoder.encode_passages(batch.sentences)
    similarity = encoder.encode_queries(batch.questions) @ sentences.T
    unanswerable = encoder.encode_queries(batch.unanswerable) @ sentences.T
    positive = torch.zeros(similarity.shape, dtype=torch.bool)
    for row, numbers in enumerate(batch.positives):
        positive[row, list(numbers)] = True
    ranked = ranking_loss(similarity, positive, temperature=recipe.temperature)
    null = null_loss(similarity, positive, unanswerable, threshold, temperature=recipe.null_temperature)
    return ranked + recipe.null_weight * null


def first_right(encoder: Encoder, groups: Sequence[Group]) -> tuple[float, float]:
    """Return the share of questions whose nearest sentence of the group answers, and the MRR, both in [0, 1]."""
    import torch

    ranks: list[int] = []
    for group in groups:
        with torch.inference_mode():
            sentences = encoder.encode_passages([sentence.text for sentence in group.sentences])
            similarity = encoder.encode_queries([question.text for question in group.questions]) @ sentences.T
        for row, question in zip(similarity, group.questions, strict=True):
            best = row[list(question.positives)].max()
            ranks.append(1 + int((row > best).sum()))
    count = max(1, len(ranks))
    return sum(rank == 1 for rank in ranks) / count, sum(1 / rank for rank in ranks) / count


def save(pairs: Mapping[str, Factors], out: Path, *, recipe: Recipe, groups: Sequence[Group]) -> None:
    """Write the pairs as ``NAME.a`` and ``NAME.b`` in float16, the scale folded into b: merge ``W + b @ a``."""
    from safetensors.torch import save_file

    tensors = {}
    for name, pair in pairs.items():
        tensors[f"{name}.a"] = pair.a.detach().half().contiguous()
        tensors[f"{name}.b"] = (recipe.scale * pair.b.detach()).half().contiguous()
    about = {"recipe": asdict(recipe), "groups": [group.name for group in groups]}
    out.parent.mkdir(parents=True, exist_ok=True)
    half_done = out.with_name(f".{out.name}.tmp")
    # One entry: safetensors writes several in a random order, and two equal adapters would differ in bytes.
    save_file(tensors, half_done, metadata={ABOUT: json.dumps(about, sort_keys=True)})
    half_done.chmod(0o644)
    half_done.replace(out)
