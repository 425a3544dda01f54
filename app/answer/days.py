"""What happened on one day: every clause that speaks of it, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.answer.analyse import Analysis
from app.answer.library import Library, Unit
from app.answer.select import Scored, day_fit, year_fit
from app.answer.values import month_and_day
from index.duplicates import same_claim

_MOST_EVENTS = 4
_DAY_ASKED = re.compile(r"(?:\d{1,2}月|-)\d{1,2}(?:[日号]|(?!\d))")
# 「甲路通车那天，乙区哪条路动工」: the day is that of something told, not named.
_THAT_DAY = re.compile(
    r"^(?P<told>[^，,？?]{4,40}?)的?(?:那一?天|那一?日|当天|当日|同一天|同天|同日)[，,]?(?P<asked>.{4,})$"
)
_EVENTS = re.compile(
    r"(?:发生|举行|举办|开展|启动|进行|做|干|搞|办|忙|有)(?:了|过|着|的是?)?(?:哪|什么|啥|几)[\u4e00-\u9fff\d]{0,4}?(?:事|活动|动作|动静|动态|进展|安排)"
    r"|哪[一二两三几\d]?[件桩些个][\u4e00-\u9fff]{0,8}?(?:事|活动)|(?:什么|啥|几)[\u4e00-\u9fff\d]{0,4}?(?:大事|事情|事件|事儿|活动)|发生(?:了|过|的是?)(?:什么|啥)|(?:做|干|忙)(?:了|过|的是?)(?:什么|啥)"
)


def asks_of_a_day(analysis: Analysis) -> bool:
    """Return whether a question asks what happened on a day that it names with its month."""
    return bool(_DAY_ASKED.search(analysis.folded) and _EVENTS.search(analysis.folded))


def events_of_day(analysis: Analysis, scored: Sequence[Scored], library: Library) -> list[Unit]:
    """Return the clauses of the documents found that hold the day of a question, the best first, each claim once.

    At most four, none of another year; none where the question does not ask what happened on a day.
    """
    if not asks_of_a_day(analysis):
        return []
    rank = {s.unit.number: n for n, s in enumerate(scored)}
    passages = (n for d in dict.fromkeys(s.unit.doc_id for s in scored) for n in library.store.passages_of[d])
    held = [
        unit
        for number in passages
        for unit in library.units_of(number)
        if not unit.is_heading and day_fit(analysis, unit) > 0 and year_fit(analysis, unit, "") >= 0
    ]
    held.sort(key=lambda unit: (rank.get(unit.number, len(rank)), unit.number))
    events: list[Unit] = []
    for unit in held:
        if not any(one.text == unit.text or same_claim(one.text, unit.text) for one in events):
            events.append(unit)
    return events[:_MOST_EVENTS]


def that_day(question: str) -> tuple[str, str] | None:
    """Return what a question tells of a day that it does not name, and what it asks of that day, else ``None``.

    >>> that_day("甲路通车那天，乙区哪条路动工？")
    ('甲路通车', '乙区哪条路动工？')
    """
    match = _THAT_DAY.match(question)
    if match is None or _DAY_ASKED.search(match["told"]):
        return None
    return match["told"], match["asked"]


def day_of(unit: Unit) -> str:
    """Return the first day with its month that a clause holds as 5月20日, or ``""``."""
    for value in unit.values:
        month, _, day = month_and_day(value).partition("-")
        if day:
            return f"{int(month)}月{int(day)}日"
    return ""
