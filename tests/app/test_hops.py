"""Questions that describe their subject: their halves, and the pair of sentences that answers them."""

from collections.abc import Callable, Mapping

import pytest

from app.answer.analyse import analyse
from app.answer.hops import best_bridge, clearly_first, inside_bridge, scope_of, split_hops, tie
from app.answer.library import Library, Unit
from app.answer.scopes import Scopes
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
        ("承办龙舟联赛的是哪座码头？它在规划里有几个泊位？", "承办龙舟联赛的是哪座码头", "在规划里有几个泊位？"),
        ("哪条线能到旧书市集？它算东西向还是南北向", "哪条线能到旧书市集", "算东西向还是南北向"),
        (
            "与书市一道共享的设施是哪个，后来规划又说要把它建成多大规模？",
            "与书市一道共享的设施是哪个",
            "后来规划又说要建成多大规模？",
        ),
        ("龙头里有一家书店，它去年省了多少成本？", "龙头里有一家书店", "去年省了多少成本？"),
        ("承办龙舟联赛的那两个部门，去年签过什么协议？", "承办龙舟联赛的部门", "部门，去年签过什么协议？"),
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


def test_a_line_is_a_name_that_ties(make_library: MakeLibrary) -> None:
    library = make_library(
        {"a": "加快建设C7线，半小时到达机场。\n九号码头扩建。", "b": "东西向三条（1号线、C7线、9号线）。"}
    )
    lines = unit_with("东西向", library)
    assert tie("哪条线半小时到达机场？", unit_with("半小时", library), lines, library) > 1
    assert tie("哪个码头扩建？", unit_with("九号码头", library), lines, library) < 1


def test_nothing_is_joined_across_documents_without_a_shared_name(make_library: MakeLibrary) -> None:
    library = make_library({"a": "旧书市集在南湖举办。", "b": "两市签约。"})
    found, other = unit_with("市集", library), unit_with("签约", library)
    assert best_bridge("市集", [Scored(found, 1.0, {})], [Scored(other, 1.0, {})], library) is None


def test_the_scope_of_a_sentence_is_its_own_section(make_library: MakeLibrary) -> None:
    library = make_library({"a": AGREEMENTS})
    fair = unit_with("旧书市集", library)
    paths = {library.passages[number].heading_path for number in scope_of(fair, library)}
    assert all(fair.headings[: len(path)] == path for path in paths)


def test_what_is_asked_of_an_agreement_is_looked_for_in_it_alone(make_library: MakeLibrary) -> None:
    library = make_library({"a": AGREEMENTS})
    halves = split_hops("写明每年合办旧书市集的那份协议，签约双方是谁？")
    assert halves is not None
    assert halves.of_a_text
    fair = unit_with("旧书市集", library)
    scope = Scopes(library).agreement_around(fair)
    assert scope is not None
    assert scope.holds(fair)
    assert not scope.holds(unit_with("龙舟联赛", library))
    inside = [s for s in scored(halves.asked, library) if scope.holds(s.unit)]
    bridge = inside_bridge(Scored(fair, 2.0, {}), inside, halves)
    assert bridge is not None
    assert bridge.inside
    assert bridge.found == fair
    assert scope.holds(bridge.answer.unit)


def test_the_name_of_an_agreement_stands_where_its_signing_is_told(make_library: MakeLibrary) -> None:
    library = make_library({"a": AGREEMENTS})
    halves = split_hops("写明每年合办旧书市集的那份文件，全名叫什么？")
    assert halves is not None
    assert halves.asks_its_name
    fair, signing = unit_with("旧书市集", library), unit_with("通借通还", library)
    bridge = inside_bridge(Scored(fair, 2.0, {}), [Scored(fair, 2.0, {}), Scored(signing, 0.1, {})], halves)
    assert bridge is not None
    assert bridge.answer.unit == signing


def test_a_value_of_the_kind_asked_goes_before_a_sentence_without_one(make_library: MakeLibrary) -> None:
    library = make_library({"a": AGREEMENTS})
    halves = split_hops("写明每年合办旧书市集的那份协议，共几个方面？")
    assert halves is not None
    one, other = unit_with("旧书市集", library), unit_with("通借通还", library)
    found = Scored(one, 2.0, {})
    near = [Scored(one, 2.0, {"type": 0.0}), Scored(other, 0.5, {"type": 1.0})]
    announcing = [Scored(one, 2.0, {"type": 1.0, "lead_in": 1.0}), Scored(other, 0.5, {"type": 1.0})]
    far = [Scored(one, 5.0, {"type": 0.0}), Scored(other, 0.5, {"type": 1.0})]
    chosen = [inside_bridge(found, rows, halves) for rows in (near, announcing, far)]
    assert [bridge.answer.unit if bridge else None for bridge in chosen] == [other, other, one]


def test_a_description_that_fits_two_texts_tells_none(make_library: MakeLibrary) -> None:
    library = make_library({"a": AGREEMENTS})
    fair, race = unit_with("旧书市集", library), unit_with("龙舟联赛", library)
    held = lambda unit: unit.headings == fair.headings  # noqa: E731
    assert clearly_first([Scored(fair, 2.0, {}), Scored(race, 1.0, {})], held)
    assert not clearly_first([Scored(fair, 2.0, {}), Scored(race, 1.8, {})], held)
    assert clearly_first([Scored(fair, 2.0, {})], held)


def test_a_report_on_several_agreements_is_none_of_them(make_library: MakeLibrary) -> None:
    library = make_library(
        {"a": "两城签约\n两城一天签署多份协议。\n" + AGREEMENTS, "b": "行动方案\n到2027年建成码头。\n"}
    )
    scopes = Scopes(library)
    assert scopes.agreement_around(unit_with("一天签署多份", library)) is None
    plan = unit_with("建成码头", library)
    alone = scopes.agreement_around(plan)
    assert alone is not None
    assert alone.holds(plan)
    inside = scopes.agreement_around(unit_with("旧书市集", library))
    assert inside is not None
    assert not inside.holds(plan)


def test_a_pair_is_read_again_with_the_name_that_ties_it(make_library: MakeLibrary) -> None:
    library = make_library(
        {
            "a": "两地签署协议。联合推动云湖超算中心、青鸾人群资源库跨区域共享。规划面积12平方公里。",
            "b": "本计划如下。建好用好青鸾人群资源库。构建我国第一个千万量级的库。",
        }
    )
    found, near, right = (unit_with(w, library) for w in ("联合推动", "规划面积", "千万量级"))
    asked: list[str] = []

    def read(name: str, unit: Unit) -> float:
        asked.append(name)
        return 5.0 if unit == right else -5.0

    question = "与云湖超算中心一块儿共享的那个库，要建成什么量级？"
    answers = [Scored(near, 3.0, {"judged": -6.0}), Scored(right, 2.0, {"judged": -6.0})]
    bridge = best_bridge(question, [Scored(found, 5.0, {})], answers, library, read=read)
    assert bridge is not None
    assert bridge.answer.unit == right
    assert "青鸾人群资源库" in asked
