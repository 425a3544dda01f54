"""The report on a language model: replies are kept and replayed, and its figures are counted by hand here."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.answer.writer import Fault, Message, Piece, WriterError
from eval.cases import Case, CasesError
from eval.llm import Row, Timed, TutorialChat, figures, is_unknowing, row_of, table, turned
from eval.llm_record import RecordingWriter, prompt_key
from eval.outcome import Cited, Outcome
from eval.spans import Locator
from index.types import Document

PROMPT = [Message("user", "问")]
TEXT = "产量达到300万辆。总投资1200亿元。"


class Says:
    provider = "openai"
    model = "m"

    def __init__(self, *pieces: str, fault: Fault | None = None) -> None:
        self.pieces, self.fault, self.asked = pieces, fault, 0
        self.prompts: list[Sequence[Message]] = []

    def write(self, messages: Sequence[Message]) -> Generator[Piece]:
        self.asked += 1
        self.prompts.append(messages)
        for text in self.pieces:
            yield Piece(text)
        if self.fault:
            raise WriterError(self.fault, "scripted")
        yield Piece("", 10, 5, "stop")

    def close(self) -> None:
        pass


def read(writer: RecordingWriter) -> str:
    return "".join(piece.text for piece in writer.write(PROMPT))


def test_a_kept_reply_is_not_asked_for_again(tmp_path: Path) -> None:
    says = Says("甲", "乙")
    first = RecordingWriter(says, tmp_path / "replies.jsonl")
    assert read(first) == "甲乙"
    kept = first.last
    again = RecordingWriter(says, tmp_path / "replies.jsonl")
    assert read(again) == "甲乙"
    assert says.asked == 1
    assert again.last == kept
    assert kept is not None
    assert (kept.ended, kept.prompt_tokens, kept.completion_tokens) == ("stop", 10, 5)
    assert kept.first_token_ms is not None
    assert kept.first_token_ms <= kept.total_ms
    assert again.spent_ms == 0.0


def test_another_prompt_or_model_is_another_reply() -> None:
    keys = {
        prompt_key("m", PROMPT),
        prompt_key("n", PROMPT),
        prompt_key("m", [Message("system", "问")]),
        prompt_key("m", [*PROMPT, *PROMPT]),
    }
    assert len(keys) == 4
    assert prompt_key("m", PROMPT) == prompt_key("m", list(PROMPT))


def test_a_reply_that_was_enough_replays_as_far_as_it_came(tmp_path: Path) -> None:
    says = Says("甲", "乙", "丙")
    writer = RecordingWriter(says, tmp_path / "replies.jsonl")
    with closing(writer.write(PROMPT)) as stream:
        assert next(stream).text == "甲"
    pieces = list(RecordingWriter(says, tmp_path / "replies.jsonl").write(PROMPT))
    assert [(piece.text, piece.ended) for piece in pieces] == [("甲", "length")]


@pytest.mark.parametrize(("fault", "asked"), [("timeout", 1), ("unavailable", 2)])
def test_a_timeout_is_a_result_and_a_server_that_is_down_is_none(tmp_path: Path, fault: Fault, asked: int) -> None:
    says = Says("甲", fault=fault)
    for _ in range(2):
        with pytest.raises(WriterError) as caught:
            read(RecordingWriter(says, tmp_path / "replies.jsonl"))
        assert caught.value.code == fault
    assert says.asked == asked


def test_a_damaged_record_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    path.write_text('\n{"key": "x"}\n', encoding="utf-8")
    with pytest.raises(CasesError, match=":2:"):
        RecordingWriter(Says(), path)


class Encoder:
    """Vectors that make the first piece the nearest."""

    def encode_queries(self, queries: list[str]) -> NDArray[np.float32]:
        return np.ones((len(queries), 1), dtype=np.float32)

    def encode_passages(self, passages: list[str], progress: bool = False) -> NDArray[np.float32]:
        return np.arange(len(passages), 0, -1, dtype=np.float32).reshape(-1, 1)


def case(name: str, *, answerable: bool = True) -> Case:
    return Case(name, "产量多少？", "number", name, answerable, "300万辆", (("300万辆",),) if answerable else ())


@pytest.mark.parametrize(
    ("said", "right", "refused", "ungrounded"),
    [
        ("300万辆。", True, False, ()),
        ("500万辆，投资1200亿元。", False, False, ("500万",)),
        ("文中没有提到产量。", False, True, ()),
    ],
)
def test_the_tutorial_says_what_the_model_says(
    tmp_path: Path, said: str, right: bool, refused: bool, ungrounded: tuple[str, ...]
) -> None:
    says = Says(said)
    document = Document("d", "题", TEXT, "d.txt", "0" * 64)
    recorder = RecordingWriter(says, tmp_path / "replies.jsonl")
    system = TutorialChat([document], Encoder(), recorder, pieces=2)
    row = row_of(case("a"), system.ask(case("a")), Locator({"d": TEXT}), mark="（未核实）")
    assert row.timed.outcome.refused is refused
    assert row.scored.scores["correct"] == float(right)
    assert row.ungrounded == ungrounded
    assert TEXT in says.prompts[0][0].content
    assert "产量多少？" in says.prompts[0][0].content


def outcome(name: str, text: str, *, refused: bool = False) -> Outcome:
    return Outcome(name, text, refused, (Cited(1, "d", TEXT, 0, len(TEXT)),))


def row(name: str, text: str, *, refused: bool = False, answerable: bool = True, seconds: float = 1.0) -> Row:
    timed = Timed(outcome(name, text, refused=refused), seconds * 500, seconds * 1000)
    return row_of(case(name, answerable=answerable), timed, Locator({"d": TEXT}), mark="（未核实）")


def test_a_marked_figure_is_ungrounded_but_not_loose() -> None:
    marked = row("a", "产量500万辆（未核实）[1]\n总投资1200亿元。[1]")
    assert (marked.ungrounded, marked.loose) == (("500万",), ())
    bare = row("b", "产量500万辆[1]")
    assert (bare.ungrounded, bare.loose) == (("500万",), ("500万",))


def test_the_columns_are_counts() -> None:
    rows = [
        row("a", "产量达到300万辆。[1]", seconds=1),
        row("b", "产量达到500万辆。[1]", seconds=2),
        row("c", "没有。", refused=True, seconds=9),
        row("d", "没有。", refused=True, answerable=False, seconds=4),
    ]
    column = figures(rows)
    assert column["right outcome"] == 2
    assert column["correct, of answerable"] == [1, 3]
    assert column["refused, of unanswerable"] == [1, 1]
    assert column["refused, of answerable"] == [1, 3]
    assert column["answers with ungrounded figures"] == [1, 2]
    assert column["first token, median s"] == 1.5
    assert column["whole answer, longest s"] == 9
    shown = table({"x": column, "y": column})
    assert shown[0] == ["", "x", "y"]
    assert ["correct, of answerable", "1/3", "1/3"] in shown
    json.dumps(column)


def test_what_turned_is_counted_both_ways() -> None:
    before = [{"scores": {"outcome_right": value}} for value in (1.0, 0.0, 0.0, 1.0)]
    after = [{"scores": {"outcome_right": value}} for value in (0.0, 1.0, 1.0, 1.0)]
    assert turned(before, after) == (2, 1)


def test_saying_nothing_or_not_knowing_is_a_refusal() -> None:
    assert is_unknowing(" ")
    assert is_unknowing("很抱歉，根据上下文无法确定。")
    assert not is_unknowing("产量300万辆")
