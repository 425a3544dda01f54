"""Runs of parallel clauses (（一）…；（二）…, 一是…；二是…), and questions over their replies. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

_SEMICOLONS = "；;"
_COLONS = "：:"
_STYLES = (
    re.compile(r"^[（(][一二三四五六七八九十]{1,3}[）)]"),
    re.compile(r"^[（(]\d{1,2}[）)]"),
    re.compile(r"^\d{1,2}[.．、](?!\d)"),
    re.compile(r"^[①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮]"),
    re.compile(r"^[一二三四五六七八九十]{1,2}(?:是|要)"),
    re.compile(r"^第[一二三四五六七八九十]{1,2}(?:，|,|、|是)"),
)
_FIRST = re.compile(r"^(?:[（(][一1][）)]|1[.．、](?!\d)|①|一(?:是|要)|第一(?:，|,|、|是))")
# A colon further in than this belongs to a clause, not to the words that announce the run.
_MAX_LEAD_CHARS = 120


@dataclass(frozen=True, slots=True)
class Run:
    """Parallel items that follow each other, as spans of the document; ``lead`` announces them, if anything does.

    ``members`` are the positions, in the given pieces, of the pieces that hold the items.
    """

    lead: tuple[int, int] | None
    items: tuple[tuple[int, int], ...]
    members: tuple[int, ...]


def find_runs(text: str, pieces: Sequence[tuple[int, int]]) -> list[Run]:
    """Return the runs of at least two items among the sentences ``pieces`` (half-open spans, in order).

    >>> t = "有下列情形之一的，取消资格：（一）造假的；（二）转让的。其他情形另行规定。"
    >>> [[t[a:b] for a, b in run.items] for run in find_runs(t, [(0, 21), (21, 28), (28, 37)])]
    [['（一）造假的；', '（二）转让的。']]
    """
    runs: list[Run] = []
    at = 0
    while at < len(pieces):
        run = _run_from(text, pieces, at)
        if run is None:
            at += 1
            continue
        runs.append(run)
        at = run.members[-1] + 1
    return runs


def _run_from(text: str, pieces: Sequence[tuple[int, int]], at: int) -> Run | None:
    start, end = pieces[at]
    piece = text[start:end]
    lead: tuple[int, int] | None = None
    items: list[tuple[int, int]] = []
    members: list[int] = []
    if piece.rstrip()[-1:] in _COLONS:
        lead = (start, end)
        following = at + 1
    else:
        colon = _lead_colon(piece)
        first = (start + colon, end) if colon else (start, end)
        if not colon and _FIRST.match(piece) and at:
            # 「有三项。一是…；二是…」: the sentence before announces the run.
            lead = pieces[at - 1]
        elif colon:
            lead = (start, start + colon)
        items.append(first)
        members.append(at)
        if piece.rstrip()[-1:] not in _SEMICOLONS and not (lead and _style(text[slice(*first)]) is not None):
            return None
        following = at + 1
    while following < len(pieces):
        a, b = pieces[following]
        style = _style(text[a:b])
        if items:
            goes_on = text[items[-1][0] : items[-1][1]].rstrip()[-1:] in _SEMICOLONS
            first_style = _style(text[slice(*items[0])])
            same = style is not None and style == first_style and not _FIRST.match(text[a:b])
            if not (same or (goes_on and (style is None or first_style is None or style == first_style))):
                break
        elif style is None and text[a:b].rstrip()[-1:] not in _SEMICOLONS:
            return None
        items.append((a, b))
        members.append(following)
        following += 1
    return Run(lead, tuple(items), tuple(members)) if len(items) >= 2 else None


def _lead_colon(piece: str) -> int:
    """Return the offset behind the colon that opens the first item of a run, or 0."""
    found = [piece.find(colon) for colon in _COLONS]
    at = min((i for i in found if i > 0), default=-1)
    if not 0 < at < _MAX_LEAD_CHARS or piece[:at].count("“") > piece[:at].count("”"):
        return 0
    if re.search(r"[（(][^）)]*$", piece[:at]):
        return 0
    return at + 1


def _style(piece: str) -> int | None:
    stripped = piece.lstrip()
    return next((n for n, style in enumerate(_STYLES) if style.match(stripped)), None)


# 「问：…？」 「记者：…？」 and a sentence that only asks.
_POSED = re.compile(
    r"^(?:[问Q]\d{0,2}[:：]|[^：:。；;]{0,12}(?:记者|网友|主持人)问?\s*[:：]).*[？?]$|^[^。；;：:]{4,80}[？?]$"
)


def is_posed(text: str) -> bool:
    """Return whether a sentence only asks, so that what follows answers it.

    >>> is_posed("问：企业怎么申请诊断？要等多久？"), is_posed("企业登录平台填报即可。")
    (True, False)
    """
    return bool(_POSED.match(text.strip()))


def questions_over(
    text: str, pieces: Sequence[tuple[int, int]], headings: Collection[tuple[int, int]]
) -> dict[int, str]:
    """Return, by position in ``pieces``, the question that a sentence of an interview or of 问答 replies to.

    A question reaches to the next one or to the next heading; two in a row are read as one.
    """
    asked = ""
    found: dict[int, str] = {}
    was_posed = False
    for position, (start, end) in enumerate(pieces):
        piece = text[start:end]
        posed = is_posed(piece)
        if posed:
            asked = asked + piece if was_posed else piece
        elif (start, end) in headings:
            asked = ""
        elif asked:
            found[position] = asked
        was_posed = posed
    return found
