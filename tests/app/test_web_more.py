"""The list of conversations, export, shared answers and the library, without a browser."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import anyio
import httpx
import pytest

from app.settings import Settings
from app.web import archive
from app.web.archive import Desktop, Heading, Kept, load_desktop
from app.web.callers import LOCAL
from app.web.conversation import Exchange, exchange_of
from app.web.desk import Desk
from app.web.export import to_docx, to_markdown
from app.web.library_view import find_places
from app.web.page import ChatPage, View
from app.web.shares import AnswerBook
from app.web.texts import PageTexts, load_english, load_texts

PROMPTS = Path("prompts")
PLAN_DOC = "003_b0eb32551eef246d"
QUOTE = "全社会研发经费投入占地区生产总值的比重达5.7%"
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def texts() -> PageTexts:
    return load_texts(PROMPTS)


def talk(assistant: Any, *questions: str) -> tuple[Exchange, ...]:
    return tuple(exchange_of(question, assistant.ask(question), seconds=0.1) for question in questions)


def test_conversations_are_put_away_opened_renamed_and_deleted(assistant: Any, texts: PageTexts) -> None:
    first = load_desktop({}, talk(assistant, "七个方面"), [])
    empty = archive.put_away(first)
    assert empty.exchanges == ()
    assert [one.id for one in empty.kept] == [first.heading.id]
    assert empty.heading.id != first.heading.id
    # An empty page leaves nothing behind.
    assert len(archive.put_away(empty).kept) == 1
    second = Desktop(empty.heading, talk(assistant, "西安"), empty.kept)
    back = archive.opened(second, first.heading.id)
    assert [one.question for one in back.exchanges] == ["七个方面"]
    assert [archive.title_of(one.title, one.exchanges, texts) for one in back.kept] == ["西安"]
    named = archive.renamed(archive.renamed(back, first.heading.id, " 协议 的\n七项 "), second.heading.id, "别的")
    assert named.heading.title == "协议 的 七项"
    assert [one.title for one in named.kept] == ["别的"]
    assert archive.deleted(named, second.heading.id).kept == ()
    assert archive.deleted(named, first.heading.id).exchanges == ()
    assert archive.opened(named, "ffffffffffff") == named


def test_desktop_survives_the_browser(assistant: Any) -> None:
    desktop = archive.put_away(load_desktop({}, talk(assistant, "七个方面"), []))
    again = load_desktop(desktop.heading.model_dump(mode="json"), [], archive.dump_kept(desktop.kept))
    assert again == desktop


@pytest.mark.parametrize("kept", [None, "x", [{"id": "no"}], [{"id": "a" * 12, "new": 1}]])
def test_list_of_another_version_is_dropped(kept: object) -> None:
    assert load_desktop({"id": "<script>"}, [], kept).kept == ()


def test_list_is_bounded(assistant: Any) -> None:
    exchanges = talk(assistant, "七个方面")
    many = [Kept(id=f"{number:012x}", exchanges=exchanges) for number in range(30)]
    assert [one["id"] for one in archive.dump_kept(many)] == [f"{number:012x}" for number in range(20)]
    long = [one.model_copy(update={"exchanges": exchanges * 200}) for one in many]
    assert len(archive.dump_kept(long)) < 20


def test_menu_escapes_titles(assistant: Any, texts: PageTexts) -> None:
    heading = Heading(title='"><script>alert(1)</script>')
    assert "<script" not in archive.render_menu(Desktop(heading, (), ()), texts)


def test_markdown_has_a_footnote_for_each_citation(assistant: Any, texts: PageTexts) -> None:
    text = to_markdown(talk(assistant, "七个方面", "研发经费", "异同"), assistant.documents, texts)
    used = re.findall(r"(?<!^)\[\^(\d+-\d+)\](?!:)", text, re.MULTILINE)
    defined = re.findall(r"^\[\^(\d+-\d+)\]: ", text, re.MULTILINE)
    assert sorted(set(used)) == sorted(defined) == ["1-1", "1-2", "2-1", "3-1", "3-2"]
    assert "## 2. 研发经费" in text
    assert f"“{QUOTE}”" in text
    assert "**统筹协调机制**" in text
    # The rows of a table stand on lines of their own, without blank ones in between.
    assert re.search(r"\| 方面 \| .* \|\n\| --- \| --- \| --- \|\n\| 相同 ", text)


def test_markdown_keeps_a_documents_own_text_as_text(assistant: Any, texts: PageTexts) -> None:
    text = to_markdown(talk(assistant, "恶意"), assistant.documents, texts)
    assert "\\<script\\>" in text
    assert "见附件\\[2\\]的规定，\\[点这里\\]" in text
    assert len(re.findall(r"(?<!^)\[\^1-2\](?!:)", text, re.MULTILINE)) == 1


def test_word_file_has_footnotes(assistant: Any, texts: PageTexts) -> None:
    docx = pytest.importorskip("docx")
    raw = to_docx(talk(assistant, "七个方面", "研发经费", "恶意"), assistant.documents, texts)
    opened = docx.Document(io.BytesIO(raw))
    lines = [paragraph.text for paragraph in opened.paragraphs]
    assert lines[0] == "问策 · 对话"
    assert "研发经费" in lines
    assert [p.text for p in opened.paragraphs if p.style.name == "Heading 1"] == ["七个方面", "研发经费", "恶意"]
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        notes = ElementTree.fromstring(packed.read("word/footnotes.xml"))
        body = ElementTree.fromstring(packed.read("word/document.xml"))
    by_id = {note.get(f"{WORD}id"): "".join(note.itertext()) for note in notes}
    used = [ref.get(f"{WORD}id") for ref in body.iter(f"{WORD}footnoteReference")]
    # Two of the first answer, one of the second, and the third cites its first source twice: a footnote stands
    # once in a Word file, the second mark refers to the first.
    assert used == ["1", "2", "3", "4", "5"]
    again = [(one.get(f"{WORD}instr"), "".join(one.itertext())) for one in body.iter(f"{WORD}fldSimple")]
    assert again == [(" NOTEREF _Ref4 \\h ", "4")]
    marks = [one.get(f"{WORD}name") for one in body.iter(f"{WORD}bookmarkStart")]
    assert marks == [f"_Ref{number}" for number in used]
    assert by_id["3"].endswith(f"：“{QUOTE}”")
    assert set(used) <= set(by_id)
    assert "<script>window.pwned = 1</script>" in "".join(body.itertext())


def test_word_file_survives_control_characters(assistant: Any, texts: PageTexts) -> None:
    exchange = Exchange(question="甲\x0b乙\ufffe", text="丙 & <丁>")
    raw = to_docx([exchange], assistant.documents, texts)
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        text = "".join(ElementTree.fromstring(packed.read("word/document.xml")).itertext())
    assert "甲乙" in text
    assert "丙 & <丁>" in text


def test_answer_is_shared_by_a_link(client: httpx.Client) -> None:
    answer = client.post("/api/v1/ask", json={"question": "七个方面"}).json()
    shared = client.post(f"/api/v1/answers/{answer['id']}/share")
    assert shared.status_code == 201
    again = client.post(f"/api/v1/answers/{answer['id']}/share")
    assert again.json() == shared.json()
    page = client.get(shared.json()["url"])
    assert page.status_code == 200
    assert "推进交通互联互通" in page.text
    link = unescape(re.findall(r'href="(\.\./documents/[^"]+)"', page.text)[0])
    assert client.get("/shared/" + link).status_code == 200
    assert "data-rate" not in page.text


def test_only_own_answers_can_be_shared(client: httpx.Client) -> None:
    assert client.post("/api/v1/answers/0123456789abcdef/share").json()["error"]["code"] == "answer_unknown"
    missing = client.get("/shared/none")
    assert missing.status_code == 404
    assert "没有这条分享" in missing.text


def test_shared_hostile_answer_is_text(client: httpx.Client) -> None:
    answer = client.post("/api/v1/ask", json={"question": "恶意"}).json()
    page = client.get(client.post(f"/api/v1/answers/{answer['id']}/share").json()["url"])
    body = page.text[page.text.index("<body") :]
    assert not re.search(r"<(script|style|img src=x)", body)


def test_book_is_bounded(assistant: Any, tmp_path: Path) -> None:
    book = AnswerBook(tmp_path, max_recent=2, max_shared=2)
    ids = [book.remember("问", assistant.ask("七个方面"), seconds=0.1).id for _ in range(3)]
    assert book.share(ids[0]) is None
    links = [book.share(one) for one in ids[1:]]
    assert all(links)
    late = book.share(book.remember("问", assistant.ask("西安"), seconds=0.1).id)
    assert late is not None
    assert [book.shared(str(link)) is not None for link in [*links, late]] == [False, True, True]
    # Links outlive the process.
    assert AnswerBook(tmp_path).shared(late) is not None


def test_library_lists_documents_and_finds_words(client: httpx.Client, assistant: Any) -> None:
    page = client.get("/library").text
    assert page.count("<section>") == len(assistant.documents)
    assert "渝高新发〔2023〕8号" in page
    assert "<img" not in page[page.index("<main") :]
    found = client.get("/library", params={"q": "研发经费投入"}).text
    places = list(find_places(assistant.documents, "研发经费投入"))
    assert f"共出现 {len(places)} 处" in found
    href = unescape(re.findall(r'href="(documents/[^"]+#cited)"', found)[0])
    assert '<mark id="cited"' in client.get("/" + href).text
    none = client.get("/library", params={"q": '"><script>'}).text
    assert "<script>" not in none[none.index("<main") :]
    assert "原文中没有" in none


def test_search_ignores_white_space_and_case(assistant: Any) -> None:
    text = assistant.documents[PLAN_DOC].text
    place = next(one for one in find_places(assistant.documents, " 全社会 研发经费") if one.doc_id == PLAN_DOC)
    assert text[place.start : place.end] == "全社会研发经费"
    assert list(find_places(assistant.documents, "　")) == []


def test_outline_of_the_library_leads_into_the_documents(client: httpx.Client) -> None:
    page = client.get("/library").text
    href = re.findall(rf'href="(documents/{PLAN_DOC})#(at-\d+)"', page)[3]
    assert f'id="{href[1]}"' in client.get("/" + href[0]).text


def test_english_has_the_same_placeholders(texts: PageTexts) -> None:
    english = load_english(PROMPTS).model_dump()

    def holes(value: object) -> list[str]:
        return sorted(re.findall(r"\{(\w+)\}", str(value)))

    for name, value in texts.model_dump().items():
        assert holes(english[name]) == holes(value), name
        if isinstance(value, str) and name not in {"other_language"}:
            assert not re.search("[\u4e00-\u9fff]", str(english[name])), name


def test_english_pages(client: httpx.Client) -> None:
    page = client.get("/en/").text
    assert '<html\n\tlang="en"' in page
    assert "./../wence/page.css" in page
    assert "Library" in client.get("/library?lang=en").text
    assert '<html lang="en">' in client.get(f"/documents/{PLAN_DOC}?lang=en").text


TABLE = (
    "两份文件都涉及科技创新：\n\n| 方面 | 甲协议 | 乙计划 |\n| --- | --- | --- |\n"
    "| 相同 | 都支持**协同**[1] | 都支持协同[2] |\n| 仅一方 | — | 占比5.7%\\|以上[2] |\n\n以上。"
)


def tabled(assistant: Any) -> Exchange:
    return talk(assistant, "异同")[0].model_copy(update={"text": TABLE})


def test_table_stays_a_table_with_its_citations_in_word(assistant: Any, texts: PageTexts) -> None:
    packed = zipfile.ZipFile(io.BytesIO(to_docx([tabled(assistant)], assistant.documents, texts)))
    body = ElementTree.fromstring(packed.read("word/document.xml"))[0]
    kinds = [child.tag.removeprefix(WORD) for child in body]
    assert kinds.count("tbl") == 1
    assert kinds.index("tbl") < len(kinds) - 3, "a paragraph must follow a table"
    rows = body.findall(f"{WORD}tbl/{WORD}tr")
    cells = [["".join(cell.itertext()) for cell in row.iter(f"{WORD}tc")] for row in rows]
    assert cells == [
        ["方面", "甲协议", "乙计划"],
        ["相同", "都支持协同", "都支持协同"],
        ["仅一方", "—", "占比5.7%|以上2"],
    ], "the last mark is a reference to the second footnote, shown as its number"
    notes = [[one.get(f"{WORD}id") for one in row.iter(f"{WORD}footnoteReference")] for row in rows]
    assert notes == [[], ["1", "2"], []]
    # The usual library of other programs can read it.
    docx = pytest.importorskip("docx")
    read = docx.Document(io.BytesIO(to_docx([tabled(assistant)], assistant.documents, texts)))
    assert [len(row.cells) for row in read.tables[0].rows] == [3, 3, 3]


def test_table_stays_a_table_with_its_citations_in_markdown(assistant: Any, texts: PageTexts) -> None:
    lines = to_markdown([tabled(assistant)], assistant.documents, texts).splitlines()
    first = lines.index("| 方面 | 甲协议 | 乙计划 |")
    assert lines[first - 1] == ""
    assert lines[first + 1 : first + 5] == [
        "| --- | --- | --- |",
        "| 相同 | 都支持**协同**[^1-1] | 都支持协同[^1-2] |",
        "| 仅一方 | — | 占比5.7%\\|以上[^1-2] |",
        "",
    ]


@pytest.mark.parametrize("scope", [["gone"], [PLAN_DOC, "gone"], ["hostile"]])
def test_limit_to_a_document_that_is_gone_is_told_and_not_dropped(
    assistant: Any, texts: PageTexts, tmp_path: Path, scope: list[str]
) -> None:
    page = ChatPage(
        assistant,
        Desk(assistant),
        AnswerBook(tmp_path),
        settings=Settings(build_dir=tmp_path),
        texts=texts,
        examples=(),
    )
    # Of two documents that this caller may see.
    caller = replace(LOCAL, documents=(PLAN_DOC, "000_73137972a704de7e"))
    before = len(assistant.asked)

    async def views() -> list[View]:
        return [one async for one in page.asked("研发经费", [], scope, caller)]

    (view,) = anyio.run(views)
    assert "没有编号为" in str(view.notice)
    assert len(assistant.asked) == before
