"""A corpus folder turned into an index. Only texts that the index before did not have are embedded."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from index.assemble import Before, assemble
from index.corpus import load_corpus
from index.defaults import MAX_PASSAGE_CHARS
from index.entries import Encoder, probe_of, same_probe
from index.errors import CorpusError, StoreError
from index.manifest import Settings, check_settings, read_manifest, sha256_of
from index.provenance import record_digests
from index.spill import SPILL_FILE, Spill
from index.store import open_store, write_version
from index.types import Document
from index.versions import current_version, exclusive_build

# Modules that have no say in how a file becomes passages: changing them leaves an index as it is. A module missing
# here costs a rebuild that was not needed; one here by mistake would leave old passages in use.
_NOT_CUTTING: Final = frozenset(
    {
        "__init__",
        "__main__",
        "adapter",
        "cli",
        "embed",
        "exact",
        "filters",
        "fuse",
        "inspect",
        "keep",
        "langchain",
    }
    | {"models", "retrieve", "spill", "verify", "versions", "wheel"}
)


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. ``reused`` of the vectors (one per passage and sentence) came from the index before.

    ``problems`` has one line for each file that could not be used. ``added``, ``changed`` and ``removed`` are the
    documents that differ from the index before.
    """

    documents: int
    passages: int
    sentences: int
    reused: int
    seconds: float
    problems: tuple[str, ...]
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __str__(self) -> str:
        vectors = self.passages + self.sentences
        return (
            f"{self.documents} documents, {self.passages} passages, {self.sentences} sentences; "
            f"{vectors - self.reused} of {vectors} vectors computed, {self.reused} reused; {self.seconds:.1f} s"
        )


def build_index(
    corpus_dir: Path,
    index_dir: Path,
    embedder: Encoder,
    *,
    max_chars: int = MAX_PASSAGE_CHARS,
    force: bool = False,
    progress: bool = False,
) -> BuildReport:
    """Index every document of ``corpus_dir`` into ``index_dir`` and return what was done.

    ``force`` computes every vector anew; ``progress`` shows a bar on standard error. Until the last step the
    index before stays in use, also when the process is killed.

    Raises:
        CorpusError: there is no document that can be used.
        StoreError: another build is running, or the index cannot be written.

    """
    began = time.monotonic()
    with exclusive_build(index_dir) as building:
        sources = source_digests(corpus_dir)
        records = record_digests(corpus_dir)
        settings = _settings(embedder, max_chars)
        before = _before(index_dir, settings, force=force)
        corpus = load_corpus(corpus_dir, known=_unchanged(before, records))
        return _build(
            corpus.documents,
            index_dir,
            embedder,
            building=building,
            before=before,
            settings=settings,
            sources=sources,
            records=records,
            problems=corpus.problems,
            progress=progress,
            began=began,
        )


def index_documents(
    documents: Sequence[Document],
    index_dir: Path,
    embedder: Encoder,
    *,
    max_chars: int = MAX_PASSAGE_CHARS,
    progress: bool = False,
) -> BuildReport:
    """Index ``documents`` that were made elsewhere, such as an evaluation set, into ``index_dir``.

    Raises:
        CorpusError: ``documents`` is empty.
        StoreError: another build is running, or the index cannot be written.

    """
    began = time.monotonic()
    with exclusive_build(index_dir) as building:
        settings = _settings(embedder, max_chars)
        return _build(
            documents,
            index_dir,
            embedder,
            building=building,
            before=_before(index_dir, settings, force=False),
            settings=settings,
            sources={},
            records={},
            problems=(),
            progress=progress,
            began=began,
        )


def stale_reason(index_dir: Path, corpus_dir: Path, model: str, max_chars: int) -> str | None:
    """Return why the index does not fit the corpus, the settings or the code, or ``None`` when it does.

    ``model`` is the name of the model's folder. The corpus files are hashed, the index files are not.
    """
    try:
        manifest = read_manifest(current_version(index_dir))
        check_settings(manifest, model=model, max_chars=max_chars)
    except StoreError as error:
        return str(error)
    if manifest.settings.code != code_digest():
        return "the program that cuts documents into passages has changed since the index was built"
    sources = source_digests(corpus_dir)
    changed = sorted(name for name, _ in set(sources.items()) ^ set(manifest.sources.items()))
    if changed:
        return f"{changed[0]} was added, changed or removed since the index was built"
    return None


