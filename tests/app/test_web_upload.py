"""Documents that come in through the service and leave it again: preview, adding, removing, and who may."""

from __future__ import annotations

import io
import json
import os
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas
from starlette.testclient import TestClient

from app.bootstrap import build_live_assistant, open_intake
from app.intake.faults import IntakeError
from app.intake.names import safe_name
from app.settings import Settings, load_settings
from app.web.keys import KeyRing, Ticket
from app.web.service import create_app
from app.web.staging import Staging
from index.errors import StoreError
from index.versions import exclusive_build, read_pointer

PATIENCE_S = 120
MODELS = Path(__file__).parents[2] / "build" / "models"
# The file of the npm package axe-core; it is not kept here.
AXE = Path(os.environ.get("AXE_JS", "node_modules/axe-core/axe.min.js"))
HOME = "http://127.0.0.1:7860"
FIRST = "港口合作协议\n\n一、港口\n双方共建东山港，年吞吐量不少于320万吨，分三期建成并投入使用。\n"
RAIL = (
    "北山市与南海市铁路合作协议\n\n一、共建铁路\n双方合建西岭铁路，全长87公里，2029年底前建成通车。\n\n"
    "二、投资\n西岭铁路总投资为64亿元，双方各承担一半。\n\n责任编辑：王某\n"
)


@pytest.fixture
def place(make_place: Any, tmp_path: Path) -> Iterator[Any]:
    one = make_place(tmp_path, FIRST)
    yield one
    one.intake.close()


@pytest.fixture
def client(place: Any) -> Iterator[TestClient]:
    app = create_app(place.live, place.settings, place.intake)
    with TestClient(app, base_url=HOME, client=("127.0.0.1", 5000), follow_redirects=False) as one:
        yield one


@pytest.fixture(scope="module")
def still(make_place: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Any]]:
    """A service and its library for tests that change nothing of it."""
    one = make_place(tmp_path_factory.mktemp("still"), FIRST)
    app = create_app(one.live, one.settings, one.intake)
    with TestClient(app, base_url=HOME, client=("127.0.0.1", 5000), follow_redirects=False) as client:
        yield client, one
    one.intake.close()


def sent(name: str, data: bytes | str) -> dict[str, Any]:
    return {"file": (name, data.encode() if isinstance(data, str) else data)}


def wait_for(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_S
    while job["state"] in {"queued", "running"}:
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
        job = client.get(f"/api/v1/uploads/{job['id']}").json()
    return job


def test_preview_shows_everything_and_adds_nothing(still: tuple[TestClient, Any]) -> None:
    client, place = still
    before = place.files()
    told = client.post("/api/v1/documents/preview", files=sent("rail.txt", RAIL), data={"issuer": "两市政府"})
    assert told.status_code == 200
    shown = told.json()
    assert (shown["title"], shown["issuer"]) == ("北山市与南海市铁路合作协议", "两市政府")
    assert [one["heading"] for one in shown["outline"]][-2:] == ["一、共建铁路", "二、投资"]
    assert {one["text"] for one in shown["removed"]} == {"责任编辑：王某"}
    joined = "".join(one["text"] for one in shown["passages"])
    assert "全长87公里" in joined
    assert "责任编辑" not in joined
    assert shown["similar"] == []
    assert place.files() == before
    assert list(place.live.documents) == ["port"]


def test_added_document_is_found_and_can_be_removed(client: TestClient, place: Any) -> None:
    began = client.post("/api/v1/documents", files=sent("rail.txt", RAIL), data={"issued": "2025-03-01"})
    assert began.status_code == 202
    assert began.headers["location"] == f"/api/v1/uploads/{began.json()['id']}"
    assert wait_for(client, began.json())["state"] == "done"
    assert client.get("/api/v1/documents/rail").json()["issued"] == "2025-03-01"
    assert [hit.passage.doc_id for hit in place.live.search("西岭铁路全长多少公里？", 1)] == ["rail"]
    gone = client.delete("/api/v1/documents/rail")
    assert gone.status_code == 202
    assert wait_for(client, gone.json())["state"] == "done"
    assert client.get("/api/v1/documents/rail").status_code == 404
    assert set(place.files()) == {"port.txt", "sources.jsonl"}
    assert place.files()["sources.jsonl"] == b""
    # Nothing of it is left in an older version of the index.
    versions = list(place.settings.index_dir.glob("v-*"))
    assert len(versions) == 1
    assert not any("西岭".encode() in path.read_bytes() for path in versions[0].rglob("*") if path.is_file())


def test_document_that_was_not_uploaded_stays(client: TestClient, place: Any) -> None:
    refused = client.delete("/api/v1/documents/port")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "upload_not_removable")
    assert client.delete("/api/v1/documents/none").status_code == 404
    assert "port.txt" in place.files()


