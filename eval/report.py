"""One report of one or more runs as a JSON object; the text, Markdown and HTML forms are drawn from it alone."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from eval.cases import CasesError
from eval.compare import Change, fingerprint
from eval.measures import MEASURES
from eval.runner import Run, compare_scores, run_record, scores_by_id
from eval.score import Scores

# Asked of every pair of runs; the others would only add chances to find a difference by accident.
COMPARED = ("outcome_right", "correct", "fact_recall", "citation_recall", "recall@5", "ndcg@10")
_PACKAGES = ("torch", "sentence-transformers", "faiss-cpu", "bm25s", "langchain-text-splitters", "numpy")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Return the short commit of the checkout, with + when files differ from it; None outside a checkout."""
    root = Path(__file__).resolve().parent.parent
    command = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=10"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def describe_setting(settings: Mapping[str, Any], command: str) -> dict[str, Any]:
    """Return what a reader needs to repeat a run: command, commit, settings, versions, machine."""
    return {
        "command": command,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "settings": dict(settings),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
    }


def earlier_scores(path: Path) -> dict[str, Scores]:
    """Return the figures by question id of a report written before with ``--json``. Raises CasesError."""
    try:
        questions = json.loads(path.read_text(encoding="utf-8"))["runs"][0]["questions"]
        return {question["id"]: question["scores"] for question in questions}
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise CasesError(f"{path}: not a report made with --json ({error!r})") from error


def build_report(
    runs: Sequence[Run],
    setting: Mapping[str, Any],
    *,
    gate: Sequence[Change] | None = None,
    earlier: Mapping[str, Mapping[str, Scores]] | None = None,
) -> dict[str, Any]:
    """Return the report of ``runs``: the first is ours with every question, the others are summaries.

    ``comparisons`` holds the paired difference of ours to each of the others and to the ``earlier`` results.
    """
    ours = runs[0]
    cases = [item.case for item in ours.scored]
    record: dict[str, Any] = {
        "setting": dict(setting),
        "questions": {
            "count": len(cases),
            "facts": len({case.fact for case in cases}),
            "answerable": sum(case.answerable for case in cases),
            "fingerprint": fingerprint(cases),
        },
        "measures": [asdict(measure) for measure in MEASURES],
        "runs": [run_record(run, details=position == 0) for position, run in enumerate(runs)],
        "comparisons": {other.name: compare_scores(scores_by_id(other), ours, COMPARED) for other in runs[1:]},
    }
    for name, scores in (earlier or {}).items():
        record["comparisons"][name] = compare_scores(scores, ours, COMPARED)
    if gate is not None:
        record["gate"] = [
            asdict(change) | {"tolerance": change.tolerance, "fails": change.fails} for change in gate
        ]
    return record
