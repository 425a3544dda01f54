"""The cleaning steps that join: a headline printed twice, a sentence cut by a page, hard-wrapped columns.

Newspaper text copied from a page comes as short lines of nearly one width (the measure), with empty lines
where a picture or a column edge stood. A paragraph is put together again from three signs: whether a line is
full, whether it ends a sentence, and whether the next line is much longer (then this one was short on purpose).
A change of measure in mid-article means that another article begins there.
"""

from __future__ import annotations

import re
import statistics
import unicodedata
from dataclasses import replace
from itertools import pairwise

from index.clean_lines import Line, Removal, Step

# Widths are in full-width characters: 汉 is 1, a digit or Latin letter 0.5, a punctuation mark 0.75
# (pages set it full or squeeze it to half, as the line needs).
# A line this much narrower than the measure was not broken by the page's edge.
_FULL_SLACK = 2.5
_INDENT = 2.0
# Text running around a picture may widen by this much from line to line; more means a new paragraph.
_WIDENING = 4.5
# Two columns of one article differ by a character or so; another article's column by a quarter and more.
_MEASURE_RATIO = 1.25
_STEADY_SPREAD = 3.0

_MIN_HEADLINE_CHARS = 4
_SENTENCE_END = re.compile(r"(?:[。！？!?]|……?)[”’」』）)》〉】\]]*$")
_LINE_END = re.compile(r"[。！？；：!?;:…][”’」』）)》〉】\]]*$")
_COMMA_END = re.compile(r"[，,、]$")
# No printed line begins with these: one that does was cut off from the line above.
_NEVER_FIRST = "，。、；：！？）》〉】」』”’％%"
_LABEL = re.compile(
    r"(?:第[\d一二三四五六七八九十百零〇两兩]+[编編章节節条條]|[一二三四五六七八九十百]+、|[（(][\d一二三四五六七八九十]+[)）]|"
    r"\d{1,2}[.．、)）](?!\d)|\d{1,2} |[①-⑳]|[-•·●○■□◆◇※▪*] ?|#+ )"
)
_WHOLE_QUOTE = re.compile(r"[“「].*[”」]")
_CJK = "\u2e80-\u9fff\uf900-\ufaff"
_WIDE_MARKS = "，。、；：！？（）《》“”‘’「」【】—…"
_DIGIT_SPACE = re.compile(rf"(?<=[{_CJK}{_WIDE_MARKS}]) (?=\d)|(?<=[\d%]) (?=[{_CJK}{_WIDE_MARKS}])")
_MARK_SPACE = re.compile(rf"(?<=[{_WIDE_MARKS}]) (?=\S)|(?<=\S) (?=[{_WIDE_MARKS}])")
_PUNCTUATION = re.compile(rf"[{_WIDE_MARKS}]")
_SPACED_OUT = re.compile(rf"[{_CJK}](?: [{_CJK}])+")


def undouble_headlines(lines: tuple[Line, ...]) -> Step:
    """Lines in which a headline printed twice (``标题标题``) stands once; its own lines are joined to one."""
    kept: list[Line] = []
    removed: list[Removal] = []
    previous_doubled = False
    for line in lines:
        half = len(line.text) // 2
        doubled = half >= _MIN_HEADLINE_CHARS and line.text[:half] == line.text[half:]
        if doubled:
            removed.append(Removal("doubled_headline", line.text[half:]))
        if doubled and previous_doubled and not line.gap:
            kept[-1] = replace(kept[-1], text=kept[-1].text + line.text[:half])
        elif doubled:
            kept.append(replace(line, text=line.text[:half], headline=True, breaks=bool(kept)))
        else:
            kept.append(line)
        previous_doubled = doubled
    return Step(tuple(kept), tuple(removed))


def join_lines(lines: tuple[Line, ...]) -> Step:
    """Lines put together to one paragraph each; only line breaks change."""
    spaced = tuple(_close_spaced_out(line) for line in lines)
    return Step(_join_columns(spaced) if is_hard_wrapped(spaced) else _join_broken(spaced))


def _close_spaced_out(line: Line) -> Line:
    """``流 大`` was set wide to fill its line."""
    if _SPACED_OUT.fullmatch(line.text):
        return replace(line, text=line.text.replace(" ", ""))
    return line


def close_spaces(lines: tuple[Line, ...]) -> Step:
    """Lines without the blanks that typesetting left around figures and marks; headlines keep theirs."""
    closed: list[Line] = []
    for line in lines:
        label = _LABEL.match(line.text)
        at = label.end() if label else 0
        text = line.text[at:]
        if _LINE_END.search(text):
            text = _MARK_SPACE.sub("", _DIGIT_SPACE.sub("", text))
        closed.append(replace(line, text=line.text[:at] + text))
    return Step(tuple(closed))


def is_hard_wrapped(lines: tuple[Line, ...]) -> bool:
    """Whether most lines break in mid-sentence at nearly one width, as in text copied from a printed page."""
    broken = [
        (line, below)
        for line, below in pairwise(lines)
        if not below.gap and not line.headline and not _SENTENCE_END.search(line.text)
    ]
    if len(lines) < 6 or len(broken) * 2 < len(lines):
        return False
    prose = sum(bool(re.search(r"[，。、；,;]", line.text)) for line, _ in broken)
    even = sum(abs(_width(line.text) - _width(below.text)) <= _STEADY_SPREAD for line, below in broken)
    narrow = statistics.median(_width(line.text) for line, _ in broken) <= 48
    return narrow and prose * 2 >= len(broken) and even * 2 >= len(broken)


