"""What the figures and dates of a clause say to those of a yes/no question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.answer.analyse import Analysis
from app.answer.library import Unit
from app.answer.values import UNIT_OF, Value

ALL = re.compile(r"全部|全都|(?<![成首故古京])都(?![市江])|所有|悉数|统统|全是|全数|一律")
_ABOVE = re.compile(r"超过|以上|至少|不低于|不少于|大于|高于|多于|突破|超出")
_BELOW = re.compile(r"不到|低于|少于|以下|不足|不超过|小于")
_LARGE = 10_000
# 「，对吗？」 「，没错吧」 claim nothing of their own.
_LONGEST_TAG = 5


def claim_start(asked: str) -> int:
    """Return where the clause that claims something begins: behind the last comma, but for 「，对吗」."""
    pieces = [m.end() for m in re.finditer(r"[，,；;。？?：:]", asked) if len(asked) - m.end() > _LONGEST_TAG]
    return pieces[-1] if pieces else 0


def by_values(analysis: Analysis, unit: Unit, asked: str) -> bool | None:
    """Return whether the figures of a unit agree with those a question claims, ``None`` where none decides."""
    own = [v for v in analysis.values if not _is_pronoun_count(v)]
    results: list[bool] = []
    for value in own:
        rivals = [v for v in unit.values if _comparable(v, value)]
        if not rivals:
            continue
        if value.kind == "date" and any(_same_date(v.key, value.key) for v in rivals):
            nearest = nearest_value(rivals, unit, asked)
            same = nearest is None or _same_date(nearest.key, value.key)
            # 「2月28日开了会，是当面开的吗」: the day that agrees is no claim.
            results += [] if same and value.end <= claim_start(asked) else [same]
            continue
        nearest = nearest_value(rivals, unit, asked)
        same = any(_equal(v, value) for v in rivals)
        around = asked[max(0, value.start - 6) : value.end + 6]
        if nearest is not None and not _equal(nearest, value) and (_ABOVE.search(around) or _BELOW.search(around)):
            results.append((number_of(nearest) > number_of(value)) == bool(_ABOVE.search(around)))
        elif same and ALL.search(asked) and any(number_of(v) < number_of(value) for v in rivals):
            results.append(False)
        elif nearest is not None:
            results.append(_equal(nearest, value) or (same and len(rivals) == 1))
        else:
            results.append(same)
    if not results:
        return None
    return all(results)


def _comparable(held: Value, asked: Value) -> bool:
    """Return whether two figures may be the same one; 100亿 without its unit may be any amount of that size."""
    if asked.kind == "number" and number_of(asked) >= _LARGE:
        return held.kind != "date" and number_of(held) >= _LARGE
    return held.kind == asked.kind and _suffix(held) == _suffix(asked)


def _equal(held: Value, asked: Value) -> bool:
    return held.key == asked.key or (asked.kind == "number" and number_of(held) == number_of(asked))


def _same_date(one: str, other: str) -> bool:
    """Return whether one date is the other or a part of it: 2023 and 2023-04-26, 04-26 and 2023-04-26."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) or long.endswith(short)


def _is_pronoun_count(value: Value) -> bool:
    """两个新区 names the two; it claims no figure."""
    return value.kind == "count" and value.key in {"1个", "2个", "1次", "1份", "2家", "2城", "2区"}


def _suffix(value: Value) -> str:
    return value.key.lstrip("0123456789.-")


def number_of(value: Value) -> float:
    """Return the size of a figure without its unit, 0 for one that has none."""
    match = re.match(r"\d+(?:\.\d+)?", value.key)
    return float(match.group()) if match else 0.0


def nearest_value(values: Sequence[Value], unit: Unit, asked: str) -> Value | None:
    """Return the value nearest to the longest stretch both share, within its clause where it holds one."""
    shared = _longest_shared(asked, unit.text)
    if shared is None:
        return None
    start, end = shared
    clause_start = max(unit.text.rfind(mark, 0, start) for mark in "，,；;。、") + 1
    ends = [at for mark in "，,；;。、" if (at := unit.text.find(mark, end)) >= 0]
    clause_end = min(ends, default=len(unit.text))
    inside = [v for v in values if clause_start <= v.start < clause_end]
    return min(inside or values, key=lambda v: min(abs(v.start - end), abs(start - v.end)))


def _longest_shared(asked: str, text: str) -> tuple[int, int] | None:
    """Return the span in ``text`` of the longest stretch (two characters or more, no figures) that both hold."""
    for size in range(min(12, len(asked)), 1, -1):
        for i in range(len(asked) - size + 1):
            piece = asked[i : i + size]
            if any(c.isdigit() or c in "，,。、？?" for c in piece) or piece in UNIT_OF:
                continue
            at = text.find(piece)
            if at >= 0:
                return at, at + size
    return None
