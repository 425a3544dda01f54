from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompt_values import PromptValue
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from pydantic import ValidationError

from index.build import build_index
from index.langchain import WenceRetriever
from index.retrieve import Retriever
from index.store import open_store


@pytest.fixture
def retriever(corpus: Path, tmp_path: Path, embedder: Any) -> Retriever:
    build_index(corpus, tmp_path / "index", embedder)
    return Retriever(open_store(tmp_path / "index"), embedder)


def test_documents_are_the_hits_with_all_that_a_citation_needs(retriever: Retriever) -> None:
    found = WenceRetriever(retriever=retriever, k=3).invoke("新能源汽车产量")
    hits = retriever.search("新能源汽车产量", 3)
    assert [document.page_content for document in found] == [hit.passage.text for hit in hits]
    for document, hit in zip(found, hits, strict=True):
        passage = hit.passage
        assert document.id == passage.passage_id
        assert document.metadata == {
            "passage_id": passage.passage_id,
            "doc_id": passage.doc_id,
            "title": passage.title,
            "source": passage.source,
            "heading_path": list(passage.heading_path),
            "start": passage.start,
            "end": passage.end,
            "score": hit.score,
            "rank": hit.rank,
            "copies": [],
        }
        whole = retriever.store.documents[document.metadata["doc_id"]].text
        assert whole[document.metadata["start"] : document.metadata["end"]] == document.page_content
        json.dumps(document.metadata)


def test_it_stands_in_an_lcel_chain(retriever: Retriever) -> None:
    def numbered(documents: list[Document]) -> str:
        return "\n".join(f"[{d.metadata['rank']}] {d.page_content}" for d in documents)

    prompt = ChatPromptTemplate.from_messages([("system", "资料：\n{context}"), ("human", "{question}")])

    def echo(value: PromptValue) -> str:
        return "\n".join(str(message.content) for message in value.to_messages())

    context = WenceRetriever(retriever=retriever, k=2) | numbered
    chain = (
        {"context": context, "question": RunnablePassthrough()} | prompt | RunnableLambda(echo) | StrOutputParser()
    )
    answer = chain.invoke("联席会议多久开一次？")
    first, second = (hit.passage.text for hit in retriever.search("联席会议多久开一次？", 2))
    assert answer == f"资料：\n[1] {first}\n[2] {second}\n联席会议多久开一次？"
    assert "每年至少召开一次" in first
    assert "".join(chain.stream("联席会议多久开一次？")) == answer


def test_it_answers_in_batches_and_asynchronously(retriever: Retriever) -> None:
    one = WenceRetriever(retriever=retriever, k=2)
    questions = ["文旅合作", "人才交流"]
    expected = [one.invoke(question) for question in questions]
    assert one.batch(questions) == expected

    async def both() -> list[list[Document]]:
        return [await one.ainvoke(question) for question in questions]

    assert asyncio.run(both()) == expected


def test_a_filter_limits_the_documents_and_an_empty_one_allows_none(retriever: Retriever) -> None:
    found = WenceRetriever(retriever=retriever, doc_ids=("pact",)).invoke("新能源汽车产量")
    assert {document.metadata["doc_id"] for document in found} == {"pact"}
    assert WenceRetriever(retriever=retriever, doc_ids=()).invoke("新能源汽车产量") == []


def test_issuer_and_period_limit_the_documents(corpus: Path, tmp_path: Path, embedder: Any) -> None:
    (corpus / "sources.jsonl").write_text(
        '{"source": "plan.txt", "issuer": "某新区管委会", "issued": "2023-04-26"}\n'
        '{"source": "pact.txt", "issuer": "甲市政府", "issued": "2021-01-05"}\n',
        encoding="utf-8",
    )
    build_index(corpus, tmp_path / "index", embedder)
    retriever = Retriever(open_store(tmp_path / "index"), embedder)

    def found(**limits: Any) -> set[str]:
        documents = WenceRetriever(retriever=retriever, **limits).invoke("重点任务")
        return {document.metadata["doc_id"] for document in documents}

    assert found() == {"plan", "pact"}
    assert found(issuer="管委会") == {"plan"}
    assert found(until="2022") == {"pact"}
    assert found(since="2023", issuer="甲市") == set()


def test_the_copies_of_a_hit_are_named_to_be_cited_too(corpus: Path, tmp_path: Path, embedder: Any) -> None:
    (corpus / "copy.txt").write_bytes((corpus / "pact.txt").read_bytes() + "\n附：签署地点为甲市。\n".encode())
    build_index(corpus, tmp_path / "index", embedder)
    store = open_store(tmp_path / "index")
    documents = WenceRetriever(retriever=Retriever(store, embedder), k=3).invoke("共同举办文化旅游节")
    (copy,) = documents[0].metadata["copies"]
    assert {copy["doc_id"], documents[0].metadata["doc_id"]} == {"copy", "pact"}
    text = store.documents[copy["doc_id"]].text[copy["start"] : copy["end"]]
    assert text.split() == documents[0].page_content.split()
    assert len({document.page_content for document in documents}) == len(documents)
    limited = WenceRetriever(retriever=Retriever(store, embedder), k=1, doc_ids=("pact",)).invoke(
        "共同举办文化旅游节"
    )
    assert limited[0].metadata["copies"] == [], "not what the search is closed to"


def test_an_unknown_option_is_refused(retriever: Retriever) -> None:
    with pytest.raises(ValidationError, match="top_k"):
        WenceRetriever(retriever=retriever, top_k=3)  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        WenceRetriever(retriever=retriever, k=0)
