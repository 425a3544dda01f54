"""Where a quote stands in the documents, and how much two spans share.

A quote is found after NFKC folding with all white space removed, because the documents have hard line breaks;
the span comes back in offsets of the document's own text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_QUOTE_MARKS = {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'"}
# Zero-width characters, and the asterisk of Markdown emphasis, which cleaning takes away.
_IGNORED = "\u200b\ufeff*"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch ``[start, end)`` of one document, in characters of ``Document.text``."""

    doc_id: str
    start: int
    end: int


def squash(text: str) -> tuple[str, list[int]]:
    r"""Return ``text`` NFKC-folded without white space and *, and for each character the offset it came from.

    >>> squash("3 1\n３")
    ('313', [0, 2, 4])
    """
    characters: list[str] = []
    offsets: list[int] = []
    for offset, char in enumerate(text):
        for folded in unicodedata.normalize("NFKC", _QUOTE_MARKS.get(char, char)):
            if not folded.isspace() and folded not in _IGNORED:
                characters.append(folded)
                offsets.append(offset)
    return "".join(characters), offsets


class SquashedDocument:
    """One document ready to be searched for quotes."""

    __slots__ = ("_offsets", "_text", "doc_id")

    def __init__(self, doc_id: str, text: str) -> None:
        self.doc_id = doc_id
        self._text, self._offsets = squash(text)

    def find(self, quote: str) -> list[Span]:
        """Return every span of the document whose squashed text is that of ``quote``, in order."""
        needle, _ = squash(quote)
        spans: list[Span] = []
        at = self._text.find(needle) if needle else -1
        while at >= 0:
            spans.append(Span(self.doc_id, self._offsets[at], self._offsets[at + len(needle) - 1] + 1))
            at = self._text.find(needle, at + 1)
        return spans


class Locator:
    """Finds quotes in a set of documents, remembering what it has found."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = dict(texts)
        self._documents = [SquashedDocument(doc_id, text) for doc_id, text in texts.items()]
        self._found: dict[str, tuple[Span, ...]] = {}

    def locate(self, quotes: Iterable[str]) -> tuple[Span, ...]:
        """Return every place in any document that carries the text of one of ``quotes``.

        All copies count: where two documents carry the same text, citing either is right.
        """
        spans: dict[Span, None] = {}
        for quote in quotes:
            if quote not in self._found:
                self._found[quote] = tuple(span for doc in self._documents for span in doc.find(quote))
            spans.update(dict.fromkeys(self._found[quote]))
        return tuple(spans)

    def text_of(self, span: Span) -> str:
        """Return the document's own text of a span."""
        return self.texts[span.doc_id][span.start : span.end]


def covered_chars(span: Span, by: Sequence[Span]) -> int:
    """Return how many characters of ``span`` lie in at least one span of ``by``.

    >>> covered_chars(Span("a", 0, 10), [Span("a", 2, 5), Span("a", 4, 6), Span("b", 0, 10)])
    4
    """
    pieces = sorted(
        (max(span.start, other.start), min(span.end, other.end)) for other in by if other.doc_id == span.doc_id
    )
    total, reached = 0, span.start
    for start, end in pieces:
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def coverage(span: Span, by: Sequence[Span]) -> float:
    """Return the share of ``span`` that lies in the spans of ``by``, in [0, 1]."""
    return covered_chars(span, by) / (span.end - span.start) if span.end > span.start else 0.0
