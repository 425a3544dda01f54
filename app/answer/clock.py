"""Milliseconds per stage of one answer."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Adds up the time between marks under the names of the stages."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._start = self._last = now()
        self._stages: dict[str, float] = {}

    def mark(self, stage: str) -> None:
        """Add the time since the last mark to ``stage``."""
        now = self._now()
        self._stages[stage] = self._stages.get(stage, 0.0) + (now - self._last) * 1000
        self._last = now

    def done(self) -> dict[str, float]:
        """Return milliseconds per stage, and in all under ``total``."""
        return {**self._stages, "total": (self._now() - self._start) * 1000}
