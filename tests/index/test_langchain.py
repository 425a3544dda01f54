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


def test_an_unknown_option_is_refused(retriever: Retriever) -> None:
    with pytest.raises(ValidationError, match="top_k"):
        WenceRetriever(retriever=retriever, top_k=3)  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        WenceRetriever(retriever=retriever, k=0)
