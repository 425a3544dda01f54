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
from app.answer.verdict_values import ALL, by_values, claim_start, nearest_value, number_of

_FREQUENCIES = ("每年", "每月", "每周", "每季度", "每半年", "隔年", "每两年", "每日", "每天")
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
# Below this share of the question's content in the clause, silence is better than a verdict.
_SURE = 0.55
# Below this share it speaks of something else.
_ABOUT_IT = 0.3
# A question whose last clause is not said does not get a 是 for what stands before it.
_CLAIM_SAID = 0.4
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
        decided = by_values(analysis, unit, asked)
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
    if decided is None and says_all and covered >= _SURE and _claim_covered(asked, unit, matcher) >= _CLAIM_SAID:
        decided = True
    return _held_back(decided, asked, unit.folded)


def _claim_covered(asked: str, unit: Unit, matcher: TermMatcher) -> float:
    """Return the share of the claim's content words that a clause and its headings hold; 1 where it has none."""
    claim, text = asked[claim_start(asked) :], unit.folded + unit.heading_folded
    weights = {term: weight for term, weight in matcher.weights.items() if term in claim}
    total = sum(weights.values())
    return sum(w * matcher.match(t, text) for t, w in weights.items()) / total if total else 1.0


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
    if not ALL.search(asked) or ALL.search(unit.folded) or not shares or any(number_of(v) >= 100 for v in shares):
        return False
    nearest = nearest_value(shares, unit, asked)
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
