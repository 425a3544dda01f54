"""The cleaning step that takes out a table of contents: lines that only repeat the headings further down."""

from __future__ import annotations

import re
from typing import Final

from index.clean_lines import Line, Removal, Step

_HEAD: Final = re.compile(r"[【\[]?\s*目\s*[录錄次]\s*[】\]]?\s*[:：]?")
# ……… 12 leads to the page; a bare figure at the end may belong to the heading.
_LEADER: Final = re.compile(r"(?:\s*[.．·…‥_—-]{2,}\s*|\s+)[(（]?\d{1,4}[)）]?$|\s*[.．·…‥_]{2,}$")
_MIN_ENTRIES: Final = 2
_MAX_ENTRY_CHARS: Final = 60


def drop_contents(lines: tuple[Line, ...]) -> Step:
    """Lines without a table of contents. Only what comes again below, at the head of a line, is taken out.

    >>> raw = ["目 录", "第一章 总则……1", "第二章 附则……9", "第一章 总则", "要做好。", "第二章 附则", "完。"]
    >>> [line.text for line in drop_contents(tuple(map(Line, raw))).lines]
    ['第一章 总则', '要做好。', '第二章 附则', '完。']
    """
    keys = [_key(line.text) for line in lines]
    for head, line in enumerate(lines):
        if not _HEAD.fullmatch(line.text):
            continue
        end = head + 1
        while end < len(lines) and _comes_again(keys, end):
            end += 1
        if end - head > _MIN_ENTRIES:
            gone = "\n".join(entry.text for entry in lines[head:end])
            return Step((*lines[:head], *lines[end:]), (Removal("contents", gone),))
    return Step(lines)


def _comes_again(keys: list[str], at: int) -> bool:
    key = keys[at]
    return 2 <= len(key) <= _MAX_ENTRY_CHARS and any(later.startswith(key) for later in keys[at + 1 :])


def _key(text: str) -> str:
    return "".join(_LEADER.sub("", text).split())
