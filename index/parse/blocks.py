"""What every reader of a format returns: text of one block a line, marked up as cleaning understands it.

A heading is ``# `` and so on, a list item ``1. `` or ``- ``, a row of a table ``| cell | cell |``; an empty line
parts what the source set apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from index.clean_lines import Removal

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
# The longest law of the country has some 250,000 characters.
MAX_TEXT_CHARS: Final = 5_000_000
_MAX_LEVEL: Final = 6
# The numbering of a list inside a list, so that it is not read as the outer one starting again.
_ORDINALS: Final = ("{}. ", "{}) ")
_HEADING: Final = re.compile(r"(#{1,6}) (.*)")
_CHAPTER: Final = re.compile(r"第[\d一二三四五六七八九十百千零〇两]+[编篇章节条]")
_NUMBERED: Final = re.compile(
    r"[一二三四五六七八九十百]+[、．.]|[（(][\d一二三四五六七八九十]+[)）]|\d{1,2}[.、．)）](?!\d)|[①-⑳]"
)
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Parsed:
    """The text of one file before cleaning.

    ``broken``: a line may end in mid-sentence, as in plain text, so that cleaning has to find the paragraphs.
    ``title`` is what the file's own properties or page head say. ``pages`` holds, for each page of a paged
    file, its text without blanks, by which the page is found again in the cleaned text.
    """

    text: str
    broken: bool = False
    title: str | None = None
    removed: tuple[Removal, ...] = ()
    pages: tuple[str, ...] = ()


def one_line(text: str) -> str:
    r"""``text`` with every run of blanks, line ends and control characters as one space.

    >>> one_line(" 第一条\n  总则\x00 ")
    '第一条 总则'
    """
    return " ".join(_CONTROL.sub(" ", text).split())


def heading(text: str, level: int) -> str:
    """The line of a heading; level 1 is the outermost.

    >>> heading("重点任务", 2)
    '## 重点任务'
    """
    return f"{'#' * min(max(level, 1), _MAX_LEVEL)} {text}"


def item(text: str, *, depth: int, number: int | None) -> str:
    """The line of a list item ``depth`` lists deep, counted from 0; a ``number`` of ``None`` is a mark.

    >>> item("建机制", depth=0, number=3), item("定期会商", depth=1, number=2), item("共享", depth=0, number=None)
    ('3. 建机制', '2) 定期会商', '- 共享')
    """
    if number is None or depth >= len(_ORDINALS):
        return f"- {text}"
    return _ORDINALS[depth].format(number) + text


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table, empty rows left out; a table of one column is no table but lines.

    >>> table([["项目", "金额"], ["", ""], ["道路", "3亿|元"]])
    ['| 项目 | 金额 |', '| 道路 | 3亿｜元 |']
    """
    filled = [[one_line(cell).replace("|", "｜") for cell in row] for row in rows]
    filled = [row for row in filled if any(row)]
    if all(len(row) == 1 for row in filled):
        return [row[0] for row in filled]
    return [f"| {' | '.join(row)} |" for row in filled]


def settle_headings(lines: Sequence[str]) -> list[str]:
    """``lines`` with the marks ``#`` only where nothing else would tell a heading and its depth.

    They go from the title, from 第一章 and 第一条, and, where every other heading is numbered, from all.

    >>> settle_headings(["# 某办法", "## 一、总则", "正文", "## 二、附则", "正文"])
    ['某办法', '一、总则', '正文', '二、附则', '正文']
    >>> settle_headings(["# 某办法", "## 总则", "正文"])
    ['某办法', '## 总则', '正文']
    """
    found = {at: match for at, line in enumerate(lines) if (match := _HEADING.fullmatch(line))}
    plain = {at for at, match in found.items() if _CHAPTER.match(match.group(2))}
    title = min(found, default=None)
    if title is not None and _is_title(title, found):
        plain.add(title)
    others = [match.group(2) for at, match in found.items() if at not in plain]
    if all(_NUMBERED.match(text) for text in others):
        plain = set(found)
    return [found[at].group(2) if at in plain else line for at, line in enumerate(lines)]


def _is_title(first: int, found: Mapping[int, re.Match[str]]) -> bool:
    """Whether the first heading stands above all others, or alone."""
    level = len(found[first].group(1))
    text = found[first].group(2)
    others = [len(match.group(1)) for at, match in found.items() if at != first]
    return all(other > level for other in others) and not (_NUMBERED.match(text) or _CHAPTER.match(text))
