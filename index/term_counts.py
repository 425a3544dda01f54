"""How often each term occurs in each text: what BM25 is computed from, kept so that one text can be exchanged.

Scores cannot be kept, since every one of them changes with the number and the mean length of the texts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from index.errors import StoreError

VOCABULARY_FILE: Final = "vocabulary.json"
ARRAY_FILES: Final = ("terms.npy", "counts.npy", "ends.npy")
_MAX_COUNT: Final = 65535


@dataclass(frozen=True)
class TermCounts:
    """Terms and how often: row i is ``[ends[i - 1], ends[i])`` of ``terms`` int32 and of ``counts`` uint16, (z,).

    ``ends`` is int64 (n,); ``vocabulary`` maps a term to its number. A term may be left that no row has.
    """

    vocabulary: Mapping[str, int]
    terms: NDArray[np.int32]
    counts: NDArray[np.uint16]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def starts(self) -> NDArray[np.int64]:
        """int64 (n,): where each row begins."""
        return np.concatenate([np.zeros(1, dtype=np.int64), self.ends[:-1]]) if len(self.ends) else self.ends

    def lengths(self) -> NDArray[np.int64]:
        """int64 (n,): the number of terms of each text, repetitions included."""
        sums = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self.counts, dtype=np.int64)])
        return np.asarray(sums[self.ends] - sums[self.starts])

    def save(self, folder: Path) -> None:
        """Write the counts into ``folder``: NumPy arrays and JSON, no pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / VOCABULARY_FILE).write_text(
            json.dumps(list(self.vocabulary), ensure_ascii=False), encoding="utf-8"
        )
        arrays: tuple[NDArray[Any], ...] = (self.terms, self.counts, self.ends)
        for name, array in zip(ARRAY_FILES, arrays, strict=True):
            np.save(folder / name, array, allow_pickle=False)


def load_counts(folder: Path) -> TermCounts:
    """The counts written into ``folder``.

    Raises:
        StoreError: a file is missing or damaged.

    """
    try:
        words = json.loads((folder / VOCABULARY_FILE).read_text(encoding="utf-8"))
        terms, counts, ends = (np.load(folder / name, allow_pickle=False) for name in ARRAY_FILES)
        vocabulary = {str(word): number for number, word in enumerate(words)}
        whole = len(terms) == len(counts) == (int(ends[-1]) if len(ends) else 0)
        if not whole or (len(terms) and int(terms.max()) >= len(vocabulary)):
            raise ValueError("the arrays do not fit together")
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise StoreError(
            f"the word index in {folder} cannot be read ({error}); run: python -m index build"
        ) from error
    return TermCounts(vocabulary, terms, counts, ends)


def count_terms(texts: Iterable[list[str]], vocabulary: Mapping[str, int] | None = None) -> TermCounts:
    """The counts of ``texts``, each given as its terms; new terms are numbered after those of ``vocabulary``."""
    known = dict(vocabulary or {})
    terms: list[int] = []
    counts: list[int] = []
    ends: list[int] = []
    for text in texts:
        for term, count in Counter(text).items():
            terms.append(known.setdefault(term, len(known)))
            counts.append(min(count, _MAX_COUNT))
        ends.append(len(terms))
    return TermCounts(
        known,
        np.array(terms, dtype=np.int32),
        np.array(counts, dtype=np.uint16),
        np.array(ends, dtype=np.int64),
    )


def pick_rows(old: TermCounts, fresh: TermCounts, source: NDArray[np.int64]) -> TermCounts:
    """The counts whose row i is row ``source[i]`` of ``old`` followed by ``fresh``, which shares its vocabulary.

    Terms that no row has any more leave the vocabulary: a removed text must not be read in the words it leaves.

    >>> old = count_terms([["合", "作"], ["共"]])
    >>> new = pick_rows(old, count_terms([["赢"]], old.vocabulary), np.array([2, 0]))
    >>> new.lengths().tolist(), [list(new.vocabulary)[term] for term in new.terms]
    ([1, 2], ['赢', '合', '作'])
    """
    starts = np.concatenate([old.starts, fresh.starts + len(old.terms)])[source]
    sizes = np.concatenate([old.ends, fresh.ends + len(old.terms)])[source] - starts
    ends = np.cumsum(sizes)
    at = np.arange(int(sizes.sum())) + np.repeat(starts - (ends - sizes), sizes)
    terms = np.concatenate([old.terms, fresh.terms])[at]
    used = np.bincount(terms, minlength=len(fresh.vocabulary)) > 0
    words = [word for word, number in fresh.vocabulary.items() if used[number]]
    return TermCounts(
        {word: number for number, word in enumerate(words)},
        (np.cumsum(used, dtype=np.int32) - 1)[terms].astype(np.int32),
        np.concatenate([old.counts, fresh.counts])[at],
        np.asarray(ends, dtype=np.int64),
    )
