"""Training of the reranker: which sentence answers, whether any does, and which of its words.

The losses of a step, for the logits ``s`` of the sentences drawn for each question: ``-log(sum_P exp s / sum exp
s)`` over those with an answer P (the listwise loss of Nogueira et al. 2020 and of :mod:`index.training.losses`),
binary cross-entropy of every sentence, so that one logit means the same for all questions, and, with less weight,
binary cross-entropy of the tokens of sentences that answer against the wordings of the key facts.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.training.pairs import Example, draw, fact_spans
from index.training.recipe import RerankRecipe

if TYPE_CHECKING:
    from torch import Tensor

    from index.crossing import PairScorer, PairTokenizer

Progress = Callable[[str], None]
_REPORT_STEPS = 50
_MEASURED = 20


@dataclass(frozen=True, slots=True)
class Stage:
    """One pass over examples: how often, how fast, and how many sentences a question brings."""

    examples: Sequence[Example]
    epochs: int
    rate: float
    sentences: int


def open_network(folder: Path) -> tuple[PairScorer, PairTokenizer]:
    """Return the untrained network over the model of a sentence-transformers folder, and its tokenizer."""
    import torch
    from tokenizers import Tokenizer
    from transformers import BertModel

    from index.crossing import PairScorer, PairTokenizer

    bert = BertModel.from_pretrained(folder, dtype=torch.float32, add_pooling_layer=False)
    bert.embeddings.word_embeddings.weight.requires_grad_(False)
    return PairScorer(bert), PairTokenizer(Tokenizer.from_file(str(folder / "tokenizer.json")))


def train(
    network: PairScorer, tokenizer: PairTokenizer, stage: Stage, *, recipe: RerankRecipe, progress: Progress
) -> Iterator[int]:
    """Train ``network`` in place; yield the number of each epoch as it ends."""
    import torch

    parameters = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=stage.rate, weight_decay=recipe.weight_decay)
    steps = -(-len(stage.examples) // recipe.questions_per_step)
    step, losses = 0, []
    for epoch in range(stage.epochs):
        rng = random.Random(f"{recipe.seed}-{epoch}")
        order = rng.sample(stage.examples, len(stage.examples))
        network.train()
        for at in range(0, len(order), recipe.questions_per_step):
            for settings in optimiser.param_groups:
                climbing = min(1.0, (step + 1) / recipe.warmup_steps)
                settings["lr"] = stage.rate * climbing * max(recipe.last_rate, 1 - step / (steps * stage.epochs))
            batch = order[at : at + recipe.questions_per_step]
            loss = step_loss(network, tokenizer, batch, rng, size=stage.sentences, recipe=recipe)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(parameters, recipe.max_gradient_norm)
            optimiser.step()
            step += 1
            losses.append(loss.item())
            if step % _REPORT_STEPS == 0:
                mean = sum(losses[-_REPORT_STEPS:]) / _REPORT_STEPS
                progress(f"step {step} of {steps * stage.epochs}: loss {mean:.3f}")
        yield epoch


def step_loss(
    network: PairScorer,
    tokenizer: PairTokenizer,
    batch: Sequence[Example],
    rng: random.Random,
    *,
    size: int,
    recipe: RerankRecipe,
) -> Tensor:
    """Return the loss of one step, a scalar."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

    texts: list[tuple[str, str, str]] = []
    facts: list[Sequence[str]] = []
    drawn: list[tuple[int, int, int]] = []
    for example in batch:
        numbers, right = draw(example, rng, size=size)
        drawn.append((len(texts), len(numbers), right))
        texts += [(example.question, *example.pool[n]) for n in numbers]
        facts += [example.facts if k < right else () for k in range(len(numbers))]
    logits, token_loss = _forward(network, tokenizer, texts, facts, recipe)
    answers = torch.zeros(len(texts))
    ranked = []
    for at, count, right in drawn:
        answers[at : at + right] = 1
        if 0 < right < count:
            own = logits[at : at + count]
            ranked.append(torch.logsumexp(own, 0) - torch.logsumexp(own[:right], 0))
    total = cross_entropy(logits, answers, pos_weight=torch.tensor(recipe.positive_weight))
    if ranked:
        total = total + torch.stack(ranked).mean()
    return total + recipe.token_weight * token_loss


