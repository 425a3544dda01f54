"""The page in a real browser: what a reader does with mouse, finger and keyboard."""

from __future__ import annotations

import http.server
import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BOX = "#wn-box textarea"
ANSWER = "[data-testid=bot]"
QUOTE = "立足完成好“十三五”、面向“十四五”,加强总体规划和专项规划对接,建立两地规划编制实施统筹协调机制"


def ask(page: Any, question: str) -> Any:
    """Ask and wait; gives the locator of the new answer."""
    count = page.locator(ANSWER).count()
    # The framework drops an Enter in the moment between showing an answer and closing its event.
    taken = "([s, b, n]) => !document.querySelector(b).value || document.querySelectorAll(s).length > n"
    for _ in range(8):
        page.fill(BOX, question)
        page.press(BOX, "Enter")
        with suppress(playwright.TimeoutError):
            page.wait_for_function(taken, arg=[ANSWER, BOX, count], timeout=2500)
            break
    page.wait_for_function("([s, n]) => document.querySelectorAll(s).length > n", arg=[ANSWER, count])
    return page.locator(ANSWER).last


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_example_question_is_answered(open_page: Any) -> None:
    page = open_page()
    page.locator(".wn-example", has_text="七个方面").click()
    answer = page.locator(ANSWER)
    answer.wait_for()
    assert answer.locator("ol li").count() == 7
    assert answer.locator("ol li").last.inner_text() == "建立两地合作机制"
    assert page.locator(".wn-ask").inner_text().endswith("两江新区与天府新区的战略合作协议涉及哪七个方面？")


def test_marker_leads_to_its_card_by_mouse_and_keyboard(open_page: Any) -> None:
    page = open_page()
    answer = ask(page, "七个方面")
    assert page.locator(".wn-card:visible").count() == 2
    answer.locator("[data-cite='1-2']").click()
    card = page.locator("#cite-1-2")
    assert focused(page) == "cite-1-2"
    assert card.locator("mark").inner_text() == QUOTE
    assert "七个方面 › 携手加强规划战略协同" in card.inner_text()
    answer.locator("[data-cite='1-1']").focus()
    page.keyboard.press("Enter")
    assert focused(page) == "cite-1-1"
    page.locator("#cite-1-1 [data-back]").click()
    assert focused(page) == "ref-1-1"


def test_earlier_answers_keep_their_citations(open_page: Any) -> None:
    page = open_page()
    first = ask(page, "七个方面")
    ask(page, "研发经费")
    assert page.locator("#cite-1-2").is_hidden()
    page.locator(ANSWER).first.locator("[data-cite='1-2']").click()
    assert page.locator("#cite-1-2").is_visible()
    assert page.locator("#cite-2-1").is_hidden()
    assert first is not None


def test_original_opens_at_the_quote_in_a_dialog(open_page: Any) -> None:
    page = open_page()
    ask(page, "七个方面")
    page.locator("#cite-1-2 .wn-open").click()
    page.locator("#wn-reader[open]").wait_for()
    cited = page.frame_locator("#wn-reader-frame").locator("#cited")
    cited.wait_for()
    assert cited.inner_text() == QUOTE
    page.wait_for_function(
        "() => { const f = document.getElementById('wn-reader-frame'); const d = f.contentDocument;"
        " const m = d && d.getElementById('cited'); if (!m) return false; const b = m.getBoundingClientRect();"
        " return b.top >= 0 && b.bottom <= f.clientHeight; }"
    )
    assert "documents/001_" in str(page.locator("#wn-reader-tab").get_attribute("href"))
    # Once from outside the frame, once with the focus inside it.
    page.keyboard.press("Escape")
    page.locator("#wn-reader").wait_for(state="hidden")
    page.locator("#cite-1-2 .wn-open").click()
    cited.click()
    page.keyboard.press("Escape")
    page.locator("#wn-reader").wait_for(state="hidden")


def test_original_works_without_scripts(open_page: Any, server: str, client: Any) -> None:
    url = client.post("/api/v1/ask", json={"question": "研发经费"}).json()["citations"][0]["url"]
    page = open_page(url, ready="#cited", java_script_enabled=False)
    cited = page.locator("#cited")
    assert cited.inner_text() == "全社会研发经费投入占地区生产总值的比重达5.7%"
    deadline = time.monotonic() + 60
    # The window glides there.
    while not 0 <= (box := cited.bounding_box())["y"] <= 860 - box["height"]:
        assert time.monotonic() < deadline, f"the quotation is at {box}"
        page.wait_for_timeout(100)


