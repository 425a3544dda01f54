"""What README.md says can be pasted is taken from it and run: commands, pages, clients, units."""

from __future__ import annotations

import configparser
import contextlib
import getpass
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import pytest

from app.cli import main
from app.settings import Channel, Settings, load_settings
from app.web.keys import KeyRing, Ticket
from app.web.service import create_app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PUBLIC = "https://wence.example.org"
LOCAL = "http://127.0.0.1:7860"
PORTAL_DOC = "001_425dc3c6bcd1fc5c"


def section(heading: str) -> str:
    """The text under a heading, up to the next one of its level or above."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", README, re.MULTILINE)
    assert found, f"README.md has no section {heading!r}"
    end = re.search(rf"^#{{1,{len(found[1])}}} ", README[found.end() :], re.MULTILINE)
    return README[found.end() : found.end() + end.start() if end else len(README)]


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_every_section_that_is_run_is_there() -> None:
    assert len([one for one in blocks("bash") if "curl" in one]) >= 2
    for heading, language in (
        ("Embed: the web component", "html"),
        ("OpenAI's protocol", "python"),
        ("Your own documents", "python"),
        ("MCP", "json"),
        ("Behind nginx, under a prefix", "nginx"),
        ("A systemd unit", "ini"),
        ("Keys, channels, limits", "toml"),
    ):
        assert blocks(language, section(heading)), heading
    assert "<iframe" in section("Embed: a frame")


@pytest.fixture(scope="module")
def keyed(
    make_place: Any, serve: Any, portal_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A service with keys, a channel and the way in for documents: its address, and a key for everything."""
    channel = Channel(parents=(f"http://127.0.0.1:{portal_port}",))
    folder = tmp_path_factory.mktemp("readme")
    place = make_place(
        folder, "港口合作协议\n\n一、港口\n双方共建东山港，年吞吐量不少于320万吨。\n", channels={"portal": channel}
    )
    ring = KeyRing(place.settings.state_dir)
    _, key = ring.add("readme", ["ask", "read", "feedback", "write", "admin"])
    with serve(create_app(place.live, place.settings, place.intake)) as address:
        yield address, key
    place.intake.close()


