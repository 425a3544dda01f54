"""Chinese numerals as digits: 十项 and 10项 are the same count, 百分之五点七 is 5.7%.

Only what can be read in one way is rewritten: 十四五 (the 14th five-year plan) is no number and stays as it is.
"""

from __future__ import annotations

import re

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
NUMERAL_CHARS = frozenset(_DIGITS) | frozenset(_UNITS)

_INTEGER = "[" + "".join(sorted(NUMERAL_CHARS)) + "]+"
_DECIMAL = r"(?:点[零〇一二三四五六七八九]+)?"
# A numeral beside an Arabic digit (5千, 2021一城) would fuse with it into another number.
_RUN = re.compile(rf"(?<![\d.])({_INTEGER})({_DECIMAL})(?!\d)")
_PERCENT = re.compile(rf"百分之(?:(\d+(?:\.\d+)?)|({_INTEGER}{_DECIMAL}))")


def parse_integer(run: str) -> int | None:
    """Return the value of a run of Chinese numerals below ten thousand, or None when it is not one number.

    >>> [parse_integer(s) for s in ("十", "二十一", "三百零五", "一千一百九十八", "二〇二三", "十四五")]
    [10, 21, 305, 1198, 2023, None]
    """
    if len(run) >= 4 and all(char in _DIGITS for char in run):
        return int("".join(str(_DIGITS[char]) for char in run))
    total, digit, last_unit, after_zero = 0, None, 10_000, False
    for position, char in enumerate(run):
        if char in _UNITS:
            unit = _UNITS[char]
            if unit >= last_unit or (digit is None and position > 0 and not after_zero):
                return None
            total += (1 if digit is None else digit) * unit
            digit, last_unit, after_zero = None, unit, False
        elif _DIGITS[char] == 0 and len(run) > 1:
            if digit is not None:
                return None
            after_zero = True
        elif digit is not None:
            return None
        else:
            digit = _DIGITS[char]
    if digit is None:
        return None if after_zero else total
    # 三百五 is 350 in speech and 305 to nobody: too loose to rewrite.
    return total + digit if total == 0 or last_unit == 10 or after_zero else None


def _rewrite(match: re.Match[str]) -> str:
    value = parse_integer(match.group(1))
    if value is None:
        return match.group(0)
    fraction = match.group(2)
    return str(value) + ("." + "".join(str(_DIGITS[c]) for c in fraction[1:]) if fraction else "")


def _rewrite_percent(match: re.Match[str]) -> str:
    if match.group(1):
        return match.group(1) + "%"
    number = _RUN.sub(_rewrite, match.group(2))
    return number + "%" if number[0].isdigit() else match.group(0)


def to_digits(text: str) -> str:
    """Return ``text`` with Chinese numerals and 百分之X written in Arabic digits; 万 and 亿 are kept.

    >>> to_digits("十项任务，百分之五点七，三百万辆，十四五")
    '10项任务，5.7%，300万辆，十四五'
    """
    return _RUN.sub(_rewrite, _PERCENT.sub(_rewrite_percent, text))
