"""The whole of ``python -m index train-reranker``: data, start, three stages, the file, figures."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection
from pathlib import Path

from index.entries import Encoder
from index.errors import CorpusError
from index.training.data import QUESTIONS_NAME
from index.training.pairs import Example, practice_examples, public_examples
from index.training.recipe import RerankRecipe


def train_reranker(
    data: Path,
    model_dir: Path,
    *,
    out: Path,
    public: Path | None = None,
    leave_out: Collection[str] = (),
    recipe: RerankRecipe | None = None,
    encoder: Encoder | None = None,
    threads: int = 2,
    progress: Callable[[str], None] = print,
) -> Path:
    """Return ``out``, the reranker trained on ``public`` questions and the practice groups of ``data``.

    Last come the questions of the groups in other words. It starts from ``model_dir``, the rebuilt default model;
    ``encoder`` finds the wrong sentences that are nearest to a question, words alone do without it.
    The file is written after every epoch of practice; groups in ``leave_out`` are only measured on, by a sample.

    Raises:
        CorpusError: a practice group is unknown, missing or cannot be read, or the public folder cannot.

    """
    recipe = recipe or RerankRecipe()
    training, left_out, names = load(data, leave_out, encoder)
    import torch

    from index.training.reranker import Stage, measure, open_network, save, train

    torch.manual_seed(recipe.seed)
    torch.set_num_threads(threads)
    begun = time.monotonic()
    network, tokenizer = open_network(model_dir)
    if public is not None:
        asked = public_examples(public, seed=recipe.seed)
        asked = random.Random(recipe.seed).sample(asked, min(recipe.public_questions, len(asked)))
        progress(f"{len(asked)} public questions of {public.name}, once")
        stage = Stage(asked, 1, recipe.public_rate, recipe.public_sentences)
        for _ in train(network, tokenizer, stage, recipe=recipe, progress=progress):
            progress(f"public questions done; {time.monotonic() - begun:.0f} s")
        names = [public.name, *names]
    plain = [example for example in training if not example.reworded]
    reworded = [example for example in training if example.reworded]
    recalled = random.Random(recipe.seed).sample(plain, min(recipe.recalled_questions, len(plain)))
    sample = random.Random(recipe.seed).sample(left_out, min(recipe.measured_questions, len(left_out)))
    stages = [
        ("practice", Stage(plain, recipe.practice_epochs, recipe.practice_rate, recipe.practice_sentences)),
        ("reworded", Stage([*reworded, *recalled], 1, recipe.reworded_rate, recipe.practice_sentences)),
    ]
    for name, stage in stages if reworded else stages[:1]:
        silent = sum(not example.positives for example in stage.examples)
        progress(f"{name}: {len(stage.examples) - silent} answerable and {silent} unanswerable questions")
        for epoch in train(network, tokenizer, stage, recipe=recipe, progress=progress):
            save(network, out, recipe=recipe, sources=names)
            shown = f"; left out: {measure(network, tokenizer, sample, recipe=recipe)}" if left_out else ""
            progress(f"{name}, epoch {epoch + 1}{shown}; {time.monotonic() - begun:.0f} s")
    return out


def load(
    data: Path, leave_out: Collection[str], encoder: Encoder | None = None
) -> tuple[list[Example], list[Example], list[str]]:
    """Return the examples to train on, those left out, and the names of the groups trained on."""
    groups = sorted(path.parent for path in data.glob(f"*/{QUESTIONS_NAME}"))
    unknown = sorted(set(leave_out) - {group.name for group in groups})
    kept = [group for group in groups if group.name not in leave_out]
    if unknown or not kept:
        known = ", ".join(group.name for group in groups) or "none"
        wrong = f"no practice group {', '.join(unknown)}" if unknown else "no practice group to train on"
        raise CorpusError(f"{data}: {wrong}; known: {known}; expected folders such as those of eval/practice")
    training = [example for group in kept for example in practice_examples(group, encoder)]
    left_out = [
        example for group in groups if group.name in leave_out for example in practice_examples(group, encoder)
    ]
    return training, left_out, [group.name for group in kept]
