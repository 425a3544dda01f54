import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.answer.turns import Turn
from eval.baselines import all_baselines, cosine_ranking, tutorial_units
from eval.cases import Case, CasesError, Message
from eval.metrics.citations import verbatim_share
from eval.metrics.grounding import is_grounded
from eval.systems import AssistantSystem, RecordedSystem
from index.errors import QuestionError
from index.lexical import LexicalIndex
from index.types import Answer, Citation, Document, Hit, Passage

TEXT = "第一条\n两市汽车产量到2025年达到300万辆。两市成立工作专班。\n第二条\n面积1198平方公里。核心区313平方公里。"
DOCUMENT = Document("a", "汽车协议", TEXT, "a.txt", "0")


def passage(start: int, end: int) -> Passage:
    return Passage(f"a:{start}-{end}", "a", "汽车协议", "a.txt", (), TEXT[start:end], start, end)


CUT = TEXT.index("第二条")
PASSAGES = (passage(0, CUT - 1), passage(CUT, len(TEXT)))


class CharacterEncoder:
    """Bags of characters: a stand-in whose cosines can be followed by eye."""

    def encode_queries(self, queries: list[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(queries), 4096), dtype=np.float32)
        for number, text in enumerate(queries):
            for char in text:
                rows[number, ord(char) % 4096] += 1
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def encode_passages(self, passages: list[str], progress: bool = False) -> NDArray[np.float32]:
        return self.encode_queries(passages)


class Store:
    passages: tuple[Passage, ...] = PASSAGES

    def sentence_spans(self, passage: int) -> tuple[tuple[int, int], ...]:
        from index.sentences import split_sentences

        p = PASSAGES[passage]
        return tuple(split_sentences(TEXT, p.start, p.end))

    def sentence_vectors(self, passage: int) -> NDArray[np.float32]:
        return CharacterEncoder().encode_passages([TEXT[a:b] for a, b in self.sentence_spans(passage)])


def question(text: str) -> Case:
    return Case("q", text, "number", "q", True)


def test_every_baseline_finds_the_passage_and_quotes_it_verbatim() -> None:
    lexical = LexicalIndex.from_texts([p.text for p in PASSAGES])
    systems = all_baselines([DOCUMENT], Store(), CharacterEncoder(), lexical)
    assert [system.name for system in systems] == ["tutorial", "bm25", "dense", "hybrid"]
    for system in systems:
        outcome = system.ask(question("核心区面积多少平方公里？"))
        assert not outcome.refused
        assert "313平方公里" in outcome.citations[0].quote, system.name
        assert verbatim_share(outcome.citations, {"a": TEXT}) == 1.0
        assert is_grounded(outcome.text, outcome.citations), system.name
        assert outcome.retrieved is not None
        assert all(TEXT[r.start : r.end] == r.text for r in outcome.retrieved)


def test_the_tutorial_splitter_reports_true_offsets() -> None:
    long = Document("b", "长文", "甲乙丙丁。" * 300, "b.txt", "0")
    units = tutorial_units([long])
    assert len(units) > 3
    assert all(long.text[u.start : u.end] == u.text and len(u.text) <= 500 for u in units)


def test_cosine_ranking_is_brute_force_and_stable() -> None:
    rows = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)
    assert cosine_ranking(np.array([1, 0], dtype=np.float32), rows, 2) == [(0, 1.0), (2, 1.0)]


class FakeAssistant:
    documents: Mapping[str, Document] = {"a": DOCUMENT}

    def __init__(self) -> None:
        self.histories: list[tuple[Turn, ...]] = []
        self.queries: list[str] = []

    def ask(self, question: str, *, history: Sequence[Turn] = ()) -> Answer:
        self.histories.append(tuple(history))
        if not question.strip("？"):
            raise QuestionError("the question is empty")
        quote = TEXT[4:24]
        return Answer(
            question,
            f"{quote}[1]",
            citations=(Citation(1, PASSAGES[0], quote, 4, 24),),
            understood="改写后的问题",
            confidence=0.7,
            timings={"retrieve": 3.0},
        )

    def search(self, query: str, k: int, *, doc_ids: Collection[str] | None = None) -> list[Hit]:
        self.queries.append(query)
        return [Hit(PASSAGES[1], 0.5, 2), Hit(PASSAGES[0], 0.9, 1)]


def test_the_assistant_is_asked_with_history_and_searched_as_it_understood() -> None:
    assistant = FakeAssistant()
    case = Case("q", "那面积呢？", "follow_up", "q", True, history=(Message("user", "汽车协议？"),))
    outcome = AssistantSystem(assistant).ask(case)
    assert assistant.histories == [(Turn("user", "汽车协议？"),)]
    assert assistant.queries == ["改写后的问题"]
    assert outcome.retrieved is not None
    assert [r.start for r in outcome.retrieved] == [0, CUT]
    assert (outcome.confidence, outcome.timings) == (0.7, {"retrieve": 3.0})
    assert outcome.citations[0].title == "汽车协议"


def test_a_question_the_assistant_rejects_is_a_refusal_with_that_reason() -> None:
    outcome = AssistantSystem(FakeAssistant()).ask(question("？"))
    assert outcome.refused
    assert outcome.reason == "question_error"


def test_recorded_answers_must_cover_every_question(tmp_path: Path) -> None:
    path = tmp_path / "rival.jsonl"
    lines = [{"id": "q", "answer": "313平方公里", "refused": False}]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    system = RecordedSystem(path, [question("核心区？")])
    assert (system.name, system.ask(question("核心区？")).text) == ("rival", "313平方公里")
    other = Case("hard", "难？", "number", "hard", True)
    with pytest.raises(CasesError, match=r"no answer to 1 of 2 questions, e\.g\. 'hard'"):
        RecordedSystem(path, [question("核心区？"), other])
    path.write_text('{"id": "q"}\n', encoding="utf-8")
    with pytest.raises(CasesError, match=r"rival\.jsonl:1: answer of q: expected text"):
        RecordedSystem(path, [question("核心区？")])
