from __future__ import annotations

import itertools
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.content import Content
from index.errors import StoreError
from index.manifest import Settings, read_manifest
from index.store import Store, open_store, write_store
from index.types import Document, Passage

SETTINGS = Settings(model="tiny", dimension=8, max_chars=400, code="0", probe=(0.1, 0.2))
# Sentences of each of five passages; the second has none.
SENTENCES = (3, 0, 1, 2, 4)


def unit_rows(count: int, *, seed: int, dimension: int = 8) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def content(sentences: tuple[int, ...] = SENTENCES, *, seed: int = 7) -> Content:
    """Passages of as many short sentences as ``sentences`` says, two passages a document."""
    documents: list[Document] = []
    passages: list[Passage] = []
    spans: list[list[tuple[int, int]]] = []
    for number, count in enumerate(sentences):
        text = "".join(f"第{number}段第{at}句。" for at in range(count)) or f"第{number}段，无句"
        document = Document(f"d{number}", f"标题{number}", text, f"d{number}.txt", "0" * 64, issuer="某管委会")
        documents.append(document)
        passages.append(
            Passage(
                f"d{number}:0-{len(text)}",
                f"d{number}",
                document.title,
                document.source,
                ("总则",),
                text,
                0,
                len(text),
            )
        )
        ends = [at + 1 for at, character in enumerate(text) if character == "。"]
        spans.append(list(itertools.pairwise([0, *ends])))
    entries = len(passages) + sum(sentences)
    keys = np.arange(entries * 16, dtype=np.uint8).reshape(entries, 16)
    return Content(documents, passages, spans, unit_rows(entries, seed=seed), keys, {"d0.txt": "ab"})


def brute_force(
    vectors: NDArray[np.float32], sentences: tuple[int, ...], query: NDArray[np.float32]
) -> list[tuple[int, float]]:
    """Mean of the passage's cosine and its best sentence's, by plain loops."""
    scored, row = [], 0
    for number, count in enumerate(sentences):
        own = float(vectors[row] @ query)
        best = max((float(vectors[at] @ query) for at in range(row + 1, row + 1 + count)), default=own)
        scored.append((number, (own + best) / 2))
        row += 1 + count
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def store(folder: Path) -> Store:
    write_store(folder, content(), SETTINGS)
    return open_store(folder)


def version_of(folder: Path) -> Path:
    return folder / (folder / "CURRENT").read_text().split()[0]


# --------------------------------------------------------------------------- search


def test_search_equals_brute_force_over_many_passages(folder: Path) -> None:
    sentences = tuple(int(n) for n in np.random.default_rng(1).integers(0, 6, size=400))
    made = content(sentences)
    write_store(folder, made, SETTINGS)
    store = open_store(folder)
    for seed in range(20):
        query = unit_rows(1, seed=100 + seed)[0]
        for k in (1, 10, 57):
            expected = brute_force(made.vectors, sentences, query)[:k]
            found = store.search(query, k)
            assert [number for number, _ in found] == [number for number, _ in expected]
            assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-6)


def test_a_filtered_search_equals_brute_force_over_the_allowed_passages(folder: Path) -> None:
    sentences = tuple(int(n) for n in np.random.default_rng(2).integers(0, 6, size=200))
    made = content(sentences)
    write_store(folder, made, SETTINGS)
    store = open_store(folder)
    allowed = set(range(0, 200, 7))
    query = unit_rows(1, seed=5)[0]
    expected = [pair for pair in brute_force(made.vectors, sentences, query) if pair[0] in allowed][:10]
    assert [number for number, _ in store.search(query, 10, allowed)] == [number for number, _ in expected]


def test_more_passages_than_there_are_gives_all_of_them(store: Store) -> None:
    found = store.search(unit_rows(1, seed=3)[0], 99)
    assert sorted(number for number, _ in found) == [0, 1, 2, 3, 4]


def test_equal_scores_are_ordered_by_passage_number(folder: Path) -> None:
    made = content((1, 1, 1))
    same = replace(made, vectors=np.tile(unit_rows(1, seed=4), (6, 1)))
    write_store(folder, same, SETTINGS)
    found = open_store(folder).search(same.vectors[0], 2)
    assert [number for number, _ in found] == [0, 1]
    assert [score for _, score in found] == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("allowed", [set(), {99}, {-1}])
def test_a_filter_that_allows_nothing_finds_nothing(store: Store, allowed: set[int]) -> None:
    assert store.search(unit_rows(1, seed=3)[0], 10, allowed) == []


