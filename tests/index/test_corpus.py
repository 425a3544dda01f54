"""Loading a folder: provenance wins, one bad file never hides the others, a bad record is named."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from index.corpus import load_corpus
from index.errors import CorpusError
from index.inspect import render_outline
from index.outline import build_outline
from index.passages import make_passages
from index.provenance import read_sources

CORPUS = Path(__file__).parents[2] / "corpus"
NOTICE = (
    "[ 发文字号 ] | 某发〔2023〕8号 | [ 体裁分类 ] | 公文 |\n"
    "[ 成文日期 ] | 2023年4月6日 | [ 发布日期 ] | 2023-05-05 |\n"
    "各部门:\n现将《行动计划(2023—2027年)》印发给你们。\n某区管委会\n2023年4月6日\n行动计划(2023—2027年)\n"
    "一、目标\n建成创新中心。"
)


def write_record(folder: Path, **record: object) -> None:
    with (folder / "sources.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def test_a_file_without_a_record_is_described_by_its_own_text(tmp_path: Path) -> None:
    (tmp_path / "notice.txt").write_text(NOTICE, encoding="utf-8")
    corpus = load_corpus(tmp_path)
    (document,) = corpus.documents
    assert corpus.problems == ()
    assert document.doc_id == "notice"
    assert document.title == "行动计划(2023—2027年)"
    assert (document.doc_number, document.kind, document.issuer) == ("某发〔2023〕8号", "公文", "某区管委会")
    assert (document.issued, document.published, document.signed) == ("2023-04-06", "2023-05-05", None)
    assert document.sha256 == hashlib.sha256(NOTICE.encode()).hexdigest()
    assert corpus.removed["notice"] == ()
    assert document.text.startswith("[ 发文字号 ] | 某发〔2023〕8号")


def test_the_record_wins_and_null_leaves_what_the_text_says(tmp_path: Path) -> None:
    (tmp_path / "notice.txt").write_text(NOTICE, encoding="utf-8")
    write_record(tmp_path, source="notice.txt", title="行动计划", kind="行动计划", issued=None, note="据文首表")
    (document,) = load_corpus(tmp_path).documents
    assert (document.title, document.kind, document.issued) == ("行动计划", "行动计划", "2023-04-06")


def test_without_any_title_the_first_line_serves(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("本报消息，两地签署协议。" + "推动合作。" * 30, encoding="utf-8")
    (document,) = load_corpus(tmp_path).documents
    assert document.title.startswith("本报消息，两地签署协议。")
    assert len(document.title) == 80


def test_each_bad_file_is_one_line_and_the_good_ones_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("某办法\n一、目标\n建成中心。", encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"")
    (tmp_path / "c.txt").write_bytes(b"%PDF-1.7")
    (tmp_path / "d.txt").write_bytes(bytes(range(256)))
    (tmp_path / "e.xyz").write_bytes(b"abc")
    (tmp_path / "f.txt").write_text("某办法\n一、目标\n建成中心。", encoding="utf-8")
    (tmp_path / "g.txt").write_text("上一篇:无", encoding="utf-8")
    (tmp_path / ".hidden").write_bytes(b"")
    (tmp_path / "README.md").write_text("说明", encoding="utf-8")
    corpus = load_corpus(tmp_path)
    assert [document.doc_id for document in corpus.documents] == ["a"]
    starts = [problem.split(":")[0] for problem in corpus.problems]
    assert starts == ["b.txt", "c.txt", "d.txt", "e.xyz", "f.txt", "g.txt"]
    assert all("\n" not in problem for problem in corpus.problems)
    assert "same bytes as a.txt" in corpus.problems[4]


def test_two_files_of_one_stem_would_share_a_doc_id(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("某办法\n一、目标\n建成中心。", encoding="utf-8")
    (tmp_path / "a.txt").write_text("某意见\n一、目标\n建成园区。", encoding="utf-8")
    corpus = load_corpus(tmp_path)
    assert [document.source for document in corpus.documents] == ["a.md"]
    assert "same doc_id" in corpus.problems[0]


def test_a_record_without_its_file_is_a_problem(tmp_path: Path) -> None:
    write_record(tmp_path, source="gone.txt")
    assert load_corpus(tmp_path).problems == ("gone.txt: recorded in sources.jsonl, but no such file",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: not JSON"),
        ("[]", "line 2: expected an object"),
        ('{"title": "甲"}', "line 2: no 'source'"),
        ('{"source": "b.txt", "tittle": "甲"}', "line 2: unknown field 'tittle'"),
        ('{"source": "b.txt", "issued": "2023年4月"}', "line 2: 'issued' is '2023年4月'"),
        ('{"source": "b.txt", "signed": "2023-13-01"}', "line 2: 'signed'"),
        ('{"source": "b.txt", "title": 5}', "line 2: 'title' is 5"),
        ('{"source": "b.txt", "title": " "}', "line 2: 'title'"),
        ('{"source": "a.txt"}', "line 2: a second record for a.txt"),
    ],
)
def test_a_bad_record_is_an_error_that_names_its_line(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "sources.jsonl").write_text('{"source": "a.txt"}\n' + line, encoding="utf-8")
    with pytest.raises(CorpusError) as raised:
        read_sources(tmp_path / "sources.jsonl")
    assert said in str(raised.value)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such folder"):
        load_corpus(tmp_path / "nowhere")


def test_the_corpus_of_the_project_loads_whole_with_its_provenance() -> None:
    corpus = load_corpus(CORPUS)
    assert corpus.problems == ()
    by_number = {document.doc_id[:3]: document for document in corpus.documents}
    assert sorted(by_number) == ["000", "001", "002", "003", "004"]
    plan = by_number["003"]
    assert (plan.doc_number, plan.issued, plan.published) == ("渝高新发〔2023〕8号", "2023-04-26", "2023-05-05")
    assert plan.issuer == "重庆高新区管委会"
    assert by_number["001"].signed == "2020-04-23"
    assert by_number["000"].signed is None
    assert by_number["000"].title == by_number["004"].title


def test_the_inspection_shows_everything_a_reviewer_needs(tmp_path: Path) -> None:
    (tmp_path / "notice.txt").write_text(NOTICE, encoding="utf-8")
    corpus = load_corpus(tmp_path)
    (document,) = corpus.documents
    outline = build_outline(document.text)
    passages = make_passages(document, outline)
    shown = render_outline(document, outline, passages, removed=corpus.removed["notice"])
    assert shown.startswith("# 行动计划(2023—2027年)\n")
    assert "doc_number: 某发〔2023〕8号" in shown
    assert "## removed: 0" in shown
    assert "  heading [" in shown
    assert all(passage.passage_id in shown and passage.text in shown for passage in passages)
    assert "  一、目标\n行动计划(2023—2027年)\n一、目标\n建成创新中心。" in shown
