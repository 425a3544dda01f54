"""A reader trained from public questions on one CPU core, the same every time for one seed."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from index.training.data import Candidate, Question, draw
from index.training.network import Batch, Reader, encode, load_tokenizer, span_targets

Progress = Callable[[str], None]
_REPORT_STEPS = 20
_CHECKPOINT_STEPS = 100


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides the trained weights, besides the data and the base model."""

    seed: int = 7
    keep_layers: tuple[int, ...] = (0, 1, 2, 3, 4, 5)
    # Learning rate as a share of its peak, at steps; straight lines between. The last step ends the run.
    # 640 steps are one and a quarter times through the 4,147 training questions.
    rate: tuple[tuple[int, float], ...] = ((0, 0.0), (62, 1.0), (300, 0.756), (640, 0.0))
    questions_per_step: int = 8
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    binary_weight: float = 0.5
    span_weight: float = 0.5
    # bfloat16 arithmetic with float32 weights: twice as fast where the CPU has it, slower elsewhere.
    bfloat16: bool = True


def train(
    questions: Sequence[Question], *, base: Path, out: Path, recipe: Recipe, threads: int, progress: Progress
) -> Reader:
    """Return the trained reader in evaluation mode; ``out/checkpoint.pt`` lets a broken run go on."""
    torch.set_num_threads(threads)
    torch.manual_seed(recipe.seed)
    reader = Reader.from_base(base, keep=recipe.keep_layers)
    tokenizer = load_tokenizer(base)
    optimiser, schedule = _optimiser(reader, recipe)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    done = _resume(checkpoint, reader, optimiser, schedule, recipe)
    reader.train()
    begun, window = time.monotonic(), [0.0, 0.0, 0.0]
    for step, group in enumerate(_steps(questions, recipe)):
        if step < done:
            continue
        losses = _step(reader, tokenizer, group, recipe)
        torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        window = [w + x for w, x in zip(window, losses, strict=True)]
        if (step + 1) % _REPORT_STEPS == 0:
            shown = " ".join(f"{w / _REPORT_STEPS:.3f}" for w in window)
            progress(f"step {step + 1}: listwise, binary, span loss {shown}; {time.monotonic() - begun:.0f} s")
            window = [0.0, 0.0, 0.0]
        if (step + 1) % _CHECKPOINT_STEPS == 0:
            _save(checkpoint, reader, optimiser, schedule, recipe, step + 1)
    return reader.eval()


def _steps(questions: Sequence[Question], recipe: Recipe) -> Iterator[list[list[Candidate]]]:
    """The drawn lists of each step; a step's content depends on the seed and its epoch only."""
    left = recipe.rate[-1][0]
    for epoch in itertools.count():
        rng = random.Random(f"{recipe.seed}-{epoch}")
        order = list(questions)
        rng.shuffle(order)
        for at in range(0, len(order), recipe.questions_per_step):
            if not left:
                return
            left -= 1
            yield [draw(question, rng) for question in order[at : at + recipe.questions_per_step]]


def _step(
    reader: Reader, tokenizer: Tokenizer, group: Sequence[Sequence[Candidate]], recipe: Recipe
) -> tuple[float, float, float]:
    """Add the gradients of one step; return the listwise, binary and span losses."""
    flat = [candidate for drawn in group for candidate in drawn]
    logits, span_loss = _forward(reader, tokenizer, flat, bfloat16=recipe.bfloat16)
    listwise, at = [], 0
    for drawn in group:
        listwise.append(-torch.log_softmax(logits[at : at + len(drawn)], dim=0)[0])
        at += len(drawn)
    ranked = torch.stack(listwise).mean()
    wanted = torch.tensor([float(candidate.relevant) for candidate in flat])
    # One positive stands against about six others; weighting it keeps the logit's zero near even odds.
    binary = nn.functional.binary_cross_entropy_with_logits(logits, wanted, pos_weight=torch.tensor(3.0))
    total = ranked + recipe.binary_weight * binary + recipe.span_weight * span_loss
    total.backward()  # type: ignore[no-untyped-call]
    return ranked.item(), binary.item(), span_loss.item()


def _forward(
    reader: Reader, tokenizer: Tokenizer, flat: Sequence[Candidate], *, bfloat16: bool
) -> tuple[Tensor, Tensor]:
    """Relevance logits (n,) in the given order and the mean span loss over the relevant candidates."""
    order = sorted(range(len(flat)), key=lambda i: len(flat[i].question) + len(flat[i].text))
    logits: list[Tensor] = [torch.empty(0)] * len(flat)
    losses: list[Tensor] = []
    # Sorted by length, so that little is padding.
    for at in range(0, len(order), 16):
        chosen = order[at : at + 16]
        batch = encode(tokenizer, [(flat[i].question, flat[i].text) for i in chosen])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            relevance, spans = reader(batch)
        for row, i in enumerate(chosen):
            logits[i] = relevance[row]
        losses.extend(_span_losses(batch, spans, [(flat[i].start, flat[i].end) for i in chosen]))
    span_loss = torch.stack(losses).mean() if losses else torch.zeros(())
    return torch.stack(logits), span_loss


def _span_losses(batch: Batch, spans: Tensor, wanted: Sequence[tuple[int, int]]) -> list[Tensor]:
    targets = span_targets(batch, wanted)
    return [
        nn.functional.cross_entropy(spans[row].T, targets[row])
        for row in range(len(wanted))
        if int(targets[row, 0]) >= 0
    ]


def _optimiser(reader: Reader, recipe: Recipe) -> tuple[torch.optim.AdamW, Any]:
    heads = [p for name, p in reader.named_parameters() if not name.startswith("encoder.")]
    layers = [p for name, p in reader.named_parameters() if name.startswith("encoder.") and p.requires_grad]
    optimiser = torch.optim.AdamW(
        [
            {"params": layers, "lr": recipe.learning_rate},
            {"params": heads, "lr": recipe.head_learning_rate},
        ],
        weight_decay=recipe.weight_decay,
        fused=True,
    )
    at, share = zip(*recipe.rate, strict=True)

    def factor(step: int) -> float:
        return float(np.interp(step + 1, at, share))

    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, factor)


def _save(path: Path, reader: Reader, optimiser: Any, schedule: Any, recipe: Recipe, step: int) -> None:
    state = {name: value for name, value in reader.state_dict().items() if ".embeddings." not in name}
    half_done = path.with_suffix(".tmp")
    torch.save(
        {
            "reader": state,
            "optimiser": optimiser.state_dict(),
            "schedule": schedule.state_dict(),
            "recipe": asdict(recipe),
            "step": step,
            "random": torch.get_rng_state(),
        },
        half_done,
    )
    half_done.replace(path)


def _resume(path: Path, reader: Reader, optimiser: Any, schedule: Any, recipe: Recipe) -> int:
    """Load the checkpoint of the same recipe, if there is one; return the number of steps done."""
    if not path.exists():
        return 0
    saved = torch.load(path, weights_only=True)
    if saved["recipe"] != asdict(recipe):
        return 0
    reader.load_state_dict(saved["reader"], strict=False)
    optimiser.load_state_dict(saved["optimiser"])
    schedule.load_state_dict(saved["schedule"])
    torch.set_rng_state(saved["random"])
    return int(saved["step"])
