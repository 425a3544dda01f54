"""Follow-up questions: what the conversation fixes is put back, so that a question stands alone.

A question that stands alone is returned as it is. The rules are those of Chinese ellipsis: a topic that is
dropped or replaced (「那成都呢」), a pronoun (「它」「该协议」), an ordinal of a list just given (「第三项」), a
step along an ordered series (「再往前一次」) and the other of two (「另一个新区」).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.answer.analyse import content_terms
from app.answer.followup_series import FILLER, listed_item, other_of_two, step_of_series, which_time
from app.answer.lexicon_files import load_lexicon
from app.answer.named import is_place
from app.answer.topic import ASKED, TAIL, topic_of, topic_phrases
from app.answer.turns import Turn
from app.answer.words import segment

_WHAT_ABOUT = re.compile(
    r"^(?:那么?|至于|再说|还有|换成|如果是|要是|然后|对了)?[,，、\s]*(?P<focus>[^,，。？?]{1,20}?)(?:的?话)?呢"
    r"(?:[,，]\s*(?P<rest>[^？?]{1,30}))?" + TAIL
)
_POINTING = re.compile(
    r"(?<![其吉])它们?|(?:这|那|该|此|上述|前述)(?:一|几|两|三)?(?:个|份|项|些|条|次|家|场|笔|类|座)?"
    r"(?:协议|文件|计划|方案|通知|会议|项目|机构|公司|单位|平台|中心|目标|集群|产业|装置|活动|行动|机制|地方|城市|新区|企业|指标|任务|"
    r"政策|数字|时间|方面|部分|内容|合作|实验室|基金|工程|钱|事|么(?=[^，,。？?]{1,6}[几多])|(?=[是有的由和与里中又在,，？?要会]|$))|他们|(?<![与及由尤极])其(?![他它中余实次间])"
)
_OPENING = re.compile(
    r"^(?:其中|里面|当中|那(?!么)|那么|还|再|又|剩下|除了|除此|另外|此外|同样|最近一次|中间|前者|后者|上面|刚才|然后|最后)"
)
_SUBJECTLESS = re.compile(
    r"^(?:已经?有(?=多少|几)|规模|面积|投资|编制|金额|期限|名额|比例|最[多少高低快慢迟晚早]|至[多少]|一[年季月共]|每[年月季]|全年|总共|共|"
    r"第[一二三四五]?[批年期步季]|首[批期年]|[一二]期|能|能不能|可以|需要|由|在哪|到[几哪什])(?![\u4e00-\u9fff]{0,6}的[\u4e00-\u9fff]{3})"
)
# 「放到整个贵阳呢」: 贵阳.
_ALL_OF = re.compile(r"^(?:(?:放|换|拿|搁)(?:到|成)?|到|在)?(?:整个|整座|全)?(?=[\u4e00-\u9fff]{2})")
_AREA = re.compile(
    r"(?<=[在到给去对为往与和跟了])(?!了)[\u4e00-\u9fff]{2,4}?(?:新区|高新区|开发区|经开区|自贸区|科学城)"
)
_NAMED = re.compile(r"[《“\"「『〔]")
_QUOTED_NAME = re.compile(r"《[^《》]+》|[“「『][^”」』]{2,20}[”」』]")
_HANDLE = re.compile(r"(?:的)?那?(?:一)?(?:份|个|项|条|边|家|块|方面|部分|次)$")
# Nouns that name a class; the topic that replaces another of its class keeps the noun (汽车协议 -> 金融协议).
_CLASS_NOUN = re.compile(
    r"(?:合作协议|协议|文件|计划|方案|通知|产业集群|集群|产业|新区|科学城|中心|会议|基地|项目|平台|工程|行动|隧道|实验室|装置|基金|专项|园区|学校|医院)$"
)


def rewrite(question: str, history: Sequence[Turn]) -> str | None:
    """Return the question with what the history fixes, or ``None`` if it stands alone.

    >>> turns = [Turn("user", "集成电路产业集群到2027年的产值目标是多少？"), Turn("assistant", "500亿元。[1]")]
    >>> rewrite("那生物医药产业集群呢？", turns)
    '生物医药产业集群到2027年的产值目标是多少？'
    >>> rewrite("西部科学城的规划面积是多少平方公里？", turns) is None
    True
    """
    previous, said = _resolved_previous(history)
    if previous is None:
        return None
    rewritten = _rewrite_once(question.strip(), previous, said)
    return None if rewritten is None or rewritten == question.strip() else rewritten


def _resolved_previous(history: Sequence[Turn]) -> tuple[str | None, str]:
    """Return the last user question, itself resolved against what came before it, and the last answer."""
    resolved: str | None = None
    said = ""
    for turn in history:
        text = turn.content.strip()
        if turn.role == "assistant":
            said = text
        elif text:
            resolved = text if resolved is None else (_rewrite_once(text, resolved, said) or text)
    return resolved, said


def _rewrite_once(question: str, previous: str, said: str) -> str | None:
    for rule in (
        listed_item,
        step_of_series,
        which_time,
        other_of_two,
        _its_like,
        _new_topic,
        _pointing,
        _dropped_topic,
    ):
        rewritten = rule(question, previous, said)
        if rewritten:
            return rewritten
    return None


_LIKE = re.compile(
    r"^(?:那么?|至于|还有)?[,，]?(?P<focus>[^,，。？?的那]{2,12}?)(?:的?那一?(?P<measure>份|个|家|项|条|场|座)|(?P<side>那边|那里|那儿|那头))"
    r"(?P<rest>(?:又|也|都|则|总共|一共|共)*(?:有|是|由|在|要|会|定|签|分|叫|怎|多|几|谁|哪).{1,16}?)[?？]?$"
)
_STANDS_IN = re.compile(
    r"在(?P<place>[\u4e00-\u9fff]{2,12}?)(?=听|看|由|有|是|签|开|召|办|做|谁|哪|什么|，|,|[?？])"
)


def _its_like(question: str, previous: str, said: str) -> str | None:
    """「科技局的那份有几项」 「北港那边又是谁讲的」: the like of what was asked about, under another name."""
    match = _LIKE.match(question)
    if not match or match["focus"] in previous:
        return None
    focus, rest = match["focus"], re.sub(r"^(?:又|也|都|则)+", "", match["rest"])
    if match["side"]:
        place = _STANDS_IN.search(previous)
        return previous.replace(place["place"], focus, 1) if place else None
    nouns = re.findall(_CLASS_NOUN.pattern.removesuffix("$"), topic_of(previous))
    return f"{focus}的{nouns[-1]}{rest}？" if nouns else None


def _new_topic(question: str, previous: str, said: str) -> str | None:
    """「那金融那份呢」: the new topic takes the old one's place, or stands beside it where none is like it."""
    match = _WHAT_ABOUT.match(question)
    if not match or re.search(ASKED, match["focus"]) or _POINTING.fullmatch(match["focus"]):
        return None
    focus = _ALL_OF.sub("", match["focus"].strip())
    handled = _HANDLE.sub("", focus)
    if 2 <= len(handled) < len(focus):
        focus = handled
    swapped = None
    if not _OPENING.match(focus):
        swapped = swap_topic(previous, focus, surely=handled != match["focus"].strip())
    rest = match["rest"]
    if swapped is None:
        return f"{topic_of(previous)}，{focus}{'：' + rest if rest else ''}？"
    return f"{swapped.rstrip('?？')}，{rest}？" if rest else swapped


