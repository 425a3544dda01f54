"""Questions that describe their subject: their halves, and the pair of sentences that answers them."""

from collections.abc import Callable, Mapping

import pytest

from app.answer.analyse import analyse
from app.answer.hops import best_bridge, scope_of, split_hops, tie
from app.answer.library import Library, Unit
from app.answer.select import Scored, TermMatcher

MakeLibrary = Callable[[Mapping[str, str]], Library]
AGREEMENTS = (
    "一、绿色航运\n甲市交通局与乙市交通局签署《绿色航运合作协议》。\n双方每年举办一次龙舟联赛。\n"
    "二、书香两城\n甲市图书馆与乙市图书馆签署《通借通还合作协议》。\n双方每年合办一次旧书市集。\n"
)


@pytest.mark.parametrize(
    ("question", "described", "asked"),
    [
        ("写明每年合办旧书市集的那份协议，签约双方是谁？", "写明每年合办旧书市集的协议", "协议，签约双方是谁？"),
        ("承接旧书市集的公司，董事长是哪位？", "承接旧书市集的公司", "公司，董事长是哪位？"),
        (
            "旧书市集归哪个集群管？该集群2027年的产值目标多少？",
            "旧书市集归哪个集群管",
            "集群2027年的产值目标多少？",
        ),
        ("承办龙舟联赛的那座码头共有几个泊位？", "承办龙舟联赛的码头", "码头共有几个泊位"),
    ],
)
def test_the_description_and_what_is_asked_are_told_apart(question: str, described: str, asked: str) -> None:
    halves = split_hops(question)
    assert halves is not None
    assert (halves.described, halves.asked) == (described, asked)


@pytest.mark.parametrize(
    "question",
    [
        "协议的签约双方是谁？",
        "到2027年产值要达到多少？",
        "龙舟联赛，每年办几次？",
        "哪个码头承办联赛，有几个泊位？",
    ],
)
def test_a_question_that_names_its_subject_has_no_halves(question: str) -> None:
    assert split_hops(question) is None


def unit_with(words: str, library: Library) -> Unit:
    return next(u for u in library.units if words in u.text and not u.is_heading)


def scored(question: str, library: Library) -> list[Scored]:
    matcher = TermMatcher(analyse(question), library)
    found = [Scored(u, matcher.covers(u.folded + u.heading_folded), {}) for u in library.units]
    return sorted(found, key=lambda s: (-s.score, s.unit.number))


def test_of_two_signings_the_one_beside_what_is_described_answers(make_library: MakeLibrary) -> None:
    library = make_library({"a": AGREEMENTS})
    question = "写明每年合办旧书市集的那份协议，签约双方是谁？"
    halves = split_hops(question)
    assert halves is not None
    bridge = best_bridge(question, scored(halves.described, library), scored(halves.asked, library), library)
    assert bridge is not None
    assert bridge.answer.unit.headings == bridge.found.headings
    assert "图书馆" in bridge.answer.unit.text or "旧书市集" in bridge.answer.unit.text


def test_a_section_ties_and_another_section_does_not(make_library: MakeLibrary) -> None:
    library = make_library({"a": AGREEMENTS})
    fair, own, other = (unit_with(w, library) for w in ("旧书市集", "通借通还", "绿色航运合作"))
    assert tie("市集", fair, own, library) > tie("市集", fair, other, library)


def test_nothing_is_joined_across_documents_without_a_shared_name(make_library: MakeLibrary) -> None:
    library = make_library({"a": "旧书市集在南湖举办。", "b": "两市签约。"})
    found, other = unit_with("市集", library), unit_with("签约", library)
    assert best_bridge("市集", [Scored(found, 1.0, {})], [Scored(other, 1.0, {})], library) is None


def test_the_scope_of_a_sentence_is_its_own_section(make_library: MakeLibrary) -> None:
    library = make_library({"a": AGREEMENTS})
    fair = unit_with("旧书市集", library)
    paths = {library.passages[number].heading_path for number in scope_of(fair, library)}
    assert all(fair.headings[: len(path)] == path for path in paths)