def scanned() -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    for _ in range(3):
        canvas.rect(50, 50, 400, 600, fill=1)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def locked() -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, encrypt=StandardEncryption("geheim", canPrint=0))
    canvas.drawString(50, 50, "text")
    canvas.save()
    return stream.getvalue()


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("a.txt", "x")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "status", "code"),
    [
        ("a.pdf", scanned(), 422, "upload_scanned"),
        ("a.pdf", locked(), 422, "upload_locked"),
        ("a.pdf", b"%PDF-1.7 nothing more", 422, "upload_damaged"),
        ("a.docx", b"PK\x03\x04 cut", 422, "upload_damaged"),
        ("a.docx", zipped(), 422, "upload_format"),
        ("a.docx", b"\xd0\xcf\x11\xe0 old word", 422, "upload_format"),
        ("a.txt", b"", 422, "upload_empty"),
        ("a.txt", " \n　".encode(), 422, "upload_empty"),
        ("a.html", b"<!doctype html><html><body><script>1</script></body></html>", 422, "upload_empty"),
        ("a.txt", bytes(range(256)) * 9, 422, "upload_damaged"),
        ("a.png", b"\x89PNG", 422, "upload_name"),
        ("a.txt", b"\x89PNG\r\n\x1a\n0000", 422, "upload_scanned"),
        ("sources.jsonl", b"{}", 422, "upload_name"),
        (".htaccess", b"x", 422, "upload_name"),
        ("README.md", "说明".encode(), 422, "upload_name"),
        ("PORT.txt", RAIL.encode(), 409, "upload_name_taken"),
        ("other.txt", FIRST.encode(), 409, "upload_duplicate"),
        ("a.txt", b"x" * (1024 * 1024 + 1), 413, "upload_too_large"),
        ("a.txt", b"x" * (2 * 1024 * 1024), 413, "body_too_large"),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/documents/preview", "/api/v1/documents"])
def test_file_that_cannot_be_a_document_is_told_why(
    still: tuple[TestClient, Any], path: str, name: str, data: bytes, status: int, code: str
) -> None:
    client, place = still
    before = place.files()
    told = client.post(path, files=sent(name, data))
    assert (told.status_code, told.json()["error"]["code"]) == (status, code), told.text
    assert "{" not in told.json()["error"]["message"]
    assert place.files() == before


@pytest.mark.parametrize(
    ("said", "code"), [({"issued": "gestern"}, "upload_record"), ({"url": "javascript:alert(1)"}, "upload_record")]
)
def test_wrong_facts_are_refused(still: tuple[TestClient, Any], said: dict[str, str], code: str) -> None:
    client, place = still
    told = client.post("/api/v1/documents", files=sent("rail.txt", RAIL), data=said)
    assert (told.status_code, told.json()["error"]["code"]) == (422, code)
    assert list(place.files()) == ["port.txt"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\win.txt", "win.txt"),
        ("/etc/cron.d/a.md", "a.md"),
        ("a\x00b\n.txt", "a_b.txt"),
        ("<script>.html", "script.html"),
        ("某市 “十四五” 规划（2021—2025年）.docx", "某市_十四五_规划（2021—2025年）.docx"),
        ("...txt", None),
        ("con.txt", None),
        ("a.tar.gz", None),
        ("noending", None),
        ("", None),
        ("..", None),
        (".intake-x.txt", "intake-x.txt"),
    ],
)
def test_file_names_lead_nowhere_else(name: str, safe: str | None) -> None:
    assert safe_name(name) == safe


def test_long_names_are_cut_to_what_a_folder_takes(tmp_path: Path) -> None:
    name = safe_name("规" * 300 + ".pdf")
    assert name is not None
    (tmp_path / f".copying-{name}").touch()


def test_likeness_to_a_document_is_told(place: Any) -> None:
    found = place.intake.preview(
        "again.txt", (FIRST + "附则\n本协议一式两份，自签署之日起生效，有效期五年。\n").encode()
    )
    assert [(one.doc_id, one.share) for one in found.similar] == [("port", 0.5)]


