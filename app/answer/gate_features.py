"""What the gate goes by: how far the chosen clauses are from holding what the question names and asks for."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from app.answer.analyse import Analysis
from app.answer.compound import asking_parts
from app.answer.fold import fold
from app.answer.library import Library, Unit
from app.answer.named import is_place, named_areas, named_counties, named_offices, named_places, short_forms
from app.answer.select import HOLDS_VALUE, Scored, TermMatcher, type_fit
from app.answer.values import UNIT_OF

# Beyond this logit, or below its negative, the reranker is all but certain.
SURE_LOGIT = 3.0


def gate_features(
    analysis: Analysis,
    scored: Sequence[Scored],
    chosen: Sequence[Unit],
    library: Library,
    *,
    sides: bool = False,
    chained: bool = False,
    another_text: bool = False,
) -> dict[str, float]:
    """Return the features of the gate, each readable and most in [0, 1]; those of the reranker are logits.

    ``sides``, ``chained`` and ``another_text`` as in ``judge`` of the gate.
    """
    by_number = {s.unit.number: s for s in scored}
    picked = [by_number[u.number] for u in chosen if u.number in by_number] or list(scored[:1])
    best = picked[0]
    units = [s.unit for s in picked]
    asked = _EXCEPTED.sub("", analysis.folded)
    places = named_places(asked)
    areas = named_areas(asked, known=library.holds)
    matcher = TermMatcher(analysis, library)
    value = missing_value(analysis, units)
    judged = max(s.features.get("judged", 0.0) for s in picked)
    logits = sorted((s.features.get("judged", 0.0) for s in scored), reverse=True)
    return {
        "cosine": max(s.features["cosine"] for s in picked),
        "own": best.features["own"],
        "context": best.features["context"],
        "value_missed": 1.0 if value else 0.0,
        "address_missed": float(value == "address"),
        "place_missed": _missed(places, units, library),
        "area_missed": _missed(areas, units, library),
        "office_missed": _missed(named_offices(analysis.folded), units, library),
        "year_missed": year_missed(analysis, units, library, chained=chained),
        "off": 1.0 if best.features["context"] < 0.12 else 0.0,
        "topic_near": _topic_near(matcher, best.unit, library),
        "unit_missed": 1.0 if missing_unit(analysis, units) else 0.0,
        "place_beyond": _beyond([*places, *areas], units, library),
        "owner_other": _other_owner([*places, *areas], best.unit, library),
        "place_other": _other_place(_asked_of(asked), units, library),
        "thing_missed": _things_missed(analysis.folded, units, library),
        "term_missed": _term_missed(matcher, best.unit),
        "asks_value": float(bool(analysis.value_kinds)),
        "asks_list": float("list" in analysis.kinds),
        "sides": float(sides),
        "another_text": float(another_text),
        # Nothing where no reranker read the units.
        "judged": judged,
        "judged_first": best.features.get("judged", 0.0),
        "judged_third": logits[2] if len(logits) > 2 else 0.0,
        "judged_sure": max(0.0, judged - SURE_LOGIT),
    }


# 「除甲市外还有谁」 does not ask of 甲市.
_EXCEPTED = re.compile(r"除(?:了|开|去)?[^，,。；;？?]{1,24}?(?:之|以)?外")
# Measures that only their own unit answers: 多少亩 is not answered by 三座.
_EXACT_KINDS = frozenset({"money", "area", "length", "energy", "volume", "mass", "percent", "duration"})


def missing_unit(analysis: Analysis, units: Sequence[Unit]) -> str:
    """Return the measure that the question asks for by name and that none of the units gives, or ``""``."""
    wanted = {kind for unit in analysis.units if (kind := UNIT_OF[unit]) in _EXACT_KINDS}
    wanted |= analysis.value_kinds & {"percent", "area", "money", "length", "duration"}
    if not wanted or "frequency" in analysis.value_kinds:
        return ""
    fixed = {value.key for value in analysis.values}
    held = {value.kind for unit in units for value in unit.values if value.key not in fixed}
    return "" if wanted & held else sorted(wanted)[0]


def missing_years(analysis: Analysis, units: Sequence[Unit], library: Library, *, chained: bool = False) -> str:
    """Return the first year that the units do not speak of, or ``""``.

    One year is the best unit's to hold. Where the question fixes several, asks several things of which one may
    have the year, or is answered in steps (``chained``), it may be another unit's.
    """
    years = {value.key[:4] for value in analysis.values if value.kind == "date" and YEAR.match(value.key)}
    if len(years) < 2 and len(asking_parts(analysis.question)) < 2 and not chained:
        return missing_year(analysis, units[0], library)
    near = [_surroundings(unit, library) for unit in units]
    return next((f"{year}年" for year in sorted(years) if not any(year in text for text in near)), "")


def year_missed(analysis: Analysis, units: Sequence[Unit], library: Library, *, chained: bool = False) -> float:
    """Return 1 where a year is missed, .5 where nothing near speaks of any year but the document does of this one.

    A report of the year names it once and says 1—11月 from then on.
    """
    year = missing_years(analysis, units, library, chained=chained)
    if not year:
        return 0.0
    implied = year[:4] in library.folded_document(units[0].doc_id)
    return 0.5 if implied and not YEAR.search(_surroundings(units[0], library)) else 1.0


def missing_year(analysis: Analysis, unit: Unit, library: Library) -> str:
    """Return the first year of the question that the unit does not speak of, or ``""``.

    A unit that gives years of its own speaks of those only; else its passage, headings and document count.
    """
    own = set(YEAR.findall(unit.text))
    for value in analysis.values:
        year = YEAR.match(value.key) if value.kind == "date" else None
        if year is None:
            continue
        if year.group() in own or year.group() in library.documents[unit.doc_id].title:
            continue
        if own or year.group() not in _surroundings(unit, library):
            return f"{year.group()}年"
    return ""


def _missed(names: Sequence[str], units: Sequence[Unit], library: Library) -> float:
    """Return how far the most absent of the names is from all of the units, in [0, 1]."""
    return max((min(absence(name, unit, library) for unit in units) for name in names), default=0.0)


def _term_missed(matcher: TermMatcher, unit: Unit) -> float:
    """Return the weight of the weightiest word of the question that neither a unit nor its headings hold."""
    text = f"{unit.folded} {unit.heading_folded}"
    return max(
        (weight * (1.0 - matcher.match(term, text)) for term, weight in matcher.weights.items()), default=0.0
    )


def _topic_near(matcher: TermMatcher, unit: Unit, library: Library) -> float:
    """Return the share of the question's words that stand near a unit, places left out: 贵阳 is no topic."""
    weights = {term: weight for term, weight in matcher.weights.items() if not is_place(term)}
    near = _surroundings(unit, library)
    total = sum(weights.values())
    return sum(w * matcher.match(t, near) for t, w in weights.items()) / total if total else 1.0


