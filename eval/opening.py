"""Opens what is measured: the assistant on the current index, the corpus as text, a temporary index.

Heavy imports are inside the functions, so that ``--help`` and ``check`` are quick.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.cases import CasesError
from eval.check import Texts
from eval.own_data import Search
from eval.spans import Locator
from eval.systems import AssistantSystem, System

if TYPE_CHECKING:
    from app.answer.assistant import Assistant
    from app.settings import Settings
    from index.types import Document


@dataclass(frozen=True, slots=True)
class Bench:
    """The assistant that every face uses, with what scoring needs of its index."""

    assistant: Assistant
    locator: Locator
    settings: Settings

    def ours(self) -> System:
        """Return our own system."""
        return AssistantSystem(self.assistant)

    def baselines(self) -> Sequence[System]:
        """Return the systems to compare with, over the same documents, passages and embedding model."""
        from eval.baselines import all_baselines

        retriever = self.assistant.retriever
        documents = list(self.assistant.documents.values())
        return all_baselines(documents, retriever.store, retriever.embedder, retriever.lexical)


def settings_in_force() -> Settings:
    """Return the settings from ``wence.toml`` and the environment. Raises SettingsError."""
    from app.settings import load_settings

    return load_settings()


def settings_record(settings: Settings) -> dict[str, Any]:
    """Return the settings that can move a figure, as JSON values."""
    wanted = ("model", "reranker", "max_passage_chars", "top_k", "threads")
    values = settings.model_dump(mode="json")
    return {name: values[name] for name in wanted if name in values}


def open_bench() -> Bench:
    """Return the assistant on the current index; the index is built first where it is missing or stale."""
    from app.bootstrap import build_assistant

    settings = settings_in_force()
    assistant = build_assistant(settings)
    return Bench(assistant, documents_locator(list(assistant.documents.values())), settings)


def corpus_texts() -> Texts:
    """Return the corpus as cleaned and as it stands in the files, by file name. Raises CorpusError."""
    from index.corpus import load_corpus
    from index.parse.text import read_text

    folder = settings_in_force().corpus_dir
    documents = load_corpus(folder).documents
    return Texts(
        cleaned={document.source: document.text for document in documents},
        raw={d.source: read_text((folder / d.source).read_bytes(), name=d.source) for d in documents},
    )


def corpus_locator() -> Locator:
    """Return the cleaned documents by id, without opening an index: enough to score the answers of others."""
    from index.corpus import load_corpus

    return documents_locator(load_corpus(settings_in_force().corpus_dir).documents)


def documents_locator(documents: Sequence[Document]) -> Locator:
    """Return the cleaned texts of ``documents`` by id."""
    return Locator({document.doc_id: document.text for document in documents})


@contextmanager
def temporary_search(documents: Sequence[Document], settings: Settings) -> Iterator[Search]:
    """Give a search over ``documents``, indexed in a temporary folder, that returns document ids, best first.

    A document longer than a passage may be is found by its best passage.
    """
    from app.bootstrap import load_embedder
    from index.build import index_documents
    from index.retrieve import Retriever
    from index.store import open_store

    embedder = load_embedder(settings)
    with tempfile.TemporaryDirectory(prefix="wence-eval-") as folder:
        place = Path(folder) / "index"
        index_documents(documents, place, embedder, max_chars=settings.max_passage_chars, progress=True)
        retriever = Retriever(open_store(place), embedder)
        most = max((len(retriever.store.passages_of[d.doc_id]) for d in documents), default=1)

        def search(query: str, k: int) -> list[str]:
            # Deep enough that k documents are left even if one document's passages all come first.
            hits = retriever.search(query, k * min(most, 10))
            return list(dict.fromkeys(hit.passage.doc_id for hit in hits))[:k]

        yield search


@contextmanager
def temporary_reader(documents: Sequence[Document], settings: Settings) -> Iterator[System]:
    """Give the assistant over ``documents`` alone, as a system."""
    from app import bootstrap

    build = getattr(bootstrap, "build_reader", None)
    if build is None:
        raise CasesError("app.bootstrap has no build_reader(settings, documents): reading cannot be measured")
    yield AssistantSystem(build(settings, list(documents)), with_retrieval=False)
