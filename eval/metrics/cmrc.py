"""Exact match and character F1 as CMRC 2018 scores them, and containment.

Cui et al., A Span-Extraction Dataset for Chinese Machine Reading Comprehension, EMNLP 2019; the official
``cmrc2018_evaluate.py``: the listed marks are removed, a Chinese character is one unit, a run of other
characters is split into words, the overlap is the longest common *contiguous* run, and the best reference
counts. Two deviations: white space is removed before exact match, and Latin runs are split by a regular
expression instead of NLTK (words, numbers with their decimals, single marks), which spares a download.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARKS = frozenset("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』…")
_CHINESE = re.compile(r"[\u4e00-\u9fa5]")
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|\d|[^\s]")
_SPACE = re.compile(r"\s+")


def strip_marks(text: str) -> str:
    """Return ``text`` in lower case without CMRC's list of marks and without white space.

    >>> strip_marks("《泡泡堂》 Nexon。")
    '泡泡堂nexon'
    """
    return _SPACE.sub("", "".join(char for char in text.lower() if char not in _MARKS))


def units(text: str) -> list[str]:
    """Return the scoring units: one per Chinese character, one per word of other scripts, no marks.

    >>> units("2.5亿元，Nexon公司")
    ['2.5', '亿', '元', 'nexon', '公', '司']
    """
    found: list[str] = []
    other = ""
    for char in text.lower().strip():
        if char in _MARKS:
            continue
        if _CHINESE.match(char):
            found.extend(_WORD.findall(other))
            other = ""
            found.append(char)
        else:
            other += char
    return found + _WORD.findall(other)


def longest_common_run(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest contiguous run common to both.

    >>> longest_common_run("abcde", "xbcdz")
    3
    """
    best = 0
    previous = [0] * (len(second) + 1)
    for unit in first:
        current = [0] * (len(second) + 1)
        for column, other in enumerate(second, start=1):
            if unit == other:
                current[column] = previous[column - 1] + 1
                best = max(best, current[column])
        previous = current
    return best


def character_f1(prediction: str, references: Sequence[str]) -> float:
    """Return the best 2PR/(P+R) over the references, with P and R from the longest common run, in [0, 1].

    >>> character_f1("共300万辆", ["300万辆"])    # run 300|万|辆: P 3/4, R 3/3
    0.8571428571428571
    """
    _check(references)
    guess = units(prediction)
    scores = []
    for reference in references:
        gold = units(reference)
        run = longest_common_run(gold, guess)
        scores.append(2 * run / (len(guess) + len(gold)) if run else 0.0)
    return max(scores)


def exact_match(prediction: str, references: Sequence[str]) -> float:
    """Return 1.0 when the prediction equals a reference after ``strip_marks``, else 0.0.

    >>> exact_match("“踢爆”。", ["踢爆"])
    1.0
    """
    _check(references)
    return float(strip_marks(prediction) in {strip_marks(reference) for reference in references})


def containment(prediction: str, references: Sequence[str]) -> float:
    """Return 1.0 when a reference stands whole in the prediction after ``strip_marks``, else 0.0.

    >>> containment("共有4分钟不得配对", ["4分钟"]), containment("14分钟", ["4分钟"])
    (1.0, 0.0)
    """
    _check(references)
    guess = strip_marks(prediction)
    return float(any(_stands_in(strip_marks(reference), guess) for reference in references))


def _stands_in(gold: str, guess: str) -> bool:
    at = guess.find(gold) if gold else -1
    while at >= 0:
        cut_left = gold[0].isdigit() and at > 0 and guess[at - 1].isdigit()
        end = at + len(gold)
        cut_right = gold[-1].isdigit() and end < len(guess) and guess[end].isdigit()
        if not cut_left and not cut_right:
            return True
        at = guess.find(gold, at + 1)
    return False


def _check(references: Sequence[str]) -> None:
    if not references:
        raise ValueError("expected at least one reference answer")
