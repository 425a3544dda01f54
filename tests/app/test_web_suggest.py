"""Questions that are offered: the rules that make them, and that each one offered has an answer of its own."""

from __future__ import annotations

import functools
import http.server
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from app.web.callers import LOCAL
from app.web.conversation import exchange_of
from app.web.desk import Desk
from app.web.prompter import MAX_FIRST, MAX_NEXT, Prompter
from app.web.service import create_app
from app.web.suggestions import Candidate, Wording, first_questions, load_wording, next_questions, wordings
from app.web.texts import Example, load_examples
from index.errors import SettingsError
from index.outline import build_outline
from index.types import Answer, Citation, Document, Passage

PROMPTS = Path("prompts")
PATIENCE_S = 120
TEXT = """某市港口行动计划

一、总体要求
坚持统筹推进，到2027年建成国际一流的现代化港口体系，为全市发展提供支撑。

二、重点任务
（一）推进码头改造。改造老旧码头12座，新建深水泊位6个，提升靠泊能力和作业效率。
（二）完善集疏运体系。建设疏港铁路43公里，实现主要港区铁路全覆盖，降低物流成本。
（三）发展航运服务。培育航运企业30家，设立航运交易所，开展航运金融和保险业务。

三、保障措施
建立联席会议制度，每季度召开一次会议，协调解决跨区域、跨部门的重大问题。
"""
BODY = "本市按照有关规定办理前款所列事项，具体工作由各区县人民政府会同有关部门组织落实并按年度报告"
LIST = f"一、总体要求\n短。\n二、“引号打头的说法”\n{BODY}。\n三、主要做法：\n{BODY}。\n"


def document(text: str = TEXT, **facts: Any) -> Document:
    return Document("port", "某市港口行动计划", text, "port.txt", "0" * 64, **facts)


@pytest.fixture(scope="module")
def wording() -> Wording:
    return load_wording(PROMPTS)


def asked(candidates: list[Candidate]) -> list[str]:
    return [one.question for one in candidates]


def test_document_opens_with_its_fullest_section_a_clause_and_a_fact(wording: Wording) -> None:
    found = first_questions(document(doc_number="某府发〔2023〕1号"), build_outline(TEXT), wording)
    assert asked(found)[:3] == [
        "“重点任务”包括哪些内容？",
        "总体要求有哪些具体内容？",
        "《某市港口行动计划》的发文字号是什么？",
    ]
    assert found[0].topic == "重点任务"
    assert TEXT[found[0].start : found[0].end].startswith("二、重点任务")
    # Single clauses from the beginning, the middle and the end.
    assert {"推进码头改造有哪些具体内容？", "保障措施有哪些具体内容？"} <= set(asked(found))
    assert [one.fact for one in found if one.fact] == ["某府发〔2023〕1号"]


def test_verbs_have_a_second_wording(wording: Wording) -> None:
    found = first_questions(document(), build_outline(TEXT), wording)
    by_topic = {one.topic: [each.question for each in wordings(one)] for one in found}
    assert by_topic["推进码头改造"] == ["推进码头改造有哪些具体内容？", "如何推进码头改造？"]
    assert by_topic["保障措施"] == ["保障措施有哪些具体内容？"]


def test_headings_that_make_no_question_are_left_out(wording: Wording) -> None:
    assert asked(first_questions(document(LIST), build_outline(LIST), wording)) == []


def cited(text: str, quote: str, marker: int = 1) -> Citation:
    start = text.index(quote)
    passage = Passage(
        f"port:{start}-{start + len(quote)}",
        "port",
        "某市港口行动计划",
        "port.txt",
        (),
        quote,
        start,
        start + len(quote),
    )
    return Citation(marker, passage, quote, start, start + len(quote))


def following(question: str, answer: str, quote: str, wording: Wording, **facts: Any) -> list[str]:
    exchange = exchange_of(question, Answer(question, answer, citations=(cited(TEXT, quote),)), seconds=0.1)
    return asked(next_questions(exchange, {"port": document(**facts)}, {"port": build_outline(TEXT)}, wording))


def test_neighbouring_clauses_come_next_and_not_the_same_again(wording: Wording) -> None:
    found = following("推进码头改造要做什么？", "改造老旧码头12座。[1]", "改造老旧码头12座", wording)
    assert found[:2] == ["完善集疏运体系有哪些具体内容？", "发展航运服务有哪些具体内容？"]
    assert not any("码头改造" in one for one in found)


def test_items_of_a_list_come_first(wording: Wording) -> None:
    answer = "共3项：\n1. 推进码头改造[1]\n2. 完善集疏运体系[1]\n3. 发展航运服务[1]"
    found = following("重点任务有哪些？", answer, "二、重点任务", wording)
    assert found[:3] == [
        "推进码头改造有哪些具体内容？",
        "完善集疏运体系有哪些具体内容？",
        "发展航运服务有哪些具体内容？",
    ]


