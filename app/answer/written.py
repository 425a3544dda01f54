"""A written answer as it grows: each sentence is checked against what it cites before anybody sees it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.answer.analyse import Analysis, content_terms
from app.answer.draft import Draft, Line, Span, cite
from app.answer.fold import content_key, fold
from app.answer.handles import Said
from app.answer.library import Library
from app.answer.listening import Listen
from app.answer.omissions import asked_values, first_values
from app.answer.replies import Replies
from app.answer.sources import Source
from app.answer.support import MAX_NOVEL, novelty, problems
from app.answer.values import find_values

_MAX_SPANS = 4
# A sentence is given to another source than it cites only where that one says nearly all of it.
_SURELY = 0.15
_VERDICT = re.compile(
    r"^(?:答[:：]?)?(?:是的?|否|不是的?|对的?|不对|没错|有的?|没有|会的?|不会|可以的?|不可以|能|不能|属于|不属于)[，,。！!；;：:]+"
)


class WrittenAnswer:
    """Takes a model's sentences one by one, keeps what their sources support, and takes nothing back."""

    def __init__(
        self,
        *,
        analysis: Analysis,
        sources: Sequence[Source],
        library: Library,
        replies: Replies,
        draft: Draft,
        verdict: str,
        listen: Listen | None,
    ) -> None:
        """``draft`` is what the reader would say; ``verdict`` its 是 or 否 on a yes/no question, or nothing."""
        self._analysis, self._library, self._replies = analysis, library, replies
        self._sources = {source.number: source for source in sources}
        self._counted = next((line.counted for line in draft.lines if line.counted is not None), None)
        self._wants_value = draft.route == "plain" and bool(first_values(draft, analysis, library))
        # What a yes/no question supposes may be what the documents deny.
        self._asked = "" if analysis.kind == "yes_no" else analysis.folded
        self._verdict, self._listen = verdict, listen
        self._pending: list[str] = []
        self._keys: set[str] = set()
        self._shown = ""
        self.lines: list[Line] = []
        self.repaired: list[str] = []
        self.dropped: list[str] = []
        self.unknown: list[str] = []
        self.unverified: list[str] = []
        self.refused = self.stopped = False
        self.repeats = 0

    @property
    def has_claims(self) -> bool:
        """Whether any sentence with a source was kept."""
        return any(line.spans for line in self.lines)

    def take(self, said: Said) -> None:
        """Check one sentence and keep it, mended where it must be."""
        self.unknown += said.strange
        self.unknown += [f"[S{n}]" for n in said.handles if n not in self._sources]
        if content_key(self._replies.refusal) in content_key(said.text):
            self.refused = True
            return
        text = self._without_verdict(said.text) if not self.lines else said.text
        sources = [self._sources[n] for n in said.handles if n in self._sources]
        if not text and self._verdict and sources:
            # The bare verdict: what it cites is said for it.
            text = sources[0].text
            self.repaired.append(f"{said.text}→[S{sources[0].number}]")
        if not text:
            return
        leads = text.endswith(("：", ":")) and not sources
        if not leads and not content_terms(text) and not find_values(text):
            # Nothing in it could be checked.
            self.dropped.append(text)
            return
        if not leads and self._beside_the_point(text):
            self.dropped.append(text)
            return
        key = content_key(text)
        if key in self._keys:
            self.repeats += 1
            return
        if not sources:
            self._pending.append(text)
            return
        self._keys.add(key)
        self._keep(text, sources)

    def close(self) -> None:
        """Let go of sentences that no source followed."""
        self.dropped += self._pending
        self._pending = []

    def add(self, lines: Sequence[Line]) -> None:
        """Append lines that are checked already."""
        for line in lines:
            self._append(line)

    def _beside_the_point(self, text: str) -> bool:
        """Return whether a simple question asks for a figure that the reader found and the sentence has none."""
        if not self._wants_value:
            return False
        return not asked_values(find_values(text), self._analysis)

    def _without_verdict(self, text: str) -> str:
        """是 and 否 are the reader's to say, who has rules for them; a model's own cannot be checked."""
        return _VERDICT.sub("", text) if self._analysis.kind == "yes_no" else text

    def _keep(self, text: str, sources: list[Source]) -> None:
        pending, self._pending = self._pending, []
        before = [lead for one in pending if (lead := self._leading(one, sources)) is not None]
        line: Line | None = self._line(text, sources)
        if line is not None and not self._sound(line, sources):
            line = self._mended(line, sources)
        if line is None:
            self.dropped.append(text)
            # A heading with nothing under it says nothing.
            before = [one for one in before if one.spans]
        for one in [*before, *([] if line is None else [line])]:
            self._append(one)

    def _leading(self, text: str, sources: list[Source]) -> Line | None:
        """Return a sentence that stands before the mark of its source as a line, ``None`` where it is dropped.

        It is checked by itself against what the mark cites; one that only leads to what follows cites nothing.
        """
        if text.endswith(("：", ":")) and self._is_heading(text):
            return Line(text, (), self._counted)
        line = self._line(text, sources)
        if self._sound(line, sources):
            return line
        self.dropped.append(text)
        return None

    def _line(self, text: str, sources: Sequence[Source]) -> Line:
        spans: list[Span] = []
        for source in sources:
            spans += [span for span in source.spans if span not in spans]
        return Line(text, tuple(spans[:_MAX_SPANS]), self._counted)

    def _is_heading(self, text: str) -> bool:
        return not self._problems(Line(text, (), self._counted), list(self._sources.values()))

    def _novel(self, text: str, sources: Sequence[Source]) -> float:
        return novelty(text, self._asked, [source.ground for source in sources])

    def _problems(self, line: Line, sources: Sequence[Source]) -> list[str]:
        return problems(line, sources, self._library, self._asked)

    def _sound(self, line: Line, sources: Sequence[Source]) -> bool:
        novel = self._novel(line.text, sources)
        return novel <= MAX_NOVEL and not self._problems(line, sources)

    def _mended(self, line: Line, sources: list[Source]) -> Line | None:
        """Return a sentence that the sources support in place of one they do not, or ``None`` to leave it out."""
        found = self._problems(line, sources)
        other = self._other_source(line.text, sources)
        if other is not None:
            self.repaired.append(f"[S{sources[0].number}]→[S{other.number}]")
            return self._line(line.text, [other])
        if self._novel(line.text, sources) > MAX_NOVEL:
            return None
        swapped = self._swapped(line, sources)
        if swapped is not None:
            return swapped
        if len(sources) == 1:
            quote = sources[0].text
            if content_key(quote) in self._keys:
                return None
            self._keys.add(content_key(quote))
            self.repaired.append(f"{'、'.join(found)}→[S{sources[0].number}]")
            return self._line(quote, sources)
        self.unverified += found
        return Line(line.text + self._replies.unverified, line.spans, line.counted)

    def _other_source(self, text: str, cited: Sequence[Source]) -> Source | None:
        """Return the one offered source that supports the whole sentence, if there is exactly one."""
        fitting = [
            source
            for source in self._sources.values()
            if source not in cited
            and self._novel(text, [source]) <= _SURELY
            and not self._problems(self._line(text, [source]), [source])
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _swapped(self, line: Line, sources: Sequence[Source]) -> Line | None:
        """Return the sentence with one wrong figure replaced by the only one of its kind that the sources hold."""
        held = [value for source in sources for value in find_values(source.text)]
        keys = {value.key for value in held}
        wrong = [value for value in find_values(line.text, numerals=False) if value.key not in keys]
        if len(wrong) != 1:
            return None
        said = {value.key for value in find_values(line.text)}
        fitting = {v.key: v for v in held if v.kind == wrong[0].kind and v.key not in said}
        if len(fitting) != 1:
            return None
        (right,) = fitting.values()
        text = line.text[: wrong[0].start] + right.text + line.text[wrong[0].end :]
        mended = Line(text, line.spans, line.counted)
        if not self._sound(mended, sources):
            return None
        self.repaired.append(f"{wrong[0].text}→{right.text}")
        return mended

    def _append(self, line: Line) -> None:
        if not self.lines and self._verdict and not fold(line.text).startswith(fold(self._verdict)):
            line = Line(self._verdict + line.text, line.spans, line.counted)
        self.lines.append(line)
        self._keys.add(content_key(line.text))
        text = cite(self.lines, self._library)[0]
        piece, self._shown = text[len(self._shown) :], text
        if self._listen is not None and not self._listen(piece):
            self.stopped = True
