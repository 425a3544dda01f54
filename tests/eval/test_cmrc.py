import pytest

from eval.metrics.cmrc import character_f1, containment, exact_match, longest_common_run, strip_marks, units


def test_units_split_chinese_by_character_and_other_scripts_by_word() -> None:
    assert units("韩国Nexon公司") == ["韩", "国", "nexon", "公", "司"]
    assert units("占5.7%，共1,000家") == ["占", "5.7", "%", "共", "1,000", "家"]


def test_the_overlap_is_one_contiguous_run() -> None:
    # 重庆 and 成都 are common but apart; the longest run is 2.
    assert longest_common_run("重庆与成都", "重庆和成都") == 2
    assert longest_common_run("", "重庆") == 0


def test_f1_worked_by_hand() -> None:
    # Gold 水枪小枪锤子 (6), answer 水枪和锤子 (5): longest run 水枪 or 锤子, 2. P 2/5, R 2/6, F1 2·2/(5+6).
    assert character_f1("水枪、和锤子", ["水枪、小枪、锤子"]) == pytest.approx(4 / 11)
    assert character_f1("完全不同", ["踢爆"]) == 0.0


def test_the_best_reference_counts() -> None:
    assert character_f1("四分钟", ["4分钟", "四分钟"]) == 1.0
    assert exact_match("四分钟", ["4分钟", "四分钟"]) == 1.0


def test_exact_match_ignores_marks_case_and_space_but_not_words() -> None:
    assert exact_match("《泡泡堂》 NEXON。", ["泡泡堂nexon"]) == 1.0
    assert exact_match("泡泡堂由Nexon", ["泡泡堂nexon"]) == 0.0
    assert strip_marks("（4）分钟……") == "4分钟"


def test_containment_does_not_cut_numbers() -> None:
    assert containment("若游戏中离，则4分钟内不得配对。", ["4分钟"]) == 1.0
    assert containment("则14分钟内", ["4分钟"]) == 0.0
    assert containment("则14分钟，后4分钟", ["4分钟"]) == 1.0
    assert containment("", ["4分钟"]) == 0.0


def test_a_reference_is_needed() -> None:
    with pytest.raises(ValueError, match="at least one reference"):
        exact_match("x", [])