def curls() -> list[Any]:
    return [
        pytest.param(one, id=f"bash-{number}")
        for number, one in enumerate(blocks("bash"))
        if re.search(r"\bcurl\b", one)
    ]


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl on the PATH")
@pytest.mark.parametrize("script", curls())
def test_curl(script: str, keyed: Any, server: str, tmp_path: Path) -> None:
    closed, key = keyed
    # The service that the lines start is the test's own; "on one machine" has no keys.
    lines = [line for line in script.splitlines() if not line.startswith("python -m app")]
    text = "\n".join(lines).replace(PUBLIC, closed)
    text = text.replace(LOCAL, closed if "$KEY" in text else server)
    for name in re.findall(r"@([\w./-]+\.\w+)", text):
        assert name.endswith((".txt", ".docx", ".pdf", ".md")), name
        words = "渡口合作协议\n\n一、渡口\n双方合建西江渡口，投资三亿元，两年内建成通航。\n"
        if name.endswith(".docx"):
            import docx

            document = docx.Document()
            for line in words.splitlines():
                document.add_paragraph(line)
            document.save(str(tmp_path / name))
        else:
            (tmp_path / name).write_text(words, encoding="utf-8")
    # A status of 400 and more is a failure, which curl itself does not think.
    script = f'set -euo pipefail\ncurl() {{ command curl --fail-with-body "$@"; }}\n{text}\n'
    environment = {"KEY": key, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    assert done.stdout.strip()


@contextlib.contextmanager
def host_page(port: int, body: str) -> Iterator[str]:
    """A page of another origin with ``body`` in it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><body>{body}</body></html>'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: Any) -> None:
            """Keep the test output clean."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as portal:
        thread = threading.Thread(target=portal.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{port}/"
        portal.shutdown()
        thread.join()


@pytest.mark.browser
@pytest.mark.slow
def test_web_component(open_page: Any, server: str, portal_port: int) -> None:
    (html,) = blocks("html", section("Embed: the web component"))
    assert PUBLIC in html
    with host_page(portal_port, html.replace(PUBLIC, server)) as address:
        page = open_page(address, ready="wence-chat textarea")
        page.locator("wence-chat textarea").fill("研发经费")
        page.locator("wence-chat textarea").press("Enter")
        page.locator("wence-chat [part=quote]").wait_for()
        assert page.locator("wence-chat [part=header]").inner_text() == "政策问答"


@pytest.mark.browser
@pytest.mark.slow
def test_frame(open_page: Any, assistant: Any, serve: Any, portal_port: int, tmp_path: Path) -> None:
    found = re.search(r"<iframe [^>]*></iframe>", section("Embed: a frame"))
    assert found
    channel = Channel(parents=(f"http://127.0.0.1:{portal_port}",), documents=(PORTAL_DOC,))
    settings = Settings(build_dir=tmp_path, channels={"portal": channel})
    ring = KeyRing(settings.state_dir)
    key, _ = ring.add("portal", ["ask", "read", "feedback"])
    token = ring.sign(Ticket("embed", key.id, "portal", key.scopes, int(time.time()) + 600))
    with serve(create_app(assistant, settings)) as service:
        html = found[0].replace(PUBLIC, service).replace("token=…", f"token={token}")
        assert token in html
        with host_page(portal_port, html) as address:
            page = open_page(address, ready="iframe")
            frame = page.frame_locator("iframe")
            frame.locator("#wn-box textarea").fill("七个方面")
            frame.locator("#wn-box textarea").press("Enter")
            frame.locator("#cite-1-1").wait_for()


def test_openai_client(server: str) -> None:
    pytest.importorskip("openai", reason="the openai client is not installed")
    (code,) = blocks("python", section("OpenAI's protocol"))
    assert LOCAL in code
    code = code.replace(LOCAL, server).replace("协议涉及哪些合作领域？", "七个方面")
    said = io.StringIO()
    scope: dict[str, Any] = {}
    try:
        with contextlib.redirect_stdout(said):
            exec(compile(code, "README.md", "exec"), scope)
    finally:
        scope["client"].close()
    assert said.getvalue().startswith("共7项：[1]")
    assert "1 重庆两江新区与四川天府新区签署战略合作协议" in said.getvalue()


@pytest.mark.slow
def test_langchain_retriever(real_assistant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = blocks("python", section("Your own documents"))
    monkeypatch.chdir(ROOT)
    scope: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), scope)
    found = scope["documents"]
    assert 1 <= len(found) <= 4
    promised = re.search(r"# metadata: (.*)", code)
    assert promised
    for name in promised[1].split(", "):
        assert name in found[0].metadata
    document = real_assistant.documents[found[0].metadata["passage_id"].rsplit(":", 1)[0]]
    start, end = found[0].metadata["start"], found[0].metadata["end"]
    assert document.text[start:end] == found[0].page_content


def mcp_servers() -> list[Any]:
    """Each server of the settings for MCP clients, with the kind of its transport as the test's id."""
    found = []
    for block in blocks("json", section("MCP")):
        for name, server in json.loads(block)["mcpServers"].items():
            found.append(pytest.param(server, id=f"{name}-{'http' if 'url' in server else 'stdio'}"))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("settings", mcp_servers())
def test_mcp_settings(settings: dict[str, Any], keyed: Any, real_assistant: Any) -> None:
    mcp = pytest.importorskip("mcp", reason="the package mcp is not installed")
    httpx2 = pytest.importorskip("httpx2", reason="the package mcp is not installed")
    from mcp.client.stdio import StdioServerParameters, stdio_client
    from mcp.client.streamable_http import streamable_http_client

    async def tools() -> set[str]:
        if "url" in settings:
            address, key = keyed
            url = settings["url"].replace(PUBLIC, address).replace(LOCAL, address)
            headers = {name: re.sub(r"KEY|wence_\S+|…", key, text) for name, text in settings["headers"].items()}
            async with (
                httpx2.AsyncClient(headers=headers, timeout=60) as http,
                mcp.Client(streamable_http_client(url, http_client=http)) as client,
            ):
                return {tool.name for tool in (await client.list_tools()).tools}
        assert settings["command"] == ".venv/bin/python"
        process = StdioServerParameters(command=sys.executable, args=settings["args"], cwd=str(ROOT))
        async with mcp.Client(stdio_client(process)) as client:
            return {tool.name for tool in (await client.list_tools()).tools}

    # In a thread of its own: the browser's driver keeps a loop running in this one.
    with ThreadPoolExecutor(1) as worker:
        assert worker.submit(anyio.run, tools).result() == {"ask", "search", "get_document"}


def test_channels_of_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = blocks("toml", section("Keys, channels, limits"))
    (tmp_path / "wence.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    channel = load_settings().channels["portal"]
    assert channel.parents == ("https://portal.example.org",)
    assert channel.documents == (PORTAL_DOC,)


def test_key_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        shlex.split(line, comments=True)
        for block in blocks("bash", section("Keys, channels, limits"))
        for line in block.splitlines()
        if line.startswith("python -m app keys")
    ]
    assert [line[4] for line in lines] == ["add", "list", "rotate", "revoke"]
    ring = KeyRing(tmp_path / "state")
    for line in lines:
        known = ring.listed()
        words = [known[0].id if word == "ID" else word for word in line[3:]]
        assert main([*words, "--build", str(tmp_path)]) == 0, line
    assert capsys.readouterr().out
    assert len(ring.listed()) == 2


def unit() -> configparser.ConfigParser:
    (text,) = blocks("ini", section("A systemd unit"))
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(text)
    return parsed


def test_systemd_unit_is_valid(tmp_path: Path) -> None:
    parsed = unit()
    service = parsed["Service"]
    folder = service["WorkingDirectory"]
    assert all(path.startswith(folder) for path in service["ReadWritePaths"].split())
    # The program is given 30 seconds to finish answers; being killed sooner would cut them off.
    assert int(service["TimeoutStopSec"]) > Settings().shutdown_grace_s
    command = service["ExecStart"].split()
    assert command[0] == f"{folder}/.venv/bin/python"
    done = subprocess.run(
        [sys.executable, *command[1:], "--help"], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        return
    (text,) = blocks("ini", section("A systemd unit"))
    # The paths and the user of one's own machine stand in for those of the example.
    text = text.replace(f"{folder}/.venv/bin/python", sys.executable).replace(folder, str(tmp_path))
    text = text.replace("User=wence", f"User={getpass.getuser()}")
    file = tmp_path / "wence.service"
    file.write_text(text, encoding="utf-8")
    checked = subprocess.run(
        [analyze, "verify", "--man=no", str(file)], capture_output=True, timeout=120, check=False
    )
    about = [line for line in checked.stderr.decode().splitlines() if "wence" in line]
    assert not about
    assert checked.returncode == 0, checked.stderr.decode()


def test_container_file() -> None:
    """No container engine runs here; what it copies must be there and what it runs must be understood."""
    for text in blocks("dockerfile"):
        lines = [shlex.split(line) for line in text.replace("\\\n", " ").splitlines() if line.strip()]
        copied = [word for line in lines if line[0] == "COPY" for word in line[1:-1] if not word.startswith("--")]
        assert copied
        for name in copied:
            assert (ROOT / name).exists(), name
        (command,) = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
        words = json.loads(command)
        assert words[1:4] == ["-m", "app", "serve"]
        done = subprocess.run(
            [sys.executable, *words[1:], "--help"], cwd=ROOT, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
