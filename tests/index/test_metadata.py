"""Facts about a document are read where they are printed, and can be corrected."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from index.build import build_index
from index.corpus import load_corpus
from index.filters import Filter
from index.inspect import render_outline
from index.metadata import find_metadata
from index.outline import build_outline
from index.retrieve import Retriever
from index.store import open_store
from index.types import Document

CONTRACT = """某市与某县园区共建合作协议
甲方：某市人民政府（盖章）
乙方（受托方）：某县人民政府
根据《园区共建框架协议》，双方约定如下。
第一条 本协议自双方签字盖章之日起生效，有效期至2027年12月31日。
某市人民政府
二〇二三年九月八日"""
CONTRACT_TITLE = "某市与某县园区共建合作协议"


def values(text: str, title: str, name: str) -> list[str]:
    found = find_metadata(text, title)
    return [finding.value for finding in found if finding.name == name]


def test_a_contract_names_its_parties_and_its_days() -> None:
    facts = {(f.name, f.value): CONTRACT[f.start : f.end] for f in find_metadata(CONTRACT, CONTRACT_TITLE)}
    assert facts == {
        ("agreement", "园区共建框架协议"): "园区共建框架协议",
        ("expires", "2027-12-31"): "有效期至2027年12月31日",
        ("issued", "2023-09-08"): "二〇二三年九月八日",
        ("kind", "合作协议"): "合作协议",
        ("party", "某市人民政府"): "某市人民政府",
        ("party", "某县人民政府"): "某县人民政府",
        ("validity", "自双方签字盖章之日起生效"): "自双方签字盖章之日起生效",
        ("validity", "有效期至2027年12月31日"): "有效期至2027年12月31日",
    }


@pytest.mark.parametrize(
    ("text", "parties"),
    [
        ("17日，甲市科技局和乙市科技局签订《科技创新合作协议》。", ["甲市科技局", "乙市科技局"]),
        ("5月22日,甲新区管委会与乙开发区管理委员会正式签署框架协议。", ["甲新区管委会", "乙开发区管理委员会"]),
        ("甲市、乙市签署协议", ["甲市", "乙市"]),
        ("甲（高新）区与乙市签约", ["甲（高新）区", "乙市"]),
        ("双方签署了协议，推动合作与发展。", []),
        ("由甲银行与乙大学共同签署", ["甲银行", "乙大学"]),
    ],
)
def test_parties_of_a_report(text: str, parties: list[str]) -> None:
    assert values(text, "消息", "party") == parties


@pytest.mark.parametrize(
    ("text", "effective", "expires"),
    [
        ("本办法自2023年5月1日起施行。", ["2023-05-01"], []),
        ("本办法自二〇二三年五月一日起正式实施。", ["2023-05-01"], []),
        ("自发布之日起施行，有效期5年。", [], []),
        ("施行日期：2024年1月15日", ["2024-01-15"], []),
        ("执行至2025年12月31日止。", [], ["2025-12-31"]),
        ("到2027年12月31日，建成枢纽。", [], []),
        ("自2023年13月1日起施行", [], []),
    ],
)
def test_days_are_stated_only_where_they_are_printed(text: str, effective: list[str], expires: list[str]) -> None:
    assert values(text, "题", "effective") == effective
    assert values(text, "题", "expires") == expires


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("某区融入经济圈建设行动计划(2023—2027年)", ["行动计划"]),
        ("某市数据管理办法（试行）", ["管理办法"]),
        ("某市人民政府关于促进就业的通知", ["通知"]),
        ("两地签署5个合作协议推动发展", []),
    ],
)
def test_the_kind_is_what_the_title_ends_with(title: str, kind: list[str]) -> None:
    assert values(f"{title}\n正文。", title, "kind") == kind
    assert values(f"{title}\n本报讯（记者 王某）正文。", title, "kind") == ["新闻报道"]


def test_the_record_corrects_what_the_text_shows(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(CONTRACT, encoding="utf-8")
    (document,) = load_corpus(tmp_path).documents
    assert document.parties == ("某市人民政府", "某县人民政府")
    assert document.agreements == ("园区共建框架协议",)
    assert (document.kind, document.issued, document.issuer) == ("合作协议", "2023-09-08", "某市人民政府")
    assert (document.effective, document.expires) == (None, "2027-12-31")
    assert document.validity == "自双方签字盖章之日起生效；有效期至2027年12月31日"
    name, start, end = next(found for found in document.found if found[0] == "expires")
    assert (name, document.text[start:end]) == ("expires", "有效期至2027年12月31日")
    shown = render_outline(document, build_outline(document.text), [])
    assert "parties: 某市人民政府；某县人民政府" in shown
    assert f"found expires [{start}-{end}] 有效期至2027年12月31日" in shown

    record = {
        "source": "a.txt",
        "parties": ["甲", "乙", "丙"],
        "agreements": [],
        "expires": "2028-01-01",
        "kind": None,
    }
    (tmp_path / "sources.jsonl").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    (document,) = load_corpus(tmp_path).documents
    assert (document.parties, document.agreements) == (("甲", "乙", "丙"), ())
    assert (document.expires, document.kind) == ("2028-01-01", "合作协议")


def test_an_index_gives_back_what_it_was_given(tmp_path: Path, embedder: Any) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text(CONTRACT, encoding="utf-8")
    build_index(tmp_path / "corpus", tmp_path / "index", embedder)
    assert tuple(open_store(tmp_path / "index").documents.values()) == load_corpus(tmp_path / "corpus").documents


# --------------------------------------------------------------------------- filters

PLAN = Document("plan", "计划", "文", "plan.txt", "0", issuer="某高新区管委会", issued="2023-04-26")
PACT = Document("pact", "协议", "文", "pact.txt", "1", signed="2020-04-23", published="2024-01-01")
NEWS = Document("news", "消息", "文", "news.txt", "2", publisher="某日报")
ALL = (PLAN, PACT, NEWS)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, None),
        ({"issuer": "高新区"}, {"plan"}),
        ({"issuer": "某高新區管委會"}, {"plan"}),
        ({"issuer": "日报"}, set()),
        ({"issuer": ""}, set()),
        ({"since": "2023"}, {"plan"}),
        ({"until": "2022-12-31"}, {"pact"}),
        ({"since": "2020-04", "until": "2020-04"}, {"pact"}),
        ({"since": "2023-04-26", "until": "2023-04-26"}, {"plan"}),
        ({"since": "2023-04-27"}, set()),
        ({"since": "1900"}, {"plan", "pact"}),
        ({"doc_ids": ["plan", "pact"], "until": "2021"}, {"pact"}),
        ({"doc_ids": [], "since": "2020"}, set()),
    ],
)
def test_a_filter_names_the_documents_that_say_so(limits: dict[str, Any], expected: set[str] | None) -> None:
    assert Filter(**limits).matching(ALL) == expected


@pytest.mark.parametrize("bound", ["去年", "2023-13", "2023-4-1", "", "20230426"])
def test_a_bound_that_is_no_date_is_refused(bound: str) -> None:
    with pytest.raises(ValueError, match="expected a date such as 2023"):
        Filter(since=bound)


def test_a_search_is_limited_by_issuer_and_period(corpus: Path, tmp_path: Path, embedder: Any) -> None:
    lines = [
        {"source": "plan.txt", "issuer": "某新区管委会", "issued": "2023-04-26"},
        {"source": "pact.txt", "signed": "2020-04-23"},
    ]
    (corpus / "sources.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    build_index(corpus, tmp_path / "index", embedder)
    retriever = Retriever(open_store(tmp_path / "index"), embedder)

    def found(**limits: Any) -> set[str]:
        return {hit.passage.doc_id for hit in retriever.search("双方合作建设", 50, **limits)}

    assert found() == {"plan", "pact"}
    assert found(issuer="新区") == {"plan"}
    assert found(until="2021") == {"pact"}
    assert found(issuer="新区", until="2021") == set()
    assert found(issuer="省政府") == set()
    assert retriever.search_detailed("双方合作建设", 5, since="2030").hits == ()


def test_every_field_takes_part_in_the_comparison_of_documents() -> None:
    for change in ({"parties": ("甲",)}, {"validity": "有效期5年"}, {"found": (("kind", 0, 1),)}, {"pages": (0,)}):
        assert replace(PLAN, **change) != PLAN
