from __future__ import annotations

import fcntl
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.build import BuildReport, build_index, index_documents, is_stale, source_digests, stale_reason
from index.errors import CorpusError, StoreError
from index.store import open_store
from index.types import Document

ROOT = Path(__file__).parents[2]
CONFTEST = Path(__file__).parent / "conftest.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "build" / "index"


def tiny(name: str = "tiny", *, salt: str = "") -> Any:
    return runpy.run_path(str(CONFTEST))["TinyEmbedder"](name, salt=salt)


def build(corpus: Path, folder: Path, embedder: Any, **options: Any) -> BuildReport:
    report = build_index(corpus, folder, embedder, **options)
    assert report.problems == ()
    return report


def texts_of(folder: Path) -> str:
    return "".join(document.text for document in open_store(folder).documents.values())


# --------------------------------------------------------------------------- what is built


def test_a_build_indexes_every_document_passage_and_sentence(corpus: Path, folder: Path, embedder: Any) -> None:
    report = build(corpus, folder, embedder)
    store = open_store(folder, model="tiny", dimension=64, max_chars=400)
    assert set(store.documents) == {"plan", "pact"}
    assert (report.documents, report.passages) == (2, len(store.passages))
    assert report.sentences == sum(len(store.sentence_spans(n)) for n in range(report.passages))
    assert report.reused == 0
    for number, passage in enumerate(store.passages):
        text = store.documents[passage.doc_id].text
        assert text[passage.start : passage.end] == passage.text
        spans = store.sentence_spans(number)
        # The sentences of a passage hold all of it but the white space between them.
        assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(passage.text.split())
        assert store.sentence_vectors(number).shape == (len(spans), 64)


def test_every_vector_is_the_embedders_own_for_that_text(corpus: Path, folder: Path, embedder: Any) -> None:
    build(corpus, folder, embedder)
    store = open_store(folder)
    number = next(n for n, p in enumerate(store.passages) if "不少于10人" in p.text)
    passage = store.passages[number]
    spans = store.sentence_spans(number)
    at = next(i for i, (a, b) in enumerate(spans) if "不少于10人" in store.documents["pact"].text[a:b])
    start, end = spans[at]
    expected = tiny().encode_passages(
        [f"{passage.heading_path[-1]}\n{passage.text[start - passage.start : end - passage.start]}"]
    )[0]
    np.testing.assert_allclose(store.sentence_vectors(number)[at], expected, atol=1e-6)


def test_building_again_embeds_nothing(corpus: Path, folder: Path, embedder: Any) -> None:
    first = build(corpus, folder, embedder)
    again = tiny()
    second = build(corpus, folder, again)
    assert second.reused == first.passages + first.sentences
    assert len(again.encoded) == 1  # the probe that tells whether the weights are the same
    assert "0 of " in str(second)


def test_only_the_changed_sentences_and_their_passage_are_embedded(
    corpus: Path, folder: Path, embedder: Any
) -> None:
    build(corpus, folder, embedder)
    pact = corpus / "pact.txt"
    pact.write_text(pact.read_text(encoding="utf-8").replace("10人", "20人"), encoding="utf-8")
    again = tiny()
    build(corpus, folder, again)
    assert len(again.encoded) == 3  # the probe, one passage, one sentence
    assert all("20人" in text for text in again.encoded[1:])
    assert "20人" in texts_of(folder)
    assert "10人" not in texts_of(folder)


def test_a_removed_document_leaves_the_index(corpus: Path, folder: Path, embedder: Any) -> None:
    build(corpus, folder, embedder)
    (corpus / "pact.txt").unlink()
    (corpus / "sources.jsonl").unlink()
    build(corpus, folder, embedder)
    assert set(open_store(folder).documents) == {"plan"}


def test_equal_texts_are_embedded_once(corpus: Path, folder: Path, embedder: Any) -> None:
    pact = (corpus / "pact.txt").read_text(encoding="utf-8")
    (corpus / "copy.txt").write_text(pact + "\n另有补充说明。\n", encoding="utf-8")
    report = build(corpus, folder, embedder)
    assert len(embedder.encoded) == len(set(embedder.encoded)) < report.passages + report.sentences
    assert report.reused == 0


@pytest.mark.parametrize("other", [{"name": "other"}, {"salt": "other weights"}])
def test_vectors_of_another_model_or_of_other_weights_are_not_reused(
    corpus: Path, folder: Path, embedder: Any, other: dict[str, str]
) -> None:
    build(corpus, folder, embedder)
    assert build(corpus, folder, tiny(**other)).reused == 0


