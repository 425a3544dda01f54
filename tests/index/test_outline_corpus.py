"""The clause trees of the five documents of the corpus, as a policy reader would draw them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from index.clean import clean
from index.outline import Section, build_outline, find_fault, walk
from index.parse.text import read_text

CORPUS = Path(__file__).parents[2] / "corpus"


@cache
def corpus_outline(number: str) -> tuple[str, Section]:
    path = next(CORPUS.glob(f"{number}_*.txt"))
    text = clean(read_text(path.read_bytes(), name=path.name)).text
    return text, build_outline(text)


def find(outline: Section, heading: str) -> Section:
    found = [section for section, _ in walk(outline) if section.heading == heading]
    assert len(found) == 1, f"{heading} found {len(found)} times"
    return found[0]


def names(section: Section) -> list[str]:
    return [child.heading for child in section.children if child.heading]


def path_at(number: str, words: str) -> tuple[str, ...]:
    """The headings over the one place where ``words`` occur."""
    text, outline = corpus_outline(number)
    assert text.count(words) == 1
    at = text.index(words)
    return tuple(s.heading for s, _ in walk(outline) if s.start <= at < s.end and s.heading)


@pytest.mark.parametrize("number", ["000", "001", "002", "003", "004"])
def test_corpus_outlines_are_sound(number: str) -> None:
    text, outline = corpus_outline(number)
    assert find_fault(outline, text) is None


AGREEMENTS = [
    "助推西部科学城加快形成全链条创新体系",
    "推进共建具有全国影响力的科技创新中心",
    "共同培育世界级汽车产业发展集群",
]
TOURISM = [
    "共同落实巴蜀文化旅游走廊建设规划",
    "推动文化旅游产业交流合作",
    "共同开发和培育旅游精品线路",
    "推进公共文化服务便民共享",
    "推进文物保护合作",
    "推动博物馆协同发展",
    "开展艺术交流",
    "共同促进非遗传承发展",
    "共同开发文旅新产品",
]


def test_000_is_five_agreements() -> None:
    _, outline = corpus_outline("000")
    assert names(outline) == [
        *AGREEMENTS,
        "五个方面深化合作 共建西部金融中心",
        "发挥各自优势共促巴蜀文化旅游走廊建设",
    ]


@pytest.mark.parametrize("number", ["000", "004"])
def test_the_tourism_agreement_has_nine_named_measures(number: str) -> None:
    _, outline = corpus_outline(number)
    agreement = find(outline, "发挥各自优势共促巴蜀文化旅游走廊建设")
    assert names(agreement) == TOURISM
    assert {child.kind for child in agreement.children if child.heading} == {"run_in"}


@pytest.mark.parametrize(
    ("number", "heading"),
    [("000", "五个方面深化合作 共建西部金融中心"), ("004", "五个方面深化合作共建西部金融中心")],
)
def test_the_finance_agreement_has_five_named_measures(number: str, heading: str) -> None:
    _, outline = corpus_outline(number)
    assert len(names(find(outline, heading))) == 5


def test_001_has_ten_tasks_and_seven_fields_and_three_voices() -> None:
    _, outline = corpus_outline("001")
    tasks = names(find(outline, "共同打造内陆开放门户今年十项重点任务"))
    assert [task.split(" ")[0] for task in tasks] == [str(number) for number in range(1, 11)]
    assert tasks[9] == "10 工作协同"
    assert len([name for name in names(outline) if name.startswith("携手")]) == 7
    assert len(names(find(outline, "声音"))) == 3
    assert names(outline)[-1] == "现场"


def test_002_puts_the_small_agreements_under_their_new_area() -> None:
    assert path_at("002", "云签约的形式") == (
        "两江新区",
        "警务、政务、公证…… 合作协议签不停",
        "携手打造“公证服务共同体”",
    )
    _, outline = corpus_outline("002")
    assert len(names(find(outline, "警务、政务、公证…… 合作协议签不停"))) == 5


def test_003_places_the_industries_under_section_two_and_the_city_under_no_wrong_heading() -> None:
    engine = "二、实施现代化新重庆重要引擎建设行动"
    assert path_at("003", "打造全国集成电路特色工艺集聚高地") == (engine, "重点发展集成电路产业集群")
    _, outline = corpus_outline("003")
    assert len([name for name in names(find(outline, engine)) if name.startswith("重点发展")]) == 7
    assert path_at("003", "围绕打造创新之城、开放之城") == ()
    assert path_at("003", "规划轨道总里程132公里") == ("加快建设轨道交通",)


def test_003_has_five_supports_in_one_paragraph() -> None:
    text, outline = corpus_outline("003")
    (lead,) = (
        s
        for s, _ in walk(outline)
        if s.kind == "paragraph" and s.children and "五大创新支撑" in text[s.start : s.end]
    )
    assert names(lead) == [
        "打造大学城创新生态圈",
        "打造科研港科技设施集聚地",
        "打造生命岛生命科技策源地",
        "打造科学谷低碳科技发源地",
        "打造科创街信息科技创新高地",
    ]


def test_003_reads_two_storeys_inside_one_paragraph() -> None:
    _, outline = corpus_outline("003")
    assert names(find(outline, "实施两城融合“凤鸣计划”")) == [
        "推动落实重大活动",
        "推动落地重大项目",
        "推动建设重大载体",
        "推动建立重大保障",
    ]
    assert len(names(find(outline, "实施两城融合“凤栖计划”"))) == 4
    assert names(find(outline, "建好用好市级重大科技基础设施")) == [
        "建好用好长江上游种质创制装置",
        "建好用好中国自然人群生物资源库",
    ]


@pytest.mark.parametrize(
    ("heading", "count"),
    [
        *[("推进国资国企改革", 3), ("推进科技体制改革", 3), ("推进营商环境改革", 3), ("提速打造城市整体风貌", 2)],
        *[
            ("打造基础教育特区", 2),
            ("建设国际科技合作园区", 4),
            ("推动通道规则软联通", 3),
            ("重点发展科技服务业集群", 3),
        ],
        *[("重点发展集成电路产业集群", 0), ("全力实施绿色清洁低碳行动", 0), ("合力推进人才“留下来”", 0)],
    ],
)
def test_003_counts_the_parts_of_a_clause(heading: str, count: int) -> None:
    _, outline = corpus_outline("003")
    assert len(names(find(outline, heading))) == count


def test_003_does_not_put_the_joint_science_city_under_domestic_reform() -> None:
    mechanism = "(一)高规格共建西部科学城工作机制"
    assert path_at("003", "写进了成渝地区双城经济圈建设规划纲要") == ()
    assert path_at("003", "两江协同创新区、中国(绵阳)科技城等为成员单位")[0] == mechanism
    assert path_at("003", "协同绘制海外人才地图") == ("合力推进人才“引进来”",)
    assert path_at("003", "共同守护生态环境安全底线") == ("(六)高水平共享公共配套服务", "加强生态合作")
    assert path_at("003", "力争2023年报国家发展改革委") == ("共同成立成渝综合性科学中心理事会",)


def test_004_keeps_the_other_article_apart_from_the_agreements() -> None:
    assert path_at("004", "忠县新生港首批5个泊位") == ()
    assert path_at("004", "截至11月底已开工或启动建设65个") == ()
    assert path_at("004", "涂胶溢出") == ("关键词：新", "“两新”建设如火如荼，经济社会发展后劲十足")
    assert path_at("004", "挺起了重庆经济社会高质量发展的脊梁")[0] == "关键词：绿"
    _, outline = corpus_outline("004")
    assert [name for name in names(outline) if name in AGREEMENTS] == AGREEMENTS
