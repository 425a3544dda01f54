"""The marks that tell a heading's level in the text: ``## ``. No sentence holds one, and no reader is shown one.

They are kept in the text so that the outline can be read from it alone, but they are no words of the document.
"""

from __future__ import annotations

import re
from typing import Final

_MARK: Final = re.compile(r"^[ \t\u3000]*#{1,6}[ \t]+(?=\S)", re.MULTILINE)


def mark_end(text: str, start: int, end: int) -> int:
    """Return where the words of the line ``text[start:end]`` begin: after its heading mark, or at ``start``.

    >>> mark_end("## 总则", 0, 5), mark_end("总则", 0, 2), mark_end("#号文件", 0, 4)
    (3, 0, 0)
    """
    match = _MARK.match(text[start:end])
    return start + match.end() if match else start


def without_marks(text: str) -> str:
    r"""Return ``text`` as a reader sees it.

    >>> without_marks("### 投资\n总投资64亿元。")
    '投资\n总投资64亿元。'
    """
    return _MARK.sub("", text)
