"""Text -> sentence spans. Punctuation inside quotation marks or brackets does not end a sentence."""

from __future__ import annotations

import re

from index.marks import mark_end

_TERMINATORS = "。！？；!?;…"
_OPENERS = "“‘「『（(《〈【["
_CLOSERS = "”’」』）)》〉】]"
_PARTNER = dict(zip(_CLOSERS, _OPENERS, strict=True))
# Full-width and half-width brackets are mixed freely in web text: （甲乙) closes what ( opened.
_PARTNER[")"] = _PARTNER["）"] = "("
# Inside a quotation longer than this, its own full stops end sentences.
_LONG_QUOTE_CHARS = 160
# “……。”张三说。 The speaker belongs to the words.
_ATTRIBUTION = re.compile(
    r"[^，。！？；：,!?;:“”\n]{0,24}(?:说|说道|表示|介绍|指出|认为|谈到|强调|透露|坦言|感慨|道)(?=[，。！？；：,!?;:])"
)


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Half-open sentence spans of ``text[start:end]``, in order, without surrounding whitespace.

    A sentence ends after 。！？；… (and their half-width forms) with any closing marks, and at every line end.
    Punctuation inside quotation marks or brackets does not end it, unless the quotation is very long.
    Every character that is neither whitespace nor a heading mark (``## ``) lies in exactly one span.

    >>> text = "建立机制。他说：“好！很好。”完"
    >>> [text[a:b] for a, b in split_sentences(text)]
    ['建立机制。', '他说：“好！很好。”', '完']
    """
    stop = len(text) if end is None else end
    spans: list[tuple[int, int]] = []
    line_start = start
    while line_start < stop:
        line_end = text.find("\n", line_start, stop)
        line_end = stop if line_end < 0 else line_end
        spans.extend(_split_line(text, mark_end(text, line_start, line_end), line_end))
        line_start = line_end + 1
    return spans


def _split_line(text: str, start: int, end: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    open_marks: list[tuple[str, int]] = []
    is_headline = not any(mark in text[start:end] for mark in "。！？；!?;")
    begin = position = start
    while position < end:
        char = text[position]
        position += 1
        ends_here = False
        if char in _TERMINATORS:
            ends_here = _may_end(text, position - 1, end, open_marks, is_headline)
        elif char in _OPENERS:
            open_marks.append(("(" if char == "（" else char, position))
        elif char in _CLOSERS:
            _close(open_marks, char)
            ends_here = not open_marks and position - 2 >= begin and text[position - 2] in "。！？!?…"
        if not ends_here:
            continue
        while position < end and text[position] in _TERMINATORS + _CLOSERS:
            if text[position] in _CLOSERS:
                _close(open_marks, text[position])
            position += 1
        if _goes_on(text, position, end):
            continue
        _append(spans, text, begin, position)
        begin = position
        open_marks.clear()
    _append(spans, text, begin, end)
    return spans


def _may_end(text: str, at: int, end: int, open_marks: list[tuple[str, int]], is_headline: bool) -> bool:
    """Whether the terminator at ``at`` may end a sentence where it stands."""
    char = text[at]
    if char == "…" and (is_headline or (at + 1 < end and text[at + 1] == "…")):
        return False
    if char in "!?;" and _is_ascii_word(text, at - 1) and _is_ascii_word(text, at + 1):
        return False  # a query string or code, not prose
    return not open_marks or at - open_marks[0][1] > _LONG_QUOTE_CHARS or _never_closed(text, end, open_marks)


def _is_ascii_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at].isascii() and text[at].isalnum()


def _never_closed(text: str, end: int, open_marks: list[tuple[str, int]]) -> bool:
    """A mark opened by mistake must not swallow the rest of the line."""
    mark, at = open_marks[0]
    closers = [closer for closer, opener in _PARTNER.items() if opener == mark]
    return not any(text.find(closer, at, end) >= 0 for closer in closers)


def _close(open_marks: list[tuple[str, int]], closer: str) -> None:
    for index in range(len(open_marks) - 1, -1, -1):
        if open_marks[index][0] == _PARTNER[closer]:
            del open_marks[index:]
            return


def _goes_on(text: str, position: int, end: int) -> bool:
    """Whether what follows a closed quotation is its speaker or the rest of the same clause."""
    if position >= end or text[position - 1] not in _CLOSERS:
        return False
    return text[position] in "，、：,:的" or _ATTRIBUTION.match(text, position, end) is not None


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))
