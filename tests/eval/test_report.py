import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from eval.cases import Case, Quote
from eval.compare import Change
from eval.outcome import Cited, Outcome
from eval.report import build_report, describe_setting
from eval.report_failures import FAULTS, failure_articles, faults
from eval.report_html import render_html
from eval.report_text import markdown_table, render_markdown, render_text, text_table
from eval.runner import Run, question_record
from eval.score import score
from eval.spans import Locator

TEXT = "两市汽车产量到2025年达到300万辆。两市成立工作专班。"
LOCATOR = Locator({"a": TEXT})
GOLD = "两市汽车产量到2025年达到300万辆。"
CITED = Cited(1, "a", GOLD, 0, len(GOLD), "汽车协议")


def case(number: int, **changes: Any) -> Case:
    values: dict[str, Any] = {
        "id": f"q{number}",
        "question": f"第{number}问：产量<script>alert(1)</script>？",
        "type": "number",
        "fact": f"f{number}",
        "answerable": True,
        "answer": "300万辆",
        "key_facts": (("300万辆",),),
        "evidence": ((Quote("a.txt", GOLD),),),
        "split": "dev" if number % 2 else "test",
    }
    return Case(**values | changes)


def run(name: str = "wence") -> Run:
    silent = {"type": "unanswerable", "answerable": False, "answer": "", "key_facts": (), "evidence": ()}
    items = []
    for number in range(12):
        kind = silent | {"subtype": "wrong_year"} if number >= 8 else {}
        wrong = number in (3, 9)
        refused = (number >= 8) != wrong
        outcome = Outcome(
            f"q{number}",
            "未找到依据。" if refused else f"{GOLD}[1]",
            refused,
            () if refused else (CITED,),
            confidence=number / 12,
            latency_ms=20.0 + number,
            timings={"retrieve": 15.0, "read": 2.0},
        )
        items.append(score(case(number, **kind), outcome, LOCATOR))
    return Run(name, tuple(items), 1.5)


def report() -> dict[str, Any]:
    gate = [Change("dev", "correct", 0.9, 0.8, 60), Change("test", "correct", 0.9, 0.9, 60)]
    return build_report([run(), run("bm25")], describe_setting({"model": "embedded"}, "python -m eval"), gate=gate)


def test_the_summary_counts_what_was_asked() -> None:
    summary = report()["runs"][0]["summary"]
    # Of 12: question 3 (answerable) was refused and question 9 (unanswerable) answered.
    assert summary["all"]["measures"]["outcome_right"]["value"] == pytest.approx(10 / 12)
    assert summary["all"]["measures"]["correct"]["value"] == pytest.approx(7 / 8)
    assert summary["refusal"]["confusion"] == {
        "refused_unanswerable": 3,
        "answered_unanswerable": 1,
        "refused_answerable": 1,
        "answered_answerable": 7,
    }
    assert summary["refusal"]["precision"]["value"] == summary["refusal"]["recall"]["value"] == 0.75
    assert set(summary["type"]) == {"number", "unanswerable"}
    assert set(summary["split"]) == {"dev", "test"}
    assert summary["document"]["a"]["questions"] == 8
    assert summary["cost"]["latency_ms"]["wall"]["p50"] == pytest.approx(25.5)
    assert summary["cost"]["latency_ms"]["retrieve"]["n"] == 12


def test_equal_runs_show_no_difference() -> None:
    difference = report()["comparisons"]["bm25"]["outcome_right"]
    assert (difference["difference"], difference["p_value"]) == (0.0, 1.0)


def test_the_text_and_markdown_carry_value_and_interval() -> None:
    for text in (render_text(report()), render_markdown(report())):
        assert re.search(r"right outcome\W+0\.833 \[0\.\d{3}, 0\.\d{3}\]", text)
        assert "wrong_year 0.750 (n=4)" in text
        assert "retrieve" in text


def test_tables_line_up_and_dashes_stand_for_what_does_not_apply() -> None:
    assert text_table([["a", "n"], ["long name", "1"]]) == "a          n\n---------  -\nlong name  1"
    assert markdown_table([["a", "n"], ["x", "1"]]) == "| a | n |\n| --- | --: |\n| x | 1 |"


def test_faults_name_what_is_wrong_the_gravest_first() -> None:
    records = {item.case.id: question_record(item) for item in run().scored}
    assert faults(records["q0"]) == []
    assert faults(records["q3"]) == ["false_refusal"]
    assert faults(records["q9"]) == ["not_refused"]
    bare = score(case(1), Outcome("q1", "大约200万辆。" + "废话" * 90, False), LOCATOR)
    assert faults(question_record(bare)) == ["wrong", "uncited", "ungrounded", "long"]
    assert set(faults(question_record(bare))) <= set(FAULTS)
    assert len(failure_articles(list(records.values()))) == 2


def test_the_page_is_self_contained_and_escapes_what_it_shows() -> None:
    page = render_html(report())
    assert not re.search(r"""(?:src|href)=["']?(?!data:)[^"'>]*//""", page)
    assert "<link" not in page
    assert "<script src" not in page
    assert "<script>alert(1)" not in page
    assert page.count("&lt;script&gt;alert(1)") == 2
    assert page.count("data:image/svg+xml;base64,") == 4
    assert "FAIL" in page


def test_the_page_is_the_same_for_the_same_report() -> None:
    given = report()
    assert render_html(given) == render_html(given)


@contextmanager
def chromium_page(path: Path) -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    binary = shutil.which("chromium") or shutil.which("chromium-browser")
    if binary is None:
        pytest.skip("no Chromium found")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=["--no-sandbox", "--disable-gpu"])
        try:
            page = browser.new_page()
            page.goto(path.as_uri())
            yield page
        finally:
            browser.close()


@pytest.mark.browser
def test_filters_hide_what_does_not_match(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render_html(report()), encoding="utf-8")
    with chromium_page(path) as page:
        assert page.locator("article:visible").count() == 2
        assert page.locator(".filters output").inner_text() == "2 / 2"
        page.select_option("[data-filter=faults]", "not_refused")
        assert page.locator("article:visible h3").inner_text().startswith("第9问")
        page.fill("[data-filter=text]", "没有这样的字")
        assert page.locator("article:visible").count() == 0
