"""Counters and timings in the Prometheus text format (version 0.0.4), written by hand: it is a page of text."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_HELP = {
    "wence_http_requests_total": "HTTP requests by route and status.",
    "wence_http_request_seconds": "Time to the end of the reply.",
    "wence_answers_total": "Questions by outcome: answered, refused, invalid, busy or failed; all faces together.",
    "wence_written_total": "Answers a language model was asked for: written, completed, or read instead.",
    "wence_answer_seconds": "Time from taking a question to its answer, waiting included.",
    "wence_feedback_total": "Words of readers on answers, by rating.",
}

_Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counts and observes; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[_Labels]] = {}
        self._buckets: dict[str, dict[_Labels, list[int]]] = {}
        self._sums: dict[str, Counter[_Labels]] = {}
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}

    def count(self, name: str, **labels: str) -> None:
        """Add one to a counter."""
        with self._lock:
            self._counts.setdefault(name, Counter())[tuple(sorted(labels.items()))] += 1

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add one observation to a histogram."""
        key = tuple(sorted(labels.items()))
        with self._lock:
            buckets = self._buckets.setdefault(name, {}).setdefault(key, [0] * (len(_BUCKETS_S) + 1))
            buckets[bisect_left(_BUCKETS_S, seconds)] += 1
            # A Counter of floats: the type says int, the arithmetic does not mind.
            self._sums.setdefault(name, Counter())[key] += seconds  # type: ignore[assignment]

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Report a value that is read when the metrics are."""
        self._gauges[name] = (text, read)

    def render(self) -> str:
        """Return the metrics as text."""
        lines: list[str] = []
        with self._lock:
            for name, (text, read) in sorted(self._gauges.items()):
                lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge", f"{name} {read():g}"]
            for name, counter in sorted(self._counts.items()):
                lines += [f"# HELP {name} {_HELP.get(name, name)}", f"# TYPE {name} counter"]
                lines += [f"{name}{_labels(key)} {value}" for key, value in sorted(counter.items())]
            for name, series in sorted(self._buckets.items()):
                lines += [f"# HELP {name} {_HELP.get(name, name)}", f"# TYPE {name} histogram"]
                for key, buckets in sorted(series.items()):
                    lines += _histogram(name, key, buckets, self._sums[name][key])
        return "\n".join(lines) + "\n"


def _histogram(name: str, key: _Labels, buckets: list[int], total: float) -> list[str]:
    lines = []
    running = 0
    for bound, found in zip((*_BUCKETS_S, float("inf")), buckets, strict=True):
        running += found
        shown = "+Inf" if bound == float("inf") else f"{bound:g}"
        lines.append(f"{name}_bucket{_labels((*key, ('le', shown)))} {running}")
    return [*lines, f"{name}_sum{_labels(key)} {total:.6f}", f"{name}_count{_labels(key)} {running}"]


def _labels(pairs: _Labels) -> str:
    if not pairs:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in pairs) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


_ROUTES: Mapping[str, str] = {
    "/api/v1/documents/": "/api/v1/documents/{id}",
    "/api/v1/answers/": "/api/v1/answers/{id}",
    "/api/v1/uploads/": "/api/v1/uploads/{id}",
    "/api/v1/passages/": "/api/v1/passages/{id}",
    "/documents/": "/documents/{id}",
    "/shared/": "/shared/{id}",
    "/embed/": "/embed/{channel}",
    "/gradio_api/": "/gradio_api",
    "/en/": "/en",
    "/wence/": "/wence",
    "/assets/": "/assets",
    "/static/": "/assets",
}
_WHOLE = frozenset(
    [
        "/",
        "/api/v1/ask",
        "/api/v1/ask/stream",
        "/api/v1/documents",
        "/api/v1/feedback",
        "/api/v1/suggestions",
        "/api/v1/tokens",
        "/v1/chat/completions",
        "/v1/models",
        "/healthz",
        "/readyz",
        "/mcp",
        "/metrics",
        "/openapi.json",
        "/library",
        "/sign-in",
        "/embed",
        "/wence-chat.js",
    ]
)


def route_label(path: str) -> str:
    """Return one of a few labels for a path: ids in labels would grow without bound.

    >>> route_label("/documents/001"), route_label("/x/y")
    ('/documents/{id}', 'other')
    """
    if path in _WHOLE:
        return path
    return next((label for prefix, label in _ROUTES.items() if path.startswith(prefix)), "other")
