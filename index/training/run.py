"""The whole of ``python -m index train-reader``: data, training, export, validation, figures."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from index.embed import Embedder
from index.errors import CorpusError
from index.rerank import Reader
from index.training.data import Question, hold_out, load_questions
from index.training.export import export
from index.training.scorers import by_bm25, by_cosine, by_reader, read_spans
from index.training.train import Recipe, train
from index.training.validate import rank

DATA_SETS: Final = ("cmrc2018_trial", "drcd_dev")
READER_NAME: Final = "reader-v1.safetensors"
FIGURES_NAME: Final = "reader-v1.json"
_VALIDATION_PREFIX: Final = "cmrct"
_VALIDATION_COUNT: Final = 300


def train_reader(
    data: Path,
    *,
    out: Path,
    base: Path,
    recipe: Recipe | None = None,
    limit: int | None = None,
    threads: int = 1,
    progress: Callable[[str], None] = print,
) -> Path:
    """Return the file of the reader trained from the public sets in the folder ``data``.

    ``base`` is the folder that ``resolve_model("embedded")`` returns. ``out`` receives the reader, its figures
    (``reader-v1.json``) and a checkpoint from which a broken run goes on. ``limit`` trains on that many
    questions only, drawn with the recipe's seed. It takes about half an hour of one free CPU core with bfloat16.

    Raises:
        CorpusError: a data set is missing or cannot be read.

    """
    recipe = recipe or Recipe()
    for name in DATA_SETS:
        if not (data / name).is_dir():
            raise CorpusError(
                f"{str(data)!r} has no data set {name!r}: expected the folders {', '.join(DATA_SETS)}; "
                "run: python -m index train-reader --data DIR"
            )
    questions = load_questions([data / name for name in DATA_SETS], seed=recipe.seed)
    training, validation = hold_out(
        questions, prefix=_VALIDATION_PREFIX, count=_VALIDATION_COUNT, seed=recipe.seed
    )
    if limit is not None:
        training = random.Random(recipe.seed).sample(training, min(limit, len(training)))
    if not training:
        raise CorpusError(
            f"no question in {str(data)!r} is left to train on: expected more than {_VALIDATION_COUNT}"
        )
    progress(f"{len(training)} questions to train on, {len(validation)} held out")
    trained = train(training, base=base, out=out, recipe=recipe, threads=threads, progress=progress)
    notes = {"recipe": json.dumps(asdict(recipe)), "questions": str(len(training)), "data": ", ".join(DATA_SETS)}
    path = export(trained, base=base, path=out / READER_NAME, notes=notes)
    figures = validate(
        validation, reader=Reader.load(path, base=base), embedder=Embedder.load(base, threads=threads)
    )
    figures["recipe"], figures["training_questions"] = asdict(recipe), len(training)
    (out / FIGURES_NAME).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    progress(json.dumps(figures))
    return path


def validate(questions: list[Question], *, reader: Reader, embedder: Embedder) -> dict[str, Any]:
    """Return the ranking figures of reader, cosine and BM25, without and with titles, and the reading figures."""
    figures: dict[str, Any] = {}
    for name, scorer in (
        ("reader", by_reader(reader)),
        ("cosine", by_cosine(embedder)),
        ("bm25", by_bm25(questions)),
    ):
        for titles in (False, True):
            figures[f"{name}{' with titles' if titles else ''}"] = rank(questions, scorer, titles=titles)
    figures["reading"] = read_spans(questions, reader)
    return figures
