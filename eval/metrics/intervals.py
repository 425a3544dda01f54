"""95 % intervals. Wilson's for proportions, a bootstrap for means; both know that questions come in families.

Paraphrases of one fact succeed or fail together, so they are not independent evidence. Every function takes
the family (the fact) of each question; with one question per fact the textbook formulas come back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054
RESAMPLES = 2000
SEED = 20240607


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval, the number of questions and of independent families behind it."""

    value: float
    low: float
    high: float
    n: int
    families: int
    method: str


def wilson_interval(successes: float, n: float, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion.

    (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), E. B. Wilson, JASA 22 (1927) 209-212.

    >>> [round(x, 4) for x in wilson_interval(8, 10)]
    [0.4902, 0.9433]
    """
    if n <= 0:
        raise ValueError(f"an interval needs at least one observation, got n={n}")
    p = successes / n
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def family_index(families: Sequence[Hashable]) -> NDArray[np.intp]:
    """Return an integer label per question, equal where the family is equal, int (n,)."""
    labels: dict[Hashable, int] = {}
    return np.array([labels.setdefault(f, len(labels)) for f in families], dtype=np.intp)


def effective_size(values: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    """Return how many independent questions the sample is worth, between the number of families and n.

    n / deff with deff the ratio of the between-family (linearised) variance of the mean to the binomial one
    (Rao and Scott, Biometrics 48 (1992) 577-585; Korn and Graubard, Survey Methodology 24 (1998) 193-201).
    When all values are equal no variance can be seen and the number of families is returned.
    """
    n, groups = len(values), int(labels.max()) + 1
    p = float(values.mean())
    if groups == n:
        return float(n)
    if groups < 2 or p in (0.0, 1.0):
        return float(groups)
    residuals = np.bincount(labels, weights=values - p, minlength=groups)
    variance = groups / (groups - 1) * float((residuals**2).sum()) / n**2
    simple = p * (1 - p) / n
    return float(min(max(n * simple / variance if variance > 0 else n, groups), n))


def proportion(values: Sequence[float], families: Sequence[Hashable]) -> Estimate:
    """Return the share of ones in ``values`` with Wilson's interval at the effective sample size."""
    array, labels = np.asarray(values, dtype=np.float64), family_index(families)
    _check(array, labels)
    size = effective_size(array, labels)
    value = float(array.mean())
    low, high = wilson_interval(value * size, size)
    return Estimate(value, low, high, len(array), int(labels.max()) + 1, "wilson")


def bootstrap(
    statistic: Callable[[NDArray[np.intp]], float], labels: NDArray[np.intp], seed: int = SEED
) -> tuple[float, float]:
    """Return the 2.5 and 97.5 percentiles of ``statistic`` over resampled families.

    ``statistic`` receives the positions of the questions drawn. Families are drawn with replacement, whole
    (Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). Draws on which the
    statistic is undefined (NaN) are left out.
    """
    generator = np.random.default_rng(seed)
    groups = int(labels.max()) + 1
    members = [np.flatnonzero(labels == g) for g in range(groups)]
    drawn = np.array(
        [
            statistic(np.concatenate([members[g] for g in generator.integers(0, groups, groups)]))
            for _ in range(RESAMPLES)
        ]
    )
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return math.nan, math.nan
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def mean(values: Sequence[float], families: Sequence[Hashable], seed: int = SEED) -> Estimate:
    """Return the mean of ``values`` with a percentile bootstrap interval over families.

    When every value is 0, or every value 1, resampling sees no spread and would claim certainty: then the figure
    is a share, and Wilson's interval for the number of families is given.
    """
    array, labels = np.asarray(values, dtype=np.float64), family_index(families)
    _check(array, labels)
    if array.min() == array.max() and array[0] in (0.0, 1.0):
        return proportion(values, families)
    groups = int(labels.max()) + 1
    sums = np.bincount(labels, weights=array, minlength=groups)
    sizes = np.bincount(labels, minlength=groups).astype(np.float64)
    picks = np.random.default_rng(seed).integers(0, groups, (RESAMPLES, groups))
    means = sums[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(array.mean()), float(low), float(high), len(array), groups, "bootstrap")


def _check(values: NDArray[np.float64], labels: NDArray[np.intp]) -> None:
    if not len(values) or len(values) != len(labels):
        raise ValueError(f"expected one family per value and at least one, got {len(values)} and {len(labels)}")
