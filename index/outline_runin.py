"""Headings inside a paragraph: a first short sentence that names it, and parallel ones further in.

    推进国资国企改革。推进国企优化重组。实施好……。优化国企运营机制。加强……。健全考核评价体系。加强……。

names one paragraph with three parts. A sentence that merely is short must not become a heading: it may not
contain a comma, state a fact (是, 了, 已), carry a figure or be someone's words.
"""

from __future__ import annotations

import re

from index.outline_tree import PARAGRAPH_RANK, RUN_IN_RANK, Node
from index.sentences import split_sentences

MAX_RUN_IN_CHARS = 26
_MAX_INNER_CHARS = 20
_MIN_CHARS = 4
# What a part of a paragraph must say beyond its heading.
_MIN_BODY_CHARS = 12
_TAIL = re.compile(r"(?:计划|力争|预计)?到\d{4}年")
_STATEMENT = re.compile(
    r"(?<!实事求)(?<!不)(?<!还)是(?!否|非)|(?<!为)了(?!解)|已|正在|将(?!来)|表示|认为|说$|我们?|他们?|她们?|它们?|这|那|不仅|却|没有|"
    r"(?<![主重需必首纲概摘])要(?![求素点件务领道])|"
    r"^(?:以|为|围绕|按照|依托|聚焦|根据|通过|其中|此外|另外|同时|目前|当前|据|经|比如|例如|如|包括|截至|对此|首先|其次|最后|一是|二是|近日|日前|并|且|而|也)"
)
_FIGURE = re.compile(r"\d(?!\d*[A-Za-z])")
_QUOTED = re.compile(r"[“‘《（(【][^”’》）)】]*[”’》）)】]")


def is_heading_sentence(sentence: str, max_chars: int) -> bool:
    """Whether a sentence, with its full stop, reads as the name of what follows it.

    >>> is_heading_sentence("开展艺术交流。", 24), is_heading_sentence("目前,建设正提速。", 24)
    (True, False)
    """
    if not sentence.endswith("。"):
        return False
    words = sentence[:-1]
    if not _MIN_CHARS <= len(words) <= max_chars or re.search(r"[，,；;：:！？!?。…]", words):
        return False
    if words[0] in "“‘" and words[-1] in "”’":
        return False  # someone's words
    bare = _QUOTED.sub("", words)
    return not _STATEMENT.search(bare) and not _FIGURE.search(bare)


def split_paragraph(text: str, start: int, end: int, *, owner: Node | None = None) -> Node:
    """The section of the paragraph ``text[start:end]``, with its parts as children.

    With ``owner`` (a numbered clause whose body this is) the parts become the owner's children and it is returned.
    """
    sentences = split_sentences(text, start, end)
    node = owner or Node("paragraph", start, end, start, PARAGRAPH_RANK)
    first = 0
    if owner is None and len(sentences) > 1 and _is_heading(text, sentences[0], MAX_RUN_IN_CHARS):
        node = Node("run_in", start, end, sentences[1][0], RUN_IN_RANK, heading=_name(text, sentences[0]))
        first = 1
    heads = _find_heads(text, sentences, first if node.heading else 1)
    follows_name = bool(node.heading and heads and heads[0] == first)
    if not _are_parallel(text, sentences, heads, follows_name=follows_name):
        return node
    if node.kind == "run_in" and _is_sibling(text, sentences, heads):
        node = Node("paragraph", start, end, start, PARAGRAPH_RANK)
        heads = [0, *heads]
    _attach(text, node, sentences, heads)
    return node


def _is_heading(text: str, span: tuple[int, int], max_chars: int) -> bool:
    return is_heading_sentence(text[span[0] : span[1]], max_chars)


def _name(text: str, span: tuple[int, int]) -> str:
    return text[span[0] : span[1]].lstrip("—").rstrip("。")


