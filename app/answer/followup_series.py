"""Follow-ups to a list, a series or a pair: the third item, the time before, the other of two. Pure."""

from __future__ import annotations

import re

from app.answer.enumerations import find_enumerations
from app.answer.topic import topic_of
from app.answer.values import han_to_int

_ORDINAL_ITEM = re.compile(
    r"(?:其中)?(?:的)?第(?P<n>[一二三四五六七八九十]{1,3}|\d{1,2})(?:个|项|条|点|方面|款|类)?(?!次|届|期|批|轮|阶段)"
)
_PREVIOUS = re.compile(r"(?:再?(?:往|向)前|上)(?:面)?(?:的)?那?一?(?:次|届|期|轮)|前一(?:次|届|期|轮)")
_NEXT = re.compile(r"(?:再?(?:往|向)后|下)(?:面)?(?:的)?那?一?(?:次|届|期|轮)|后一(?:次|届|期|轮)")
_OTHER = re.compile(
    r"另外?一?(?:个|份|家|边|座|方|所)(?P<noun>[\u4e00-\u9fff]{0,6}?)(?=呢|的|是|由|有|又|,|，|$|[?？])"
)
_NUMBERED = re.compile(r"^\s*(\d{1,2})[.、．]\s*(.+?)(?:\[\d+\])*\s*$", re.MULTILINE)
MARKERS = re.compile(r"\[\d+\]")
FILLER = re.compile(
    r"^(?:那么?(?![个份些次条项里])|嗯|好的?|哦|谢谢|对了|再问(?:一下)?|顺便问(?:一下)?|所以|然后)[,，、。\s]*"
)


def listed_item(question: str, previous: str, said: str) -> str | None:
    """「第三项由谁负责」 after a list: the item's own text takes the place of its number."""
    match = _ORDINAL_ITEM.search(question)
    items = _items_of(said)
    if not match or not items or "《" in question:
        return None
    number = int(match["n"]) if match["n"].isdigit() else han_to_int(match["n"])
    if not 1 <= number <= len(items):
        return None
    item = re.split(r"[。；;:：]", items[number - 1])[0][:60]
    rest = FILLER.sub("", (question[: match.start()] + "\0" + question[match.end() :]).strip("?？。 "))
    if rest.strip("\0 呢的那是") == "":
        return f"{topic_of(previous)}中，{item}的具体内容是什么？"
    return f"{topic_of(previous)}中，{rest.replace(chr(0), item).replace('呢', '')}？"


def _items_of(said: str) -> list[str]:
    """Return the items of a numbered answer, or of its longest enumeration."""
    numbered = [text for _, text in _NUMBERED.findall(said)]
    if len(numbered) >= 2:
        return numbered
    text = MARKERS.sub("", said)
    found = find_enumerations(text)
    return [text[a:b] for a, b in found[0].items] if found else []


def step_of_series(question: str, previous: str, said: str) -> str | None:
    """「再往前一次呢」: the ordinal of the series, last named in the question or the answer, moves by one."""
    backwards, forwards = _PREVIOUS.search(question), _NEXT.search(question)
    if not (backwards or forwards) or len(question) > 24:
        return None
    for text in (previous, MARKERS.sub("", said)):
        ordinal = re.search(r"第([一二三四五六七八九十\d]{1,3})(次|届|期|批|轮|阶段)", text)
        if ordinal:
            number = int(ordinal[1]) if ordinal[1].isdigit() else han_to_int(ordinal[1])
            number += -1 if backwards else 1
            if number < 1:
                return None
            new = f"第{'一二三四五六七八九十'[number - 1] if number <= 10 else number}{ordinal[2]}"
            return previous.replace(ordinal[0], new) if text is previous else f"{new}，{previous}"
    return None


# 「头一次」 「最近一次」 「最后那场」: one of a series by its place in it.
_TIME = re.compile(r"(?:头|首|第|最近|最后|最早|最新|中间|末)(?:的)?(?:那)?一?(?:次|回|场|届|批|轮)")


def which_time(question: str, previous: str, said: str) -> str | None:
    """「最近一次呢」 after 「头一次是什么时候」: the place in the series takes the other's."""
    match, before = _TIME.search(question), _TIME.search(previous)
    if not match or not before or match.start() > 3 or len(question) > 24:
        return None
    rest = re.sub(r"^呢|[?？]$", "", question[match.end() :].strip())
    if not rest.strip("呢?？ "):
        return previous.replace(before[0], match[0], 1)
    return f"{previous[: before.start()].rstrip('，, ')}，{match[0]}{rest}？"


def other_of_two(question: str, previous: str, said: str) -> str | None:
    """「另一个新区呢」: the partner that the conversation names beside the one asked about."""
    match = _OTHER.search(question)
    if not match or len(question) > 30:
        return None
    noun = match["noun"]
    for text in (MARKERS.sub("", said), previous):
        for pair in re.finditer(
            r"([\u4e00-\u9fff（）()]{2,14}?)(?:与|和|、|同)([\u4e00-\u9fff（）()]{2,14})", text
        ):
            left, right = pair[1], pair[2]
            if noun:
                right = right[: right.find(noun) + len(noun)] if noun in right else ""
                left = left if left.endswith(noun) else ""
            for one, two in ((left, right), (right, left)):
                if one and two and one != two and one in previous and two not in previous:
                    return previous.replace(one, two)
    return None
