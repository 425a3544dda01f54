"""Questions whose subject is described, not named: 「写明X的那份协议，签约双方是谁」. Pure.

The describing clause finds one sentence, the rest of the question another. The two are chosen together: each by
how well it fits its half, and the pair by what ties them: the section they stand under, or a name that both hold
and the question does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.answer.analyse import content_terms
from app.answer.library import Library, Unit
from app.answer.named import is_place
from app.answer.scopes import announces
from app.answer.select import HOLDS_VALUE, Scored
from app.answer.words import segment, shared_name

_ASKS = re.compile(
    r"多少|几[个项名位家所条座份次种类年天届月号几成]|什么|哪|谁|何时|何地|如何|怎么|怎样|为什么|为何|是否|是不是|"
    r"有没有|吗|多[大长久高远快]|啥|咋|分别|[^，,。；;？?]还是[^，,。；;？?]{1,12}(?:[？?]|$)"
)
# What a description without 那 may end in: kinds of things that have sections, heads, figures of their own.
_KINDS = (
    "协议|文件|合同|方案|计划|办法|通知|意见|规划|备忘录|集群|产业|项目|工程|园区|机构|部门|单位|公司|企业|学校|"
    "高校|大学|医院|城市|基地|平台|目录|职务|专业"
)
# Kinds of things that are texts: what is asked of one stands in it.
_TEXTS = re.compile(
    r"(?:协议书?|文件|合同|方案|计划|办法|通知|意见|规划|备忘录|条例|措施|细则|纪要|公告|合作书|意向书)$"
)
# 「全名叫什么」: asks for the name of the text itself.
_NAME_ASKED = re.compile(r"全[名称]|名[字称]|叫(?:什么|啥)|(?:什么|啥)名|标题|题目")
_MEASURES = "份个家位项条座所处只批笔场次块种类支名间片档款届期套方"
# 「…的那份协议，…」 「…的协议，…」: the noun closes the clause in front of the comma.
_CLOSED = re.compile(
    rf"^(?P<described>.{{5,}})(?:的(?:那|这|该)[一两二三四五六几]?[{_MEASURES}]|的|(?:那|这)[一两二三四五六几]?[{_MEASURES}])"
    r"(?P<noun>[^的那这，,、。？?]{1,10})$"
)
# 「…的那座机场共几条跑道」: without a comma only a pointing word shows where the description ends.
_OPEN = re.compile(rf"^(?P<described>[^，,？?]{{5,}}?)的?那一?[{_MEASURES}](?P<behind>[^，,]{{2,}})$")
# 「…写在哪个集群里，该集群…」: the second half speaks of what the first found.
_BACK = re.compile(
    rf"^(?P<head>.{{8,}}?)[，,；;。？?]\s*(?:同时|而|那么)?(?:这|该|那|此)一?[{_MEASURES}]?(?P<noun>[\u4e00-\u9fff]{{2,6}}?)"
    r"(?=(?:的|到|在|由|有|是|总|共|将|要|计划|一共|\d|[，,]))(?P<rest>.{3,})$"
)
# 「…是谁？他的公司…」, 「哪条线…？它在…」: a pronoun for what the first half asks.
_PRONOUN = re.compile(
    r"^(?P<head>.{8,}?)[，,；;。？?]\s*(?:而|那么?|请问)?(?:它|他|她|其(?!他|它|中|余)|那里|那儿|那边)(?:们|的)?(?P<rest>.{4,})$"
)
# 「…是哪个，后来甲计划要把它建成多大规模」: the pronoun stands within the second half.
_PRONOUN_INSIDE = re.compile(
    r"^(?P<head>.{8,}?)[，,；;。？?]\s*(?P<before>[^，,；;。？?]{1,20}?)[把将对给让为]?(?:它|他|她)(?:们|的)?(?P<rest>[^，,；;。？?]{4,}[？?。]?)$"
)
# 「里面有一家车企，它…」: the first half leaves open which.
_LEFT_OPEN = re.compile(_ASKS.pattern + r"|[有另]一[个家座条项所]")
_LEAST_ASKED = 3
# What ties a pair, in the units of the unit score: the same sentence, section, heading above, document.
_SAME_UNIT = 1.6
_SAME_SECTION = 2.4
_UNDER = 2.0
_SAME_BRANCH = 1.0
_SAME_DOCUMENT = 0.3
_SHARED_NAME = 2.0
# A pair that less ties is two sentences that happen to fit.
_LEAST_TIE = 1.5
# In a description, a sentence that scores this much above all of other texts tells which text is meant.
_APART = 0.5
# Inside a text, one that holds a value of the kind asked goes before others that score up to this much more.
_NEAR = 3.0
_GRAM = 4
_SHORT_LEAD = 30
# So many pairs are read again with the name that ties them, at this weight of the logit.
_READ_AGAIN = 5
_READ_WEIGHT = 0.5
_LEAST_NAME = 4
# 主要负责人, 有关部门 name nobody, though sentences may share them.
_NAMELESS = re.compile(
    r"^(?:以下|有关|相关|各有关|共同|不少于|不低于)|(?:负责人|部门|单位|方面|工作|领导|事项|情况)$"
)
_DESCRIBING = 5
_ANSWERING = 24


@dataclass(frozen=True, slots=True)
class Hops:
    """The two halves of a question: ``described`` tells which thing is meant, ``asked`` what is asked of it."""

    described: str
    asked: str

    @property
    def of_a_text(self) -> bool:
        """Whether the thing described is an agreement or another text, so that the answer stands in it."""
        return bool(_TEXTS.search(self.described))

    @property
    def asks_its_name(self) -> bool:
        """Whether the name of what is described is asked."""
        return bool(_NAME_ASKED.search(self.asked))


@dataclass(frozen=True, slots=True)
class Bridge:
    """The sentence that fits the description and the one that answers, with the score of the pair.

    ``beside`` answers as well, where several things are asked; else it is ``None``. ``inside``: the answer was
    looked for in the text that the description is of, and nowhere else.
    """

    found: Unit
    answer: Scored
    score: float
    beside: Unit | None = None
    inside: bool = False


def split_hops(question: str) -> Hops | None:
    """Return the halves of a question that describes its subject, else ``None``.

    >>> split_hops("写明每年合办画展的那份协议，签约双方是谁？")
    Hops(described='写明每年合办画展的协议', asked='协议，签约双方是谁？')
    >>> split_hops("协议的签约双方是谁？") is None
    True
    """
    back = _BACK.match(question)
    if back:
        return Hops(back["head"], back["noun"] + back["rest"])
    pronoun = _PRONOUN.match(question)
    if pronoun and _LEFT_OPEN.search(pronoun["head"]) and _ASKS.search(pronoun["rest"]):
        return Hops(pronoun["head"], pronoun["rest"])
    pronoun = _PRONOUN_INSIDE.match(question)
    if pronoun and _LEFT_OPEN.search(pronoun["head"]) and _ASKS.search(pronoun["rest"]):
        return Hops(pronoun["head"], pronoun["before"] + pronoun["rest"])
    first = re.match(r"^([^，,？?]{7,})[，,](.+)$", question)
    if first and not _ASKS.search(first[1]) and _ASKS.search(first[2]):
        closed = _CLOSED.match(first[1])
        told = closed and (
            re.search(rf"[那这][一两二三四五六几]?[{_MEASURES}]", first[1])
            or re.search(f"(?:{_KINDS})$", first[1])
        )
        if closed and told and len("".join(content_terms(closed["described"]))) >= _LEAST_ASKED:
            return Hops(closed["described"].rstrip("的") + "的" + closed["noun"], f"{closed['noun']}，{first[2]}")
    open_ = _OPEN.match(question.rstrip("？?。"))
    if open_ and not _ASKS.search(open_["described"]) and _ASKS.search(open_["behind"]):
        noun, *others = segment(open_["behind"])
        # 「那家上海车企」: the place belongs to the noun.
        noun += others[0] if is_place(noun) and others else ""
        rest = open_["behind"][len(noun) :]
        if len(noun) >= 2 and len(rest) >= _LEAST_ASKED and not _ASKS.search(noun):
            return Hops(f"{open_['described']}的{noun}", noun + rest)
    return None


def best_bridge(
    question: str,
    describing: Sequence[Scored],
    answering: Sequence[Scored],
    library: Library,
    *,
    read: Callable[[str, Unit], float] | None = None,
) -> Bridge | None:
    """Return the best pair of a sentence that fits the description and one that answers, or ``None``.

    ``read`` tells by a logit how surely a unit answers what is asked of a name: the best few pairs that share one
    are read again so.
    """
    found = [s for s in describing if not s.unit.is_heading][:_DESCRIBING]
    answers = [s for s in answering if not s.unit.is_heading][:_ANSWERING]
    pairs = []
    for one in found:
        for other in answers:
            tied = tie(question, one.unit, other.unit, library)
            if tied >= _LEAST_TIE or (
                read is not None and len(_tying(question, one.unit, other.unit, library)) >= _LEAST_NAME
            ):
                pairs.append(Bridge(one.unit, other, one.score + other.score + tied))
    if read is not None:
        pairs = _read_again(question, pairs, library, read)
    best = max(pairs, key=lambda pair: pair.score, default=None)
    if best is None or len(_ASKS.findall(question)) < 2:
        return best
    others = [p for p in pairs if p.found is best.found and p.answer.unit not in (best.found, best.answer.unit)]
    second = max(others, key=lambda pair: pair.score, default=None)
    return best if second is None else replace(best, beside=second.answer.unit)


def _read_again(
    question: str, pairs: Sequence[Bridge], library: Library, read: Callable[[str, Unit], float]
) -> list[Bridge]:
    """Return the pairs, the best few scored by how surely their answer speaks of the name that ties them."""
    ordered = sorted(pairs, key=lambda pair: -pair.score)
    first: dict[int, Bridge] = {}
    for pair in ordered:
        first.setdefault(pair.answer.unit.number, pair)
    close = list(first.values())[:_READ_AGAIN]
    read_pairs = []
    for pair in close:
        unit = pair.answer.unit
        name = _tying(question, pair.found, unit, library)
        own = pair.answer.features.get("judged", 0.0)
        logit = read(name, unit) if len(name) >= _LEAST_NAME else own
        if logit > 0 or tie(question, pair.found, unit, library) >= _LEAST_TIE:
            read_pairs.append(replace(pair, score=pair.score + _READ_WEIGHT * logit))
    return read_pairs


def _tying(question: str, found: Unit, answer: Unit, library: Library) -> str:
    """Return the longest name that two sentences share and a question does not hold, or ``""``."""
    if found is answer:
        return ""
    name = shared_name(question, found.folded, _lead(found, answer, library) + answer.folded).lstrip("的")
    return "" if _NAMELESS.search(name) else name


def clearly_first(described: Sequence[Scored], held: Callable[[Unit], bool]) -> bool:
    """Return whether no sentence outside the place of the first one fits a description nearly as well."""
    outside = [s.score for s in described if not held(s.unit)]
    return not outside or described[0].score - max(outside) >= _APART


def inside_bridge(found: Scored, inside: Sequence[Scored], halves: Hops) -> Bridge | None:
    """Return the pair of a description and the sentence ``inside`` its text that answers, or ``None``."""
    answers = [s for s in inside if not s.unit.is_heading]
    if halves.asks_its_name:
        answers = [s for s in answers if announces(s.unit.text)] or answers
    holding = [
        s for s in answers if s.features.get("type", 0.0) >= HOLDS_VALUE and answers[0].score - s.score <= _NEAR
    ]
    # 「这五个方面具体包括：」 only announces what a whole sentence says.
    answers = [s for s in holding if not s.features.get("lead_in")] or holding or answers
    if not answers:
        return None
    several = len(_ASKS.findall(halves.asked)) > 1
    beside = answers[1].unit if several and len(answers) > 1 else None
    return Bridge(found.unit, answers[0], found.score + answers[0].score, beside, inside=True)


def tie(question: str, found: Unit, answer: Unit, library: Library) -> float:
    """Return what ties two sentences: where they stand, and the names that both hold."""
    if found.number == answer.number:
        return _SAME_UNIT
    place = 0.0
    if found.doc_id == answer.doc_id:
        place = _place(found.headings, answer.headings)
    return max(place, 0.0) + _SHARED_NAME * _shared(question, found, answer, library)


def _place(found: tuple[str, ...], answer: tuple[str, ...]) -> float:
    if found == answer:
        return _SAME_SECTION if found else _SAME_DOCUMENT
    if answer and found[: len(answer)] == answer:
        return _UNDER
    return _SAME_BRANCH if found[:1] == answer[:1] and found else _SAME_DOCUMENT


def _shared(question: str, found: Unit, answer: Unit, library: Library) -> float:
    """Return in [0, 1] how rare the stretches are that both sentences hold and the question does not."""
    grams = _grams(found.folded) & (
        _grams(answer.folded) | _grams(answer.heading_folded) | _grams(_lead(found, answer, library))
    )
    new = [gram for gram in sorted(grams) if gram[:2] not in question or gram[2:] not in question]
    rarity = sum((library.weight(gram) / library.weight_of_absent) ** 2 for gram in new)
    codes = set(_CODE.findall(found.folded)) & set(_CODE.findall(answer.folded))
    rarity += _CODES * any(code not in question for code in codes)
    return min(1.0, rarity / 2)


def _lead(found: Unit, answer: Unit, library: Library) -> str:
    """Return the short sentence before an answer, which names what it goes on about, folded: 「建好资源库。」.

    Nothing where that is the sentence found first: it shares all its names with itself.
    """
    before = library.units_of(answer.passage_index)[answer.row - 1] if answer.row else found
    return before.folded if before != found and len(before.folded) <= _SHORT_LEAD else ""


# C7线, 12号线, G50: what letters and figures name.
_CODE = re.compile(r"[a-z]{1,3}\d{1,4}(?:线|路|高速)?|\d{1,3}号线")
_CODES = 1.5


def _grams(text: str) -> set[str]:
    pieces = (text[i : i + _GRAM] for i in range(len(text) - _GRAM + 1))
    return {piece for piece in pieces if all("\u4e00" <= c <= "\u9fff" for c in piece)}


def scope_of(unit: Unit, library: Library, *, most: int = 12) -> list[int]:
    """Return the passages of the unit's section and of the headings above it, nearest first, as their numbers."""
    own = library.passages[unit.passage_index]
    near: list[int] = []
    for step in range(-most * 3, most * 3 + 1):
        number = unit.passage_index + step
        if not 0 <= number < len(library.passages):
            continue
        other = library.passages[number]
        if other.doc_id != own.doc_id:
            continue
        path = other.heading_path
        if own.heading_path[: len(path)] == path and (path or abs(step) <= 2):
            near.append(number)
    return sorted(near, key=lambda number: abs(number - unit.passage_index))[:most]
