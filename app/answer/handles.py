"""A model's text as it arrives -> whole sentences with the handles of their sources, never half of either.

A handle is ``[S1]``. Text is given out a sentence at a time, once it is certain that no more handles belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_OPEN, _CLOSE = r"[\[［【(（]", r"[\]］】)）]"
_HANDLE = re.compile(
    rf"{_OPEN}\s*[SsＳ]\s*\d{{1,3}}(?:\s*[,，、;；/和]\s*[SsＳ]?\s*\d{{1,3}})*\s*{_CLOSE}", re.IGNORECASE
)
# What looks like a mark of a source and is none: [1], 【来源2】, [^3], [S1：第二条].
_OTHER_MARK = re.compile(r"[\[［【][^\[\]［］【】\n]{0,12}?\d[^\[\]［］【】\n]{0,12}[\]］】]")
# What a model that stumbles or is cut off leaves of a handle; a lone bracket only at the very end.
_HALF_HANDLE = re.compile(
    r"[\[［【]\s*[\]］】]|[\[［【]\s*[SsＳ](?![A-Za-z])[\d\s,，、;；/和SsＳ]*|[\[［【(（]\s*(?:[SsＳ]\s*\d{0,3}\s*)?$"
)
_SENTENCE_END = re.compile(r"(?:[。！？；!?;]+[”’」』）)\"]*|\n+)")
_HANDLES_AFTER = re.compile(rf"(?:[ \t]*(?:{_HANDLE.pattern}|{_OTHER_MARK.pattern}))*[ \t]*", re.IGNORECASE)
_OPENING = frozenset("[［【(（")
# A mark that has not closed after so many characters is running text.
_LONGEST_MARK = 28
MAX_SENTENCE = 400


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence of a model: its text without marks, the numbers of its handles, and marks of no known form."""

    text: str
    handles: tuple[int, ...]
    strange: tuple[str, ...] = ()


class SentenceReader:
    r"""Cuts arriving text into sentences. ``quoted`` holds texts whose own brackets are no marks.

    >>> reader = SentenceReader()
    >>> [said for piece in ("产量300万辆。[", "S1", "]\n乙") for said in reader.feed(piece)]
    [Said(text='产量300万辆。', handles=(1,), strange=())]
    >>> list(reader.end())
    [Said(text='乙', handles=(), strange=())]
    """

    def __init__(self, quoted: str = "") -> None:
        self._quoted = quoted
        self._buffer = ""

    def feed(self, text: str) -> Iterator[Said]:
        """Yield the sentences that this piece completes."""
        self._buffer += text
        while (cut := self._next_cut()) is not None:
            yield from self._take(cut)

    def end(self) -> Iterator[Said]:
        """Yield what is left."""
        while (cut := self._next_cut()) is not None:
            yield from self._take(cut)
        yield from self._take(len(self._buffer))

    def _take(self, cut: int) -> Iterator[Said]:
        piece, self._buffer = self._buffer[:cut], self._buffer[cut:]
        said = read_sentence(piece, self._quoted)
        if said.text or said.handles or said.strange:
            yield said

    def _next_cut(self) -> int | None:
        """Return where the first sentence ends with all its handles, ``None`` while that is not certain."""
        end = _SENTENCE_END.search(self._buffer)
        if end is None:
            return self._forced_cut() if len(self._buffer) > MAX_SENTENCE + _LONGEST_MARK else None
        if end.group().startswith("\n"):
            return end.end()
        after = _HANDLES_AFTER.match(self._buffer, end.end())
        cut = end.end() if after is None else after.end()
        rest = self._buffer[cut:]
        undecided = not rest or (rest[0] in _OPENING and not _closes(rest) and len(rest) < _LONGEST_MARK)
        # More of the same end may still come: 」 after a full stop, or another mark of exclamation.
        return None if undecided else cut

    def _forced_cut(self) -> int:
        """Return a cut of a sentence that does not end, before a mark that the cut would go through."""
        opened = max(self._buffer.rfind(char, MAX_SENTENCE - _LONGEST_MARK, MAX_SENTENCE) for char in _OPENING)
        return opened if opened > 0 else MAX_SENTENCE


def _closes(text: str) -> bool:
    """Return whether the bracket that opens ``text`` is closed by one of its kind, or the line ends."""
    closing = ")）\n" if text[0] in "(（" else "]］】\n"
    return any(char in closing for char in text[:_LONGEST_MARK])


def read_sentence(text: str, quoted: str = "") -> Said:
    """Return one sentence with its marks taken out.

    >>> read_sentence("产值6000亿元【S2】。")
    Said(text='产值6000亿元。', handles=(2,), strange=())
    >>> read_sentence("面积100平方公里[3]。")
    Said(text='面积100平方公里。', handles=(), strange=('[3]',))
    """
    handles: list[int] = []
    strange: list[str] = []

    def take_handle(match: re.Match[str]) -> str:
        if match.group()[0] in "(（" and match.group() in quoted:
            # A road's number, say.
            return match.group()
        handles.extend(int(number) for number in re.findall(r"\d+", match.group()))
        return ""

    def take_other(match: re.Match[str]) -> str:
        if match.group() in quoted:
            return match.group()
        strange.append(match.group())
        return ""

    plain = _OTHER_MARK.sub(take_other, _HANDLE.sub(take_handle, text))
    while (whole := _HALF_HANDLE.sub("", plain).strip()) != plain:
        plain = whole
    plain = re.sub(r"[ \t]+(?=[。！？；，,])", "", plain).strip()
    plain = re.sub(r"^(?:[-•·*]|#{1,4})\s+|\*\*", "", plain).strip()
    return Said(plain, tuple(dict.fromkeys(handles)), tuple(strange))
