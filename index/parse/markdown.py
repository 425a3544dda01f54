"""Markdown -> headings, lists, tables and paragraphs, with the marks of emphasis, links and pictures gone."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from index.clean_lines import Removal
from index.parse.blocks import Parsed, heading, item, table
from index.parse.text import read_text

_FRONT_MATTER: Final = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE: Final = re.compile(r"^title\s*:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_HTML_TABLE: Final = re.compile(r"<table\b.*?</table>", re.DOTALL | re.IGNORECASE)
_FENCE: Final = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_HEADING: Final = re.compile(r"\s{0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*")
_UNDERLINE: Final = re.compile(r"\s{0,3}(=+|-{2,})\s*")
_RULE: Final = re.compile(r"\s{0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})")
_BULLET: Final = re.compile(r"(\s*)[-*+]\s+(?:\[[ xX]\]\s+)?(.*)")
_NUMBERED: Final = re.compile(r"(\s*)(\d{1,3})[.)]\s+(.*)")
_QUOTE: Final = re.compile(r"\s{0,3}(?:>\s?)+")
_SEPARATOR: Final = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_CELL_END: Final = re.compile(r"(?<!\\)\|")
_IMAGE: Final = re.compile(r"!\[([^\[\]\n]*)\](?:\([^)\n]*\)|\[[^\]\n]*\])")
_LINK: Final = re.compile(r"\[([^\[\]\n]+)\](?:\((?:[^()\n]|\([^()\n]*\))*\)|\[[^\]\n]*\])")
_LINK_TARGET: Final = re.compile(r"\s{0,3}\[[^\]\n]+\]:\s+\S+.*")
_AUTOLINK: Final = re.compile(r"<((?:https?|mailto):[^>\s]+)>")
_TAG: Final = re.compile(r"</?[A-Za-z][^<>\n]*>")
_LINE_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
# The text of emphasis opens and closes with a word: 李** 和 张** masks names and is none.
_STRONG: Final = re.compile(
    r"(\*\*\*|\*\*|\*|~~)(?=[\w“‘《（(【\"])([^*~\n]*?[\w”’》）)】\"。！？；：，、%％])\1(?![*\d])"
)
_UNDERSCORED: Final = re.compile(r"(?<!\w)(__|_)(?=\S)([^_\n]+?)(?<=\S)\1(?!\w)")
_CODE: Final = re.compile(r"(`+)([^`\n]+)\1")
_ESCAPE: Final = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|~>])")
_CLOSED: Final = re.compile(r"[。！？；：!?;:…][”’」』）)》〉】\]]*$")
_LABELLED: Final = re.compile(
    r"(?:第[\d一二三四五六七八九十百零〇两]+[编章节条]|[一二三四五六七八九十百]+、|[（(][\d一二三四五六七八九十]+[)）]|[①-⑳])"
)
_MIN_FULL_WIDTH: Final = 40
_FULL_SHARE: Final = 0.75
_INDENT_PER_LEVEL: Final = 2


def read_markdown(data: bytes, *, name: str) -> Parsed:
    """The blocks of one Markdown file; ``name`` is used in messages only.

    Raises:
        CorpusError: the file is empty, binary or of an unknown encoding.

    """
    text = read_text(data, name=name)
    removed: list[Removal] = []
    title = None
    if front := _FRONT_MATTER.match(text):
        removed.append(Removal("front_matter", front.group(0)))
        text = text[front.end() :]
        if named := _FRONT_TITLE.search(front.group(1)):
            title = named.group(1)
    for comment in _COMMENT.findall(text):
        removed.append(Removal("comment", comment))
    text = _HTML_TABLE.sub(_html_table, _COMMENT.sub("", text))
    return Parsed("\n".join(_blocks(text)), title=title, removed=tuple(removed))


def _html_table(match: re.Match[str]) -> str:
    from index.parse.html import table_lines

    return "\n\n" + "\n".join(table_lines(match.group(0))) + "\n\n"


def _blocks(text: str) -> list[str]:
    lines = text.split("\n")
    rows = _table_rows(lines)
    out: list[str] = []
    paragraph: list[str] = []
    fence: str | None = None

    def flush() -> None:
        out.extend(_joined(paragraph))
        paragraph.clear()

    for at, raw in enumerate(lines):
        mark = _FENCE.match(raw)
        if mark and (fence is None or mark.group(1).startswith(fence)):
            flush()
            fence = mark.group(1) if fence is None else None
        elif fence is not None:
            out.append(raw)
        elif paragraph and (underline := _UNDERLINE.fullmatch(raw)) and "|" not in paragraph[-1]:
            last = paragraph.pop()
            flush()
            out.append(heading(inline(last.strip()), 1 if "=" in underline.group(1) else 2))
        elif not raw.strip() or _RULE.fullmatch(raw) or _LINK_TARGET.fullmatch(raw):
            flush()
            out.append("")
        elif (block := _block(raw)) is not None:
            flush()
            out.append(block)
        elif at in rows:
            flush()
            if not _SEPARATOR.fullmatch(raw):
                out += table([_cells(raw)])
        else:
            paragraph.append(_QUOTE.sub("", raw))
    flush()
    return out


def _block(raw: str) -> str | None:
    """The line of a heading or a list item; ``None`` for running text."""
    if found := _HEADING.fullmatch(raw):
        return heading(inline(found.group(2) or ""), len(found.group(1))) if found.group(2) else ""
    if found := _NUMBERED.fullmatch(raw):
        return item(inline(found.group(3)), depth=_depth(found.group(1)), number=int(found.group(2)))
    if found := _BULLET.fullmatch(raw):
        return item(inline(found.group(2)), depth=0, number=None)
    return None


def _depth(indent: str) -> int:
    return len(indent.expandtabs(4)) // _INDENT_PER_LEVEL


def _table_rows(lines: list[str]) -> set[int]:
    """The lines that belong to a table: between bars, or next to the line of dashes under a table's head."""
    found: set[int] = set()
    run: list[int] = []
    for at, line in enumerate([*lines, ""]):
        raw = line.strip()
        if len(raw) > 1 and raw.startswith("|") and raw.endswith("|"):
            found.add(at)
        if "|" in raw:
            run.append(at)
        elif run:
            if any(_SEPARATOR.fullmatch(lines[head]) for head in run[:2]):
                found.update(run)
            run = []
    return found


