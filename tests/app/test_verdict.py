"""是 or 否: decided by a figure, a date, a frequency, a negation or the wording, and left open elsewhere.

Each clause stands in a library beside an unrelated one, so that words have weights.
"""

from collections.abc import Callable, Mapping

import pytest

from app.answer.analyse import analyse
from app.answer.library import Library
from app.answer.select import TermMatcher
from app.answer.verdict import verdict

MakeLibrary = Callable[[Mapping[str, str]], Library]
Decide = Callable[[str, str], bool | None]
OUTPUT = "到2025年，两市汽车产量达到300万辆，产值6000亿元。"
AREA = "规划面积1198平方公里，核心区313平方公里。"


@pytest.fixture
def decide(make_library: MakeLibrary) -> Decide:
    def decided(question: str, clause: str) -> bool | None:
        library = make_library({"a": clause, "b": "公园里花草繁茂。另有一段无关文字，说明天气晴朗。"})
        analysis = analyse(question)
        units = [unit for unit in library.units if unit.doc_id == "a"]
        return verdict(analysis, units[:1], TermMatcher(analysis, library))

    return decided


@pytest.mark.parametrize(
    ("question", "clause", "expected"),
    [
        ("汽车产量的目标是300万辆吗？", OUTPUT, True),
        ("汽车产量的目标是200万辆吗？", OUTPUT, False),
        ("汽车产量的目标是3,000,000辆吗？", OUTPUT, True),
        ("产值是6000亿元吗？", OUTPUT, True),
        ("产值是300亿元吗？", OUTPUT, False),
        ("规划面积是1198平方公里吗？", AREA, True),
        ("规划面积是313平方公里吗？", AREA, False),
        ("投资是1200亿元吗？", "总投资200亿元。", False),
        ("面积有200平方公里吗？", "规划面积1200平方公里。", False),
        ("协议涉及七个方面吗？", "协议涉及7个方面。", True),
        ("协议涉及8个方面吗？", "协议涉及七个方面。", False),
    ],
)
def test_a_figure_is_held_against_the_figure_of_its_own_kind(
    decide: Decide, question: str, clause: str, expected: bool
) -> None:
    assert decide(question, clause) is expected


def test_a_figure_that_only_some_reach_is_not_true_of_all(decide: Decide) -> None:
    clause = "甲市汽车产量达到200万辆，乙市汽车产量达到300万辆。"
    assert decide("两市汽车产量都达到300万辆吗？", clause) is False


@pytest.mark.parametrize(
    ("question", "clause", "expected"),
    [
        ("汽车产量到2025年达到300万辆吗？", OUTPUT, True),
        ("汽车产量到2030年达到300万辆吗？", OUTPUT, False),
        ("协议是4月23日签署的吗？", "4月23日，双方签署协议。", True),
        ("协议是4月24日签署的吗？", "4月23日，双方签署协议。", False),
        ("协议是4月23日签署的吗？", "2020年4月23日，双方签署协议。", True),
        ("协议是2021年签署的吗？", "双方于2020年4月23日签署协议。", False),
        ("协议是2020年5月签署的吗？", "双方于2020年4月23日签署协议。", False),
    ],
)
def test_a_date_is_held_against_the_date(decide: Decide, question: str, clause: str, expected: bool) -> None:
    assert decide(question, clause) is expected


@pytest.mark.parametrize(
    ("question", "clause", "expected"),
    [
        ("联席会议每年召开吗？", "双方每年召开一次联席会议。", True),
        ("联席会议每月召开吗？", "双方每年召开一次联席会议。", False),
        ("联席会议每季度召开一次吗？", "联席会议每半年召开一次。", False),
    ],
)
def test_a_frequency_is_held_against_the_frequency(
    decide: Decide, question: str, clause: str, expected: bool
) -> None:
    assert decide(question, clause) is expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [("户口要迁吗？", False), ("户口不迁，对吗？", True), ("户口是不是不迁？", True), ("关系要转吗？", False)],
)
def test_a_negation_turns_the_verdict(decide: Decide, question: str, expected: bool) -> None:
    assert decide(question, "探索建立户口不迁、关系不转、身份不变的机制。") is expected


