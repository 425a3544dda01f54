"""How often one key or one address may ask: a token bucket for each, in memory."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

# Old buckets are full again anyway; forgetting them bounds the memory an attacker can take.
_MAX_BUCKETS = 20_000


class RateLimit:
    """So many a minute for each name, with bursts of as many."""

    def __init__(self, per_minute: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, name: str) -> int:
        """Take one place for ``name``; returns 0, or the whole seconds to wait when none is left."""
        if not self._per_minute:
            return 0
        now = self._now()
        left, at = self._buckets.pop(name, (float(self._per_minute), now))
        rate = self._per_minute / 60
        left = min(float(self._per_minute), left + (now - at) * rate)
        taken = left >= 1
        self._buckets[name] = (left - 1 if taken else left, now)
        if len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return 0 if taken else max(1, round((1 - left) / rate + 0.5))
