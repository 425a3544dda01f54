from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from index.cli import main
from index.defaults import CORPUS_DIR, INDEX_DIR, MAX_PASSAGE_CHARS, MODEL
from index.store import open_store

ROOT = Path(__file__).parents[2]
COMMANDS = (
    *("build", "add", "remove", "update", "list", "verify", "inspect", "search", "duplicates"),
    "train-adapter",
)


@pytest.fixture
def tiny_model(embedder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny embedder where the program would load the real one."""
    monkeypatch.setattr("index.models.resolve_model", lambda name, **_: Path(embedder.name))
    monkeypatch.setattr("index.cli._load", lambda folder, **_: embedder)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "index", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)
    script = (
        "import sys; from index.cli import main\n"
        "try: main(['build', '--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('numpy', 'torch', 'faiss', 'bm25s', 'sentence_transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert str(INDEX_DIR) in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["rebuild"],
        ["search"],
        ["search", "问题", "-k", "0"],
        ["search", "问题", "-k", "many"],
        ["build", "--max-chars", "10"],
    ],
)
def test_wrong_usage_ends_with_status_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.usefixtures("tiny_model")
def test_an_expected_error_is_one_line_and_status_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "问题", "--index", str(tmp_path / "none")]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"error: there is no index in {tmp_path / 'none'}; run: python -m index build\n"


@pytest.mark.usefixtures("tiny_model")
def test_build_then_search_shows_the_clause(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = tmp_path / "index"
    assert main(["build", "--corpus", str(corpus), "--index", str(index)]) == 0
    assert capsys.readouterr().out.startswith("2 documents, ")
    assert main(["build", "--corpus", str(corpus), "--index", str(index)]) == 0
    assert "is up to date" in capsys.readouterr().out
    assert main(["build", "--corpus", str(corpus), "--index", str(index), "--force"]) == 0
    assert ", 0 reused; " in capsys.readouterr().out
    assert main(["search", "新能源汽车产量", "-k", "1", "--index", str(index)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert open_store(index).documents["plan"].title in lines[1]
    assert "到2027年，全社会研发经费投入" in lines[2]


@pytest.mark.usefixtures("tiny_model")
def test_a_bad_file_is_told_on_standard_error(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (corpus / "empty.txt").write_text("", encoding="utf-8")
    assert main(["build", "--corpus", str(corpus), "--index", str(tmp_path / "index")]) == 0
    assert capsys.readouterr().err.startswith("problem: empty.txt")


def test_inspect_shows_the_chosen_document_only(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "pact", "--corpus", str(corpus)]) == 0
    shown = capsys.readouterr().out
    assert "甲市与乙市战略合作框架协议" in shown
    assert "互派干部挂职锻炼" in shown
    assert "新能源汽车" not in shown


def test_inspect_of_an_unknown_document_lists_the_known(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "nothing", "--corpus", str(corpus)]) == 1
    assert "known: pact, plan" in capsys.readouterr().err


def test_output_cut_short_by_its_reader_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m index inspect | head -n 1; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


def test_the_settings_of_the_application_have_the_same_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.settings import Settings

    fields = Settings.model_fields
    assert fields["corpus_dir"].default == CORPUS_DIR
    assert fields["model"].default == MODEL
    assert fields["max_passage_chars"].default == MAX_PASSAGE_CHARS
    assert fields["build_dir"].default / "index" == INDEX_DIR


def test_help_is_quick() -> None:
    began = time.monotonic()
    run("--help")
    # It takes about 0.05 s; importing torch would take seconds.
    assert time.monotonic() - began < 2