def test_fact_that_was_just_said_is_not_offered(wording: Wording) -> None:
    facts = {"doc_number": "某府发〔2023〕1号", "issued": "2023-05-01"}
    found = following("文号？", "某府发〔2023〕1号。[1]", "改造老旧码头12座", wording, **facts)
    assert [one for one in found if one.startswith("《")] == ["《某市港口行动计划》的成文日期是哪天？"]


def test_answer_must_rest_on_the_clause_or_say_the_fact() -> None:
    quote = "改造老旧码头12座"
    start = TEXT.index(quote)
    answer = Answer("问", "答[1]", citations=(cited(TEXT, quote),))
    clause = Candidate("问", "port", start - 10, start + 60)
    assert clause.is_met_by(answer)
    assert not replace(clause, start=start + 1).is_met_by(answer)
    assert not clause.is_met_by(replace(answer, refused=True))
    assert not clause.is_met_by(replace(answer, unverified=("12",)))
    fact = Candidate("问", "port", 0, len(TEXT), fact="某府发〔2023〕1号")
    assert not fact.is_met_by(answer)
    assert fact.is_met_by(replace(answer, text="文号为某府发〔2023〕1号。[1]"))


def test_wording_without_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "suggestions.zh.json").write_text('{"parts": "包括什么？"}', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"suggestions\.zh\.json.*parts"):
        load_wording(tmp_path)


