"""The service under a path prefix behind a real nginx."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not NGINX, reason="no nginx: install it (apt-get install nginx-light)"),
]

README = Path(__file__).parents[2] / "README.md"
# What stands around the README's location in the configuration of a machine.
CONFIG = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    {location}
  }}
}}
"""


def location(service: str) -> str:
    """The location that README.md gives, with the test's own service behind it."""
    (text,) = re.findall(r"^```nginx\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert "proxy_pass http://127.0.0.1:7860/;" in text
    return str(text.replace("http://127.0.0.1:7860", service))


@pytest.fixture(scope="module")
def proxied(
    server: str, unused_port: Callable[[], int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("nginx")
    port = unused_port()
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, location=location(server)))
    command = [str(NGINX), "-c", str(config), "-p", str(folder), "-e", str(folder / "error.log")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as nginx:
        address = f"http://127.0.0.1:{port}/policy"
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{address}/healthz")
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline, (folder / "error.log").read_text()
                time.sleep(0.1)
        yield address
        nginx.terminate()


def test_api_and_pages_under_the_prefix(proxied: str) -> None:
    record = httpx.post(f"{proxied}/api/v1/ask", json={"question": "研发经费"}).json()
    url = record["citations"][0]["url"]
    page = httpx.get(proxied + url)
    assert '<mark id="cited"' in page.text
    assert 'href="../wence/document.css"' in page.text
    moved = httpx.get(f"{proxied}/embed")
    assert moved.headers["location"] == "./?embed=1"


def test_mcp_under_the_prefix(proxied: str) -> None:
    mcp = pytest.importorskip("mcp", reason="the package mcp is not installed")

    async def tools() -> set[str]:
        async with mcp.Client(f"{proxied}/mcp") as client:
            return {tool.name for tool in (await client.list_tools()).tools}

    # In a thread of its own: the browser's driver may keep a loop running in this one.
    with ThreadPoolExecutor(1) as worker:
        assert worker.submit(anyio.run, tools).result() == {"ask", "search", "get_document"}


def test_stream_is_not_held_back(proxied: str, assistant: Any) -> None:
    assistant.gate = threading.Event()
    try:
        url = f"{proxied}/api/v1/ask/stream"
        with httpx.stream("POST", url, json={"question": "七个方面"}, timeout=120) as reply:
            lines = reply.iter_lines()
            assert next(lines) == "event: status"
            # Only now can there be an answer: a proxy that gathers the reply would have nothing to pass on yet.
            assistant.gate.set()
            assert "event: answer" in list(lines)
    finally:
        assistant.gate = None


@pytest.mark.browser
@pytest.mark.parametrize("path", ["/", "/en/"])
def test_page_under_the_prefix(open_page: Any, proxied: str, path: str) -> None:
    page = open_page(proxied + path, ready=".wn-example")
    strays: list[str] = []
    page.on("request", lambda request: None if "/policy/" in request.url else strays.append(request.url))
    page.fill("#wn-box textarea", "研发经费")
    page.press("#wn-box textarea", "Enter")
    page.locator("#cite-1-1 .wn-open").click()
    page.frame_locator("#wn-reader-frame").locator("#cited").wait_for()
    page.keyboard.press("Escape")
    page.locator("[data-rate=up]").click()
    page.locator("[data-rate=up][aria-pressed=true]").wait_for()
    assert [one for one in strays if not one.startswith(("data:", "blob:"))] == []
