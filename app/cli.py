"""The command line: ask, serve, doctor. Thin: it parses, calls, prints."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.cli_batch import parse_batch_line
from app.cli_keys import add_keys_command
from app.settings import Settings, load_settings
from index.errors import QuestionError, WenceError

if TYPE_CHECKING:
    from app.answer.assistant import Assistant
    from index.types import Answer


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 done, 1 an expected error (one line on standard error), 2 wrong usage."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["index"]:
        return _index(given[1:])
    arguments = _parser().parse_args(given)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # JSON lines are UTF-8 whatever the terminal's encoding is.
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        settings = load_settings(
            model=arguments.model,
            corpus_dir=arguments.corpus,
            build_dir=arguments.build,
            host=getattr(arguments, "host", None),
            port=getattr(arguments, "port", None),
            uploads=getattr(arguments, "uploads", None) or None,
        )
        status: int = arguments.run(arguments, settings)
        return status
    except WenceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output is gone; nothing more can be said to it.
        sys.stderr.close()
        return 1


def _index(argv: Sequence[str]) -> int:
    """Run a command of the index with the settings in force where it gives no flag: it reads none itself."""
    from index.cli import main as index_main
    from index.defaults import Defaults

    try:
        settings = load_settings()
    except WenceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    defaults = Defaults(
        corpus=settings.corpus_dir,
        index=settings.index_dir,
        models=settings.models_dir,
        model=settings.model,
        max_chars=settings.max_passage_chars,
        threads=settings.threads,
        program="python -m app index",
    )
    return index_main(argv, defaults=defaults)


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--corpus", metavar="DIR", help="folder with the documents (default: corpus)")
    shared.add_argument("--build", metavar="DIR", help="folder for the model and the index (default: build)")
    shared.add_argument("--model", metavar="NAME", help="embedding model: 'embedded', a folder or a hub name")
    parser = argparse.ArgumentParser(
        prog="python -m app", description="问策: cited answers to Chinese questions about policy documents"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    ask = commands.add_parser("ask", parents=[shared], help="answer one question, or a file of them")
    ask.add_argument("question", nargs="?", help="the question, in Chinese")
    ask.add_argument("--json", action="store_true", help="print one JSON object")
    ask.add_argument(
        "--batch",
        metavar="FILE",
        help="JSON lines {id, question, history, and limits of its own: doc_ids, issuer, since, until}; - is "
        "standard input",
    )
    ask.add_argument("--doc", metavar="ID", action="append", help="limit to a document; may be repeated")
    ask.add_argument(
        "--issuer", metavar="NAME", help="limit to documents of this issuing body, or part of its name"
    )
    ask.add_argument("--since", metavar="DATE", help="limit to documents from then on: 2023, 2023-04, 2023-04-26")
    ask.add_argument("--until", metavar="DATE", help="limit to documents up to then")
    ask.set_defaults(run=_ask)
    serve = commands.add_parser("serve", parents=[shared], help="serve the chat page and the HTTP API")
    serve.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on (default: 7860)")
    serve.add_argument("--uploads", action="store_true", help="let authorised people add documents on /library")
    serve.set_defaults(run=_serve)
    doctor = commands.add_parser("doctor", parents=[shared], help="check settings, model, corpus and index")
    doctor.set_defaults(run=_doctor)
    add_keys_command(commands, shared)
    # Only named here: its own command line reads what follows.
    commands.add_parser("index", add_help=False, help="python -m index with these settings: build, add, remove, …")
    mcp = commands.add_parser("mcp", parents=[shared], help="serve an MCP client on standard input and output")
    mcp.set_defaults(run=_mcp)
    return parser


def _ask(arguments: argparse.Namespace, settings: Settings) -> int:
    if (arguments.question is None) == (arguments.batch is None):
        raise QuestionError('give one question (python -m app ask "问题") or --batch FILE')
    if arguments.batch is not None:
        return _batch(arguments, settings)
    from app.answer.assistant import check_question
    from app.answer.limits import limited_ids
    from app.answer.present import answer_record

    # A question that cannot be answered is told at once, not after the models are loaded.
    check_question(arguments.question, settings.max_question_chars)
    limits = _limits(arguments)
    limited_ids({}, **limits)
    assistant = _assistant(settings)
    answer = assistant.ask(arguments.question, doc_ids=limited_ids(assistant.documents, **limits))
    if arguments.json:
        print(json.dumps(answer_record(answer), ensure_ascii=False))
    else:
        print(plain(answer))
    return 0


def _limits(arguments: argparse.Namespace) -> dict[str, Any]:
    return {"doc_ids": arguments.doc, **{name: getattr(arguments, name) for name in ("issuer", "since", "until")}}


def _assistant(settings: Settings) -> Assistant:
    from app.bootstrap import build_assistant

    return build_assistant(settings)


def _batch(arguments: argparse.Namespace, settings: Settings) -> int:
    from app.answer.limits import limited_ids
    from app.answer.present import answer_record

    name = arguments.batch
    try:
        stream = sys.stdin.buffer if name == "-" else open(name, "rb")  # noqa: SIM115, PTH123
    except OSError as error:
        raise QuestionError(f"cannot read {name}: {error.strerror}; give a file of JSON lines or -") from error
    limits = _limits(arguments)
    limited_ids({}, **limits)
    assistant = _assistant(settings)
    bad = 0
    with stream:
        for number, raw in enumerate(stream, start=1):
            if not raw.strip():
                continue
            try:
                line = parse_batch_line(raw)
                doc_ids = limited_ids(assistant.documents, **{**limits, **line.limits})
                answer = assistant.ask(line.question, history=line.history, doc_ids=doc_ids)
            except WenceError as error:
                bad += 1
                print(f"line {number}: {error}", file=sys.stderr, flush=True)
                continue
            record = answer_record(answer, question_id=line.id)
            print(json.dumps(record, ensure_ascii=False), flush=True)
    return 1 if bad else 0


def plain(answer: Answer) -> str:
    """Return the answer for a terminal: the text, then its sources, or the related clauses of a refusal."""
    lines = []
    if answer.understood:
        lines.append(f"理解为：{answer.understood}")
    lines.append(answer.text)
    if answer.writing:
        lines += ["", f"（{answer.writing.notice}）"]
    shown = answer.citations or answer.related
    if shown:
        lines += ["", "来源：" if answer.citations else "相关条款："]
    for citation in shown:
        path = " › ".join(citation.passage.heading_path)
        where = f"{citation.passage.title}" + (f" › {path}" if path else "")
        marker = f"[{citation.marker}] " if answer.citations else "· "
        quote = "".join(citation.quote.split())
        page = "" if citation.page is None else f"第{citation.page}页，"
        lines.append(f"{marker}{where}（{citation.passage.source}，{page}第{citation.start}–{citation.end}字）")
        lines.append(f"    {quote if len(quote) <= 160 else quote[:157] + '…'}")
    return "\n".join(lines)


def _serve(arguments: argparse.Namespace, settings: Settings) -> int:
    from app.bootstrap import build_live_assistant, open_intake
    from app.web.doors import check_doors
    from app.web.service import check_port_free, run_server

    check_doors(settings)
    check_port_free(settings.host, settings.port)
    with build_live_assistant(settings) as assistant, open_intake(settings, assistant) as intake:
        run_server(assistant, settings, intake)
    return 0


def _mcp(arguments: argparse.Namespace, settings: Settings) -> int:
    from app.bootstrap import build_live_assistant
    from app.web.mcp_server import make_mcp_server

    with build_live_assistant(settings) as assistant:
        make_mcp_server(assistant, settings).run()
    return 0


def _doctor(arguments: argparse.Namespace, settings: Settings) -> int:
    from app.doctor import examine

    findings = examine(settings)
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'FAIL'} {finding.subject}: {finding.text}")
        if not finding.ok:
            print(f"     remedy: {finding.remedy}")
    return 0 if all(f.ok for f in findings) else 1
