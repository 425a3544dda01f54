"""The command line of the index: a thin face. Nothing heavy is imported before the arguments are understood."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.defaults import Defaults
from index.errors import CorpusError, WenceError
from index.training.commands import add_training

if TYPE_CHECKING:
    from index.embed import Embedder

_SHOWN_CHARS = 80


def main(argv: Sequence[str] | None = None, *, defaults: Defaults | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 an expected error (one line), 2 wrong usage.

    ``defaults`` stand for the flags that are not given.
    """
    arguments = _parser(defaults or Defaults()).parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except WenceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader, such as head, has gone; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("error: interrupted; the index in use is untouched", file=sys.stderr)
        return 130
    return status


def _parser(defaults: Defaults) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=defaults.program, description="Build, inspect and search the index.")
    parser.set_defaults(models=defaults.models, threads=defaults.threads)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="index the corpus; only new and changed texts are embedded")
    _add(build, defaults, corpus=True, index=True, model=True, max_chars=True)
    build.add_argument("--force", action="store_true", help="build even if nothing changed, embedding everything")
    build.set_defaults(run=_build)
    _add_keeping(commands, defaults)
    inspect = commands.add_parser("inspect", help="show how a document is cleaned, outlined and cut into passages")
    inspect.add_argument(
        "document", nargs="?", metavar="DOC", help="doc_id, or the start of one; all when left out"
    )
    _add(inspect, defaults, corpus=True, max_chars=True)
    inspect.set_defaults(run=_inspect)
    search = commands.add_parser("search", help="show the passages found for a question")
    search.add_argument("question")
    search.add_argument(
        "-k", type=_positive, default=10, metavar="N", help="passages to show (default: %(default)s)"
    )
    search.add_argument(
        "--issuer", metavar="NAME", help="only documents of this issuing body, or part of its name"
    )
    search.add_argument(
        "--since", type=_date, metavar="DATE", help="only documents from then on: 2023, 2023-04, …"
    )
    search.add_argument("--until", type=_date, metavar="DATE", help="only documents up to then")
    _add(search, defaults, index=True, model=True)
    search.set_defaults(run=_search)
    duplicates = commands.add_parser("duplicates", help="show the passages that stand in several documents")
    duplicates.add_argument(
        "--resemblance",
        type=_share,
        metavar="X",
        help="least share of equal character 3-grams, above 0 and up to 1 (default: 0.6)",
    )
    _add(duplicates, defaults, index=True)
    duplicates.set_defaults(run=_duplicates)
    return parser


def _add_keeping(commands: Any, defaults: Defaults) -> None:
    """The commands that keep an index: each changes the corpus folder, then builds what has changed."""
    add = commands.add_parser("add", help="copy files into the corpus and index them")
    add.add_argument("files", nargs="+", type=Path, metavar="FILE")
    add.add_argument("--replace", action="store_true", help="a file may take the place of the one of its name")
    add.set_defaults(run=_add_files)
    remove = commands.add_parser("remove", help="delete documents from the corpus, its records and the index")
    remove.add_argument("doc_ids", nargs="+", metavar="DOC", help="doc_id, in full")
    remove.set_defaults(run=_remove)
    update = commands.add_parser("update", help="index what has changed in the corpus since the last build")
    update.set_defaults(run=_update)
    for parser in (add, remove, update):
        _add(parser, defaults, corpus=True, index=True, model=True, max_chars=True)
    listing = commands.add_parser("list", help="show the documents of the index")
    _add(listing, defaults, index=True)
    listing.set_defaults(run=_list)
    verify = commands.add_parser("verify", help="check every file, passage and vector of the index")
    _add(verify, defaults, index=True)
    verify.set_defaults(run=_verify)
    add_training(commands, names=_names, positive=_positive)


def _add(
    parser: argparse.ArgumentParser,
    defaults: Defaults,
    *,
    corpus: bool = False,
    index: bool = False,
    model: bool = False,
    max_chars: bool = False,
) -> None:
    shown = "(default: %(default)s)"
    if corpus:
        parser.add_argument(
            "--corpus", type=Path, default=defaults.corpus, metavar="DIR", help=f"documents {shown}"
        )
    if index:
        parser.add_argument(
            "--index", type=Path, default=defaults.index, metavar="DIR", help=f"index folder {shown}"
        )
    if model:
        text = f"'embedded', a folder, or a hub name {shown}"
        parser.add_argument("--model", default=defaults.model, metavar="NAME", help=text)
    if max_chars:
        parser.add_argument(
            "--max-chars",
            type=_passage_chars,
            default=defaults.max_chars,
            metavar="N",
            help=f"longest passage, in characters {shown}",
        )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value}: expected 1 or more")
    return value


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _date(text: str) -> str:
    from index.filters import Filter

    try:
        Filter(since=text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("since = ")) from error
    return text


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{value}: expected more than 0 and at most 1")
    return value


def _passage_chars(text: str) -> int:
    value = int(text)
    if not 80 <= value <= 4000:
        raise argparse.ArgumentTypeError(f"{value}: expected 80 to 4000")
    return value


