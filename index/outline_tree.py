"""The section under construction. ``index/outline.py`` freezes the finished tree."""

from __future__ import annotations

from dataclasses import dataclass, field

ROOT_RANK = 0
PLAIN_RANK = 60  # a plain heading's own place is found by context; see index/outline_nest.py
MARKDOWN_RANKS = range(41, 47)  # below 第一条, above 一、
BULLET_RANK = 150
RUN_IN_RANK = 200
PARAGRAPH_RANK = 300


@dataclass(slots=True, eq=False)
class Node:
    """A section with character offsets into the cleaned text; ``rank`` grows with depth in the numbering family.

    ``number`` is the ordinal in the section's label, ``depth`` the step of a plain heading among plain headings.
    ``after_break``: the text block before it does not continue here.
    """

    kind: str
    start: int
    end: int
    body_start: int
    rank: int
    label: str = ""
    heading: str = ""
    number: int | None = None
    depth: int = 0
    after_break: bool = False
    children: list[Node] = field(default_factory=list)

    @property
    def is_named(self) -> bool:
        """Whether a reader would call this section by a heading of its own."""
        return bool(self.heading)

    @property
    def is_numbered_heading(self) -> bool:
        """Whether this is 一、… or （一）…, as against a plain line or a list item."""
        return self.kind == "heading" and self.number is not None and bool(self.heading)
