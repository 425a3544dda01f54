"""The one composition root: settings in, a ready assistant out. Heavy imports happen here, on call."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.settings import Settings

if TYPE_CHECKING:
    from app.answer.assistant import Assistant
    from app.answer.generate import Generator
    from app.answer.writer import Writer
    from app.intake.intake import Intake
    from app.reload import LiveAssistant
    from index.embed import Embedder
    from index.rerank import Reranker
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


def load_reranker(settings: Settings, progress: Progress = say) -> Reranker | None:
    """Return what reads the best sentences again, ``None`` where the settings switch it off.

    Raises:
        ModelError: its weights, or the default model that has its word vectors, are missing or damaged.

    """
    if settings.reranker == "none":
        return None
    from index.models import EMBEDDED, resolve_model
    from index.rerank import Reranker

    return Reranker.load(resolve_model(EMBEDDED, cache_dir=settings.models_dir, progress=progress))


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
        raise StoreError(f"{reason}; run: python -m app index build")
    return store


def ready_index(settings: Settings, embedder: Embedder, progress: Progress = say) -> Store:
    """Return the index, built first where it is missing, damaged or stale."""
    from index.build import build_index
    from index.errors import StoreError

    try:
        return open_index(settings, embedder)
    except StoreError as error:
        progress(f"index: {str(error).partition('; run: python -m')[0]}")
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
    reranker = load_reranker(settings, progress)
    generator = load_generator(settings, progress)
    return _warmed(_assemble(settings, ready_index(settings, embedder, progress), embedder, reranker, generator))


def build_live_assistant(settings: Settings, progress: Progress = say) -> LiveAssistant:
    """Return the assistant for a face that serves for long: it follows the index while its ``with`` block runs.

    Raises:
        WenceError: as :func:`build_assistant`.

    """
    from app.reload import LiveAssistant
    from index.store import open_store
    from index.versions import read_pointer

    embedder = load_embedder(settings, progress)
    reranker = load_reranker(settings, progress)
    generator = load_generator(settings, progress)
    seen = read_pointer(settings.index_dir)
    store = ready_index(settings, embedder, progress)

    def reopen() -> Assistant:
        # Whoever built the new version knows best which corpus it is of; here it only has to fit the model.
        new = open_store(
            settings.index_dir,
            model=embedder.name,
            dimension=embedder.dimension,
            max_chars=settings.max_passage_chars,
        )
        return _warmed(_assemble(settings, new, embedder, reranker, generator))

    first = _warmed(_assemble(settings, store, embedder, reranker, generator))
    return LiveAssistant(first, index_dir=settings.index_dir, seen=seen, reopen=reopen)


@contextmanager
def open_intake(settings: Settings, live: LiveAssistant) -> Iterator[Intake | None]:
    """Give the way into the library of a served assistant, ``None`` where the settings keep it closed."""
    if not settings.uploads:
        yield None
        return
    from app.intake.intake import Intake
    from app.intake.log import UploadLog

    embedder = live.now().retriever.embedder
    log = UploadLog(settings.state_dir)
    intake = Intake(settings, log, embedder=embedder, documents=lambda: live.documents, look=live.look)
    try:
        yield intake
    finally:
        intake.close()


def _warmed(assistant: Assistant) -> Assistant:
    """The first question would otherwise pay for word lists, the tokenizer's caches and torch's first pass."""
    assistant.reading_only().ask(_WARM_UP)
    return assistant


def load_writer(settings: Settings) -> Writer | None:
    """Return the language model of the settings, ``None`` where there is none; then nothing of one is imported.

    Raises:
        ModelError: it cannot be loaded, or what it needs is not installed. A server is not asked yet.

    """
    from index.errors import ModelError

    if settings.llm == "openai":
        try:
            from app.llm.openai_server import open_server
        except ImportError as error:
            raise ModelError(f"llm=openai: {error}; run: pip install -e '.[llm]'") from error
        return open_server(
            url=settings.llm_url,
            model=settings.llm_model,
            key=_key(settings),
            timeout_s=settings.llm_timeout_s,
            retries=settings.llm_retries,
            max_tokens=settings.llm_max_tokens,
            proxy=settings.llm_proxy,
        )
    if settings.llm == "transformers":
        from app.llm.local import open_local

        return open_local(
            settings.llm_model,
            timeout_s=settings.llm_timeout_s,
            max_tokens=settings.llm_max_tokens,
            threads=settings.threads,
        )
    return None


def _key(settings: Settings) -> str:
    from index.errors import ModelError

    if settings.llm_key_file is None:
        return settings.llm_key.get_secret_value()
    try:
        key = settings.llm_key_file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read the key in {settings.llm_key_file}: {error}; mend llm_key_file") from error
    if not key or not key.isascii() or not key.isprintable():
        raise ModelError(f"{settings.llm_key_file} holds no key: expected one line of printable ASCII")
    return key


def load_generator(settings: Settings, progress: Progress = say) -> Generator | None:
    """Return what writes answers with the model of the settings, ``None`` where answers are read.

    Raises:
        WenceError: the model or a prompt cannot be used.

    """
    if settings.llm == "none":
        return None
    from app.answer.generate import Generator
    from app.answer.generate_prompt import load_prompts
    from app.answer.replies import load_replies

    prompts, replies = load_prompts(settings.prompts_dir), load_replies(settings.prompts_dir)
    progress(f"llm: {settings.llm}, {settings.llm_model}")
    writer = load_writer(settings)
    return None if writer is None else Generator(writer, prompts, replies, rewrites=settings.llm_rewrite)


def _assemble(
    settings: Settings,
    store: Store,
    embedder: Embedder,
    reranker: Reranker | None,
    generator: Generator | None = None,
) -> Assistant:
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
        generator=generator,
        judge=reranker,
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
        return _assemble(settings, open_store(place), embedder, load_reranker(settings))