def _cells(raw: str) -> list[str]:
    inner = raw.strip().removeprefix("|")
    cells = [inline(cell.strip()) for cell in _CELL_END.split(inner)]
    return cells[:-1] if cells and not cells[-1] and inner.endswith("|") else cells


def _joined(paragraph: list[str]) -> list[str]:
    """The lines of one paragraph, those that were broken at one width put together; the others stay lines."""
    widest = max((_width(line.strip()) for line in paragraph), default=0)
    joined: list[str] = []
    goes_on = False
    for raw in paragraph:
        line = raw.strip().removesuffix("\\").strip()
        if goes_on and not _LABELLED.match(line):
            joined[-1] += (" " if joined[-1][-1:].isascii() and line[:1].isascii() else "") + line
        else:
            joined.append(line)
        is_full = _width(line) >= max(_MIN_FULL_WIDTH, widest * _FULL_SHARE)
        goes_on = is_full and not _CLOSED.search(line) and not raw.endswith(("  ", "\\"))
    return [inline(part) for line in joined for part in _LINE_BREAK.split(line)]


def inline(text: str) -> str:
    """``text`` without the marks of emphasis, links, pictures (their caption stays), code and HTML.

    >>> inline("建设**国际[消费](http://a.cn/b)中心**，李**说`5G`")
    '建设国际消费中心，李**说5G'
    """
    plain = _LINK.sub(r"\1", _IMAGE.sub(r"\1", _AUTOLINK.sub(r"\1", text)))
    plain = _CODE.sub(r"\2", plain)
    plain = _UNDERSCORED.sub(r"\2", _STRONG.sub(r"\2", _STRONG.sub(r"\2", plain)))
    return html.unescape(_ESCAPE.sub(r"\1", _TAG.sub("", _LINE_BREAK.sub(" ", plain))))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)
