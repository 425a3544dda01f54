"""Enumerations inside a sentence: 「包括A、B、C等9项」 -> its items and the count it states."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.answer.values import find_values


@dataclass(frozen=True, slots=True)
class Enumeration:
    """Items of one enumeration; ``items`` are offsets into the sentence, ``stated`` the count it gives."""

    items: tuple[tuple[int, int], ...]
    stated: int | None
    lead: str


def split_items(text: str, separators: str = "、") -> list[tuple[int, int]]:
    """Return the spans between separators that stand outside brackets and quotation marks.

    >>> t = "甲（一、二）、乙、丙"
    >>> [t[a:b] for a, b in split_items(t)]
    ['甲（一、二）', '乙', '丙']
    >>> t = "“甲、乙都已建成，丙、丁也是。”"
    >>> [t[a:b] for a, b in split_items(t)]
    ['“甲', '乙都已建成，丙', '丁也是。”']
    """
    spans, depth, start = [], 0, 0
    pairs = _names(text)
    opening, closing = {a for a, _ in pairs}, {b for _, b in pairs}
    for i, char in enumerate(text):
        if i in opening:
            depth += 1
        elif i in closing:
            depth -= 1
        elif char in separators and depth == 0:
            spans.append((start, i))
            start = i + 1
    spans.append((start, len(text)))
    return spans


_PAIRS = dict(zip("）)》”」』】]", "（(《“「『【[", strict=True))
_SPEECH = re.compile(r"[，,。；;！？]")


def _names(text: str) -> list[tuple[int, int]]:
    """Return the pairs of brackets and quotation marks that hold a name or an aside, not what somebody says."""
    open_at: list[int] = []
    found = []
    for i, char in enumerate(text):
        if char in _PAIRS.values():
            open_at.append(i)
        elif char in _PAIRS and any(text[at] == _PAIRS[char] for at in open_at):
            while text[open_at[-1]] != _PAIRS[char]:
                open_at.pop()
            at = open_at.pop()
            if char not in "”」』" or not _SPEECH.search(text[at:i]):
                found.append((at, i))
    return found


def find_enumerations(sentence: str) -> list[Enumeration]:
    """Return the enumerations of a sentence that have at least three items, longest first.

    A run is a stretch of 、-separated pieces between two commas; its first piece is cut at the last
    word that can open a list, and its last piece before 等 or the count.
    """
    found = []
    for start, end in split_items(sentence, "，,。；;：:"):
        pieces = split_items(sentence[start:end])
        if len(pieces) < 3:
            continue
        spans = [(start + a, start + b) for a, b in pieces]
        first_lead, spans[0] = _cut_lead(sentence, *spans[0])
        verb = _GOVERNS.match(sentence[slice(*spans[0])])
        if verb and not first_lead and not any(_GOVERNS.match(sentence[slice(*span)]) for span in spans[1:]):
            start_of, end_of = spans[0]
            if end_of - start_of - verb.end() >= 2:
                first_lead += verb[0]
                spans[0] = (start_of + verb.end(), end_of)
        stated, spans[-1] = _cut_tail(sentence, *spans[-1], size=len(spans))
        last = sentence[slice(*spans[-1])]
        joined = re.search(r"(?<=[\u4e00-\u9fff])(?:和|以及|及)(?=[\u4e00-\u9fff])", last)
        if joined and stated is not None and stated == len(spans) + 1:
            a, b = spans[-1]
            spans[-1:] = [(a, a + joined.start()), (a + joined.end(), b)]
        spans = [(a, b) for a, b in spans if sentence[a:b].strip()]
        if len(spans) >= 3:
            found.append(Enumeration(tuple(spans), stated, sentence[:start] + first_lead))
    found += _in_brackets(sentence)
    return sorted(found, key=lambda e: -len(e.items))


_BRACKETED = re.compile(r"[（(]([^（()）]*)[）)]")


def _in_brackets(sentence: str) -> list[Enumeration]:
    """Return the enumerations that a pair of brackets encloses: 「东西向4条（甲线、乙线、丙线、丁线）」."""
    found = []
    for match in _BRACKETED.finditer(sentence):
        pieces = [(a, b) for a, b in split_items(match[1]) if match[1][a:b].strip()]
        if len(pieces) < 3 or re.search(r"[，,。；;：:]", match[1]):
            continue
        spans = tuple((match.start(1) + a, match.start(1) + b) for a, b in pieces)
        before = sentence[max(0, match.start() - 8) : match.start()]
        counts = [v for v in find_values(before) if v.kind == "count" and v.end == len(before)]
        stated = int(m[0]) if counts and (m := re.match(r"\d+", counts[-1].key)) else None
        found.append(Enumeration(spans, stated, sentence[: match.start()]))
    return found


# 二期, 15号线: figures that name a thing and count nothing.
_LABEL_UNITS = ("期", "级", "环", "线", "届", "批", "层", "寸")
# Verbs that govern all items of a list of things and stand once, before the first.
_GOVERNS = re.compile(
    r"^(?:并|将|要|加快|全力|大力|重点|积极|持续|共同|继续|着力|逐步)*(?:推进|推动|建设|建成|支持|开展|实施|打造|引进|培育|组建|完成|聚焦|遴选|新增|设立|建立)+"
)


def _cut_lead(sentence: str, start: int, end: int) -> tuple[str, tuple[int, int]]:
    piece = sentence[start:end]
    best = 0
    for match in re.finditer(
        r"包括|包含|涵盖|涉及|分别为|分别是|围绕|聚焦|来自|位于|即|在(?=[^、]{2,12}$)", piece
    ):
        best = match.end()
    return piece[:best], (start + best, end)


def _cut_tail(sentence: str, start: int, end: int, *, size: int) -> tuple[int | None, tuple[int, int]]:
    """Return the stated count and the last item's span without 等…N项."""
    piece = sentence[start:end]
    stated: int | None = None
    for value in find_values(piece):
        digits = re.match(r"\d+", value.key)
        if (
            value.kind == "count"
            and digits
            and not value.key.endswith(_LABEL_UNITS)
            and abs(int(digits.group()) - size) <= 1
        ):
            stated = int(digits.group())
            cut = value.start
            if "等" in piece[:cut]:
                cut = piece.rindex("等", 0, cut)
            return stated, (start, start + cut)
    etc = re.search(r"等(?=[^、]{0,14}$)", piece)
    if etc and etc.start() >= 2:
        return None, (start, start + etc.start())
    return None, (start, end)
