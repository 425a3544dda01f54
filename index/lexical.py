"""Words of Chinese text and BM25 over them.

The terms are single Han characters, character bigrams, and whole numbers, dates and Latin words. jieba was
measured and left out: on 1,543 lay legal questions nDCG@10 is .516 without it, .510 with its longer words added
and .475 with its search-mode words alone; on 1,002 encyclopaedia questions no mixture is better by more than .002.
Without a dictionary, a name that it lacks cannot be cut wrongly, and nothing has to be loaded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from index.term_counts import TermCounts, count_terms, load_counts

# Near the best of k1 ∈ {0.6 … 3} and b ∈ {0.2 … 1} on the tuning half of the legal questions; b = 1 gains .003
# there and loses .001 on the encyclopaedia questions, too little to go to the end of the range.
K1: Final = 1.2
B: Final = 0.9

_HAN: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_YEAR_IN_HAN: Final = re.compile(r"[零一二三四五六七八九]{4}(?=年)")
_HAN_DIGITS: Final = str.maketrans("零一二三四五六七八九", "0123456789")
_GROUPED: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
# A number with its magnitude and unit: 300万辆, 5.7%, 1198平方公里, 2027年. Units of several characters come
# first because any single character after a number is taken for one.
_NUMBER: Final = re.compile(
    r"(?<![\d.a-z])(?P<bare>\d+(?:\.\d+)?)(?P<size>[十百千万亿]*)"
    r"(?P<unit>[%‰]|个百分点|平方公里|平方千米|平方米|立方米|公里|千米|公顷|千瓦时?|[\u4e00-\u9fff])?"
)
# Latin words and what is written like them: gdp, r&d, 5g, 0.5gev, 0.85km/km2, 2023-04-26.
_LATIN: Final = re.compile(r"[a-z0-9]+(?:[-./&+_][a-z0-9]+)*")
# 发文字号 is printed with any brackets and with or without 第; 〔〕 is the form of the national standard.
_FILE_NUMBER: Final = re.compile(r"[〔\[(【](\d{4})[〕\])】]第?(\d+)号")
_ISSUER: Final = re.compile(r"([\u4e00-\u9fff]{2,12})(〔\d{4}〕\d+号)")
# Words that run into the issuer's code because Chinese has no space before it.
_BEFORE_ISSUER: Final = re.compile(
    r".*(?:根据|依据|依照|按照|遵照|关于|参照|执行|落实|印发|发布|文件|文号|请问|请看|查看|[的和与及见以在是按由对])"
)


def normalise(text: str) -> str:
    """Return ``text`` in the spelling that is matched: NFKC, lower case, simplified, Arabic years, 〔〕 numbers.

    >>> normalise("二〇二七年，ＧＤＰ達５．７％")
    '2027年,gdp达5.7%'
    >>> normalise("某府发[2023]第8号")
    '某府发〔2023〕8号'
    """
    plain = _simplifier().convert(unicodedata.normalize("NFKC", text)).lower().replace("〇", "零")
    plain = _YEAR_IN_HAN.sub(lambda found: found.group().translate(_HAN_DIGITS), plain)
    return _FILE_NUMBER.sub(r"〔\1〕\2号", _GROUPED.sub("", plain))


def tokenize(text: str) -> list[str]:
    """Return the terms of ``text``, repeated as often as they occur: characters, bigrams, then whole expressions.

    >>> tokenize("2027年达5.7%")
    ['年', '达', '年达', '2027', '2027年', '5.7', '5.7%']
    """
    plain = normalise(text)
    terms: list[str] = []
    for run in _HAN.findall(plain):
        terms += run
        terms += [run[at : at + 2] for at in range(len(run) - 1)]
    terms += _expressions(plain)
    return terms


def _expressions(plain: str) -> Iterator[str]:
    """The whole expressions of normalised text, each also in the shorter forms that a question may use."""
    for found in _LATIN.finditer(plain):
        # A bare number is left to the next loop, which knows its unit.
        if not found.group().replace(".", "").isdigit():
            yield found.group()
    for found in _NUMBER.finditer(plain):
        shown = found["bare"] + found["size"]
        yield found["bare"]
        if found["size"]:
            yield shown
        if found["unit"]:
            yield shown + found["unit"]
    for issuer, number in _ISSUER.findall(plain):
        yield _BEFORE_ISSUER.sub("", issuer) + number
        yield number


@cache
def _simplifier() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def best_texts(
    scores: NDArray[np.float32], k: int, allowed: Collection[int] | None = None
) -> list[tuple[int, float]]:
    """Return up to ``k`` ``(number, score)`` of ``scores`` above 0, best first, ties to the smaller number.

    >>> best_texts(np.array([1.0, 0.0, 2.0, 1.0], dtype=np.float32), 3, allowed={0, 1, 3})
    [(0, 1.0), (3, 1.0)]
    """
    if allowed is not None:
        kept = np.zeros(len(scores), dtype=bool)
        kept[[number for number in allowed if 0 <= number < len(scores)]] = True
        scores = np.where(kept, scores, np.float32(0.0))
    order = np.argsort(-scores, kind="stable")[: max(k, 0)]
    return [(int(number), float(scores[number])) for number in order if scores[number] > 0]


class LexicalIndex:
    """BM25 scores of a fixed list of texts (Robertson & Zaragoza 2009, section 3.2, with Lucene's idf).

    ``Σ_t idf(t)·tf/(tf + k1·(1 − b + b·|d|/avg))`` with ``idf(t) = ln(1 + (N − df + ½)/(df + ½))``: 0 or more,
    higher is better. A term counts as often as the query has it.
    """

    def __init__(self, counts: TermCounts) -> None:
        self.counts = counts

    def __len__(self) -> int:
        return len(self.counts)

    @classmethod
    def from_texts(cls, texts: Sequence[str]) -> Self:
        """Return the index of ``texts``; the i-th text keeps the number i."""
        return cls(count_terms(tokenize(text) for text in texts))

    def scores(self, query: str) -> NDArray[np.float32]:
        """Return float32 (n,): the BM25 score of every text; 0 where no term is shared."""
        found = np.zeros(len(self.counts), dtype=np.float32)
        rows, values, ends = self._postings
        for term in tokenize(query):
            number = self.counts.vocabulary.get(term)
            if number is not None:
                start, end = int(ends[number - 1]) if number else 0, int(ends[number])
                found[rows[start:end]] += values[start:end]
        return found

    @cached_property
    def _postings(self) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
        """The texts of each term and their scores; term t has ``[ends[t - 1], ends[t])``. Computed when asked.

        Sorting term and place packed into one number takes half the time of sorting places by term.
        """
        counts = self.counts
        lengths = counts.lengths()
        places = np.sort((counts.terms.astype(np.int64) << 32) | np.arange(len(counts.terms))) & 0xFFFFFFFF
        owners = np.repeat(np.arange(len(counts), dtype=np.int32), counts.ends - counts.starts)
        rows = owners[places]
        frequencies = np.bincount(counts.terms, minlength=len(counts.vocabulary))
        idf = np.log1p((len(counts) - frequencies + 0.5) / (frequencies + 0.5)).astype(np.float32)
        average = (float(lengths.mean()) if len(counts) else 0.0) or 1.0
        norms = (K1 * (1 - B + B * lengths / average)).astype(np.float32)
        tf = counts.counts[places].astype(np.float32)
        values = np.repeat(idf, frequencies) * tf / (tf + norms[rows])
        return rows, values, np.cumsum(frequencies)

    def search(self, query: str, k: int, allowed: Collection[int] | None = None) -> list[tuple[int, float]]:
        """Return up to ``k`` ``(number, score)`` with a score above 0, best first, ties to the smaller number.

        ``allowed`` limits the texts; an empty one allows none.
        """
        return best_texts(self.scores(query), k, allowed)

    def save(self, folder: Path) -> None:
        """Write the index into ``folder``: NumPy arrays and JSON, no pickle."""
        self.counts.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the index written into ``folder``.

        Raises:
            StoreError: a file is missing or damaged.

        """
        return cls(load_counts(folder))
