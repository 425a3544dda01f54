"""A document and its outline -> clause-sized passages with exact offsets.

A clause that fits is one passage; a longer one is cut at sentence ends into passages under the same heading
path; a crumb joins the text it belongs to; a heading goes with its body. No passage crosses from one clause
into a clause of another name, so that its heading path is true of all its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from index.outline import Section
from index.sentences import split_sentences
from index.types import Document, Passage

DEFAULT_MAX_CHARS = 400
# Below this a passage says too little to be found by meaning; a clause with a name of its own may be shorter.
_MIN_CHARS = 60
_MIN_NAMED_CHARS = 25
_WHOLE_KINDS = frozenset({"article", "item", "run_in", "paragraph"})
_COMMA = re.compile(r"[，、：,:]|(?<=\S) (?=\S)")
# Spans that a cut may not fall into: a figure with its unit, a date, a book title, a bracketed aside.
_WHOLE_SPAN = re.compile(
    r"《[^《》]*》|（[^（）]{0,60}）|\([^()]{0,60}\)|“[^“”]{0,60}”|(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日)?|"
    r"\d[\d,.]*(?:[—–~-]\d[\d,.]*)?\s*[%％‰]?[^\W\d]{0,4}|[A-Za-z0-9+.\-/]+|"
    r"\S[\u200d\ufe0f\u0300-\u036f\U0001f3fb-\U0001f3ff]+\S?"
)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A passage in the making. ``bare``: a heading with no body yet. ``named``: the clause has its own heading.

    ``owner`` is where the section starts that the clause is a child of.
    """

    start: int
    end: int
    path: tuple[str, ...]
    owner: int
    bare: bool = False
    named: bool = False

    @property
    def length(self) -> int:
        return self.end - self.start


def make_passages(document: Document, outline: Section, *, max_chars: int = DEFAULT_MAX_CHARS) -> list[Passage]:
    """The passages of ``document`` in reading order; ``document.text[p.start:p.end] == p.text`` for each.

    Every character that is not whitespace lies in exactly one passage. ``heading_path`` runs from the outermost
    heading to the clause's own, without the document's title and without lost headings. Lengths are in
    characters; none exceeds ``max_chars``.

    Raises:
        ValueError: ``max_chars`` is below 40, too short for a sentence.

    """
    if max_chars < 40:
        raise ValueError(f"max_chars is {max_chars}; expected at least 40, enough for one sentence")
    text = document.text
    pieces = list(_pieces(text, outline, outline.start, (), document.title, max_chars))
    pieces = _glue_bare(text, pieces, max_chars)
    pieces = _merge_crumbs(text, pieces, max_chars)
    return [_passage(document, piece) for piece in pieces]


def _pieces(
    text: str, section: Section, owner: int, above: tuple[str, ...], title: str, max_chars: int
) -> Iterator[_Piece]:
    named = bool(section.heading) and section.heading != title
    path = (*above, section.heading) if named else above
    if not section.children:
        if text[section.start : section.end].strip():
            bare = bool(section.heading) and not text[section.body_start : section.end].strip()
            yield _Piece(section.start, section.end, above if bare else path, owner, bare=bare, named=named)
        return
    if _is_one_clause(section) and section.end - section.start <= max_chars:
        yield _Piece(section.start, section.end, path, owner, named=named)
        return
    if text[section.start : section.body_start].strip():
        yield _Piece(section.start, section.body_start, path, owner, bare=True)
    for child in section.children:
        yield from _pieces(text, child, section.start, path, title, max_chars)


def _is_one_clause(section: Section) -> bool:
    """A paragraph with its parts, an article with its items, or a heading over a few plain paragraphs."""
    if section.kind in _WHOLE_KINDS:
        return True
    return section.kind == "heading" and all(
        not child.heading and not child.children for child in section.children
    )


def _glue_bare(text: str, pieces: list[_Piece], max_chars: int) -> list[_Piece]:
    """Pieces in which every heading stands at the head of its body, and none is over ``max_chars``."""
    glued: list[_Piece] = []
    heading_start: int | None = None
    for at, piece in enumerate(pieces):
        start = piece.start if heading_start is None else heading_start
        if piece.bare and at + 1 < len(pieces):
            heading_start = start
            continue
        glued.extend(_cut(text, replace(piece, start=start, bare=False), piece.start, max_chars))
        heading_start = None
    return glued


def _cut(text: str, piece: _Piece, body_start: int, max_chars: int) -> list[_Piece]:
    """``piece`` cut at sentence ends into parts of about equal length, headings with the first sentence."""
    start, end = _strip(text, piece.start, piece.end)
    if end - start <= max_chars:
        return [replace(piece, start=start, end=end)]
    atoms = [
        atom
        for sentence in _whole_rows(text, split_sentences(text, body_start, end))
        for atom in _cut_sentence(text, *sentence, max_chars)
    ]
    if start < body_start and atoms[0][1] - start <= max_chars:
        atoms[0] = (start, atoms[0][1])
    elif start < body_start:
        heading = _strip(text, start, body_start)
        atoms[:0] = _cut_sentence(text, *heading, max_chars)
    return [replace(piece, start=first, end=last) for first, last in _balance(atoms, max_chars)]


