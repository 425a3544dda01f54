import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from eval import opening
from eval.check import Texts
from eval.cli import build_parser, main
from eval.outcome import Outcome
from eval.spans import Locator

TEXT = "两市汽车产量到2025年达到300万辆。"
LINE = {
    "id": "output",
    "question": "汽车年产量定在哪个数？",
    "type": "target",
    "fact": "output",
    "answerable": True,
    "answer": "300万辆",
    "key_facts": [["300万辆"]],
    "evidence": [[{"source": "a.txt", "quote": "产量到2025年达到300万辆"}]],
}


@pytest.fixture
def corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "corpus_texts", lambda: Texts({"a.txt": TEXT}, {"a.txt": TEXT}))
    monkeypatch.setattr(opening, "corpus_locator", lambda: Locator({"a": TEXT}))


def write(path: Path, *lines: Any) -> Path:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def test_options_without_a_command_are_those_of_run() -> None:
    options = build_parser().parse_args(["run", "--split", "dev", "--limit", "5"])
    assert (options.split, options.limit) == ("dev", 5)
    with pytest.raises(SystemExit):
        main(["--limit", "0"])


@pytest.mark.usefixtures("corpus")
def test_check_passes_good_questions_and_fails_bad_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--questions", str(write(tmp_path / "good.jsonl", LINE))]) == 0
    bad = LINE | {"key_facts": [["400万辆"]]}
    assert main(["check", "--questions", str(write(tmp_path / "bad.jsonl", bad))]) == 1
    assert "error: output: key fact 400万辆 is not in its evidence" in capsys.readouterr().out
    assert main(["check", "--questions", str(write(tmp_path / "odd.jsonl", LINE | {"x": 1}))]) == 2
    assert "odd.jsonl:1: unknown field x" in capsys.readouterr().err


@pytest.mark.usefixtures("corpus")
def test_merge_assigns_the_split_of_the_fact(tmp_path: Path) -> None:
    first = write(tmp_path / "1.jsonl", LINE)
    second = write(tmp_path / "2.jsonl", LINE | {"id": "other", "question": "几多车？", "fact": "w2"})
    out = tmp_path / "questions.jsonl"
    assert main(["merge", str(first), str(second), "--out", str(out)]) == 0
    merged = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["fact"] for line in merged] == ["output", "output"]
    assert len({line["split"] for line in merged}) == 1
    assert main(["check", "--questions", str(out)]) == 0
    assert main(["merge", str(first), str(first), "--out", str(out)]) == 2


@pytest.mark.usefixtures("corpus")
def test_answers_of_another_system_are_scored_without_an_index(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = write(tmp_path / "q.jsonl", LINE)
    answers = write(tmp_path / "rival.jsonl", {"id": "output", "answer": "300万辆", "refused": False})
    report = tmp_path / "report.json"
    arguments = ["answers", "--questions", str(questions), "--answers", str(answers), "--json", str(report)]
    assert main(arguments) == 0
    assert "answer correct" in capsys.readouterr().out
    measures = json.loads(report.read_text(encoding="utf-8"))["runs"][0]["summary"]["all"]["measures"]
    assert measures["correct"]["value"] == measures["exact_match"]["value"] == 1.0
    assert measures["citation_recall"]["value"] == 0.0


class OneAnswer:
    name = "wence"

    def __init__(self, text: str) -> None:
        self.text = text

    def ask(self, case: Any) -> Outcome:
        return Outcome(case.id, self.text, False, latency_ms=1.0)


def test_the_gate_passes_equal_results_and_fails_worse_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        LINE | {"split": "test", "id": f"q{i}", "question": f"第{i}问：汽车年产量定在哪个数？"} for i in range(3)
    ]
    questions, baseline = write(tmp_path / "q.jsonl", *lines), tmp_path / "baseline.json"
    text = ["300万辆"]

    class FakeBench:
        locator = Locator({"a": TEXT})
        settings = None

        def ours(self) -> OneAnswer:
            return OneAnswer(text[0])

    monkeypatch.setattr(opening, "open_bench", FakeBench)
    monkeypatch.setattr(opening, "settings_record", lambda settings: {})
    assert main(["accept", "--questions", str(questions), "--baseline", str(baseline)]) == 0
    compare = ["--questions", str(questions), "--compare", str(baseline)]
    assert main(compare) == 0
    assert "passed: no figure fell" in capsys.readouterr().out
    text[0] = "400万辆"
    assert main(compare) == 1
    out = capsys.readouterr().out
    assert "FAIL (tolerance" in out
    assert "0 turned right, 3 turned wrong" in out
    # The questions are of the test split: counted, not named.
    assert "turned wrong on dev" not in out
    assert main([*compare, "--limit", "1"]) == 2


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    heavy = ("torch", "numpy", "faiss", "matplotlib", "pydantic_settings")
    code = f"import sys, eval.cli; eval.cli.build_parser(); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_practice_asks_each_folder_over_its_own_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Echo:
        name = "wence"

        def __init__(self, text: str) -> None:
            self.text = text

        def ask(self, case: Any) -> Outcome:
            return Outcome(case.id, self.text, False)

    @contextmanager
    def reader(documents: Any, settings: Any) -> Iterator[Any]:
        yield Echo(documents[0].text)

    monkeypatch.setattr(opening, "temporary_reader", reader)
    for name, figure in (("x1", "300万辆"), ("x2", "500亿元")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "a.txt").write_text(f"计划\n到2025年达到{figure}。", encoding="utf-8")
        facts = {"key_facts": [[figure]], "evidence": [[{"source": "a.txt", "quote": f"到2025年达到{figure}"}]]}
        line = LINE | facts | {"id": f"{name}-1"}
        line.pop("fact")
        write(folder / "questions.jsonl", line)
    report = tmp_path / "report.json"
    assert main(["practice", str(tmp_path / "x1"), str(tmp_path / "x2"), "--json", str(report)]) == 0
    scored = json.loads(report.read_text(encoding="utf-8"))["runs"][0]["questions"]
    assert [(q["id"], q["scores"]["correct"]) for q in scored] == [("x1-1", 1.0), ("x2-1", 1.0)]
    assert "right outcome" in capsys.readouterr().out


def test_fitting_reads_dev_questions_and_those_of_further_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import eval.fit

    asked: list[str] = []

    class EnoughError(Exception):
        pass

    def collect(assistant: object, cases: list[Any]) -> None:
        asked.extend(case.id for case in cases)
        raise EnoughError

    monkeypatch.setattr(eval.fit, "collect", collect)
    monkeypatch.setattr(opening, "open_bench", lambda: type("Bench", (), {"assistant": None})())
    own = write(tmp_path / "own.jsonl", LINE | {"split": "dev"}, LINE | {"id": "kept", "split": "test"})
    more = write(tmp_path / "more.jsonl", LINE | {"id": "more", "split": "dev"})
    with pytest.raises(EnoughError):
        main(["fit", "--questions", str(own), "--also", str(more)])
    assert asked == ["output", "more"]
