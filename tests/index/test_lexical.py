from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from index.errors import StoreError
from index.lexical import K1, B, LexicalIndex, normalise, tokenize
from index.term_counts import count_terms, pick_rows

TEXTS = [
    "到2027年，新能源汽车产量达到300万辆。",
    "建立联席会议制度，每年至少召开一次会议。",
    "联合推出精品旅游线路，共同举办文化旅游节。",
    "",
]


def reference_scores(query: str, texts: list[str]) -> list[float]:
    """BM25 as in the docstring of LexicalIndex, written once more, one text and term at a time."""
    documents = [Counter(tokenize(text)) for text in texts]
    lengths = [sum(document.values()) for document in documents]
    average = sum(lengths) / len(lengths)
    scores = [0.0] * len(texts)
    for term in tokenize(query):
        containing = sum(term in document for document in documents)
        idf = math.log(1 + (len(texts) - containing + 0.5) / (containing + 0.5))
        for number, document in enumerate(documents):
            if (tf := document[term]) > 0:
                scores[number] += idf * tf / (tf + K1 * (1 - B + B * lengths[number] / average))
    return scores


def test_han_text_gives_its_characters_and_bigrams() -> None:
    assert tokenize("共建机制") == ["共", "建", "机", "制", "共建", "建机", "机制"]


def test_bigrams_do_not_cross_punctuation() -> None:
    assert "作，" not in tokenize("合作，共赢")
    assert "作共" not in tokenize("合作，共赢")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("到2027年建成", {"2027", "2027年"}),
        ("产量300万辆", {"300", "300万", "300万辆"}),
        ("比重达5.7%", {"5.7", "5.7%"}),
        ("规划面积1198平方公里", {"1198", "1198平方公里"}),
        ("密度0.85km/km²", {"0.85km/km2"}),
        ("渝高新发〔2023〕8号", {"渝高新发〔2023〕8号", "〔2023〕8号"}),
        ("根据渝高新发[2023]8号文", {"渝高新发〔2023〕8号"}),
        ("投资1,198亿元", {"1198", "1198亿", "1198亿元"}),
        ("5G、R&D与GDP", {"5g", "r&d", "gdp"}),
        ("2023-04-26印发", {"2023-04-26"}),
    ],
)
def test_a_number_stays_whole_with_its_unit(text: str, terms: set[str]) -> None:
    assert terms <= set(tokenize(text))


def test_a_number_is_not_found_inside_a_longer_one() -> None:
    assert {"30", "0", "300"} & set(tokenize("3000家")) == set()
    assert "7%" not in tokenize("5.7%")
    assert "7" not in tokenize("5.7%")
    assert "85" not in tokenize("G85高速")


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("產業協同發展", "产业协同发展"),
        ("ＧＤＰ增长５．７％", "gdp增长5.7%"),
        ("二〇二三年", "2023年"),
        ("二零二三年", "2023年"),
        ("某府发【2023】第8号", "某府发〔2023〕8号"),
        ("某府发（2023）8号", "某府发〔2023〕8号"),
        ("⽅案", "方案"),
        ("三千年", "三千年"),
    ],
)
def test_spellings_that_mean_the_same_become_the_same(written: str, plain: str) -> None:
    assert normalise(written) == plain


def test_scores_equal_an_independent_bm25() -> None:
    index = LexicalIndex.from_texts(TEXTS)
    for query in ("2027年汽车产量是多少？", "联席会议每年召开几次会议", "旅遊線路"):
        assert index.scores(query).tolist() == pytest.approx(reference_scores(query, TEXTS), rel=1e-5)


def test_scores_equal_those_of_bm25s() -> None:
    from bm25s import BM25

    texts = [*TEXTS[:3], "联席会议由双方轮流召开，会议纪要由双方会签。", TEXTS[1] * 40]
    model = BM25(k1=K1, b=B, method="lucene")
    model.index([tokenize(text) for text in texts], show_progress=False)
    for query in ("会议", "2027年产量", "会议会议由谁召开"):
        terms = [term for term in tokenize(query) if term in model.vocab_dict]
        assert LexicalIndex.from_texts(texts).scores(query).tolist() == pytest.approx(
            model.get_scores(terms).tolist(), rel=1e-5
        )


def test_exchanged_texts_score_as_in_an_index_made_anew() -> None:
    old = count_terms(tokenize(text) for text in TEXTS)
    fresh = count_terms([tokenize("新增文化旅游线路，共建铁路港。")], old.vocabulary)
    mixed = LexicalIndex(pick_rows(old, fresh, np.array([1, 4, 2])))
    anew = LexicalIndex.from_texts([TEXTS[1], "新增文化旅游线路，共建铁路港。", TEXTS[2]])
    for query in ("文化旅游节", "铁路港", "2027年", "会议"):
        assert mixed.scores(query).tolist() == anew.scores(query).tolist()


def test_search_returns_only_texts_that_share_a_term_best_first() -> None:
    index = LexicalIndex.from_texts(TEXTS)
    assert [number for number, _ in index.search("旅游线路", 10)] == [2]
    assert index.search("xyz", 10) == []
    assert index.search("", 10) == []
    assert index.search("？！", 10) == []
    assert len(index.search("会议旅游", 1)) == 1


def test_equal_scores_are_ordered_by_number() -> None:
    index = LexicalIndex.from_texts(["共建机制", "无关内容", "共建机制"])
    assert [number for number, _ in index.search("共建", 10)] == [0, 2]


def test_a_filter_limits_the_texts_and_an_empty_one_allows_none() -> None:
    index = LexicalIndex.from_texts(TEXTS)
    assert [number for number, _ in index.search("会议旅游", 10, allowed={2, 99, -1})] == [2]
    assert index.search("会议旅游", 10, allowed=set()) == []


@pytest.mark.parametrize("texts", [[], [""], ["", "。。"]])
def test_texts_without_a_term_are_no_error(texts: list[str], tmp_path: Path) -> None:
    index = LexicalIndex.from_texts(texts)
    index.save(tmp_path / "words")
    for one in (index, LexicalIndex.load(tmp_path / "words")):
        assert len(one) == len(texts)
        assert one.search("合作", 5) == []


def test_a_saved_index_scores_as_before(tmp_path: Path) -> None:
    index = LexicalIndex.from_texts(TEXTS)
    index.save(tmp_path)
    loaded = LexicalIndex.load(tmp_path)
    assert len(loaded) == 4
    assert loaded.scores("产量300万辆").tolist() == index.scores("产量300万辆").tolist()


def test_a_damaged_saved_index_is_refused_with_the_remedy(tmp_path: Path) -> None:
    LexicalIndex.from_texts(TEXTS).save(tmp_path)
    (tmp_path / "vocabulary.json").write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match="python -m index build"):
        LexicalIndex.load(tmp_path)
    with pytest.raises(StoreError, match="python -m index build"):
        LexicalIndex.load(tmp_path / "nowhere")


def test_tokenising_prints_nothing_and_writes_nothing(tmp_path: Path) -> None:
    script = "from index.lexical import tokenize; import json; print(json.dumps(tokenize('合作共赢')))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(tmp_path), "HOME": "/nonexistent"},
    )
    assert json.loads(done.stdout) == ["合", "作", "共", "赢", "合作", "作共", "共赢"]
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
