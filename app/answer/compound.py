"""Questions with several parts, and comparisons: one search per part, each self-contained."""

from __future__ import annotations

import re

from app.answer.analyse import Analysis, content_terms
from app.answer.ordinals import ordinal_sides
from app.answer.topic import topic_of

_ASKS = re.compile(
    r"多少|几[个项名位家所条座份次种类年天届月号几]|什么|哪|谁|何时|何地|如何|怎么|怎样|为什么|为何|是否|是不是|有没有|吗|多[大长久高远快]|啥|咋|分别|各[自是有叫由怎]|[^，,。；;？?]还是[^，,。；;？?]{1,12}(?:[？?]|$)"
)
_POINTS_BACK = re.compile(r"这|那(?!么)|该|此|其(?!他|它|中)|它|当时|同时|又|还|后者|前者")
_SIDES_CUE = re.compile(
    r"不同|区别|异同|一样|一致|相同|差异|差别|相比|对比|比较|比起来|vs|VS|各(?![地类项种市级方部单区界族位色省县国])|分别(?=[叫要由指代在签用是有])|差(?:多[少久大长远]|几|了|距)|相差"
    r"|哪[个一份家条项座种](?:更|先|后|早|晚|约定|的)|谁(?:更|先|后|高|多|大|早)|更[大高多长早晚快]|先通|还是.{1,12}[?？]"
)
_SIDES = re.compile(
    r"(?P<a>[^,，。;；:：?？、]{2,26}?)(?:和|与|跟|以及|对比|相较于|相比于?|vs\.?|VS)(?P<b>[^,，。;；:：?？、]{2,26}?)"
    r"(?=(?:两|这两|各|分别|(?<!成)(?<!首)都|的[^,，]{0,12}(?:各|分别|有|是|哪|谁)|在|哪|谁|有什么|有何|有哪|相比|比较|对比|之间|一样|是否|是不是|,|，|$|[?？]))"
)
_LEADING = re.compile(
    r"^(?:请问|请|帮我?|麻烦|比较一下|比较|对比一下|对比|同样是?|都是|列出|说说|说一下|讲讲|[^,，]{0,14}(?:方面|上|里|中)[,，])+"
)
_FILLER = re.compile(r"^(?:并且?|以及|还有|另外|同时|然后|顺便|再|又|而|那么?|它的?|其)[,，]?")


def sub_questions(analysis: Analysis) -> tuple[str, ...]:
    """Return the self-contained questions to search for; one alone is the question itself.

    >>> from app.answer.analyse import analyse
    >>> sub_questions(analyse("甲隧道和乙隧道，哪个先通车？"))
    ('甲隧道，哪个先通车？', '乙隧道，哪个先通车？')
    >>> sub_questions(analyse("协议由谁签署？什么时候签的？"))
    ('协议由谁签署', '协议签署，什么时候签的')
    """
    sides = split_several(analysis.question) or split_sides(analysis) or split_years(analysis)
    if sides:
        return sides
    parts = asking_parts(analysis.question)
    if len(parts) < 2:
        return (analysis.question,)
    topic = topic_of(parts[0])
    whole = [parts[0]]
    for part in parts[1:]:
        bare = _FILLER.sub("", part)
        needs_topic = len("".join(content_terms(bare))) < 8 or _POINTS_BACK.search(part[:6])
        whole.append(f"{topic}，{bare}" if needs_topic else bare)
    return tuple(whole)


def points_back(part: str) -> bool:
    """Return whether a part speaks of what the part before it found (「这个集群」「该机构」「当时」)."""
    return bool(_POINTS_BACK.search(part))


def asking_parts(question: str) -> list[str]:
    """Return the stretches that each ask something; what asks nothing belongs to the next (or last) one."""
    parts: list[str] = []
    pending = ""
    for piece in re.split(r"(?<=[?？;；。])|[,，]", question):
        text = piece.strip(" ?？;；。")
        if not text:
            continue
        joined = f"{pending}，{text}" if pending else text
        if _ASKS.search(text) and len(text) >= 3:
            parts.append(joined)
            pending = ""
        else:
            pending = joined
    if pending and parts:
        parts[-1] = f"{parts[-1]}，{pending}"
    return parts


def split_sides(analysis: Analysis) -> tuple[str, ...]:
    """Return the question once for each of the two things it sets side by side, or nothing."""
    in_turn = one_and_another(analysis.question)
    if in_turn:
        return in_turn
    ordered = ordinal_sides(analysis.question)
    if ordered is not None:
        return tuple(map(asked_of_one, ordered[1]))
    found = _sides(analysis.question)
    if found is None:
        return ()
    head, left, right, tail = found
    return (_figure_of_one(f"{head}{left}{tail}"), _figure_of_one(f"{head}{right}{tail}"))


# 「甲合作和乙合作，一个出了多少条、一个落到多少个项目」: what is asked of each in turn.
_ONE = r"一(?P<m{n}>[个份边家头方次回场])(?:是|则)?"
_IN_TURN = re.compile(
    _SIDES.pattern.split("(?=")[0]
    + r"[,，]"
    + _ONE.format(n=1)
    + r"(?P<x>[^,，、。;；?？]{2,}?)[,，、;；]\s*(?:另)?"
    + _ONE.format(n=2)
    + r"(?P<y>[^,，、。;；?？]{2,})[?？。]?$"
)


