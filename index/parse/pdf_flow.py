"""Rows of pages -> paragraphs: running heads and page numbers go, lines broken at the edge are joined. Pure."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from index.clean_lines import Removal
from index.parse.blocks import table
from index.parse.pdf_layout import Row
from index.reflow import begins_midway

_EDGE_ROWS: Final = 2
_MIN_REPEATS: Final = 2
_REPEAT_SHARE: Final = 0.3
_MAX_HEAD_CHARS: Final = 60
_PAGE_NUMBER: Final = re.compile(
    r"[\s—–\-·.－]*(?:第\s*)?(?:\d{1,4}|[一二三四五六七八九十百]{1,4}(?=\s*页)|[ivxIVX]{1,6}(?=\s*$))\s*(?:页)?(?:\s*[,，/共／]\s*(?:共\s*)?\d{1,4}\s*页?)?[\s—–\-·.－]*"
)
_DIGITS: Final = re.compile(r"[\d一二三四五六七八九十〇零]+")
_CLOSED: Final = re.compile(r"[。！？；：!?;:…][”’」』）)》〉】\]]*$")
_LABEL: Final = re.compile(
    r"(?:第[\d一二三四五六七八九十百零〇两兩]+[编編章节節条條]|[一二三四五六七八九十百]+、|[（(][\d一二三四五六七八九十]+[)）]|"
    r"\d{1,2}[.．、)）](?!\d)|[①-⑳]|[-•·●○■□◆◇※▪]|附\s*件|附\s*录)"
)
_IN_FIGURE: Final = re.compile(r"\d[.．,，]?$")
# From so many lines on a column shows its own width; so many of its lines reach its edge.
_SETTLED_ROWS: Final = 6
_EDGE_SHARE: Final = 0.15
# In units of the type size.
_INDENT: Final = 1.2
_FULL_SLACK: Final = 2.2
# A ragged line reaches at least so far across its column.
_MIN_REACH: Final = 0.6
_SET_APART: Final = 6
_SAME_COLUMN: Final = 3
_HEADLINE: Final = 1.12
_PARAGRAPH_GAP: Final = 1.75


def drop_running_heads(pages: Sequence[Sequence[Row]], removed: list[Removal]) -> list[list[Row]]:
    """The rows of each page without page numbers and without what stands at the same edge of several pages.

    What goes is added to ``removed``. Figures do not count in the comparison: a running head may carry the page.
    """
    seen: Counter[tuple[str, str]] = Counter()
    for page in pages:
        seen.update({(edge, _shape(row.text)) for edge, row in _edges(page)})
    needed = max(_MIN_REPEATS, round(len(pages) * _REPEAT_SHARE))
    kept: list[list[Row]] = []
    for page in pages:
        dropped: dict[int, str] = {}
        # From the edge inwards: a row is at the edge only where all beyond it has gone.
        for edge in ("top", "bottom"):
            for row in _inwards(page, edge):
                is_repeated = seen[edge, _shape(row.text)] >= needed and len(row.text) <= _MAX_HEAD_CHARS
                if _PAGE_NUMBER.fullmatch(row.text):
                    dropped[id(row)] = "page_number"
                elif is_repeated and not _LABEL.match(row.text):
                    dropped[id(row)] = "running_head"
                else:
                    break
        removed += [Removal(dropped[id(row)], row.text) for row in page if id(row) in dropped]
        kept.append([row for row in page if id(row) not in dropped])
    return kept


def _edges(page: Sequence[Row]) -> Iterator[tuple[str, Row]]:
    for edge in ("top", "bottom"):
        for row in _inwards(page, edge):
            yield edge, row


def _inwards(page: Sequence[Row], edge: str) -> list[Row]:
    ordered = sorted(page, key=lambda row: row.middle, reverse=edge == "top")
    return ordered[:_EDGE_ROWS]


def _shape(text: str) -> str:
    return _DIGITS.sub("#", "".join(text.split()))


def to_paragraphs(pages: Sequence[Sequence[Row]]) -> list[str]:
    """The paragraphs, headings and table rows of all pages, one a line; empty lines where the page left space."""
    rows = _fit_columns(pages)
    sizes = Counter(round(row.size, 1) for row in rows for _ in row.text)
    body = sizes.most_common(1)[0][0] if sizes else 1.0
    lines: list[str] = []
    before: Row | None = None
    indents = _uses_indents(rows, body)
    for row in rows:
        if row.cells:
            lines += table([row.cells])
            before = None
        elif before is not None and _goes_on(before, row, body, indents=indents):
            lines[-1] += _blank(lines[-1], row.text) + row.text
            before = row
        else:
            if before is not None and _is_far(before, row):
                lines.append("")
            lines.append(row.text)
            before = row
    return lines


def _fit_columns(pages: Sequence[Sequence[Row]]) -> list[Row]:
    """All rows, each with the edges that its column's text is set between.

    The edges found on the page are those of everything there, such as a running head that is wider than the text.
    A column of a few lines does not show its width; it has that of the other columns that begin where it does.
    """
    blocks: dict[tuple[int, tuple[float, float]], list[Row]] = {}
    for number, page in enumerate(pages):
        for row in page:
            blocks.setdefault((number, row.column), []).append(row)
    edges = {key: _text_edges(rows) for key, rows in blocks.items()}
    settled = [edges[key] for key, rows in blocks.items() if len(rows) >= _SETTLED_ROWS]
    for key, rows in blocks.items():
        if len(rows) >= _SETTLED_ROWS:
            continue
        left = min(row.left for row in rows)
        alike = [edge for edge in settled if abs(edge[0] - left) <= _SAME_COLUMN * rows[0].size]
        right = statistics.median(b for _, b in alike) if alike else max(row.right for row in rows)
        edges[key] = (min([left, *(a for a, _ in alike)]), right)
    return [replace(row, column=edges[number, row.column]) for number, page in enumerate(pages) for row in page]


def _text_edges(rows: Sequence[Row]) -> tuple[float, float]:
    """Where most lines begin and end; a single line that juts out does not count."""
    slack = _FULL_SLACK * statistics.median(row.size for row in rows)
    needed = max(2, round(len(rows) * _EDGE_SHARE))
    lefts = sorted(row.left for row in rows)
    rights = sorted((row.right for row in rows), reverse=True)
    left = next((x for x in lefts if sum(x <= other <= x + slack / 4 for other in lefts) >= needed), lefts[0])
    right = next((x for x in rights if sum(x - slack <= other <= x for other in rights) >= needed), rights[0])
    return left, right


def _uses_indents(rows: Sequence[Row], body: float) -> bool:
    """Whether paragraphs begin with an indent: then a row without one goes on with the paragraph before."""
    prose = [row for row in rows if not row.cells and abs(row.size - body) < 0.1 * body]
    indented = sum(_is_indented(row) for row in prose)
    return indented >= 2 and indented >= len(prose) * 0.08


def _is_indented(row: Row) -> bool:
    inset = (row.left - row.column[0]) / row.size
    return _INDENT <= inset <= _SET_APART


def _goes_on(before: Row, row: Row, body: float, *, indents: bool) -> bool:
    """Whether ``row`` is the next line of the paragraph that ``before`` is in."""
    if begins_midway(row.text):
        return True
    larger = before.size > body * _HEADLINE, row.size > body * _HEADLINE
    if any(larger):
        return all(larger) and _is_same_headline(before, row)
    if _LABEL.match(row.text) or (
        row.left - row.column[0] >= _INDENT * row.size and not _hangs(before, row, indents=indents)
    ):
        return False
    reach = (before.right - before.column[0]) / max(before.column[1] - before.column[0], 1.0)
    is_full = before.column[1] - before.right <= _FULL_SLACK * before.size
    if _CLOSED.search(before.text):
        # A full line that ends its sentence may end its paragraph; only indents, where there are some, tell.
        return is_full and indents and not _is_far(before, row)
    in_figure = _IN_FIGURE.search(before.text) is not None and row.text[0].isdigit()
    in_sentence = before.text[-1] in "，、,（(《“" or (indents and reach >= _MIN_REACH)
    return is_full or (reach >= _MIN_REACH and (in_figure or in_sentence))


def _hangs(before: Row, row: Row, *, indents: bool) -> bool:
    """Whether an indented row goes on with the row before: a block set in, or a clause whose number stands out."""
    in_line = not indents and abs(before.left - row.left) < 0.5 * row.size
    return in_line or (_LABEL.match(before.text) is not None and 0 < row.left - before.left <= 4 * row.size)


def _is_same_headline(before: Row, row: Row) -> bool:
    is_next = 0 < before.middle - row.middle < 2.2 * before.size
    return is_next and abs(before.size - row.size) < 0.05 * row.size and not _LABEL.match(row.text)


def _is_far(before: Row, row: Row) -> bool:
    """Whether more than a line's space parts two rows of one column."""
    leading = before.middle - row.middle
    return (
        before.column == row.column and leading > _PARAGRAPH_GAP * statistics.fmean((before.size, row.size)) * 1.2
    )


def _blank(text: str, below: str) -> str:
    """The blank that a line break stood for between two Latin words."""
    is_latin = text[-1:].isascii() and text[-1:].isalpha() and below[:1].isascii() and below[:1].isalpha()
    return " " if is_latin else ""
