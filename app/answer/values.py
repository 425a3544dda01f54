"""Figures, dates and quantities in Chinese policy prose, with a canonical form for comparison."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

# Measure words and units, longest first so that 平方公里 is not read as 平方.
_UNIT_KINDS: dict[str, tuple[str, ...]] = {
    "money": ("人民币", "美元", "港元", "欧元", "元"),
    "area": ("平方公里", "平方千米", "平方米", "平方厘米", "km²", "km2", "㎡", "m²", "m2", "平米", "公顷", "亩"),
    "volume": ("立方米", "立方", "方"),
    "mass": ("公斤", "千克", "吨"),
    "length": ("公里/小时", "公里", "千米", "海里", "km", "米"),
    "energy": ("千瓦时", "兆瓦", "千瓦", "度", "gev"),
    "duration": (
        "个自然日", "个工作日", "个月", "分钟", "小时", "钟头", "工作日", "学年", "周年", "周岁", "天", "周", "年",
    ),
    "people": ("人次", "人", "名", "位", "户"),
    "count": (
        "项", "个", "家", "所", "条", "座", "种", "份", "套", "台", "辆", "件", "次", "届", "批", "类", "大", "期",
        "层", "级", "处", "片", "场", "颗", "只", "头", "株", "门", "艘", "架", "城", "区", "县", "方面", "倍",
        "环", "寸", "泊位", "线", "站",
    ),
}  # fmt: skip
UNIT_OF: dict[str, str] = {unit: kind for kind, units in _UNIT_KINDS.items() for unit in units}
_UNITS = "|".join(sorted((re.escape(u) for u in UNIT_OF), key=lambda word: (-len(word), word)))
_SAME_UNIT = {
    "个工作日": "工作日",
    "平方千米": "平方公里",
    "km²": "平方公里",
    "km2": "平方公里",
    "平米": "平方米",
    "㎡": "平方米",
    "m²": "平方米",
    "m2": "平方米",
    "千米": "公里",
    "km": "公里",
}
_SCALE = {"万亿": 10**12, "亿": 10**8, "万": 10**4, "千": 10**3, "百": 10**2, "余": 1}

_DATE = re.compile(r"(?P<y>(?:19|20)\d{2})年(?:(?P<m>\d{1,2})月(?:份)?(?:(?P<d>\d{1,2})[日号])?)?")
_RANGE = re.compile(r"(?<!\d)(?P<y>(?:19|20)\d{2})年?\s*[—–\-~～至到]{1,2}\s*(?P<y2>(?:19|20)\d{2})(?!\d)年?")
_MONTHS = re.compile(r"(?<!\d)(?P<m>\d{1,2})月?[—–\-~～至到]{1,2}(?P<m2>\d{1,2})月")
_ISO = re.compile(r"(?<!\d)(?P<y>(?:19|20)\d{2})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?!\d)")
_MONTH_DAY = re.compile(r"(?<![\d年])(?P<m>\d{1,2})月(?:份)?(?:(?P<d>\d{1,2})[日号])?")
_DAY = re.compile(r"(?<![\d月.])(?P<d>\d{1,2})日(?!常|益|前)")
_PLAN = re.compile(r"[一二三四五六七八九十]+五(?=[”’\"』」]?(?:规划|期间|时期|国家|重大|[”\"』」]))")
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9.])(?P<n>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?P<pct>%|‰|个百分点)?(?P<scale>万亿|亿|万|千(?!瓦|米|克)|百)?余?多?(?P<unit>" + _UNITS + r")?",
    re.IGNORECASE,
)
_TENTHS = re.compile(
    r"(?<![\d一二三四五六七八九十百形完组建达生])(?P<n>[一二三四五六七八九1-9])成(?![立为功果员本交长效渝都人品就熟分型绩])"
)
_HAN = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_HAN_NUMBER = re.compile(
    r"(?<![一二三四五六七八九十百千万亿两零第几数])(?P<n>[一二三四五六七八九两十百千]{1,7})(?P<scale>万亿|亿|万)?余?多?"
    r"(?P<unit>" + _UNITS + r")"
)

# 一百亿, 三千万: an amount of money or of things whose unit is left out.
_HAN_AMOUNT = re.compile(
    r"(?<![一二三四五六七八九十百千万亿两零第几数])(?P<n>[一二三四五六七八九两十][一二三四五六七八九十百千]{0,6})(?P<scale>万亿|亿|万)(?=[^\w]|$|[吗吧呢的了么以左上])"
)
# 万亿级产业集群, 千万量级: an order of size.
_MAGNITUDE = re.compile(
    r"(?<![一二三四五六七八九十百千万亿两零第几数\d])(?P<n>[十百千]?)(?P<scale>万亿|亿|万)(?:量级|级|量(?=[\u4e00-\u9fff]))"
)


@dataclass(frozen=True, slots=True)
class Value:
    """One figure as it stands in a text.

    ``kind`` is one of date, percent, money, area, volume, mass, length, energy, duration, people, count
    or number; ``key`` is canonical, so that 300万辆 and 3000000辆 compare equal; offsets are half-open.
    """

    kind: str
    key: str
    text: str
    start: int
    end: int


_DAY_ALONE = re.compile(r"\d{1,2}\s*[日号]")


def is_day_alone(value: Value) -> bool:
    """Return whether a value is a day without its month: 17日, as reports print it once they have named the month.

    >>> [is_day_alone(value) for value in find_values("17日签署，5月开工，12月17日公布")]
    [True, False, False]
    """
    return value.kind == "date" and bool(_DAY_ALONE.fullmatch(value.text))


def same_day(value: Value, day: Value) -> bool:
    """Return whether a value is a date with its month that falls on a day given alone."""
    return value.kind == "date" and value.key.endswith(f"-{day.key.zfill(2)}")


_MONTH_AND_DAY = re.compile(r"(?:\d{4}-)?(\d{2}-\d{2})")


def month_and_day(value: Value) -> str:
    """Return the month and the day of a date as they stand in its key, ``""`` for anything else.

    >>> [month_and_day(value) for value in find_values("2027年，5月20日，300万辆")]
    ['', '05-20', '']
    """
    match = _MONTH_AND_DAY.fullmatch(value.key) if value.kind == "date" else None
    return match[1] if match else ""


def han_to_int(text: str) -> int:
    """Return the integer written in Chinese numerals below ten thousand.

    >>> han_to_int("二十三"), han_to_int("十"), han_to_int("两百零五"), han_to_int("三千")
    (23, 10, 205, 3000)
    """
    total, digit = 0, 0
    for char in text:
        if char in _HAN:
            digit = _HAN[char]
            continue
        weight = {"十": 10, "百": 100, "千": 1000}[char]
        total += (digit or 1) * weight
        digit = 0
    return total + digit


def find_values(text: str, *, numerals: bool = True) -> list[Value]:
    """Return the figures of ``text`` in order, without overlaps.

    ``numerals`` also reads Chinese numerals before a measure word (十项, 两地 is not one).

    >>> [(v.kind, v.key) for v in find_values("到2025年，产量达到300万辆，占比超28%")]
    [('date', '2025'), ('count', '3000000辆'), ('percent', '28%')]
    """
    # NFKC can change lengths (㎡ -> m2), but offsets must stay: only single characters are narrowed.
    flat = "".join(map(_narrow, text))
    taken = [False] * (len(flat) + 1)
    found: list[Value] = []

    def add(match: re.Match[str], kind: str, key: str) -> None:
        if not any(taken[match.start() : match.end()]):
            taken[match.start() : match.end()] = [True] * (match.end() - match.start())
            found.append(Value(kind, key, text[match.start() : match.end()], match.start(), match.end()))

    for match in _RANGE.finditer(flat):
        add(match, "date", f"{match['y']}-{match['y2']}")
    for match in _MONTHS.finditer(flat):
        add(match, "date", f"{match['m']}-{match['m2']}月")
    for pattern in (_ISO, _DATE, _MONTH_DAY, _DAY):
        for match in pattern.finditer(flat):
            add(match, "date", _date_key(match))
    for match in _PLAN.finditer(flat):
        add(match, "date", match.group())
    for match in _TENTHS.finditer(flat):
        # 六成 is 60%; 半成 and 七八成 are left alone.
        add(match, "percent", f"{(_HAN.get(match['n']) or int(match['n'])) * 10}%")
    for match in _NUMBER.finditer(flat):
        add(match, *_number_key(match))
    if numerals:
        for match in _MAGNITUDE.finditer(flat):
            size = (han_to_int(match["n"]) if match["n"] else 1) * _SCALE[match["scale"]]
            add(match, "money" if "亿" in match["scale"] else "count", str(size))
        for match in _HAN_NUMBER.finditer(flat):
            amount = han_to_int(match["n"]) * _SCALE.get(match["scale"] or "", 1)
            add(match, UNIT_OF[match["unit"].lower()], f"{amount}{_unit_key(match['unit'])}")
        for match in _HAN_AMOUNT.finditer(flat):
            add(match, "number", str(han_to_int(match["n"]) * _SCALE[match["scale"]]))
    return sorted(found, key=lambda value: value.start)


def _narrow(char: str) -> str:
    narrow = unicodedata.normalize("NFKC", char)
    return narrow if len(narrow) == 1 else char


def _date_key(match: re.Match[str]) -> str:
    parts = match.groupdict()
    year, month, day = parts.get("y"), parts.get("m"), parts.get("d")
    return "-".join(p.zfill(2) if p else "" for p in (year, month, day) if p or p is None).strip("-") or "?"


def _number_key(match: re.Match[str]) -> tuple[str, str]:
    amount = Decimal(match["n"].replace(",", ""))
    if match["pct"]:
        suffix = "百分点" if match["pct"] == "个百分点" else match["pct"]
        return "percent", f"{_plain(amount)}{suffix}"
    amount *= _SCALE.get(match["scale"] or "", 1)
    unit = (match["unit"] or "").lower()
    return UNIT_OF.get(unit, "number"), f"{_plain(amount)}{_unit_key(unit)}"


def _unit_key(unit: str) -> str:
    return _SAME_UNIT.get(unit.lower(), unit.lower())


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


def digits_in(text: str) -> set[str]:
    """Return the bare figures of ``text`` (``"300"``, ``"5.7"``), width-folded, without separators.

    >>> sorted(digits_in("５.７%、6,000亿元"))
    ['5.7', '6000']
    """
    flat = unicodedata.normalize("NFKC", text)
    return {m.replace(",", "") for m in re.findall(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?", flat)}