def test_refusal_looks_like_one_and_offers_reading(open_page: Any) -> None:
    page = open_page()
    answer = ask(page, "重庆与西安签署了什么？")
    assert "is-refusal" in str(answer.get_attribute("class"))
    assert "文件中没有找到依据" in answer.inner_text()
    assert answer.locator(".wn-marker").count() == 0
    assert answer.locator(".wn-docs a").count() == 6
    assert page.locator(".is-related .wn-card:visible").count() == 1
    answered = ask(page, "七个方面")
    assert "is-refusal" not in str(answered.get_attribute("class"))


def test_follow_up_shows_what_was_understood(open_page: Any, assistant: Any) -> None:
    page = open_page()
    ask(page, "七个方面")
    answer = ask(page, "其中第二个呢？")
    assert "理解为：两江新区与天府新区战略合作协议的第二个方面是什么？" in answer.inner_text()
    history = assistant.asked[-1][1]
    assert [turn.role for turn in history] == ["user", "assistant"]
    assert history[0].content == "七个方面"
    assert history[1].content.startswith("共7项：[1]")


def test_answer_and_original_are_reached_by_keyboard_alone(open_page: Any) -> None:
    page = open_page()
    # The page puts the reader into the box.
    page.wait_for_function("document.activeElement.matches('#wn-box textarea')")
    page.keyboard.type("七个方面")
    page.keyboard.press("Enter")
    page.locator(ANSWER).wait_for()
    page.locator("#wn-send:enabled").wait_for()

    def tab_to(css: str, *, back: bool = False) -> None:
        for _ in range(60):
            page.keyboard.press("Shift+Tab" if back else "Tab")
            if page.evaluate("(css) => document.activeElement.matches(css)", css):
                return
        raise AssertionError(f"{css} is not reached by the tab key")

    tab_to("[data-cite='1-2']", back=True)
    page.keyboard.press("Enter")
    assert focused(page) == "cite-1-2"
    tab_to("#cite-1-2 .wn-open")
    page.keyboard.press("Enter")
    page.frame_locator("#wn-reader-frame").locator("#cited").wait_for()
    page.keyboard.press("Escape")
    page.locator("#wn-reader").wait_for(state="hidden")
    # Where the reader was before, not at the top of the page.
    assert page.evaluate("document.activeElement.matches('#cite-1-2 .wn-open')")
    tab_to("#cite-1-2 [data-back]")
    page.keyboard.press("Enter")
    assert focused(page) == "ref-1-2"


def test_unverified_figure_is_flagged(open_page: Any) -> None:
    note = ask(open_page(), "研发经费").locator(".wn-unverified")
    assert note.inner_text().startswith("未核实")
    assert "120亿元" in note.inner_text()


def test_table_is_a_table(open_page: Any) -> None:
    answer = ask(open_page(), "异同")
    assert answer.locator("thead th").all_inner_texts() == ["方面", "两江新区与天府新区", "重庆高新区"]
    assert answer.locator("tbody tr").count() == 2
    assert answer.locator("td .wn-marker").count() == 3


def test_hostile_document_is_text_everywhere(open_page: Any, assistant: Any) -> None:
    page = open_page()
    answer = ask(page, "恶意")
    assert "见附件[2]的规定，[点这里](https://evil.example/x)" in answer.inner_text()
    assert answer.locator("a:not(.wn-marker)").count() == 0
    assert answer.locator(".wn-marker").count() == 3
    card = page.locator("#cite-1-1")
    assert "<b>章</b> › ${1+1}" in card.inner_text()
    assert re.sub(r"\s", "", card.locator("mark").inner_text()) == re.sub(
        r"\s", "", assistant.documents["hostile"].text
    )
    card.locator(".wn-open").click()
    frame = page.frame_locator("#wn-reader-frame")
    frame.locator("#cited").wait_for()
    assert "一级标题 <h1>标题</h1>" in frame.locator("article").inner_text()
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("document.getElementById('wn-reader-frame').contentWindow.pwned") is None
    assert page.locator("img[src=x]").count() == 0


def test_question_of_the_reader_is_text(open_page: Any) -> None:
    page = open_page()
    ask(page, "七个方面<img src=x onerror='window.pwned=1'>")
    assert "<img src=x" in page.locator(".wn-ask").inner_text()
    assert page.evaluate("window.pwned") is None


