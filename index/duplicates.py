"""The same clause in several documents: which passages are copies of each other, and where they differ. Pure.

Two steps that must not be confused. A *claim* is one sentence; two are merged only if they are the same words and
figures, punctuation, script, list marks and the bare connectives 的 和 与 及 aside, so that nothing is merged that
differs in a figure, a date, a name or a negation. *Passages* are grouped by resemblance, which proves nothing, and
therefore always come with the sentences in which they differ.

Resemblance is the Jaccard index of the sets of character 3-grams (Broder 1997, "On the resemblance and containment
of documents"). Pairs above the threshold are found exactly, by prefix filtering (Bayardo, Ma and Srikant 2007,
"Scaling up all pairs similarity search"), not estimated by MinHash: ten thousand passages do not need that.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from index.lexical import normalise
from index.outline_labels import read_label
from index.sentences import split_sentences
from index.types import Passage

RESEMBLANCE: Final = 0.6
_SHINGLE_CHARS: Final = 3
# Sentences are short: a figure in which they differ would spoil half of their 3-grams.
_PAIR_RESEMBLANCE: Final = 0.4
_PAIR_CHARS: Final = 2
# Two copies of an agreement differ in these without differing in anything that is agreed. 或 and 等 are not here.
_CONNECTIVES: Final = str.maketrans("", "", "的和与及")
# Inside a number these carry meaning: 5.7%, -3, 2023-2027, 1:3.
_IN_FIGURES: Final = ".%‰+-/:"
# 2023—2027年 and 2023-2027年 are one span.
_DASH_IN_FIGURES: Final = re.compile(r"(?<=\d)[—–~～]+(?=\d)")
# What else stands between two digits parts two figures: 5、6 is not 56. Left as one mark, whatever it was.
_BETWEEN_FIGURES: Final = re.compile(r"(?<=\d)[^\w.%‰+\-/:]+(?=\d)")
_FIGURE_GAP: Final = "¦"
# Below this a text says too little to be taken for a copy: 附则, 下同.
_MIN_CLAIM_CHARS: Final = 4


@dataclass(frozen=True, slots=True)
class Difference:
    """A sentence of the one passage and its counterpart in the other; empty where there is none."""

    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A passage that resembles the first of its cluster, in [0, 1], and every sentence in which they differ."""

    passage: Passage
    resemblance: float
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Passages of several documents that resemble each other. ``first`` is the longest: the one to show."""

    first: Passage
    copies: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class Likeness:
    """What two documents share: how many passages of the one the other says too, and those said differently."""

    same: int
    changed: tuple[tuple[Passage, Passage, tuple[Difference, ...]], ...]


@lru_cache(maxsize=65536)
def claim_key(text: str) -> str:
    """The words and figures of ``text`` in one spelling; empty for a text too short to be a claim.

    >>> claim_key("（一）建立健全协同机制，定期会商。") == claim_key("1.建立、健全協同機制,定期會商；")
    True
    >>> claim_key("增长5.7%") == claim_key("增长57%"), claim_key("第5、6条") == claim_key("第56条")
    (False, False)
    """
    label = read_label(text) if text else None
    is_mark = label is not None and label.kind in ("heading", "item")
    plain = normalise(text[label.length :] if label is not None and is_mark else text)
    plain = _BETWEEN_FIGURES.sub(_FIGURE_GAP, _DASH_IN_FIGURES.sub("-", plain))
    kept = "".join(char for at, char in enumerate(plain) if _counts(plain, at)).translate(_CONNECTIVES)
    return kept if len(kept) >= _MIN_CLAIM_CHARS else ""


def joined_keys(keys: Sequence[str]) -> str:
    """The keys of sentences in a row as one; figures that meet stay apart.

    >>> joined_keys(["总投资5", "", "6亿元"]) == joined_keys(["总投资56亿元"])
    False
    """
    joined = ""
    for key in filter(None, keys):
        joined += _FIGURE_GAP + key if joined[-1:].isdigit() and key[0].isdigit() else key
    return joined


def _counts(text: str, at: int) -> bool:
    char = text[at]
    if char == _FIGURE_GAP:
        return True
    if char in _IN_FIGURES:
        # Before or after a digit: -3 and 5%, but not the dash of 成都—重庆.
        return text[at - 1 : at].isdigit() or text[at + 1 : at + 2].isdigit()
    return not char.isspace() and unicodedata.category(char)[0] not in "PZC"


def same_claim(a: str, b: str) -> bool:
    """Whether two sentences say the same in the same words; never where a figure, a date or a 不 differs.

    >>> same_claim("联合打造国际铁路港，", "联合打造国际铁路港。"), same_claim("不得设置障碍。", "设置障碍。")
    (True, False)
    """
    key = claim_key(a)
    return bool(key) and key == claim_key(b)


def clusters(texts: Sequence[str]) -> list[list[int]]:
    """The numbers of the texts that make the same claim, two or more a cluster, in order of the first of each.

    >>> clusters(["互派干部挂职锻炼。", "每批10人。", "互派干部挂职锻炼；", "每批20人。"])
    [[0, 2]]
    """
    found: dict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        if key := claim_key(text):
            found[key].append(number)
    return [numbers for numbers in found.values() if len(numbers) > 1]


def find_clusters(passages: Sequence[Passage], *, resemblance: float = RESEMBLANCE) -> list[Cluster]:
    """The clusters of like passages across documents, in the order of the index.

    ``resemblance`` is the least Jaccard index, in (0, 1], of two passages that are compared. Passages of one
    document are not: a document may repeat itself on purpose.

    Raises:
        ValueError: ``resemblance`` is not in (0, 1].

    """
    if not 0 < resemblance <= 1:
        raise ValueError(f"resemblance = {resemblance}: expected more than 0 and at most 1")
    shingles = [_shingles(claim_key(passage.text)) for passage in passages]
    parent = list(range(len(passages)))
    for one, other in similar_pairs(shingles, resemblance):
        if passages[one].doc_id != passages[other].doc_id:
            parent[_root(parent, other)] = _root(parent, one)
    groups: dict[int, list[int]] = defaultdict(list)
    for number in range(len(passages)):
        groups[_root(parent, number)].append(number)
    return [_cluster(passages, shingles, group) for group in groups.values() if len(group) > 1]


def _root(parent: list[int], number: int) -> int:
    while parent[number] != number:
        parent[number] = parent[parent[number]]
        number = parent[number]
    return number


def _cluster(passages: Sequence[Passage], shingles: Sequence[frozenset[str]], group: list[int]) -> Cluster:
    first = max(group, key=lambda number: (len(passages[number].text), -number))
    copies = tuple(
        Copy(
            passages[number],
            _jaccard(shingles[first], shingles[number]),
            differences(passages[first].text, passages[number].text),
        )
        for number in group
        if number != first
    )
    return Cluster(passages[first], copies)


def compare(one: Sequence[Passage], other: Sequence[Passage]) -> Likeness:
    """How the passages of two documents agree, in the order of ``one``; what only one of them has is left out.

    Each passage of ``one`` is set beside the most like passage of ``other``, if one resembles it.
    """
    names = {passage.passage_id for passage in one}
    beside: dict[str, list[Passage]] = {}
    for cluster in find_clusters([*one, *other]):
        group = [cluster.first, *(copy.passage for copy in cluster.copies)]
        strangers = [passage for passage in group if passage.passage_id not in names]
        beside |= {passage.passage_id: strangers for passage in group if passage.passage_id in names}
    same = 0
    changed = []
    for passage in one:
        found = [(differences(passage.text, twin.text), twin) for twin in beside.get(passage.passage_id, ())]
        if not found:
            continue
        apart, twin = min(found, key=lambda pair: len(pair[0]))
        same += not apart
        if apart:
            changed.append((passage, twin, apart))
    return Likeness(same, tuple(changed))


def differences(one: str, other: str) -> tuple[Difference, ...]:
    """The sentences of two texts that make no claim of the other text, each with the most like one of the other.

    >>> [(d.one, d.other) for d in differences("共建港口。每批不少于10人。", "共建港口，每批不少于20人。")]
    [('每批不少于10人。', '每批不少于20人。')]
    """
    left, right = _pieces(one), _pieces(other)
    left_keys, right_keys = Counter(map(claim_key, left)), Counter(map(claim_key, right))
    lone_left = [text for text in left if claim_key(text) and claim_key(text) not in right_keys]
    lone_right = [text for text in right if claim_key(text) and claim_key(text) not in left_keys]
    found: list[Difference] = []
    for text in lone_left:
        own = _shingles(claim_key(text), _PAIR_CHARS)
        scored = [(_jaccard(own, _shingles(claim_key(b), _PAIR_CHARS)), -at) for at, b in enumerate(lone_right)]
        best, place = max(scored, default=(0.0, 0))
        if best >= _PAIR_RESEMBLANCE:
            found.append(Difference(text, lone_right.pop(-place)))
        else:
            found.append(Difference(text, ""))
    return (*found, *(Difference("", text) for text in lone_right))


def _pieces(text: str) -> list[str]:
    """Sentences, and their parts between commas: a copy sets a comma where the other has a full stop."""
    pieces: list[str] = []
    for start, end in split_sentences(text):
        begin = start
        for at in range(start, end):
            if text[at] in "，；,;" and not _in_figure(text, at):
                pieces.append(text[begin : at + 1])
                begin = at + 1
        pieces.append(text[begin:end])
    return [piece.strip() for piece in pieces if piece.strip()]


def _in_figure(text: str, at: int) -> bool:
    return text[at - 1 : at].isdigit() and text[at + 1 : at + 2].isdigit()


def similar_pairs(sets: Sequence[frozenset[str]], threshold: float) -> Iterator[tuple[int, int]]:
    """Every pair of ``sets`` whose Jaccard index is at least ``threshold``, each once, smaller number first.

    Sets ordered by rarity can only reach the threshold when their first few members meet.
    """
    counts = Counter(member for members in sets for member in members)
    holders: dict[str, list[int]] = defaultdict(list)
    for number, members in enumerate(sets):
        ordered = sorted(members, key=lambda member: (counts[member], member))
        # The rounding guards against 0.6 * 5 = 3.0000000000000004.
        prefix = len(ordered) - math.ceil(round(threshold * len(ordered), 9)) + 1
        seen: set[int] = set()
        for member in ordered[: prefix if ordered else 0]:
            seen.update(holders[member])
            holders[member].append(number)
        for other in sorted(seen):
            if _jaccard(sets[other], members) >= threshold:
                yield other, number


def _shingles(key: str, size: int = _SHINGLE_CHARS) -> frozenset[str]:
    if len(key) <= size:
        return frozenset([key] if key else [])
    return frozenset(key[at : at + size] for at in range(len(key) - size + 1))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def render(found: Sequence[Cluster]) -> str:
    """Plain text for a person: each cluster with its places, and what each copy has otherwise."""
    lines: list[str] = []
    for number, cluster in enumerate(found, start=1):
        place = " > ".join((cluster.first.title, *cluster.first.heading_path))
        lines += [
            f"## cluster {number}: {len(cluster.copies) + 1} passages",
            f"{cluster.first.passage_id}  {place}",
        ]
        lines += [f"    {' '.join(cluster.first.text.split())}"]
        for copy in cluster.copies:
            same = "the same claims" if not copy.differences else f"{len(copy.differences)} differences"
            lines.append(f"{copy.passage.passage_id}  resemblance {copy.resemblance:.2f}, {same}")
            for item in copy.differences:
                lines += [f"  - {item.one}"] if item.one else []
                lines += [f"  + {item.other}"] if item.other else []
        lines.append("")
    return "\n".join(lines) if lines else "no passage stands in two documents"
