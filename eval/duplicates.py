"""Questions that repeat each other, exactly or nearly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from eval.cases import Case
from eval.matching import canonical

NEAR = 0.85
_PUNCTUATION = re.compile(r"[^\w]+")
_FIGURES = re.compile(r"\d+(?:\.\d+)?")


def question_key(case: Case) -> str:
    """Return the question and its history without case, width, punctuation and white space."""
    parts = [turn.content for turn in case.history] + [case.question]
    return "\n".join(_PUNCTUATION.sub("", canonical(part)) for part in parts)


def _bigrams(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1)) or frozenset((text,))


def near_duplicates(cases: Sequence[Case]) -> Iterator[tuple[Case, Case, bool]]:
    """Yield (earlier, later, identical) for questions that repeat each other.

    Near means a Jaccard similarity of character bigrams of at least 0.85 with the same figures: a wrong-year
    question differs from its model in nothing but a figure, on purpose.
    """
    keys = [question_key(case) for case in cases]
    grams = [_bigrams(key) for key in keys]
    numbers = [_FIGURES.findall(key) for key in keys]
    for later in range(len(cases)):
        for earlier in range(later):
            if keys[earlier] == keys[later]:
                # Width and script are what a noisy question is about.
                noisy = cases[later].type == "noisy" and cases[later].question != cases[earlier].question
                yield cases[earlier], cases[later], not noisy
            elif numbers[earlier] == numbers[later]:
                shared = len(grams[earlier] & grams[later])
                if shared >= NEAR * (len(grams[earlier]) + len(grams[later]) - shared):
                    yield cases[earlier], cases[later], False