def test_faulty_question_is_told_and_kept(open_page: Any) -> None:
    page = open_page()
    page.fill(BOX, "甲" * 61)
    page.click("#wn-send")
    notice = page.locator("#wn-notice [role=alert]")
    notice.wait_for()
    assert "61 字，超过 60 字" in notice.inner_text()
    assert page.input_value(BOX) == "甲" * 61
    page.fill(BOX, "")
    page.click("#wn-send")
    page.locator("#wn-notice", has_text="请输入问题").wait_for()
    assert page.locator(".wn-turn").count() == 0


def test_failure_can_be_retried(open_page: Any, assistant: Any) -> None:
    assistant.failures = 0
    page = open_page()
    answer = ask(page, "出错")
    assert "没能完成回答" in answer.inner_text()
    assert "scripted" not in page.content()
    answer.locator("[data-retry]").click()
    page.locator(f"{ANSWER} ol").wait_for()
    assert page.locator(".wn-turn").count() == 1


def test_waiting_is_shown_and_the_button_rests(open_page: Any, assistant: Any) -> None:
    page = open_page()
    assistant.pause_s = 1.0
    try:
        page.fill(BOX, "七个方面")
        page.press(BOX, "Enter")
        page.locator(".wn-wait", has_text="正在查找相关条款").wait_for()
        assert page.locator("#wn-send").is_disabled()
        page.locator(ANSWER).wait_for()
    finally:
        assistant.pause_s = 0.0
    page.locator("#wn-send:enabled").wait_for()
    page.wait_for_function("document.getElementById('wn-status').textContent === '回答完成，引用 2 处。'")


def test_conversation_survives_a_reload_until_cleared(open_page: Any) -> None:
    page = open_page()
    ask(page, "七个方面")
    page.reload()
    page.locator(ANSWER).wait_for()
    page.locator("[data-cite='1-2']").click()
    assert page.locator("#cite-1-2 mark").inner_text() == QUOTE
    page.click("#wn-new")
    page.wait_for_selector(".wn-example")
    page.reload()
    page.wait_for_selector(".wn-example")
    # The event that brings the documents would have brought the conversation.
    page.locator("#wn-shelf .wn-doc").first.wait_for()
    assert page.locator(".wn-turn").count() == 0


def test_chosen_documents_limit_the_search(open_page: Any, assistant: Any) -> None:
    page = open_page()
    # The documents come with the page's first event.
    page.locator("#wn-shelf .wn-doc").first.wait_for()
    page.click("#wn-scope input")
    page.locator("#wn-scope [role=option]", has_text="行动计划").click()
    page.keyboard.press("Escape")
    ask(page, "研发经费")
    assert assistant.asked[-1][2] == ("003_b0eb32551eef246d",)


def test_copied_answer_carries_its_citations(open_page: Any) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    answer = ask(page, "研发经费")
    answer.locator("[data-copy]").click()
    page.locator("[data-copy]", has_text="已复制").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("计划到2027年达5.7%。[1]")
    assert "引用：\n[1] 《重庆高新区融入成渝地区双城经济圈建设行动计划（2023—2027年）》" in copied


def test_copied_table_is_a_table_elsewhere(open_page: Any) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    ask(page, "异同").locator("[data-copy]").click()
    page.locator("[data-copy]", has_text="已复制").wait_for()
    html = page.evaluate(
        "async () => { const [one] = await navigator.clipboard.read();"
        " return (await one.getType('text/html')).text(); }"
    )
    assert "<table" in html
    assert "研发投入占比5.7%[2]" in re.sub(r"<[^>]+>", "", html)
    assert "[2] 《重庆高新区" in html
    plain = page.evaluate("navigator.clipboard.readText()")
    assert "| 仅一方 | — | 研发投入占比5.7%[2] |" in plain
    assert "引用：\n[1] 《" in plain


def test_wide_table_scrolls_in_itself_on_a_phone(open_page: Any) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    table = ask(page, "异同").locator(".wn-table")
    widths = table.evaluate("box => [box.scrollWidth, box.clientWidth, document.documentElement.scrollWidth]")
    assert widths[0] > widths[1], "three columns are readable only if they do not squeeze each other"
    assert widths[2] <= 390


def test_phone_shows_the_panel_below_and_reaches_it_by_touch(open_page: Any) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    answer = ask(page, "异同")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#wn-side").bounding_box()["y"] > answer.bounding_box()["y"]
    answer.locator("[data-cite='1-2']").first.tap()
    page.wait_for_function(
        "() => { const b = document.getElementById('cite-1-2').getBoundingClientRect();"
        " return b.top >= 0 && b.top < innerHeight / 2; }"
    )
    assert focused(page) == "cite-1-2"


