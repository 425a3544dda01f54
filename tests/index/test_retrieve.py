from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.build import build_index
from index.entries import passage_text_for_embedding, passage_text_for_matching, sentence_text_for_embedding
from index.errors import StoreError
from index.fuse import convex_combination
from index.retrieve import ALPHA, Retriever
from index.store import Store, open_store
from index.types import Passage

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(corpus: Path, tmp_path: Path, embedder: Any) -> Store:
    build_index(corpus, tmp_path / "index", embedder)
    return open_store(tmp_path / "index")


@pytest.fixture
def retriever(store: Store, embedder: Any) -> Retriever:
    return Retriever(store, embedder)


def test_hits_are_ranked_from_one_with_falling_scores(retriever: Retriever) -> None:
    hits = retriever.search("新能源汽车产量的目标是多少", 4)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert "300万辆" in hits[0].passage.text


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("轨道交通快线的路网密度要达到多少？", "8.5公里/平方公里"),
        ("联席会议多久开一次？", "每年至少召开一次"),
        ("選派幹部掛職鍛煉的期限", "期限为一年"),
    ],
)
def test_the_clause_that_answers_comes_first(retriever: Retriever, question: str, expected: str) -> None:
    assert expected in retriever.search(question, 1)[0].passage.text


def test_the_score_is_the_weighted_sum_of_both_kinds(retriever: Retriever, store: Store, embedder: Any) -> None:
    question = "共同举办文化旅游节"
    vector = embedder.encode_queries([question])[0]
    every = range(len(store.passages))
    words = store.lexical.scores(question)
    expected = convex_combination(
        dict(store.score(vector, every)), {n: float(words[n]) for n in every if words[n] > 0}, alpha=ALPHA
    )
    found = retriever.search_detailed(question, 50)
    assert list(zip(found.numbers, (hit.score for hit in found.hits), strict=True)) == expected


def test_details_are_the_raw_scores_in_the_order_of_the_hits(retriever: Retriever, store: Store) -> None:
    found = retriever.search_detailed("人才交流的期限", 3)
    assert len(found.hits) == len(found.cosines) == len(found.lexical_scores) == len(found.numbers) == 3
    assert np.linalg.norm(found.query_vector) == pytest.approx(1.0, abs=1e-5)
    words = store.lexical.scores("人才交流的期限")
    for hit, cosine, lexical, number in zip(
        found.hits, found.cosines, found.lexical_scores, found.numbers, strict=True
    ):
        assert store.passages[number] == hit.passage
        assert store.score(found.query_vector, [number])[0][1] == pytest.approx(cosine, abs=1e-6)
        assert lexical == pytest.approx(float(words[number]))


def test_search_returns_the_hits_of_the_detailed_search(retriever: Retriever) -> None:
    assert retriever.search("保障措施", 5) == list(retriever.search_detailed("保障措施", 5).hits)


def test_the_same_question_gives_the_same_answer_twice(retriever: Retriever) -> None:
    assert retriever.search("合作", 50) == retriever.search("合作", 50)


# --------------------------------------------------------------------------- filters and edges


def test_a_filter_limits_the_documents(retriever: Retriever) -> None:
    hits = retriever.search("新能源汽车产量", 50, doc_ids=["pact"])
    assert hits
    assert {hit.passage.doc_id for hit in hits} == {"pact"}


@pytest.mark.parametrize("doc_ids", [[], ["no such document"], set(), ("",)])
def test_a_filter_that_matches_nothing_finds_nothing(retriever: Retriever, doc_ids: Any) -> None:
    found = retriever.search_detailed("新能源汽车产量", 5, doc_ids=doc_ids)
    assert (found.hits, found.cosines, found.lexical_scores, found.numbers) == ((), (), (), ())
    assert retriever.search("新能源汽车产量", 5, doc_ids=doc_ids) == []
    assert not found.query_vector.any()  # nothing to search, so nothing was encoded


@pytest.mark.parametrize("question", ["", "   ", "\n\u3000"])
def test_a_blank_question_finds_nothing(retriever: Retriever, question: str) -> None:
    assert retriever.search(question) == []


def test_a_question_without_a_shared_word_still_has_dense_hits(retriever: Retriever) -> None:
    found = retriever.search_detailed("xyzzy", 3)
    assert len(found.hits) == 3
    assert set(found.lexical_scores) == {0.0}


def test_fewer_than_one_hit_cannot_be_asked_for(retriever: Retriever) -> None:
    with pytest.raises(ValueError, match="k = 0"):
        retriever.search("合作", 0)


