"""Whether an index is what its manifest says, entry by entry: for ``python -m index verify``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from index.content import record_digest
from index.copies import claim_digests
from index.entries import entry_keys, entry_texts, passage_text_for_matching
from index.errors import StoreError
from index.lexical import tokenize
from index.manifest import REBUILD, sha256_of
from index.marks import without_marks
from index.store import Store, open_store
from index.term_counts import count_terms
from index.versions import current_version

_TOLERANCE: Final = 1e-3


def verify_index(index_dir: Path) -> tuple[str, ...]:
    """Return one line for each fault of the current index; nothing when it is whole.

    All files are hashed, also the large ones that opening only measures. Vectors are checked for their length
    and for belonging to the text at their place, not computed again.
    """
    try:
        store = open_store(index_dir)
        version = current_version(index_dir)
        return (*_files(version, store), *_documents(store), *_passages(store), *_vectors(store), *_words(store))
    except StoreError as error:
        return (str(error),)


def _files(version: Path, store: Store) -> Iterator[str]:
    for name, record in store.manifest.files.items():
        if sha256_of(version / name) != record.sha256:
            yield f"{version / name} is damaged; {REBUILD} --force"
    extra = {path.relative_to(version).as_posix() for path in version.rglob("*") if path.is_file()}
    for name in sorted(extra - store.manifest.files.keys() - {"manifest.json"}):
        yield f"{version / name} is not a file of the index"


def _documents(store: Store) -> Iterator[str]:
    for doc_id, document in store.documents.items():
        if record_digest(document) != store.manifest.documents.get(doc_id):
            yield f"document {doc_id} is not the one that was indexed; {REBUILD} --force"
        if not store.passages_of[doc_id]:
            yield f"document {doc_id} has no passage; {REBUILD} --force"


def _passages(store: Store) -> Iterator[str]:
    for number, passage in enumerate(store.passages):
        text = store.documents[passage.doc_id].text
        if text[passage.start : passage.end] != passage.text:
            yield f"passage {passage.passage_id} is not a span of its document; {REBUILD} --force"
        spans = store.sentence_spans(number)
        said = without_marks(passage.text)
        if "".join("".join(text[a:b].split()) for a, b in spans) != "".join(said.split()):
            yield f"the sentences of passage {passage.passage_id} do not hold all of it; {REBUILD} --force"


def _vectors(store: Store) -> Iterator[str]:
    spans = [store.sentence_spans(number) for number in range(len(store.passages))]
    keys = entry_keys(entry_texts(list(store.documents.values()), store.passages, spans))
    wrong = int((keys != store.keys).any(axis=1).sum())
    if wrong:
        yield f"{wrong} of {len(keys)} vectors belong to other texts; {REBUILD} --force"
    documents = list(store.documents.values())
    other = int((claim_digests(documents, store.passages, spans) != store.claims).sum())
    if other:
        yield f"{other} of {len(keys)} claims belong to other texts; {REBUILD} --force"
    lengths = np.linalg.norm(store.vectors(0, store.manifest.entries), axis=1)
    bad = int((~(np.abs(lengths - 1.0) <= _TOLERANCE)).sum())
    if bad:
        yield f"{bad} of {len(lengths)} vectors are not of unit length; {REBUILD} --force"


def _words(store: Store) -> Iterator[str]:
    counts = store.lexical.counts
    expected = count_terms((tokenize(passage_text_for_matching(p)) for p in store.passages), counts.vocabulary)
    if len(expected.vocabulary) != len(counts.vocabulary) or not np.array_equal(
        expected.lengths(), counts.lengths()
    ):
        yield f"the word index does not fit the passages; {REBUILD} --force"
