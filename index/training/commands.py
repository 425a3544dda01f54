"""The commands ``train-adapter`` and ``train-reranker`` of ``python -m index``. Nothing heavy on import."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from index.defaults import ADAPTER_FILE, RERANKER_FILE

Reader = Callable[[str], Any]


def add_training(commands: Any, *, names: Reader, positive: Reader) -> None:
    """Add the two commands; ``names`` and ``positive`` read a list of names and a number of at least 1."""
    adapter = commands.add_parser("train-adapter", help="train the default model's adapter on practice questions")
    _add_data(adapter, names, positive, epochs=2, out=ADAPTER_FILE)
    adapter.set_defaults(run=_train_adapter)
    reranker = commands.add_parser("train-reranker", help="train the reranker on public and practice questions")
    _add_data(reranker, names, positive, epochs=2, out=RERANKER_FILE)
    begin = "folder with passages.jsonl and questions.jsonl to begin with"
    reranker.add_argument("--public", type=Path, metavar="DIR", help=begin)
    reranker.set_defaults(run=_train_reranker)


def _add_data(parser: argparse.ArgumentParser, names: Reader, positive: Reader, *, epochs: int, out: Path) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="practice groups: eval/practice")
    left_out = "groups to measure on instead of training: a3,b2"
    parser.add_argument("--leave-out", type=names, default=(), metavar="NAMES", help=left_out)
    rounds = "times through the practice groups (default: %(default)s)"
    parser.add_argument("--epochs", type=positive, default=epochs, metavar="N", help=rounds)
    written = "the weights (default: %(default)s)"
    parser.add_argument("--out", type=Path, default=out, metavar="FILE", help=written)


def _train_adapter(arguments: argparse.Namespace) -> int:
    from index.training.recipe import Recipe
    from index.training.run import train_adapter

    trained = train_adapter(
        arguments.data,
        leave_out=arguments.leave_out,
        out=arguments.out,
        recipe=Recipe(epochs=arguments.epochs),
        threads=arguments.threads,
        progress=_say,
    )
    print(trained)
    return 0


def _train_reranker(arguments: argparse.Namespace) -> int:
    from index.embed import Embedder
    from index.models import EMBEDDED, resolve_model
    from index.training.recipe import RerankRecipe
    from index.training.rerank_run import train_reranker

    model_dir = resolve_model(EMBEDDED, cache_dir=arguments.models, progress=_say)
    trained = train_reranker(
        arguments.data,
        model_dir,
        public=arguments.public,
        leave_out=arguments.leave_out,
        out=arguments.out,
        recipe=RerankRecipe(practice_epochs=arguments.epochs),
        encoder=Embedder.load(model_dir, threads=arguments.threads),
        threads=arguments.threads,
        progress=_say,
    )
    print(trained)
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
