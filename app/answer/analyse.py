"""Question -> ``Analysis``: what is asked, about what, and which figures and names it fixes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.answer.fold import fold
from app.answer.lexicon_files import Lexicon, load_lexicon
from app.answer.values import UNIT_OF, Value, find_values, han_to_int
from app.answer.words import segment

KINDS = ("comparison", "yes_no", "date", "number", "list", "party", "who", "where", "definition", "how", "what")
_NAMED = re.compile(r"《([^《》]{2,80})》|[“\"「『]([^”\"」』]{1,40})[”\"」』]")
_PUNCTUATION = re.compile(r"[\s,。.!！?？;；:：、()（）\[\]【】<>《》“”\"'‘’「」『』—~～…·]+")
_UNIT_ASKED = re.compile(
    r"(?:多少|几)(?:万|亿|千|百|多)?\s*("
    + "|".join(sorted(map(re.escape, UNIT_OF), key=lambda word: (-len(word), word)))
    + ")"
)
_FINAL_ME = re.compile(r"(?:(?<![什怎那这多])么|(?<![哪谁])吧)[?.!,。]*$")
_FREQUENCY = re.compile(
    r"隔多久|多久(?:开|碰|办|举行|组织|轮|召开)?一[次回届]|多久(?:开|碰|办|见)|频率|多长时间(?:开|碰|办|见)?一[次回届]|几个?[月年天]一[次回届]"
)
_WHICH_TWO = re.compile(r"哪(?:两|2|几)[个家方]?(?:单位|部门|机构|委|局|委局|城市|地方|新区|公司|企业|方|管委会)?")
_SIGNED_BY = re.compile(r"签(?!名|证)|缔约|盟约|联姻|结盟|牵手")


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a question asks.

    ``kind`` is one of :data:`KINDS`; ``kinds`` holds every kind whose words occur; ``value_kinds`` the kinds of
    :class:`~app.answer.values.Value` (or ``person``, ``phone``) an answer must hold; ``terms`` the content words
    in order; ``values`` the figures and years the question fixes; ``names`` what it puts in 《》 or quotation
    marks; ``fields`` the columns of a document table it asks for (发文字号); ``count`` the number of items that a
    list question announces.
    """

    question: str
    folded: str
    kind: str
    kinds: frozenset[str]
    value_kinds: frozenset[str]
    units: frozenset[str]
    terms: tuple[str, ...]
    values: tuple[Value, ...]
    names: tuple[str, ...]
    count: int | None
    fields: frozenset[str]
    injection: bool


def analyse(question: str) -> Analysis:
    """Return the analysis of one self-contained question.

    >>> a = analyse("到2025年两市汽车产量要达到多少？")
    >>> a.kind, sorted(a.value_kinds), [v.key for v in a.values]
    ('number', ['figure'], ['2025'])
    """
    lexicon = load_lexicon()
    folded = fold(question)
    kinds = _kinds(folded, lexicon)
    value_kinds, units = _value_kinds(folded, kinds, lexicon)
    values = tuple(find_values(folded))
    return Analysis(
        question=question,
        folded=folded,
        kind=_main_kind(folded, kinds),
        kinds=kinds,
        value_kinds=value_kinds,
        units=units,
        terms=content_terms(question, lexicon),
        values=values,
        names=tuple(a or b for a, b in _NAMED.findall(question)),
        count=_announced_count(folded, values),
        fields=frozenset(f for f, words in lexicon.fields.items() if any(word in folded for word in words)),
        injection=any(pattern.search(folded) or pattern.search(question) for pattern in lexicon.injections),
    )


def _kinds(folded: str, lexicon: Lexicon) -> frozenset[str]:
    found = set()
    if re.search(r"哪\d", folded):
        found.add("list")
    # 「哪几个」 asks for a list, not for a number; 「哪几个月」 for dates.
    if re.search(r"哪几?(?:个)?(?:月|年|天|日)", folded):
        found.add("date")
    whole, folded = folded, re.sub(r"哪几(?:个|种|项|家|条|所|座|类|份|次|位|名)?", "哪些", folded)
    for kind, words in lexicon.question_words.items():
        if any((bool(_FINAL_ME.search(whole)) if word == "么?" else word in folded) for word in words):
            found.add(kind)
    return frozenset(found)


def _main_kind(folded: str, kinds: frozenset[str]) -> str:
    # 「哪两个局签的」 asks for the parties as 「谁签的」 does.
    if "party" not in kinds and ("who" in kinds or _WHICH_TWO.search(folded)) and _SIGNED_BY.search(folded):
        kinds = kinds | {"party"}
    order = [
        "comparison",
        "yes_no",
        "party",
        "date",
        "number",
        "list",
        "who",
        "where",
        "definition",
        "how",
        "what",
    ]
    if "list" in kinds and "number" in kinds:
        # 「有几项，分别是什么」 asks for the list; its count comes with it.
        order = ["comparison", "list", *[k for k in order if k not in {"comparison", "list"}]]
    # A wh-word beside 吗 (「知道是哪一年吗」) asks for the value, not for a verdict.
    if (
        "yes_no" in kinds
        and kinds & {"date", "number", "list", "who", "party", "where"}
        and re.search(r"(知道|清楚|告诉|说明|明确|提到|规定)", folded)
    ):
        kinds = kinds - {"yes_no"}
    for kind in order:
        if kind in kinds:
            return kind
    return "what"


def _value_kinds(folded: str, kinds: frozenset[str], lexicon: Lexicon) -> tuple[frozenset[str], frozenset[str]]:
    """Return the kinds of value an answer must hold, and the units asked for by name."""
    units = frozenset(_UNIT_ASKED.findall(folded))
    wanted: set[str] = set()
    if "date" in kinds:
        wanted.add("date")
    if _FREQUENCY.search(folded):
        return frozenset({"frequency"}), units
    if "number" in kinds:
        named = {UNIT_OF[unit] for unit in units}
        for attribute, words in lexicon.attributes.items():
            if attribute not in {"person", "phone", "date"} and any(word in folded for word in words):
                named.add(attribute)
        wanted |= named or {"figure"}
    for attribute in ("phone", "person"):
        if any(word in folded for word in lexicon.attributes[attribute]) and kinds - {"yes_no", "list"}:
            wanted.add(attribute)
    return frozenset(wanted), units


def _announced_count(folded: str, values: tuple[Value, ...]) -> int | None:
    match = re.search(r"哪([一二两三四五六七八九十]{1,2})", folded)
    if match:
        return han_to_int(match.group(1))
    for value in values:
        digits = re.match(r"\d+", value.key)
        if value.kind == "count" and digits and 3 <= int(digits.group()) <= 60:
            return int(digits.group())
    return None


def content_terms(question: str, lexicon: Lexicon | None = None) -> tuple[str, ...]:
    """Return the content words of a question in order, without question words and stop words.

    >>> content_terms("西部科学城的规划面积是多少？")
    ('西部', '科学城', '规划', '面积')
    """
    lexicon = lexicon or load_lexicon()
    folded = fold(question)
    asked = sorted(
        {w for words in lexicon.question_words.values() for w in words if len(w) > 1},
        key=lambda word: (-len(word), word),
    )
    for word in asked:
        if word != "么?" and word in folded and word not in lexicon.attributes["money"]:
            folded = folded.replace(word, "\u3000")
    terms: list[str] = []
    for piece in _PUNCTUATION.split(folded):
        for word in segment(piece):
            if word in lexicon.stopwords or not word.strip() or word in terms:
                continue
            if len(word) == 1 and not ("\u3400" <= word <= "\u9fff"):
                continue
            terms.append(word)
    return tuple(terms)