def test_no_passages_wanted_gives_none(store: Store) -> None:
    assert store.search(unit_rows(1, seed=3)[0], 0) == []


def test_a_query_that_is_no_number_is_an_error(store: Store) -> None:
    query = unit_rows(1, seed=3)[0]
    query[2] = np.nan
    with pytest.raises(StoreError, match="not finite"):
        store.search(query, 3)


def test_a_query_of_another_dimension_names_both_and_the_remedy(store: Store) -> None:
    with pytest.raises(StoreError, match=r"\(9,\).*dimension 8.*python -m index build"):
        store.search(unit_rows(1, seed=3, dimension=9)[0], 3)
    with pytest.raises(StoreError, match=r"\(1, 8\)"):
        store.search(unit_rows(1, seed=3), 3)


def test_a_large_index_in_half_precision_finds_the_same_passages(folder: Path) -> None:
    made = content(SENTENCES * 20)
    write_store(folder, made, SETTINGS, flat_up_to=10)
    store = open_store(folder)
    query = unit_rows(1, seed=8)[0]
    expected = brute_force(made.vectors, SENTENCES * 20, query)[:10]
    found = store.search(query, 10, allowed=range(100))
    assert [number for number, _ in found] == [number for number, _ in expected]
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=2e-3)


def test_searches_from_several_threads_agree(store: Store) -> None:
    queries = [unit_rows(1, seed=seed)[0] for seed in range(40)]
    alone = [store.search(query, 3, {0, 2, 4}) for query in queries]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda query: store.search(query, 3, {0, 2, 4}), queries)) == alone


# --------------------------------------------------------------------------- what is stored


def test_everything_comes_back_as_it_was_written(folder: Path) -> None:
    made = content()
    odd = replace(made.documents[1], text="第1段\u2028无句\r\n🚄𠮷", kind=None)
    passage = replace(made.passages[1], text=odd.text, end=len(odd.text))
    made = replace(
        made,
        documents=[made.documents[0], odd, *made.documents[2:]],
        passages=[made.passages[0], passage, *made.passages[2:]],
    )
    write_store(folder, made, SETTINGS)
    store = open_store(folder)
    assert tuple(store.documents.values()) == tuple(made.documents)
    assert store.passages == tuple(made.passages)
    for number, spans in enumerate(made.spans):
        assert store.sentence_spans(number) == tuple(spans)
        for start, end in spans:
            assert store.documents[f"d{number}"].text[start:end].endswith("。")
    assert store.manifest.settings == SETTINGS
    assert (store.manifest.passages, store.manifest.sentences) == (5, 10)
    assert store.passages_of == {f"d{number}": (number,) for number in range(5)}


def test_sentence_vectors_are_the_rows_after_the_passage(store: Store) -> None:
    vectors = content().vectors
    # Rows: passage 0 and its 3 sentences (0-3), passage 1 (4), passage 2 and 1 sentence (5-6), passage 3 (7-9).
    np.testing.assert_array_equal(store.sentence_vectors(0), vectors[1:4])
    assert store.sentence_vectors(1).shape == (0, 8)
    np.testing.assert_array_equal(store.sentence_vectors(3), vectors[8:10])


def test_the_files_are_arrays_and_json_and_no_pickle(store: Store, folder: Path) -> None:
    files = [path for path in version_of(folder).rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".jsonl", ".npy", ".faiss"}
    for path in files:
        if path.suffix == ".npy":
            np.load(path, allow_pickle=False)


def test_a_new_index_replaces_the_old_and_only_the_one_before_is_kept(folder: Path) -> None:
    versions = []
    for seed in range(4):
        write_store(folder, content(seed=seed), SETTINGS)
        versions.append(version_of(folder).name)
    assert sorted(path.name for path in folder.iterdir()) == ["CURRENT", "LOCK", *versions[2:]]
    np.testing.assert_array_equal(open_store(folder).sentence_vectors(0), content(seed=3).vectors[1:4])


