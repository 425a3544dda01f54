"""Whether two runs over the same questions differ: a paired permutation test and a paired bootstrap interval."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np

from eval.metrics.intervals import SEED, family_index

PERMUTATIONS = 10_000


@dataclass(frozen=True, slots=True)
class Difference:
    """``new - old`` of a mean over the questions both runs scored, its 95 % interval and two-sided p-value."""

    old: float
    new: float
    difference: float
    low: float
    high: float
    p_value: float
    n: int


def paired_difference(
    old: Mapping[str, float], new: Mapping[str, float], families: Mapping[str, Hashable], seed: int = SEED
) -> Difference:
    """Return the difference of two runs, question by question.

    The p-value is the share of sign assignments whose mean difference is at least as far from zero as the one
    seen, (1 + #)/(1 + permutations); signs are flipped by family, since paraphrases are not independent
    (Noreen, Computer-Intensive Methods for Testing Hypotheses, 1989; Smucker et al., CIKM 2007).

    Raises ValueError if the runs have no question in common.
    """
    common = sorted(set(old) & set(new))
    if not common:
        raise ValueError("the two runs have no question in common; run both on the same question file")
    before = np.array([old[i] for i in common], dtype=np.float64)
    after = np.array([new[i] for i in common], dtype=np.float64)
    labels = family_index([families[i] for i in common])
    groups = int(labels.max()) + 1
    sums = np.bincount(labels, weights=after - before, minlength=groups)
    sizes = np.bincount(labels, minlength=groups).astype(np.float64)
    seen = float(sums.sum()) / len(common)
    generator = np.random.default_rng(seed)
    signs = generator.integers(0, 2, (PERMUTATIONS, groups), dtype=np.int8) * 2 - 1
    permuted = np.abs(signs @ sums) / len(common)
    # Sums of floats in another order differ in the last bits; without slack ties would be lost.
    p_value = (1 + int((permuted >= abs(seen) - 1e-12).sum())) / (1 + PERMUTATIONS)
    picks = generator.integers(0, groups, (2000, groups))
    resampled = sums[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    low, high = (float(x) for x in np.percentile(resampled, [2.5, 97.5]))
    return Difference(float(before.mean()), float(after.mean()), seen, low, high, p_value, len(common))