def test_a_question_form_with_bu_or_mei_is_no_negation(decide: Decide) -> None:
    for question in ("企业是不是公开年报？", "企业有没有公开年报？", "企业是否公开年报？", "企业公开年报吗？"):
        assert decide(question, "企业应当公开年报。") is True, question


def test_words_that_hold_bu_but_deny_nothing(decide: Decide) -> None:
    assert decide("双方不断推进合作吗？", "双方不断推进合作。") is True


def test_the_wording_decides_where_the_clause_says_all_that_is_asked(decide: Decide) -> None:
    assert decide("双方是否建立联席会议制度？", "双方建立联席会议制度。") is True
    assert decide("两个新区是否建立联席会议制度？", "两个新区建立联席会议制度。") is True


@pytest.mark.parametrize(
    ("question", "clause"),
    [
        ("双方会建设航天基地吗？", "双方联合创办美食节。"),
        ("户口要迁吗？", "双方共建数据平台。"),
        ("企业可以减免税收吗？", "企业应当公开年报。"),
        ("项目要经过听证吗？", "项目已经完工。"),
    ],
)
def test_nothing_is_decided_where_the_clause_is_silent(decide: Decide, question: str, clause: str) -> None:
    assert decide(question, clause) is None


def test_only_the_first_unit_decides(make_library: MakeLibrary) -> None:
    library = make_library({"a": "规划面积1198平方公里。", "b": "规划面积394平方公里。"})
    analysis = analyse("规划面积是394平方公里吗？")
    matcher = TermMatcher(analysis, library)
    assert verdict(analysis, library.units, matcher) is False
    assert verdict(analysis, library.units[::-1], matcher) is True


@pytest.mark.parametrize(
    ("question", "clause"),
    [
        ("资质可以转让吗？", "资质不得转让。"),
        ("企业可以转让资质吗？", "严禁企业转让资质。"),
        ("企业可以单独设置市场准入障碍吗？", "任何一方不得单独设置市场准入障碍。"),
    ],
)
def test_what_is_prohibited_is_never_affirmed(decide: Decide, question: str, clause: str) -> None:
    assert decide(question, clause) is not True


def test_a_shared_unit_does_not_say_which_figure_is_meant(decide: Decide) -> None:
    assert decide("核心区是313平方公里吗？", AREA) is True


def test_the_year_of_a_day_is_right(decide: Decide) -> None:
    assert decide("协议是2020年签署的吗？", "双方于2020年4月23日签署协议。") is True


def test_a_figure_above_the_threshold_asked_for_is_not_denied(decide: Decide) -> None:
    assert decide("占比是否超过20%？", "新能源汽车占比达到28%。") is not False


def test_a_negation_that_both_hold_is_affirmed(decide: Decide) -> None:
    assert decide("是否无需审批？", "项目无需审批。") is True


@pytest.mark.parametrize(
    ("question", "clause", "expected"),
    [
        ("书香空间是东湖新区管委会批的吗？", "书香空间是南湖新区管委会批准设立的阅读平台。", False),
        ("书香空间是南湖新区管委会批的吗？", "书香空间是南湖新区管委会批准设立的阅读平台。", True),
    ],
)
def test_the_office_that_acts_is_held_against_the_one_asked_for(
    decide: Decide, question: str, clause: str, expected: bool
) -> None:
    assert decide(question, clause) is expected


def test_a_clause_that_only_prohibits_denies_a_permission_in_other_words(decide: Decide) -> None:
    clause = "每年安排专项资金6亿元，不得用于楼堂馆所建设和人员经费。"
    assert decide("每年6亿元的专项资金，能拿来发工资吗？", clause) is False


