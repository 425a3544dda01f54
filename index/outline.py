"""Cleaned text -> its clause tree, for the whole family of Chinese policy prose.

Laws (编, 章, 节, 条), official plans (一、（一）1.（1）①), newspaper articles (plain short heading lines) and
run-in headings (a first short sentence that names its paragraph) are read into one kind of tree. A reading that
degenerates (headings without bodies, headings that take up the text) is rejected for one that trusts fewer signs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from index.outline_lines import Reading, read_nodes
from index.outline_lost import restore_lost
from index.outline_nest import nest
from index.outline_tree import Node

_READINGS = (
    Reading(),
    Reading(plain_headings=False),
    Reading(labels=False, plain_headings=False),
)
# A page of which more than this share is headings is a list or a poem, not a document with sections.
_MAX_HEADING_SHARE = 0.4
_MAX_HEADING_LINES_SHARE = 0.6
_MAX_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Section:
    """One clause: ``text[start:end]`` with its heading, ``text[body_start:end]`` without.

    ``kind``: document, part (第X编/章/节), article (第X条), heading (一、/（一）/1./plain line), item (list item
    without a name), run_in (a paragraph named by its first short sentence) or paragraph.
    ``label`` is the numbering as printed (第三条, （一）). ``heading`` is the whole name with its label, and is
    empty for an item, a paragraph, and a section of kind "heading" whose heading line the source lost.
    ``level`` is the depth in the tree, the document being 0. Children lie in ``[body_start, end)``, in order,
    without overlap; every non-blank character lies in a leaf or in the heading of a section.
    """

    kind: str
    label: str
    heading: str
    start: int
    end: int
    body_start: int
    level: int
    children: tuple[Section, ...] = ()


def build_outline(text: str) -> Section:
    r"""The root of the clause tree of a cleaned text (see ``index/clean.py`` for what an empty line means).

    >>> tree = build_outline("某市办法\n一、目标\n要做好。\n二、措施\n开展交流。每年一次。")
    >>> [section.heading for section in tree.children]
    ['某市办法', '一、目标', '二、措施']
    """
    root = Node("document", 0, len(text), 0, 0)
    for reading in _READINGS:
        root = nest(read_nodes(text, reading), len(text))
        restore_lost(root)
        outline = _freeze(root, 0)
        if find_fault(outline, text) is None:
            return outline
    return _freeze(root, 0)


def walk(section: Section) -> Iterator[tuple[Section, tuple[Section, ...]]]:
    """Every section in reading order, ``section`` first, each with its ancestors from the top."""
    yield from _walk(section, ())


def _walk(section: Section, above: tuple[Section, ...]) -> Iterator[tuple[Section, tuple[Section, ...]]]:
    yield section, above
    for child in section.children:
        yield from _walk(child, (*above, section))


def find_fault(outline: Section, text: str) -> str | None:
    """Why an outline is degenerate, ``None`` for a sound one."""
    ink = sum(not char.isspace() for char in text)
    headings = [section for section, _ in walk(outline) if section.kind == "heading" and section.heading]
    headings = [section for section in headings if not section.label]
    line_count = sum(bool(line.strip()) for line in text.split("\n"))
    heading_ink = sum(len(section.heading) for section in headings)
    if line_count >= 8 and len(headings) > line_count * _MAX_HEADING_LINES_SHARE:
        return f"{len(headings)} of {line_count} lines are plain headings"
    if line_count >= 8 and heading_ink > ink * _MAX_HEADING_SHARE:
        return f"plain headings are {heading_ink} of {ink} characters"
    if max(section.level for section, _ in walk(outline)) > _MAX_DEPTH:
        return f"sections nest more than {_MAX_DEPTH} deep"
    return _find_gap(outline, text)


def _find_gap(section: Section, text: str) -> str | None:
    """Where children overlap or leave out text of their parent."""
    position = section.body_start
    for child in section.children:
        if child.start < position or text[position : child.start].strip():
            return f"children of the section at {section.start} do not tile it"
        if fault := _find_gap(child, text):
            return fault
        position = child.end
    if section.children and text[position : section.end].strip():
        return f"the section at {section.start} has text after its last child"
    return None


def _freeze(node: Node, level: int) -> Section:
    children = tuple(_freeze(child, level + 1) for child in node.children)
    return Section(node.kind, node.label, node.heading, node.start, node.end, node.body_start, level, children)
