"""A new index is picked up by what is already running: no restart, no question lost."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from app.reload import LiveAssistant
from app.settings import Settings
from app.web.callers import LOCAL
from app.web.desk import Desk
from app.web.page import ChatPage
from app.web.shares import AnswerBook
from app.web.texts import load_texts
from index.errors import StoreError
from index.types import Answer
from index.versions import POINTER_FILE, read_pointer

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "build" / "models"
PATIENCE_S = 240

FIRST = "港口合作协议\n\n一、港口\n双方共建东山港，年吞吐量不少于320万吨。\n\n二、干部\n双方每年互派干部15名。\n"
ADDED = "铁路合作协议\n\n一、共建铁路\n双方合建西岭铁路，全长87公里。\n\n二、投资\n西岭铁路总投资为64亿元。\n"


class _Fixed:
    """An assistant that says its own name."""

    def __init__(self, name: str, *, wait: threading.Event | None = None) -> None:
        self.name = name
        self.wait = wait
        self.began = threading.Event()
        self.documents = {name: None}
        self.passages = (name,)

    def outline(self, doc_id: str) -> str:
        return f"{self.name}/{doc_id}"

    def search(self, query: str, k: int = 10, *, doc_ids: Any = None) -> list[str]:
        return [self.name]

    def ask(self, question: str, *, history: Any = (), doc_ids: Any = None) -> Answer:
        self.began.set()
        if self.wait is not None:
            assert self.wait.wait(PATIENCE_S)
        return Answer(question, self.name)


def live(first: _Fixed, folder: Path, reopen: Callable[[], Any]) -> LiveAssistant:
    return LiveAssistant(
        cast("Any", first), index_dir=folder, seen=read_pointer(folder), reopen=reopen, every_s=0.01
    )


def point(folder: Path, text: str) -> None:
    (folder / POINTER_FILE).write_text(text, encoding="utf-8")


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.05)


def test_nothing_is_opened_while_the_pointer_stays(tmp_path: Path) -> None:
    point(tmp_path, "v-1 aa")

    def never() -> Any:
        raise AssertionError("opened without need")

    face = live(_Fixed("old"), tmp_path, never)
    assert not face.look()
    assert face.ask("？").text == "old"


def test_every_member_follows_the_new_index(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    point(tmp_path, "v-1 aa")
    face = live(_Fixed("old"), tmp_path, lambda: _Fixed("new"))
    then = face.now()
    point(tmp_path, "v-2 bb")
    assert face.look()
    assert face.ask("？").text == "new"
    assert list(face.documents) == ["new"]
    assert face.passages == cast("Any", ("new",))
    assert face.outline("d") == cast("Any", "new/d")
    assert face.search("q") == cast("Any", ["new"])
    assert list(then.documents) == ["old"], "steps that must agree keep what they took"
    assert not face.look(), "one version is opened once"
    assert "serving the new index: 1 documents" in caplog.text


def test_a_question_under_way_is_finished_by_the_old_index(tmp_path: Path) -> None:
    release = threading.Event()
    old = _Fixed("old", wait=release)
    point(tmp_path, "v-1 aa")
    face = live(old, tmp_path, lambda: _Fixed("new"))
    said: list[str] = []
    asker = threading.Thread(target=lambda: said.append(face.ask("？").text))
    asker.start()
    assert old.began.wait(PATIENCE_S)
    point(tmp_path, "v-2 bb")
    assert face.look()
    assert face.ask("？").text == "new"
    release.set()
    asker.join(PATIENCE_S)
    assert said == ["old"]


@pytest.mark.parametrize("error", [StoreError("built with model 'a', not 'b'; run: x"), RuntimeError("cut off")])
def test_an_index_that_cannot_be_opened_leaves_the_old_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    point(tmp_path, "v-1 aa")
    found: list[Any] = []

    def reopen() -> Any:
        if found:
            return found[0]
        raise error

    face = live(_Fixed("old"), tmp_path, reopen)
    point(tmp_path, "v-2 bb")
    assert not face.look()
    assert not face.look()
    assert face.ask("？").text == "old"
    errors = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert len(errors) == 1, "told once, not at every look"
    assert "the new index is not used, the old one goes on serving" in errors[0].getMessage()
    assert str(error) in caplog.text
    found.append(_Fixed("mended"))
    point(tmp_path, "v-3 cc")
    assert face.look()
    assert face.ask("？").text == "mended"


def test_a_pointer_that_is_gone_leaves_the_old_one(tmp_path: Path) -> None:
    def missing() -> Any:
        raise StoreError("there is no index")

    point(tmp_path, "v-1 aa")
    face = live(_Fixed("old"), tmp_path, missing)
    (tmp_path / POINTER_FILE).unlink()
    assert not face.look()
    assert face.ask("？").text == "old"


def test_the_watch_runs_in_the_block_and_ends_with_it(tmp_path: Path) -> None:
    point(tmp_path, "v-1 aa")
    with live(_Fixed("old"), tmp_path, lambda: _Fixed("new")) as face:
        point(tmp_path, "v-2 bb")
        wait_until(lambda: face.ask("？").text == "new", "the watch sees the new pointer")
    assert not any(one.name == "wence-index" and one.is_alive() for one in threading.enumerate())


def test_the_page_offers_the_documents_of_now(tmp_path: Path, assistant: Any, web_settings: Settings) -> None:
    point(tmp_path, "v-1 aa")
    new = copy(assistant)
    first, second = list(assistant.documents.values())[:2]
    new.documents = {second.doc_id: second}
    face = LiveAssistant(assistant, index_dir=tmp_path, seen=read_pointer(tmp_path), reopen=lambda: new)
    texts = load_texts(web_settings.prompts_dir)
    book = AnswerBook(tmp_path)
    page = ChatPage(face, Desk(face), book, settings=web_settings, texts=texts, examples=())
    before = page.restored(None, None, None, LOCAL)
    assert before.titles is not None
    assert list(before.titles) == list(assistant.documents)
    assert first.title in str(before.shelf)
    point(tmp_path, "v-2 bb")
    assert face.look()
    after = page.restored(None, None, None, LOCAL)
    assert after.titles is not None
    assert list(after.titles) == [second.doc_id]
    assert second.title in str(after.shelf)
    assert first.title not in str(after.shelf)


def run(*arguments: str, build: Path, corpus: Path) -> None:
    places = {"app": ["--build", str(build)], "index": ["--index", str(build / "index")]}[arguments[0]]
    done = subprocess.run(
        [sys.executable, "-m", *arguments, "--corpus", str(corpus), *places],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "harbour.txt").write_text(FIRST, encoding="utf-8")
    return folder


@pytest.fixture
def build(tmp_path: Path, corpus: Path) -> Path:
    """A build folder with the model of this checkout and an index of one document."""
    from app.bootstrap import load_embedder
    from app.settings import load_settings
    from index.build import build_index

    folder = tmp_path / "build"
    folder.mkdir()
    embedder = load_embedder(load_settings(build_dir=ROOT / "build"))
    (folder / "models").symlink_to(MODELS)
    build_index(corpus, folder / "index", embedder)
    return folder


@pytest.fixture
def served(build: Path, corpus: Path, unused_port: Callable[[], int], tmp_path: Path) -> Iterator[str]:
    """The address of a server in a process of its own, as a person starts it."""
    address = f"http://127.0.0.1:{(port := unused_port())}"
    command = [sys.executable, "-m", "app", "serve", "--corpus", str(corpus), "--build", str(build)]
    log = tmp_path / "server.log"
    with log.open("w") as errors:
        server = subprocess.Popen([*command, "--port", str(port)], cwd=ROOT, stdout=errors, stderr=errors)
    try:
        wait_until(lambda: _is_ready(address, server), f"the server is ready; {log.read_text()[-2000:]}")
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(PATIENCE_S)
    assert "serving the new index" in log.read_text(), "the log names each new index"


def _is_ready(address: str, server: subprocess.Popen[bytes]) -> bool:
    assert server.poll() is None, "the server has ended"
    try:
        return httpx.get(f"{address}/readyz", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


class _Asker(threading.Thread):
    """Asks one question after the other until told to stop, and keeps what went wrong."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.address = address
        self.stop = threading.Event()
        self.answered = 0
        self.failures: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self.address, timeout=PATIENCE_S) as client:
            while not self.stop.is_set():
                try:
                    reply = client.post("/api/v1/ask", json={"question": "东山港的年吞吐量是多少？"})
                    record = reply.json()
                    if reply.status_code != 200 or record["refused"] or "320万吨" not in record["answer"]:
                        self.failures.append(reply.text[:400])
                except (httpx.HTTPError, ValueError, KeyError) as error:
                    self.failures.append(repr(error))
                self.answered += 1


