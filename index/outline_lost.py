"""Headings that the source lost, told from the numbering that is left.

A gap (二、 then 四、) means that the section with 三、 begins somewhere inside 二、; a restart ((三) then （一）)
means that a new parent began before it. Where it began is told from the paragraphs: a section opens with a
paragraph that has no name of its own, and the clauses under one heading open with the same words. Where that
does not settle it, everything after the first possible beginning is taken out from under the heading: a missing
heading misleads nobody, a wrong one does. What is taken out goes under a section without a heading.
"""

from __future__ import annotations

from itertools import pairwise

from index.outline_tree import PARAGRAPH_RANK, Node

_MIN_GROUP = 2


def restore_lost(root: Node) -> None:
    """Change the tree in place so that no clause stands under a heading that was lost after."""
    _split_restarts(root, None)
    _split_gaps(root)


def _unnamed(children: list[Node], rank: int) -> Node:
    first, last = children[0], children[-1]
    return Node("heading", first.start, last.end, first.start, rank, children=children)


def _numbered(node: Node) -> list[Node]:
    """The numbered headings among the children that belong to the outermost family present."""
    found = [child for child in node.children if child.is_numbered_heading]
    rank = min((child.rank for child in found), default=0)
    return [child for child in found if child.rank == rank]


def _adjoin(parent: Node, before: Node, after: Node) -> bool:
    """Whether nothing but a lost heading parts two sections: no title, no break between text blocks."""
    at = parent.children.index(before)
    return not after.after_break and parent.children[at + 1] is after


def _split_restarts(node: Node, parent: Node | None) -> None:
    for child in list(node.children):
        _split_restarts(child, node)
    family = _numbered(node)
    for before, after in pairwise(family):
        if not _adjoin(node, before, after) or (after.number or 0) > (before.number or 0):
            continue
        at = node.children.index(after)
        lead = _pop_lead(before)
        tail = [*lead, *node.children[at:]]
        del node.children[at:]
        _refit(before)
        group = _unnamed(tail, node.rank or PARAGRAPH_RANK)
        if parent is None:
            node.children.append(group)
        else:
            parent.children.insert(parent.children.index(node) + 1, group)
            _refit(node)
        _split_restarts(group, parent or node)
        return


def _pop_lead(node: Node) -> list[Node]:
    """Take the unnamed paragraphs off the end of a section whose other clauses have names: they open the next."""
    holder = node
    while holder.children and holder.children[-1].kind == "heading" and holder.children[-1].children:
        holder = holder.children[-1]
    count = 0
    while count < len(holder.children) and _is_lead(holder.children[-1 - count]):
        count += 1
    if count == 0 or count == len(holder.children):
        return []
    lead = holder.children[-count:]
    del holder.children[-count:]
    _refit(holder)
    return lead


def _is_lead(node: Node) -> bool:
    return node.kind == "paragraph"


def _split_gaps(node: Node) -> None:
    family = _numbered(node)
    has_gap = False
    for before, after in pairwise(family):
        lost = (after.number or 0) - (before.number or 0) - 1
        if lost > 0 and _adjoin(node, before, after):
            has_gap = True
            _split_after(node, before, lost)
    if has_gap:
        _split_last(node, family[-1])
    for child in node.children:
        _split_gaps(child)


def _split_after(parent: Node, section: Node, lost: int) -> None:
    """Move what may belong to ``lost`` missing sections out of ``section``, to stand after it."""
    leads = _lead_starts(section.children)
    words = _word_starts(section.children)
    if len(leads) == lost:
        cuts = leads
    elif not leads and len(words) == lost:
        cuts = words
    else:
        cuts = sorted([*leads, *words])[:1]
    _cut(parent, section, cuts)


def _split_last(parent: Node, section: Node) -> None:
    """After a gap the last section is in doubt too, where one list of like clauses follows another."""
    sizes = _group_sizes(section.children)
    if len(sizes) > 1 and all(size >= _MIN_GROUP for size in sizes) and not _lead_starts(section.children):
        _cut(parent, section, _word_starts(section.children)[:1])


def _lead_starts(children: list[Node]) -> list[int]:
    """Indices of unnamed paragraphs that come right after a named clause."""
    return [at for at in range(1, len(children)) if _is_lead(children[at]) and children[at - 1].is_named]


def _word_starts(children: list[Node]) -> list[int]:
    """Indices where the named clauses begin to open with other words."""
    return [
        at
        for at in range(1, len(children))
        if children[at - 1].kind == children[at].kind == "run_in"
        and children[at - 1].heading[:2] != children[at].heading[:2]
    ]


def _group_sizes(children: list[Node]) -> list[int]:
    run_ins = [child for child in children if child.kind == "run_in"]
    sizes: list[int] = []
    for at, child in enumerate(run_ins):
        if at and child.heading[:2] == run_ins[at - 1].heading[:2]:
            sizes[-1] += 1
        else:
            sizes.append(1)
    return sizes


def _cut(parent: Node, section: Node, cuts: list[int]) -> None:
    if not cuts:
        return
    bounds = [*cuts, len(section.children)]
    groups = [_unnamed(section.children[a:b], section.rank) for a, b in pairwise(bounds)]
    del section.children[cuts[0] :]
    _refit(section)
    at = parent.children.index(section) + 1
    parent.children[at:at] = groups


def _refit(node: Node) -> None:
    node.end = max(node.body_start, node.children[-1].end) if node.children else node.body_start
