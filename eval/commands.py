"""The commands behind ``python -m eval``: each takes parsed options, prints, and returns the exit status."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.cases import Case, CasesError, load_cases, sample, select, write_cases
from eval.merge import in_fast_subset

if TYPE_CHECKING:
    from eval.runner import Run
    from eval.score import Scored

QUESTIONS = Path("eval/questions.jsonl")
BASELINE = Path("eval/baseline.json")


def say(text: str = "") -> None:
    """Print a line of results on standard output."""
    print(text, flush=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"wrote {path}", file=sys.stderr)


def _write_json(path: Path, value: Any) -> None:
    _write(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def _command_line() -> str:
    return " ".join(["python -m eval", *sys.argv[1:]])


def _chosen(options: Namespace) -> tuple[Case, ...]:
    cases: Sequence[Case] = load_cases(options.questions)
    if options.fast:
        cases = [case for case in cases if in_fast_subset(case.fact)]
    return select(cases, split=options.split, kind=options.type, limit=options.limit, seed=options.seed)


def run(options: Namespace) -> int:
    """Ask the questions, print the tables, write the reports and, with --compare, apply the gate."""
    from eval.opening import open_bench, settings_record
    from eval.runner import run_system

    cases = _chosen(options)
    if options.compare and (options.split or options.type or options.limit):
        raise CasesError("--compare needs all questions (or --fast): the accepted results are of those")
    bench = open_bench()
    runs = [run_system(bench.ours(), cases, bench.locator)]
    if options.baselines:
        runs += [run_system(system, cases, bench.locator) for system in bench.baselines()]
    return _finish(runs, options, settings_record(bench.settings))


def _finish(runs: Sequence[Run], options: Namespace, settings: dict[str, Any]) -> int:
    """Print and write the report of ``runs``; return 1 when a gated figure fell too far."""
    from eval.compare import changes, load_baseline
    from eval.report import build_report, describe_setting, earlier_scores
    from eval.report_text import render_markdown, render_text

    earlier = {options.against.stem: earlier_scores(options.against)} if options.against else {}

    gate = None
    if getattr(options, "compare", None):
        accepted = load_baseline(options.compare, "fast" if options.fast else "full")
        gate = changes(accepted, runs[0])
    setting = describe_setting(settings, _command_line())
    report = build_report(runs, setting, gate=gate, earlier=earlier)
    say(render_text(report))
    if options.json:
        _write_json(options.json, report)
    if options.markdown:
        _write(options.markdown, render_markdown(report))
    if options.html:
        from eval.report_html import render_html

        _write(options.html, render_html(report))
    if gate is None:
        return 0
    return _print_gate(gate, accepted, runs[0])


def _print_gate(gate: Sequence[Any], accepted: dict[str, Any], run: Run) -> int:
    from eval.compare import outcome_changes
    from eval.metrics.paired import paired_difference

    say("\nAgainst the accepted results\n")
    for change in gate:
        say(str(change))
    wrong, right = outcome_changes(accepted, run)
    now = {s.case.id: s.scores["outcome_right"] for s in run.scored}
    families = {s.case.id: s.case.fact for s in run.scored}
    d = paired_difference(accepted["questions"], now, families)
    say(
        f"\noutcomes: {len(right)} turned right, {len(wrong)} turned wrong; right outcomes "
        f"{d.difference:+.4f} [{d.low:+.4f}, {d.high:+.4f}], paired permutation p = {d.p_value:.4f}"
    )
    # Ids of the test split are counted, not named, so that nobody tunes on them.
    shown = [s.case.id for s in run.scored if s.case.split == "dev" and s.case.id in wrong]
    if shown:
        say(f"turned wrong on dev: {', '.join(shown)}")
    failed = [change for change in gate if change.fails]
    if failed:
        say(f"\nFAILED: {len(failed)} figures fell beyond tolerance; if that is meant: python -m eval accept")
        return 1
    say("\npassed: no figure fell beyond its tolerance")
    return 0


def accept(options: Namespace) -> int:
    """Run all questions and write them as the accepted results, printing old -> new."""
    from eval.opening import open_bench
    from eval.runner import run_system

    cases = load_cases(options.questions)
    bench = open_bench()
    save_baseline(run_system(bench.ours(), cases, bench.locator), options.baseline)
    return 0


def save_baseline(whole: Run, path: Path) -> None:
    """Write the accepted results of a whole run and of its fast subset, printing old -> new for every figure."""
    from eval.compare import baseline_record
    from eval.runner import Run

    part = tuple(s for s in whole.scored if in_fast_subset(s.case.fact))
    record = baseline_record(whole, Run(whole.name, part, 0.0) if part else None)
    old: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for section, values in record.items():
        for split, figures in values["figures"].items():
            before = old.get(section, {}).get("figures", {}).get(split, {})
            for name, value in figures.items():
                was = f"{before[name]['value']:.4f}" if name in before else "none"
                say(f"{section:<4} {split:<5} {name:<22} {was:>6} -> {value['value']:.4f}")
    _write_json(path, record)


def practice(options: Namespace) -> int:
    """Ask the questions of practice folders, each over its own documents, and report them together."""
    from eval.cases import load_practice
    from eval.opening import documents_locator, settings_in_force, settings_record, temporary_reader
    from eval.runner import Run, run_system
    from index.corpus import load_corpus

    settings = settings_in_force()
    options.fast = False
    scored: list[Scored] = []
    seconds = 0.0
    for folder in options.folders:
        cases = load_practice(folder)
        documents = load_corpus(folder).documents
        with temporary_reader(documents, settings) as system:
            one = run_system(system, cases, documents_locator(documents))
        scored += one.scored
        seconds += one.seconds
    return _finish([Run("wence", tuple(scored), seconds)], options, settings_record(settings))


def answers(options: Namespace) -> int:
    """Score a question file on the current index, or the answers that another system gave to it."""
    from eval.foreign import load_any
    from eval.opening import open_bench, settings_record
    from eval.runner import run_system
    from eval.systems import RecordedSystem

    cases = tuple(sample(load_any(options.questions), options.limit, options.seed))
    options.fast = False
    if options.answers is None:
        bench = open_bench()
        runs = [run_system(bench.ours(), cases, bench.locator)]
        return _finish(runs, options, settings_record(bench.settings))
    from eval.opening import corpus_locator

    system = RecordedSystem(options.answers, cases)
    return _finish(
        [run_system(system, cases, corpus_locator(), warm_up=0)], options, {"answers": options.answers.name}
    )


def _progress(label: str) -> Callable[[Sequence[Case]], Any]:
    from tqdm import tqdm

    return lambda cases: tqdm(cases, desc=label, unit="q", file=sys.stderr, disable=None, leave=False)


def _own(options: Namespace) -> Any:
    from eval.own_data import load_own_data

    data = load_own_data(options.data)
    return data, sample(data.cases, options.limit, options.seed)


def _print_own(kind: str, figures: dict[str, Any], options: Namespace, settings: dict[str, Any]) -> int:
    from eval.report import describe_setting
    from eval.report_text import figure, text_table

    head = {"kind": kind, "data": options.data.name, "limit": options.limit, "seed": options.seed}
    rows = [["measure", "value [95 % interval]"]]
    rows += [[name, figure(estimate)] for name, estimate in figures["measures"].items()]
    for name in ("precision", "recall", "false_refusal_rate"):
        if name in figures.get("refusal", {}):
            rows.append([f"refusals: {name.replace('_', ' ')}", figure(figures["refusal"][name])])
    say(f"{kind} on {options.data.name}: {figures['questions']} questions, {figures['passages']} passages\n")
    say(text_table(rows))
    if figures["latency_ms"]:
        say(f"\nlatency p50 {figures['latency_ms']['p50']:.1f} ms, p95 {figures['latency_ms']['p95']:.1f} ms")
    if options.json:
        _write_json(options.json, head | figures | {"setting": describe_setting(settings, _command_line())})
    return 0


def retrieval(options: Namespace) -> int:
    """Measure retrieval on a folder in the shared schema."""
    from eval.opening import settings_in_force, settings_record, temporary_search
    from eval.own_data import retrieval_figures

    data, cases = _own(options)
    settings = settings_in_force()
    with temporary_search(data.documents, settings) as search:
        figures = retrieval_figures(data, cases, search, _progress("retrieval"))
    return _print_own("retrieval", figures, options, settings_record(settings))


def reading(options: Namespace) -> int:
    """Measure reading on a folder in the shared schema."""
    from eval.opening import settings_in_force, settings_record, temporary_reader
    from eval.outcome import outcome_record
    from eval.own_data import reading_figures

    data, cases = _own(options)
    settings = settings_in_force()
    with temporary_reader(data.documents, settings) as system:
        figures, outcomes = reading_figures(data, cases, system, _progress("reading"))
    if options.answers:
        lines = [json.dumps(outcome_record(outcome), ensure_ascii=False) + "\n" for outcome in outcomes]
        _write(options.answers, "".join(lines))
    return _print_own("reading", figures, options, settings_record(settings))


def check(options: Namespace) -> int:
    """Check a question file against the corpus; the exit status is 1 when there is an error."""
    from eval.check import check_cases, count_table
    from eval.opening import corpus_texts

    cases = load_cases(options.questions)
    problems = check_cases(cases, corpus_texts())
    for problem in problems:
        if problem.is_error or options.warnings:
            say(str(problem))
    errors = sum(problem.is_error for problem in problems)
    say(count_table(cases))
    say(
        f"{errors} errors, {len(problems) - errors} warnings"
        + ("" if options.warnings else " (show them: --warnings)")
    )
    return 1 if errors else 0


def merge(options: Namespace) -> int:
    """Merge question files, joining facts that are one and assigning every fact to a split."""
    from eval.families import join_facts
    from eval.merge import assign_splits, merge_cases, settle_evidence
    from eval.opening import corpus_texts
    from eval.spans import Locator

    texts = corpus_texts()
    cleaned = Locator(texts.cleaned)
    cases, notes = settle_evidence(merge_cases(options.files), cleaned, Locator(texts.raw))
    for note in notes:
        print(note, file=sys.stderr)
    cases, renamed = join_facts(cases, cleaned)
    for fact, family in renamed.items():
        print(f"fact {fact} is one with {family}", file=sys.stderr)
    cases = assign_splits(cases)
    write_cases(options.out, cases)
    dev = sum(case.split == "dev" for case in cases)
    say(
        f"{len(cases)} questions into {options.out}: {dev} dev, {len(cases) - dev} test; "
        f"{len(renamed)} facts joined"
    )
    return 0