def test_failed_build_leaves_everything_as_it_was(place: Any) -> None:
    (place.settings.corpus_dir / "sources.jsonl").write_text('{"source": "port.txt", "kind": "协议"}')
    before, pointer = place.files(), read_pointer(place.settings.index_dir)
    place.encoder.fault = StoreError("no space left; free some")
    job = place.ended(place.intake.add("rail.txt", RAIL.encode(), {"title": "铁路"}))
    assert job.state == "failed"
    assert job.error is not None
    assert (job.error.code, "no space left" in job.error.values["detail"]) == ("upload_failed", True)
    assert place.files() == before
    assert read_pointer(place.settings.index_dir) == pointer
    assert list(place.live.documents) == ["port"]
    # The same file can be added once the fault is mended.
    place.encoder.fault = None
    assert place.ended(place.intake.add("rail.txt", RAIL.encode(), {"title": "铁路"})).state == "done"
    assert place.live.documents["rail"].title == "铁路"
    lines = (place.settings.corpus_dir / "sources.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["source"] for line in lines] == ["port.txt", "rail.txt"]


def test_error_that_nobody_foresaw_is_undone_and_told(place: Any) -> None:
    before = place.files()
    place.encoder.fault = RuntimeError("torch fell over")
    job = place.ended(place.intake.add("rail.txt", RAIL.encode()))
    assert (job.state, job.error and job.error.code) == ("failed", "upload_failed")
    assert "torch" not in str(job.error)
    assert place.files() == before


def test_failed_removal_keeps_the_document(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    place.ended(place.intake.add("rail.txt", RAIL.encode(), {"title": "铁路"}))
    before = place.files()
    monkeypatch.setattr("app.intake.intake._BUILD_PATIENCE_S", 0.0)
    with exclusive_build(place.settings.index_dir):
        job = place.ended(place.intake.remove("rail"))
    assert job.state == "failed"
    assert "another build" in str(job.error)
    assert place.files() == before
    assert "rail" in place.live.documents
    assert place.ended(place.intake.remove("rail")).state == "done"


def test_build_of_another_program_is_waited_for(place: Any) -> None:
    with exclusive_build(place.settings.index_dir):
        job = place.intake.add("rail.txt", RAIL.encode())
        deadline = time.monotonic() + PATIENCE_S
        while (found := place.intake.job(job.id)) is None or found.state != "running":
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert place.ended(job).state == "done"


def test_questions_are_answered_while_a_document_is_added(place: Any) -> None:
    place.encoder.gate = threading.Event()
    job = place.intake.add("rail.txt", RAIL.encode())
    assert place.live.search("东山港年吞吐量", 1)[0].passage.doc_id == "port"
    with pytest.raises(IntakeError, match="upload_name_taken"):
        place.intake.add("rail.txt", (RAIL + "三、附则\n本协议自签署之日起生效。\n").encode())
    place.encoder.gate.set()
    assert place.ended(job).state == "done"


def test_same_file_under_two_names_is_added_once(place: Any) -> None:
    place.encoder.gate = threading.Event()
    first = place.intake.add("rail.txt", RAIL.encode())
    second = place.intake.add("a-rail.txt", RAIL.encode())
    place.encoder.gate.set()
    assert place.ended(first).state == "done"
    failed = place.ended(second)
    assert (failed.state, failed.error.code) == ("failed", "upload_duplicate")
    assert set(place.live.documents) == {"port", "rail"}
    assert "a-rail.txt" not in place.files()


def test_only_so_many_wishes_wait(place: Any) -> None:
    place.encoder.gate = threading.Event()
    try:
        for number in range(20):
            place.intake.add(f"a{number}.txt", f"{RAIL}{number}号附件，内容见双方另行签订的文本。\n".encode())
        with pytest.raises(IntakeError, match="upload_busy"):
            place.intake.add("one-more.txt", RAIL.encode())
    finally:
        place.encoder.gate.set()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "rebound.example"},
        {"X-Forwarded-For": "203.0.113.7"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/documents"),
        ("POST", "/api/v1/documents/preview"),
        ("DELETE", "/api/v1/documents/port"),
        ("POST", "/library-preview"),
        ("POST", "/library-add"),
        ("POST", "/library-remove"),
    ],
)
def test_pages_of_others_change_nothing(
    still: tuple[TestClient, Any], method: str, path: str, headers: dict[str, str]
) -> None:
    client, _ = still
    files = None if method == "DELETE" or path in {"/library-add", "/library-remove"} else sent("rail.txt", RAIL)
    told = client.request(method, path, files=files, headers=headers)
    assert (told.status_code, told.json()["error"]["code"]) == (403, "upload_foreign")


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_key_needs_the_scope_and_a_token_never_has_it(client: TestClient, place: Any) -> None:
    ring = KeyRing(place.settings.state_dir)
    _, reader = ring.add("reader", ["ask", "read"])
    key, writer = ring.add("writer", ["write", "read"])
    files = sent("rail.txt", RAIL)
    path = "/api/v1/documents/preview"
    assert client.post(path, files=files).status_code == 401
    assert client.post(path, files=files, headers=bearer(reader)).json()["error"]["code"] == "scope_missing"
    # A program may send any origin, or none: it holds the key.
    assert client.post(path, files=files, headers={**bearer(writer), "Host": "wence.example"}).status_code == 200
    ticket = Ticket("embed", key.id, "portal", key.scopes, int(time.time()) + 60)
    assert ring.read(ring.sign(ticket)).scopes == {"read"}  # type: ignore[union-attr]
    entered = client.post("/sign-in", data={"key": writer, "next": "library"})
    assert entered.status_code == 303
    assert 'name="file"' in client.get("/library").text
    own = {"Origin": HOME}
    assert client.post(path, files=sent("rail.txt", RAIL), headers=own).status_code == 200
    other = {"Origin": "https://evil.example"}
    assert client.post(path, files=sent("rail.txt", RAIL), headers=other).status_code == 403
    assert client.get("/api/v1/uploads/none").json()["error"]["code"] == "upload_unknown"


