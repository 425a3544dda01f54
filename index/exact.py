"""Passages that a question names outright: by 发文字号, or by clause (第三条, 第二章, 第三部分). Pure functions.

What a reader names must come first whatever the vectors say: an embedding hardly tells 第三条 from 第四条.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final

from index.lexical import normalise
from index.types import Document, Passage

_DIGITS: Final = {
    "零": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_SCALES: Final = {"十": 10, "百": 100, "千": 1000}
_NUMERAL: Final = r"[0-9零一二两三四五六七八九十百千]+"
# A label counts only where the question can be naming a clause: 第一条 in 第一条高铁 is a count of railways.
_CLAUSE: Final = re.compile(
    rf"第(?P<number>{_NUMERAL})(?P<unit>编|章|节|条|款|项|部分|大项)"
    r"(?=$|[\s的规定是讲说有中里内和与及至到或、,，。?？:：;；!！\"'”’」)）(（]|什么|怎么|如何|主要|具体|写|要求|提|第)"
)
_OPENING: Final = re.compile(
    rf"第(?P<number>{_NUMERAL})(?P<unit>编|章|节|条|款|项|部分)|(?P<item>{_NUMERAL})[、.．]"
)
_TITLE: Final = re.compile(r"《([^《》]{2,80})》")
_BARE_TITLE: Final = re.compile(r"[\s\"'“”‘’()（）《》〈〉,，.。、:：—-]")


def exact_matches(question: str, passages: Collection[Passage], documents: Iterable[Document]) -> dict[int, int]:
    """Return ``{passage number: matches}`` of the passages that ``question`` names; the others are left out.

    A passage counts one for its document's 发文字号 in the question, in any brackets, and one for each of its
    headings whose label is named there. Where the question also holds a 《title》 of some documents, a clause
    label counts in those only.
    """
    plain = normalise(question)
    known = tuple(documents)
    by_number = {d.doc_id for d in known if d.doc_number and _bare(d.doc_number) in _BARE_TITLE.sub("", plain)}
    labels = clause_labels(plain)
    if not labels and not by_number:
        return {}
    named = by_number | _titled(plain, known)
    matches: dict[int, int] = {}
    for number, passage in enumerate(passages):
        count = int(passage.doc_id in by_number)
        if labels and (not named or passage.doc_id in named):
            count += sum(heading_label(heading) in labels for heading in passage.heading_path)
        if count:
            matches[number] = count
    return matches


def clause_labels(question: str) -> set[tuple[int, str]]:
    """Return the clauses that ``question`` names, as ``(number, unit)``; 第三部分 is also 三、.

    >>> sorted(clause_labels("第三条和第12章是什么？第一条高铁呢"))
    [(3, '条'), (12, '章')]
    """
    labels = {(_value(found["number"]), found["unit"]) for found in _CLAUSE.finditer(question)}
    return {(value, "部分" if unit == "大项" else unit) for value, unit in labels}


@lru_cache(maxsize=65536)
def heading_label(heading: str) -> tuple[int, str] | None:
    """Return the label that ``heading`` opens with, in the form of :func:`clause_labels`, or ``None``.

    >>> heading_label("第三条 合作内容"), heading_label("三、保障措施"), heading_label("总则")
    ((3, '条'), (3, '部分'), None)
    """
    found = _OPENING.match(normalise(heading).lstrip())
    if found is None:
        return None
    return (_value(found["item"]), "部分") if found["item"] else (_value(found["number"]), found["unit"])


def _value(numeral: str) -> int:
    """The number that ``numeral`` writes, in Arabic digits or Chinese ones below ten thousand."""
    if numeral.isascii():
        return int(numeral)
    if not any(character in _SCALES for character in numeral):
        return int("".join(str(_DIGITS.get(character, character)) for character in numeral))
    total = pending = 0
    for character in numeral:
        if character in _SCALES:
            total += (pending or 1) * _SCALES[character]
            pending = 0
        else:
            pending = _DIGITS[character] if character in _DIGITS else pending * 10 + int(character)
    return total + pending


def _titled(question: str, documents: Iterable[Document]) -> set[str]:
    names = [_BARE_TITLE.sub("", name) for name in _TITLE.findall(question)]
    titles = {document.doc_id: _bare(document.title) for document in documents}
    return {doc_id for doc_id, title in titles.items() if any(name and name in title for name in names)}


@lru_cache(maxsize=65536)
def _bare(title: str) -> str:
    return _BARE_TITLE.sub("", normalise(title))
