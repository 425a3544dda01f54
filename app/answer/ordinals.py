"""The first and the second of something, set side by side: 「第一次会议和第二次分别在哪天」."""

from __future__ import annotations

import re

from app.answer.library import Library, Unit
from app.answer.values import han_to_int

_MEASURES = "次届批期轮场回"
_ORDINAL = re.compile(
    rf"第(?P<n>[一二三四五六七八九十\d]{{1,3}})(?P<m>[{_MEASURES}])|(?P<first>首|头一?)(?P<m1>[{_MEASURES}])"
)
# 「头两回联席会」: the first and the second.
_FIRST_TWO = re.compile(rf"(?:头|前|首|起初)[两二2](?P<m>[{_MEASURES}])")
_JOINED = re.compile(r"(?P<noun>[^,，。;；?？和与跟同及、]{0,8})(?:和|与|跟|同|及|以及|、|对比|比起|相比|,|，)+")
_APART = re.compile(
    r"不同|区别|异同|一样|一致|相同|差|相比|对比|比较|比起|各(?![地类项种市级方部单区界族位色省县国])|分别|哪|谁|一[次届回场].{1,12}一[次届回场]|vs"
)


def ordinals(text: str) -> frozenset[tuple[int, str]]:
    """Return the places in an order that a text names, each with its measure word; 首 and 头一 are the first.

    >>> sorted(ordinals("首届论坛，第2次会议，头一回")), sorted(ordinals("第二期"))
    ([(1, '届'), (1, '次'), (2, '次')], [(2, '期')])
    """
    return frozenset(
        (_place(match), (match["m"] or match["m1"]).replace("回", "次")) for match in _ORDINAL.finditer(text)
    )


def ordinal_fit(folded: str, unit: Unit, library: Library) -> float:
    """Return 1 where a unit speaks of the member of an order that a folded question names, -1 of others only.

    One that names no member goes on from the nearest before it in its passage that does: half as much.
    """
    asked = frozenset() if claims_place(folded) else ordinals(folded)
    if not asked:
        return 0.0
    measures = {measure for _, measure in asked}
    told = [one for one in library.units_of(unit.passage_index) if one.number <= unit.number]
    for one in reversed(told):
        held = {each for each in ordinals(one.folded) if each[1] in measures}
        if held:
            return (1.0 if asked & held else -1.0) * (1.0 if one is unit else 0.5)
    return 0.0


_CLAIMED = re.compile(rf"(?:是|为|算|属)[^，,。；;？?]{{0,30}}?(?:{_ORDINAL.pattern})")


def claims_place(question: str) -> bool:
    """Return whether a question says which place something takes in an order, rather than naming it by that.

    >>> claims_place("这是第一次会议吗"), claims_place("第一次会议是线上开的吗")
    (True, False)
    """
    return bool(_CLAIMED.search(question))


def _place(match: re.Match[str]) -> int:
    number = match["n"]
    if not number:
        return 1
    return int(number) if number.isdigit() else han_to_int(number)


def ordinal_sides(question: str) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """Return the names of two members of one order that a question sets side by side, and what is asked of each.

    ``None`` where it does not.

    >>> ordinal_sides("两地第一次会议和第二次分别在哪天？")
    (('第一次会议', '第二次会议'), ('两地第一次会议分别在哪天？', '两地第二次会议分别在哪天？'))
    >>> ordinal_sides("两地头两回联席会都在哪天开？")[0]
    ('第一次联席会', '第二次联席会')
    >>> ordinal_sides("第二次会议在哪天？") is None
    True
    """
    both = _FIRST_TWO.search(question)
    if both:
        noun = re.match(r"[\u4e00-\u9fff]{0,6}?(?=[,，。?？的分都各在是]|$)", question[both.end() :])
        measure = both["m"].replace("回", "次")
        names = tuple(f"第{n}{measure}" for n in "一二")
        head, tail = question[: both.start()], question[both.end() :]
        called = noun.group() if noun else ""
        return (names[0] + called, names[1] + called), (head + names[0] + tail, head + names[1] + tail)
    found = list(_ORDINAL.finditer(question))
    if len(found) != 2 or len(ordinals(question)) != 2 or not _APART.search(question):
        return None
    first, second = found
    between = _JOINED.fullmatch(question[first.end() : second.start()])
    if between is None:
        return None
    head, tail = question[: first.start()], question[second.end() :]
    noun_behind = between["noun"].removesuffix("的")
    spoken = [f"第{'一二三四五六七八九十'[n - 1]}" if (n := _place(m)) <= 10 else m.group()[:-1] for m in found]
    measures = [(m["m"] or m["m1"]).replace("回", "次") for m in found]
    names = tuple(f"{s}{m}{noun_behind}" for s, m in zip(spoken, measures, strict=True))
    return (names[0], names[1]), (head + names[0] + tail, head + names[1] + tail)
