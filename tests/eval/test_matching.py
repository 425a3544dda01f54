import pytest

from eval.matching import FoldedText, canonical, plain, states


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("计划到2025年，汽车产量将达到300万辆，实现产值6000亿元。", "300万辆"),
        ("产值６０００亿元", "6000亿元"),
        ("产值6,000亿元", "6000亿元"),
        ("共10项", "十项"),
        ("确定十项重点任务", "10项"),
        ("规划面积394.2平方公里", "394.2km²"),
        ("规划面积1198 km2", "1198平方公里"),
        ("规划面积1198㎢", "1198平方公里"),
        ("占比达5.7%", "百分之五点七"),
        ("成文日期2023-04-26", "2023年4月26日"),
        ("2023年04月26日", "2023年4月26日"),
        ("行动计划(2023—2027年)", "2023-2027年"),
        ("力争3至5年内", "3—5年"),
        ("推出惠民一卡通", "“惠民一卡通”"),
        ("惠民\n一卡\n通", "惠民一卡通"),
        ("产量300万辆[1][2]", "300万辆"),
        ("经西部陆海新通道", "西部陆海新通道"),
        ("面向全球的5G网络", "5g网络"),
    ],
)
def test_equal_facts_in_other_writing_are_found(text: str, fact: str) -> None:
    assert states(text, fact)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("投资1200亿元", "200亿元"),
        ("增长12.5%", "2.5%"),
        ("增长2.5%", "5%"),
        ("300万辆", "300"),
        ("占5.7%", "5.7"),
        ("12.55公里", "12.5"),
        ("十五个区", "五个区"),
        ("二十五个区", "5个区"),
        ("共十四个", "四个"),
        ("2025年", "25年"),
        ("6万亿元", "6万"),
        ("11,200亿元", "200亿元"),
        ("11,200亿元", "1,200亿元"),
        ("2021年5G", "15G"),
        ("产值6000亿元", "6000万元"),
        ("2035年", "2025年"),
        ("MAIN", "AI"),
        ("截至2021 5G基站", "20215G"),
    ],
)
def test_part_of_a_number_or_another_figure_is_not_the_fact(text: str, fact: str) -> None:
    assert not states(text, fact)


def test_a_boundary_fault_at_the_first_place_does_not_hide_a_good_second_place() -> None:
    assert states("投资1200亿元，其中200亿元来自社会资本", "200亿元")


def test_any_alternative_wording_suffices() -> None:
    assert FoldedText("总投资六千亿元").states_any(("6000亿元", "6千亿元"))
    assert not FoldedText("总投资五千亿元").states_any(("6000亿元", "6千亿元"))


def test_plain_keeps_numbers_apart_and_canonical_joins_thousands() -> None:
    assert plain("2021 5G 网络") == "2021 5g网络"
    assert canonical("1,234,567人") == "1234567人"
    assert states("到2025,300万辆", "300万辆")
    assert canonical("第1,23章") == "第1,23章"


def test_five_year_plans_are_names_not_numbers() -> None:
    assert states("“十四五”规划", "十四五")
    assert not states("“十五五”规划", "十四五")
    assert not states("“十四五”规划", "14")