def _find_heads(text: str, sentences: list[tuple[int, int]], first: int) -> list[int]:
    """Indices of the sentences that could name a part: not the last, nor one before a closing target."""
    return [
        i
        for i in range(first, len(sentences) - 1)
        if _is_heading(text, sentences[i], _MAX_INNER_CHARS) and not _TAIL.match(text, sentences[i + 1][0])
    ]


def _are_parallel(text: str, sentences: list[tuple[int, int]], heads: list[int], *, follows_name: bool) -> bool:
    """At least two parts with something to say, and a sign that they are one list.

    That sign is that they resemble each other, or follow right after the paragraph's own name.
    """
    bodies = [i for i in heads if i + 1 not in heads]
    long_enough = [i for i in bodies if sentences[i + 1][1] - sentences[i + 1][0] >= _MIN_BODY_CHARS]
    if len(long_enough) < 2:
        return False
    names = [_name(text, sentences[i]) for i in heads]
    return follows_name or any(_resemble(a, b) for at, a in enumerate(names) for b in names[at + 1 :])


def _resemble(a: str, b: str) -> bool:
    return a[:2] == b[:2] or a[-2:] == b[-2:]


def _is_sibling(text: str, sentences: list[tuple[int, int]], heads: list[int]) -> bool:
    """Whether the paragraph's first sentence is itself one of the list, not its name."""
    name = _name(text, sentences[0])
    others = [_name(text, sentences[i]) for i in heads]
    return heads[0] > 1 and all(name[:2] == other[:2] and name[-2:] == other[-2:] for other in others)


def _attach(text: str, node: Node, sentences: list[tuple[int, int]], heads: list[int]) -> None:
    """Children of ``node``: what stands before the first part, the parts, and a closing target for them all."""
    stop = _tail_start(text, sentences, heads[-1])
    body_start = max(node.body_start, sentences[0][0])
    if body_start < sentences[heads[0]][0]:
        node.children.append(_leaf(text, body_start, sentences[heads[0]][0]))
    parent: Node | None = None
    for index, upper in zip(heads, _uppers(text, sentences, heads), strict=True):
        later = [head for head in heads if head > index]
        limit = sentences[later[0]][0] if later else stop
        part = Node(
            "run_in",
            sentences[index][0],
            _rstrip(text, sentences[index][0], limit),
            sentences[index + 1][0],
            RUN_IN_RANK + (1 if upper else 2),
            heading=_name(text, sentences[index]),
        )
        if upper or parent is None:
            node.children.append(part)
            parent = part if upper else None
            continue
        if not parent.children and parent.body_start < parent.end:
            own_end = _rstrip(text, parent.body_start, part.start)
            if parent.body_start < own_end:
                parent.children.append(_leaf(text, parent.body_start, own_end))
        parent.children.append(part)
        parent.end = part.end
    if stop < node.end:
        node.children.append(_leaf(text, stop, node.end))


def _uppers(text: str, sentences: list[tuple[int, int]], heads: list[int]) -> list[bool]:
    """Which parts enclose the parts after them.

    A heading followed at once by another encloses it; so does one between parts that semicolons join.
    """
    followed = [head + 1 in heads for head in heads]
    if any(followed):
        return followed
    joined = [text[sentences[head - 1][1] - 1] in "；;" if head else False for head in heads]
    in_run = [own or (at + 1 < len(heads) and joined[at + 1]) for at, own in enumerate(joined)]
    if any(in_run) and not in_run[0]:
        return [not run for run in in_run]
    return [False] * len(heads)


def _tail_start(text: str, sentences: list[tuple[int, int]], last_head: int) -> int:
    """Where a closing 到2027年，… begins, which speaks for the whole paragraph; else the paragraph's end."""
    for index in range(last_head + 2, len(sentences)):
        if _TAIL.match(text, sentences[index][0]):
            return sentences[index][0]
    return sentences[-1][1]


def _leaf(text: str, start: int, end: int) -> Node:
    return Node("paragraph", start, _rstrip(text, start, end), start, PARAGRAPH_RANK)


def _rstrip(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1].isspace():
        end -= 1
    return end
