import pytest

from eval.numerals import parse_integer, to_digits


@pytest.mark.parametrize(
    ("run", "value"),
    [
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("两百", 200),
        ("一百零五", 105),
        ("三千零四十", 3040),
        ("一千一百九十八", 1198),
        ("二〇二三", 2023),
        ("〇", 0),
    ],
)
def test_a_numeral_with_one_reading_has_a_value(run: str, value: int) -> None:
    assert parse_integer(run) == value


@pytest.mark.parametrize("run", ["十四五", "二三", "三百五", "十百", "百千", "一零", "零十零"])
def test_a_run_that_is_not_one_number_has_no_value(run: str) -> None:
    assert parse_integer(run) is None


def test_every_integer_below_ten_thousand_is_read_back() -> None:
    for number in range(1, 10_000):
        assert parse_integer(_written(number)) == number


def _written(number: int) -> str:
    """Write a number the standard way, independently of the parser: 1003 -> 一千零三."""
    digits, units = "零一二三四五六七八九", ["千", "百", "十", ""]
    text, pending_zero = "", False
    for unit, digit in zip(units, f"{number:04d}", strict=True):
        if digit == "0":
            pending_zero = bool(text)
        else:
            text += ("零" if pending_zero else "") + digits[int(digit)] + unit
            pending_zero = False
    return text[1:] if text.startswith("一十") else text


def test_percent_and_decimals_become_arabic() -> None:
    assert to_digits("占比达百分之五点七") == "占比达5.7%"
    assert to_digits("百分之12.5") == "12.5%"
    assert to_digits("三点五亿元") == "3.5亿元"


def test_a_numeral_beside_a_digit_is_left_alone_so_that_no_number_is_made_up() -> None:
    assert to_digits("5千瓦") == "5千瓦"
    assert to_digits("2021一城") == "2021一城"
    assert to_digits("“十四五”期间") == "“十四五”期间"
