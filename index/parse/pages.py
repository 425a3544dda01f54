"""Where the pages of a paged file begin in its cleaned text, and on which page a span stands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from index.types import Document

# Long enough not to occur twice by chance, short enough to stand before the next thing that cleaning took out.
_OPENING_CHARS: Final = 24
_MIN_OPENING_CHARS: Final = 6
_SEARCHED_CHARS: Final = 600


def page_starts(text: str, pages: Sequence[str]) -> tuple[int, ...]:
    """The offset in ``text`` at which each of ``pages`` begins; ``()`` for a file without pages.

    ``pages`` holds the ink of each page (its text without blanks). Cleaning may have taken out the head of a page:
    then the first characters that are left decide. An empty page begins where the next one does.

    >>> page_starts("第一条 为了规范。第二条 本办法适用。", ["第一条为了规范。", "", "第二条本办法适用。"])
    (0, 9, 9)
    """
    if not pages:
        return ()
    offsets = [at for at, char in enumerate(text) if not char.isspace()]
    ink = "".join(text[at] for at in offsets)
    starts: list[int] = []
    position = 0
    for page in pages:
        found = _find(ink, page, position)
        if found is not None:
            position = found
        starts.append(position if page and found is not None else -1)
        if found is not None:
            position += 1
    following = len(ink)
    for number in range(len(starts) - 1, -1, -1):
        following = starts[number] = following if starts[number] < 0 else starts[number]
    return tuple(offsets[at] if at < len(offsets) else len(text) for at in starts)


def _find(ink: str, page: str, position: int) -> int | None:
    for begin in range(min(max(1, len(page) - _MIN_OPENING_CHARS), _SEARCHED_CHARS)):
        opening = page[begin : begin + _OPENING_CHARS]
        if opening and (at := ink.find(opening, position)) >= 0:
            return at
    return None


def page_of(document: Document, offset: int) -> int | None:
    """The page, counted from 1, on which the character at ``offset`` stands; ``None`` for a file without pages."""
    return max(bisect_right(document.pages, offset), 1) if document.pages else None