def test_closed_by_default(assistant: Any, tmp_path: Path) -> None:
    settings = Settings(build_dir=tmp_path)
    assert not settings.uploads
    with TestClient(create_app(assistant, settings), base_url=HOME, client=("127.0.0.1", 1)) as client:
        told = client.post("/api/v1/documents", files=sent("rail.txt", RAIL))
        assert (told.status_code, told.json()["error"]["code"]) == (403, "upload_off")
        page = client.get("/library").text
        assert 'name="file"' not in page
        assert "--uploads" in page
        large = client.post("/api/v1/documents", files=sent("a.txt", b"x" * 70_000))
        assert large.status_code == 413


def hidden(html: str, name: str) -> str:
    return html.split(f'name="{name}" value="')[1].split('"')[0]


def test_person_adds_and_removes_a_document_without_scripts(client: TestClient, place: Any) -> None:
    library = client.get("/library").text
    assert 'action="./library-preview"' in library
    assert "移除" not in library
    page = client.post("/library-preview", files=sent("rail.txt", RAIL), data={"lang": "zh-CN"})
    assert page.status_code == 200
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert "<script>" not in page.text
    assert "预览：北山市与南海市铁路合作协议" in page.text
    assert "编辑与署名" in page.text
    fields = {name: hidden(page.text, name) for name in ("staged", "title", "was_title", "issuer", "was_issuer")}
    fields["title"] = "西岭铁路合作协议"
    moved = client.post("/library-add", data=fields)
    assert moved.status_code == 303
    job = moved.headers["location"].split("job=")[1].split("&")[0]
    assert wait_for(client, client.get(f"/api/v1/uploads/{job}").json())["state"] == "done"
    shown = client.get(f"/library?job={job}").text
    assert "《西岭铁路合作协议》已加入文件库" in shown
    records = (place.settings.corpus_dir / "sources.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(one) for one in records] == [{"source": "rail.txt", "title": "西岭铁路合作协议"}]
    # The same form sent again finds nothing any more.
    assert client.post("/library-add", data=fields).status_code == 404
    assert shown.count("确定移除") == 1
    moved = client.post("/library-remove", data={"doc_id": "rail", "lang": "en"})
    job = moved.headers["location"].split("job=")[1].split("&")[0]
    assert wait_for(client, client.get(f"/api/v1/uploads/{job}").json())["state"] == "done"
    assert "was removed from the library" in client.get(f"/library?job={job}&lang=en").text


def test_fault_of_a_file_stands_on_the_librarys_page(still: tuple[TestClient, Any]) -> None:
    client, _ = still
    told = client.post("/library-preview", files=sent("a.pdf", scanned()))
    assert told.status_code == 422
    assert "a.pdf”是扫描件，没有文字层" in told.text
    assert 'action="./library-preview"' in told.text
    nothing = client.post("/library-preview", data={"file": ""})
    assert nothing.status_code == 422
    assert client.get("/library-preview").headers["location"] == "./library"


def test_hostile_file_is_text_in_its_preview(still: tuple[TestClient, Any]) -> None:
    client, _ = still
    title = '<b>标题</b>"><script>alert(1)</script>协议'
    text = f"{title}\n\n一、<img src=x onerror=alert(2)>\n双方同意'><i>条款</i>的全部内容。\n"
    page = client.post("/library-preview", files=sent('"><script>x.txt', text)).text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_staged_file_is_for_the_one_who_sent_it(tmp_path: Path) -> None:
    staging = Staging(tmp_path)
    staged = staging.put("a.txt", b"x", by="anna")
    assert staging.get(staged, by="anna") is not None
    assert staging.get(staged, by="bert") is None
    assert staging.get("../" + staged, by="anna") is None
    first = staging.put("0.txt", b"x", by="anna")
    for number in range(16):
        staging.put(f"{number}.txt", b"x", by="anna")
    assert staging.get(first, by="anna") is None
    staging.drop(staged)
    assert len(list((tmp_path / "staging").iterdir())) <= 32


def test_staged_file_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staging = Staging(tmp_path)
    staged = staging.put("a.txt", b"x", by="anna")
    later: Callable[[], float] = lambda: time.mktime(time.localtime()) + 3700  # noqa: E731
    monkeypatch.setattr("app.web.staging.time.time", later)
    assert staging.get(staged, by="anna") is None


@pytest.mark.slow
def test_uploaded_document_is_answered_from(tmp_path: Path) -> None:
    """With the real model, through the program's own composition."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "port.txt").write_text(FIRST, encoding="utf-8")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "models").symlink_to(MODELS, target_is_directory=True)
    settings = load_settings(corpus_dir=tmp_path / "corpus", build_dir=tmp_path / "build", uploads=True)
    with build_live_assistant(settings) as live, open_intake(settings, live) as intake:
        app = create_app(live, settings, intake)
        with TestClient(app, base_url=HOME, client=("127.0.0.1", 5000)) as client:
            question = {"question": "西岭铁路全长多少公里？"}
            assert client.post("/api/v1/ask", json=question).json()["refused"]
            job = client.post("/api/v1/documents", files=sent("rail.txt", RAIL)).json()
            assert wait_for(client, job)["state"] == "done"
            record = client.post("/api/v1/ask", json=question).json()
            assert "87公里" in record["answer"]
            assert record["citations"][0]["doc_id"] == "rail"
            assert wait_for(client, client.delete("/api/v1/documents/rail").json())["state"] == "done"
            assert client.post("/api/v1/ask", json=question).json()["refused"]


@pytest.mark.browser
def test_library_page_in_a_browser(place: Any, serve: Any, browser: Any) -> None:
    with serve(create_app(place.live, place.settings, place.intake)) as address:
        context = browser.new_context(locale="zh-CN")
        page = context.new_page()
        page.set_default_timeout(60_000)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto(f"{address}/library")
        box = page.locator("#file")
        box.set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"x" * (1024 * 1024 + 1)})
        assert "超过 1 MB" in box.evaluate("box => box.validationMessage")
        box.set_input_files({"name": "rail.txt", "mimeType": "text/plain", "buffer": RAIL.encode()})
        page.locator(".upload button").click()
        page.locator("h1", has_text="预览：").wait_for()
        assert page.locator(".passages li").count() >= 2
        page.locator(".choice button").last.click()
        page.locator(".notice.good", has_text="已加入文件库，可以提问了").wait_for()
        assert httpx.get(f"{address}/api/v1/documents/rail").status_code == 200
        page.locator(".remove summary").click()
        page.locator(".remove button").click()
        page.locator(".notice.good", has_text="已从文件库移除").wait_for()
        assert page.locator(".remove").count() == 0
        assert faults == []
        context.close()


@pytest.mark.browser
@pytest.mark.slow
def test_axe_finds_nothing_serious_on_the_way_in(place: Any, serve: Any, browser: Any) -> None:
    if not AXE.is_file():
        pytest.skip("no axe-core: npm install axe-core, or set AXE_JS to its axe.min.js")
    place.ended(place.intake.add("old.txt", (RAIL + "三、附则\n本协议有效期三年。\n").encode()))
    with serve(create_app(place.live, place.settings, place.intake)) as address:
        # The policy would keep the test's own script out.
        context = browser.new_context(locale="zh-CN", bypass_csp=True)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{address}/library")
        page.locator(".remove summary").click()
        assert serious(page) == []
        page.locator("#file").set_input_files({"name": "a.pdf", "mimeType": "text/plain", "buffer": scanned()})
        page.locator(".upload button").click()
        page.locator("[role=alert]", has_text="扫描件").wait_for()
        assert serious(page) == []
        page.locator("#file").set_input_files(
            {"name": "rail.txt", "mimeType": "text/plain", "buffer": RAIL.encode()}
        )
        page.locator(".upload button").click()
        page.locator("h1", has_text="预览：").wait_for()
        assert serious(page) == []
        context.close()


def serious(page: Any) -> list[str]:
    """Return the serious and critical findings of axe on the page, as rule and place."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    wanted = [one for one in found if one["impact"] in {"serious", "critical"}]
    return [f"{one['id']}: {node['html'][:160]}" for one in wanted for node in one["nodes"]]
