"""Raw text of one file -> cleaned text, its title, its metadata, and a record of everything taken out.

Named, pure steps, run in order. Wording and punctuation are never altered: a step joins what a page broke,
or takes out what is not the document (navigation, credits, disclaimers, a headline printed twice), and says
so. Counted by character, the ink of the raw text is the ink of the cleaned text plus that of ``removed``.

In the cleaned text one line is one paragraph, heading or list item; an empty line parts text blocks that do
not continue each other (another article on the page, what follows a credit line), so that nothing after it
falls under a heading before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from index.clean_lines import (
    Line,
    Removal,
    Step,
    drop_byline,
    drop_credits,
    drop_disclaimer,
    drop_navigation,
    drop_original_title,
    drop_stray_marks,
    find_doc_number,
    find_issuer,
    find_title,
    read_lines,
    read_metadata,
    strip_invisible,
)
from index.contents import drop_contents
from index.reflow import close_spaces, join_lines, undouble_headlines

__all__ = ["BLOCK_STEPS", "STEPS", "Cleaned", "Removal", "clean"]

CleaningStep = Callable[[tuple[Line, ...]], Step]
STEPS: tuple[CleaningStep, ...] = (
    read_metadata,
    drop_navigation,
    drop_disclaimer,
    drop_original_title,
    drop_byline,
    drop_stray_marks,
    drop_contents,
    undouble_headlines,
    join_lines,
    drop_credits,
    close_spaces,
)
# A format that marks its paragraphs needs no search for them.
BLOCK_STEPS: tuple[CleaningStep, ...] = tuple(step for step in STEPS if step is not join_lines)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A document ready for its outline. ``title`` is ``None`` where the text does not show one.

    ``meta`` holds what a notice's table or a byline says, under its Chinese label (``发文字号``, ``成文日期``).
    """

    text: str
    title: str | None
    meta: Mapping[str, str]
    removed: tuple[Removal, ...]


def clean(raw: str, steps: Sequence[CleaningStep] = STEPS) -> Cleaned:
    r"""The cleaned text of one file; ``steps`` are :data:`BLOCK_STEPS` where a line of ``raw`` is a whole block.

    >>> clean("某办法\n\nAdmin 2020-05-26\n\n一、总则\n\n要认真\n\n上一篇:无").text
    '某办法\n一、总则\n要认真'
    """
    visible, removed = strip_invisible(raw)
    lines = read_lines(visible)
    meta: dict[str, str] = {}
    for step in steps:
        done = step(lines)
        lines = done.lines
        removed += done.removed
        for key, value in done.meta.items():
            meta.setdefault(key, value)
    for key, found in (("发文机关", find_issuer(lines)), ("发文字号", find_doc_number(lines))):
        if found is not None:
            meta.setdefault(key, found)
    title = find_title(lines) or meta.get("标题") or meta.get("原标题")
    return Cleaned(text=_to_text(lines), title=title, meta=meta, removed=removed)


def _to_text(lines: tuple[Line, ...]) -> str:
    parts: list[str] = []
    for line in lines:
        if parts:
            parts.append("\n\n" if line.breaks else "\n")
        parts.append(line.text)
    return "".join(parts)