def _beyond(names: Sequence[str], units: Sequence[Unit], library: Library) -> float:
    """Return 1 where a place stands in no unit, nor in the headings or the title above one, else 0."""
    return float(any(all(not _said(name, unit, library) for unit in units) for name in names))


def _said(name: str, unit: Unit, library: Library) -> bool:
    text = f"{unit.folded} {unit.heading_folded} {fold(library.documents[unit.doc_id].title)}"
    return _holds_any(text, short_forms(name))


def _other_owner(names: Sequence[str], unit: Unit, library: Library) -> float:
    """Return 1 where the question names a place that the unit does not, and its document's title names another."""
    title = fold(library.documents[unit.doc_id].title)
    owners = [*named_places(title), *named_areas(title, known=library.holds)]
    absent = [name for name in names if not _said(name, unit, library)]
    return float(bool(absent) and bool(owners))


def _asked_of(folded: str) -> str:
    """Return the part of a question that asks, where it names a place of its own: 甲市的我知道，乙市有多少."""
    parts = asking_parts(folded)
    clauses = re.split(r"[,，;；。]", parts[0]) if len(parts) == 1 else []
    return clauses[-1] if len(clauses) > 1 and named_places(clauses[-1]) else folded


def _other_place(asked: str, units: Sequence[Unit], library: Library) -> float:
    """Return 1 where no unit says a province or city, or a county, that is asked of, and one says another."""
    for find in (named_places, named_counties):
        places = find(asked)
        absent = places and not any(_said(name, unit, library) for name in places for unit in units)
        if absent and any(find(unit.folded) for unit in units):
            return 1.0
    return 0.0


