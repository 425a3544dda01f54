"""Follow-up questions and what the conversation puts back into them."""

import pytest

from app.answer.followup import rewrite
from app.answer.topic import topic_of
from app.answer.turns import Turn


def turns(*contents: str) -> list[Turn]:
    return [Turn("user" if i % 2 == 0 else "assistant", c) for i, c in enumerate(contents)]


def test_first_question_is_left_alone() -> None:
    assert rewrite("那生物医药呢？", []) is None


def test_self_contained_question_is_never_changed() -> None:
    history = turns("两市共办什么活动？", "共办美食节。[1]")
    assert rewrite("西部科学城的规划面积是多少平方公里？", history) is None
    assert rewrite("博物馆合作清单由哪个部门负责制定？", history) is None


def test_new_topic_takes_the_place_of_the_old_one() -> None:
    history = turns("集成电路产业集群到2027年的产值目标是多少？", "500亿元。[1]")
    rewritten = rewrite("那生物医药呢？", history)
    assert rewritten is not None
    assert "生物医药" in rewritten
    assert "2027年的产值目标" in rewritten
    assert "集成电路" not in rewritten


def test_new_year_takes_the_place_of_the_old_year() -> None:
    history = turns("到2025年汽车产量要达到多少？", "300万辆。[1]")
    assert rewrite("那2027年呢？", history) == "到2027年汽车产量要达到多少？"


def test_ordinal_of_a_list_is_replaced_by_the_item() -> None:
    history = turns("重点任务有哪些？", "共3项：\n1. 规划协同[1]\n2. 创新协同[2]\n3. 会展协同[3]")
    rewritten = rewrite("第三项由谁负责？", history)
    assert rewritten is not None
    assert "会展协同" in rewritten
    assert "第三项" not in rewritten


def test_previous_meeting_is_one_ordinal_lower() -> None:
    history = turns("第二次联席会议是哪天开的？", "4月23日。[1]")
    assert rewrite("再往前一次呢？", history) == "第一次联席会议是哪天开的？"


def test_pronoun_is_replaced_by_the_topic() -> None:
    history = turns("《合作协议》由谁签署？", "甲局与乙局。[1]")
    rewritten = rewrite("它包括哪些事项？", history)
    assert rewritten is not None
    assert "《合作协议》" in rewritten


def test_short_question_takes_the_topic_in_front() -> None:
    history = turns("漫客空间登记就业的有多少人？", "7054人。[1]")
    rewritten = rewrite("什么时候成立的？", history)
    assert rewritten is not None
    assert rewritten.startswith("漫客空间")


def test_the_chain_of_follow_ups_is_resolved_in_order() -> None:
    history = turns("到2025年汽车产量要达到多少？", "300万辆。[1]", "那2027年呢？", "没有。")
    assert rewrite("2030年呢？", history) == "到2030年汽车产量要达到多少？"


@pytest.mark.parametrize("question", ["规模多大，编制谁出？", "最多能这么续几回？", "第一批先接多少项？"])
def test_a_question_without_a_subject_takes_the_topic_in_front(question: str) -> None:
    rewritten = rewrite(question, turns("南湖附属学校叫什么？", "南湖大学附属实验学校。[1]"))
    assert rewritten is not None
    assert rewritten.startswith("南湖附属学校")
    assert rewritten.endswith(question)


def test_the_like_of_an_agreement_is_asked_for_under_another_name() -> None:
    history = turns("汽车那份协议分几个方面合作？", "6个方面。[1]")
    assert rewrite("图书馆的那份有几项？", history) == "图书馆的协议有几项？"


def test_another_place_takes_the_place_of_the_one_asked_about() -> None:
    history = turns("代表团在南湖公园听谁介绍的？", "馆长。[1]")
    assert rewrite("北港那边又是谁讲的？", history) == "代表团在北港听谁介绍的？"


def test_another_time_takes_the_place_of_the_one_asked_about() -> None:
    history = turns("两馆三次会面，头一次是什么时候？", "2月28日。[1]")
    assert rewrite("最近一次呢？", history) == "两馆三次会面，最近一次是什么时候？"


def test_a_question_word_is_not_cut_from_the_topic() -> None:
    assert topic_of("南湖公司要在东岸建什么？") == "南湖公司要在东岸建"


@pytest.mark.parametrize("question", ["整个贵阳呢？", "放到整个贵阳呢", "那贵阳呢？"])
def test_a_city_takes_the_place_of_the_area_that_was_asked_about(question: str) -> None:
    history = turns("乐园平台打算在观湖新区服务多少户企业？", "6万户。[1]")
    assert rewrite(question, history) == "乐园平台打算在贵阳服务多少户企业？"


def test_of_several_things_asked_at_once_the_first_has_lost_its_subject() -> None:
    history = turns("两省之间跨省的高速通道已经有多少条了？", "13条。[1]")
    rewritten = rewrite("还在修的有几条，另外当年修通的合长、黔石这些项目加起来多少公里？", history)
    assert rewritten is not None
    assert rewritten.startswith("两省之间跨省的高速通道，还在修的有几条")


def test_a_pronoun_is_replaced_by_the_one_name_in_quotation_marks() -> None:
    history = turns("新区里“青鸾计划”主要促进什么？", "促进就业。[1]")
    rewritten = rewrite("与它配套、引导学生就业的另一个计划叫什么，五年发布多少个“好岗位”？", history)
    assert rewritten == "与“青鸾计划”配套、引导学生就业的另一个计划叫什么，五年发布多少个“好岗位”？"