@pytest.mark.slow
@pytest.mark.skipif(not MODELS.is_dir(), reason="the model has not been made yet: make setup")
def test_a_server_follows_add_and_remove_without_losing_a_question(
    served: str, build: Path, corpus: Path, tmp_path: Path
) -> None:
    askers = [_Asker(served), _Asker(served)]
    for asker in askers:
        asker.start()
    wait_until(lambda: all(asker.answered for asker in askers), "the first answers")
    new = tmp_path / "railway.txt"
    new.write_text(ADDED, encoding="utf-8")
    with httpx.Client(base_url=served, timeout=PATIENCE_S) as client:
        assert _documents(client) == ["harbour"]
        assert client.post("/api/v1/ask", json={"question": "西岭铁路全长多少公里？"}).json()["refused"]

        run("index", "add", str(new), build=build, corpus=corpus)
        wait_until(lambda: _documents(client) == ["harbour", "railway"], "the list has the new document")
        reply = client.post("/api/v1/ask", json={"question": "西岭铁路全长多少公里？"}).json()
        assert not reply["refused"]
        assert "87公里" in reply["answer"]
        assert reply["citations"][0]["doc_id"] == "railway"
        assert client.get(reply["citations"][0]["url"]).status_code == 200
        assert "铁路合作协议" in client.get("/library").text
        assert "wence_documents 2" in client.get("/metrics").text
        assert client.get("/readyz").json()["documents"] == 2

        run("index", "remove", "railway", build=build, corpus=corpus)
        wait_until(lambda: _documents(client) == ["harbour"], "the removed document is gone")
        assert client.post("/api/v1/ask", json={"question": "西岭铁路全长多少公里？"}).json()["refused"]
        assert client.get("/documents/railway").status_code == 404

        # What is pointed to but cannot be opened must not take the service down.
        pointer = build / "index" / POINTER_FILE
        kept = pointer.read_text(encoding="utf-8")
        pointer.write_text("v-20300101-nothing 00\n", encoding="utf-8")
        before = [asker.answered for asker in askers]
        wait_until(
            lambda: all(asker.answered > count + 2 for asker, count in zip(askers, before, strict=True)),
            "answers from the old index go on",
        )
        pointer.write_text(kept, encoding="utf-8")
        assert _documents(client) == ["harbour"]
    for asker in askers:
        asker.stop.set()
    for asker in askers:
        asker.join(PATIENCE_S)
    assert [asker.failures for asker in askers] == [[], []]


def _documents(client: httpx.Client) -> list[str]:
    return sorted(one["doc_id"] for one in client.get("/api/v1/documents").json())
