"""Hits -> scored units: which sentences say what the question asks. Pure but for the store's vectors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.answer.analyse import Analysis
from app.answer.fold import fold
from app.answer.lexicon_files import load_lexicon
from app.answer.library import Library, Unit
from app.answer.ordinals import ordinal_fit
from app.answer.values import UNIT_OF, Value, is_day_alone, month_and_day
from index.types import Hit

# How much a term found only around the sentence counts, against one found in it.
_HEADING_SHARE = 0.85
_NEIGHBOUR_SHARE = 0.55
_TITLE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Scored:
    """One unit with its features (all roughly in [0, 1] or standard deviations) and its score."""

    unit: Unit
    score: float
    features: Mapping[str, float]


def score_units(
    analysis: Analysis,
    query_vector: np.ndarray,
    hits: Sequence[Hit],
    passage_indices: Sequence[int],
    library: Library,
    weights: Mapping[str, float],
    matcher: TermMatcher,
) -> list[Scored]:
    """Return every unit of the hits, best first.

    ``score`` is the weighted sum of the features; higher is better; ties keep document order.
    """
    units: list[Unit] = []
    cosines: list[float] = []
    rank_share: list[float] = []
    for hit, index in zip(hits, passage_indices, strict=True):
        members = library.units_of(index)
        if not members:
            continue
        sims = library.store.sentence_vectors(index) @ query_vector
        units.extend(members)
        cosines.extend(float(s) for s in sims)
        rank_share.extend([1.0 / (1.0 + 0.15 * (hit.rank - 1))] * len(members))
    if not units:
        return []
    sentence_z = _standardise(np.asarray(cosines))
    scored = []
    for n, unit in enumerate(units):
        features = {
            "sentence_z": float(sentence_z[n]),
            "rank": rank_share[n],
            "cosine": cosines[n],
            **matcher.coverage(unit),
            **_fit(analysis, unit),
            "year": year_fit(analysis, unit, fold(library.documents[unit.doc_id].title)),
            "day": day_fit(analysis, unit),
            "ordinal": ordinal_fit(analysis.folded, unit, library),
            "responsible": _responsible_fit(analysis, unit),
        }
        # Rounded, so that copies of one sentence tie and the earlier document goes first.
        score = round(sum(weights.get(name, 0.0) * value for name, value in features.items()), 9)
        scored.append(Scored(unit, score, features))
    return sorted(scored, key=lambda s: (-s.score, s.unit.number))


def _standardise(values: np.ndarray) -> np.ndarray:
    """Return z-scores; embeddings of one model crowd into a narrow cone, so raw cosines say little."""
    if len(values) < 4:
        return np.zeros(len(values))
    spread = float(values.std())
    scores: np.ndarray = (values - values.mean()) / (spread if spread > 1e-6 else 1.0)
    return scores


class TermMatcher:
    """How much of a question's content a text covers, weighted by inverse document frequency."""

    def __init__(self, analysis: Analysis, library: Library) -> None:
        self.library = library
        self.question = analysis.folded
        self.terms = analysis.terms
        synonyms = load_lexicon().synonyms
        self.alternatives = {t: tuple(fold(s) for s in synonyms.get(t, ())) for t in self.terms}
        raw = {t: library.weight(t) * min(1.0, 0.4 + 0.3 * len(t)) for t in self.terms}
        total = sum(raw.values()) or 1.0
        self.weights = {t: w / total for t, w in raw.items()}
        pairs = {analysis.folded[i : i + 2] for i in range(len(analysis.folded) - 1)}
        # Sorted, because sums of floats depend on their order and sets have none.
        mass = {b: library.weight(b) for b in sorted(pairs) if b.isalnum()}
        # A pair that no unit holds says nothing about which unit is better.
        mass = {b: w for b, w in mass.items() if w < library.weight_of_absent}
        whole = sum(mass.values()) or 1.0
        self.bigrams = {b: w / whole for b, w in mass.items()}

    def match(self, term: str, text: str) -> float:
        """Return how surely ``text`` holds ``term``: 1 literally, .8 by a synonym, a share of its bigrams else."""
        if term in text:
            return 1.0
        if any(other in text for other in self.alternatives.get(term, ())):
            return 0.8
        if len(term) >= 3:
            bigrams = [term[i : i + 2] for i in range(len(term) - 1)]
            return 0.6 * sum(b in text for b in bigrams) / len(bigrams)
        return 0.0

    def coverage(self, unit: Unit) -> dict[str, float]:
        """Return the coverage features of a unit, each in [0, 1]."""
        neighbours = self.library.units_of(unit.passage_index)
        around = "".join(u.folded for u in neighbours if u.number != unit.number)
        title = fold(self.library.documents[unit.doc_id].title)
        own = context = heading = 0.0
        wide = sum(w for b, w in self.bigrams.items() if b in unit.folded or b in unit.heading_folded)
        for term, weight in self.weights.items():
            here = self.match(term, unit.folded)
            above = self.match(term, unit.heading_folded)
            near = self.match(term, around)
            over = self.match(term, title)
            own += weight * here
            heading += weight * above
            context += weight * max(here, _HEADING_SHARE * above, _NEIGHBOUR_SHARE * near, _TITLE_SHARE * over)
        return {"own": own, "context": context, "heading": heading, "wide_bigrams": wide}

    def covers(self, text: str) -> float:
        """Return the weighted share of the terms that ``text`` (folded) holds."""
        return sum(w * self.match(t, text) for t, w in self.weights.items())