def until(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while (found := look()) is None:
        assert time.monotonic() < deadline, "nothing was found in time"
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def prompter(real_assistant: Any, wording: Wording) -> Prompter:
    return Prompter(real_assistant, Desk(real_assistant), wording, load_examples(PROMPTS))


@pytest.mark.slow
def test_every_first_question_is_answered_from_its_document(prompter: Prompter, real_assistant: Any) -> None:
    found = until(lambda: ((told := prompter.first(LOCAL))[0] and told[1]) or None)
    assert set(found) == set(real_assistant.documents)
    for doc_id, questions in found.items():
        assert 1 <= len(questions) <= MAX_FIRST
        for question in questions:
            answer = real_assistant.ask(question)
            assert not answer.refused
            assert doc_id in {one.passage.doc_id for one in answer.citations}


@pytest.mark.slow
@pytest.mark.parametrize("number", range(8))
def test_every_following_question_is_answered_and_new(
    prompter: Prompter, real_assistant: Any, number: int
) -> None:
    example = load_examples(PROMPTS)[number]
    exchange = exchange_of(
        example.question, real_assistant.ask(example.question), seconds=0.1, answer_id=str(number)
    )
    questions = until(lambda: prompter.following(exchange, LOCAL))
    assert 2 <= len(questions) <= MAX_NEXT
    shown = {(one.doc_id, one.start, one.end) for one in exchange.citations}
    for question in questions:
        assert question != example.question
        answer = real_assistant.ask(question)
        assert not answer.refused
        assert {(one.passage.doc_id, one.start, one.end) for one in answer.citations} - shown


@pytest.mark.slow
def test_examples_hold_for_the_corpus(prompter: Prompter) -> None:
    assert until(lambda: prompter.examples(LOCAL)) == tuple(one.question for one in load_examples(PROMPTS))


@pytest.mark.slow
def test_channel_is_offered_what_its_documents_answer(prompter: Prompter, real_assistant: Any) -> None:
    one = next(iter(real_assistant.documents))
    caller = replace(LOCAL, documents=(one,))
    found = until(lambda: ((told := prompter.first(caller))[0] and told[1]) or None)
    assert set(found) == {one}
    assert 1 <= len(until(lambda: prompter.examples(caller))) < len(load_examples(PROMPTS))


def test_offers_wait_until_nobody_is_answered(assistant: Any, wording: Wording) -> None:
    class Busy(Desk):
        free = False

        @property
        def in_progress(self) -> int:
            return int(not self.free)

    desk = Busy(assistant)
    example = Example(title="列项", question="七个方面")
    prompter = Prompter(assistant, desk, wording, (example,))
    assert prompter.examples(LOCAL) is None
    time.sleep(0.3)
    assert prompter.examples(LOCAL) is None
    desk.free = True
    assert until(lambda: prompter.examples(LOCAL)) == ("七个方面",)


def test_only_so_many_searches_wait(assistant: Any, wording: Wording) -> None:
    class Busy(Desk):
        in_progress = 1

    prompter = Prompter(assistant, Busy(assistant), wording)
    answer = assistant.now().ask("七个方面")
    exchanges = [exchange_of("七个方面", answer, seconds=0.1, answer_id=str(number)) for number in range(60)]
    told = [prompter.following(one, LOCAL) for one in exchanges]
    assert told == [None] * 40 + [()] * 20
    prompter.close()


def test_new_documents_are_asked_anew(assistant: Any, wording: Wording) -> None:
    class Changing:
        def __init__(self) -> None:
            self.documents = dict(assistant.documents)
            self.asked = 0

        def now(self) -> Any:
            return self

        def reading_only(self) -> Any:
            return self

        def ask(self, question: str, **_: Any) -> Any:
            self.asked += 1
            return assistant.now().ask(question)

    changing: Any = Changing()
    prompter = Prompter(changing, Desk(assistant), wording, (Example(title="列项", question="七个方面"),))
    until(lambda: prompter.examples(LOCAL))
    until(lambda: prompter.examples(LOCAL))
    assert changing.asked == 1
    changing.documents = {"hostile": assistant.documents["hostile"]}
    until(lambda: prompter.examples(LOCAL))
    assert changing.asked == 2


@pytest.mark.slow
def test_suggestions_over_http(real_assistant: Any, tmp_path: Path) -> None:
    app = create_app(real_assistant, Settings(build_dir=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        told = until(lambda: ((one := client.get("/api/v1/suggestions").json())["ready"] and one) or None)
        assert len(told["documents"]) == len(real_assistant.documents)
        question = told["documents"][0]["questions"][0]
        plain = client.post("/api/v1/ask", json={"question": question}).json()
        assert plain["suggestions"] == []
        path = f"/api/v1/answers/{plain['id']}/suggestions"
        later = until(lambda: ((one := client.get(path).json())["ready"] and one) or None)["suggestions"]
        assert 2 <= len(later) <= MAX_NEXT
        both = client.post("/api/v1/ask", json={"question": question, "suggest": True}).json()
        assert both["suggestions"] == later
        unknown = client.get("/api/v1/answers/none/suggestions")
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "answer_unknown")


@pytest.fixture(scope="module")
def real_server(
    real_assistant: Any, serve: Any, portal_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    portal = f"http://127.0.0.1:{portal_port}"
    settings = Settings(build_dir=tmp_path_factory.mktemp("offers"), cors_origins=(portal,))
    with serve(create_app(real_assistant, settings)) as address:
        yield address


@pytest.mark.browser
@pytest.mark.slow
def test_reader_goes_on_by_what_is_offered(open_page: Any, real_server: str) -> None:
    page = open_page(f"{real_server}/")
    page.locator(".wn-offer summary").first.click()
    offer = page.locator(".wn-offer[open] .wn-chip").first
    first = offer.inner_text()
    offer.click()
    answer = page.locator("[data-testid=bot]")
    answer.wait_for()
    assert "is-refusal" not in str(answer.get_attribute("class"))
    assert page.locator(".wn-ask p").inner_text() == first
    chips = page.locator(".wn-follow .wn-chip")
    chips.nth(1).wait_for()
    assert 2 <= chips.count() <= MAX_NEXT
    second = chips.nth(1).inner_text()
    assert second != first
    # By keyboard, as any button.
    chips.nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('[data-testid=bot]').length === 2")
    assert page.locator(".wn-ask p").last.inner_text() == second
    assert "is-refusal" not in str(answer.last.get_attribute("class"))
    # What was offered before is gone with the question that was asked.
    assert page.locator(".wn-follow").count() == 1


@pytest.mark.browser
@pytest.mark.slow
def test_component_offers_questions(open_page: Any, real_server: str, portal_port: int) -> None:
    handler = functools.partial(_Quiet, directory=str(Path("app/web/demo").resolve()))
    with http.server.ThreadingHTTPServer(("127.0.0.1", portal_port), handler) as portal:
        thread = threading.Thread(target=portal.serve_forever)
        thread.start()
        page = open_page(
            f"http://127.0.0.1:{portal_port}/host.html?endpoint={real_server}", ready="wence-chat textarea"
        )
        page.locator("wence-chat [part=suggestion]").first.wait_for()
        page.locator("wence-chat [part=suggestion]").first.click()
        page.locator("wence-chat [part=tools]").wait_for()
        following = page.locator("wence-chat article + [part=suggestions] [part=suggestion]")
        following.first.wait_for()
        asked = following.first.inner_text()
        following.first.click()
        page.wait_for_function(
            "document.querySelector('wence-chat').shadowRoot.querySelectorAll('[part=tools]').length === 2"
        )
        assert page.locator("wence-chat [part=question]").last.inner_text() == asked
        assert page.locator("wence-chat [part~=refusal]").count() == 0
        portal.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Keep the test output clean."""


def test_a_process_that_ends_does_not_wait_for_questions_to_offer() -> None:
    program = """
import threading
from app.web.prompter import Prompter
class Busy:
    in_progress = 1
prompter = Prompter(None, Busy(), None)
begun = threading.Event()
def search():
    begun.set()
    prompter._wait_for_quiet()
    return ()
prompter._get(("a",), search)
assert begun.wait(30)
"""
    root = Path(__file__).parents[2]
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], cwd=root, timeout=120, check=False)
    assert done.returncode == 0
    # The wait for quiet alone would take twenty seconds.
    assert time.monotonic() - started < 15
