"""Characters with their boxes on a page -> rows of text in reading order, columns one after the other. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

# All in units of the type size.
_SAME_ROW: Final = 0.5
_DOUBLED: Final = 0.35
_WORD_GAP: Final = 0.2
_SET_WIDE: Final = 0.7
_SEGMENT_GAP: Final = 1.4
_GUTTER: Final = 0.9
_MIN_COLUMN_ROWS: Final = 3
# Shorter stretches side by side are the cells of a table, not columns of prose.
_MIN_COLUMN_CHARS: Final = 7
_MIN_SHARED_HEIGHT: Final = 0.4


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character; the page's origin is at its lower left, lengths are in points."""

    char: str
    left: float
    right: float
    bottom: float
    top: float
    size: float

    @property
    def middle(self) -> float:
        """Height of the middle of the line that the character stands on."""
        return (self.bottom + self.top) / 2


@dataclass(frozen=True, slots=True)
class Row:
    """One line of one column. ``column`` is that one's left and right edge; ``cells`` the parts of a table row."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    size: float
    column: tuple[float, float] = (0.0, 0.0)
    cells: tuple[str, ...] = ()

    @property
    def middle(self) -> float:
        """Height of the middle of the line."""
        return (self.bottom + self.top) / 2


def drop_doubled(glyphs: Sequence[Glyph]) -> tuple[list[Glyph], list[Glyph]]:
    """``glyphs`` without those printed once more over themselves to look bold, and the dropped ones."""
    kept: list[Glyph] = []
    doubled: list[Glyph] = []
    places: dict[tuple[str, int, int], list[Glyph]] = {}
    for glyph in glyphs:
        grid = max(_height(glyph), 1.0)
        x, y = int(glyph.left // grid), int(glyph.bottom // grid)
        near = (
            other
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            for other in places.get((glyph.char, x + dx, y + dy), ())
        )
        if glyph.char != " " and any(_same_place(glyph, other) for other in near):
            doubled.append(glyph)
            continue
        places.setdefault((glyph.char, x, y), []).append(glyph)
        kept.append(glyph)
    return kept, doubled


def _same_place(one: Glyph, other: Glyph) -> bool:
    slack = _DOUBLED * min(max(one.right - one.left, 1.0), _height(one))
    return abs(one.left - other.left) < slack and abs(one.bottom - other.bottom) < slack


def _height(glyph: Glyph) -> float:
    return glyph.top - glyph.bottom


def read_rows(glyphs: Sequence[Glyph]) -> list[Row]:
    """The rows of a page in the order in which they are read."""
    return [row for region in _regions(list(_segments(glyphs))) for row in _join_cells(region)]


def _segments(glyphs: Sequence[Glyph]) -> Iterator[Row]:
    """Stretches of characters on one line without a wide gap."""
    for line in _lines(glyphs):
        start = 0
        for at in range(1, len(line) + 1):
            if at == len(line) or line[at].left - line[at - 1].right > _SEGMENT_GAP * _height(line[at]):
                segment = _segment(line[start:at])
                if segment is not None:
                    yield segment
                start = at


def _lines(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    """Characters whose middles are about level, each line from left to right."""
    lines: list[list[Glyph]] = []
    for glyph in sorted(glyphs, key=lambda g: -g.middle):
        if lines and abs(statistics.fmean(g.middle for g in lines[-1][-8:]) - glyph.middle) < _SAME_ROW * max(
            _height(glyph), 1.0
        ):
            lines[-1].append(glyph)
        else:
            lines.append([glyph])
    return [sorted((g for g in line), key=lambda g: g.left) for line in lines]


def _segment(line: Sequence[Glyph]) -> Row | None:
    inked = [glyph for glyph in line if glyph.char != " "]
    if not inked:
        return None
    text = inked[0].char
    before, spaced = inked[0], False
    for glyph in line[line.index(inked[0]) + 1 :]:
        if glyph.char == " ":
            spaced = True
            continue
        gap = (glyph.left - before.right) / _height(glyph)
        # Chinese is set without blanks; between Latin letters or figures a gap is one.
        is_latin = _is_latin(before.char) and _is_latin(glyph.char)
        if gap > _SET_WIDE or (is_latin and (spaced or gap > _WORD_GAP)):
            text += " "
        text += glyph.char
        before, spaced = glyph, False
    return Row(
        text,
        left=inked[0].left,
        right=max(glyph.right for glyph in inked),
        bottom=min(glyph.bottom for glyph in inked),
        top=max(glyph.top for glyph in inked),
        size=statistics.median(_height(glyph) for glyph in inked),
    )


def _is_latin(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in ",.;:)%")


def _regions(segments: list[Row]) -> list[list[Row]]:
    """Groups of segments of one column each, in reading order; each with its column's edges."""
    if not segments:
        return []
    gutter = _find_gutter(segments)
    if gutter is not None:
        left = [segment for segment in segments if segment.right <= gutter]
        right = [segment for segment in segments if segment.left >= gutter]
        return [*_regions(left), *_regions(right)]
    for above, below in _horizontal_cuts(segments):
        if _find_gutter(below) is not None or _find_gutter(above) is not None:
            return [*_regions(above), *_regions(below)]
    edges = (min(segment.left for segment in segments), max(segment.right for segment in segments))
    return [[replace(segment, column=edges) for segment in segments]]


