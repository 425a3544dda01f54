"""Joining: headlines printed twice, sentences cut by a page, hard-wrapped columns, blanks of typesetting."""

from __future__ import annotations

import pytest

from index.clean_lines import Line, read_lines
from index.reflow import close_spaces, is_hard_wrapped, join_lines, undouble_headlines


def lines(*texts: str) -> tuple[Line, ...]:
    return read_lines("\n".join(texts))


def texts(found: tuple[Line, ...]) -> list[str]:
    return [line.text for line in found]


def test_a_headline_printed_twice_stands_once_and_its_lines_are_one() -> None:
    step = undouble_headlines(
        lines("正文。", "", "共同培育世界级共同培育世界级", "汽车产业汽车产业", "", "17日，签署。")
    )
    assert texts(step.lines) == ["正文。", "共同培育世界级汽车产业", "17日，签署。"]
    assert step.lines[1].breaks
    assert [item.text for item in step.removed] == ["共同培育世界级", "汽车产业"]


def test_a_word_said_twice_is_not_a_doubled_headline() -> None:
    assert texts(undouble_headlines(lines("加油加油")).lines) == ["加油加油"]


def test_sentences_cut_by_a_page_are_joined_and_headings_are_not() -> None:
    step = join_lines(
        lines(
            "推进产业联动",
            "",
            "打通两地产业链、供应链、创新链,研究",
            "",
            "梳理项目清单,共同打造集群。共同开展一批共性强",
            "",
            "大问题专题调研。",
            "",
            "强化责任,确保落实",
            "",
            "各部门要抓好落实。",
            "",
            "“期待合作,把大门越开越大”",
            "",
            "代表团来访。",
        )
    )
    assert texts(step.lines) == [
        "推进产业联动",
        "打通两地产业链、供应链、创新链,研究梳理项目清单,共同打造集群。共同开展一批共性强大问题专题调研。",
        "强化责任,确保落实",
        "各部门要抓好落实。",
        "“期待合作,把大门越开越大”",
        "代表团来访。",
    ]


COLUMN = """    两市将以新能源和智能网联
汽车为主攻方向，在规划协同、技
术攻关、产业配套等方面展开合
作，共同培育世界级产业集群。

计划到2025年，两市汽车产
量将达到300万辆，实现产值

6000亿元。
其中，双方将推动形成一批示
范应用合作项目，加快商业化运
营，面向市场提供服务。共同
编制资源地图，一网呈
现。共同举办大
会。
"""


def test_a_hard_wrapped_column_becomes_paragraphs() -> None:
    assert is_hard_wrapped(read_lines(COLUMN))
    assert texts(join_lines(read_lines(COLUMN)).lines) == [
        "两市将以新能源和智能网联汽车为主攻方向，在规划协同、技术攻关、产业配套等方面展开合作，共同培育世界级产业集群。",
        "计划到2025年，两市汽车产量将达到300万辆，实现产值6000亿元。",
        "其中，双方将推动形成一批示范应用合作项目，加快商业化运营，面向市场提供服务。"
        "共同编制资源地图，一网呈现。共同举办大会。",
    ]


def test_a_list_of_names_is_not_hard_wrapped_text() -> None:
    assert not is_hard_wrapped(
        lines(*["一号线", "江跳线", "二十七号线工程", "四号线延伸段", "环线", "九号线", "十五号线"])
    )


def test_a_wider_column_in_mid_article_is_another_block() -> None:
    narrow = "探索科技成果跨区\n域转移转化的机制，\n协同共建服务平台\n和联盟。\n"
    wide = (
        "又如，新生港首批五个泊位建成投运，它将\n把川东以及重庆部分地区的货物汇集于此，\n"
        "形成我国西北地区通江入海的重要通道。\n"
    )
    joined = join_lines(read_lines(narrow * 2 + "\n" + wide)).lines
    assert [line.breaks for line in joined] == [False, False, True]


@pytest.mark.parametrize(
    ("raw", "closed"),
    [
        ("核心区（313 平方公里）。", "核心区（313平方公里）。"),
        ("打造 3个产业集群，提升 36%。", "打造3个产业集群，提升36%。"),
        ("领域等。 “创建中心。”", "领域等。“创建中心。”"),
        ("1 规划协同", "1 规划协同"),
        ("五个方面深化合作 共建金融中心", "五个方面深化合作 共建金融中心"),
        ("签署《加强联动 推进共建合作协议》。", "签署《加强联动 推进共建合作协议》。"),
        ("Square One项目。", "Square One项目。"),
    ],
)
def test_only_blanks_left_by_typesetting_are_closed(raw: str, closed: str) -> None:
    assert texts(close_spaces(lines(raw)).lines) == [closed]


def test_a_line_set_wide_is_closed_up() -> None:
    assert texts(join_lines(lines("通 知", "科技交流 大会。")).lines) == ["通知", "科技交流 大会。"]
