"""The report as plain text for a terminal and as Markdown for the README."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]

_TYPE_COLUMNS = (
    "outcome_right",
    "correct",
    "short",
    "citation_recall",
    "citation_precision",
    "grounded",
    "recall@5",
)
_REFUSAL_ROWS = (("precision", "precision"), ("recall", "recall"), ("false_refusal_rate", "false refusal rate"))


def figure(estimate: Mapping[str, Any] | None, *, interval: bool = True) -> str:
    """Return an estimate as ``0.912 [0.880, 0.936]``, or a dash when the figure does not apply."""
    if estimate is None:
        return "–"
    text = f"{estimate['value']:.3f}"
    return f"{text} [{estimate['low']:.3f}, {estimate['high']:.3f}]" if interval else text


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows in aligned columns; the first row is the head and the first column is left-aligned."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * w for w in widths))
    return "\n".join(lines)


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a Markdown table; figures are right-aligned."""
    head, *body = rows
    rule = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body])


def measure_rows(report: Report) -> list[list[str]]:
    """Return one row per measure and one column per run, with intervals."""
    runs = report["runs"]
    rows = [["measure", *[f"{run['name']}" for run in runs]]]
    for measure in report["measures"]:
        cells = [run["summary"]["all"]["measures"].get(measure["name"]) for run in runs]
        if any(cells):
            rows.append([measure["label"], *[figure(cell) for cell in cells]])
    for key, label in _REFUSAL_ROWS:
        cells = [run["summary"]["refusal"].get(key) for run in runs]
        rows.append([f"refusal {label}" if key != "false_refusal_rate" else label, *[figure(c) for c in cells]])
    rows.append(["refusal AUROC", *[figure(run["summary"]["refusal"].get("auroc")) for run in runs]])
    return rows


def type_rows(report: Report, by: str = "type") -> list[list[str]]:
    """Return one row per type (or split, or document) of the first run, with the number of questions."""
    labels = {m["name"]: m["label"] for m in report["measures"]}
    summary = report["runs"][0]["summary"]
    rows = [[by, "n", *[labels[name] for name in _TYPE_COLUMNS]]]
    for name, table in [*summary[by].items(), ("all", summary["all"])]:
        measures = table["measures"]
        cells = [figure(measures.get(column), interval=column == "outcome_right") for column in _TYPE_COLUMNS]
        rows.append([name, str(table["questions"]), *cells])
    return rows


def latency_rows(report: Report) -> list[list[str]]:
    """Return one row per stage of the first run, milliseconds."""
    stages = report["runs"][0]["summary"]["cost"].get("latency_ms", {})
    rows = [["stage", "p50 ms", "p95 ms", "mean ms"]]
    return rows + [[n, f"{s['p50']:.1f}", f"{s['p95']:.1f}", f"{s['mean']:.1f}"] for n, s in stages.items()]


def comparison_rows(report: Report) -> list[list[str]]:
    """Return one row per baseline and compared measure: difference of ours, interval, p-value."""
    rows = [["ours minus", "measure", "difference", "p"]]
    labels = {m["name"]: m["label"] for m in report["measures"]}
    for name, table in report["comparisons"].items():
        for measure, d in table.items():
            interval = f"{d['difference']:+.3f} [{d['low']:+.3f}, {d['high']:+.3f}]"
            rows.append([name, labels[measure], interval, f"{d['p_value']:.4f}"])
    return rows


def refusal_lines(report: Report) -> list[str]:
    """Return the confusion of the first run and the recall per kind of unanswerable question."""
    table = report["runs"][0]["summary"]["refusal"]
    counts = table["confusion"]
    lines = [
        f"unanswerable: {counts['refused_unanswerable']} refused, {counts['answered_unanswerable']} answered",
        f"answerable:   {counts['refused_answerable']} refused, {counts['answered_answerable']} answered",
    ]
    kinds = [f"{kind} {figure(e, interval=False)} (n={e['n']})" for kind, e in table["recall_by_subtype"].items()]
    return [*lines, *(["recall by kind: " + ", ".join(kinds)] if kinds else [])]


def cost_line(report: Report) -> str:
    """Return throughput, run time and peak memory in one line."""
    cost = report["runs"][0]["summary"]["cost"]
    parts = []
    if "answers_per_second" in cost:
        parts.append(f"{cost['answers_per_second']:.1f} answers/s")
    if "run_seconds" in cost:
        parts.append(f"run {cost['run_seconds']:.1f} s")
        parts.append(f"peak memory of the process {cost['peak_memory_mb']:.0f} MiB")
    return ", ".join(parts)


def _sections(report: Report) -> Iterable[tuple[str, list[list[str]] | list[str]]]:
    questions = report["questions"]
    yield (
        f"{questions['count']} questions on {questions['facts']} facts, 95 % intervals",
        measure_rows(report),
    )
    yield "By type", type_rows(report)
    if report["runs"][0]["summary"]["split"]:
        yield "By split", type_rows(report, "split")
    if report["runs"][0]["summary"]["document"]:
        yield "By document (answerable questions with evidence there)", type_rows(report, "document")
    yield "Refusal", refusal_lines(report)
    if report["comparisons"]:
        yield "Paired differences (permutation test by fact, unadjusted)", comparison_rows(report)
    yield f"Latency ({cost_line(report)})", latency_rows(report)


def render_text(report: Report) -> str:
    """Return the report for a terminal."""
    parts = []
    for title, content in _sections(report):
        body = text_table(content) if isinstance(content[0], list) else "\n".join(map(str, content))
        parts.append(f"{title}\n\n{body}")
    return "\n\n".join(parts)


def render_markdown(report: Report) -> str:
    """Return the report as Markdown sections."""
    setting = report["setting"]
    parts = [f"`{setting['command']}` · commit {setting['commit'] or 'none'} · {setting['made']}"]
    for title, content in _sections(report):
        body = (
            markdown_table(content) if isinstance(content[0], list) else "\n".join(f"- {line}" for line in content)
        )
        parts.append(f"### {title}\n\n{body}")
    return "\n\n".join(parts) + "\n"
