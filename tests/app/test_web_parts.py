"""Cards, conversation state, questions and document pages, without a server."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import escape, unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.web.cards import display_titles, document_details, render_panel, span_page
from app.web.conversation import dump_exchanges, exchange_of, history_of, load_exchanges
from app.web.document_view import read_span, render_document
from app.web.export import footnote
from app.web.guards import chinese_head
from app.web.messages import copy_text, render_log
from app.web.questions import find_problem
from app.web.texts import PageTexts, load_examples, load_texts
from index.errors import SettingsError
from index.marks import without_marks
from index.types import Answer

PROMPTS = Path("prompts")
PORTAL_DOC = "001_425dc3c6bcd1fc5c"
PLAN_DOC = "003_b0eb32551eef246d"


@pytest.fixture(scope="module")
def texts() -> PageTexts:
    return load_texts(PROMPTS)


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


def test_card_shows_number_date_path_and_the_quote_inside_its_clause(assistant: Any, texts: PageTexts) -> None:
    quote = "全社会研发经费投入占地区生产总值的比重达5.7%"
    citation = assistant.cite(1, "003_b0eb32551eef246d", quote, ("一、总则", "（一）目标"))
    exchange = exchange_of("问", Answer("问", "答[1]", citations=(citation,)), seconds=0.1)
    html = render_panel([exchange], assistant.documents, texts=texts)
    assert "发文字号 渝高新发〔2023〕8号" in text_of(html)
    assert "成文日期 2023-04-26" in text_of(html)
    assert "一、总则 › （一）目标" in text_of(html)
    assert f"<mark>{quote}</mark>" in html
    # The clause goes on after the quote.
    assert f"{quote},高新技术企业" in text_of(html)
    assert f'href="documents/003_b0eb32551eef246d?start={citation.start}&amp;end={citation.end}#cited"' in html


def test_quote_that_the_document_no_longer_holds_is_called_outdated(assistant: Any, texts: PageTexts) -> None:
    exchange = exchange_of("七个方面", assistant.ask("七个方面"), seconds=0.1)
    span = exchange.citations[0].model_copy(update={"quote": "另一句话"})
    changed = exchange.model_copy(update={"citations": (span,)})
    html = render_panel([changed], assistant.documents, texts=texts)
    assert texts.stale_quote in html
    assert "<mark>" not in html


def test_only_the_last_answers_sources_are_shown(assistant: Any, texts: PageTexts) -> None:
    exchange = exchange_of("七个方面", assistant.ask("七个方面"), seconds=0.1)
    html = render_panel([exchange, exchange], assistant.documents, texts=texts)
    assert re.search(r'id="sources-1"[^>]* hidden>', html)
    assert not re.search(r'id="sources-2"[^>]* hidden>', html)


def test_every_marker_leads_to_a_card_and_ids_are_unique(assistant: Any, texts: PageTexts) -> None:
    exchanges = [exchange_of(q, assistant.ask(q), seconds=0.1) for q in ("七个方面", "恶意", "西安")]
    log = render_log(exchanges, assistant.documents, texts=texts, examples=())
    page = log + render_panel(exchanges, assistant.documents, texts=texts)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    targets = re.findall(r'data-cite="([^"]+)"', page)
    assert targets
    assert {f"cite-{name}" for name in targets} <= set(ids)


def test_document_page_shows_where_its_clauses_stand_too_and_what_differs(
    client: httpx.Client, assistant: Any
) -> None:
    one, other = (name for name in assistant.documents if name.startswith(("000_", "004_")))
    page = client.get(f"/documents/{one}").text
    (likeness,) = assistant.likenesses(one).values()
    assert likeness.same > 30
    assert likeness.changed
    title = assistant.documents[other].title
    summary = f"另载于《{title}》：{likeness.same} 个条款文字相同，{len(likeness.changed)} 个有出入"
    assert f'<details class="copies"><summary>{escape(summary)}</summary>' in page
    for _, there, apart in likeness.changed:
        assert f"../documents/{other}?start={there.start}&amp;end={there.end}#cited" in page
        assert all(escape(item.other) in page for item in apart)
    assert 'class="copies"' not in client.get("/documents/003_b0eb32551eef246d").text
    assert "Also in" in client.get(f"/documents/{one}?lang=en").text


def test_library_and_page_tell_what_was_found_of_a_document(assistant: Any, texts: PageTexts) -> None:
    document = replace(
        assistant.documents["003_b0eb32551eef246d"],
        parties=("甲市科技局", "乙市科技局"),
        agreements=("科技合作协议",),
        effective="2024-01-01",
        validity="有效期三年",
    )
    details = dict(document_details(document, texts))
    assert details["签署方"] == "甲市科技局、乙市科技局"
    assert details["协议"] == "《科技合作协议》"
    assert (details["施行日期"], details["有效期"]) == ("2024-01-01", "有效期三年")
    assert details["发文字号"] == "渝高新发〔2023〕8号"
    assert "失效日期" not in details
    shown = render_document(document, assistant.outline(document.doc_id), span=None, bad_span=False, texts=texts)
    assert "<dt>签署方</dt><dd>甲市科技局、乙市科技局</dd>" in shown


def test_the_page_of_a_paged_file_is_named_with_the_citation(assistant: Any, texts: PageTexts) -> None:
    plain = assistant.documents[PLAN_DOC]
    documents = {PLAN_DOC: replace(plain, pages=(0, 100, 5000))}
    exchange = exchange_of("七个方面", assistant.ask("研发经费"), seconds=1.0, answer_id="a")
    (span,) = exchange.citations
    expected = "第2页" if span.start < 5000 else "第3页"
    assert span_page(span, documents, texts) == expected
    assert expected in render_panel([exchange], documents, texts=texts)
    assert expected in footnote(span, documents, texts)
    assert span_page(span, {PLAN_DOC: plain}, texts) == ""


def test_documents_of_the_same_title_are_told_apart(assistant: Any, texts: PageTexts) -> None:
    first = assistant.documents[PORTAL_DOC]
    documents = {"a": replace(first, doc_id="a"), "b": replace(first, doc_id="b"), "c": replace(first, title="丙")}
    assert list(display_titles(documents, texts).values()) == [
        f"{first.title}（同名文件 1）",
        f"{first.title}（同名文件 2）",
        "丙",
    ]


def test_copied_answer_ends_with_its_sources(assistant: Any, texts: PageTexts) -> None:
    exchange = exchange_of("研发经费", assistant.ask("研发经费"), seconds=0.1)
    assert copy_text(exchange, assistant.documents, texts).splitlines()[-2:] == [
        "引用：",
        "[1] 《重庆高新区融入成渝地区双城经济圈建设行动计划（2023—2027年）》（渝高新发〔2023〕8号）："
        "“全社会研发经费投入占地区生产总值的比重达5.7%”",
    ]


def test_conversation_survives_the_browser(assistant: Any) -> None:
    exchanges = [exchange_of(q, assistant.ask(q), seconds=0.25) for q in ("七个方面", "西安")]
    assert load_exchanges(json.loads(json.dumps(dump_exchanges(exchanges)))) == exchanges


@pytest.mark.parametrize("stored", [None, [], [{"question": 3}], {"a": 1}, "x", [{"question": "q", "new": 1}]])
def test_conversation_of_another_version_is_dropped(stored: object) -> None:
    assert load_exchanges(stored) == []


def test_history_leaves_out_failures(assistant: Any) -> None:
    answered = exchange_of("七个方面", assistant.ask("七个方面"), seconds=0.1)
    failed = answered.model_copy(update={"question": "乙", "failure": "internal"})
    assert [(turn.role, turn.content) for turn in history_of([answered, failed])] == [
        ("user", "七个方面"),
        ("assistant", answered.text),
    ]


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("", "question_empty"),
        ("　\n ", "question_empty"),
        ("？！", "question_empty"),
        ("甲" * 11, "question_too_long"),
        ("甲\x00乙", "question_control"),
        ("甲\ud800", "question_control"),
    ],
)
def test_faults_of_a_question_have_names(question: str, code: str) -> None:
    problem = find_problem(question, max_chars=10)
    assert problem is not None
    assert problem.code == code


def test_pasted_question_with_tabs_and_line_ends_is_fine() -> None:
    assert find_problem("甲\t乙\r\n丙", max_chars=10) is None


def test_span_over_two_lines_is_marked_in_both(assistant: Any, texts: PageTexts) -> None:
    document = assistant.documents[PORTAL_DOC]
    start = document.text.index("建立两地合作机制等七个方面")
    end = document.text.index("在签署战略合作协议后") + len("在签署战略合作协议后")
    outline = assistant.outline(PORTAL_DOC)
    html = render_document(document, outline, span=(start, end), bad_span=False, texts=texts)
    marks = re.findall(r"<mark[^>]*>(.*?)</mark>", html)
    assert marks == ["建立两地合作机制等七个方面携手深入合作。", "在签署战略合作协议后"]
    assert html.count('id="cited"') == 1


def test_outline_links_lead_to_lines_of_the_page(assistant: Any, texts: PageTexts) -> None:
    for doc_id, document in assistant.documents.items():
        html = render_document(document, assistant.outline(doc_id), span=None, bad_span=False, texts=texts)
        targets = re.findall(r'href="#(at-\d+)"', html)
        assert set(targets) <= set(re.findall(r'\bid="(at-\d+)"', html))
        if doc_id == PORTAL_DOC:
            assert len(targets) >= 7


def test_document_page_shows_the_whole_text_and_nothing_active(assistant: Any, texts: PageTexts) -> None:
    document = assistant.documents["hostile"]
    html = render_document(
        document, assistant.outline("hostile"), span=(0, len(document.text)), bad_span=False, texts=texts
    )
    body = html[html.index("<main") :]
    assert not re.search(r"<(script|img|style)\b", body)
    assert "javascript:" not in html
    shown = "".join(re.findall(r"<mark[^>]*>(.*?)</mark>", body))
    assert unescape(shown) == "".join(line.strip() for line in without_marks(document.text).splitlines())


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, (None, False)),
        ("0", "4", ((0, 4), False)),
        ("4", "4", (None, True)),
        ("-1", "4", (None, True)),
        ("0", "999999", (None, True)),
        ("0", None, (None, True)),
        ("٣", "4", (None, True)),
        ("1" * 5000, "2", (None, True)),
    ],
)
def test_span_in_the_address_is_checked(assistant: Any, start: str, end: str, expected: object) -> None:
    assert read_span(assistant.documents[PORTAL_DOC], start, end) == expected


def test_page_head_becomes_chinese_and_loses_foreign_previews(texts: PageTexts) -> None:
    html = '<html\n\tlang="en"\n><head><meta property="og:image"\n content="https://x/y.png" /></head>'
    html += '<body class="a">'
    changed = chinese_head(html, texts)
    assert 'lang="zh-CN"' in changed
    assert "https://" not in changed
    assert '<body class="a"><noscript>' in changed


def test_missing_text_names_the_file_and_the_entry(tmp_path: Path) -> None:
    entries = json.loads((PROMPTS / "page.zh.json").read_text(encoding="utf-8"))
    del entries["retry"]
    (tmp_path / "page.zh.json").write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"page\.zh\.json: retry: Field required"):
        load_texts(tmp_path)
    with pytest.raises(SettingsError, match=r"cannot read .*examples\.json"):
        load_examples(tmp_path)


def test_examples_are_questions_that_can_be_asked() -> None:
    examples = load_examples(PROMPTS)
    assert 6 <= len(examples) <= 8
    assert all(find_problem(one.question, max_chars=200) is None for one in examples)
