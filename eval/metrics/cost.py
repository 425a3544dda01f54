"""What an answer costs: latency percentiles per stage, throughput, peak memory."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of one stage over a run."""

    p50: float
    p95: float
    mean: float
    n: int


def latency(milliseconds: Sequence[float]) -> Latency:
    """Return median, 95th percentile (linear interpolation) and mean. Raises ValueError for an empty list.

    >>> latency([10.0, 20.0, 30.0, 40.0, 50.0]).p50
    30.0
    """
    if not milliseconds:
        raise ValueError("latency needs at least one measurement")
    values = np.asarray(milliseconds, dtype=np.float64)
    p50, p95 = np.percentile(values, [50, 95])
    return Latency(float(p50), float(p95), float(values.mean()), len(values))


def stage_latencies(timings: Sequence[Mapping[str, float]]) -> dict[str, Latency]:
    """Return the latency of every stage named in ``timings``, over the answers that went through it."""
    stages = dict.fromkeys(name for timing in timings for name in timing)
    return {name: latency([timing[name] for timing in timings if name in timing]) for name in stages}


def throughput(answers: int, seconds: float) -> float:
    """Return answers per second of one process, one question at a time."""
    return answers / seconds if seconds > 0 else 0.0


def peak_memory_mb() -> float:
    """Return the peak resident set of this process in MiB, models and evaluation included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
