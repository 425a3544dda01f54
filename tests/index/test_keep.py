"""Adding, removing, listing, verifying; what is reused; what an unfinished build leaves for the next."""

from __future__ import annotations

import json
import runpy
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.build import build_index
from index.cli import main
from index.manifest import Settings
from index.spill import SPILL_FILE, Spill
from index.store import open_store
from index.verify import verify_index

CONFTEST = Path(__file__).parent / "conftest.py"
RULE = "丙市数据管理办法\n\n第一条 为了规范数据处理，制定本办法。\n\n第二条 数据每年至少盘点一次。\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def run(
    corpus: Path, folder: Path, embedder: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Run one command on the corpus and the index of this test; returns status, output and errors."""
    monkeypatch.setattr("index.models.resolve_model", lambda name, **_: Path(embedder.name))
    monkeypatch.setattr("index.cli._load", lambda folder, **_: embedder)

    def command(name: str, *arguments: str) -> tuple[int, str, str]:
        places = ["--index", str(folder)]
        if name not in ("list", "verify"):
            places += ["--corpus", str(corpus)]
        status = main([name, *arguments, *places])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return command


def tiny() -> Any:
    return runpy.run_path(str(CONFTEST))["TinyEmbedder"]()


def test_a_document_is_added_listed_changed_and_removed_for_good(
    run: Any, corpus: Path, folder: Path, tmp_path: Path
) -> None:
    run("build")
    new = tmp_path / "rule.txt"
    new.write_text(RULE, encoding="utf-8")
    status, out, _ = run("add", str(new))
    assert (status, out.splitlines()[0]) == (0, "added: rule")
    assert "丙市数据管理办法" in run("list")[1]
    assert run("list")[1].splitlines()[-1].startswith("3 documents; model tiny, built ")

    new.write_text(RULE.replace("一次", "两次"), encoding="utf-8")
    status, out, _ = run("add", "--replace", str(new))
    assert (status, out.splitlines()[0]) == (0, "changed: rule")
    assert "至少盘点两次" in open_store(folder).documents["rule"].text

    with (corpus / "sources.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"source": "rule.txt", "title": "办法"}, ensure_ascii=False) + "\n")
    status, out, _ = run("remove", "rule")
    assert (status, out.splitlines()[0]) == (0, "removed: rule")
    assert set(open_store(folder).documents) == {"plan", "pact"}
    left = [path for path in (*folder.rglob("*"), *corpus.rglob("*")) if path.is_file()]
    assert not any("盘点".encode() in path.read_bytes() for path in left)
    assert not any(b"rule.txt" in path.read_bytes() for path in left)
    assert [path.name for path in left if path.suffix == ".jsonl" and path.parent == corpus] == ["sources.jsonl"]
    assert run("verify")[:2] == (0, "the index is whole\n")


def test_update_tells_what_changed_and_does_nothing_twice(run: Any, corpus: Path) -> None:
    run("build")
    plan = corpus / "plan.txt"
    plan.write_text(plan.read_text(encoding="utf-8").replace("300万辆", "500万辆"), encoding="utf-8")
    status, out, _ = run("update")
    assert status == 0
    assert out.splitlines()[0] == "changed: plan"
    status, out, _ = run("update")
    assert (status, len(out.splitlines())) == (0, 1)
    assert "; 0 of " in out


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("plan.txt", RULE, "plan.txt: already in the corpus; --replace"),
        ("plan.md", RULE, "plan.md: plan.txt has the doc_id plan already"),
        ("empty.txt", "", "empty.txt: the file is empty"),
        ("sources.jsonl", "{}", "sources.jsonl: not a document"),
        ("table.csv", "甲,乙", "table.csv: no reader"),
    ],
)
def test_a_file_that_cannot_be_added_changes_nothing(
    run: Any, corpus: Path, tmp_path: Path, name: str, text: str, said: str
) -> None:
    before = {path.name: path.read_bytes() for path in corpus.iterdir()}
    good, bad = tmp_path / "rule.txt", tmp_path / "new" / name
    bad.parent.mkdir()
    good.write_text(RULE, encoding="utf-8")
    bad.write_text(text, encoding="utf-8")
    status, _, err = run("add", str(good), str(bad))
    assert status == 1
    assert err.startswith(f"error: {said}")
    assert {path.name: path.read_bytes() for path in corpus.iterdir()} == before


def test_what_cannot_be_removed_changes_nothing(run: Any, corpus: Path) -> None:
    before = sorted(path.name for path in corpus.iterdir())
    assert "no document 'nothing'" in run("remove", "plan", "nothing")[2]
    assert "every document" in run("remove", "plan", "pact")[2]
    assert sorted(path.name for path in corpus.iterdir()) == before


# --------------------------------------------------------------------------- what is reused


def same_index(one: Path, other: Path) -> None:
    a, b = open_store(one), open_store(other)
    assert a.documents == b.documents
    assert a.passages == b.passages
    spans = [store.sentence_spans(n) for store in (a, b) for n in range(len(a.passages))]
    assert spans[: len(a.passages)] == spans[len(a.passages) :]
    np.testing.assert_array_equal(a.keys, b.keys)
    np.testing.assert_array_equal(a.vectors(0, a.manifest.entries), b.vectors(0, b.manifest.entries))
    for query in ("联席会议", "2027年300万辆", "数据盘点", "挂职锻炼"):
        np.testing.assert_array_equal(a.lexical.scores(query), b.lexical.scores(query))


@pytest.mark.parametrize("step", ["add first", "add last", "change", "remove", "record", "nothing"])
def test_an_updated_index_equals_one_built_anew(corpus: Path, folder: Path, tmp_path: Path, step: str) -> None:
    build_index(corpus, folder, tiny())
    plan = corpus / "plan.txt"
    if step.startswith("add"):
        (corpus / ("a.txt" if step == "add first" else "z.txt")).write_text(RULE, encoding="utf-8")
    elif step == "change":
        plan.write_text(plan.read_text(encoding="utf-8").replace("三、保障措施", "三、组织保障"), encoding="utf-8")
    elif step == "remove":
        plan.unlink()
    elif step == "record":
        (corpus / "sources.jsonl").write_text('{"source": "plan.txt", "title": "另一题名"}\n', encoding="utf-8")
    build_index(corpus, folder, tiny())
    build_index(corpus, tmp_path / "anew", tiny())
    same_index(folder, tmp_path / "anew")
    assert verify_index(folder) == ()


def test_unchanged_files_are_not_parsed_or_cut_again(
    corpus: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(corpus, folder, tiny())
    (corpus / "rule.txt").write_text(RULE, encoding="utf-8")
    parsed: list[str] = []
    cut: list[str] = []
    from index.parse.reader import parse
    from index.passages import make_passages

    def parse_and_tell(data: bytes, *, name: str) -> Any:
        parsed.append(name)
        return parse(data, name=name)

    def cut_and_tell(document: Any, outline: Any, **options: Any) -> Any:
        cut.append(document.doc_id)
        return make_passages(document, outline, **options)

    monkeypatch.setattr("index.corpus.parse", parse_and_tell)
    monkeypatch.setattr("index.assemble.make_passages", cut_and_tell)
    build_index(corpus, folder, tiny())
    assert (parsed, cut) == (["rule.txt"], ["rule"])
    monkeypatch.setattr("index.build.code_digest", lambda: "other rules")
    build_index(corpus, folder, tiny())
    assert len(parsed) == 4


# --------------------------------------------------------------------------- an unfinished build


class Breaking:
    """The tiny embedder, which breaks off after some batches."""

    def __init__(self, batches: int) -> None:
        self.inner, self.batches = tiny(), batches
        self.name, self.dimension = self.inner.name, self.inner.dimension

    def encode_queries(self, queries: list[str]) -> Any:
        return self.inner.encode_queries(queries)

    def encode_passages(self, passages: list[str], progress: bool = False) -> Any:
        self.batches -= 1
        if self.batches < 0:
            raise InterruptedError
        return self.inner.encode_passages(passages)


def test_a_build_goes_on_where_the_last_one_broke_off(
    corpus: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.assemble._BATCH_ENTRIES", 5)
    with pytest.raises(InterruptedError):
        build_index(corpus, folder, Breaking(1 + 3))  # the probe, three batches of five
    assert (folder / SPILL_FILE).is_file()
    # A kill in the middle of a write leaves half a record.
    with (folder / SPILL_FILE).open("ab") as stream:
        stream.write(b"\x00" * 7)
    embedder = tiny()
    report = build_index(corpus, folder, embedder)
    assert report.reused == 15
    assert len(embedder.encoded) == 1 + report.passages + report.sentences - 15
    assert not (folder / SPILL_FILE).exists()
    build_index(corpus, folder / "anew", tiny())
    same_index(folder, folder / "anew")


def test_another_models_leftovers_are_not_used(corpus: Path, folder: Path) -> None:
    folder.mkdir()
    other = Settings("other", 64, 400, "", (0.1,) * 8)
    with Spill(folder, other) as spill:
        spill.add([b"k" * 16], np.ones((1, 64), dtype=np.float32))
    assert build_index(corpus, folder, tiny()).reused == 0
    with Spill(folder, other) as spill:
        assert spill.read() == {}


# --------------------------------------------------------------------------- verify


def damaged(folder: Path, **changed: Any) -> tuple[str, ...]:
    """The faults of an index whose store was changed in memory: the files themselves are checked elsewhere."""
    store = open_store(folder)
    for name, value in changed.items():
        setattr(store, name, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.verify.open_store", lambda _: store)
        return verify_index(folder)


def test_every_kind_of_fault_is_found(corpus: Path, folder: Path, embedder: Any) -> None:
    assert verify_index(folder) == (f"there is no index in {folder}; run: python -m index build",)
    build_index(corpus, folder, embedder)
    assert verify_index(folder) == ()
    store = open_store(folder)
    assert "vectors belong to other texts" in damaged(folder, keys=store.keys[::-1])[0]
    other = (replace(store.passages[0], text="别的文字"), *store.passages[1:])
    assert "is not a span" in damaged(folder, passages=other)[0]
    documents = {doc_id: replace(document, title="别的题名") for doc_id, document in store.documents.items()}
    assert "is not the one that was indexed" in damaged(folder, documents=documents)[0]
    version = folder / (folder / "CURRENT").read_text().split()[0]
    (version / "stray").write_text("x")
    assert "stray is not a file of the index" in verify_index(folder)[0]
    shutil.rmtree(version / "words")
    assert "words" in verify_index(folder)[0]
