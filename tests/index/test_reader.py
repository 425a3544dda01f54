"""Which reader a file gets: its bytes decide. One bad file of any kind leaves the rest of the corpus unharmed."""

from __future__ import annotations

import io
import random
import time
from contextlib import suppress
from pathlib import Path

import docx
import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from index.corpus import load_corpus
from index.errors import CorpusError
from index.outline import build_outline
from index.parse import reader
from index.parse.pages import page_of
from index.parse.reader import parse
from index.passages import make_passages

pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))


def pdf_of(*pages: str) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    for text in pages:
        canvas.setFont("STSong-Light", 12)
        for at, line in enumerate(text.split("\n")):
            canvas.drawString(72, 760 - 20 * at, line)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def docx_of(*texts: str) -> bytes:
    document = docx.Document()
    for text in texts:
        document.add_paragraph(text)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


RULE = "第一条 为了规范管理，制定本办法。"


@pytest.mark.parametrize("name", ["a.docx", "a.txt", "a.xyz", "无后缀"])
def test_a_word_file_is_read_under_any_name(name: str) -> None:
    assert parse(docx_of(RULE), name=name).text == RULE


@pytest.mark.parametrize("name", ["a.pdf", "a.txt"])
def test_a_pdf_is_read_under_any_name(name: str) -> None:
    assert parse(pdf_of(RULE), name=name).text.replace(" ", "") == RULE.replace(" ", "")


def test_a_page_saved_as_text_is_read_as_a_page() -> None:
    page = f"\n<!DOCTYPE html>\n<html><body><p>{RULE}</p><script>x</script></body></html>"
    assert parse(page.encode(), name="a.txt").text == RULE


def test_the_ending_decides_among_texts() -> None:
    assert parse("**甲**乙".encode(), name="a.md").text == "甲乙"
    assert parse("**甲**乙".encode(), name="a.txt").text == "**甲**乙"
    assert parse("**甲**乙".encode(), name="a.txt").broken
    assert not parse("**甲**乙".encode(), name="a.md").broken


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.pdf", b"", "the file is empty"),
        ("a.docx", b" \n ", "the file is empty"),
        ("a.pdf", b"\xff\xd8\xff\xe0\x00\x10JFIF", "a JPEG image; run OCR"),
        ("a.docx", b"\x89PNG\r\n\x1a\n\x00\x00", "a PNG image; run OCR"),
        ("a.txt", b"BM\x36\x00\x0c\x00\x00\x00", "a bitmap image"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 64, "an old .* or an encrypted Office file"),
        ("a.docx", "第一条 总则".encode(), "named as a Word file, but it is other data"),
        ("a.pdf", b"<!doctype html><html><p>404</p>", "named as a PDF, but it is a web page"),
        ("a.rtf", b"{\\rtf1\\ansi}", "an RTF file; save it as .docx"),
        ("a.csv", "甲,乙".encode(), "no reader for '.csv'; expected .txt"),
        ("无后缀", "甲".encode(), "no reader for 'a file without suffix'"),
        ("a.zip", b"PK\x03\x04\x00", "a damaged or cut zip"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named(name: str, data: bytes, said: str) -> None:
    with pytest.raises(CorpusError, match=said) as raised:
        parse(data, name=name)
    assert str(raised.value).startswith(f"{name}: ")


def test_a_text_may_begin_like_a_magic_number() -> None:
    assert parse("BM25 是一种检索算法。".encode(), name="a.txt").text == "BM25 是一种检索算法。"


def test_files_and_texts_have_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("某办法\n" + "内容。" * 100, encoding="utf-8")
    monkeypatch.setattr(reader, "MAX_TEXT_CHARS", 100)
    assert "304 characters of text; expected at most 100" in load_corpus(tmp_path).problems[0]
    monkeypatch.setattr(reader, "MAX_FILE_BYTES", 500)
    assert "910 bytes; expected at most 500" in load_corpus(tmp_path).problems[0]


@pytest.mark.parametrize("name", ["a.docx", "a.pdf", "a.html", "a.md", "a.txt"])
def test_damaged_bytes_are_read_or_refused_and_nothing_else(name: str) -> None:
    chance = random.Random(name)
    page = f"<html><body><table><tr><td rowspan=2>甲</td></tr></table><ul><li>乙</li></ul><p>{RULE * 9}</p></html>"
    whole = {"a.docx": docx_of(RULE * 30), "a.pdf": pdf_of(RULE, RULE), "a.html": page.encode()}.get(
        name, (RULE * 9).encode()
    )
    read = refused = 0
    for _ in range(120):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 3, 20])):
            at = chance.randrange(len(data) - 200)
            if chance.random() < 0.7:
                data[at] = chance.randrange(256)
            else:
                del data[at : at + chance.randrange(1, 9)]
        try:
            parse(bytes(data), name=name)
            read += 1
        except CorpusError:
            refused += 1
    assert read + refused == 120
    assert refused > 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", "<ul><li>" * 3000 + "正文。"),
        ("a.md", "[" * 50_000),
        ("a.md", "_甲" * 50_000),
        ("a.md", "甲|乙\n" * 30_000),
        ("a.md", "|" * 50_000),
        ("a.md", "*" * 50_000),
    ],
)
def test_a_file_made_to_be_slow_is_soon_done_with(name: str, text: str) -> None:
    began = time.process_time()
    with suppress(CorpusError):
        parse(text.encode(), name=name)
    assert time.process_time() - began < 3


def test_one_corpus_of_all_formats_with_its_bad_files(tmp_path: Path) -> None:
    body = "为了规范管理，促进发展，制定本办法。"
    (tmp_path / "a.txt").write_text(f"甲市办法\n一、总则\n{body}", encoding="gb18030")
    (tmp_path / "b.md").write_text(f"# 乙市办法\n\n## 总则\n\n{body}", encoding="utf-8")
    (tmp_path / "c.html").write_text(
        f"<html><body><h1>丙市办法</h1><h2>总则</h2><p>{body}</p></body></html>", encoding="utf-8"
    )
    (tmp_path / "d.docx").write_bytes(docx_of("丁市办法", "一、总则", body))
    (tmp_path / "e.pdf").write_bytes(
        pdf_of(f"戊市办法\n一、总则\n{body}", "二、附则\n本办法由市数据局解释，自发布之日起施行。")
    )
    (tmp_path / "f.pdf").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / "g.docx").write_bytes(b"PK\x03\x04")
    (tmp_path / "h.md").write_bytes(b"")
    (tmp_path / "i.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "~$d.docx").write_bytes(b"lock")
    corpus = load_corpus(tmp_path)
    assert [document.title for document in corpus.documents] == [f"{name}市办法" for name in "甲乙丙丁戊"]
    assert [problem[:2] for problem in corpus.problems] == ["f.", "g.", "h.", "i."]
    for document in corpus.documents:
        passages = make_passages(document, build_outline(document.text))
        (found,) = (passage for passage in passages if body in passage.text)
        assert found.heading_path[-1].endswith("总则")
        assert document.text[found.start : found.end] == found.text
    paged = corpus.documents[-1]
    assert page_of(paged, paged.text.index("总则")) == 1
    assert page_of(paged, paged.text.index("附则")) == 2
