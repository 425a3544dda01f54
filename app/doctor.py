"""``python -m app doctor``: what is in place, and for each finding what to do about it."""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.settings import Settings
from index.errors import ModelError, WenceError

_LIBRARIES = ("torch", "sentence-transformers", "transformers", "faiss-cpu", "gradio", "langchain-core")


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, whether it is well, what was seen, and the remedy if not."""

    subject: str
    ok: bool
    text: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Return the findings in the order in which they should be mended."""
    checks: tuple[tuple[str, Callable[[Settings], str], str], ...] = (
        ("libraries", _libraries, "run: make setup"),
        ("prompts", _prompts, "restore prompts/ from the repository or set WENCE_PROMPTS_DIR"),
        ("corpus", _corpus, "put documents into the corpus folder, or mend the lines named above"),
        ("model", _model, "run: python -m app index build"),
        ("index", _index, "run: python -m app index build"),
        ("llm", check_llm, "mend the setting named above, or set WENCE_LLM=none to have answers read"),
        ("port", _port, "choose another port with --port or WENCE_PORT"),
    )
    findings = [Finding("settings", True, _settings(settings))]
    for subject, check, remedy in checks:
        try:
            findings.append(Finding(subject, True, check(settings)))
        except (WenceError, importlib.metadata.PackageNotFoundError) as error:
            findings.append(Finding(subject, False, str(error), remedy))
    return findings


def _settings(settings: Settings) -> str:
    changed = {name: getattr(settings, name) for name in sorted(settings.model_fields_set)}
    return ", ".join(f"{k}={v}" for k, v in changed.items()) or "all at their defaults"


def _libraries(_: Settings) -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)


def _prompts(settings: Settings) -> str:
    from app.answer.gate import load_weights
    from app.answer.generate_prompt import load_prompts
    from app.answer.lexicon_files import load_lexicon
    from app.answer.replies import load_replies

    load_replies(settings.prompts_dir)
    load_prompts(settings.prompts_dir)
    load_lexicon()
    load_weights()
    return "fixed replies, prompts, word lists and gate weights are whole"


def _corpus(settings: Settings) -> str:
    from index.corpus import load_corpus
    from index.errors import CorpusError

    corpus = load_corpus(settings.corpus_dir)
    if corpus.problems:
        raise CorpusError("; ".join(corpus.problems))
    if not corpus.documents:
        raise CorpusError(f"{settings.corpus_dir} holds no document")
    characters = sum(len(document.text) for document in corpus.documents)
    return f"{len(corpus.documents)} documents, {characters} characters in {settings.corpus_dir}"


def _model(settings: Settings) -> str:
    from app.bootstrap import load_embedder

    embedder = load_embedder(settings)
    started = time.perf_counter()
    embedder.encode_queries(["检查"])
    elapsed_ms = (time.perf_counter() - started) * 1000
    return f"{embedder.name}, {embedder.dimension} dimensions, a query in {elapsed_ms:.0f} ms"


def _index(settings: Settings) -> str:
    from app.bootstrap import load_embedder, open_index

    store = open_index(settings, load_embedder(settings))
    return f"{len(store.documents)} documents, {len(store.passages)} passages in {settings.index_dir}, up to date"


def check_llm(settings: Settings) -> str:
    """Return what a small question to the language model of the settings shows.

    Raises:
        ModelError: it cannot be loaded or reached, or does not reply.

    """
    from contextlib import closing

    from app.answer.writer import Message
    from app.bootstrap import load_writer

    found = load_writer(settings)
    if found is None:
        return "none: answers are read from the documents"
    started = time.perf_counter()
    with closing(found) as writer, closing(writer.write([Message("user", "1+1=")])) as stream:
        said = next((piece.text for piece in stream if piece.text), None)
    elapsed_ms = (time.perf_counter() - started) * 1000
    if said is None:
        raise ModelError(f"{settings.llm_model} replies with nothing; check that it is a chat model")
    return f"{writer.provider} {writer.model} replies, first token after {elapsed_ms:.0f} ms"


def _port(settings: Settings) -> str:
    from app.web.service import check_port_free

    check_port_free(settings.host, settings.port)
    return f"{settings.host}:{settings.port} is free"
