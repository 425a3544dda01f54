"""Places, areas and offices that a question names: what an answer must not silently exchange for another."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

from app.answer.fold import fold
from app.answer.lexicon_files import load_lexicon
from app.answer.words import frequency, segment

_AREA_KINDS = (
    "新区", "高新区", "科技城", "科学城", "经开区", "开发区", "自贸区", "保税区", "示范区", "合作区",
)  # fmt: skip
# Offices whose kind alone tells them from others, and endings whose first part does.
_OWN_KIND = ("法院", "检察院", "海关", "税务局")
_OFFICE_ENDINGS = ("委员会", "部门", "局", "厅", "委")
# What stands before an ending without naming an office.
_EMPTY_CORES = frozenset(
    {
        "政府", "有关", "相关", "主管", "职能", "上级", "行业", "龙头", "重点", "中小", "两地", "企业", "哪些",
        "双方", "业务", "管理", "全部", "所有", "监管",
    }
)  # fmt: skip
_LINKS = frozenset("的和与跟同及在是由对把被给市省区县两这那该各,，、。？?")
# 两大新区, 几个新区; 三亚 and 九江 are names.
_COUNTING = re.compile(
    r"^(?:[几各这那哪每某]|[一二两三四五六七八九十](?:[个大地家座处类种级方市省县区国些次批期]|$))"
)


@lru_cache(maxsize=1)
def _places() -> re.Pattern[str]:
    names = sorted({*load_lexicon().places, *load_lexicon().nicknames}, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, names)))


def is_place(word: str) -> bool:
    """Return whether a word is the name of a province or city, with or without its rank.

    >>> is_place("贵阳市"), is_place("湖北"), is_place("西部")
    (True, True, False)
    """
    bare = word[:-1] if len(word) >= 3 and word[-1] in "省市州" else word
    return bare in load_lexicon().places


def named_places(folded: str) -> list[str]:
    """Return the provinces and cities in a folded text, in order, a nickname as the city it stands for.

    >>> named_places("贵阳和重庆约定2025年汽车产量做到多少"), named_places("羊城的产量")
    (['贵阳', '重庆'], ['广州'])
    """
    nicknames = load_lexicon().nicknames
    return list(dict.fromkeys(nicknames.get(name, name) for name in _places().findall(folded)))


_RANKED = re.compile(r"([\u4e00-\u9fff]{2,6}?)[区县旗]")


def named_counties(folded: str) -> list[str]:
    """Return the counties and districts in a folded text, without their rank: as words, or with their rank.

    >>> named_counties("黄岛的电厂和崂山区的电厂")
    ['崂山', '黄岛']
    """
    counties = load_lexicon().counties
    words = (word[:-1] if word[-1] in "区县旗" else word for word in segment(folded))
    ranked = (match[1] for match in _RANKED.finditer(folded))
    before = (name[-size:] for name in ranked for size in (2, 3, 4))
    return sorted({word for word in (*words, *before) if word in counties})


# 金坛区, 东岚县: a division by its rank word; what the rank words also make besides names.
_DIVISION = re.compile(r"(?<!新)(?<!开发)(?<!示范)(?<!合作)(?<!自贸)(?<!保税)(区|县|镇|乡|街道|组团|片区)")
# A name begins where a sentence, a clause or a preposition does, or behind another place.
_BOUNDARY = re.compile(r"(?:^|[^\u4e00-\u9fff]|[的在到去与和跟从对给由归往及])$")
_AREA = re.compile("(" + "|".join(f"(?<!高){kind}" if kind == "新区" else kind for kind in _AREA_KINDS) + ")")
_COMMON_DIVISIONS = re.compile(
    r"(?:高新|园|城|地|片|社|小|景|街|山|库|辖|市|郊|校|新|特|灾|开发|保护|示范|经开|自贸|保税|合作|试验|港|库|牧|林|矿|厂|战|禁|分|选|雷|时|社|湾|创新|集聚|功能|"
    r"核心|起步|先行|拓展|联动|产业|工业|集中|管理|协作|飞地|经济|贫困|脱贫|重点|老|全|各|本|该|这个|那个|哪个|整个|两|几|邻|外|跨|乡|城)$"
)
# A word counted more often than this in jieba's dictionary is an ordinary one.
_ORDINARY = 60
_FUNCTION_CHARS = re.compile(
    r"[年月日号天的了在到从和与跟同及是由对把被给让往去来为有没不要会能于或等就都也还又再才只哪那这此每某一二三四五六七八九十两几个条位家"
    r"请问想查找列看写讲说帮告按据将而但且却则若]"
)


def unheard_divisions(folded: str, *, known: Callable[[str], bool]) -> list[str]:
    """Return districts, counties, towns and development areas that a question names and nothing ``known`` does.

    >>> unheard_divisions("协作园在金坛区的分园有多大", known=lambda name: False)
    ['金坛区']
    >>> unheard_divisions("哪几个区县到2027年高新区建成", known=lambda name: False)
    []
    """
    found = []
    for pattern in (_DIVISION, _AREA):
        for match in pattern.finditer(folded):
            kind, end = match[1], match.start()
            cores = [folded[max(0, end - size) : end] for size in (2, 3)]
            cores = [c for c in cores if len(c) >= 2 and _may_name(folded[: end - len(c)], c, kind)]
            if cores and not any(known(core) or known(core + kind) for core in cores):
                found.append(cores[0] + kind)
    return list(dict.fromkeys(found))


def _may_name(before: str, core: str, kind: str) -> bool:
    """Return whether ``core`` before ``kind``, behind the text ``before``, may name a place: no ordinary word."""
    if (
        not re.fullmatch(r"[\u4e00-\u9fff]+", core)
        or _FUNCTION_CHARS.search(core)
        or _COMMON_DIVISIONS.search(core)
    ):
        return False
    if any(char in load_lexicon().synonyms for char in core):
        # 渝, 蓉: the short forms of known places.
        return False
    behind_place = any(before.endswith(place) for place in named_places(before)[-1:])
    if not (behind_place or _BOUNDARY.search(before)):
        return False
    return is_place(core + kind) or is_place(core) or frequency(core) < _ORDINARY


def named_areas(folded: str, *, known: Callable[[str], bool]) -> list[str]:
    """Return the development areas in a folded text, by name and kind.

    A word before 新区 and its like is taken for a name where it is a place or ``known`` with that kind.

    >>> named_areas("去天府新区看贵阳高新区", known=lambda name: name == "天府新区")
    ['天府新区', '贵阳高新区']
    """
    words = segment(folded)
    found = []
    for before, word in pairwise(words):
        kind = next((k for k in _AREA_KINDS if word == k), None)
        if (
            kind
            and len(before) >= 2
            and not _COUNTING.match(before)
            and (is_place(before) or known(before + kind))
        ):
            found.append(before + kind)
    found += [w for w in words if w.endswith(_AREA_KINDS) and w not in _AREA_KINDS and len(w) >= 4]
    return list(dict.fromkeys(found))


def named_offices(folded: str) -> list[str]:
    """Return what tells the offices of a folded text from others: 人社 of 人社局, 法院 of a court.

    >>> named_offices("成渝两市人社局签的协议"), named_offices("两江新区法院")
    (['人社'], ['法院'])
    """
    words = _joined(segment(folded))
    found = [word for word in words if word in _OWN_KIND]
    for before, word in pairwise(["", *words]):
        # 部门 follows any noun; only 交通部门 and its like name one office among others.
        if word == "部门" and not any(before + ending in load_lexicon().synonyms for ending in ("局", "委", "厅")):
            continue
        if word in _OFFICE_ENDINGS and len(before) >= 2 and before not in load_lexicon().stopwords:
            found.append(before)
        for ending in _OFFICE_ENDINGS:
            if word.endswith(ending) and 2 <= len(word.removesuffix(ending)) <= 6 and word not in _OWN_KIND:
                found.append(word.removesuffix(ending))
                break
    cores = (re.sub(r"^[市省区县]", "", _places().sub("", word)) for word in found)
    return [
        core
        for core in dict.fromkeys(cores)
        if len(core) >= 2 and core not in _EMPTY_CORES and not _COUNTING.match(core)
    ]


def _joined(words: Sequence[str]) -> list[str]:
    """Return the words with two or three single characters before an ending made one: 人·社·局 -> 人社·局."""
    joined: list[str] = []
    for word in words:
        if word in _OFFICE_ENDINGS:
            run: list[str] = []
            while joined and len(joined[-1]) == 1 and joined[-1] not in _LINKS and len(run) < 3:
                run.insert(0, joined.pop())
            joined += ["".join(run)] if len(run) > 1 else run
        joined.append(word)
    return joined


# 西部(成都)科学城, 中国(四川)自贸区: what stands in brackets inside a name tells it from its likes.
_BRACKETED = re.compile(
    r"(?P<before>[\u4e00-\u9fff]{2})\((?P<which>[\u4e00-\u9fff]{2,4})\)(?P<behind>[\u4e00-\u9fff]{2})"
)


def names_a_rival(asked: str, text: str) -> bool:
    """Return whether a folded text names another of what a question names by a word in brackets, and not that one.

    >>> names_a_rival("西部(成都)科学城涉及哪些区域", "西部(重庆)科学城涉及北碚、江津")
    True
    """
    for match in _BRACKETED.finditer(asked):
        before, behind = re.escape(match["before"]), re.escape(match["behind"])
        held = set(re.findall(rf"{before}\(([\u4e00-\u9fff]{{2,4}})\){behind}", text))
        if held and match["which"] not in held:
            return True
    return False


def short_forms(name: str) -> frozenset[str]:
    """Return the folded name with its short and long forms: 重庆 and 渝, 人社 and 人力资源和社会保障."""
    synonyms = load_lexicon().synonyms
    forms = {name, *synonyms.get(name, ())}
    for ending in ("局", "委", "厅"):
        forms |= {form.removesuffix(ending) for form in synonyms.get(name + ending, ())}
    return frozenset(fold(form) for form in forms if form)


# The official short forms of provinces that are not in the word lists, because alone they are other words too.
_SHORT = {
    "京": "北京", "津": "天津", "晋": "山西", "辽": "辽宁", "苏": "江苏",
    "浙": "浙江", "鲁": "山东", "豫": "河南", "川": "四川", "陕": "陕西",
}  # fmt: skip


@lru_cache(maxsize=256)
def joint_places(word: str) -> tuple[tuple[str, ...], ...]:
    """Return what each half of a joint name of two places may be, nothing for another word.

    >>> joint_places("沪苏"), joint_places("上海"), joint_places("汽车")
    ((('上海',), ('江苏',)), (), ())
    """
    if len(word) != 2 or is_place(word):
        return ()
    places, synonyms = load_lexicon().places, load_lexicon().synonyms
    short = [[_SHORT[c]] if c in _SHORT else [f for f in synonyms.get(c, ()) if is_place(f)] for c in word]
    if not any(short):
        return ()
    # 广 of 广沪 is no short form of its own: a city that begins with it.
    cities = [sorted(p for p in places if p[0] == c and p[-1] not in "省市县区旗州") for c in word]
    halves = tuple(tuple(known or named) for known, named in zip(short, cities, strict=True))
    return halves if all(halves) else ()