def test_a_clause_that_also_permits_is_not_read_as_a_prohibition(decide: Decide) -> None:
    clause = "两项补助可以同时申请，但同一笔投入不能重复计算。"
    assert decide("两项补助可以一起拿吗？", clause) is not False


@pytest.mark.parametrize(
    ("question", "clause", "expected"),
    [
        ("扩大范围，中医检查项目也算吗？", "9月底前扩大范围，中医检查项目暂不纳入。", False),
        ("二期工程今年能动土吗？", "开展二期工程论证，年内不安排开工。", None),
        ("企业破产两个月后重新入职，称号还能保住吗？", "企业破产，两个月后重新入职的，不适用前款规定。", None),
    ],
)
def test_no_yes_stands_over_a_clause_that_denies_and_no_no_over_an_exception(
    decide: Decide, question: str, clause: str, expected: bool | None
) -> None:
    assert decide(question, clause) is expected


@pytest.mark.parametrize(
    ("question", "clause", "expected"),
    [
        ("科技交流大会固定由甲市举办吗？", "科技交流大会由甲乙两市按年度轮流举办。", False),
        ("科技交流大会轮流举办吗？", "科技交流大会由甲乙两市按年度轮流举办。", True),
        ("企业参加联盟是强制的吗？", "企业自愿参加联盟。", False),
        # 只有 is more than the clause says.
        ("只有甲市参加科技交流大会吗？", "甲市参加科技交流大会。", None),
        ("甲市参加科技交流大会吗？", "甲市参加科技交流大会。", True),
        ("游泳馆免费吗？", "科技交流大会收费。", None),
    ],
)
def test_words_that_exclude_each_other_deny(
    decide: Decide, question: str, clause: str, expected: bool | None
) -> None:
    assert decide(question, clause) is expected


@pytest.mark.parametrize(
    ("question", "clause", "expected"),
    [
        ("码头扩建年底前全部完成了吗？", "码头扩建年底前可完成60%。", False),
        ("码头扩建年底前全部完成了吗？", "码头扩建年底前完成率达到100%。", True),
        # 成都 is no 都, and a rate of growth no share.
        ("成都的码头扩建完成了吗？", "成都的码头扩建完成60%。", True),
        ("码头的投资都完成了吗？", "码头的投资都已完成，同比增长60%。", True),
        ("码头扩建全部完成了吗？", "码头扩建全部完成，其中堆场占60%。", True),
    ],
)
def test_a_share_is_not_all(decide: Decide, question: str, clause: str, expected: bool) -> None:
    assert decide(question, clause) is expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("5月6日的论坛是第一次论坛吗？", False),
        ("5月6日的论坛是首次论坛吗？", False),
        ("5月6日的论坛是第二次论坛吗？", True),
        # The clause speaks of another one: it neither affirms nor denies.
        ("第一次论坛是5月6日举行的吗？", None),
    ],
)
def test_the_first_is_not_the_second(decide: Decide, question: str, expected: bool | None) -> None:
    assert decide(question, "5月6日，两市举行第二次论坛。") is expected


def test_an_amount_without_its_unit_is_held_against_the_amount(decide: Decide) -> None:
    assert decide("产值是不是定到了六千亿？", OUTPUT) is True
    assert decide("产值是不是定到了六百亿？", OUTPUT) is False


def test_an_area_whose_name_begins_with_a_numeral_is_an_area(decide: Decide) -> None:
    clause = "东湖新区商会会长王某出席。"
    assert decide("王某是不是三江新区商会的会长？", clause) is False
    assert decide("王某是不是东湖新区商会的会长？", clause) is True


def test_a_day_that_only_names_the_event_gives_no_yes_to_what_is_claimed_of_it(decide: Decide) -> None:
    clause = "3月9日，甲乡、乙乡通过电话召开第一次议事会。"
    assert decide("甲乡和乙乡3月9日开议事会，两边的人是坐到同一间屋里谈的吗？", clause) is None
    assert decide("议事会是3月9日开的，对吗？", clause) is True
    assert decide("议事会是3月8日开的，对吗？", clause) is False
