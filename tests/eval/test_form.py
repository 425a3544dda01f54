import pytest

from eval.metrics import form


def test_length_leaves_markers_and_white_space_out() -> None:
    assert form.answer_chars("产量 300万辆[1]。\n产值6000亿元[2]。") == len("产量300万辆。产值6000亿元。")


def test_short_is_150_characters_or_60_and_1_6_times_the_evidence() -> None:
    assert form.max_short_chars(0) == 150
    assert form.max_short_chars(50) == 150
    assert form.max_short_chars(100) == pytest.approx(60 + 160)
    assert form.is_short("字" * 220, 100)
    assert not form.is_short("字" * 221, 100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("是。计划到2025年达到300万辆[1]。", "是"),
        ("是的，双方设立了办公室。", "是"),
        ("否，文件未将其列为成员。", "否"),
        ("不是。", "否"),
        ("没有写明。", "否"),
        ("不仅如此，还将共建", None),
        ("未来两市将共建", None),
        ("是否纳入由国家决定", None),
        ("两市将共建", None),
        ("", None),
    ],
)
def test_polarity_is_how_the_answer_begins(text: str, expected: str | None) -> None:
    assert form.polarity(text) == expected


def test_enumerated_lines_are_counted_in_every_usual_form() -> None:
    assert form.enumerated_items("包括：\n1. 规划协同[1]\n2、创新协同[1]\n（3）会展协同\n④开放协同") == 4
    assert form.enumerated_items("2025年产量300万辆\n5.7%为研发占比") == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("共9项：", 9),
        ("共有十个方面", 10),
        ("协议包括以下5个方面", 5),
        ("双方将重点从10个方面加强合作", None),
        ("共建3个实验室", None),
        ("产量300万辆", None),
    ],
)
def test_a_stated_count_is_the_count_of_the_list(text: str, expected: int | None) -> None:
    assert form.stated_count(text) == expected


def test_the_count_is_right_only_when_the_words_and_the_lines_agree_with_the_gold() -> None:
    assert form.count_is_right("共2项：\n1. 甲\n2. 乙", 2) is True
    assert form.count_is_right("共3项：\n1. 甲\n2. 乙", 3) is False
    assert form.count_is_right("1. 甲\n2. 乙", 3) is False
    assert form.count_is_right("甲、乙、丙。", 3) is None