_THING = re.compile(
    r"(?P<name>[\u4e00-\u9fffa-z\d“”\"]{2,12}?)(?:协议|备忘录|基金|平台|中心|办公室|联盟|专班|条例|办法|机制|园区?|项目"
    r"|工程|线|隧道|大桥|公司|集团|医院|学校|学院|实验室|基地|计划|方案|小组|委员会|仓库?|公园|大会|论坛|名单|清单|目录|资金|补贴|奖)"
)
_THING_BREAK = re.compile(r"[的了和与跟同及在是由对把被给从向到这那该各每有签建设办]|请问|哪个?|什么|多少")


def _things_missed(folded: str, units: Sequence[Unit], library: Library) -> float:
    """Return how far the most absent thing that the question names (a fund, an agreement …) is from the units."""
    near = " ".join(_surroundings(unit, library) for unit in units)
    worst = 0.0
    for match in _THING.finditer(folded):
        name = _THING_BREAK.split(match["name"])[-1]
        pairs = [name[i : i + 2] for i in range(len(name) - 1)]
        if pairs:
            worst = max(worst, 1.0 - sum(pair in near for pair in pairs) / len(pairs))
    return worst


def absence(name: str, unit: Unit, library: Library) -> float:
    """Return 0 where the unit's surroundings hold a name (or its short form), .5 if its document does, else 1."""
    names = short_forms(name)
    near = _surroundings(unit, library)
    if _holds_any(near, names):
        return 0.0
    return 0.5 if _holds_any(library.folded_document(unit.doc_id), names) else 1.0


def _holds_any(text: str, names: Collection[str]) -> bool:
    """Return whether a folded text holds one of the names; 甲乙科学城 stands in 甲(乙)科学城, too."""
    bare = text.replace("(", "").replace(")", "")
    return any(name in text or name in bare for name in names)


def missing_value(analysis: Analysis, units: Sequence[Unit]) -> str:
    """Return the kind of value that is asked and that none of the units holds, or ``""``."""
    for kind in sorted(analysis.value_kinds):
        if kind == "person":
            if not any(_PERSON.search(u.text) for u in units):
                return kind
        elif kind in _WORDS_OF and not any(_WORDS_OF[kind].search(u.text) for u in units):
            return kind
    figures = analysis.value_kinds - {"person", *_WORDS_OF}
    if figures and all(type_fit(analysis, u) < HOLDS_VALUE for u in units):
        return sorted(figures)[0]
    return ""


YEAR = re.compile(r"(?:19|20)\d{2}")
_WORDS_OF = {
    "phone": re.compile(r"\d{3,4}-?\d{7,8}|@|https?:"),
    "address": re.compile(
        r"[路街巷道](?:\d|[一二三四五六七八九十])+|\d+号(?![线文令期])|[\d一二三四五六七八九十]+[楼层]|大厦|窗口|地址|门牌|[\u4e00-\u9fff]{2}街道"
    ),
    "clock": re.compile(r"\d{1,2}[:：]\d{2}|(?:\d|[一二三四五六七八九十])[点时](?![间到建意半面]|之)|全天|24小时"),
}
# The two hundred most frequent family names but those that more often begin another word behind a title.
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪"
    "田姜范石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易武乔贺赖龚樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛"
    "伍韦申尤毕聂丛焦柳邢骆岳齐庄涂褚柯阮牟欧游耿岑裴甄詹麦凌解单司朴查阚冉商鞠桂晋冀郎滕虞佟闵闻莫房缪卞祝盛左吉冷辛包"
)
_PERSON = re.compile(
    r"(?:书记|主任|局长|董事长|总经理|经理|会长|院长|校长|教授|导师|部长|市长|区长|县长|州长|镇长|村长|院士|记者|队长|秘书长"
    r"|理事长|居民|厅长|处长|科长|站长|馆长|所长|总裁|专员|组长|[港园团行厂台店班署庭社司]长|总工程师|首席专家|首席科学家|技术官|带头人)(?:助理)?[、:：]?"
    rf"(?:[{_SURNAMES}]|任(?![组副命务职期主常总名第书局部院校市区县会董理法执秘]))[\u4e00-\u9fff·]{{1,3}}"
)


def _surroundings(unit: Unit, library: Library) -> str:
    document = library.documents[unit.doc_id]
    near = "".join(u.folded for u in library.units_of(unit.passage_index))
    dates = " ".join(d for d in (document.issued, document.published, document.signed) if d)
    return f"{near} {unit.heading_folded} {fold(document.title)} {dates} {fold(document.issuer or '')}"
