"""What a question is about, by the words before it asks. Pure."""

from __future__ import annotations

import re

from app.answer.analyse import content_terms
from app.answer.lexicon_files import load_lexicon

ASKED = (
    r"多少|几[个项名位家所条座份次种类年天届几]|什么|哪些|哪[个里儿一两几家年天位种项]|谁|何时|何地|如何|怎么样?|怎样|为什么|为何|"
    r"是否|是不是|有没有|有无|多[大长久高远快]|啥|咋|几月|几号"
)
TAIL = r"[?？。!！\s]*$"
_WORDY_END = re.compile(
    r"(?:到底|究竟|一共|总共|现在|目前|已经|分别|都|要|会|将|能|可以|应该|打算|是|有|为|由|在|被|把|的|了|得|达到?|做到|听|跟|和|与|里|中)+$"
)


def topic_of(question: str) -> str:
    """Return what a question is about: its words up to the question word, without wordy ends.

    >>> topic_of("江津至南川的天然气管道有多长？")
    '江津至南川的天然气管道'
    """
    text = re.sub(r"(?:吗|呢|吧|(?<![什怎那这多])么)?" + TAIL, "", question.strip())
    asked = re.search(ASKED, text)
    if not asked:
        return text
    before = _WORDY_END.sub("", text[: asked.start()].rstrip("，,、 "))
    if len(before) >= 4:
        return before
    return (before + text[asked.end() :]).strip("的了是，, ") or text


def topic_phrases(question: str) -> list[str]:
    """Return the noun phrases of a question in order: names whole, else runs of content words."""
    names = re.findall(r"《[^《》]+》", question)
    if names:
        return names
    lexicon = load_lexicon()
    attributes = {w for words in lexicon.attributes.values() for w in words}
    attributes |= {"目标", "指标", "计划", "签署", "签订", "签", "达到", "要求", "多少"}
    phrases: list[str] = []
    cursor, joined = 0, False
    for term in content_terms(question, lexicon):
        at = question.find(term, cursor)
        if at < 0 or term in attributes or re.fullmatch(r"\d+年?|年", term):
            joined = False
            continue
        if joined and at == cursor:
            phrases[-1] += term
        else:
            phrases.append(term)
        joined = True
        cursor = at + len(term)
    return [p for p in phrases if len(p) >= 2]
