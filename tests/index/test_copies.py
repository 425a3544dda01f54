"""Copies are known from the index, take one place of a search, and are never confused with what differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.build import build_index
from index.copies import Copies, claim_digests
from index.retrieve import Retriever
from index.store import Store, open_store
from index.types import Document, Passage

CLAUSE = "双方共建东山港口集装箱枢纽，年吞吐量不少于320万吨。"


def one_passage(doc_id: str, text: str, path: tuple[str, ...] = ()) -> tuple[Document, Passage]:
    document = Document(doc_id, "协议", text, f"{doc_id}.txt", "0" * 64)
    return document, Passage(f"{doc_id}:0", doc_id, "协议", document.source, path, text, 0, len(text))


def claims_of(*texts: str, paths: tuple[tuple[str, ...], ...] | None = None) -> Any:
    """The digest of each text, taken as one passage of one sentence in a document of its own."""
    made = [one_passage(str(number), text, paths[number] if paths else ()) for number, text in enumerate(texts)]
    spans = [[(0, len(text))] for text in texts]
    return claim_digests([document for document, _ in made], [passage for _, passage in made], spans)


def test_every_entry_has_a_digest_and_a_short_one_claims_nothing() -> None:
    digests = claims_of(CLAUSE, "附则", CLAUSE.replace("，", ","))
    assert digests.dtype == np.uint64
    assert digests.shape == (6,)
    assert digests[2:4].tolist() == [0, 0]
    assert digests[0] == digests[4] != 0
    assert digests[1] == digests[5] != digests[0], "a passage is not the copy of a sentence"


@pytest.mark.parametrize(
    "other",
    [
        CLAUSE.replace("320", "230"),
        CLAUSE.replace("320万吨", "3.20万吨"),
        CLAUSE.replace("共建", "不共建"),
        CLAUSE.replace("东山", "西山"),
        CLAUSE.replace("不少于", "少于"),
    ],
)
def test_what_differs_in_a_figure_a_name_or_a_negation_is_no_copy(other: str) -> None:
    digests = claims_of(CLAUSE, other)
    assert digests[0] != digests[2]
    assert digests[1] != digests[3]


def test_the_same_words_under_another_heading_are_the_same_sentence_but_another_clause() -> None:
    digests = claims_of(CLAUSE, CLAUSE, paths=(("甲乙港口合作协议",), ("甲丙港口合作协议",)))
    assert digests[0] != digests[2]
    assert digests[1] == digests[3]


def test_sentences_in_another_order_are_another_clause() -> None:
    first, second = "港口一期由甲市投资5亿元。", "港口二期由乙市投资7亿元。"
    document, passage = one_passage("a", first + second)
    turned, other = one_passage("b", second + first)
    cut = [(0, len(first)), (len(first), len(first) + len(second))]
    digests = claim_digests([document, turned], [passage, other], [cut, cut])
    assert digests[0] != digests[3]
    assert digests[1] == digests[5]
    assert digests[2] == digests[4]


def test_copies_are_looked_up_in_the_order_of_the_index() -> None:
    copies = Copies(np.array([7, 0, 5, 7, 0, 7], dtype=np.uint64))
    assert copies.of(3) == (0, 5)
    assert copies.of(0) == (3, 5)
    assert copies.of(2) == ()
    assert copies.of(1) == (), "nothing is claimed twice by texts that claim nothing"


TEXTS = {
    "a": f"港口协议\n\n{CLAUSE}\n",
    "b": f"港口协议\n\n{CLAUSE.replace('，', ', ')}\n",
    "c": f"港口协议\n\n{CLAUSE.replace('320', '230')}\n",
}


def fill(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")


@pytest.fixture
def store(tmp_path: Path, embedder: Any) -> Store:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    fill(corpus, TEXTS)
    build_index(corpus, tmp_path / "index", embedder)
    return open_store(tmp_path / "index")


QUESTION = "东山港口集装箱枢纽的年吞吐量"


def test_copies_take_one_place_and_can_all_be_cited(store: Store, embedder: Any) -> None:
    hits = Retriever(store, embedder).search(QUESTION, 10)
    found = [hit.passage.doc_id for hit in hits if "吞吐量" in hit.passage.text]
    assert sorted(found) in (["a", "c"], ["b", "c"])
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    kept = next(hit.passage for hit in hits if hit.passage.doc_id in "ab")
    (copy,) = store.copies_of(kept)
    assert {kept.doc_id, copy.doc_id} == {"a", "b"}


def test_documents_that_share_claims_are_known(store: Store) -> None:
    alike = store.alike("a")
    assert alike.keys() == {"b"}, "c differs in its figure"
    assert alike["b"] == 2, "the passage and its sentence"
    assert store.alike("c") == {}


def test_a_filter_finds_the_copy_of_its_own_document(store: Store, embedder: Any) -> None:
    retriever = Retriever(store, embedder)
    for doc_id in "abc":
        hits = retriever.search(QUESTION, 10, doc_ids=[doc_id])
        assert hits
        assert {hit.passage.doc_id for hit in hits} == {doc_id}


def test_a_hundred_copies_do_not_crowd_out_the_rest(tmp_path: Path, embedder: Any) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    fill(corpus, {f"copy{number:03}": TEXTS["a"] for number in range(130)})
    fill(
        corpus, {f"other{number}": f"铁路协议\n\n第{number}号铁路全长{number + 80}公里。\n" for number in range(5)}
    )
    build_index(corpus, tmp_path / "index", embedder)
    retriever = Retriever(open_store(tmp_path / "index"), embedder)
    hits = retriever.search(QUESTION, 6)
    assert len(hits) == 6
    assert sum("吞吐量" in hit.passage.text for hit in hits) == 1


def test_a_document_may_repeat_itself(tmp_path: Path, embedder: Any) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    other = "双方每年互派干部十五名到对方挂职锻炼，期限一年。" * 12
    fill(corpus, {"a": f"一、总则\n{CLAUSE}\n{other}\n二、附则\n{CLAUSE}\n"})
    build_index(corpus, tmp_path / "index", embedder, max_chars=120)
    store = open_store(tmp_path / "index")
    wanted = [passage for passage in store.passages if "320万吨" in passage.text]
    hits = Retriever(store, embedder).search(QUESTION, len(store.passages))
    assert len(wanted) == 2
    assert sum("320万吨" in hit.passage.text for hit in hits) == 2


def test_claims_of_unchanged_documents_are_taken_over(tmp_path: Path, embedder: Any) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    fill(corpus, TEXTS)
    build_index(corpus, tmp_path / "index", embedder)
    (corpus / "a.txt").unlink()
    fill(corpus, {"d": TEXTS["a"]})
    build_index(corpus, tmp_path / "index", embedder)
    store = open_store(tmp_path / "index")
    spans = [store.sentence_spans(number) for number in range(len(store.passages))]
    fresh = claim_digests(list(store.documents.values()), store.passages, spans)
    np.testing.assert_array_equal(store.claims, fresh)
    kept = next(passage for passage in store.passages if passage.doc_id == "b")
    assert [copy.doc_id for copy in store.copies_of(kept)] == ["d"]
