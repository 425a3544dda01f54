"""Files into the corpus folder and out of it; the index follows with the next build."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from index.errors import CorpusError
from index.parse.reader import parse, read_bytes
from index.parse.text import read_text
from index.provenance import SOURCES_NAME, read_sources

# Hidden files of the corpus folder are no documents, so that a copy that is cut off never becomes one.
_COPYING = ".copying-"


def add_files(files: Sequence[Path], corpus_dir: Path, *, replace: bool = False) -> tuple[str, ...]:
    """Copy ``files`` into ``corpus_dir`` and return their names; none is copied where one cannot be read.

    Raises:
        CorpusError: a file cannot be read, is no document, or would take the name or the doc_id of another one;
            with ``replace`` it may take the place of the file of its own name.

    """
    if not corpus_dir.is_dir():
        raise CorpusError(f"there is no corpus folder {corpus_dir}; make it, or give --corpus")
    present = {path.stem: path.name for path in corpus_dir.iterdir() if path.is_file()}
    for file in files:
        _check_new(file, present, replace=replace)
        present[file.stem] = file.name
    for file in files:
        target = corpus_dir / file.name
        if target.exists() and target.samefile(file):
            continue
        copy = corpus_dir / f"{_COPYING}{file.name}"
        try:
            shutil.copyfile(file, copy)
            copy.replace(target)
        except OSError as error:
            raise CorpusError(f"cannot write {target}: {error.strerror}") from error
        finally:
            copy.unlink(missing_ok=True)
    return tuple(file.name for file in files)


def _check_new(file: Path, present: dict[str, str], *, replace: bool) -> None:
    if file.name == SOURCES_NAME or file.name.startswith("."):
        raise CorpusError(f"{file.name}: not a document")
    try:
        parse(read_bytes(file), name=file.name)
    except OSError as error:
        raise CorpusError(f"cannot read {file}: {error.strerror}") from error
    holder = present.get(file.stem)
    if holder is None or (replace and holder == file.name):
        return
    if holder == file.name:
        raise CorpusError(f"{file.name}: already in the corpus; --replace takes the new one")
    raise CorpusError(f"{file.name}: {holder} has the doc_id {file.stem} already; rename one")


def remove_documents(doc_ids: Iterable[str], corpus_dir: Path) -> tuple[str, ...]:
    """Delete the files of ``doc_ids`` and their records from ``corpus_dir`` and return the names of the files.

    Raises:
        CorpusError: a doc_id has no file, no document would be left, or the folder cannot be written.

    """
    wanted = set(doc_ids)
    present = {
        path.stem: path
        for path in sorted(corpus_dir.glob("*"))
        if path.is_file() and not path.name.startswith(".") and path.name != SOURCES_NAME
    }
    unknown = sorted(wanted - present.keys())
    if unknown:
        known = ", ".join(present) or "none"
        raise CorpusError(f"no document {unknown[0]!r} in {corpus_dir}; known: {known}")
    if wanted == present.keys():
        raise CorpusError("this would remove every document of the corpus; an index cannot be empty")
    names = tuple(present[doc_id].name for doc_id in sorted(wanted))
    try:
        _drop_records(corpus_dir / SOURCES_NAME, set(names))
        for name in names:
            (corpus_dir / name).unlink()
    except OSError as error:
        raise CorpusError(f"cannot remove {error.filename}: {error.strerror}") from error
    return names


def _drop_records(path: Path, names: set[str]) -> None:
    """Write ``sources.jsonl`` anew without the lines of ``names``; the others stay as they are."""
    if not path.is_file() or not names & read_sources(path).keys():
        return
    lines = read_text(path.read_bytes(), name=path.name).split("\n")
    kept = [line for line in lines if not line.strip() or json.loads(line)["source"] not in names]
    copy = path.with_name(f"{_COPYING}{path.name}")
    copy.write_text("\n".join(kept), encoding="utf-8")
    copy.replace(path)