def _fit(analysis: Analysis, unit: Unit) -> dict[str, float]:
    """Return how well the unit's figures fit the asked kind and the figures the question fixes."""
    return {
        "type": type_fit(analysis, unit),
        **list_fit(analysis, unit),
        **wording_fit(analysis, unit),
        "fixed": fixed_fit(analysis, unit),
        "is_heading": 1.0 if unit.is_heading else 0.0,
        "lead_in": 1.0 if unit.folded.endswith(":") else 0.0,
        "short": 1.0 if len(unit.folded) < 10 else 0.0,
        "long": min(1.0, max(0.0, (len(unit.folded) - 120) / 200)),
    }


# 每月一次, 按年度轮流; and figures that only name a thing: 二期, 15号线, 3级.
_FREQUENCY = re.compile(r"每(?:年|月|周|日|天|季度|半年|两年|隔)|一年一|年度|定期|轮流|隔年")
_LABEL_UNITS = ("期", "级", "环", "线", "届", "批", "层", "寸")


def _is_label(value: Value) -> bool:
    return value.kind == "number" or (value.kind == "count" and value.key.endswith(_LABEL_UNITS))


# At least this :func:`type_fit`: the unit holds a value of the kind asked for.
HOLDS_VALUE = 0.9


def type_fit(analysis: Analysis, unit: Unit) -> float:
    """Return 1 for a value of an asked kind, .3 for another figure, 0 for none; .5 if none is asked."""
    if not analysis.value_kinds:
        return 0.5
    if "frequency" in analysis.value_kinds:
        return 1.0 if _FREQUENCY.search(unit.folded) else 0.0
    fixed = {value.key for value in analysis.values}
    values = [value for value in unit.values if value.key not in fixed and not _is_label(value)]
    kinds = {value.kind for value in values}
    numeric = kinds - {"date"}
    # 几户企业 is answered by 三十家, 多少个人 by 五十名: heads and pieces go by many measure words.
    heads = bool({UNIT_OF[unit] for unit in analysis.units} & {"count", "people"})
    best = 0.0
    for wanted in analysis.value_kinds:
        if wanted == "figure":
            endings = tuple(analysis.units)
            hit = any(v.text.endswith(endings) for v in values) if endings else bool(numeric)
            hit = hit or (heads and bool(kinds & {"count", "people"}))
            best = max(best, 1.0 if hit else (0.3 if numeric else 0.0))
        elif wanted in kinds or (wanted in {"count", "people"} and kinds & {"count", "people"}):
            best = 1.0
        elif wanted in {
            "money",
            "area",
            "length",
            "percent",
            "people",
            "duration",
            "count",
            "energy",
            "volume",
            "mass",
        }:
            best = max(best, 0.3 if numeric else 0.0)
    return best


METADATA_ROW = re.compile(r"[\[【［]?\s*([\u4e00-\u9fff]{2,6}?)\s*[\]】］]?\s*[|:：]")
_DEFINES = re.compile(r"(?:是指|指的是|即|意为|简称|指|称为|是)")
_SIGNS = re.compile(r"签署|签订|签约|签定|缔结")


