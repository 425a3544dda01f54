"""What each part of the assistant is worth: the same questions again with one part taken out.

A part is taken out by putting something neutral in its place, in this process only; nothing of the assistant
knows of it. Without the reranker its own fitted weights are used; the gate is fitted again for no other part, so
a part that the gate leans on may look worth more than it is.
"""

from __future__ import annotations

import dataclasses
import importlib
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from eval.opening import Bench
    from eval.runner import Run

# Whole runs differ in these; each is shown as the change that leaving the part out makes.
SHOWN = (("outcome_right", "right outcome"), ("correct", "correct"), ("citation_precision", "citation precision"))


@dataclass(frozen=True, slots=True)
class Part:
    """One part: what it is, and what stands in its place when it is out.

    ``replaced`` is "module:name" -> what makes the replacement out of the original. ``settings`` are other
    settings to open the assistant with.
    """

    name: str
    about: str
    replaced: Mapping[str, Callable[[Any], Any]] = dataclasses.field(default_factory=dict)
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def _gives(value: Any) -> Callable[[Any], Any]:
    return lambda _: lambda *args, **kwargs: value


def _without_synonyms(load: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: dataclasses.replace(load(), synonyms={})


def _by_meaning_alone(scores: Callable[..., Any]) -> Callable[..., Any]:
    def dense(*args: Any, **kwargs: Any) -> tuple[Mapping[int, float], Mapping[int, float]]:
        found, _ = scores(*args, **kwargs)
        return found, {}

    return dense


def _never_below(load: Callable[..., Any]) -> Callable[..., Any]:
    return lambda **kwargs: dataclasses.replace(load(**kwargs), threshold=0.0)


PARTS: tuple[Part, ...] = (
    Part("reranker", "the second reading of the best sentences", settings={"reranker": "none"}),
    Part("adapter", "the adapter of the embedding model", settings={"model": "embedded-plain"}),
    Part("words", "BM25 beside the embedding", {"index.retrieve:Retriever._scores": _by_meaning_alone}),
    Part("synonyms", "the thesaurus, where sentences are scored",
         {"app.answer.select:load_lexicon": _without_synonyms}),
    Part(
        "context",
        "headings, title and neighbours of a sentence, where it is scored",
        {f"app.answer.select:{n}": lambda _: 0.0 for n in ("_HEADING_SHARE", "_NEIGHBOUR_SHARE", "_TITLE_SHARE")},
    ),
    Part("lists", "reading of lists", {"app.answer.lists:read_list": _gives(None)}),
    Part("sides", "each side of a comparison on its own", {"app.answer.evidence:find_sides": _gives(())}),
    Part("hops", "questions that describe their subject", {"app.answer.evidence:split_hops": _gives(None)}),
    Part("parts", "questions of several parts", {"app.answer.evidence:sub_questions": _gives([])}),
    Part("follow-ups", "rewriting of follow-ups", {"app.answer.evidence:rewrite": _gives(None)}),
    Part("fields", "rows of a table of metadata", {"app.answer.evidence:field_rows": _gives([])}),
    Part("verdict", "是 or 否 before the clauses", {"app.answer.read:verdict": _gives(None)}),
    Part("completion", "responsible offices and time limits behind a task",
         {"app.answer.read:completed": lambda _: lambda chosen, *_: list(chosen)}),
    Part("vetoes", "refusals of names, years and places that no document holds",
         {"app.answer.gate:veto": _gives(None)}),
    Part("rules", "refusals of clauses without the year or the place", {"app.answer.gate:lacking": _gives(False)}),
    Part("score", "the fitted score of the gate", {"app.answer.searching:load_weights": _never_below}),
)  # fmt: skip


@contextmanager
def without(part: Part) -> Iterator[None]:
    """Take the replaced pieces of ``part`` out while the block runs."""
    with ExitStack() as stack:
        for place, replacement in part.replaced.items():
            module, _, names = place.partition(":")
            *owners, name = names.split(".")
            owner: Any = importlib.import_module(module)
            for step in owners:
                owner = getattr(owner, step)
            stack.enter_context(patch.object(owner, name, replacement(getattr(owner, name))))
        yield


@contextmanager
def bench_without(part: Part, bench: Bench) -> Iterator[Bench]:
    """Give the assistant without ``part``; another embedding model gets its index in a temporary folder."""
    from app.bootstrap import build_assistant
    from eval.opening import documents_locator

    with without(part), tempfile.TemporaryDirectory(prefix="wence-eval-") as folder:
        changed: dict[str, Any] = dict(part.settings)
        if "model" in changed:
            # An index of its own, and the models that are there already.
            (Path(folder) / "models").symlink_to(bench.settings.models_dir.resolve())
            changed["build_dir"] = Path(folder)
        settings = bench.settings.model_copy(update=changed)
        assistant = build_assistant(settings)
        yield type(bench)(assistant, documents_locator(list(assistant.documents.values())), settings)


def run(options: Namespace) -> int:
    """Ask with everything, then without each of ``options.parts`` in turn, and print what leaving it out costs."""
    from eval.cases import load_cases, select
    from eval.commands import _command_line, _write, _write_json, say
    from eval.opening import open_bench, settings_record
    from eval.report import build_report, describe_setting
    from eval.report_text import markdown_table, text_table
    from eval.runner import run_system

    cases = select(load_cases(options.questions), split=options.split, limit=options.limit, seed=options.seed)
    bench = open_bench()
    runs = [run_system(bench.ours(), cases, bench.locator)]
    chosen = [part for part in PARTS if not options.parts or part.name in options.parts]
    for part in chosen:
        with bench_without(part, bench) as other:
            one = run_system(other.ours(), cases, other.locator)
        runs.append(dataclasses.replace(one, name=f"without {part.name}"))
    rows = table(runs, {f"without {part.name}": part.about for part in chosen})
    say(text_table(rows))
    if options.json:
        report = build_report(runs, describe_setting(settings_record(bench.settings), _command_line()))
        _write_json(options.json, report)
    if options.markdown:
        _write(options.markdown, markdown_table(rows) + "\n")
    return 0


def table(runs: Sequence[Run], about: Mapping[str, str]) -> list[list[str]]:
    """Return one row per run, the whole first: its figures, and the paired change of the right outcomes."""
    from eval.runner import compare_scores, scores_by_id
    from eval.summary import summarise

    whole = scores_by_id(runs[0])
    rows = [["", *[label for _, label in SHOWN], "refused", "false refusals", "p50 ms", "change [95 %]", "p"]]
    for one in runs:
        summary = summarise(one.scored)
        measures, refusal = summary["all"]["measures"], summary["refusal"]
        cells = [measures.get(name) for name, _ in SHOWN]
        cells += [refusal.get("recall"), refusal.get("false_refusal_rate")]
        shown = ["–" if cell is None else f"{cell['value']:.3f}" for cell in cells]
        wall = summary["cost"].get("latency_ms", {}).get("wall")
        shown.append("–" if wall is None else f"{wall['p50']:.0f}")
        if one is runs[0]:
            rows.append(["everything", *shown, "", ""])
            continue
        change = compare_scores(whole, one, ["outcome_right"])["outcome_right"]
        shown.append(f"{change['difference']:+.3f} [{change['low']:+.3f}, {change['high']:+.3f}]")
        rows.append([f"{one.name}: {about[one.name]}", *shown, f"{change['p_value']:.3f}"])
    return rows