def test_force_embeds_everything(corpus: Path, folder: Path, embedder: Any) -> None:
    build(corpus, folder, embedder)
    assert build(corpus, folder, embedder, force=True).reused == 0


def test_a_damaged_index_is_replaced_not_reused(corpus: Path, folder: Path, embedder: Any) -> None:
    build(corpus, folder, embedder)
    version = folder / (folder / "CURRENT").read_text().split()[0]
    (version / "vectors.faiss").write_bytes(b"")
    assert build(corpus, folder, embedder).reused == 0
    assert len(open_store(folder).passages) > 0


def test_one_bad_file_is_a_problem_and_not_the_end(corpus: Path, folder: Path, embedder: Any) -> None:
    (corpus / "empty.txt").write_text("", encoding="utf-8")
    report = build_index(corpus, folder, embedder)
    assert report.documents == 2
    assert len(report.problems) == 1
    assert "empty.txt" in report.problems[0]


def test_a_corpus_without_documents_is_refused_and_the_old_index_stays(
    corpus: Path, folder: Path, embedder: Any, tmp_path: Path
) -> None:
    build(corpus, folder, embedder)
    (tmp_path / "none").mkdir()
    with pytest.raises(CorpusError, match="no document to index"):
        build_index(tmp_path / "none", folder, embedder)
    with pytest.raises(CorpusError, match="no corpus folder"):
        build_index(tmp_path / "missing", folder, embedder)
    assert set(open_store(folder).documents) == {"plan", "pact"}


def test_documents_made_elsewhere_are_indexed_without_a_folder(folder: Path, embedder: Any) -> None:
    text = "双方建立联席会议制度，每年至少召开一次会议。"
    report = index_documents([Document("law-1", "办法第一条", text, "law-1", "0")], folder, embedder)
    assert (report.documents, report.passages, report.sentences) == (1, 1, 1)
    assert open_store(folder).passages[0].text == text


# --------------------------------------------------------------------------- staleness


def test_a_fresh_index_is_not_stale(corpus: Path, folder: Path, embedder: Any) -> None:
    assert is_stale(folder, corpus, "tiny", 400)
    build(corpus, folder, embedder)
    assert stale_reason(folder, corpus, "tiny", 400) is None
    assert not is_stale(folder, corpus, "tiny", 400)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda corpus: (corpus / "new.txt").write_text("新文件", encoding="utf-8"), "new.txt"),
        (lambda corpus: (corpus / "pact.txt").unlink(), "pact.txt"),
        (lambda corpus: (corpus / "plan.txt").write_text("改了", encoding="utf-8"), "plan.txt"),
        (lambda corpus: (corpus / "sources.jsonl").write_text("", encoding="utf-8"), "sources.jsonl"),
    ],
)
def test_a_changed_corpus_makes_the_index_stale_and_names_the_file(
    corpus: Path, folder: Path, embedder: Any, change: Any, named: str
) -> None:
    build(corpus, folder, embedder)
    change(corpus)
    assert (stale_reason(folder, corpus, "tiny", 400) or "").startswith(f"{named} was ")