def _horizontal_cuts(segments: list[Row]) -> Iterator[tuple[list[Row], list[Row]]]:
    """The segments above and below every white strip across the page, from the top."""
    ordered = sorted(segments, key=lambda segment: -segment.top)
    floor = ordered[0].bottom
    for at in range(1, len(ordered)):
        if ordered[at].middle < floor:
            yield ordered[:at], ordered[at:]
        floor = min(floor, ordered[at].bottom)


def _find_gutter(segments: list[Row]) -> float | None:
    """Where a white strip from top to bottom parts two columns of prose; the leftmost one."""
    size = statistics.median(segment.size for segment in segments) if segments else 0.0
    by_left = sorted(segments, key=lambda segment: segment.left)
    edge = float("-inf")
    for at, segment in enumerate(by_left):
        if at and segment.left - edge >= _GUTTER * size and _are_columns(by_left[:at], by_left[at:]):
            return (edge + segment.left) / 2
        edge = max(edge, segment.right)
    return None


def _are_columns(left: list[Row], right: list[Row]) -> bool:
    for side in (left, right):
        if len(side) < _MIN_COLUMN_ROWS or statistics.median(len(row.text) for row in side) < _MIN_COLUMN_CHARS:
            return False
    low = max(min(row.bottom for row in left), min(row.bottom for row in right))
    high = min(max(row.top for row in left), max(row.top for row in right))
    heights = [max(row.top for row in side) - min(row.bottom for row in side) for side in (left, right)]
    return high - low >= _MIN_SHARED_HEIGHT * min(heights) and high > low


def _join_cells(segments: list[Row]) -> list[Row]:
    """The rows of one column from the top; segments that are level are joined, as cells where a table goes on."""
    rows: list[list[Row]] = []
    for segment in sorted(segments, key=lambda segment: -segment.middle):
        if rows and abs(rows[-1][0].middle - segment.middle) < _SAME_ROW * segment.size:
            rows[-1].append(segment)
        else:
            rows.append([segment])
    sizes = [len(row) for row in rows]
    joined: list[Row] = []
    for at, row in enumerate(rows):
        parts = sorted(row, key=lambda segment: segment.left)
        beside = [*sizes[max(0, at - 1) : at], *sizes[at + 1 : at + 2]]
        is_table = len(parts) > 1 and any(size > 1 for size in beside)
        joined.append(
            replace(
                parts[0],
                text=" ".join(part.text for part in parts),
                right=parts[-1].right,
                bottom=min(part.bottom for part in parts),
                top=max(part.top for part in parts),
                cells=tuple(part.text for part in parts) if is_table else (),
            )
        )
    return joined
