"""What a reader does with the page beyond asking: opinions, links, conversations, export, language; and axe."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BOX = "#wn-box textarea"
ANSWER = "[data-testid=bot]"
# The file of the npm package axe-core; it is not kept here.
AXE = Path(os.environ.get("AXE_JS", "node_modules/axe-core/axe.min.js"))


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


def menu(page: Any) -> Any:
    """Open the menu, unless it is; the framework may draw it anew, and closed, at that very moment."""
    page.locator("#wn-shelf .wn-doc").first.wait_for(state="attached")
    for _ in range(8):
        if page.locator(".wn-menu[open]").count() == 0:
            page.click("#wn-menu summary")
        with suppress(playwright.TimeoutError):
            page.wait_for_selector(".wn-menu[open]", timeout=2500)
            break
    return page.locator(".wn-menu-body")


def wait_for_titles(page: Any, *titles: str) -> None:
    """Wait until the menu lists these conversations; the script names the open one after it was drawn."""
    page.wait_for_function(
        "(wanted) => { const found = [...document.querySelectorAll('.wn-title')].map((one) => one.textContent);"
        " return JSON.stringify(found) === JSON.stringify(wanted); }",
        arg=list(titles),
    )


def test_opinion_with_a_reason_is_kept(open_page: Any, client: Any) -> None:
    page = open_page()
    answer = ask(page, "七个方面")
    answer.locator("[data-rate=down]").click()
    answer.locator("[data-rate=down][aria-pressed=true]").wait_for()
    answer.locator(".wn-why label", has_text="不完整").click()
    answer.locator(".wn-why input[type=text]").fill("漏了第七项")
    answer.locator("[data-rate-send]").click()
    answer.locator(".wn-thanks", has_text="已记录").wait_for()
    deadline = time.monotonic() + 60
    # The thanks are there since the first click; the reason follows with a request of its own.
    while not (kept := client.get("/api/v1/feedback").json()[0])["reason"]:
        assert time.monotonic() < deadline, kept
        time.sleep(0.05)
    assert (kept["rating"], kept["reason"], kept["question"]) == ("down", "不完整；漏了第七项", "七个方面")
    # The opinion is still shown after the conversation was drawn anew.
    ask(page, "研发经费")
    page.locator("[data-rate=down][aria-pressed=true]").wait_for()


def test_link_to_an_answer_opens_it_elsewhere(open_page: Any) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    ask(page, "七个方面").locator("[data-share]").click()
    page.locator("[data-share]", has_text="链接已复制").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    other = open_page(link, ready=".wn-text")
    assert other.locator(".wn-text li").count() == 7
    other.locator("[data-cite='1-2']").click()
    assert other.evaluate("document.activeElement.id") == "cite-1-2"
    with other.expect_popup() as popup:
        other.locator("#cite-1-2 .wn-open").click()
    popup.value.locator("#cited").wait_for()


def test_shared_table_fits_a_phone(open_page: Any, client: Any) -> None:
    answer = client.post("/api/v1/ask", json={"question": "异同"}).json()
    link = client.post(f"/api/v1/answers/{answer['id']}/share").json()["url"]
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = open_page(link, ready=".wn-table", **phone)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator(".wn-ask p").bounding_box()
    assert 0 <= box["x"] < box["x"] + box["width"] <= 390
    page.locator("[data-cite='1-2']").first.tap()
    page.wait_for_function("document.activeElement.id === 'cite-1-2'")


def test_conversations_can_be_left_and_found_again(open_page: Any) -> None:
    page = open_page()
    ask(page, "七个方面")
    page.click("#wn-new")
    page.wait_for_selector(".wn-example")
    ask(page, "研发经费")
    wait_for_titles(page, "研发经费", "七个方面")
    menu(page).locator(".wn-title").nth(1).click()
    page.locator(f"{ANSWER} ol").wait_for()
    page.reload()
    page.locator(f"{ANSWER} ol").wait_for()
    wait_for_titles(page, "七个方面", "研发经费")
    page.once("dialog", lambda dialog: dialog.accept("协议的七项"))
    menu(page).locator("[data-menu=rename]").first.click()
    # The menu may have closed as the page drew itself anew; it is opened again below.
    page.locator(".wn-title", has_text="协议的七项").wait_for(state="attached")
    page.once("dialog", lambda dialog: dialog.accept())
    menu(page).locator("[data-menu=delete]").last.click()
    page.wait_for_function("document.querySelectorAll('.wn-title').length === 1")
    page.reload()
    page.locator(f"{ANSWER} ol").wait_for()
    wait_for_titles(page, "协议的七项")


@pytest.mark.parametrize(("kind", "start"), [("md", "# 问策".encode()), ("docx", b"PK\x03\x04")])
def test_conversation_is_downloaded(open_page: Any, kind: str, start: bytes) -> None:
    page = open_page()
    ask(page, "七个方面")
    with page.expect_download() as download:
        menu(page).locator(f"[data-menu=export-{kind}]").click()
    assert re.fullmatch(rf"问策对话-\d{{8}}-\d{{6}}\.{kind}", download.value.suggested_filename)
    assert Path(download.value.path()).read_bytes().startswith(start)


def test_english_page_speaks_english_and_shares_the_conversation(open_page: Any) -> None:
    page = open_page()
    ask(page, "七个方面")
    page.locator(".wn-links a[lang=en]").click()
    page.wait_for_url("**/en/")
    answer = page.locator(ANSWER)
    answer.wait_for()
    assert "sources: 2" in answer.inner_text()
    assert "Sources of question 1" in page.locator("#wn-panel").inner_text()
    refused = ask(page, "西安")
    assert "The documents do not say" in refused.inner_text()
    page.locator("#cite-2-1 .wn-open").click()
    page.frame_locator("#wn-reader-frame").locator("#cited").wait_for()
    assert page.frame_locator("#wn-reader-frame").locator("html").get_attribute("lang") == "en"
    page.keyboard.press("Escape")
    shown = page.locator("#wn-bar, #wn-composer").all_inner_texts()
    assert not re.search("[\u4e00-\u9fff]", "".join(shown).replace("中文", "")), shown


def test_menu_works_by_keyboard(open_page: Any) -> None:
    page = open_page()
    # The page's first event draws the menu anew, and with it what has the focus.
    page.locator("#wn-shelf .wn-doc").first.wait_for()
    page.locator("#wn-menu summary").focus()
    page.keyboard.press("Enter")
    page.locator(".wn-menu[open]").wait_for()
    # The framework may draw the menu's inside after the menu itself.
    page.locator(".wn-menu[open] .wn-menu-body .wn-title").first.wait_for()
    page.locator("#wn-menu summary").focus()
    page.keyboard.press("Tab")
    page.wait_for_function("document.activeElement.classList.contains('wn-title')")
    page.keyboard.press("Escape")
    assert page.locator(".wn-menu[open]").count() == 0
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def serious(page: Any) -> list[str]:
    """Return the serious and critical findings of axe on the page, as rule and place."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{one['id']}: {node['target']} {node['html'][:120]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_page: Any, client: Any, theme: str) -> None:
    if not AXE.is_file():
        pytest.skip("no axe-core: npm install axe-core, or set AXE_JS to its axe.min.js")
    page = open_page(f"/?__theme={theme}")
    assert serious(page) == []
    ask(page, "七个方面").locator("[data-rate=down]").click()
    ask(page, "西安")
    ask(page, "异同")
    menu(page)
    assert serious(page) == []
    if theme == "dark":
        return
    answer = client.post("/api/v1/ask", json={"question": "异同"}).json()
    shared = client.post(f"/api/v1/answers/{answer['id']}/share").json()["url"]
    for path in ("/library?q=研发", "/sign-in", shared, answer["citations"][0]["url"]):
        other = open_page(path, ready="main", color_scheme=theme, bypass_csp=True)
        assert serious(other) == [], path