def is_stale(index_dir: Path, corpus_dir: Path, model: str, max_chars: int) -> bool:
    """Return whether the index has to be built; see :func:`stale_reason`."""
    return stale_reason(index_dir, corpus_dir, model, max_chars) is not None


def source_digests(corpus_dir: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of the corpus folder, by its path in it; hidden files are left out.

    Raises:
        CorpusError: the folder is missing or a file cannot be read.

    """
    if not corpus_dir.is_dir():
        raise CorpusError(f"there is no corpus folder {corpus_dir}; set corpus_dir, or give --corpus")
    try:
        found = {path.relative_to(corpus_dir).as_posix(): path for path in corpus_dir.rglob("*") if path.is_file()}
        shown = sorted(name for name in found if not any(part.startswith(".") for part in name.split("/")))
        return {name: sha256_of(found[name]) for name in shown}
    except OSError as error:
        raise CorpusError(f"cannot read {error.filename}: {error.strerror}; make it readable") from error


@cache
def code_digest() -> str:
    """Return a digest of the modules that make passages of files, so that new rules never meet old passages."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in (*sorted(here.glob("*.py")), *sorted((here / "parse").glob("*.py"))):
        if path.stem not in _NOT_CUTTING:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _build(
    documents: Sequence[Document],
    index_dir: Path,
    embedder: Encoder,
    *,
    building: Path,
    before: Before | None,
    settings: Settings,
    sources: Mapping[str, str],
    records: Mapping[str, str],
    problems: tuple[str, ...],
    progress: bool,
    began: float,
) -> BuildReport:
    if not documents:
        detail = f": {problems[0]}" if problems else ""
        raise CorpusError(f"there is no document to index{detail}; put documents into the corpus folder")
    with Spill(index_dir, settings) as spill:
        content, reused = assemble(
            documents,
            embedder,
            before,
            spill,
            max_chars=settings.max_chars,
            sources=sources,
            records=records,
            progress=progress,
        )
        write_version(index_dir, building, content, settings)
        spill.discard()
    old = before.store.documents if before is not None else {}
    new = {document.doc_id: document for document in documents}
    return BuildReport(
        documents=len(documents),
        passages=len(content.passages),
        sentences=sum(map(len, content.spans)),
        reused=reused,
        seconds=time.monotonic() - began,
        problems=problems,
        added=tuple(doc_id for doc_id in new if doc_id not in old),
        changed=tuple(doc_id for doc_id in new if doc_id in old and new[doc_id] != old[doc_id]),
        removed=tuple(doc_id for doc_id in old if doc_id not in new),
    )


def _settings(embedder: Encoder, max_chars: int) -> Settings:
    return Settings(
        model=embedder.name,
        dimension=embedder.dimension,
        max_chars=max_chars,
        code=code_digest(),
        probe=probe_of(embedder),
    )


def _before(index_dir: Path, settings: Settings, *, force: bool) -> Before | None:
    """The index before, where its vectors are of the same model; ``None`` when all is to be made anew."""
    if force:
        (index_dir / SPILL_FILE).unlink(missing_ok=True)
        return None
    with suppress(StoreError):
        store = open_store(index_dir, model=settings.model, dimension=settings.dimension)
        old = store.manifest.settings
        if same_probe(old.probe, settings.probe):
            return Before(store, cut=(old.code, old.max_chars) == (settings.code, settings.max_chars))
    return None


def _unchanged(before: Before | None, records: Mapping[str, str]) -> dict[str, Document]:
    """The documents of the index before whose records and rules are the same, by file name."""
    if before is None or not before.cut:
        return {}
    old = before.store.manifest.records
    return {
        document.source: document
        for document in before.store.documents.values()
        if old.get(document.source) == records.get(document.source)
    }
