"""What a cross-encoder is shown of one sentence: where it stands, what comes before it, and the sentence."""

from __future__ import annotations

import re
from typing import Final

from index.marks import without_marks
from index.types import Document, Passage

_MAX_TITLE_CHARS: Final = 28
_MAX_HEADING_CHARS: Final = 28
_MAX_BEFORE_CHARS: Final = 44
_MAX_SENTENCE_CHARS: Final = 220
_SPACE: Final = re.compile(r"\s+")


def judged_text(document: Document, passage: Passage, start: int, end: int) -> tuple[str, str]:
    r"""Return ``(context, sentence)`` of the sentence ``document.text[start:end]`` of ``passage``.

    The context is the document's title, the two headings nearest to the sentence and the end of the text before
    it, so that a sentence is judged with the agreement and the clause it belongs to; all of it is short, for the
    cost of judging grows with its length.

    >>> d = Document("d", "合作协议", "一、目标\n产值500亿元。就业2万人。", "d.txt", "")
    >>> p = Passage("d:0-19", "d", "合作协议", "d.txt", ("一、目标",), d.text, 0, 19)
    >>> judged_text(d, p, 13, 19)
    ('合作协议 > 一、目标：产值500亿元。', '就业2万人。')
    """
    sentence = _plain(document.text[start:end])
    headings = [h[:_MAX_HEADING_CHARS] for h in passage.heading_path[-2:] if h and h not in sentence]
    path = " > ".join([document.title[:_MAX_TITLE_CHARS], *headings])
    before = _plain(document.text[max(0, start - 4 * _MAX_BEFORE_CHARS) : start])[-_MAX_BEFORE_CHARS:]
    if headings and before.endswith(headings[-1]):
        before = ""
    elif headings and headings[-1] in before:
        before = before[before.rindex(headings[-1]) + len(headings[-1]) :].lstrip(" 。：:")
    return f"{path}：{before}", sentence[:_MAX_SENTENCE_CHARS]


def _plain(text: str) -> str:
    return _SPACE.sub(" ", without_marks(text)).strip()
