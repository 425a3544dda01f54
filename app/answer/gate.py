"""The one gate before every answer: do the chosen clauses support one, and if not, what is missing?

Three parts. Readable vetoes name what no document holds (an instruction, a name, a year, a place). Rules refuse
where the chosen clauses lack what no answer can do without: the year, the place, the topic, and, without a
reranker, the measure asked for. A logistic score over a few features, fitted by ``python -m eval fit`` on the
dev questions and on practice questions about other documents, and kept in ``app/answer/gate.json``, decides the
rest; it is also the ``confidence``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.answer.analyse import Analysis
from app.answer.fold import fold
from app.answer.gate_features import (
    SURE_LOGIT,
    YEAR,
    absence,
    gate_features,
    missing_unit,
    missing_value,
    missing_years,
    year_missed,
)
from app.answer.library import Library, Unit
from app.answer.named import named_areas, named_offices, named_places, unheard_divisions
from app.answer.select import Scored
from index.errors import SettingsError

# Reasons that weigh how well the clauses fit, against those that say what no document holds.
UNSURE = frozenset({None, "no_support", "value", "place"})
# Coverage of the question's words, places left out, below this is none.
_NO_WORD = 0.02
# 第三条 of a text; 国内第一条…的线路 is none.
_ARTICLE = re.compile(
    r"(?<!国内)(?<!全国)(?<!我国)(?<!全市)(?<!全省)(?<!世界)(?<!全球)第[一二三四五六七八九十百零\d]{1,5}[条款章节编](?![\u4e00-\u9fff]{0,12}?(?:铁路|高铁|地铁|轨道|线路|航线|高速|公路|隧道|大桥|走廊|通道|产线|管线))"
)
WEIGHTS_FILE = Path(__file__).parent / "gate.json"


@dataclass(frozen=True, slots=True)
class Weights:
    """Fitted numbers: of the unit score, of the gate, and the confidence below which it refuses.

    ``select`` scores units before a reranker reads them, ``reranked`` after it; without one it is empty.
    """

    select: Mapping[str, float]
    reranked: Mapping[str, float]
    gate: Mapping[str, float]
    bias: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to answer. ``reason`` is a code of ``prompts/replies.zh.json``; ``missing`` fills its text."""

    answer: bool
    confidence: float
    reason: str | None = None
    missing: str = ""


@lru_cache(maxsize=2)
def load_weights(*, reranked: bool = False) -> Weights:
    """Return the fitted weights for reading with or without a reranker.

    Raises:
        SettingsError: if the file is damaged.

    """
    try:
        data = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
        gate = data["reranked"] if reranked else data
        after = gate["select"] if reranked else {}
        return Weights(data["select"], after, gate["gate"], float(gate["bias"]), float(gate["threshold"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"app/answer/gate.json cannot be used: {error!r}; restore it from the repository"
        ) from error


def judge(
    analysis: Analysis,
    scored: Sequence[Scored],
    chosen: Sequence[Unit],
    library: Library,
    weights: Weights,
    *,
    sides: bool = False,
    chained: bool = False,
    another_text: bool = False,
) -> Verdict:
    """Return whether ``chosen``, the units an answer would quote, support one; ``scored`` are all units found.

    ``sides``: the question sets two things side by side that were each found in a place of their own; ``chained``:
    it was answered in two steps; ``another_text``: the best clause stands outside the agreement that is asked of.
    """
    if analysis.injection:
        return Verdict(False, 0.0, "injection")
    if not scored or not chosen or not analysis.terms:
        return Verdict(False, 0.0, "no_support")
    features = gate_features(
        analysis, scored, chosen, library, sides=sides, chained=chained, another_text=another_text
    )
    logit = weights.bias + sum(weights.gate.get(name, 0.0) * value for name, value in features.items())
    confidence = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))
    absent = veto(analysis, library)
    if absent is not None:
        return Verdict(False, min(confidence, 0.05), *absent)
    if lacking(features, reranked=bool(weights.reranked)):
        reason, missing = _likely_reason(analysis, chosen, library)
        return Verdict(False, min(confidence, 0.9 * weights.threshold), reason, missing)
    if confidence < weights.threshold:
        return Verdict(False, confidence, *_likely_reason(analysis, chosen, library))
    return Verdict(True, confidence)


def lacking(features: Mapping[str, float], *, reranked: bool = False) -> bool:
    """Return whether the clauses lack what no answer can do without: the year, the place, or the topic.

    Without a reranker the measure asked for, too: as a rule beside one it cost more answers than it saved. A
    question is of another topic where no word of it but places stands near and the reranker holds that nothing
    answers. It is of another place where the place stands neither in the clauses nor above them, and either the
    best of them names another and the reranker is not sure, or the title does and the reranker holds that nothing
    answers. So it is where the question asks of one agreement and the best clause stands outside of it. A street
    or a building is asked where none is named, and the reranker is not sure.
    """
    another_topic = reranked and features["topic_near"] < _NO_WORD and features["judged"] <= 0.0
    elsewhere = features["place_beyond"] > 0 and features["owner_other"] > 0
    of_another = features["place_other"] > 0 and features["judged"] <= SURE_LOGIT
    another_text = reranked and features["another_text"] > 0 and features["judged"] <= 0.0
    no_address = reranked and features["address_missed"] > 0 and features["judged"] <= SURE_LOGIT
    another_place = reranked and (of_another or (elsewhere and features["judged"] <= 0.0))
    measure = not reranked and features["unit_missed"] > 0
    absent = features["year_missed"] >= 1.0 or features["place_missed"] >= 1.0
    return another_topic or another_place or another_text or no_address or measure or absent


def veto(analysis: Analysis, library: Library) -> tuple[str, str] | None:
    """Return what no document holds at all: a 《name》 or a year that the question fixes."""
    for name in analysis.names:
        if f"《{name}》" in analysis.question and not _name_known(fold(name), library):
            return "name", name
    for value in analysis.values:
        year = YEAR.match(value.key) if value.kind == "date" else None
        if year and not library.holds(year.group()) and not _dated(year.group(), library):
            return "year", f"{year.group()}年"
    unheard = unheard_divisions(analysis.folded, known=library.holds)
    if unheard:
        return "place", unheard[0]
    article = _ARTICLE.search(analysis.folded)
    if article and not library.holds(article.group()):
        return "article", article.group()
    return None


def _name_known(name: str, library: Library) -> bool:
    if library.holds(name):
        return True
    pieces = [name[i : i + 4] for i in range(max(1, len(name) - 3))]
    return sum(library.holds(p) for p in pieces) / len(pieces) >= 0.8


def _dated(year: str, library: Library) -> bool:
    return any(
        (date or "").startswith(year)
        for document in library.documents.values()
        for date in (document.issued, document.published, document.signed)
    )


def _likely_reason(analysis: Analysis, chosen: Sequence[Unit], library: Library) -> tuple[str, str]:
    """Return the reason code to show and what is missing, the most telling first."""
    best = chosen[0]
    year = missing_years(analysis, chosen, library)
    # A document that speaks of the year is not said to be silent on it.
    if year and year_missed(analysis, chosen, library) >= 1.0:
        return "year", year
    named = [
        *named_places(analysis.folded),
        *named_areas(analysis.folded, known=library.holds),
        *named_offices(analysis.folded),
    ]
    absent = [p for p in named if absence(p, best, library) > 0]
    if absent:
        return "place", max(absent, key=lambda p: absence(p, best, library))
    value = missing_unit(analysis, chosen) or missing_value(analysis, chosen)
    if value:
        return "value", value
    return "no_support", ""
