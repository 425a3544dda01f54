"""The one composition root: settings in, a ready assistant out. Heavy imports happen here, on call."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.settings import Settings

if TYPE_CHECKING:
    from app.answer.assistant import Assistant
    from index.embed import Embedder
    from index.store import Store
    from index.types import Document

_WARM_UP = "文件包括哪些内容？"

Progress = Callable[[str], None]


def say(line: str) -> None:
    """Print one progress line on standard error."""
    print(line, file=sys.stderr, flush=True)


def load_embedder(settings: Settings, progress: Progress = say) -> Embedder:
    """Return the embedding model of the settings, rebuilt or fetched first where needed.

    Raises:
        ModelError: the model is missing or damaged.

    """
    from index.embed import Embedder
    from index.models import resolve_model

    folder = resolve_model(settings.model, cache_dir=settings.models_dir, progress=progress)
    return Embedder.load(folder, threads=settings.threads)


def open_index(settings: Settings, embedder: Embedder) -> Store:
    """Return the index, checked against the settings and the corpus; it is not built here.

    Raises:
        StoreError: there is none, it is damaged or out of date; the message names the remedy.

    """
    from index.build import stale_reason
    from index.errors import StoreError
    from index.store import open_store

    store = open_store(
        settings.index_dir,
        model=embedder.name,
        dimension=embedder.dimension,
        max_chars=settings.max_passage_chars,
    )
    reason = stale_reason(settings.index_dir, settings.corpus_dir, embedder.name, settings.max_passage_chars)
    if reason is not None:
        raise StoreError(f"{reason}; run: python -m index build")
    return store


def ready_index(settings: Settings, embedder: Embedder, progress: Progress = say) -> Store:
    """Return the index, built first where it is missing, damaged or stale."""
    from index.build import build_index
    from index.errors import StoreError

    try:
        return open_index(settings, embedder)
    except StoreError as error:
        progress(f"index: {error}".removesuffix("; run: python -m index build"))
    progress(f"index: building from {settings.corpus_dir}")
    report = build_index(
        settings.corpus_dir, settings.index_dir, embedder, max_chars=settings.max_passage_chars, progress=True
    )
    progress(f"index: {report}")
    for problem in report.problems:
        progress(f"index: left out: {problem}")
    return open_index(settings, embedder)


def build_assistant(settings: Settings, progress: Progress = say) -> Assistant:
    """Return the assistant over the corpus of the settings; the index is built first where needed.

    Raises:
        WenceError: the model, the corpus, the index or a prompt file cannot be used.

    """
    embedder = load_embedder(settings, progress)
    assistant = _assemble(settings, ready_index(settings, embedder, progress), embedder)
    # The first question would otherwise pay for word lists, the tokenizer's caches and torch's first pass.
    assistant.ask(_WARM_UP)
    return assistant


def _assemble(settings: Settings, store: Store, embedder: Embedder) -> Assistant:
    from app.answer.assistant import Assistant
    from app.answer.library import Library
    from app.answer.replies import load_replies
    from index.retrieve import Retriever

    return Assistant(
        Retriever(store, embedder),
        Library(store),
        load_replies(settings.prompts_dir),
        top_k=settings.top_k,
        max_question_chars=settings.max_question_chars,
    )


def build_reader(settings: Settings, documents: Sequence[Document]) -> Assistant:
    """Return an assistant over documents made elsewhere, indexed in a temporary folder with the settings in force.

    Raises:
        WenceError: the model cannot be used or there is no document.

    """
    from index.build import index_documents
    from index.store import open_store

    embedder = load_embedder(settings)
    with tempfile.TemporaryDirectory(prefix="wence-") as folder:
        place = Path(folder) / "index"
        index_documents(documents, place, embedder, max_chars=settings.max_passage_chars, progress=True)
        # The opened store is whole in memory, so that its files may go.
        return _assemble(settings, open_store(place), embedder)
