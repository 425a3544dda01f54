"""The plots of the HTML report, each as a data URI of an SVG: no file, no network, no fonts of the reader's."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eval.cases import CasesError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OURS = "#1f5fa8"
OTHERS = "#9aa5b1"
_LABELS = {"outcome_right": "right outcome", "correct": "answer correct", "recall@5": "evidence recall@5"}


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a new figure with one pair of axes. Raises CasesError when matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure as NewFigure
    except ImportError as error:
        raise CasesError("the HTML report needs matplotlib: pip install -e '.[eval]'") from error
    figure = NewFigure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _data_uri(figure: Figure) -> str:
    import matplotlib

    buffer = io.BytesIO()
    # Fixed ids and no date: the same results give the same file.
    with matplotlib.rc_context({"svg.hashsalt": "wence"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def systems_plot(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return a dot plot of the headline figures of every run with their intervals."""
    names = [name for name in _LABELS if any(name in r["summary"]["all"]["measures"] for r in runs)]
    figure, axes = _axes(7.2, 0.5 + 0.28 * (len(runs) + 0.6) * len(names))
    ticks: list[float] = []
    labels: list[str] = []
    row = 0.0
    for name in names:
        for position, run in enumerate(runs):
            estimate = run["summary"]["all"]["measures"].get(name)
            if estimate is None:
                continue
            color = OURS if position == 0 else OTHERS
            value, low, high = estimate["value"], estimate["low"], estimate["high"]
            axes.errorbar(value, row, xerr=[[value - low], [high - value]], fmt="o", color=color, capsize=3)
            ticks.append(row)
            labels.append(f"{_LABELS[name]} · {run['name']}")
            row += 1
        row += 0.6
    axes.set_yticks(ticks, labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("share of questions, 95 % interval")
    return _data_uri(figure)


def type_plot(types: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a dot plot of the right outcomes per question type with their intervals."""
    figure, axes = _axes(7.2, 0.6 + 0.27 * len(types))
    for row, table in enumerate(types.values()):
        e = table["measures"]["outcome_right"]
        value, low, high = e["value"], e["low"], e["high"]
        axes.errorbar(value, row, xerr=[[value - low], [high - value]], fmt="o", color=OURS, capsize=3)
    axes.set_yticks(range(len(types)), [f"{n} (n={t['questions']})" for n, t in types.items()], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("right outcome, 95 % interval")
    return _data_uri(figure)


def refusal_plot(runs: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the coverage/accuracy curves of the runs that give a confidence, None when none does."""
    curves = [(run["name"], run["summary"]["refusal"].get("curve")) for run in runs]
    curves = [(name, points) for name, points in curves if points]
    if not curves:
        return None
    figure, axes = _axes(6.4, 3.6)
    for name, points in curves:
        ours = name == runs[0]["name"]
        x, y = [p["coverage"] for p in points], [p["accuracy"] for p in points]
        axes.plot(x, y, color=OURS if ours else None, linewidth=2.2 if ours else 1.0, label=name)
        axes.plot(x[-1], y[-1], "o", color=OURS if ours else OTHERS, markersize=5)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.grid(alpha=0.3)
    axes.set_xlabel("coverage: share of all questions answered (dot: the threshold in force)")
    axes.set_ylabel("share of answers that are right")
    axes.legend(frameon=False, fontsize=8, loc="lower left")
    return _data_uri(figure)


def latency_plot(milliseconds: Sequence[float]) -> str | None:
    """Return a histogram of answer times with the median and the 95th percentile, None without measurements."""
    import numpy as np

    if not milliseconds:
        return None
    figure, axes = _axes(6.4, 3.0)
    p50, p95 = np.percentile(milliseconds, [50, 95])
    axes.hist(milliseconds, bins=min(40, max(8, len(milliseconds) // 8)), color=OURS, alpha=0.85)
    for value, label in ((p50, f"p50 {p50:.0f} ms"), (p95, f"p95 {p95:.0f} ms")):
        axes.axvline(float(value), color="#333333", linestyle="--", linewidth=1, label=label)
    axes.set_xlabel("milliseconds per question")
    axes.set_ylabel("questions")
    axes.legend(frameon=False, fontsize=8)
    return _data_uri(figure)