def swap_topic(previous: str, focus: str, *, surely: bool = False) -> str | None:
    """Return the previous question about ``focus``, or ``None`` where no phrase of it is like the new topic.

    A year replaces a year, a place a place, a phrase one with the same ending; with ``surely`` the first phrase
    goes where none is alike, for the topic comes first in Chinese.

    >>> swap_topic("到2025年汽车产量是多少？", "2027年")
    '到2027年汽车产量是多少？'
    """
    year = re.fullmatch(r"(?:到|至)?((?:19|20)\d{2})年?(?:底|末)?", focus)
    old_year = re.search(r"(?:19|20)\d{2}(?=年)", previous)
    if year and old_year:
        return previous.replace(old_year[0], year[1])
    phrases = [p for p in topic_phrases(previous) if p != focus]
    places = [w for p in phrases for w in segment(p) if is_place(w)]
    if is_place(focus) and places:
        return previous.replace(places[0], focus, 1)
    area = _AREA.search(previous) if is_place(focus) else None
    if area:
        # A city takes the place of the area that was asked about.
        return previous.replace(area[0], focus, 1)
    if len(focus) > 14 or not phrases:
        return None

    def ending(phrase: str) -> int:
        n = 0
        while n < min(len(phrase), len(focus)) and phrase[-1 - n] == focus[-1 - n]:
            n += 1
        return n

    best = max(phrases, key=lambda p: (ending(p), bool(_CLASS_NOUN.search(p)), -phrases.index(p)))
    if ending(best) == 0:
        attributes = (word for words in load_lexicon().attributes.values() for word in words)
        names_a_thing = len(focus) <= 8 and not any(word in focus for word in attributes)
        if not surely and not (names_a_thing and _CLASS_NOUN.search(best)):
            return None
    noun = _CLASS_NOUN.search(best)
    kept = noun[0] if noun and not _CLASS_NOUN.search(focus) else ""
    return previous.replace(best, focus + kept, 1)


def _pointing(question: str, previous: str, said: str) -> str | None:
    """「它的面积」「该协议」: what is pointed at is put in its place, or in front."""
    match = _POINTING.search(question)
    topic = topic_of(previous)
    if match is None or topic in question:
        return None
    quoted: set[str] = set(_QUOTED_NAME.findall(previous))
    if match[0].startswith("它") and len(quoted) == 1 and not content_terms(question[: match.start()]):
        return question[: match.start()] + quoted.pop() + question[match.end() :]
    if _content_size(question) > 16 or _NAMED.search(question):
        return None
    if content_terms(question[: match.start()]):
        # 「甲平台这个项目」 points at what stands just before it, not at the conversation.
        return None
    names: list[str] = re.findall(r"《[^《》]+》", previous)
    if len(names) == 1:
        link = "的" if match[0] == "其" else ""
        return question[: match.start()] + names[0] + link + question[match.end() :]
    return f"{topic}，{FILLER.sub('', question)}"


def _dropped_topic(question: str, previous: str, said: str) -> str | None:
    """「什么时候签的？」: too few content words to stand alone, so the previous topic goes in front."""
    led = bool(_OPENING.match(question) or re.search(r"又[是有由在]|也[是有由在]|同样", question))
    # 「规模多大，编制谁出」 「最多能这么续几回」: what opens with a measure or a limit has lost its subject.
    led = led or bool(_SUBJECTLESS.match(question) and not _CLASS_NOUN.search(topic_of(question)))
    first = re.split(r"[,，？?；;]", question)[0]
    # Of several things asked at once, the first has lost its subject.
    asked = first if led and re.search(ASKED, first) else question
    size = _content_size(asked)
    if size > (12 if led else 4) or (_NAMED.search(question) and not led):
        return None
    topic = topic_of(previous)
    return None if topic in question else f"{topic}，{FILLER.sub('', question)}"


def _content_size(question: str) -> int:
    """Return how many characters of a question are content."""
    return len("".join(content_terms(question)))
