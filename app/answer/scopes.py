"""Where a thing is spoken of: the documents and sections whose names hold the words a question calls it by.

A *region* is a stretch of one document with a name: the document by its title and parties, a section by its
headings and the sentence that announces an agreement in it. A side of a comparison is resolved to the regions
whose names hold its words and not the other side's, so that each side is read in its own place.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.answer.fold import fold
from app.answer.lexicon_files import load_lexicon
from app.answer.library import Library, Unit
from app.answer.named import joint_places
from index.outline import Section, walk

# The sentence that announces an agreement stands within so many sentences of its section's head.
_INTRO_REACH = 3
_SIGNS = re.compile(r"签署|签订|签约|签定|缔结|订立")
_AGREEMENT = re.compile(r"协议|备忘录|合同|意向书|合作书|《")
# A side that a question calls an agreement, or says was signed.
_CALLED_AGREEMENT = re.compile(r"协议|备忘录|合同|意向书|合作书|签(?!证|名|到)")
_OWN_AGREEMENT = re.compile(r"本(?:协议|备忘录|合同)")
_PARTY_LINE = re.compile(r"^(?:甲|乙|丙|丁|戊)方(?:[（(][^）)]{0,20}[）)])?\s*[:：]\s*\S")
_TOKEN = re.compile(r"\d+(?:\.\d+)?年?|[a-z]+|[\u3400-\u9fff]+")
# A side is resolved where this share of the words that name anything stands in a region's name …
_SURE = 0.6
# … this much more than of the other side's words.
_APART = 0.25
# A region that holds so much of both sides' words speaks of what they do together.
_TOGETHER = 0.9
# So much of a name must be words that name anything; what is never part of a name does not count.
_LEAST_KNOWN = 0.6
# Of fewer agreements none need be told from another.
_SEVERAL = 3
# What every agreement is called, whatever it is about.
AGREEMENT_CLASS = r"(?:合作|框架|战略)*(?:协议书?|备忘录|意向书|合作书)"
_CLASS = re.compile(AGREEMENT_CLASS + "$")
# A rest of a name shorter than this asks nothing.
_LEAST_REST = 2
# （以下简称“四市”） in a document: what its text calls the parties or itself.
_SHORT_NAME = re.compile(r"简称[“\"「]?([^”\"」）)]{2,12})")
_MOST_SHORT_NAMES = 12
# How much a word counts that a region holds by a synonym only: 管委会 is 管理委员会, hardly less than literally.
_BY_SYNONYM = 0.95
_NO_NAME = re.compile(r"[的了那这份里中和与跟、，—\-]")
# Regions this close to the best one are taken with it: the same agreement in another document.
_CLOSE = 0.1
_KINDS = frozenset({"part", "article", "heading", "run_in"})
_MAX_NAME_CHARS = 220


@dataclass(frozen=True, slots=True)
class Region:
    """A named stretch ``[start, end)`` of one document; ``name`` is folded."""

    doc_id: str
    start: int
    end: int
    name: str

    def holds(self, unit: Unit) -> bool:
        """Return whether a unit lies in the region."""
        return unit.doc_id == self.doc_id and self.start <= unit.start and unit.end <= self.end


@dataclass(frozen=True, slots=True)
class Scope:
    """The regions that speak of one thing, and how surely: the share of its words their names hold."""

    regions: tuple[Region, ...]
    share: float

    def holds(self, unit: Unit) -> bool:
        """Return whether a unit lies in one of the regions."""
        return any(region.holds(unit) for region in self.regions)


class Scopes:
    """The named regions of one library. Read-only but for a memory of where words stand."""

    def __init__(self, library: Library) -> None:
        self.regions = tuple(find_regions(library))
        self._holders: dict[str, frozenset[int]] = {}
        gathered: dict[str, set[int]] = {}
        for number, region in enumerate(self.regions):
            for token in tokens(region.name):
                gathered.setdefault(token, set()).add(number)
        self._holders = {token: frozenset(numbers) for token, numbers in gathered.items()}
        signed = [n for n, region in enumerate(self.regions) if region.start and announces(region.name)]
        self._signed = signed or [n for n, region in enumerate(self.regions) if _is_agreement(region)]

    def resolve(self, names: Sequence[str], *, doc_ids: Collection[str] | None = None) -> tuple[Scope | None, ...]:
        """Return the scope of each of the names that a question sets side by side, ``None`` where unsure.

        Words that all names share tell no side from another and are left out. Names that one region holds together
        are the parties of one thing, and no sides: none has a scope.
        """
        common = set.intersection(*(set(tokens(fold(name))) for name in names))
        shares = [self._shares(name, common) for name in names]
        allowed = [n for n, r in enumerate(self.regions) if doc_ids is None or r.doc_id in doc_ids]
        if any(not s for s in shares) or any(all(s.get(n, 0.0) >= _TOGETHER for s in shares) for n in allowed):
            return (None,) * len(names)
        return tuple(self._scope(shares, names, position, allowed) for position in range(len(names)))

    def agreement_around(self, unit: Unit) -> Scope | None:
        """Return the smallest announced agreement around a unit, else its document.

        ``None`` where the document reports on several agreements and the unit stands in none of them.
        """
        held = [region for region in self.regions if region.holds(unit)]
        signed = [region for region in held if region.start and announces(region.name)]
        if signed:
            return Scope((min(signed, key=_length),), 1.0)
        several = any(r.start and r.doc_id == unit.doc_id and announces(r.name) for r in self.regions)
        whole = next((region for region in held if not region.start), None)
        return None if several or whole is None else Scope((whole,), 1.0)

    def agreement_named(self, name: str) -> Scope | None:
        """Return the place of the agreement that one name means, ``None`` where it may be several or none.

        What counts are the words that tell agreements apart: 协议 and the like are in all of them.
        """
        signed = self._signed
        if len(signed) < _SEVERAL:
            return None
        folded = _CLASS.sub("", fold(name))
        words, chars = self._known(folded)
        total = sum(self._weight(holders) for holders in words.values())
        if not total or chars < _LEAST_KNOWN * len(_NO_NAME.sub("", folded)):
            return None
        shares = {n: sum(form.get(n, 0.0) * self._weight(form) for form in words.values()) / total for n in signed}
        best = max(shares.values())
        held = tuple(self.regions[n] for n, share in shares.items() if share >= best - _CLOSE)
        return Scope(held, best) if best >= _SURE and len(held) < len(signed) else None

    def known_chars(self, name: str) -> int:
        """Return how many characters of a name belong to words that name anything."""
        return self._known(fold(name))[1]

    def rest(self, name: str, scope: Scope) -> str:
        """Return what a name says beyond the names of its regions: it belongs to what is asked."""
        covered: set[int] = set()
        for token, holders in self._known(fold(name))[0].items():
            if any(self.regions[number] in scope.regions for number in holders):
                covered.update(at + i for at in _places(token, name) for i in range(len(token)))
        left = "".join(" " if i in covered else char for i, char in enumerate(name))
        return "".join(piece for piece in left.split() if len(_NO_NAME.sub("", piece)) >= _LEAST_REST)

    def _shares(self, name: str, common: Collection[str]) -> dict[int, float]:
        """Return, by region, the weighted share of a name's words it holds; none for a name that says little.

        Words that name nothing are left out of the share, but most of a name must be words that do.
        """
        folded = fold(name)
        words, chars = self._known(folded)
        telling = [holders for token, holders in words.items() if token not in common]
        if chars < max(2, _LEAST_KNOWN * len(_NO_NAME.sub("", folded))):
            return {}
        total = sum(self._weight(holders) for holders in telling)
        shares: dict[int, float] = {}
        for holders in telling:
            for number, form in holders.items():
                shares[number] = shares.get(number, 0.0) + form * self._weight(holders) / total
        return shares

    def _known(self, folded: str) -> tuple[dict[str, dict[int, float]], int]:
        """Return, by naming word, the regions that hold it and how (literally 1), and the characters covered."""
        alternatives: dict[str, set[int]] = {}
        for said, others in load_lexicon().synonyms.items():
            if len(said) >= 2 and said in folded:
                holders = {n for other in others if len(other) >= 2 for n in self._holding(fold(other))}
                for token in tokens(said):
                    alternatives.setdefault(token, set()).update(holders)
        words: dict[str, dict[int, float]] = {}
        covered: set[int] = set()
        for token in dict.fromkeys(tokens(folded)):
            both = [self._holding_any(forms) for forms in joint_places(token)]
            if both:
                # 沪苏 names two places: a region that names both holds it.
                alternatives.setdefault(token, set()).update(both[0] & both[1])
            forms = dict.fromkeys(sorted(alternatives.get(token, ())), _BY_SYNONYM)
            forms |= dict.fromkeys(sorted(self._holders.get(token, ())), 1.0)
            if forms:
                words[token] = forms
                covered.update(at + i for at in _places(token, folded) for i in range(len(token)))
        return words, len(covered)

    def _holding_any(self, forms: Collection[str]) -> frozenset[int]:
        return frozenset(number for form in forms for number in self._holding(form))

    def _holding(self, form: str) -> frozenset[int]:
        """Return the regions whose names hold a whole form."""
        pieces = tokens(form)
        if not pieces or any(piece not in self._holders for piece in pieces):
            return frozenset()
        common = frozenset.intersection(*(self._holders[piece] for piece in pieces))
        return frozenset(n for n in common if form in self.regions[n].name)

    def _weight(self, holders: Collection[int]) -> float:
        return math.log(1 + len(self.regions) / len(holders))

    def _scope(
        self, shares: Sequence[dict[int, float]], names: Sequence[str], position: int, allowed: Sequence[int]
    ) -> Scope | None:
        others = [s for n, s in enumerate(shares) if n != position]
        fit = {
            n: own
            for n in allowed
            if (own := shares[position].get(n, 0.0)) >= _SURE
            and all(own - other.get(n, 0.0) >= _APART for other in others)
        }
        if not fit:
            return None
        if _CALLED_AGREEMENT.search(names[position]):
            # 「金融协议」 is the agreement, not every section about finance.
            fit = {n: own for n, own in fit.items() if _is_agreement(self.regions[n])} or fit
        best = max(fit.values())
        return Scope(tuple(self.regions[n] for n, own in fit.items() if own >= best - _CLOSE), best)


def _is_agreement(region: Region) -> bool:
    """Return whether a region is an agreement by its title or tells in its first sentences that one was signed."""
    return announces(region.name) or (not region.start and bool(_CALLED_AGREEMENT.search(region.name)))


def _length(region: Region) -> int:
    return region.end - region.start


def _places(token: str, text: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(token), text)]


def tokens(folded: str) -> list[str]:
    """Return the numbers and Latin words of a folded text, and the pairs of its Chinese characters.

    >>> tokens("2024年科技局")
    ['2024年', '科技', '技局']
    """
    found: list[str] = []
    for run in _TOKEN.findall(folded):
        if "\u3400" <= run[0] <= "\u9fff":
            found += [run[i : i + 2] for i in range(len(run) - 1)]
        else:
            found.append(run)
    return found


def find_regions(library: Library) -> list[Region]:
    """Return the named regions of all documents: each document, its sections, and its announced agreements."""
    regions: list[Region] = []
    by_document: dict[str, list[Unit]] = {doc_id: [] for doc_id in library.documents}
    for unit in library.units:
        by_document[unit.doc_id].append(unit)
    for doc_id, units in by_document.items():
        document = library.documents[doc_id]
        parties = " ".join(u.text for u in library.lines(doc_id) if _PARTY_LINE.match(u.text))
        short = " ".join(_SHORT_NAME.findall(document.text)[:_MOST_SHORT_NAMES])
        name = fold(f"{document.title} {document.issuer or ''} {parties} {short}")
        regions.append(Region(doc_id, 0, len(document.text), name))
        regions += _sections(doc_id, library.outline(doc_id), units)
    return regions


def _sections(doc_id: str, root: Section, units: Sequence[Unit]) -> list[Region]:
    regions = []
    starts = [unit.start for unit in units]
    for section, _ in walk(root):
        if section.kind not in _KINDS or not section.heading:
            continue
        first = bisect_left(starts, section.body_start)
        inside = [u for u in units[first : first + 2 * _INTRO_REACH] if u.end <= section.end and not u.is_heading]
        intro = " ".join(_announcement(u.text) for u in inside[:_INTRO_REACH])
        name = fold(f"{section.heading} {intro}")[:_MAX_NAME_CHARS]
        regions.append(Region(doc_id, section.start, section.end, name))
    return regions


def _announcement(text: str) -> str:
    """Return the words of a sentence that tell who signed what, not what was agreed; "" for another."""
    return text[: max(text.rfind("》"), text.rfind("协议") + 1) + 1] if announces(text) else ""


def announces(text: str) -> bool:
    """Return whether a sentence tells that an agreement was signed.

    >>> announces("17日，甲市科技局与乙市科技局签订《共建创新中心合作协议》"), announces("双方签订本协议。")
    (True, False)
    """
    return bool(_SIGNS.search(text) and _AGREEMENT.search(text)) and not _OWN_AGREEMENT.search(text)
