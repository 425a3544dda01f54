"""Number grounding: does every figure of an answer's sentence stand in the spans which that sentence cites?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from eval.matching import FoldedText, canonical, occurs, strip_markers
from eval.metrics.form import enumerated_items, stated_count
from eval.numerals import NUMERAL_CHARS
from eval.outcome import Cited

_MARKER = re.compile(r"\[(\d{1,3})\]")
# A sentence keeps the markers that follow its full stop.
_SENTENCE = re.compile(
    r"[^。！？；!?;\n]*(?:[。！？；!?;]+[”’」』）\")]*|\n|$)(?:[ \t]*(?:\[\d{1,3}\])+)?[”’」』）]*"
)
_ENUMERATOR = re.compile(r"^\s*(?:[-•·*]\s+)?(?:\d{1,3}[.、．)）](?!\d)|[（(]\d{1,3}[)）]|[①-⑳])")
_FIGURE = re.compile(r"(?<![\d.])\d+(?:\.\d+)?(?:[万亿]+|%|‰)?")

_NUMERAL = "[" + "".join(sorted(NUMERAL_CHARS)) + "]"
_LONE_NUMERAL = re.compile(rf"(?<!{_NUMERAL})(?<!百分之)(?<!点){_NUMERAL}(?!{_NUMERAL}|[万亿点]|分之)")
_TABLE_HEAD = re.compile(r"^\|.*\|\n(?=\|[-:| ]+\|$)", re.MULTILINE)
_CLAUSE_END = re.compile(r"[，。；：！？,;:!?\n]")
_LAST_JOIN = re.compile(r".(?:和|及|与|以及).")


def cited_sentences(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """Return the sentences of an answer, each without markers and with the numbers of its markers.

    >>> cited_sentences("产量300万辆[1]。产值6000亿元。[1][2]")
    [('产量300万辆。', (1,)), ('产值6000亿元。', (1, 2))]
    """
    found = []
    for match in _SENTENCE.finditer(text):
        bare = strip_markers(match[0]).strip()
        if bare.strip("。！？；!?;：:—-*#| "):
            found.append((bare, tuple(int(m) for m in _MARKER.findall(match[0]))))
    return found


def figures(sentence: str) -> list[str]:
    """Return the figures of a sentence in canonical form, without a leading enumerator; 第3条 counts as a figure.

    A Chinese numeral counts when it has several characters or goes with 万, 亿 or 百分之; one alone is seldom a
    figure (一城多园, 两市, 十足).

    >>> figures("3. 占比达5.7%，总量超过1,000家，三百万辆，十二条，两市")
    ['5.7%', '1000', '300万', '12']
    """
    body = _LONE_NUMERAL.sub("□", _ENUMERATOR.sub("", sentence))
    return _FIGURE.findall(canonical(body))


def ungrounded_figures(text: str, citations: Sequence[Cited]) -> list[str]:
    """Return the figures that the citations of their own sentence do not bear out.

    A figure is borne out by the cited quotes, and by the headings above them and the titles of their documents
    (《…（2023—2027年）》), which a reader sees with the quote. The
    count of a list (共9项) is borne out by as many enumerated lines, or by a cited row of as many items joined
    by 、. A sentence without a marker is covered by the next marker on its line; after the last there is none.
    """
    by_marker: Mapping[int, Cited] = {c.marker: c for c in citations}
    counted = enumerated_items(text)
    missing = []
    for sentence, markers in _with_line_markers(text):
        cited = [by_marker[m] for m in markers if m in by_marker]
        ground = [FoldedText(part) for c in cited for part in (c.quote, c.title, *c.headings)]
        own_count = stated_count(sentence)
        rows = {size for c in cited for size in row_sizes(c.quote)}
        for figure in figures(sentence):
            derived = figure == str(own_count) and (own_count == counted or own_count in rows)
            if not derived and not any(_bears(g, figure) for g in ground):
                missing.append(figure)
    return missing


def _with_line_markers(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """Return the sentences with their markers, or with those of the next sentence that has some on the line."""
    found: list[tuple[str, tuple[int, ...]]] = []
    for line in text.splitlines():
        inherited: tuple[int, ...] = ()
        kept = []
        for sentence, markers in reversed(cited_sentences(line)):
            inherited = markers or inherited
            kept.append((sentence, inherited))
        found.extend(reversed(kept))
    return found


def row_sizes(text: str) -> set[int]:
    """Return the sizes of the rows of items joined by 、 in a text; a final 和, 及 or 与 joins one more.

    >>> sorted(row_sizes("户口不迁、关系不转、身份不变，聚焦甲、乙和丙"))
    [2, 3]
    """
    sizes: set[int] = set()
    for clause in _CLAUSE_END.split(text):
        if marks := clause.count("、"):
            sizes.add(marks + 1)
            if _LAST_JOIN.search(clause.rsplit("、", 1)[1]):
                sizes.add(marks + 2)
    return sizes


def _bears(ground: FoldedText, figure: str) -> bool:
    return occurs(figure, ground.canonical) or occurs(figure, ground.plain)


def is_grounded(text: str, citations: Sequence[Cited]) -> bool:
    """Return whether every figure of the answer stands in the spans cited for its sentence."""
    return not ungrounded_figures(text, citations)


def marked_share(text: str, citations: Sequence[Cited]) -> float:
    """Return the share of sentences that carry a marker of an existing citation (1.0 for an empty answer).

    A line that only introduces what follows (ends in a colon) needs none, nor does the head of a table.
    """
    known = {c.marker for c in citations}
    needing = [(s, m) for s, m in cited_sentences(_TABLE_HEAD.sub("", text)) if not s.endswith(("：", ":"))]
    return sum(bool(known & set(markers)) for _, markers in needing) / len(needing) if needing else 1.0