def test_other_settings_and_other_code_make_the_index_stale(
    corpus: Path, folder: Path, embedder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(corpus, folder, embedder)
    assert "model = tiny, but model = bge" in (stale_reason(folder, corpus, "bge", 400) or "")
    assert "max_chars = 400, but max_chars = 300" in (stale_reason(folder, corpus, "tiny", 300) or "")
    monkeypatch.setattr("index.build.code_digest", lambda: "changed")
    assert "has changed" in (stale_reason(folder, corpus, "tiny", 400) or "")


def test_hidden_files_of_the_corpus_do_not_count(corpus: Path) -> None:
    (corpus / ".DS_Store").write_text("x", encoding="utf-8")
    assert sorted(source_digests(corpus)) == ["pact.txt", "plan.txt", "sources.jsonl"]


# --------------------------------------------------------------------------- lock and sudden death

# Imports once, then for each line of its input forks a child that builds until the named function's n-th call,
# where it kills itself; answers with how the child ended.
KILLED_BUILDS = """
import os, runpy, signal, sys
from pathlib import Path
import faiss, bm25s, opencc, tqdm
import index.assemble, index.build, index.content, index.store, index.versions
Embedder = runpy.run_path(sys.argv[1])["TinyEmbedder"]
def build_until_killed(corpus, folder, module, name, count):
    owner = Path if module == "Path" else sys.modules[module]
    real, calls = getattr(owner, name), []
    def deadly(*args, **kwargs):
        calls.append(1)
        if len(calls) == int(count):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    setattr(owner, name, deadly)
    index.build.build_index(Path(corpus), Path(folder), Embedder())
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        build_until_killed(*line.split())
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""

POINTS = [
    ("index.build", "load_corpus", 1),
    ("index.assemble", "entry_keys", 1),
    ("index.assemble", "claim_digests", 1),
    ("index.assemble", "pick_rows", 1),
    ("index.build", "write_version", 1),
    ("index.store", "write_passages", 1),
    ("index.store", "_write_vectors", 1),
    ("index.content", "file_records", 1),
    ("index.store", "publish", 1),
    ("index.versions", "_flush", 1),
    ("index.versions", "_flush", 6),
    ("Path", "replace", 1),  # the finished version gets its name
    ("Path", "replace", 2),  # the pointer is switched
]


Killer = Callable[[Path, Path, str, str, int], None]


@pytest.fixture(scope="module")
def run_until_killed() -> Iterator[Killer]:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED_BUILDS, str(CONFTEST)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        given, told = process.stdin, process.stdout

        def run(corpus: Path, folder: Path, module: str, name: str, count: int) -> None:
            print(corpus, folder, module, name, count, file=given, flush=True)
            assert int(told.readline()) == -signal.SIGKILL

        yield run


@pytest.mark.parametrize(("module", "name", "count"), POINTS)
def test_a_build_killed_at_any_point_leaves_the_old_index_in_use(
    corpus: Path,
    folder: Path,
    embedder: Any,
    run_until_killed: Killer,
    module: str,
    name: str,
    count: int,
) -> None:
    build(corpus, folder, embedder)
    before = open_store(folder)
    plan = corpus / "plan.txt"
    plan.write_text(plan.read_text(encoding="utf-8").replace("300万辆", "500万辆"), encoding="utf-8")

    run_until_killed(corpus, folder, module, name, count)

    after = open_store(folder, model="tiny", max_chars=400)
    assert after.passages == before.passages
    assert "300万辆" in texts_of(folder)
    assert is_stale(folder, corpus, "tiny", 400)

    build(corpus, folder, embedder)
    assert "500万辆" in texts_of(folder)
    left = sorted(path.name for path in folder.iterdir())
    assert not any(name.startswith("building-") for name in left)
    assert sum(name.startswith("v-") for name in left) == 2


def test_a_build_killed_just_after_the_switch_leaves_the_new_index_in_use(
    corpus: Path, folder: Path, embedder: Any, run_until_killed: Killer
) -> None:
    build(corpus, folder, embedder)
    plan = corpus / "plan.txt"
    plan.write_text(plan.read_text(encoding="utf-8").replace("300万辆", "500万辆"), encoding="utf-8")
    run_until_killed(corpus, folder, "index.versions", "_prune", 1)
    assert "500万辆" in texts_of(folder)
    assert not is_stale(folder, corpus, "tiny", 400)


def test_a_first_build_that_is_killed_leaves_no_index(
    corpus: Path, folder: Path, embedder: Any, run_until_killed: Killer
) -> None:
    run_until_killed(corpus, folder, "index.versions", "_flush", 1)
    with pytest.raises(StoreError, match="there is no index"):
        open_store(folder)
    build(corpus, folder, embedder)
    assert len(open_store(folder).passages) > 0


def test_a_killed_build_leaves_its_vectors_to_the_next(
    corpus: Path, folder: Path, run_until_killed: Killer
) -> None:
    run_until_killed(corpus, folder, "index.assemble", "count_terms", 1)
    again = tiny()
    report = build(corpus, folder, again)
    assert report.reused == report.passages + report.sentences
    assert len(again.encoded) == 1  # the probe
    assert not (folder / "SPILL").exists()


HOLD = """
import sys, time
from pathlib import Path
from index.versions import exclusive_build
with exclusive_build(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_build_says_which_process_builds_and_the_lock_dies_with_it(
    corpus: Path, folder: Path, embedder: Any
) -> None:
    build(corpus, folder, embedder)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        began = time.monotonic()
        with pytest.raises(StoreError, match=rf"another build of .* is running \(process {holder.pid}\)"):
            build_index(corpus, folder, embedder)
        assert time.monotonic() - began < 5
        assert len(open_store(folder).passages) > 0  # reading goes on meanwhile
    finally:
        holder.kill()
        holder.wait()
        if holder.stdout is not None:
            holder.stdout.close()
    assert build(corpus, folder, embedder).documents == 2


def test_a_lock_file_left_behind_does_not_block(corpus: Path, folder: Path, embedder: Any) -> None:
    folder.mkdir(parents=True)
    (folder / "LOCK").write_text("99999\n", encoding="utf-8")
    assert build(corpus, folder, embedder).documents == 2
    with (folder / "LOCK").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
