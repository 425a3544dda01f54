"""The web component on a page of another origin, in a real browser."""

from __future__ import annotations

import functools
import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from app.settings import Channel, Settings
from app.web.keys import KeyRing, Ticket
from app.web.service import create_app

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DEMO = Path("app/web/demo")
PLAN_DOC = "003_b0eb32551eef246d"
QUOTE = "全社会研发经费投入占地区生产总值的比重达5.7%"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Keep the test output clean."""


@pytest.fixture(scope="module")
def host_page(portal_port: int) -> Iterator[str]:
    """The address of the demo page, served from an origin that is not the service's."""
    handler = functools.partial(_Quiet, directory=str(DEMO.resolve()))
    with http.server.ThreadingHTTPServer(("127.0.0.1", portal_port), handler) as portal:
        thread = threading.Thread(target=portal.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{portal_port}/host.html"
        portal.shutdown()
        thread.join()


@pytest.fixture
def embedded(open_page: Any, host_page: str, server: str) -> Any:
    def opened(endpoint: str = server, **attributes: str) -> Any:
        query = urlencode({"endpoint": endpoint, **attributes})
        return open_page(f"{host_page}?{query}", ready="wence-chat textarea")

    return opened


def ask(page: Any, question: str) -> Any:
    page.locator("wence-chat textarea").fill(question)
    page.locator("wence-chat textarea").press("Enter")
    answer = page.locator("wence-chat article[part~=answer]").last
    answer.locator("[part=tools]").wait_for()
    return answer


def test_answer_comes_with_its_citations_and_the_original(embedded: Any) -> None:
    page = embedded()
    answer = ask(page, "研发经费")
    assert "计划到2027年达5.7%。" in answer.inner_text()
    assert "未核实" in answer.inner_text()
    answer.locator("[part=marker]").click()
    assert page.evaluate("document.querySelector('wence-chat').shadowRoot.activeElement.textContent").startswith(
        "[1]"
    )
    assert answer.locator("[part=quote]").inner_text() == QUOTE
    answer.locator("[part=open]").click()
    mark = page.locator("wence-chat dialog mark")
    mark.wait_for()
    assert mark.inner_text() == QUOTE
    page.keyboard.press("Escape")
    page.locator("wence-chat dialog").wait_for(state="hidden")
    told = page.locator("#events").inner_text()
    assert told.split() == [
        "wence-ready：",
        "wence-question：研发经费",
        "wence-answer：研发经费",
        "wence-citation：",
    ]


def test_list_table_and_follow_up(embedded: Any, assistant: Any) -> None:
    page = embedded(documents=f"001_425dc3c6bcd1fc5c, {PLAN_DOC}")
    assert ask(page, "七个方面").locator("ol li").count() == 7
    assert assistant.asked[-1][2] == ("001_425dc3c6bcd1fc5c", PLAN_DOC)
    answer = ask(page, "其中第二个呢？")
    assert "理解为：" in answer.inner_text()
    assert [turn.role for turn in assistant.asked[-1][1]] == ["user", "assistant"]
    table = ask(page, "异同")
    assert table.locator("table th").count() == 3
    table.locator("td .marker", has_text="[2]").last.click()
    page.locator("wence-chat .card:focus", has_text="全社会研发经费").wait_for()


def test_refusal_shows_no_sources(embedded: Any) -> None:
    answer = ask(embedded(language="en", theme="dark"), "西安")
    assert "The documents do not say" in answer.inner_text()
    assert answer.locator("[part=marker]").count() == 0
    assert "related reading, not an answer" in answer.inner_text()


def test_hostile_document_is_text_in_the_component(embedded: Any) -> None:
    page = embedded(**{"initial-question": "恶意<img src=x onerror='window.pwned=1'>"})
    answer = page.locator("wence-chat article[part~=answer]")
    answer.locator("[part=tools]").wait_for()
    assert "<script>window.pwned = 1</script>" in answer.inner_text()
    assert "见附件[2]的规定" in answer.inner_text()
    assert answer.locator("img, script, a, style").count() == 0
    # The document's own "[2]" is no marker; the three of the answer are.
    assert answer.locator("[part=marker]").count() == 3
    answer.locator("[part=open]").first.click()
    page.locator("wence-chat dialog mark").wait_for()
    assert page.evaluate("window.pwned") is None


def test_feedback_from_the_component_is_kept(embedded: Any, client: Any) -> None:
    answer = ask(embedded(), "七个方面")
    answer.locator("[part=tools] button").first.click()
    answer.locator("[part=tools]", has_text="谢谢反馈").wait_for()
    kept = client.get("/api/v1/feedback").json()[0]
    assert (kept["rating"], kept["question"]) == ("up", "七个方面")


def test_failure_can_be_retried(embedded: Any, assistant: Any) -> None:
    assistant.failures = 0
    page = embedded()
    page.locator("wence-chat textarea").fill("出错")
    page.locator("wence-chat textarea").press("Enter")
    page.locator("wence-chat [role=alert]", has_text="没能完成回答").wait_for()
    page.locator("wence-chat article button", has_text="重试").click()
    page.locator("wence-chat [part=tools]").wait_for()
    assert page.locator("wence-chat article[part~=answer]").count() == 1


def test_unlisted_origin_gets_nothing(embedded: Any, closed_server: str) -> None:
    page = embedded(endpoint=closed_server)
    page.locator("wence-chat textarea").fill("七个方面")
    page.locator("wence-chat textarea").press("Enter")
    page.locator("wence-chat [role=alert]").wait_for()
    assert "连接不上问答服务" in page.locator("wence-chat article").inner_text()
    assert "wence-error" in page.locator("#events").inner_text()


@pytest.fixture(scope="module")
def keyed(assistant: Any, portal_port: int, serve: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A service that has a key, with the demo page's origin as the parent of a channel."""
    channel = Channel(parents=(f"http://127.0.0.1:{portal_port}",), documents=(PLAN_DOC,))
    settings = Settings(build_dir=tmp_path_factory.mktemp("keyed"), channels={"portal": channel})
    ring = KeyRing(settings.state_dir)
    key, _ = ring.add("portal", ["ask", "read", "feedback"])
    with serve(create_app(assistant, settings)) as address:
        yield address, ring, key


def test_component_needs_and_uses_the_token_of_its_channel(embedded: Any, keyed: Any, assistant: Any) -> None:
    address, ring, key = keyed
    page = embedded(endpoint=address, channel="portal")
    page.locator("wence-chat textarea").fill("研发经费")
    page.locator("wence-chat textarea").press("Enter")
    page.locator("wence-chat [role=alert]").wait_for()
    assert "wence-token-needed" in page.locator("#events").inner_text()
    token = ring.sign(Ticket("embed", key.id, "portal", key.scopes, int(time.time()) + 60))
    page.evaluate("(token) => document.querySelector('wence-chat').setAttribute('token', token)", token)
    page.locator("wence-chat article button", has_text="重试").click()
    page.locator("wence-chat [part=tools]").wait_for()
    assert assistant.asked[-1][2] == (PLAN_DOC,)
    page.locator("wence-chat [part=open]").click()
    page.locator("wence-chat dialog mark").wait_for()


def test_framed_page_of_a_channel(open_page: Any, host_page: str, keyed: Any, assistant: Any) -> None:
    address, ring, key = keyed
    token = ring.sign(Ticket("embed", key.id, "portal", key.scopes, int(time.time()) + 60))
    page = open_page(host_page, ready="main")
    source = f"{address}/embed/portal?token={token}"
    page.evaluate(
        "(s) => { const f = document.createElement('iframe'); f.id = 'w'; f.src = s; f.width = 900;"
        " f.height = 700; document.body.append(f); }",
        source,
    )
    frame = page.frame_locator("#w")
    frame.locator("#wn-box textarea").fill("研发经费")
    frame.locator("#wn-box textarea").press("Enter")
    frame.locator("#cite-1-1 .wn-open").click()
    # The original has the portal as an ancestor too, so its address must name the channel.
    frame.frame_locator("#wn-reader-frame").locator("#cited").wait_for()
    assert assistant.asked[-1][2] == (PLAN_DOC,)
