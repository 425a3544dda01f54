"""The gate's rules: what no answer can do without, and places that no document knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from app.answer.analyse import analyse
from app.answer.gate import judge, lacking, load_weights, veto
from app.answer.gate_features import gate_features, missing_unit, missing_value
from app.answer.library import Library
from app.answer.named import named_areas, named_offices, unheard_divisions
from app.answer.select import Scored, TermMatcher

MakeLibrary = Callable[[Mapping[str, str]], Library]
TEXT = "甲市合作协议\n双方在弋阳区共建试验场，总投资9.6亿元，占股六成，2026年建成，工期18个月。\n"


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("试验场占地多少亩？", "area"),
        ("试验场投资多少钱？", ""),
        ("试验场的工期要几个月？", ""),
        ("甲方占几成？", ""),
        ("试验场的跑道长多少公里？", "length"),
        ("试验场建在哪里？", ""),
        ("联席会议多久开一次？", ""),
    ],
)
def test_only_the_measure_asked_for_answers(make_library: MakeLibrary, question: str, missing: str) -> None:
    library = make_library({"a": TEXT})
    assert missing_unit(analyse(question), library.units) == missing


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("协作园在金坛区的分园有多大？", ["金坛区"]),
        ("在青屿区以外的东岚区工作的人才归谁管？", ["东岚区"]),
        ("在南浦高新区租厂房免租吗？", ["南浦高新区"]),
        ("2027年高新区地铁有多长？", []),
        ("今年组团把服务站建起来了吗？", []),
        ("四市交界乡镇叫救护车要几分钟？", []),
        ("哪几个区县参加？", []),
        ("两地高新区的人才称号能通用吗？", []),
        # What a question is opened with is no part of a name.
        ("请列出开发区要开的六家商场。", []),
        ("周末想逛街，想问下高新区新开的是哪几家超市？", []),
    ],
)
def test_a_division_that_no_document_knows_is_named(question: str, named: list[str]) -> None:
    assert unheard_divisions(question, known=lambda name: name in {"青屿区", "青屿"}) == named


def test_an_area_may_begin_with_a_numeral() -> None:
    known = {"三江新区", "两个新区"}.__contains__
    assert named_areas("三江新区商会", known=known) == ["三江新区"]
    assert named_areas("西部的两个新区", known=known) == []


def test_general_nouns_are_no_offices() -> None:
    assert named_offices("后来部门单签的那份，学校和医院怎么办，银行呢") == []
    assert named_offices("两市人社局签的协议") == ["人社"]


@pytest.mark.parametrize(
    ("question", "reason"), [("东岚区的试验场总投资多少？", "place"), ("试验场1999年投资多少？", "year")]
)
def test_what_no_document_holds_is_named(make_library: MakeLibrary, question: str, reason: str) -> None:
    found = veto(analyse(question), make_library({"a": TEXT}))
    assert found is not None
    assert found[0] == reason


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("协议第九条讲什么？", "article"),
        ("第九条怎么规定的？", "article"),
        ("合作十二条的第九条具体写的什么？", "article"),
        ("国内第九条跨市通车的线是哪条？", None),
        ("第九条高铁线何时通车？", None),
    ],
)
def test_a_ninth_line_is_no_article(make_library: MakeLibrary, question: str, code: str | None) -> None:
    found = veto(analyse(question), make_library({"a": TEXT}))
    assert (found[0] if found else None) == code


def test_a_missing_measure_is_refused_and_named(make_library: MakeLibrary) -> None:
    library = make_library({"a": TEXT})
    analysis = analyse("双方共建的试验场占地多少亩？")
    matcher = TermMatcher(analysis, library)
    features = {"cosine": 0.99, "own": 1.0, "context": 1.0}
    scored = [Scored(u, matcher.covers(u.folded), features) for u in library.units if not u.is_heading]
    scored.sort(key=lambda s: -s.score)
    verdict = judge(analysis, scored, [scored[0].unit], library, load_weights())
    assert (verdict.answer, verdict.reason, verdict.missing) == (False, "value", "area")


@pytest.mark.parametrize(
    ("features", "is_lacking"),
    [
        ({"unit_missed": 1.0, "year_missed": 0.0, "place_missed": 0.0}, True),
        ({"unit_missed": 0.0, "year_missed": 1.0, "place_missed": 0.0}, True),
        ({"unit_missed": 0.0, "year_missed": 0.0, "place_missed": 1.0}, True),
        ({"unit_missed": 0.0, "year_missed": 0.0, "place_missed": 0.5}, False),
    ],
)
def test_each_rule_refuses_alone(features: dict[str, float], is_lacking: bool) -> None:
    names = ("place_beyond", "owner_other", "place_other", "another_text", "address_missed")
    rest = {**dict.fromkeys(names, 0.0), "topic_near": 0.5, "judged": 0.0}
    assert lacking({**rest, **features}) is is_lacking


@pytest.mark.parametrize(
    ("features", "is_lacking"),
    [
        ({"topic_near": 0.1, "judged": -5.0}, False),
        ({"topic_near": 0.0, "judged": -1.0}, True),
        ({"topic_near": 0.0, "judged": 1.0}, False),
        ({"judged": -1.0, "place_beyond": 1.0, "owner_other": 1.0}, True),
        ({"judged": 1.0, "place_beyond": 1.0, "owner_other": 1.0}, False),
        ({"judged": -1.0, "place_beyond": 1.0}, False),
        ({"judged": 1.0, "place_other": 1.0}, True),
        ({"judged": 4.0, "place_other": 1.0}, False),
        ({"judged": -1.0, "another_text": 1.0}, True),
        ({"judged": 1.0, "address_missed": 1.0}, True),
        ({"judged": 4.0, "address_missed": 1.0}, False),
        ({"judged": 1.0, "another_text": 1.0}, False),
        ({"judged": -1.0, "owner_other": 1.0}, False),
        ({"judged": -5.0}, False),
        ({"judged": 5.0, "unit_missed": 1.0}, False),
        ({"judged": 5.0, "year_missed": 1.0}, True),
        ({"judged": 5.0, "year_missed": 0.5}, False),
    ],
)
def test_with_a_reranker_another_topic_is_refused_and_a_measure_only_weighed(
    features: dict[str, float], is_lacking: bool
) -> None:
    names = (
        "unit_missed", "year_missed", "place_missed", "place_beyond", "owner_other", "place_other", "another_text",
        "address_missed",
    )  # fmt: skip
    whole = {**dict.fromkeys(names, 0.0), "topic_near": 0.5, **features}
    assert lacking(whole, reranked=True) is is_lacking


@pytest.mark.parametrize(
    ("question", "missed"),
    [
        ("2021年前11个月投资增速是多少？", 0.5),
        ("2024年前11个月投资增速是多少？", 1.0),
        ("试验场在2019年建成吗？", 1.0),
        ("试验场何时建成，2019年前11个月投资增速是多少？", 1.0),
        # Of several things asked, one may have the year.
        ("试验场由谁建设，2023年开工的吗？", 0.0),
    ],
)
def test_a_year_that_a_report_names_once_is_not_missed_for_sure(
    make_library: MakeLibrary, question: str, missed: float
) -> None:
    far = "另外，有关单位继续做好服务保障工作，确保各项工作平稳有序推进。" * 12
    report = f"2021年全市经济运行平稳。\n{far}\n1—11月，全市投资同比增长6.5%。\n"
    library = make_library({"a": report, "b": "试验场项目\n试验场由甲市建设。\n试验场2023年开工，2025年建成。\n"})
    words = "投资同比" if question.startswith("20") else "试验场"
    scored = [
        Scored(u, 1.0, {"cosine": 0.9, "own": 0.5, "context": 0.5}) for u in library.units if words in u.text
    ]
    features = gate_features(analyse(question), scored, [s.unit for s in scored if not s.unit.is_heading], library)
    assert features["year_missed"] == missed


PLAN = (
    "贵阳高新区行动计划\n一、总则\n昆明高新区是协作伙伴。\n二、轨道\n到2027年，轨道运营里程达到62公里。\n"
    "三、资金\n设立科创基金，规模10亿元。\n"
)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("贵阳高新区2027年轨道运营里程多少公里？", {"place_beyond": 0.0, "owner_other": 0.0, "asks_value": 1.0}),
        ("昆明高新区2027年轨道运营里程多少公里？", {"place_beyond": 1.0, "owner_other": 1.0, "asks_value": 1.0}),
        ("2027年轨道运营里程有哪些提法？", {"place_beyond": 0.0, "owner_other": 0.0, "asks_list": 1.0}),
    ],
)
def test_the_gate_sees_whose_figure_is_asked_for(
    make_library: MakeLibrary, question: str, wanted: dict[str, float]
) -> None:
    library = make_library({"贵阳高新区行动计划": PLAN})
    unit = next(u for u in library.units if "62公里" in u.text)
    scored = [Scored(unit, 1.0, {"cosine": 0.9, "own": 0.9, "context": 0.9, "judged": 4.5})]
    found = gate_features(analyse(question), scored, [unit], library, sides=True)
    assert {name: found[name] for name in wanted} == wanted
    assert (found["sides"], found["judged"], found["judged_sure"], found["judged_third"]) == (1.0, 4.5, 1.5, 0.0)


@pytest.mark.parametrize(
    ("question", "beyond"),
    [
        ("贵阳科技城有多大？", 0.0),
        ("遵义科技城有多大？", 1.0),
        # What is excepted is not asked of.
        ("除遵义外，还有哪座科技城，有多大？", 0.0),
    ],
)
def test_a_name_with_its_place_in_brackets_is_the_same(
    make_library: MakeLibrary, question: str, beyond: float
) -> None:
    library = make_library({"a": "西部(贵阳)科技城规划面积90平方公里。\n遵义参加了会议。"})
    unit = next(u for u in library.units if "90平方公里" in u.text)
    scored = [Scored(unit, 1.0, {"cosine": 0.9, "own": 0.9, "context": 0.9})]
    assert gate_features(analyse(question), scored, [unit], library)["place_beyond"] == beyond


def test_the_figure_of_another_city_is_seen(make_library: MakeLibrary) -> None:
    library = make_library({"a": "截至年底，贵阳建成充电桩3000个。\n其中，新城建成500个。"})
    units = [u for u in library.units if not u.is_heading]
    found = {}
    for question in ("遵义市建成充电桩多少个？", "贵阳建成充电桩多少个？"):
        for unit in units:
            scored = [Scored(unit, 1.0, {"cosine": 0.9, "own": 0.9, "context": 0.9})]
            found[question[:2], unit.text[:2]] = gate_features(analyse(question), scored, [unit], library)[
                "place_other"
            ]
    assert found == {("遵义", "截至"): 1.0, ("遵义", "其中"): 0.0, ("贵阳", "截至"): 0.0, ("贵阳", "其中"): 0.0}


def test_a_place_alone_is_no_topic_in_common(make_library: MakeLibrary) -> None:
    library = make_library({"a": "贵阳建设数据中心，规划机柜5000个。"})
    scored = [Scored(library.units[0], 1.0, {"cosine": 0.9, "own": 0.1, "context": 0.1})]
    near = [
        gate_features(analyse(question), scored, list(library.units[:1]), library)["topic_near"]
        for question in ("明天贵阳下不下雨，要带伞吗？", "贵阳规划多少机柜？")
    ]
    assert near[0] < 0.02 < near[1]


def test_in_an_answer_of_two_steps_another_clause_may_have_the_year(make_library: MakeLibrary) -> None:
    library = make_library({"a": "2023年计划\n两局牵头联席会议。\n", "b": "2020年要闻\n两局签订科技协议。\n"})
    units = [next(u for u in library.units if words in u.text) for words in ("联席", "科技协议")]
    scored = [Scored(u, 1.0, {"cosine": 0.9, "own": 0.9, "context": 0.9}) for u in units]
    question = analyse("牵头联席会议的两局，2020年签过什么协议？")
    single, chained = (
        gate_features(question, scored, units, library, chained=steps)["year_missed"] for steps in (False, True)
    )
    assert (single, chained) == (1.0, 0.0)


def test_the_gate_sees_a_thing_and_a_word_that_stand_nowhere_near(make_library: MakeLibrary) -> None:
    library = make_library({"a": PLAN})
    unit = next(u for u in library.units if "10亿元" in u.text)
    scored = [Scored(unit, 1.0, {"cosine": 0.9, "own": 0.9, "context": 0.9})]
    near, far = (
        gate_features(analyse(question), scored, [unit], library)
        for question in ("科创基金规模多少？", "菌菇养殖基金规模多少？")
    )
    assert near["thing_missed"] == 0.0
    assert far["thing_missed"] > 0.5
    assert far["term_missed"] > near["term_missed"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("管委会主任谢一舟在接受采访时表示。", True),
        ("党组书记任正义出席。", True),
        ("由市长任组长，办公室设在发展改革局。", False),
        ("分管科技的副市长任常务副组长。", False),
        ("召开主任会议，由局长任总指挥。", False),
    ],
)
def test_an_office_holder_is_named_by_a_family_name_behind_the_title(
    make_library: MakeLibrary, text: str, named: bool
) -> None:
    library = make_library({"a": text + "\n"})
    analysis = analyse("一把手叫什么名字？")
    assert missing_value(analysis, library.units[:1]) == ("" if named else "person")


@pytest.mark.parametrize(
    ("question", "clause", "missing"),
    [
        ("展示馆的具体地址在哪里？", "展示馆将于近期落地乙市。", "address"),
        ("展示馆的具体地址在哪里？", "展示馆设在乙市滨江路18号。", ""),
        ("湿地公园几点开门？", "湿地公园迎来大批市民。", "clock"),
        ("湿地公园几点开门？", "湿地公园每天9:00开放。", ""),
        ("湿地公园几点开门？", "湿地公园早上八点开放。", ""),
        ("签约时由谁代表签字？", "双方签署合作协议。", "person"),
        ("签约时由谁代表签字？", "主任王建国代表双方签字。", ""),
        ("展示馆由谁建设？", "展示馆由乙市建设。", ""),
    ],
)
def test_an_address_an_hour_and_who_signs_are_missed_by_their_words(
    make_library: MakeLibrary, question: str, clause: str, missing: str
) -> None:
    library = make_library({"a": clause})
    assert missing_value(analyse(question), library.units) == missing