# --------------------------------------------------------------------------- exact names


def test_a_named_document_comes_first_whatever_its_brackets(retriever: Retriever, store: Store) -> None:
    own = len(store.passages_of["plan"])
    for question in ("某新发〔2023〕8号的文化旅游节", "某新发[2023]8号的文化旅游节"):
        hits = retriever.search(question, 50)
        assert [hit.passage.doc_id for hit in hits[:own]] == ["plan"] * own
        assert all(hit.score >= 1 for hit in hits[:own])
        assert all(hit.score <= 1 for hit in hits[own:])


def test_a_named_clause_comes_first(retriever: Retriever) -> None:
    for question, text in (("第二条是什么？", "精品旅游线路"), ("协议第三条规定了什么", "挂职锻炼")):
        assert text in retriever.search(question, 1)[0].passage.text


def test_a_named_clause_is_found_among_many_that_match_better(
    store: Store, embedder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.retrieve.CANDIDATES", 1)
    hits = Retriever(store, embedder).search("第三条是什么？新能源汽车产量300万辆研发经费投入", 1)
    assert "挂职锻炼" in hits[0].passage.text


def test_a_filter_holds_for_exact_names_too(retriever: Retriever) -> None:
    hits = retriever.search("某新发〔2023〕8号的目标", 50, doc_ids=["pact"])
    assert {hit.passage.doc_id for hit in hits} == {"pact"}


# --------------------------------------------------------------------------- the wrong model


class Renamed:
    """The given embedder under another name, dimension or with a turned sign."""

    def __init__(self, inner: Any, *, name: str = "tiny", dimension: int = 64, sign: float = 1.0) -> None:
        self.inner, self.name, self.dimension, self.sign = inner, name, dimension, sign

    def encode_queries(self, queries: list[str]) -> Any:
        return self.inner.encode_queries(queries) * self.sign

    def encode_passages(self, passages: list[str], progress: bool = False) -> Any:
        return self.inner.encode_passages(passages) * self.sign


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "bge"}, "model 'tiny' of dimension 64, not with 'bge' of dimension 64"),
        ({"dimension": 32}, "not with 'tiny' of dimension 32"),
        ({"sign": -1.0}, "other weights"),
    ],
)
def test_another_model_than_the_indexs_is_refused(
    store: Store, embedder: Any, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(StoreError, match=f"{message}.*python -m index build"):
        Retriever(store, Renamed(embedder, **changed))


# --------------------------------------------------------------------------- the embedded texts


def test_a_passage_is_embedded_under_its_title_and_headings() -> None:
    passage = Passage("d:9-13", "d", "框架协议", "d.txt", ("二、任务", "（一）交通"), "建设快线", 9, 13)
    assert passage_text_for_embedding(passage) == "框架协议 > 二、任务 > （一）交通\n建设快线"
    assert passage_text_for_matching(passage) == "框架协议\n二、任务\n（一）交通\n建设快线"
    assert sentence_text_for_embedding(passage, "建设快线") == "（一）交通\n建设快线"


def test_a_heading_that_opens_the_passage_is_not_repeated() -> None:
    text = "（一）交通\n建设快线"
    passage = Passage("d:9-19", "d", "框架协议", "d.txt", ("二、任务", "（一）交通"), text, 9, 19)
    assert passage_text_for_embedding(passage) == f"框架协议 > 二、任务\n{text}"
    assert sentence_text_for_embedding(passage, "（一）交通") == "（一）交通"


def test_a_sentence_without_a_heading_stands_alone() -> None:
    passage = Passage("d:0-4", "d", "框架协议", "d.txt", (), "建设快线", 0, 4)
    assert sentence_text_for_embedding(passage, "建设快线") == "建设快线"


# --------------------------------------------------------------------------- the real model


@pytest.mark.slow
def test_the_real_model_finds_a_paraphrase_without_a_shared_keyword(corpus: Path, tmp_path: Path) -> None:
    from index.embed import Embedder
    from index.models import resolve_model

    real = Embedder.load(resolve_model("embedded", cache_dir=ROOT / "build" / "models"))
    build_index(corpus, tmp_path / "real", real)
    retriever = Retriever(open_store(tmp_path / "real", model=real.name, dimension=real.dimension), real)
    assert "挂职锻炼" in retriever.search("两边的官员能去对方那里上班多长时间？", 1)[0].passage.text
    assert "300万辆" in retriever.search("电动车造多少台算达标？", 1)[0].passage.text
