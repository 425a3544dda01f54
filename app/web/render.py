"""Answer text to safe HTML: paragraphs, lists, small tables, bold and markers; everything else is text.

An answer quotes documents, so nothing in it is trusted: all text is escaped first, and links, images,
headings and raw HTML are not supported on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from html import escape, unescape

Inline = Callable[[str], str]

_MARKER = re.compile(r"\[(\d{1,3})\]")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_ITEM = re.compile(r"^(?P<indent>[ \t]*)(?:(?P<number>\d{1,3})(?:[.．)）][ \t]+|、)|[-*•·][ \t]+)(?P<text>\S.*)$")
_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*$")
_CELL_BREAK = re.compile(r"(?<!\\)\|")
# So many characters before a marker are compared with the cited clauses, see ``_is_quoted``.
_CONTEXT_CHARS = 8


@dataclass(slots=True)
class _Item:
    number: int | None
    lines: list[str]
    children: list[_Item] = field(default_factory=list)


def render_answer(text: str, *, link: Callable[[int], str], markers: frozenset[int], quoted: Sequence[str]) -> str:
    """Return the answer as HTML without any newline.

    ``link(n)`` gives the HTML of marker ``[n]`` for each ``n`` of ``markers``. ``quoted`` holds the cited
    clauses: a bracketed number that stands in one of them with the same words before it is the document's
    own and stays text.
    """

    def inline(line: str) -> str:
        return _inline(line, link=link, markers=markers, quoted=quoted)

    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    blocks: list[str] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        for take in (_table, _list, _paragraph):
            taken, html = take(lines, at, inline)
            if taken:
                blocks.append(html)
                at += taken
                break
    return "".join(blocks)


def text_block(text: str) -> str:
    """Return document or user text as escaped HTML whose line ends are ``<br>``; blank lines are dropped."""
    return "<br>".join(escape(line.strip()) for line in text.splitlines() if line.strip())


def _inline(line: str, *, link: Callable[[int], str], markers: frozenset[int], quoted: Sequence[str]) -> str:
    parts: list[str] = []
    last = 0
    for match in _MARKER.finditer(line):
        parts.append(escape(line[last : match.start()]))
        if is_marker(line, match, markers=markers, quoted=quoted):
            parts.append(link(int(match[1])))
        else:
            parts.append(f"&#91;{escape(match[1])}&#93;")
        last = match.end()
    parts.append(escape(line[last:]))

    def embolden(match: re.Match[str]) -> str:
        # Asterisks that the document itself prints are part of its wording.
        return match[0] if _stands_in(unescape(match[0]), quoted) else f"<strong>{match[1]}</strong>"

    return _BOLD.sub(embolden, "".join(parts))


def is_marker(line: str, match: re.Match[str], *, markers: Container[int], quoted: Sequence[str]) -> bool:
    """Return whether a bracketed number (group 1) is a marker, and not one that the document itself prints."""
    return int(match[1]) in markers and not _is_quoted(line, match, quoted)


def _is_quoted(line: str, match: re.Match[str], quoted: Sequence[str]) -> bool:
    before = line[max(0, match.start() - _CONTEXT_CHARS) : match.start()].lstrip("*").strip()
    return bool(before) and _stands_in(before + match[0], quoted)


def _stands_in(words: str, quoted: Sequence[str]) -> bool:
    return any(words in clause for clause in quoted)


def _paragraph(lines: Sequence[str], at: int, inline: Inline) -> tuple[int, str]:
    return 1, f"<p>{inline(lines[at].strip())}</p>"


def _is_table(lines: Sequence[str], at: int) -> bool:
    return "|" in lines[at] and at + 1 < len(lines) and is_table_rule(lines[at + 1])


def _table(lines: Sequence[str], at: int, inline: Inline) -> tuple[int, str]:
    if not _is_table(lines, at):
        return 0, ""
    end = at + 2
    while end < len(lines) and "|" in lines[end] and lines[end].strip():
        end += 1
    head = table_cells(lines[at])
    html = "".join(f'<th scope="col">{inline(cell)}</th>' for cell in head)
    rows: list[str] = []
    for line in lines[at + 2 : end]:
        cells = table_cells(line)
        cells += [""] * (len(head) - len(cells))
        rows.append("<tr>" + "".join(f"<td>{inline(cell)}</td>" for cell in cells) + "</tr>")
    body = "".join(rows)
    # The wrapper scrolls sideways on phones and must then be reachable by keyboard.
    return end - at, (
        f'<div class="wn-table" tabindex="0"><table><thead><tr>{html}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def is_table_rule(line: str) -> bool:
    """Return whether a line is the rule between the head of a table and its rows."""
    return bool(_RULE.match(line))


def table_cells(line: str) -> list[str]:
    """Return the cells of a line of a table."""
    row = line.strip().removeprefix("|")
    if row.endswith("|") and not row.endswith("\\|"):
        row = row[:-1]
    return [cell.strip().replace("\\|", "|") for cell in _CELL_BREAK.split(row)]


def _list(lines: Sequence[str], at: int, inline: Inline) -> tuple[int, str]:
    if not _ITEM.match(lines[at]):
        return 0, ""
    items: list[_Item] = []
    base = -1
    end = at
    while end < len(lines):
        line = lines[end]
        match = _ITEM.match(line)
        if match:
            indent = len(match["indent"].expandtabs(4))
            number = int(match["number"]) if match["number"] else None
            base = indent if base < 0 else base
            item = _Item(number, [match["text"]])
            (items[-1].children if items and indent >= base + 2 else items).append(item)
        elif line[:1] in {" ", "\t", "　"} and line.strip():
            (items[-1].children[-1] if items[-1].children else items[-1]).lines.append(line.strip())
        elif not (_blank_between_items(lines, end)):
            break
        end += 1
    return end - at, _items_html(items, inline)


def _blank_between_items(lines: Sequence[str], at: int) -> bool:
    return not lines[at].strip() and at + 1 < len(lines) and bool(_ITEM.match(lines[at + 1]))


def _items_html(items: Sequence[_Item], inline: Inline) -> str:
    html: list[str] = []
    tag = ""
    for item in items:
        wanted = "ul" if item.number is None else "ol"
        if wanted != tag:
            html.append(f"</{tag}>" if tag else "")
            html.append(f"<{wanted}>")
            tag = wanted
        value = "" if item.number is None else f' value="{item.number}"'
        body = "<br>".join(inline(line) for line in item.lines)
        nested = _items_html(item.children, inline) if item.children else ""
        html.append(f"<li{value}>{body}{nested}</li>")
    html.append(f"</{tag}>")
    return "".join(html)
