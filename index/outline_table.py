"""A table is one paragraph, named by the caption above it: it is never cut off from its caption or taken apart."""

from __future__ import annotations

import re
from typing import Final

from index.outline_tree import PARAGRAPH_RANK, PLAIN_RANK, RUN_IN_RANK, Node

_CAPTION: Final = re.compile(
    r"(?:附?表|图表|续表|专栏)\s*[\d一二三四五六七八九十A-Za-z.．—－-]*\s*[:：]?\s*\S.{0,40}|"
    r".{0,40}(?:表|清单|一览|目录|明细|名单)(?:\s*[（(][^）)]{1,20}[)）])?"
)
_UNIT: Final = re.compile(r"[（(]?\s*(?:计量)?单位\s*[:：].{1,20}")


def is_table_row(text: str) -> bool:
    """Whether a line is a row of a table.

    >>> is_table_row("| 项目 | 金额 |"), is_table_row("[ 文号 ] | 某发〔2023〕8号 |")
    (True, False)
    """
    return len(text) > 2 and text[0] == text[-1] == "|"


def open_table(text: str, nodes: list[Node], start: int, end: int, *, follows: bool) -> Node:
    """The section of a table whose first row is ``text[start:end]``; its caption is taken off ``nodes``.

    ``follows``: no break between text blocks parts the row from the line above.
    """
    if not follows or not nodes:
        return Node("paragraph", start, end, start, PARAGRAPH_RANK)
    unit = len(nodes) > 1 and _UNIT.fullmatch(_own_text(text, nodes[-1])) is not None and not nodes[-1].after_break
    caption = nodes[-2] if unit else nodes[-1]
    is_line = caption.rank in (PLAIN_RANK, PARAGRAPH_RANK) and caption.number is None and not caption.children
    name = _own_text(text, caption)
    if not is_line or not _CAPTION.fullmatch(name):
        return Node("paragraph", start, end, start, PARAGRAPH_RANK)
    body = nodes[-1].start if unit else start
    del nodes[-2 if unit else -1 :]
    table = Node("run_in", caption.start, end, body, RUN_IN_RANK, heading=name)
    table.after_break = caption.after_break
    return table


def _own_text(text: str, node: Node) -> str:
    return text[node.start : node.end]
