"""Flat nodes, one per line -> a tree, by the ranks of their numbering and the stacking of plain headings."""

from __future__ import annotations

from collections.abc import Callable

from index.outline_lines import is_attachment
from index.outline_tree import MARKDOWN_RANKS, PARAGRAPH_RANK, PLAIN_RANK, ROOT_RANK, Node

_TITLE_RANK = 1


def nest(nodes: list[Node], length: int) -> Node:
    """The root of a document of ``length`` characters, with ``nodes`` nested under it."""
    _confirm_headings(nodes)
    _set_plain_depths(nodes)
    root = Node("document", 0, length, 0, ROOT_RANK)
    path = [root]
    for node in nodes:
        if node.after_break or node.rank == _TITLE_RANK:
            del path[1:]
        _pop_to_parent(path, node)
        _keep_own_body(path[-1])
        path[-1].children.append(node)
        if node.kind != "paragraph" and node.rank != _TITLE_RANK:
            path.append(node)
    _extend(root)
    root.end = length
    return root


def _keep_own_body(parent: Node) -> None:
    """What a clause says itself, before the clauses under it, becomes its first child."""
    if parent.rank != ROOT_RANK and not parent.children and parent.body_start < parent.end:
        start, end = parent.body_start, parent.end
        parent.children.append(Node("paragraph", start, end, start, PARAGRAPH_RANK))


def _confirm_headings(nodes: list[Node]) -> None:
    """A heading line must head something: what does not is a list item or a paragraph."""
    for at, node in enumerate(nodes):
        if node.kind != "heading" or node.body_start < node.end or node.rank == _TITLE_RANK:
            continue
        below = nodes[at + 1] if at + 1 < len(nodes) else None
        ends_block = below is None or below.after_break or below.rank == _TITLE_RANK
        if node.number is None:
            # 二、 right below goes on with the numbering above the line, so the line heads nothing.
            goes_on = below is not None and (below.number or 0) > 1
            if (ends_block or goes_on) and not is_attachment(node.heading):
                node.kind, node.rank, node.heading, node.body_start = "paragraph", PARAGRAPH_RANK, "", node.start
        elif ends_block or (below is not None and below.rank <= node.rank and _begins_section(below)):
            node.kind, node.heading, node.body_start = "item", "", node.start + len(node.label)
    # From the end, so that a stack of headless lines above a dropped heading is seen as such.
    for at in range(len(nodes) - 2, -1, -1):
        node, below = nodes[at], nodes[at + 1]
        if node.rank == PLAIN_RANK and node.number is None and node.heading and below.after_break:
            node.kind, node.rank, node.heading, node.body_start = "paragraph", PARAGRAPH_RANK, "", node.start


def _begins_section(node: Node) -> bool:
    """Whether a node closes the sections of its rank and below: a numbered clause, or a marked heading."""
    return node.number is not None or node.rank in MARKDOWN_RANKS


def _is_plain(node: Node) -> bool:
    return node.kind == "heading" and node.depth > 0


def _set_plain_depths(nodes: list[Node]) -> None:
    """Plain headings stacked line on line go one under the other, from the top.

    A single one between paragraphs stands beside the lowest of the last stack; one that heads a numbered list
    starts from the top.
    """
    single_depth, stacked = 1, 0
    for at, node in enumerate(nodes):
        if node.after_break:
            single_depth, stacked = 1, 0
        if not _is_plain(node):
            stacked = 0
            continue
        below = nodes[at + 1] if at + 1 < len(nodes) else None
        heads_heading = below is not None and not below.after_break and below.is_named and below.kind == "heading"
        if stacked or heads_heading or is_attachment(node.heading):
            stacked += 1
            node.depth = stacked
            if stacked > 1:
                single_depth = stacked
            if below is not None and below.number is not None:
                single_depth = node.depth
        else:
            node.depth = single_depth


def _pop_to_parent(path: list[Node], node: Node) -> None:
    """Shorten ``path`` to the section that ``node`` goes under."""
    if node.kind in ("paragraph", "run_in"):
        _pop_while(path, lambda top: top.kind in ("paragraph", "run_in", "item"))
        return
    _pop_while(path, lambda top: top.kind in ("paragraph", "run_in"))
    if _is_plain(node):
        _place_plain(path, node)
        return
    for at, open_node in enumerate(path[1:], start=1):
        if not _is_plain(open_node) and open_node.rank >= node.rank:
            del path[at:]
            return


def _place_plain(path: list[Node], node: Node) -> None:
    if is_attachment(node.heading):
        del path[1:]
        return
    for at, open_node in enumerate(path[1:], start=1):
        if _is_plain(open_node) and open_node.depth >= node.depth:
            del path[at:]
            return
    if not any(_is_plain(open_node) for open_node in path) and node.depth == 1:
        _pop_while(path, lambda top: top.kind == "item")


def _pop_while(path: list[Node], is_over: Callable[[Node], bool]) -> None:
    while len(path) > 1 and is_over(path[-1]):
        path.pop()


def _extend(node: Node) -> None:
    for child in node.children:
        _extend(child)
    if node.children:
        node.end = max(node.end, node.children[-1].end)
