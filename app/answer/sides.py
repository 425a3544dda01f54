"""What a question sets side by side, each side with the place that speaks of it and what is asked of it.

A way of reading the question is taken only where both sides are resolved to places of their own; the word rules of
:mod:`app.answer.compound` serve the rest.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from app.answer.analyse import content_terms
from app.answer.compound import asked_of_one, asking_parts, balanced, with_commas
from app.answer.scopes import Scope, Scopes

# Words that set things side by side; 各 and 分别 only where they share something out.
_CUE = re.compile(
    r"(?<![与和同跟成])各(?![地类项种市级方部单区界族位色省县国])|分别|不同|不一样|两样|一样|一致|相同|区别|异同|差(?=在|多少|几|了|哪|别|异|距)|相差"
    r"|vs|VS|相比|对比|比较|比起|比一下|比一比|对得上|更|有何差|哪(?:一)?[份个边家项条头座](?:.{0,8}(?:先|早|晚|快|慢|高|低|多|少|大|小|能|长|短))"
    r"|谁(?:先|早|晚|快|慢|高|低|多|少|大|小|长|短)"
)
_TURN_CUE = re.compile(r"又|呢|比一下|比比|同样|各|分别")
_POINTS_BACK = re.compile(r"^(?:同时|这|那(?!份)|该|此|其|它|他|后者|前者)")
# 「…的计划又要把它建成…」: what the first part found.
_ITS = re.compile(r"[把将对给让为由]它|它的?(?:建|变|打造|作为|规模|投资|面积)")
_JOIN = re.compile(r"和|与|跟|以及|对比|相较于|相比于?|比起| *(?:vs\.?|VS) *")
_LEFT = re.compile(r"[^,，。;；:：?？]{2,30}$")
_RIGHT_END = re.compile(
    r"各|分别|都|两份|两个|这两|在(?!建)|里|中|谁|哪|有什么|有何|有啥|有哪|相比|比较|对比|比(?!例|重|较)|之间|一样|是否|是不是|签|约定|规定|要求|提|列|写|差|[,，:：?？]|$"
)
_LONGEST_NAME = 30
# 「科委(现在叫科技局)」, and 两个 that is left of 「两个新区」.
_ASIDE = re.compile(r"[（(](?:现|原|即|也|就是|以前|过去|曾|又)[^（()）]{1,20}[）)]")
_NO_REST = re.compile(r"^[两二三几这那]?[个市家地区方]$")
# 「甲协议，和乙协议，哪份…」: a comma before the word that joins two names.
_PARTED = re.compile(r"[,，](?=(?:和|与|跟|同|以及)[^,，。;；?？]{2,30}[,，:：])")
_LEADING = re.compile(
    r"^(?:请问|请|帮我?|麻烦|比较一下|比较|对比一下|对比|比一下|比比|同样是?|都是|列出|说说|说一下|讲讲|为了?|关于|在|而|[：:])+"
)
_ATTRIBUTE = re.compile(r"的(?P<asked>[^的]{2,14})$")
# 「在甲协议里怎么提的」: the noun that ends the name of a document.
_DOCUMENT_NAME = re.compile(
    r"(?:^|[在从按据看,，：:])?(?P<name>[^,，。;；:：?？在]{1,24}?(?:协议|计划|方案|报告|意见|清单|通知|备忘录|规划|条例|办法|纲要|任务|那份|要点|章程|规定))"
)
_ASK = re.compile(
    r"多少|几|什么|哪|谁|何|如何|怎|是否|有没有|吗|多[大长久高远快]|啥|咋|分别|各|又|呢|是(?!否)|要|想|准备|去|说|定|由|有"
)
# 「在甲协议里怎么提」: the name goes with the words around it.
_IN_IT = re.compile(r"(?:在|按照?|从)?\{\}(?:里面?|中|上)(?![小央市])")
# A side is asked at most so many things; a part with fewer characters of content (「各怎么说」) asks nothing.
_MOST_ASKED = 3
_LEAST_TELLING = 4
# Asked of an agreement or document itself, not of what it says: its name belongs to the question.
_OF_ITSELF = re.compile(r"签(?!证|名)|订立|生效|印发|发布|有效期|签约|缔约")
# A clause that asks less than this asks what the clause before it asked.
_LEAST_ASKED = 3
_BEFORE_NAME = re.compile(r"(?:[在从按据照里中]|[,，：:])+$")


@dataclass(frozen=True, slots=True)
class Side:
    """One side: the words the question calls it by, where it is spoken of, and the questions asked of it there."""

    name: str
    scope: Scope
    asked: tuple[str, ...]


def find_sides(question: str, scopes: Scopes, *, doc_ids: Collection[str] | None = None) -> tuple[Side, ...]:
    """Return the two sides that a question sets side by side, or nothing where either has no place of its own.

    Of several readings the one whose names say most, and most surely, is taken.
    """
    question = _ASIDE.sub("", with_commas(question))
    best: tuple[float, tuple[Side, ...]] = (0.0, ())
    for names, asked in (*_joined(question), *_in_turn(question), *_set_apart(question)):
        first, second = scopes.resolve(names, doc_ids=doc_ids)
        if first is None or second is None or set(first.regions) & set(second.regions):
            continue
        said = sum(scopes.known_chars(name) for name in names)
        value = min(first.share, second.share) * said**0.5
        if value > best[0]:
            found = zip(names, (first, second), asked, strict=True)
            best = (value, tuple(_side(n, scope, ask, scopes) for n, scope, ask in found))
    return _asked_alike(best[1])


def _asked_alike(sides: tuple[Side, ...]) -> tuple[Side, ...]:
    """Return the sides, one of which nothing is asked with what is asked of the other.

    「甲集群 vs 乙集群2027年产值目标」 asks the same of both, though it stands with one.
    """
    silent = [side for side in sides if not content_terms("".join(side.asked))]
    if len(silent) != 1:
        return sides
    other = next(side for side in sides if side is not silent[0])
    return tuple(Side(s.name, s.scope, other.asked) if s is silent[0] else s for s in sides)


def _side(name: str, scope: Scope, asked: str, scopes: Scopes) -> Side:
    rest = scopes.rest(name, scope)
    asked = _IN_IT.sub("{}", asked)
    asked = asked_of_one(asked)
    if _OF_ITSELF.search(asked):
        return Side(name, scope, _questions(asked.format(name)))
    return Side(
        name.removesuffix(rest) or name, scope, _questions(asked.format("" if _NO_REST.match(rest) else rest))
    )


def _questions(asked: str) -> tuple[str, ...]:
    """Return what is asked of a side as one question for each thing, or whole where a part says little."""
    parts = asking_parts(asked)
    telling = all(len("".join(content_terms(part))) >= _LEAST_TELLING for part in parts)
    return tuple(parts) if telling and 1 < len(parts) <= _MOST_ASKED else (asked,)


_Reading = tuple[tuple[str, str], tuple[str, str]]


def _joined(question: str) -> Iterator[_Reading]:
    """Yield the readings of 「甲和乙各…」: the two names, and the rest of the question for both."""
    if not _CUE.search(question):
        return
    question = _PARTED.sub("", question)
    for join in _JOIN.finditer(question):
        before = _LEFT.search(question[: join.start()])
        if before is None:
            continue
        left = _LEADING.sub("", before.group())
        head = question[: join.start() - len(left)]
        if len(left) < 2 or not balanced(left) or not balanced(head):
            continue
        own = _ATTRIBUTE.search(left)
        for right in _right_sides(question[join.end() :]):
            tail = question[join.end() + len(right) :]
            yield (left, right), (f"{_plain(head)}{{}}{_plain(tail)}",) * 2
            attribute = _ATTRIBUTE.search(right)
            if attribute and left.endswith(attribute.group()):
                # 甲的面积和乙的面积: the attribute stands with both.
                asked = f"{_plain(head)}{{}}的{_plain(attribute['asked'] + tail)}"
                yield (left[: -len(attribute.group())], right[: attribute.start()]), (asked,) * 2
            elif attribute and (own is None or not attribute["asked"].startswith(own["asked"])):
                asked = f"{_plain(head)}{{}}{_plain(attribute['asked'] + tail)}"
                yield (left, right[: attribute.start()]), (asked,) * 2


def _right_sides(rest: str) -> Iterator[str]:
    """Yield what may be the second name, from the shortest to the end of its clause."""
    for end in _RIGHT_END.finditer(rest):
        name = rest[: end.start()].removesuffix("的")
        if len(name) > _LONGEST_NAME or re.search("[,，。;；:：?？跟与]|相比", name):
            return
        if len(name) >= 2 and balanced(name):
            yield name


def _in_turn(question: str) -> Iterator[_Reading]:
    """Yield the readings of 「甲是…？乙又…？」: a name and a request in each of two clauses."""
    if not _TURN_CUE.search(question):
        return
    parts = _clauses(question)
    if len(parts) != 2 or _POINTS_BACK.search(parts[1]) or _ITS.search(parts[1]):
        return
    named = [_name_in(part) for part in parts]
    if any(name is None for name in named):
        return
    (first, one), (second, other) = (
        (n, _plain(p).replace(_plain(n), "{}", 1)) for n, p in zip(named, parts, strict=True) if n
    )
    topic = _BEFORE_NAME.sub("", one.split("{}")[0])
    if len(re.sub(r"[{}又呢则,，]", "", other)) < _LEAST_ASKED:
        other = one
    elif topic and topic not in other:
        other = f"{topic}，{other}"
    yield (first, second), (one, other)


# 「甲协议，和乙协议比，…」, 「一处是甲协议，一处是乙计划，…」, 「甲集群、乙集群差多少」.
_WITH_COMMA = re.compile(
    r"(?:^|[,，：:])(?P<a>[^,，。;；:：?？]{2,30})[,，](?:和|与|跟|同|拿)(?P<b>[^,，。;；:：?？]{2,30}?)(?:相?比(?:较|起来)?|对比)(?=[,，：:])"
)
_ONE_IS = re.compile(
    r"一(?P<m>[处份个边项头方])是(?P<a>[^,，。;；:：?？]{2,30})[,，；;]?(?:另|再)?一(?P=m)是(?P<b>[^,，。;；:：?？]{2,30})(?=[,，；;。：:])"
)

_SIDE_BY_SIDE = re.compile(
    r"(?:^|[,，：:])(?P<a>[^,，、。;；:：?？的]{2,14})[,，、](?P<b>[^,，、。;；:：?？的]{2,14}?)[,，]?(?=相?差(?![异别])|哪[个边份]|谁|对比|比较|相比|各(?![地类项种市级方部单区界族位色省县国])|分别)"
)
_QUOTED = re.compile(r"[“\"「『]")


def _set_apart(question: str) -> Iterator[_Reading]:
    """Yield the readings of two names that a comma parts, with words around them that set them side by side."""
    for pattern in (_WITH_COMMA, _ONE_IS, _SIDE_BY_SIDE):
        match = pattern.search(question)
        if match is None:
            continue
        left, right = (_LEADING.sub("", match[side]) for side in "ab")
        head, tail = question[: match.start()], question[match.end() :]
        if pattern is _SIDE_BY_SIDE and _QUOTED.match(right):
            # 「甲区，“五个中心”分别是」 asks for the members of one thing.
            continue
        if balanced(left) and balanced(right) and balanced(head):
            yield (left, right), (f"{_plain(head)}，{{}}{_plain(tail)}".lstrip("，"),) * 2


def _clauses(question: str) -> list[str]:
    """Return the parts of a question that each ask; where the rules see one alone, 又 opens the second."""
    parts = asking_parts(question)
    if len(parts) != 1:
        return parts
    pieces = [piece for piece in re.split(r"[,，?？;；。]", question) if piece.strip()]
    opened = [n for n, piece in enumerate(pieces) if n and "又" in piece]
    return ["，".join(pieces[: opened[0]]), "，".join(pieces[opened[0] :])] if opened else parts


def _plain(text: str) -> str:
    """Return a text without the braces that mark the place of a name."""
    return text.replace("{", "").replace("}", "")


def _name_in(part: str) -> str | None:
    """Return what a clause speaks of: a document by its noun, else the words before it asks."""
    piece = re.split(r"[,，：:]", part)[-1]
    for text in (piece, part):
        found = _DOCUMENT_NAME.search(text)
        if found:
            return _LEADING.sub("", found["name"])
    asks = _ASK.search(piece)
    name = _LEADING.sub("", piece[: asks.start()] if asks else piece)
    return name if len(name) >= 2 else None
