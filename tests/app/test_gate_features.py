"""How far clauses are from what a question names: another county, a city by its nickname, a street."""

from collections.abc import Callable, Mapping

import pytest

from app.answer.analyse import analyse
from app.answer.gate import lacking
from app.answer.gate_features import gate_features
from app.answer.library import Library, Unit
from app.answer.named import named_counties, named_places
from app.answer.scopes import Scopes
from app.answer.select import Scored

MakeLibrary = Callable[[Mapping[str, str]], Library]
PLANT = "以崂山区供水项目为例，日供水600吨。"
STATIONS = "截至年底，贵阳建成公交站台7万余个。"
COUNTED = {"cosine": 0.7, "own": 0.4, "context": 0.5}


def features(question: str, library: Library, *texts: str) -> dict[str, float]:
    found = [Scored(unit, 1.0, COUNTED) for unit in library.units if not unit.is_heading]
    chosen: list[Unit] = [s.unit for s in found if any(text in s.unit.text for text in texts)]
    return gate_features(analyse(question), found, chosen, library)


def test_counties_stand_without_their_rank_and_ordinary_words_are_none() -> None:
    assert named_counties("黄岛和崂山区的电厂") == ["崂山", "黄岛"]
    assert named_counties("以崂山区和滨湖区为例") == ["崂山", "滨湖"]
    assert named_counties("和平地区的古城与新城平原") == []


def test_a_nickname_is_the_city() -> None:
    assert named_places("羊城到鹏城的铁路") == ["广州", "深圳"]


@pytest.mark.parametrize(
    ("question", "text", "other"),
    [
        ("黄岛那个供水厂一天能供多少吨？", PLANT, 1.0),
        ("崂山那个供水厂一天能供多少吨？", PLANT, 0.0),
        ("供水厂一天能供多少吨？", PLANT, 0.0),
        ("羊城建了多少个公交站台？", STATIONS, 1.0),
        ("贵阳的站台我晓得有好几万，昆明那边自己建了多少个公交站台？", STATIONS, 1.0),
        ("贵阳建了多少个公交站台，够不够用？", STATIONS, 0.0),
    ],
)
def test_the_place_of_another_clause_is_told(
    make_library: MakeLibrary, question: str, text: str, other: float
) -> None:
    library = make_library({"a": text, "b": "公园里花草繁茂。"})
    assert features(question, library, text)["place_other"] == other


def test_a_later_clause_may_name_the_other_place(make_library: MakeLibrary) -> None:
    library = make_library({"a": f"累计建成报亭3.7万个。{STATIONS}"})
    question = "昆明建成了多少个公交站台，报亭又有多少？"
    assert features(question, library, "报亭", "站台")["place_other"] == 1.0


@pytest.mark.parametrize(
    ("question", "text", "missed"),
    [
        ("乐园总部落在哪条街、哪栋楼？", "乐园总部将落地贵阳。", 1.0),
        ("乐园总部落在哪条街、哪栋楼？", "乐园总部位于长江路88号。", 0.0),
        ("总部在哪个街道？", "总部位于金星街道。", 0.0),
    ],
)
def test_an_address_must_stand_in_the_clause(
    make_library: MakeLibrary, question: str, text: str, missed: float
) -> None:
    library = make_library({"a": text, "b": "公园里花草繁茂。"})
    assert features(question, library, text)["address_missed"] == missed


SIGNED = (
    "一、金融合作\n3日，甲市金融局与乙市金融局签署《共建金融中心合作协议》。双方设立基金，规模4亿元。\n"
    "二、海产合作\n甲市渔业局与乙市渔业局签署《海产品质量合作协议》。双方共设联动基金，首期1500万元。\n"
    "三、茶叶合作\n甲市农业局与乙市农业局签署《共建茶叶市场合作协议》。双方每年办茶会。\n"
)


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("金融协议", "双方设立"),
        ("农业协议", "双方每年"),
        ("海产品协议", "双方共设"),
        ("气象协议", None),
        ("合作协议", None),
    ],
)
def test_an_agreement_is_found_by_what_tells_it_from_the_others(
    make_library: MakeLibrary, name: str, section: str | None
) -> None:
    library = make_library({"news": f"集中签约\n{SIGNED}", "walk": "公园里花草繁茂。"})
    scope = Scopes(library).agreement_named(name)
    held = {u.text[:4] for u in library.units if scope is not None and scope.holds(u) and u.text[:2] == "双方"}
    assert held == ({section} if section else set())


@pytest.mark.parametrize(("judged", "missing"), [(-1.0, True), (2.0, False)])
def test_a_clause_of_another_agreement_needs_a_sure_reranker(
    make_library: MakeLibrary, judged: float, missing: bool
) -> None:
    library = make_library({"news": f"集中签约\n{SIGNED}"})
    found = [Scored(u, 1.0, {**COUNTED, "judged": judged}) for u in library.units if "1500万元" in u.text]
    analysis = analyse("金融协议里联合设立的基金，首期出多少万元？")
    chosen = [s.unit for s in found]
    shown = [gate_features(analysis, found, chosen, library, another_text=another) for another in (True, False)]
    assert [lacking(each, reranked=True) for each in shown] == [missing, False]
