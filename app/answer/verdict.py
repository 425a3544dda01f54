"""是 or 否, where a figure, a date, a frequency, a negation or the wording decides it; else nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.answer.analyse import Analysis
from app.answer.lexicon_files import load_lexicon
from app.answer.library import Unit
from app.answer.named import named_areas, named_places
from app.answer.ordinals import claims_place, ordinals
from app.answer.select import TermMatcher
from app.answer.values import UNIT_OF, Value

_FREQUENCIES = ("每年", "每月", "每周", "每季度", "每半年", "隔年", "每两年", "每日", "每天")
_ALL = re.compile(r"全部|全都|(?<![成首故古京])都(?![市江])|所有|悉数|统统|全是|全数|一律")
_NEGATION = re.compile(
    r"不(?!仅|但|断|同|少|只|过)|未(?!来)|无(?=需|须|法|权)|没有|没(?=有|能|被)|禁止|严禁|非(?=公开|强制)"
)
_QUESTION_FORMS = re.compile(
    r"是不是|有没有|能不能|会不会|要不要|对不对|算不算|可不可以|在不在|是否|有无|能否|可否|不是吗|没错吧"
)
_PERMISSION = re.compile(r"可以|允许|准许|能够|能(?!源|力|级|效)|可(?!持续|行|靠|能)")
_CAN_OR_NOT = re.compile(r"能不能|可不可以|能否|可否")
_PROHIBITION = re.compile(r"不得|严禁|禁止|不准|不允许|不可以|不能")
_DENIES = re.compile(r"不(?:享受|予(?!以?追究)|重复享受|纳入|作为)")
_EXCEPTS = re.compile(r"不受|不适用|不计入|除外|不影响|不排斥|除[^，,。]{1,20}外")
_ABOVE = re.compile(r"超过|以上|至少|不低于|不少于|大于|高于|多于|突破|超出")
_BELOW = re.compile(r"不到|低于|少于|以下|不足|不超过|小于")
# Below this share of the question's content in the clause, silence is better than a verdict.
_SURE = 0.55
# Below this share it speaks of something else.
_ABOUT_IT = 0.3
_LARGE = 10_000
# A part of a clause with so many pairs of characters in common speaks of what is asked.
_SPEAKS_OF_IT = 2


def verdict(analysis: Analysis, units: Sequence[Unit], matcher: TermMatcher) -> bool | None:
    """Return True for 是, False for 否, None where the clauses do not decide.

    The best unit decides; a figure of the question is held against the figure of the same kind that stands
    nearest to the words the question shares with the unit.
    """
    unit = units[0]
    asked = _QUESTION_FORMS.sub("", analysis.folded)
    if _NEGATION.search(asked):
        if _shares_negation(asked, unit.folded):
            return True
        # The clause affirms what the question denies, where it says all of it without a negation.
        denied = not _NEGATION.search(unit.folded) and matcher.covers(unit.folded) >= _SURE
        return False if denied else None
    asked_act = _CAN_OR_NOT.sub("能", analysis.folded)
    decided = _by_prohibition(asked_act if _PERMISSION.search(asked_act) else asked, unit.folded)
    if decided is None:
        decided = _by_values(analysis, unit, asked)
    if decided is not False and _not_all(unit, asked):
        decided = False
    if decided is not False and _another_in_order(asked, unit.folded):
        # Of 「第一次会议开了吗」 a clause about the second tells nothing.
        return False if claims_place(analysis.folded) else None
    if decided is None:
        decided = _by_actor(asked, unit.folded)
    if decided is None and _exchanged(asked, unit.folded):
        decided = False
    if decided is None:
        decided = _by_frequency(asked, unit.folded)
    if decided is None:
        decided = _by_negation(asked, unit.folded)
    covered = matcher.covers(unit.folded + unit.heading_folded)
    if decided is None and covered >= _ABOUT_IT and _opposite(asked, unit.folded):
        decided = False
    says_all = not any(word not in unit.folded for word in _LIMITS.findall(asked))
    if decided is None and says_all and covered >= _SURE:
        decided = True
    return _held_back(decided, asked, unit.folded)


def _held_back(decided: bool | None, asked: str, text: str) -> bool | None:
    """Return the verdict, but no 是 over a clause that denies, and no 否 over one that makes an exception.

    「中医也算吗」 against 「…扩大到四市，中医类暂不纳入」 is denied by the part that speaks of it; where no part
    does, the wording is left to the reader.
    """
    if decided is False and _EXCEPTS.search(text) and not _PROHIBITION.search(text):
        return None
    denied = [part for part in re.split(r"[，,。；;]", text) if _NEGATION.search(part)]
    if decided is not True or not denied or _NEGATION.search(asked):
        return decided
    pairs = {asked[i : i + 2] for i in range(len(asked) - 1) if asked[i : i + 2].isalpha()}
    shared = max(sum(pair in part for pair in pairs) for part in denied)
    return False if shared >= _SPEAKS_OF_IT and not _EXCEPTS.search(text) else None


# 「都完成了吗」 against 「完成60%」; a rate of growth is no share.
_GROWN = re.compile(r"增长|增速|提高|提升|下降|降低|减少|上升|同比|增幅|涨|高于|超")


def _not_all(unit: Unit, asked: str) -> bool:
    """Return whether the question says all of something and the clause gives a share below the whole."""
    shares = [v for v in unit.values if v.kind == "percent" and v.key.endswith("%")]
    if not _ALL.search(asked) or _ALL.search(unit.folded) or not shares or any(_number(v) >= 100 for v in shares):
        return False
    nearest = _nearest(shares, unit, asked)
    return nearest is not None and not _GROWN.search(unit.text[max(0, nearest.start - 8) : nearest.start])


def _another_in_order(asked: str, text: str) -> bool:
    """「是第一次会议吗」 against 「第二次会议」: the clause names another place in the same order."""
    held, wanted = ordinals(text), ordinals(asked)
    measures = {measure for _, measure in wanted}
    return not wanted & held and any(measure in measures for _, measure in held)


# What the clause must say too before 是 stands: 「是否只有甲市」 is not answered by 「甲市…」.
_LIMITS = re.compile(
    r"固定|唯一|独家|独自|单独|只有|仅有|仅限|只能|必须|永久|首次|首个|第一个|最大|最高|最早|最多|全职|免费|无偿"
)


def _opposite(asked: str, text: str) -> bool:
    """Return whether the question says one of two words that exclude each other, and the clause only the other."""
    for one, other in load_lexicon().opposites:
        for wanted, excluded in ((one, other), (other, one)):
            if any(word in asked for word in wanted):
                says = any(word in text for word in wanted)
                if not says and any(word in text for word in excluded):
                    return True
    return False


# 「是某局批的吗」: what an office does to a thing, longest first.
_ACTS = (
    "批准|审批|批复|批|印发|发布|公布|出台|制定|起草|签署|签订|签|主办|承办|举办|办|设立|建设|建|投资|出资|运营|"
    "管理|提出|牵头|负责|开发|研发|组织"
)
_ACTOR_ASKED = re.compile(rf"是由?(?P<actor>[\u4e00-\u9fff]{{3,16}}?)(?P<act>{_ACTS})(?:设立)?的[吗么吧?？]")
_BEFORE_ACTOR = re.compile(r"[^\u4e00-\u9fff]|[是由被经为]")


def _by_actor(asked: str, text: str) -> bool | None:
    """「甲管委会批的吗」 against 「乙管委会批准」: the office that the clause names before the same act."""
    match = _ACTOR_ASKED.search(asked)
    if not match:
        return None
    wanted, act = match["actor"], match["act"]
    for held in re.finditer(act, text):
        actor = _BEFORE_ACTOR.split(text[max(0, held.start() - 20) : held.start()])[-1]
        if actor.endswith(wanted) or (len(actor) >= 3 and wanted.endswith(actor)):
            return True
        # An office of the same kind under another name; 管委会 alone may be either.
        if len(actor) > 4 and actor[-2:] == wanted[-2:] and wanted not in text:
            return False
    return None


def _exchanged(asked: str, text: str) -> bool:
    """Return whether the question names an area or place that the clause lacks while it names another such."""
    for named in (lambda t: named_areas(t, known=lambda _: True), named_places):
        held, wanted = set(named(text)), set(named(asked))
        if held and wanted and not any(name in text for name in wanted):
            return True
    return False


def _shares_negation(asked: str, text: str) -> bool:
    """Return whether the clause negates the same words as the question."""
    for match in _NEGATION.finditer(asked):
        after = re.match(r"[^\W_]{1,2}", asked[match.end() :])
        if after and match.group() + after.group() in text:
            return True
    return False


def _by_prohibition(asked: str, text: str) -> bool | None:
    """「可以转让吗」 against 「不得转让」: what is prohibited may not be done.

    A clause that only prohibits decides it in other words too: 「能发工资吗」 against 「不得用于人员经费」. One
    that also permits something or names an exception does so only in the words of the question.
    """
    allowed = _PERMISSION.search(asked)
    if not allowed:
        return None
    act = asked[allowed.end() :]
    pairs = [act[i : i + 2] for i in range(len(act) - 1) if act[i : i + 2].isalnum()]
    for match in _PROHIBITION.finditer(text):
        clause = text[match.end() : match.end() + 24]
        if any(pair in clause for pair in pairs):
            return False
    only = _PROHIBITION.search(text) or _DENIES.search(text)
    rest = _PROHIBITION.sub("", text)
    return False if only and not _PERMISSION.search(rest) and not _EXCEPTS.search(text) else None


def _by_values(analysis: Analysis, unit: Unit, asked: str) -> bool | None:
    own = [v for v in analysis.values if not _is_pronoun_count(v)]
    results: list[bool] = []
    for value in own:
        rivals = [v for v in unit.values if _comparable(v, value)]
        if not rivals:
            continue
        if value.kind == "date" and any(_same_date(v.key, value.key) for v in rivals):
            nearest = _nearest(rivals, unit, asked)
            results.append(nearest is None or _same_date(nearest.key, value.key))
            continue
        nearest = _nearest(rivals, unit, asked)
        same = any(_equal(v, value) for v in rivals)
        around = asked[max(0, value.start - 6) : value.end + 6]
        if nearest is not None and not _equal(nearest, value) and (_ABOVE.search(around) or _BELOW.search(around)):
            results.append((_number(nearest) > _number(value)) == bool(_ABOVE.search(around)))
        elif same and _ALL.search(asked) and any(_number(v) < _number(value) for v in rivals):
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
    if asked.kind == "number" and _number(asked) >= _LARGE:
        return held.kind != "date" and _number(held) >= _LARGE
    return held.kind == asked.kind and _suffix(held) == _suffix(asked)


def _equal(held: Value, asked: Value) -> bool:
    return held.key == asked.key or (asked.kind == "number" and _number(held) == _number(asked))


def _same_date(one: str, other: str) -> bool:
    """Return whether one date is the other or a part of it: 2023 and 2023-04-26, 04-26 and 2023-04-26."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) or long.endswith(short)


def _is_pronoun_count(value: Value) -> bool:
    """两个新区 names the two; it claims no figure."""
    return value.kind == "count" and value.key in {"1个", "2个", "1次", "1份", "2家", "2城", "2区"}


def _suffix(value: Value) -> str:
    return value.key.lstrip("0123456789.-")


def _number(value: Value) -> float:
    match = re.match(r"\d+(?:\.\d+)?", value.key)
    return float(match.group()) if match else 0.0


def _nearest(values: Sequence[Value], unit: Unit, asked: str) -> Value | None:
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


def _by_frequency(asked: str, text: str) -> bool | None:
    wanted = [f for f in _FREQUENCIES if f in asked]
    held = [f for f in _FREQUENCIES if f in text]
    if not wanted or not held:
        return None
    return wanted[0] in held


def _by_negation(asked: str, text: str) -> bool | None:
    """「户口要迁吗」 against 「户口不迁」: a shared word that the clause negates and the question does not."""
    for match in _NEGATION.finditer(text):
        after = text[match.end() : match.end() + 2]
        if after and after[0] in asked and (len(after) < 2 or after[:2] in asked or after[1] in "、，,。；;"):
            before = text[max(0, match.start() - 2) : match.start()]
            if before and before in asked:
                return False
    return None