def _forward(
    network: PairScorer,
    tokenizer: PairTokenizer,
    texts: Sequence[tuple[str, str, str]],
    facts: Sequence[Sequence[str]],
    recipe: RerankRecipe,
) -> tuple[Tensor, Tensor]:
    """Return the logits in the order of ``texts`` and the mean loss of the tokens; two batches of like length."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

    order = sorted(range(len(texts)), key=lambda n: len(texts[n][1]) + len(texts[n][2]))
    half = (len(order) + 1) // 2
    logits, of_tokens, cells = [], [], 0.0
    for rows in (order[:half], order[half:]):
        encoded = [tokenizer.encode(list(texts[n])) for n in rows]
        inputs = tokenizer.batch([(e[0], e[1], e[2]) for e in encoded])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.bfloat16):
            pair, token = network(*inputs)
        logits.append(pair.float())
        for k, n in enumerate(rows):
            if facts[n]:
                shown = inputs[2][k].float()
                labels = _token_labels(tokenizer, texts[n][2], facts[n], shown)
                weight = torch.tensor(recipe.positive_weight)
                each = cross_entropy(token[k].float(), labels, reduction="none", pos_weight=weight)
                of_tokens.append((each * shown).sum())
                cells += float(shown.sum())
    place = torch.empty(len(order), dtype=torch.long)
    place[torch.tensor(order)] = torch.arange(len(order))
    token_loss = torch.stack(of_tokens).sum() / cells if of_tokens else torch.tensor(0.0)
    return torch.cat(logits)[place], token_loss


def _token_labels(tokenizer: PairTokenizer, sentence: str, facts: Sequence[str], shown: Tensor) -> Tensor:
    import torch

    labels = torch.zeros(len(shown))
    first, count = int(shown.argmax()), int(shown.sum())
    spans = fact_spans(sentence, facts)
    for k, (start, end) in enumerate(tokenizer.offsets(sentence)[:count]):
        labels[first + k] = float(any(start < b and end > a for a, b in spans))
    return labels


def measure(
    network: PairScorer, tokenizer: PairTokenizer, examples: Sequence[Example], *, recipe: RerankRecipe
) -> str:
    """Return how often the best of the twenty nearest sentences answers, and how well its logit tells silence."""
    import torch

    right = answerable = 0
    sure: list[float] = []
    silent: list[float] = []
    network.train(False)
    for example in examples:
        numbers = example.nearest[:_MEASURED]
        encoded = [tokenizer.encode([example.question, *example.pool[n]]) for n in numbers]
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.bfloat16):
            logits, _ = network(*tokenizer.batch([(e[0], e[1], e[2]) for e in encoded]))
        logits = logits.float()
        best = int(logits.argmax())
        if example.positives:
            answerable += 1
            right += numbers[best] in example.positives
            sure.append(float(logits[best]))
        else:
            silent.append(float(logits[best]))
    pairs = max(1, len(sure) * len(silent))
    auroc = sum((a > b) + 0.5 * (a == b) for a in sure for b in silent) / pairs
    return f"nearest sentence answers in {right / max(1, answerable):.3f}, AUROC {auroc:.3f}"


def save(network: PairScorer, out: Path, *, recipe: RerankRecipe, sources: Sequence[str]) -> None:
    """Write the weights as :func:`index.rerank.packed` has them, whole or not at all."""
    from safetensors.torch import save_file

    from index.adapter import ABOUT
    from index.rerank import packed

    out.parent.mkdir(parents=True, exist_ok=True)
    half_done = out.with_name(f".{out.name}.tmp")
    about = json.dumps({"recipe": asdict(recipe), "sources": list(sources)}, sort_keys=True)
    save_file(packed(network.state_dict()), half_done, metadata={ABOUT: about})
    half_done.chmod(0o644)
    half_done.replace(out)
