"""Figures and dates of policy prose."""

import pytest

from app.answer.values import digits_in, find_values, han_to_int


def keys(text: str) -> list[tuple[str, str]]:
    return [(value.kind, value.key) for value in find_values(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("成文日期 2023-04-26", [("date", "2023-04-26")]),
        ("2023年4月26日印发", [("date", "2023-04-26")]),
        ("4月23日，双方签署协议", [("date", "04-23")]),
        ("产量达到300万辆，产值6000亿元", [("count", "3000000辆"), ("money", "600000000000元")]),
        ("规划面积１１９８平方公里", [("area", "1198平方公里")]),
        ("优良天数达320天，占比超28%", [("duration", "320天"), ("percent", "28%")]),
        ("7大方面形成14个合作项目", [("count", "7大"), ("count", "14个")]),
        ("十项重点任务", [("count", "10项")]),
        ("面积20 m²", [("number", "20")]),
        ("两地携手", []),
    ],
)
def test_values_have_a_kind_and_a_canonical_form(text: str, expected: list[tuple[str, str]]) -> None:
    assert keys(text) == expected


def test_equal_amounts_in_other_writing_have_equal_keys() -> None:
    assert keys("3,000,000辆") == keys("300万辆")
    assert keys("100平米") == keys("100平方米")


def test_offsets_point_at_the_figure() -> None:
    text = "到2027年，力争实现产值500亿元。"
    assert [text[v.start : v.end] for v in find_values(text)] == ["2027年", "500亿元"]


def test_a_longer_figure_is_not_the_shorter_one_inside_it() -> None:
    assert keys("1200亿元") != keys("200亿元")
    assert "200" not in digits_in("1200亿元")


def test_chinese_numerals() -> None:
    assert [han_to_int(t) for t in ("三", "十", "十二", "二十", "两百零五", "三千")] == [3, 10, 12, 20, 205, 3000]


def test_an_order_of_size_is_a_figure() -> None:
    assert keys("万亿级产业集群") == [("money", "1000000000000")]
    assert keys("千万量样本库，百亿级产值") == [("count", "10000000"), ("money", "10000000000")]
    assert keys("亿万群众") == []
