"""Heading marks are kept for the outline and shown to nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from index.build import build_index
from index.entries import passage_text_for_embedding, passage_text_for_matching
from index.marks import mark_end, without_marks
from index.sentences import split_sentences
from index.store import open_store
from index.verify import verify_index

HTML = (
    "<html><head><title>铁路合作协议</title></head><body><article><h1>铁路合作协议</h1><h2>建设</h2>"
    "<p>双方合建西岭铁路，全长87公里。</p><h3>投资</h3><p>总投资64亿元。</p></article></body></html>"
)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("## 总则", "总则"),
        ("　### 投资", "投资"),
        ("#号文件", "#号文件"),
        ("##", "##"),
        ("####### 七级", "####### 七级"),
        ("编号 # 3", "编号 # 3"),
    ],
)
def test_only_a_mark_before_words_is_a_mark(line: str, shown: str) -> None:
    assert without_marks(line) == shown
    assert line[mark_end(line, 0, len(line)) :] == shown


def test_a_sentence_begins_after_the_mark() -> None:
    text = "## 总则\n双方共建。\n### 投资\n总投资64亿元。"
    assert [text[a:b] for a, b in split_sentences(text)] == ["总则", "双方共建。", "投资", "总投资64亿元。"]


def test_a_heading_of_a_web_page_is_embedded_and_cited_without_its_mark(tmp_path: Path, embedder: Any) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "railway.html").write_text(HTML, encoding="utf-8")
    build_index(corpus, tmp_path / "index", embedder)
    store = open_store(tmp_path / "index")
    document = store.documents["railway"]
    assert "## 建设" in document.text, "the level is still in the text"
    spans = [span for number in range(len(store.passages)) for span in store.sentence_spans(number)]
    quotes = [document.text[a:b] for a, b in spans]
    assert {"建设", "投资"} <= set(quotes)
    assert not any("#" in quote for quote in quotes)
    for passage in store.passages:
        assert "#" not in passage_text_for_embedding(passage) + passage_text_for_matching(passage)
        assert not any("#" in heading for heading in passage.heading_path)
    assert verify_index(tmp_path / "index") == ()
