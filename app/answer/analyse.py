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
    r"(?:多少|几|好多)(?:万|亿|千|百|多)?\s*("
    + "|".join(sorted(map(re.escape, UNIT_OF), key=lambda word: (-len(word), word)))
    + ")"
)
# 好多 is 多少 in the south-west, before a measure.
_MANY_ASKED = re.compile(rf"好多\s*(?:{'|'.join(sorted(map(re.escape, UNIT_OF), key=len, reverse=True))}|钱)")
_AMOUNT_ASKED = re.compile(r"(?:多少|几|好多)(?:十|百|千)?个?(?:亿|万)")
_FINAL_ME = re.compile(r"(?:(?<![什怎那这多])么|(?<![哪谁])吧)[?.!,。]*$")
_FREQUENCY = re.compile(
    r"多久.{0,8}一[次回遍届]|多长时间.{0,8}一[次回遍]|几个?[月年天周].{0,6}一[次回遍]|隔多久|多久(?:开|碰|办|举行|组织|轮|召开)?一[次回届]|多久(?:开|碰|办|见)|频率|多长时间(?:开|碰|办|见)?一[次回届]|几个?[月年天]一[次回届]"
)
# 「负责人叫什么」 asks for a name; 「主任说的企业数是多少」 only mentions an office-holder.
_NAME_ASKED = re.compile(
    r"是谁|谁(?:是|担任|当|任|来当|出任)|叫(?:什么|啥)|姓(?:什么|啥|甚)|姓名|名字|哪位|哪一位|何人|什么人|哪个人|是哪个(?:$|[?？])"
)
# Only people do these.
_PERSON_ACTS = re.compile(
    r"(?:谁|哪位|何人)(?:来|去|分别|各自?|代表双?方?|领导|负责人|同志){0,2}(?:签的?字|落的?笔|致的?辞|讲话|讲解|带队|率队|挂帅|主持|陪同)"
)
# 「甲项目 总投资」: words typed into a search box, the last of which names a figure.
_FIGURE_NAMED = re.compile(
    r"(?:金额|预算|投资额|总投资|造价|面积|产值|产量|产能|营收|收入|里程|长度|全长|数量|总数|人数|户数|吨数|亩数|天数|占比|比重|比例"
    r"|增速|增幅|容量|规模|成本|总额|额度|价格|单价|发电量|处理量|吞吐量|注册资本|注册资金)[。.?？]?$"
)
# Kinds of value that no figure is: their words in a clause tell them.
WORDED = ("address", "clock")
_SHARE = re.compile(r"占.{0,14}(?:的?比(?!较|如|赛|例尺)|几成|百分之|份额)|百分之几|几成|几个百分点|多大比例")
_MEANS = re.compile(
    r"(?:到底|究竟|具体|所称|所说|是)?指(?:的是|的|是)?(?:哪些|哪[一几]?[个类种]|什么|啥)|(?:代表|意味着)(?:的是)?(?:什么|啥|哪)|算不算数"
)
_WHICH_TWO = re.compile(
    r"哪(?:两|2|几|三|四)[个家方]?(?:单位|主体|部委|部门|机构|委|局|委局|城市|地方|新区|公司|企业|方|管委会)?"
)
_SIGNED_BY = re.compile(r"签(?!名|证)|缔约|盟约|联姻|结盟|牵手|落款|订立")


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
    if _MANY_ASKED.search(folded) or (_FIGURE_NAMED.search(folded) and not _WH.search(folded)):
        found.add("number")
    whole, folded = folded, re.sub(r"哪几(?:个|种|项|家|条|所|座|类|份|次|位|名)?", "哪些", folded)
    for kind, words in lexicon.question_words.items():
        if any((bool(_FINAL_ME.search(whole)) if word == "么?" else word in folded) for word in words):
            found.add(kind)
    return frozenset(found)


_WH = re.compile(r"什么|啥|哪|谁|何|如何|怎|咋|吗|是否|是不是|有没有|[介说讲谈]|列|几|多少")


def _main_kind(folded: str, kinds: frozenset[str]) -> str:
    # 「哪两个局签的」 asks for the parties as 「谁签的」 does.
    if "party" not in kinds and ("who" in kinds or _WHICH_TWO.search(folded)) and _SIGNED_BY.search(folded):
        kinds = kinds | {"party"}
    # 「究竟指哪些钱」 asks what is meant, not for a list.
    if _MEANS.search(folded):
        kinds = (kinds | {"definition"}) - {"list", "number"}
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
    # 「哪几天」 asks for dates, 「几天」 for a length of time.
    units = frozenset(_UNIT_ASKED.findall(re.sub(r"哪几个?[年月日天周]", "", folded)))
    wanted: set[str] = set()
    if "date" in kinds:
        wanted.add("date")
    if _FREQUENCY.search(folded):
        return frozenset({"frequency"}), units
    if "number" in kinds:
        named = {UNIT_OF[unit] for unit in units}
        # 「高学费的班有多少个」 asks for classes, not for money; 「投资多少个亿」 does.
        counted = bool(units) and not _AMOUNT_ASKED.search(folded)
        for attribute, words in lexicon.attributes.items():
            if attribute not in {"person", "phone", "date", *WORDED} and any(word in folded for word in words):
                named |= set() if counted else {attribute}
        if _SHARE.search(folded):
            named = {"percent"}
        wanted |= named or {"figure"}
    if not kinds or kinds - {"yes_no", "list"}:
        # 「是哪几点」 asks for a list, not for an hour.
        said = folded.replace("哪几点", "")
        wanted |= {kind for kind in ("phone", *WORDED) if any(word in said for word in lexicon.attributes[kind])}
    named_one = any(word in folded for word in lexicon.attributes["person"]) and _NAME_ASKED.search(folded)
    if named_one or _PERSON_ACTS.search(folded):
        wanted.add("person")
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
    ('西部', '科学城', '规划面积')
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
        for word in joined_phrases(segment(piece), lexicon):
            if word in lexicon.stopwords or not word.strip() or word in terms:
                continue
            if len(word) == 1 and not ("\u3400" <= word <= "\u9fff"):
                continue
            terms.append(word)
    return tuple(terms)


def joined_phrases(words: list[str], lexicon: Lexicon) -> list[str]:
    """Return the words with those made one that the word lists know as one: 闹·矛盾 -> 闹矛盾.

    The longest phrase of at most five words goes first.
    """
    joined: list[str] = []
    at = 0
    while at < len(words):
        for size in range(min(5, len(words) - at), 0, -1):
            phrase = "".join(words[at : at + size])
            if size == 1 or (len(phrase) >= 3 and phrase in lexicon.synonyms and phrase not in lexicon.stopwords):
                joined.append(phrase)
                at += size
                break
    return joined