def _build(arguments: argparse.Namespace) -> int:
    from index.build import build_index, stale_reason
    from index.models import resolve_model

    folder = resolve_model(arguments.model, cache_dir=arguments.models, progress=_say)
    if not arguments.force:
        reason = stale_reason(arguments.index, arguments.corpus, folder.name, arguments.max_chars)
        if reason is None:
            print(f"{arguments.index} is up to date; --force builds it anew")
            return 0
    report = build_index(
        arguments.corpus,
        arguments.index,
        _load(folder, threads=arguments.threads),
        max_chars=arguments.max_chars,
        force=arguments.force,
        progress=sys.stderr.isatty(),
    )
    for problem in report.problems:
        _say(f"problem: {problem}")
    print(report)
    return 0


def _add_files(arguments: argparse.Namespace) -> int:
    from index.keep import add_files

    add_files(arguments.files, arguments.corpus, replace=arguments.replace)
    return _update(arguments)


def _remove(arguments: argparse.Namespace) -> int:
    from index.keep import remove_documents
    from index.versions import drop_old_versions

    remove_documents(arguments.doc_ids, arguments.corpus)
    status = _update(arguments)
    drop_old_versions(arguments.index)
    return status


def _update(arguments: argparse.Namespace) -> int:
    from index.build import build_index
    from index.models import resolve_model

    folder = resolve_model(arguments.model, cache_dir=arguments.models, progress=_say)
    embedder = _load(folder, threads=arguments.threads)
    report = build_index(
        arguments.corpus,
        arguments.index,
        embedder,
        max_chars=arguments.max_chars,
        progress=sys.stderr.isatty(),
    )
    for problem in report.problems:
        _say(f"problem: {problem}")
    changes = (("added", report.added), ("changed", report.changed), ("removed", report.removed))
    for what, doc_ids in changes:
        for doc_id in doc_ids:
            print(f"{what}: {doc_id}")
    print(report)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from index.store import open_store

    store = open_store(arguments.index)
    for doc_id, document in store.documents.items():
        date = document.issued or document.signed or document.published or "-"
        parts = (doc_id, f"{len(store.passages_of[doc_id])} passages", date, document.source, document.title)
        print("  ".join(parts))
    manifest = store.manifest
    print(f"{len(store.documents)} documents; model {manifest.settings.model}, built {manifest.created}")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from index.verify import verify_index

    faults = verify_index(arguments.index)
    for fault in faults:
        _say(f"fault: {fault}")
    print("the index is whole" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0


def _inspect(arguments: argparse.Namespace) -> int:
    from index.corpus import load_corpus
    from index.inspect import render_outline
    from index.outline import build_outline
    from index.passages import make_passages

    corpus = load_corpus(arguments.corpus)
    wanted = arguments.document or ""
    chosen = [document for document in corpus.documents if document.doc_id.startswith(wanted)]
    if not chosen:
        known = ", ".join(document.doc_id for document in corpus.documents) or "none"
        raise CorpusError(f"no document {wanted!r} in {arguments.corpus}; known: {known}")
    for document in chosen:
        outline = build_outline(document.text)
        passages = make_passages(document, outline, max_chars=arguments.max_chars)
        print(render_outline(document, outline, passages, removed=corpus.removed.get(document.doc_id, ())))
    for problem in corpus.problems:
        _say(f"problem: {problem}")
    return 0


def _search(arguments: argparse.Namespace) -> int:
    from index.models import resolve_model
    from index.retrieve import Retriever
    from index.store import open_store

    folder = resolve_model(arguments.model, cache_dir=arguments.models, progress=_say)
    embedder = _load(folder, threads=arguments.threads)
    retriever = Retriever(open_store(arguments.index, model=folder.name), embedder)
    limits = {name: getattr(arguments, name) for name in ("issuer", "since", "until")}
    found = retriever.search_detailed(arguments.question, arguments.k, **limits)
    for hit, cosine, words in zip(found.hits, found.cosines, found.lexical_scores, strict=True):
        passage = hit.passage
        place = " > ".join((passage.title, *passage.heading_path))
        text = " ".join(passage.text.split())
        shown = text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
        print(f"{hit.rank:2}  {hit.score:.3f}  cos {cosine:.3f}  bm25 {words:5.1f}  {passage.passage_id}")
        print(f"    {place}\n    {shown}")
        for copy in retriever.store.copies_of(passage):
            print(f"    the same in {copy.passage_id} ({copy.source})")
    return 0


def _duplicates(arguments: argparse.Namespace) -> int:
    from index.duplicates import RESEMBLANCE, find_clusters, render
    from index.store import open_store

    passages = open_store(arguments.index).passages
    print(render(find_clusters(passages, resemblance=arguments.resemblance or RESEMBLANCE)))
    return 0


def _load(folder: Path, *, threads: int) -> Embedder:
    from index.embed import Embedder

    return Embedder.load(folder, threads=threads)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