def one_and_another(question: str) -> tuple[str, ...]:
    """Return what is asked of each of two things in turn, or nothing.

    >>> one_and_another("甲合作和乙合作，一个出了多少条、一个落到几个项目？")
    ('甲合作，出了多少条', '乙合作，落到几个项目')
    """
    match = _IN_TURN.search(question)
    if match is None or not (_ASKS.search(match["x"]) and _ASKS.search(match["y"])):
        return ()
    head, left, right = question[: match.start()], _LEADING.sub("", match["a"]), match["b"]
    owner = left[: left.find("的") + 1] if "的" not in right else ""
    return f"{head}{left}{_shared_tail(left, right)}，{match['x']}", f"{head}{owner}{right}，{match['y']}"


# How far apart two are, or in what they differ, is asked of each as what it is.
_TIME_APART = re.compile(r"(?:相差|差)(?:了)?(?:多久|多长时间|几年|几个月|几天|多少[年月天]|多少个月)")
_MUCH_APART = re.compile(
    r"(?:相差|差)(?:了?多少|了?几何|了?多大|距(?:有多大|是多少|多少))"
    r"|(?<=[数量额模例标])(?:相?差在哪儿?里?|差距|有(?:什么|何|啥)(?:不同|差别|差异|差距))"
)
_NOT_ALIKE = re.compile(
    r"(?:有(?:什么|何|啥|哪些))?(?:不同|区别|差异|差别|不一样|两样|异同)(?:之处|的地方)?|相?差在哪儿?里?"
)
# 「哪份的合作事项更多」 asks each for its number, 「哪个面积大」 for its size.
_MORE_OF = re.compile(r"(?:哪[一]?[份个边家方项]|谁)的?(?P<what>[\u4e00-\u9fff]{2,6})更[多少](?![\u4e00-\u9fff])")
_GREATER = re.compile(
    r"(?:哪[一]?[份个边家方项座条]|谁)的?(?P<what>[\u4e00-\u9fff]{0,6}(?:[数量额度率积模程]|产值|投资|比例|占比|比重|人口))更?[多少大小高低长短](?:一?些|一?点)?(?![\u4e00-\u9fff])"
)
_EACH_MUCH = re.compile(r"(?<=[,，])(?:各自?|分别)(?=多少|几|[有是为]多少|[有是]几)")


def asked_of_one(question: str) -> str:
    """Return what a question about how far apart two are asks of one of them.

    >>> asked_of_one("甲隧道，通车时间差多久？"), asked_of_one("甲会有啥不同")
    ('甲隧道，通车时间是什么时候？', '甲会是什么')
    >>> asked_of_one("甲地，事项数量差在哪？"), asked_of_one("甲地的做法差在哪？")
    ('甲地，事项数量是多少？', '甲地的做法是什么？')
    """
    return _NOT_ALIKE.sub("是什么", _figure_of_one(question))


def _figure_of_one(question: str) -> str:
    # 几大方面 beside another side asks for a number, not for a list.
    question = re.sub(r"(?<=[是有分共])几大(?=方面|领域|板块|任务|类)", "几个", question)
    question = _MORE_OF.sub(r"\g<what>有多少个", question)
    question = _EACH_MUCH.sub("", _GREATER.sub(r"\g<what>是多少", question))
    return _MUCH_APART.sub("是多少", _TIME_APART.sub("是什么时候", question))


_ITEM = r"[^,，。;；:：?？、的和与跟各分在]{2,12}"
# 「甲、乙、丙这些部门各做什么」: three to six, and a word that shares what follows out among them.
_SEVERAL = re.compile(
    rf"(?P<items>{_ITEM}(?:、{_ITEM}){{1,4}}(?:、|和|与|以及|及){_ITEM}?)"
    r"(?P<class>(?:这|那)[些几两三四五六].{1,4}?|等?(?:[三四五六]个?)?(?:部门|单位|口子?|方面|领域|城市|地方))?[,，]?"
    r"(?:各自?(?![地类项种市级方部单区界族位色省县国])|分别|又分别|都(?=[谈定签做干有说写]))"
)


# 「甲、乙、丙2027年产值分别…」: what stands once, behind the last.
_SHARED_ATTRIBUTE = re.compile(
    r"(?:(?:19|20)\d\d年|产值|营收|面积|目标|规模|投资|人口|数量|期限|时间|金额|增速|占比|比重|里程|负责人|牵头).*$"
)