@pytest.mark.parametrize("width", [360, 760, 1100])
def test_box_is_always_in_view(open_page: Any, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 700})
    box = page.locator("#wn-send").bounding_box()
    assert box["y"] + box["height"] <= 700
    assert box["x"] + box["width"] <= width


def test_everything_the_page_says_is_chinese(open_page: Any) -> None:
    page = open_page()
    ask(page, "七个方面")
    words = page.evaluate(
        "() => [document.title, document.body.innerText, ...[...document.querySelectorAll('*')].flatMap("
        "e => ['aria-label', 'title', 'placeholder', 'alt'].map(a => e.getAttribute(a) || ''))].join('\\n')"
    )
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    known = words.replace("<img src=x onerror=alert(1)>恶意文件", "")
    # The one document without a title is listed by its file name, which has no words.
    # The switch to the other language is named in that language.
    assert re.findall(r"[A-Za-z]{3,}", known) == ["English"]


class _Portal(http.server.BaseHTTPRequestHandler):
    frame = ""

    def do_GET(self) -> None:
        body = f'<!doctype html><iframe id="wence" src="{self.frame}" width="420" height="640"></iframe>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the test output clean."""


@pytest.fixture
def portal(portal_port: int) -> Iterator[tuple[str, type[_Portal]]]:
    """A page of another origin that embeds ours."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", portal_port), _Portal) as portal_server:
        thread = threading.Thread(target=portal_server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{portal_port}/", _Portal
        portal_server.shutdown()
        thread.join()


def test_listed_portal_embeds_the_page(open_page: Any, portal: tuple[str, type[_Portal]], server: str) -> None:
    address, handler = portal
    handler.frame = f"{server}/embed"
    page = open_page(address, ready="#wence")
    frame = page.frame_locator("#wence")
    frame.locator(".wn-example").first.wait_for()
    frame.locator(BOX).fill("七个方面")
    frame.locator(BOX).press("Enter")
    frame.locator(f"{ANSWER} ol li").first.wait_for()
    frame.locator("[data-cite='1-2']").click()
    frame.locator("#cite-1-2 .wn-open").click()
    # The original has two ancestors then, and both are allowed.
    frame.frame_locator("#wn-reader-frame").locator("#cited").wait_for()
    assert "wn-embed" in str(frame.locator("html").get_attribute("class"))


def test_unlisted_portal_is_kept_out(
    open_page: Any, portal: tuple[str, type[_Portal]], closed_server: str
) -> None:
    address, handler = portal
    handler.frame = f"{closed_server}/embed"
    page = open_page(address, ready="#wence")
    deadline = time.monotonic() + 60
    # Chromium puts its own error page into a frame that the policy forbids.
    while (url := page.frames[-1].url) != "chrome-error://chromewebdata/":
        assert time.monotonic() < deadline, f"the frame shows {url}"
        page.wait_for_timeout(100)
    assert page.frame_locator("#wence").locator(".wn-example").count() == 0


def test_draft_survives_a_reload(open_page: Any) -> None:
    page = open_page()
    page.fill(BOX, "七个方面")
    page.reload()
    page.wait_for_function("(box) => (document.querySelector(box) || {}).value === '七个方面'", arg=BOX)


def test_refused_question_is_told_in_the_words_of_the_page(open_page: Any) -> None:
    page = open_page()
    page.locator("#wn-shelf .wn-doc").first.wait_for(state="attached")
    told = {"error": {"code": "rate_limited", "message": "请在 9 秒后再试。", "message_en": "in 9 seconds"}}
    page.route("**/gradio_api/queue/join*", lambda route: route.fulfill(status=429, json=told))
    page.fill(BOX, "七个方面")
    page.press(BOX, "Enter")
    page.locator("#wn-lost", has_text="请在 9 秒后再试。").wait_for()
    assert page.input_value(BOX) == "七个方面"
    assert page.locator("[data-testid=toast-body]:visible").count() == 0


def test_wrong_address_leads_back_by_a_page(open_page: Any, client: Any) -> None:
    page = open_page("/no/such", ready="main")
    assert page.locator("h1").inner_text() == "没有这个页面"
    page.locator("a.home").click()
    page.locator(".wn-example").first.wait_for()
    # A program is still told in JSON.
    assert client.get("/no/such").headers["content-type"] == "application/json"