def wording_fit(analysis: Analysis, unit: Unit) -> dict[str, float]:
    """Return whether the unit is worded as an answer of the asked kind: names held, a definition, a signing."""
    names = [fold(name) for name in analysis.names]
    held = sum(name in unit.folded for name in names) / len(names) if names else 0.0
    defines = 0.0
    if (names and "definition" in analysis.kinds) or analysis.kind == "definition":
        for name in names or analysis.terms:
            at = unit.folded.find(name)
            if at >= 0 and _DEFINES.match(unit.folded[at + len(name) :].lstrip('”"」』)')):
                defines = 1.0
    signs = 0.0
    if analysis.kind in {"party", "who"} and _SIGNED.search(analysis.folded):
        signs = 1.0 if _SIGNS.search(unit.folded) and re.search(r"[与和同跟、]", unit.folded) else 0.0
    row = METADATA_ROW.match(unit.text)
    field = 1.0 if row and row[1] in analysis.fields else 0.0
    return {"names": held, "defines": defines, "signs": signs, "field": field}


_SIGNED = re.compile(r"签|协议|缔约|盟约|合同|备忘录|出面|参与方|双方|当事")


def list_fit(analysis: Analysis, unit: Unit) -> dict[str, float]:
    """Return how well an enumeration of the unit fits a question for a list: its size, and the count asked for."""
    if "list" not in analysis.kinds and analysis.count is None:
        return {"items": 0.0, "count": 0.0}
    sizes = unit.list_sizes
    stated = {v.key[: -len(v.key.lstrip("0123456789"))] for v in unit.values if v.kind == "count"}
    agrees = analysis.count is not None and (analysis.count in sizes or str(analysis.count) in stated)
    return {
        "items": min(1.0, max(sizes, default=0) / 6) if "list" in analysis.kinds else 0.0,
        "count": float(agrees),
    }


def _responsible_fit(analysis: Analysis, unit: Unit) -> float:
    """Return 1 for a unit that names who is responsible where that is asked, else 0."""
    asked = "who" in analysis.kinds or "party" in analysis.kinds
    return 1.0 if asked and RESPONSIBLE.search(unit.folded) else 0.0


# 责任单位：…; (牵头单位：…), as plans and task lists print it behind or under a task.
RESPONSIBLE = re.compile(
    r"(?:责任|牵头|配合|主办|承办|协办|督办|督导|实施|主管|主责|参与|完成)(?:单位|部门|机构|主体|处室|领导|人)\s*[:：]"
)
_YEAR = re.compile(r"(?:19|20)\d{2}")


def year_fit(analysis: Analysis, unit: Unit, title: str) -> float:
    """Return 1 where the unit, its headings or title speak of a year the question fixes, -1 of other years only.

    What stands nearest decides: the unit's own years before those of its headings, these before the title's.
    """
    years = {value.key[:4] for value in analysis.values if value.kind == "date" and _YEAR.match(value.key)}
    if not years:
        return 0.0
    for text in (unit.folded, unit.heading_folded, title):
        held = set(_YEAR.findall(text))
        if held:
            return 1.0 if held & years else -1.0
    return 0.0


def day_fit(analysis: Analysis, unit: Unit) -> float:
    """Return 1 where the unit holds a day (5月20日) that the question fixes, -1 where it holds others only.

    A day without its month (17日) may be the one asked for, and is another where its number is.
    """
    asked, held = ({day for v in values if (day := month_and_day(v))} for values in (analysis.values, unit.values))
    if not asked:
        return 0.0
    alone = {value.key.zfill(2) for value in unit.values if is_day_alone(value)}
    if asked & held:
        return 1.0
    if alone & {day[-2:] for day in asked}:
        return 0.0
    return -1.0 if held or alone else 0.0


def fixed_fit(analysis: Analysis, unit: Unit) -> float:
    """Return the share of the question's own figures that the unit or its headings hold; .5 if it has none."""
    fixed = [value for value in analysis.values if value.kind != "count" or not value.key.endswith("个")]
    if not fixed:
        return 0.5
    text = unit.folded + unit.heading_folded
    keys = {value.key for value in unit.values}
    return sum(1.0 for v in fixed if v.key in keys or fold(v.text) in text) / len(fixed)