def _join_broken(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """One paragraph per line is the rule; a sentence that a page or advertisement cut is joined again."""
    joined: list[Line] = []
    for line in lines:
        if joined and (begins_midway(line.text) or (_is_cut(joined[-1]) and _continues(line))):
            joined[-1] = replace(joined[-1], text=joined[-1].text + line.text)
        else:
            joined.append(line)
    return tuple(joined)


def begins_midway(text: str) -> bool:
    """Whether a line can only be the rest of the line above.

    >>> begins_midway("，产值6000亿元。"), begins_midway("产值6000亿元。")
    (True, False)
    """
    return text[:1] != "" and text[0] in _NEVER_FIRST


def _is_cut(line: Line) -> bool:
    """Whether a line stops in mid-sentence: a heading has no full stop, and does not end on a stub."""
    text = line.text
    if line.headline or _LINE_END.search(text) or _WHOLE_QUOTE.fullmatch(text) or "|" in text:
        return False
    if _COMMA_END.search(text) or _has_open_mark(text):
        return True
    clauses = re.split(r"[，,]", text)
    if len(clauses) < 2:
        return "。" in text
    is_long = len(text) >= 40
    is_stub = len(clauses[-1]) <= 3 and len(clauses[-1]) * 2 < len(clauses[-2])
    return "。" in text or is_long or is_stub


def _has_open_mark(text: str) -> bool:
    pairs = ("“”", "（）", "《》", "()")
    return any(text.count(pair[0]) > text.count(pair[1]) for pair in pairs)


def _continues(line: Line) -> bool:
    """Whether a line can be the rest of a sentence: running text, not a heading or a numbered clause."""
    is_running_text = _LINE_END.search(line.text) is not None or _is_cut(line)
    return not line.headline and not _LABEL.match(line.text) and is_running_text


def _join_columns(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    groups: list[list[Line]] = []
    for index, line in enumerate(lines):
        below = lines[index + 1] if index + 1 < len(lines) else None
        if groups and _belongs(groups[-1], line, below):
            groups[-1].append(line)
        else:
            groups.append([line])
    joined: list[Line] = []
    previous: list[Line] | None = None
    for group in groups:
        first = group[0]
        other_column = previous is not None and not first.breaks and _measure_changes(previous, group)
        text = "".join(_glue(line.text, below.text) for line, below in pairwise([*group, Line("")]))
        joined.append(replace(first, text=text, breaks=first.breaks or other_column))
        if first.headline:
            previous = None
        elif _measure(group) is not None:
            previous = group
    return tuple(joined)


def _glue(text: str, below: str) -> str:
    """``text``, with the blank that a line break stood for between two Latin words."""
    if below and text[-1:].isascii() and text[-1:].isalpha() and below[0].isascii() and below[0].isalpha():
        return text + " "
    return text


def _belongs(group: list[Line], line: Line, below: Line | None) -> bool:
    """Whether ``line`` goes on with the paragraph that ``group`` has so far."""
    last = group[-1]
    if line.headline or last.headline or line.indented or line.breaks:
        return False
    if begins_midway(line.text):
        return True
    if _SENTENCE_END.search(last.text):
        return not line.gap and _is_full(group, line) and not _is_pair_between_gaps(last, below)
    if len(group) > 1:
        return _width(line.text) - _width(last.text) <= _WIDENING
    is_heading = last.gap and line.gap and not _PUNCTUATION.search(last.text)
    return not is_heading and _width(line.text) - _width(last.text) <= _WIDENING + _INDENT


def _is_full(group: list[Line], line: Line) -> bool:
    """Whether the last line of ``group`` reaches the edge, so that its full stop may fall there by chance."""
    last = _width(group[-1].text)
    if len(group) == 1:
        return abs(last + _INDENT - _width(line.text)) <= _FULL_SLACK
    if max(_width(item.text) for item in group) - last <= _FULL_SLACK:
        return True
    return -_WIDENING <= _width(line.text) - last <= 0.5  # the edge itself runs inwards around a picture


def _is_pair_between_gaps(last: Line, below: Line | None) -> bool:
    """Two lines alone between empty ones are the end of one paragraph and the start of the next."""
    return last.gap and below is not None and below.gap


def _measure(group: list[Line]) -> float | None:
    """The width that the lines of a paragraph were broken at, ``None`` where they are too few or uneven."""
    widths = [_width(line.text) for line in group[:-1]]
    if not widths or not _SENTENCE_END.search(group[-1].text):
        return None
    wide = max(widths)
    if len(widths) > 2 and wide - statistics.median(widths) > _STEADY_SPREAD:
        return None  # runs around a picture
    return wide


def _measure_changes(previous: list[Line], group: list[Line]) -> bool:
    before, after = _measure(previous), _measure(group)
    if before is None or after is None:
        return False
    return max(before, after) / min(before, after) >= _MEASURE_RATIO


def _width(text: str) -> float:
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> float:
    if char in _WIDE_MARKS:
        return 0.75
    return 1.0 if unicodedata.east_asian_width(char) in "WF" else 0.5
