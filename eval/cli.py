"""The command line of the benchmark. ``python -m eval`` alone asks every question."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from eval import ablation, commands, fitting
from eval.cases import SPLITS, TYPES
from index.errors import WenceError


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _add_sample(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=_positive, metavar="N", help="ask a random sample of N questions")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample (default 0)")


def _add_reports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole report as JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report as one self-contained page")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables as Markdown")
    parser.add_argument("--against", type=Path, metavar="REPORT", help="paired test against an earlier report")


def _add_questions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--questions", type=Path, default=commands.QUESTIONS, metavar="FILE", help="question file")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m eval", description="Measure the assistant; without a command: run."
    )
    commands_of = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands_of.add_parser("run", help="ask the questions on the current index and report (the default)")
    _add_questions(run)
    run.add_argument("--split", choices=SPLITS, help="only this split")
    run.add_argument("--type", choices=TYPES, help="only this type of question")
    run.add_argument("--fast", action="store_true", help="the fixed sixth that continuous integration asks")
    run.add_argument("--baselines", action="store_true", help="ask four simpler systems too")
    run.add_argument("--compare", type=Path, metavar="FILE", help="exit 1 if a figure fell below FILE's")
    run.add_argument("--save-baseline", action="store_true", help="the same as the command accept")
    _add_sample(run)
    _add_reports(run)
    run.set_defaults(do=_run, baseline=commands.BASELINE)

    accept = commands_of.add_parser("accept", help="make this program's results the accepted ones (old -> new)")
    _add_questions(accept)
    accept.add_argument("--baseline", type=Path, default=commands.BASELINE, metavar="FILE")
    accept.set_defaults(do=commands.accept)

    practice = commands_of.add_parser("practice", help="ask practice questions over their own documents")
    practice.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="e.g. eval/practice/a3")
    _add_reports(practice)
    practice.set_defaults(do=commands.practice)

    answers = commands_of.add_parser("answers", help="score a question file, or another system's answers")
    answers.add_argument(
        "--questions", type=Path, required=True, metavar="FILE", help="question file, either schema"
    )
    answers.add_argument("--answers", type=Path, metavar="FILE", help="answers in the batch format; else ours")
    _add_sample(answers)
    _add_reports(answers)
    answers.set_defaults(do=commands.answers)

    for name, help_text, do in (
        ("retrieval", "retrieval on your own passages.jsonl and questions.jsonl", commands.retrieval),
        ("reading", "short answers on your own passages.jsonl and questions.jsonl", commands.reading),
    ):
        own = commands_of.add_parser(name, help=help_text)
        own.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder in the shared schema")
        own.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
        if name == "reading":
            own.add_argument("--answers", type=Path, metavar="FILE", help="write the answers as JSON lines")
        _add_sample(own)
        own.set_defaults(do=do)

    llm = commands_of.add_parser(
        "llm", help="a model on the tutorial's prompt, the model guarded, and reading alone"
    )
    _add_questions(llm)
    llm.add_argument("--split", choices=SPLITS, default="test", help="default test")
    llm.add_argument("--limit", type=_positive, default=60, metavar="N", help="random sample of N (default 60)")
    llm.add_argument("--seed", type=int, default=7, help="seed of the sample (default 7)")
    llm.add_argument("--pieces", type=_positive, default=4, metavar="N", help="pieces in the tutorial's prompt")
    llm.add_argument("--without-tutorial", action="store_true", help="leave the tutorial out")
    llm.add_argument(
        "--record", type=Path, default=Path("build/llm/replies.jsonl"), metavar="FILE", help="replies"
    )
    llm.add_argument("--json", type=Path, metavar="FILE", help="write the whole report as JSON")
    llm.set_defaults(do=_llm)

    ablate = commands_of.add_parser("ablate", help="ask again with one part of the assistant taken out at a time")
    _add_questions(ablate)
    ablate.add_argument("--split", choices=SPLITS, help="only this split")
    ablate.add_argument(
        "--parts", nargs="+", choices=[part.name for part in ablation.PARTS], help="only these (default: each)"
    )
    _add_sample(ablate)
    ablate.add_argument("--json", type=Path, metavar="FILE", help="write every run's figures as JSON")
    ablate.add_argument("--markdown", type=Path, metavar="FILE", help="write the table as Markdown")
    ablate.set_defaults(do=ablation.run)

    check = commands_of.add_parser("check", help="check the questions against the corpus")
    _add_questions(check)
    check.add_argument("--warnings", action="store_true", help="show warnings too")
    check.set_defaults(do=commands.check)

    merge = commands_of.add_parser("merge", help="merge question files and assign the splits")
    merge.add_argument("files", type=Path, nargs="+", metavar="FILE")
    merge.add_argument("--out", type=Path, default=commands.QUESTIONS, metavar="FILE")
    merge.set_defaults(do=commands.merge)

    fit = commands_of.add_parser("fit", help="fit app/answer/gate.json on the dev questions")
    _add_questions(fit)
    fit.add_argument("--off-topic", type=Path, metavar="DIR", help="questions of another topic, shared schema")
    fit.add_argument(
        "--practice",
        type=Path,
        nargs="+",
        default=[],
        metavar="DIR",
        help="practice folders, e.g. eval/practice/a3",
    )
    fit.add_argument(
        "--also", type=Path, nargs="+", default=[], metavar="FILE", help="more dev questions on the corpus"
    )
    fit.add_argument("--false-refusals", type=float, default=0.028, metavar="RATE", help="rate the gate may have")
    fit.add_argument("--write", action="store_true", help="write the file; without it the numbers are printed")
    fit.set_defaults(do=fitting.fit)
    return parser


def _llm(options: argparse.Namespace) -> int:
    from eval.llm import report

    return report(options)


def _run(options: argparse.Namespace) -> int:
    return commands.accept(options) if options.save_baseline else commands.run(options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0 fine, 1 a gate or check failed, 2 a wrong use or input."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Without a command the options are those of run.
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help")):
        given.insert(0, "run")
    options = build_parser().parse_args(given)
    try:
        status: int = options.do(options)
    except WenceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return status