def split_several(question: str) -> tuple[str, ...]:
    """Return the question once for each of three to six things that it asks the same of, or nothing.

    >>> split_several("五月，甲乙两地的公安、医保、民政这些部门，各谈成了什么事？")[:2]
    ('五月，甲乙两地的公安部门，谈成了什么事？', '五月，甲乙两地的医保部门，谈成了什么事？')
    >>> split_several("公安、医保、民政部门有哪些人？")
    ()
    """
    match = _SEVERAL.search(question)
    if match is None or not _ASKS.search(question[match.end() :]):
        return ()
    items = [item for item in re.split(r"、|和|与|以及|及", match["items"]) if item]
    head, tail = question[: match.start()], question[match.end() :]
    if not 3 <= len(items) <= 6 or not balanced(head) or not all(map(balanced, items)):
        return ()
    shared = _SHARED_ATTRIBUTE.search(items[-1])
    if shared and shared.start() >= 2:
        items[-1], tail = items[-1][: shared.start()], f"{shared.group()}{tail}"
    noun = re.sub(r"^(?:[这那][些几两三四五六]|等|[三四五六]个?)+|口子?$", "", match["class"] or "")
    said = [item if item.endswith(noun) else item + noun for item in items]
    return tuple(f"{head}{one}，{tail}" for one in said)


_TWO_YEARS_CUE = re.compile(
    r"分别|各(?=[自是有叫由怎定要达])|相比|对比|比较|比起|差(?=多少|几|在|了|距)|变化|两年|哪(?:一)?年(?:更|的)|一样|不同|异同"
)


def split_years(analysis: Analysis) -> tuple[str, ...]:
    """Return the question once for each of two years that it sets side by side, or nothing.

    >>> from app.answer.analyse import analyse
    >>> split_years(analyse("集装箱这块，2023年报告的目标和2024年的目标分别是多少？"))
    ('集装箱这块，2023年报告的目标和的目标分别是多少？', '集装箱这块，报告的目标和2024年的目标分别是多少？')
    """
    years = [v for v in analysis.values if v.kind == "date" and re.fullmatch(r"(?:19|20)\d{2}", v.key)]
    if len({v.key for v in years}) != 2 or not _TWO_YEARS_CUE.search(analysis.folded):
        return ()
    asked = []
    for kept in dict.fromkeys(v.key for v in years):
        text = analysis.question
        for other in {v.key for v in years} - {kept}:
            text = re.sub(rf"{other}年?(?:度)?", "", text)
        asked.append(text)
    return tuple(asked)


def side_names(question: str) -> tuple[str, ...]:
    """Return the names of the two things that a question sets side by side, or nothing.

    >>> side_names("甲隧道和乙隧道，哪个先通车？")
    ('甲隧道', '乙隧道')
    """
    ordered = ordinal_sides(question)
    if ordered is not None:
        return ordered[0]
    found = _sides(question)
    return () if found is None else found[1:3]


def _sides(question: str) -> tuple[str, str, str, str] | None:
    """Return what stands before the two sides, the sides, and what stands after them."""
    if not _SIDES_CUE.search(question):
        return None
    question = with_commas(question)
    for match in _SIDES.finditer(question):
        left = _LEADING.sub("", match["a"])
        right = match["b"]
        start = match.start() + len(match["a"]) - len(left)
        if not all(balanced(side) for side in (left, right, question[: match.start()])):
            continue
        if len(left) < 2 or _ASKS.search(left) or _ASKS.search(right):
            continue
        if re.search(r"[谁哪]", question[max(0, start - 1) : match.end()]):
            continue
        head, tail = question[:start], question[match.end() :]
        attribute = re.search(r"的[^的]{2,10}$", left)
        if attribute and tail.startswith(attribute[0]):
            # 甲的面积和乙的面积: it stands with both, and is no part of the question to both.
            right, tail = right + attribute[0], tail[len(attribute[0]) :]
        return head, left + _shared_tail(left, right), right, tail
    return None


_GAP = re.compile(r"(?<=[\u4e00-\u9fff”》）)])[ \u3000]+(?=[\u4e00-\u9fff“《（(]|(?:19|20)\d\d年)")


def with_commas(question: str) -> str:
    """Return a question with commas for the spaces that part it as search boxes are used; names stay whole.

    >>> with_commas("人才引进 甲协议与乙计划 各怎么安排"), with_commas("《甲乙 合作协议》")
    ('人才引进，甲协议与乙计划，各怎么安排', '《甲乙 合作协议》')
    """
    return _GAP.sub(lambda gap: "，" if balanced(question[: gap.start()]) else gap.group(), question)


def balanced(text: str) -> bool:
    """Return whether no quotation mark or bracket is left open, so that a name is never cut."""
    return (
        all(text.count(a) == text.count(b) for a, b in ("“”", "《》", "（）", "()", "「」"))
        and text.count('"') % 2 == 0
    )


def _shared_tail(left: str, right: str) -> str:
    """Return what stands once, behind the second side, but is meant of both: a class noun, an attribute.

    >>> _shared_tail("金融", "汽车协议"), _shared_tail("汽车协议", "金融协议的签署时间")
    ('协议', '的签署时间')
    """
    attribute = re.search(r"的([^的]{2,10})$", right) if "的" not in left else None
    if attribute and left.endswith(attribute[1]):
        attribute = None
    thing = right[: attribute.start()] if attribute else right
    noun = re.search(r"(协议|集群|产业|隧道|文件|计划|新区|中心|线|项目|基金|大会|平台)$", thing)
    tail = noun[0] if noun and not left.endswith(noun[0]) else ""
    return tail + (attribute[0] if attribute else "")
