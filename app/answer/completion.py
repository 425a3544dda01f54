"""What belongs to a chosen unit though it stands elsewhere: who is responsible, by when, and of which month."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.answer.analyse import Analysis
from app.answer.library import Library, Unit
from app.answer.select import RESPONSIBLE
from app.answer.values import is_day_alone, same_day

# How many units behind the chosen one are looked at.
_REACH = 6
_TIME_LIMIT = re.compile(r"(?:完成|办理|办结|截止|落实|推进)?(?:时限|期限|时间|日期)\s*[:：]")
_ASKED_DUTY = re.compile(r"牵头|负责|责任|领头|领衔|带头|主管|主抓|承办|主办|配合|归口|抓落实|落实")


def completed(chosen: Sequence[Unit], analysis: Analysis, library: Library) -> list[Unit]:
    """Return the chosen units, the first followed by what its task says of those responsible, or by its month.

    Plans and task lists print 「责任单位：…；完成时限：…」 behind a task, often as a sentence of its own; it is
    the answer to who and by when, whatever the task itself says.
    """
    if not chosen:
        return []
    wants_duty = bool(analysis.kinds & {"who", "party"}) or bool(_ASKED_DUTY.search(analysis.folded))
    wants_time = "date" in analysis.kinds
    if not wants_duty and not wants_time:
        return list(chosen)
    first, *rest = chosen
    added = [
        unit
        for unit in _behind(first, library)
        if (wants_duty and RESPONSIBLE.search(unit.folded)) or (wants_time and _TIME_LIMIT.search(unit.folded))
    ]
    if wants_time and not added:
        added = month_of(first, library)
    numbers = {unit.number for unit in added}
    return [first, *added, *(unit for unit in rest if unit.number not in numbers)]


def month_of(unit: Unit, library: Library) -> list[Unit]:
    """Return the nearest sentence before ``unit`` that names the month of the only day it gives, or nothing.

    A report names the month once, 「12月17日，…」, and goes on with 「17日，…」.
    """
    dates = {value.key: value for value in unit.values if value.kind == "date"}
    if len(dates) != 1 or not is_day_alone(day := next(iter(dates.values()))):
        return []
    for number in range(unit.number - 1, -1, -1):
        before = library.units[number]
        if before.doc_id != unit.doc_id:
            break
        if any(same_day(value, day) for value in before.values):
            return [before]
    return []


def _behind(unit: Unit, library: Library) -> list[Unit]:
    """Return the units behind ``unit`` that belong to the same item, in order."""
    text = library.documents[unit.doc_id].text
    found: list[Unit] = []
    end = unit.end
    for other in library.units[unit.number + 1 : unit.number + 1 + _REACH]:
        if other.doc_id != unit.doc_id or other.is_heading:
            break
        new_line = "\n" in text[end : other.start]
        if new_line and not RESPONSIBLE.match(other.folded.lstrip("(")):
            break
        found.append(other)
        end = other.end
    return found


# 「在这个公园，…」: the sentence says what is named before it.
_SPEAKS_OF = re.compile(
    r"^(?:在|从|走进|来到)?(?:这|该|此)(?:一|个|座|条|家|所|片|处|项|支|款|份)?(?P<noun>[\u4e00-\u9fff]{2,4}?)"
    r"(?=[,，里中内上的是将由已总共在])"
)
_NAME_WANTED = re.compile(
    r"叫(?:什么|啥|个什么|个啥)|(?:什么|啥)名|名[字称]|是(?:哪|什么)|哪[一个座条家所片处项]|全称|正式名"
)


def with_antecedent(chosen: Sequence[Unit], analysis: Analysis, library: Library) -> list[Unit]:
    """Return the chosen units, the first led by the sentence that names what it only points at.

    Where a name is asked and the best unit opens with 「在这个公园」, the nearest sentence
    before it in its passage or the one above that holds 公园 behind a name goes in front.
    """
    if not chosen:
        return []
    first, *rest = chosen
    points = _SPEAKS_OF.match(first.text)
    if points is None or not _NAME_WANTED.search(analysis.folded):
        return list(chosen)
    for before in reversed(library.units_around(first, passages=1)):
        if before.start < first.start and re.search(rf"[\u4e00-\u9fff”]{{2}}{points['noun']}", before.text):
            return [before, first, *(unit for unit in rest if unit.number != before.number)]
    return list(chosen)


_MAX_SENTENCE_CHARS = 320
_ONE_OF_SEVERAL = re.compile(
    r"(?:^|[，,：:])(?:[一二三四五六]是|(?:另|其中)?一(?:个|条|类|家|座|份|项|种|方面)(?:由|是|为|在|位|从)|另一(?:个|条|类|家|座|份|项|种|方面)|其[一二三]|首先|其次|再次)"
)


def whole_sentences(chosen: Sequence[Unit], library: Library) -> list[Unit]:
    """Return the chosen units, the first with the other clauses of its sentence, which semicolons cut apart.

    「一条由甲至乙，长…；另一条由丙至丁，长…」: what is asked for as a list may stand in all of them.
    """
    if not chosen:
        return []
    first, *rest = chosen
    sentence = _sentence_of(first, library)
    told_apart = sum(bool(_ONE_OF_SEVERAL.search(unit.text)) for unit in sentence) >= 2
    if not told_apart or sum(len(unit.text) for unit in sentence) > _MAX_SENTENCE_CHARS:
        sentence = [first]
    numbers = {unit.number for unit in sentence}
    return [*sentence, *(unit for unit in rest if unit.number not in numbers)]


def _sentence_of(unit: Unit, library: Library) -> list[Unit]:
    numbers = [unit.number]
    while _goes_on(library.units[numbers[-1]]) and _follows(numbers[-1], numbers[-1] + 1, library):
        numbers.append(numbers[-1] + 1)
    while _follows(numbers[0], numbers[0] - 1, library) and _goes_on(library.units[numbers[0] - 1]):
        numbers.insert(0, numbers[0] - 1)
    return [library.units[number] for number in numbers]


def _goes_on(unit: Unit) -> bool:
    return unit.text.rstrip()[-1:] in "；;"


def _follows(one: int, other: int, library: Library) -> bool:
    """Return whether two units stand in one document and on one line."""
    if not 0 <= other < len(library.units):
        return False
    first, second = sorted((library.units[one], library.units[other]), key=lambda unit: unit.number)
    if first.doc_id != second.doc_id:
        return False
    return "\n" not in library.documents[first.doc_id].text[first.end : second.start]


_ACTOR_ASKED = re.compile(r"哪一?家|谁家|是谁|哪个(?:企业|公司|单位|机构|部门|学校|医院)|哪所|哪支")
# What an organisation's name ends in, or the trade a company's name ends in.
_ACTOR = re.compile(
    r"公司|集团|银行|大学|学院|医院|研究院|研究所|中心|实验室|管委会|协会|商会|联盟|学校|[局委厅]"
    r"|[\u4e00-\u9fff]{2}(?:汽车|科技|股份|电子|重工|制药|药业|实业|控股|航空)"
)
_ACTOR_REACH = 3


def with_actor(chosen: Sequence[Unit], analysis: Analysis, library: Library) -> list[Unit]:
    """Return the chosen units led by the sentence of their paragraph that names who acts, where that is asked.

    A paragraph names its company once, 「比如，甲公司…」, and goes on without it.
    """
    if not chosen or not _ACTOR_ASKED.search(analysis.folded) or _ACTOR.search(chosen[0].text):
        return list(chosen)
    best = chosen[0]
    for number in range(best.number - 1, max(-1, best.number - 1 - _ACTOR_REACH), -1):
        before = library.units[number]
        if before.doc_id != best.doc_id or before.is_heading or before.passage_index != best.passage_index:
            break
        if _ACTOR.search(before.text):
            return [before, *(unit for unit in chosen if unit.number != before.number)]
    return list(chosen)


_POINT = re.compile(
    r"^\s*[“\"]?(?:首先|其次|再次|再者|最后|此外|另外|第[一二三四五六七八九](?=[，,、：:是])|[一二三四五六七八九]是)"
)
_FIRST_POINT = re.compile(r"^\s*[“\"]?(?:首先|第一(?=[，,、：:是])|一是)")
_ANNOUNCED = re.compile(r"[二两三四五六七八九\d](?:个|大|点|条|项|方面)")
# Sentences between two points that go on with the first of them.
_BETWEEN = 2
_MAX_POINTS_CHARS = 600


def with_points(chosen: Sequence[Unit], library: Library) -> list[Unit]:
    """Return the chosen units, the first followed by the points that it announces: 首先…。其次…。最后….

    Speeches and notices give a list as sentences of their own; 「在三个方面」 alone is no answer to 「哪三个」.
    """
    first, *rest = chosen
    if _POINT.search(first.text):
        start = _first_point(first, library)
    elif _ANNOUNCED.search(first.text) and _is_point(first, first.number + 1, library, _FIRST_POINT):
        start = first.number + 1
    else:
        return list(chosen)
    points: list[Unit] = []
    number, gap = start, 0
    while number < len(library.units) and library.units[number].doc_id == first.doc_id and gap <= _BETWEEN:
        unit = library.units[number]
        again = bool(points) and bool(_FIRST_POINT.search(unit.text))
        if unit.is_heading or again:
            break
        gap = 0 if _POINT.search(unit.text) else gap + 1
        points += [unit] if gap == 0 else []
        number += 1
    if len(points) < 2 or sum(len(unit.text) for unit in points) > _MAX_POINTS_CHARS:
        return list(chosen)
    numbers = {unit.number for unit in points}
    lead = [] if first.number in numbers else [first]
    return [*lead, *points, *(unit for unit in rest if unit.number not in numbers)]


def _first_point(unit: Unit, library: Library) -> int:
    """Return the number of the unit that opens the points of which ``unit`` is one, else its own."""
    for number in range(unit.number, max(-1, unit.number - 4 * (_BETWEEN + 1)), -1):
        if library.units[number].doc_id != unit.doc_id:
            break
        if _FIRST_POINT.search(library.units[number].text):
            return number
    return unit.number


def _is_point(unit: Unit, number: int, library: Library, pattern: re.Pattern[str]) -> bool:
    if number >= len(library.units) or library.units[number].doc_id != unit.doc_id:
        return False
    return bool(pattern.search(library.units[number].text))


_SPEAKER = re.compile(
    r"^[^，,。；;]{2,40}[:：](?=[^\s])|[\u4e00-\u9fff]{2,24}?(?:表示|指出|认为|介绍|强调|透露|说|建议)(?=[，,:：。“])"
)
_BESIDE_SPEAKER = 2


def with_speaker(chosen: list[Unit], library: Library) -> list[Unit]:
    """Return the units led by the sentence that names who speaks, where the best unit does not.

    The speaker of a quoted statement is named once, at its head: the nearest sentence before it under the same
    heading that opens with a name and a colon, or that holds a verb of saying.
    """
    best = chosen[0]
    if _SPEAKER.search(best.text):
        return chosen
    before = [
        u
        for u in library.units_around(best)
        if u.start < best.start and u.headings == best.headings and _SPEAKER.search(u.text)
    ]
    if not before:
        return chosen
    speaker = before[-1]
    return [speaker, *[u for u in chosen if u.number != speaker.number][:_BESIDE_SPEAKER]]