def _whole_rows(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sentence spans, those of one row of a table as one: a cell may hold several sentences."""
    whole: list[tuple[int, int]] = []
    for start, end in spans:
        line_start = text.rfind("\n", 0, start) + 1
        if whole and whole[-1][0] >= line_start and text[line_start] == "|":
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    return whole


def _balance(atoms: list[tuple[int, int]], max_chars: int) -> list[tuple[int, int]]:
    """Neighbouring atoms joined to the fewest parts of at most ``max_chars``, and of those to the most even."""
    # best[i]: (parts, sum of squared lengths, where the last part begins) over atoms[:i]
    best: list[tuple[int, int, int]] = [(0, 0, 0)]
    for last in range(1, len(atoms) + 1):
        options = []
        for first in range(last - 1, -1, -1):
            length = atoms[last - 1][1] - atoms[first][0]
            if length > max_chars and first < last - 1:
                break
            parts, squares, _ = best[first]
            options.append((parts + 1, squares + length * length, first))
        best.append(min(options))
    parts_found: list[tuple[int, int]] = []
    last = len(atoms)
    while last:
        first = best[last][2]
        parts_found.append((atoms[first][0], atoms[last - 1][1]))
        last = first
    return parts_found[::-1]


def _cut_sentence(text: str, start: int, end: int, max_chars: int) -> Iterator[tuple[int, int]]:
    """A sentence longer than ``max_chars`` cut at commas, else between characters that may be parted."""
    while end - start > max_chars:
        at = _last_cut(text, start, start + max_chars)
        yield _strip(text, start, at)
        start, _ = _strip(text, at, end)
    if start < end:
        yield start, end


def _last_cut(text: str, start: int, limit: int) -> int:
    """The best place at or before ``limit``: after a comma in the second half, else outside any whole span."""
    # The look-ahead lets a span that straddles the limit be seen whole.
    whole = [match.span() for match in _WHOLE_SPAN.finditer(text, start, limit + 80)]

    def is_free(at: int) -> bool:
        return not any(first < at < last for first, last in whole)

    commas = [match.end() for match in _COMMA.finditer(text, start, limit) if is_free(match.end())]
    if commas and commas[-1] - start > (limit - start) // 3:
        return commas[-1]
    return next((at for at in range(limit, start + (limit - start) // 3, -1) if is_free(at)), limit)


def _merge_crumbs(text: str, pieces: list[_Piece], max_chars: int) -> list[_Piece]:
    """Pieces of which the too short ones have joined a neighbour that they belong with."""
    merged: list[_Piece] = []
    for at, piece in enumerate(pieces):
        below = pieces[at + 1] if at + 1 < len(pieces) else None
        goes_on = below is not None and _introduces(text, piece, below, max_chars)
        if merged and not goes_on and (joined := _join(text, merged[-1], piece, max_chars)):
            merged[-1] = joined
        else:
            merged.append(piece)
    return merged


def _introduces(text: str, piece: _Piece, below: _Piece, max_chars: int) -> bool:
    """Whether a crumb is a question or a colon that the next paragraph answers."""
    if not (_is_crumb(piece) and _is_peer(piece, below) and text[piece.end - 1] in "？?：:"):
        return False
    return _join(text, piece, below, max_chars) is not None


def _is_peer(first: _Piece, second: _Piece) -> bool:
    """Whether two pieces are unnamed paragraphs of one section."""
    return first.path == second.path and first.owner == second.owner and not (first.named or second.named)


def _join(text: str, first: _Piece, second: _Piece, max_chars: int) -> _Piece | None:
    """Two neighbours as one piece, ``None`` where neither is a crumb or they do not belong together.

    They belong together as unnamed paragraphs of one section, as a lead-in that ends with a colon and what it
    leads to, as a clause and a closing remark on its line about the whole, or as two tiny named clauses; the
    heading path of the whole is true of both.
    """
    crumbs = _is_crumb(first), _is_crumb(second)
    fits = second.end - first.start <= max_chars
    if not any(crumbs) or not fits or "\n\n" in text[first.end : second.start]:
        return None
    if _is_peer(first, second):
        return replace(second, start=first.start)
    if first.owner != second.owner:
        return None
    introduces = not first.named and text[first.end - 1] in "：:" and second.path[:-1] == first.path
    if crumbs[0] and introduces:
        return replace(second, start=first.start)
    remarks = not second.named and "\n" not in text[first.end : second.start] and second.path == first.path[:-1]
    if second.length < _MIN_NAMED_CHARS and remarks:
        return replace(second, start=first.start)
    if all(crumbs) and first.named and second.named and first.path[:-1] == second.path[:-1]:
        return replace(second, start=first.start, path=first.path[:-1], named=False)
    return None


def _is_crumb(piece: _Piece) -> bool:
    return piece.length < (_MIN_NAMED_CHARS if piece.named else _MIN_CHARS)


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _passage(document: Document, piece: _Piece) -> Passage:
    return Passage(
        passage_id=f"{document.doc_id}:{piece.start}-{piece.end}",
        doc_id=document.doc_id,
        title=document.title,
        source=document.source,
        heading_path=piece.path,
        text=document.text[piece.start : piece.end],
        start=piece.start,
        end=piece.end,
    )