# --------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"vectors": unit_rows(15, seed=1) * 2}, "unit length"),
        ({"vectors": np.full((15, 8), np.nan, dtype=np.float32)}, "unit length"),
        ({"vectors": unit_rows(14, seed=1)}, r"\(14, 8\): expected \(15, 8\)"),
        ({"keys": np.zeros((3, 16), dtype=np.uint8)}, r"keys of shape \(3, 16\)"),
        ({"spans": [[]]}, "sentences of 1"),
        ({"documents": content().documents[:4]}, "d4:0-28 is not a span of its document"),
        ({"documents": [*content().documents, content().documents[0]]}, "same doc_id"),
    ],
)
def test_parts_that_do_not_fit_are_refused_and_the_old_index_stays(
    store: Store, folder: Path, changed: dict[str, object], message: str
) -> None:
    before = version_of(folder)
    with pytest.raises(StoreError, match=message):
        write_store(folder, replace(content(), **changed), SETTINGS)  # type: ignore[arg-type]
    assert version_of(folder) == before
    assert open_store(folder).passages == store.passages


def test_opening_nothing_says_how_to_build(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no index in .*python -m index build"):
        open_store(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"model": "other"}, "model = tiny, but model = other is set"),
        ({"dimension": 384}, "dimension = 8, but dimension = 384 is set"),
        ({"max_chars": 500}, "max_chars = 400, but max_chars = 500 is set"),
    ],
)
def test_other_settings_are_refused_with_both_values(
    store: Store, folder: Path, expected: dict[str, object], message: str
) -> None:
    assert open_store(folder, model="tiny", dimension=8, max_chars=400).manifest == store.manifest
    with pytest.raises(StoreError, match=f"{message}; run: python -m index build"):
        open_store(folder, **expected)  # type: ignore[arg-type]


FILES = (
    "documents.jsonl",
    "passages.jsonl",
    "vectors.faiss",
    "keys.npy",
    "manifest.json",
    "words/ends.npy",
    "words/vocabulary.json",
    "words/counts.npy",
)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["remove", "truncate", "alter", "empty"])
def test_a_damaged_file_is_noticed_on_opening(store: Store, folder: Path, name: str, damage: str) -> None:
    path = version_of(folder) / name
    data = path.read_bytes()
    if damage == "remove":
        path.unlink()
    elif damage == "truncate":
        path.write_bytes(data[:-3])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    with pytest.raises(StoreError, match=re.escape(name) + ".*python -m index build"):
        open_store(folder)


@pytest.mark.parametrize("pointer", ["", "v-gone 00", "../../etc 00", "/etc/passwd", "\udcff"])
def test_a_damaged_pointer_is_noticed_and_never_leads_out_of_the_folder(
    store: Store, folder: Path, pointer: str
) -> None:
    (folder / "CURRENT").write_bytes(pointer.encode("utf-8", "surrogateescape"))
    with pytest.raises(StoreError, match="python -m index build"):
        open_store(folder)


def test_a_pointer_to_a_whole_index_elsewhere_is_not_followed(store: Store, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_store(other, content(seed=9), SETTINGS)
    name, digest = (other / "CURRENT").read_text().split()
    (folder / "CURRENT").write_text(f"../other/{name} {digest}\n", encoding="utf-8")
    with pytest.raises(StoreError, match="is not a version name"):
        open_store(folder)


def test_a_damaged_file_too_large_to_hash_is_an_error_too(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.manifest.HASHED_UP_TO_BYTES", 0)
    for name in ("vectors.faiss", "documents.jsonl", "passages.jsonl", "keys.npy"):
        path = version_of(folder) / name
        whole = path.read_bytes()
        path.write_bytes(b"x" * len(whole))
        with pytest.raises(StoreError, match=r"is damaged .*python -m index build"):
            open_store(folder)
        path.write_bytes(whole)
    assert open_store(folder).passages == store.passages


def test_an_index_of_another_format_is_refused(store: Store, folder: Path) -> None:
    path = version_of(folder) / "manifest.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, "format_version": 99}), encoding="utf-8")
    with pytest.raises(StoreError, match="format 99, expected 3"):
        read_manifest(version_of(folder))


def test_a_reader_that_comes_between_two_builds_opens_the_newer(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = read_manifest
    calls: list[Path] = []

    def replaced_meanwhile(version: Path) -> object:
        calls.append(version)
        if len(calls) == 1:
            for seed in (20, 21, 22):
                write_store(folder, content(seed=seed), SETTINGS)
        return real(version)

    monkeypatch.setattr("index.store.read_manifest", replaced_meanwhile)
    np.testing.assert_array_equal(open_store(folder).sentence_vectors(0), content(seed=22).vectors[1:4])
    assert len(calls) == 2


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write the index folder"):
        write_store(tmp_path / "file" / "index", content(), SETTINGS)
