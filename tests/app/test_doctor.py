"""``doctor``: one finding for each part, and with every fault what to do about it."""

from __future__ import annotations

import importlib.metadata
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from app.cli import main
from app.doctor import Finding, examine
from app.settings import Settings
from index.errors import ModelError, StoreError

ROOT = Path(__file__).parents[2]
SUBJECTS = ["settings", "libraries", "prompts", "corpus", "model", "index", "llm", "port"]
POLICY = "某市合作协议\n第一条 双方共建平台，建立联席会议制度。\n第二条 双方互派干部挂职锻炼。\n"


class _Encoder:
    """Stands for the model, which the tests of ``index`` load."""

    name = "stand-in"
    dimension = 4

    def encode_queries(self, queries: list[str]) -> NDArray[np.float32]:
        return np.full((len(queries), self.dimension), 0.5, dtype=np.float32)


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Settings under which everything is in place."""
    corpus = tmp_path / "texts"
    corpus.mkdir()
    (corpus / "a.txt").write_text(POLICY, encoding="utf-8")
    store = SimpleNamespace(documents={"a": None}, passages=(None, None))
    monkeypatch.setattr("app.bootstrap.load_embedder", lambda settings: _Encoder())
    monkeypatch.setattr("app.bootstrap.open_index", lambda settings, embedder: store)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Settings(corpus_dir=corpus, prompts_dir=ROOT / "prompts", build_dir=tmp_path / "build", port=port)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def faults(settings: Settings) -> dict[str, Finding]:
    """The findings that are not well, by subject; every part is examined in any case."""
    findings = examine(settings)
    assert [finding.subject for finding in findings] == SUBJECTS
    assert all(finding.text for finding in findings)
    return {finding.subject: finding for finding in findings if not finding.ok}


def changed(settings: Settings, **values: object) -> Settings:
    return settings.model_copy(update=values)


def test_where_all_is_well_nothing_is_to_be_done(healthy: Settings) -> None:
    findings = examine(healthy)
    assert [finding.subject for finding in findings] == SUBJECTS
    assert all(finding.ok and not finding.remedy for finding in findings), findings


def test_settings_that_are_not_the_defaults_are_told(healthy: Settings) -> None:
    told = examine(healthy)[0].text
    assert f"port={healthy.port}" in told
    assert "top_k" not in told


def test_a_library_that_is_missing(healthy: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        if name == "faiss-cpu":
            raise importlib.metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(importlib.metadata, "version", missing)
    (fault,) = faults(healthy).values()
    assert fault.subject == "libraries"
    assert "faiss-cpu" in fault.text
    assert fault.remedy == "run: make setup"


@pytest.mark.parametrize("damage", [None, "{broken", "{}", '{"refusal": "没有找到。"}'])
def test_prompts_that_are_missing_damaged_or_incomplete(
    healthy: Settings, tmp_path: Path, damage: str | None
) -> None:
    folder = tmp_path / "prompts"
    folder.mkdir()
    if damage is not None:
        (folder / "replies.zh.json").write_text(damage, encoding="utf-8")
    (fault,) = faults(changed(healthy, prompts_dir=folder)).values()
    assert fault.subject == "prompts"
    assert "replies.zh.json" in fault.text
    assert "WENCE_PROMPTS_DIR" in fault.remedy


@pytest.mark.parametrize(
    ("file", "data", "told"),
    [
        (None, b"", "no such folder"),
        ("README", b"", "no document"),
        ("b.txt", b"", "b.txt"),
        ("b.txt", b"%PDF-1.7 scan", "b.txt"),
    ],
)
def test_a_corpus_that_is_missing_empty_or_partly_unreadable(
    healthy: Settings, tmp_path: Path, file: str | None, data: bytes, told: str
) -> None:
    folder = tmp_path / "other"
    if file is not None:
        folder.mkdir()
        (folder / file).write_bytes(data)
    (fault,) = faults(changed(healthy, corpus_dir=folder)).values()
    assert fault.subject == "corpus"
    assert told in fault.text
    assert "corpus folder" in fault.remedy


def test_a_model_that_cannot_be_used_spoils_the_index_too(
    healthy: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(settings: Settings) -> None:
        raise ModelError("model 'x' is missing")

    monkeypatch.setattr("app.bootstrap.load_embedder", missing)
    found = faults(healthy)
    assert list(found) == ["model", "index"]
    assert all(fault.remedy == "run: python -m app index build" for fault in found.values())


def test_an_index_that_is_missing_or_stale(healthy: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def stale(settings: Settings, embedder: object) -> None:
        raise StoreError("the corpus changed: a.txt is new")

    monkeypatch.setattr("app.bootstrap.open_index", stale)
    (fault,) = faults(healthy).values()
    assert (fault.subject, fault.text) == ("index", "the corpus changed: a.txt is new")
    assert fault.remedy == "run: python -m app index build"


def test_a_port_that_is_taken(healthy: Settings, taken_port: int) -> None:
    (fault,) = faults(changed(healthy, port=taken_port)).values()
    assert fault.subject == "port"
    assert str(taken_port) in fault.text
    assert "--port" in fault.remedy


def test_several_faults_are_all_told_in_the_order_to_mend_them(
    healthy: Settings, tmp_path: Path, taken_port: int
) -> None:
    nowhere = tmp_path / "nowhere"
    found = faults(changed(healthy, corpus_dir=nowhere, prompts_dir=nowhere, port=taken_port))
    assert list(found) == ["prompts", "corpus", "port"]
    assert all(fault.remedy for fault in found.values())


@pytest.mark.usefixtures("healthy")
def test_the_command_prints_each_finding_and_its_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = [Finding("model", True, "stand-in"), Finding("index", False, "there is none", "run: this")]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("app.doctor.examine", lambda settings: findings)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out == "ok   model: stand-in\nFAIL index: there is none\n     remedy: run: this\n"
    monkeypatch.setattr("app.doctor.examine", lambda settings: findings[:1])
    assert main(["doctor"]) == 0


@pytest.mark.parametrize("shape", ["unknown entry", "missing is a list", "a list"])
def test_prompts_of_another_shape_are_told(healthy: Settings, tmp_path: Path, shape: str) -> None:
    replies = json.loads((ROOT / "prompts" / "replies.zh.json").read_text(encoding="utf-8"))
    if shape == "unknown entry":
        replies["refusel"] = "没有找到。"
    elif shape == "missing is a list":
        replies["missing"] = list(replies["missing"])
    (tmp_path / "replies.zh.json").write_text(
        json.dumps(list(replies) if shape == "a list" else replies), encoding="utf-8"
    )
    assert list(faults(changed(healthy, prompts_dir=tmp_path))) == ["prompts"]
