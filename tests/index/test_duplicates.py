"""Copies are found, and nothing is merged that says something else."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.cli import main
from index.duplicates import (
    Difference,
    Likeness,
    claim_key,
    clusters,
    compare,
    differences,
    find_clusters,
    render,
    same_claim,
    similar_pairs,
)
from index.types import Passage


def passage(doc_id: str, text: str, start: int = 0) -> Passage:
    return Passage(
        f"{doc_id}:{start}-{start + len(text)}",
        doc_id,
        "协议",
        f"{doc_id}.txt",
        (),
        text,
        start,
        start + len(text),
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("联合打造国际铁路港，", "联合打造国际铁路港。"),
        ("（一）建立健全协同机制。", "1. 建立健全协同机制；"),
        ("建立“双核”联动机制(试行)", "建立 「双核」 聯動機制（試行）"),
        ("规划面积１１９８平方公里", "规划面积1,198平方公里"),
        ("二〇二七年达到5.7％", "2027年达到5.7%"),
        ("2023—2027年分步实施", "2023-2027年分步实施"),
        ("科技创新的平台和载体建设", "科技创新平台与载体建设"),
    ],
)
def test_the_same_words_in_other_print_are_one_claim(one: str, other: str) -> None:
    assert same_claim(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("每批不少于10人。", "每批不少于20人。"),
        ("比重达5.7%。", "比重达57%。"),
        ("气温降至-3度", "气温降至3度"),
        ("比例为1:3左右", "比例为13左右"),
        ("2023年4月26日签署。", "2023年4月23日签署。"),
        ("2023—2027年分步实施", "2027年分步实施"),
        ("不得设置市场准入障碍。", "得设置市场准入障碍。"),
        ("未达到要求的予以退出。", "达到要求的予以退出。"),
        ("甲市负责建设枢纽。", "乙市负责建设枢纽。"),
        ("道路或者桥梁由双方共建。", "道路和桥梁由双方共建。"),
        ("增长3个百分点", "增长3%"),
        ("", ""),
        ("附则", "附则"),
    ],
)
def test_a_figure_a_date_a_name_or_a_negation_keeps_claims_apart(one: str, other: str) -> None:
    assert not same_claim(one, other)


@given(
    st.text("双方共建5.7%20不未—，。（）的和 ", max_size=30),
    st.text("双方共建5.7%20不未—，。（）的和 ", max_size=30),
)
def test_merged_claims_have_the_same_figures_and_negations(one: str, other: str) -> None:
    assert same_claim(one, other) == same_claim(other, one)
    if same_claim(one, other):
        for mark in "不未57%":
            assert claim_key(one).count(mark) == claim_key(other).count(mark)


def test_clusters_hold_every_copy_in_order() -> None:
    texts = ["互派干部挂职。", "每批10人。", "下同", "互派干部挂职；", "每批20人。", "（二）互派幹部掛職", "下同"]
    assert clusters(texts) == [[0, 3, 5]]


def test_passages_of_two_documents_are_compared_sentence_by_sentence() -> None:
    shared = "联合推出精品旅游线路，互送客源，共同举办文化旅游节，推动门票互认互免，联合开展执法检查，共建人才库。"
    one = passage("a", f"{shared}每批不少于10人，期限为一年。双方轮流主持。")
    other = passage("b", f"{shared.replace('，', ',')}每批不少于20人,期限为一年。")
    (cluster,) = find_clusters([one, passage("a", "建设国际铁路港。", 100), other])
    assert cluster.first == one
    (copy,) = cluster.copies
    assert copy.passage == other
    assert copy.differences == (
        Difference("每批不少于10人，", "每批不少于20人,"),
        Difference("双方轮流主持。", ""),
    )
    shown = render([cluster])
    assert "  - 每批不少于10人，\n  + 每批不少于20人,\n  - 双方轮流主持。" in shown


def test_two_documents_are_set_side_by_side() -> None:
    shared = "联合推出精品旅游线路，互送客源，共同举办文化旅游节，推动门票互认互免，联合开展执法检查，共建人才库。"
    ports = "双方共建东山港口集装箱枢纽，推动铁水联运，联合开通国际班列。"
    one = [
        passage("a", f"{shared}每批不少于10人。"),
        passage("a", ports, 100),
        passage("a", "只有甲有这一句话，乙没有。", 200),
    ]
    other = [passage("b", ports.replace("，", ", ")), passage("b", f"{shared}每批不少于20人。", 100)]
    likeness = compare(one, other)
    assert likeness.same == 1
    ((here, there, apart),) = likeness.changed
    assert (here, there) == (one[0], other[1])
    assert apart == (Difference("每批不少于10人。", "每批不少于20人。"),)
    assert compare(one, [passage("c", "完全不同的一段文字，讲的是别的事情。")]) == Likeness(0, ())


def test_a_document_is_not_compared_with_itself() -> None:
    text = "联合推出精品旅游线路，互送客源，共同举办文化旅游节。"
    assert find_clusters([passage("a", text), passage("a", text, 100)]) == []


def test_copies_without_a_difference_say_so() -> None:
    text = "联合推出精品旅游线路，互送客源，共同举办文化旅游节。"
    found = find_clusters(
        [passage("a", text), passage("b", text.replace("，", ", ")), passage("c", "另一段文字。")]
    )
    assert [(copy.resemblance, copy.differences) for copy in found[0].copies] == [(1.0, ())]
    assert "resemblance 1.00, the same claims" in render(found)
    assert render([]) == "no passage stands in two documents"


def test_a_comma_for_a_full_stop_is_no_difference() -> None:
    assert differences("共建港口。每批10人，为期一年。", "共建港口，每批10人。为期一年") == ()


def test_prefix_filtering_finds_exactly_what_comparing_every_pair_finds() -> None:
    chance = random.Random(7)
    sets = [frozenset(chance.sample("abcdefghijkl", chance.randint(0, 8))) for _ in range(120)]
    for threshold in (0.3, 0.5, 0.6, 0.75, 1.0):
        expected = {
            (a, b)
            for a, b in itertools.combinations(range(len(sets)), 2)
            if sets[a] | sets[b] and len(sets[a] & sets[b]) / len(sets[a] | sets[b]) >= threshold
        }
        assert set(similar_pairs(sets, threshold)) == expected
        assert expected


@pytest.mark.parametrize("resemblance", [0.0, -1.0, 1.5])
def test_the_threshold_has_bounds(resemblance: float) -> None:
    with pytest.raises(ValueError, match="expected more than 0 and at most 1"):
        find_clusters([], resemblance=resemblance)


def test_the_command_prints_the_clusters_of_an_index(
    corpus: Path, tmp_path: Path, embedder: object, capsys: pytest.CaptureFixture[str]
) -> None:
    from index.build import build_index

    pact = (corpus / "pact.txt").read_text(encoding="utf-8")
    (corpus / "copy.txt").write_text(pact.replace("10人", "20人") + "\n附注：供参考。\n", encoding="utf-8")
    build_index(corpus, tmp_path / "index", embedder)  # type: ignore[arg-type]
    assert main(["duplicates", "--index", str(tmp_path / "index"), "--resemblance", "0.5"]) == 0
    shown = capsys.readouterr().out
    assert "## cluster 3: 2 passages" in shown
    assert "每批不少于10人" in shown
    assert "每批不少于20人" in shown
