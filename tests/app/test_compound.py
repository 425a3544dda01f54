"""Questions with several parts, questions that set two things side by side, and those that must stay whole."""

import pytest

from app.answer.analyse import analyse
from app.answer.compound import points_back, split_sides, sub_questions


def parts(question: str) -> tuple[str, ...]:
    return sub_questions(analyse(question))


@pytest.mark.parametrize(
    "question",
    [
        "到2025年汽车产量要达到多少？",
        "为了推动发展，双方成立了什么机构？",
        "请问，汽车协议的目标产量是多少？",
        "东湖新区，面积多大？",
        "一、二、三项任务由谁牵头？",
        "？",
    ],
)
def test_a_question_that_asks_once_stays_whole(question: str) -> None:
    assert parts(question) == (question,)


@pytest.mark.parametrize(
    "question",
    [
        "《甲市和乙市合作协议》是什么时候签署的？",
        "《甲市与乙市合作协议》与其他文件有什么不同？",
        "“创新和发展”有什么要求？",
        "“规划与建设”一体化和哪个文件相比不同？",
        "「东湖和西湖」的区别是什么？",
        "东湖协议（含附件和说明）有什么不同之处？",
    ],
)
def test_a_name_in_marks_is_never_cut(question: str) -> None:
    for piece in parts(question):
        for opening, closing in ("《》", "“”", "「」", "（）"):
            assert piece.count(opening) == piece.count(closing), piece


@pytest.mark.parametrize(
    "question",
    [
        "两地共同建设什么平台？",
        "两地如何协同推进科技成果转化？",
        "甲市和乙市共同签署了哪些协议？",
        "甲市与乙市协同建设的平台有哪些？",
        "东湖新区和西湖新区签署了什么协议？",
        "甲局与乙局联合举办什么活动？",
    ],
)
def test_what_two_sides_do_together_is_one_question(question: str) -> None:
    assert parts(question) == (question,)


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("甲隧道和乙隧道，哪个先通车？", ("甲隧道，哪个先通车？", "乙隧道，哪个先通车？")),
        ("东湖新区与西湖新区有什么不同？", ("东湖新区有什么不同？", "西湖新区有什么不同？")),
        ("《甲协议》与《乙协议》有什么区别？", ("《甲协议》有什么区别？", "《乙协议》有什么区别？")),
        ("“东湖”与“西湖”有什么区别？", ("“东湖”有什么区别？", "“西湖”有什么区别？")),
        ("甲平台跟乙平台，谁先建成？", ("甲平台，谁先建成？", "乙平台，谁先建成？")),
        (
            "东湖新区和西湖新区在交通方面有什么异同？",
            ("东湖新区在交通方面有什么异同？", "西湖新区在交通方面有什么异同？"),
        ),
    ],
)
def test_a_comparison_is_asked_once_for_each_side(question: str, sides: tuple[str, str]) -> None:
    assert split_sides(analyse(question)) == sides
    assert parts(question) == sides


def test_the_class_noun_that_stands_once_is_given_to_both_sides() -> None:
    assert parts("金融和汽车协议有什么不同？") == ("金融协议有什么不同？", "汽车协议有什么不同？")


def test_a_lead_word_belongs_to_neither_side() -> None:
    assert split_sides(analyse("请比较一下东湖新区和西湖新区有什么不同？")) == (
        "请比较一下东湖新区有什么不同？",
        "请比较一下西湖新区有什么不同？",
    )


@pytest.mark.parametrize("question", ["谁和谁签署了协议？", "协议与哪个文件有什么不同？", "甲市和乙市都在西部"])
def test_a_side_that_is_itself_asked_for_is_no_side(question: str) -> None:
    assert split_sides(analyse(question)) == ()


def test_each_part_takes_the_topic_of_the_first() -> None:
    first, second = parts("东湖中心由谁建设？什么时候建成？")
    assert first == "东湖中心由谁建设"
    assert second == "东湖中心，什么时候建成"


def test_a_part_that_stands_alone_takes_no_topic() -> None:
    question = "东湖中心由谁建设，西湖科技创新产业园区的规划面积是多少？"
    assert parts(question) == ("东湖中心由谁建设", "西湖科技创新产业园区的规划面积是多少")


def test_a_part_that_points_back_takes_the_topic() -> None:
    first, second = parts("东湖集群由哪个部门牵头？这个集群到2027年的产值目标是多少？")
    assert first == "东湖集群由哪个部门牵头"
    assert second.startswith("东湖集群，这个集群")


def test_words_that_ask_nothing_go_with_the_question_they_belong_to() -> None:
    assert parts("为了服务企业，双方设立了什么机构，面积多大？")[0] == "为了服务企业，双方设立了什么机构"
    assert parts("平台由谁建设，投资多少，请说明。")[-1].endswith("请说明")


def test_no_part_is_lost_and_none_is_empty() -> None:
    question = "协议由谁签署？什么时候签的？有哪些内容？总投资多少？"
    found = parts(question)
    assert len(found) == 4
    for piece, asked in zip(found, ("由谁签署", "什么时候签的", "有哪些内容", "总投资多少"), strict=True):
        assert asked in piece


@pytest.mark.parametrize(
    "part", ["这个集群产值多少", "该机构由谁负责", "当时宣布了什么", "又签了什么", "其面积多大"]
)
def test_parts_that_speak_of_what_was_found_before(part: str) -> None:
    assert points_back(part)


@pytest.mark.parametrize("part", ["其他城市有哪些", "其中哪项最早", "那么产值是多少", "汽车产量是多少"])
def test_words_that_only_look_like_pointing_back(part: str) -> None:
    assert not points_back(part)


def test_a_place_that_ends_in_du_is_not_cut() -> None:
    assert split_sides(analyse("重庆主城和四川成都的产值各是多少？")) == (
        "重庆主城的产值各是多少？",
        "四川成都的产值各是多少？",
    )


def test_the_attribute_compared_is_asked_of_both_sides() -> None:
    assert split_sides(analyse("汽车协议与金融协议的签署时间一样吗？")) == (
        "汽车协议的签署时间一样吗？",
        "金融协议的签署时间一样吗？",
    )
