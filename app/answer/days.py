"""What happened on one day: every clause that speaks of it, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.answer.analyse import Analysis
from app.answer.library import Library, Unit
from app.answer.select import Scored, day_fit
from index.duplicates import same_claim

MOST_EVENTS = 4
_DAY_ASKED = re.compile(r"(?:\d{1,2}月|-)\d{1,2}(?:[日号]|(?!\d))")
_EVENTS = re.compile(
    r"(?:发生|举行|举办|开展|启动|进行|做|干|搞|办|忙|有)(?:了|过|着|的是?)?(?:哪|什么|啥|几)[\u4e00-\u9fff\d]{0,4}?(?:事|活动|动作|动静|动态|进展|安排)"
    r"|(?:哪|什么|啥|几)[\u4e00-\u9fff\d]{0,4}?(?:大事|事情|事件|事儿|活动)|发生(?:了|过|的是?)(?:什么|啥)|(?:做|干|忙)(?:了|过|的是?)(?:什么|啥)"
)


def asks_of_a_day(analysis: Analysis) -> bool:
    """Return whether a question asks what happened on a day that it names with its month."""
    return bool(_DAY_ASKED.search(analysis.folded) and _EVENTS.search(analysis.folded))


def events_of_day(analysis: Analysis, scored: Sequence[Scored], library: Library) -> list[Unit]:
    """Return the clauses of the documents found that hold the day of a question, the best first, each claim once.

    At most four; none where the question does not ask what happened on a day.
    """
    if not asks_of_a_day(analysis):
        return []
    rank = {s.unit.number: n for n, s in enumerate(scored)}
    found_in = {s.unit.doc_id for s in scored}
    held = [
        unit
        for unit in library.units
        if unit.doc_id in found_in and not unit.is_heading and unit.values and day_fit(analysis, unit) > 0
    ]
    held.sort(key=lambda unit: (rank.get(unit.number, len(rank)), unit.number))
    events: list[Unit] = []
    for unit in held:
        if not any(one.text == unit.text or same_claim(one.text, unit.text) for one in events):
            events.append(unit)
    return events[:MOST_EVENTS]
