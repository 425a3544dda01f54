"""A model's words under the guard: what it may say, what is mended, and what is said when it fails."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

import pytest

from app.answer.analyse import analyse
from app.answer.draft import Draft, Line, cite, shown, with_twins
from app.answer.generate import MAX_CHARS, Task, Written
from app.answer.generate import Generator as Author
from app.answer.generate_prompt import load_prompts
from app.answer.library import Library, Unit
from app.answer.replies import load_replies
from app.answer.select import Scored
from app.answer.writer import Fault, Message, Piece, WriterError

PROMPTS = Path(__file__).parents[2] / "prompts"
TEXT = (
    "到2027年，甲市汽车产量力争达到300万辆，总投资1200亿元。\n"
    "任何一方不得单独退出本协议。\n"
    "户口迁移探索建立跨区域户口不迁的机制。\n"
    "乙港由丙公司建设，每年组织一次演练。\n"
    "联席会议由王某某主任召集，共同推进丁园区建设。\n"
)


class Script:
    """Says what it is told to, in pieces of three characters, and remembers what it was asked."""

    provider = "openai"
    model = "script"

    def __init__(self, text: str, *, fault: Fault | None = None, ended: str = "stop") -> None:
        self.text, self.fault, self.ended = text, fault, ended
        self.asked: list[tuple[Message, ...]] = []
        self.closed_early = False
        self.said = 0

    def close(self) -> None:
        pass

    def write(self, messages: Sequence[Message]) -> Generator[Piece]:
        self.asked.append(tuple(messages))
        try:
            for at in range(0, len(self.text), 3):
                self.said = at + 3
                yield Piece(self.text[at : at + 3])
            if self.fault is not None:
                raise WriterError(self.fault, "scripted")
            yield Piece("", 100, 20, self.ended)
        except GeneratorExit:
            self.closed_early = True
            raise


MakeLibrary = Callable[[Mapping[str, str]], Library]


@pytest.fixture(scope="module")
def library(make_library: MakeLibrary) -> Library:
    return make_library({"甲": TEXT})


def unit(library: Library, start: str) -> Unit:
    return next(one for one in library.units if one.text.startswith(start))


def task(library: Library, question: str, *starts: str, route: str = "plain", lead: str = "") -> Task:
    """A task whose draft has the units that begin so; all units are offered."""
    units = [unit(library, start) for start in starts]
    lines = [Line(shown(one.text), with_twins(one, library)) for one in units]
    lines[0] = Line(lead + lines[0].text, lines[0].spans)
    scored = [Scored(one, 1.0, {}) for one in [*units, *(u for u in library.units if u not in units)]]
    return Task(analyse(question), Draft(tuple(lines), route), scored, library)


def write(script: Script, wanted: Task, heard: list[str] | None = None) -> tuple[Written, str]:
    author = Author(script, load_prompts(PROMPTS), load_replies(PROMPTS))

    def note(piece: str) -> bool:
        if heard is not None:
            heard.append(piece)
        return True

    written = author.write(wanted, listen=None if heard is None else note)
    return written, cite(written.lines, wanted.library)[0]


QUESTION = "到2027年甲市汽车产量要达到多少万辆？"
FIRST = "到2027年"


def test_a_supported_sentence_is_given_with_its_exact_span(library: Library) -> None:
    heard: list[str] = []
    written, text = write(Script("甲市汽车产量力争达到300万辆。[S1]"), task(library, QUESTION, FIRST), heard)
    assert text == "甲市汽车产量力争达到300万辆。[1]"
    span = written.lines[0].spans[0]
    assert library.documents["甲"].text[span.start : span.end].startswith(FIRST)
    assert "".join(heard) == text
    writing = written.writing
    assert (writing.outcome, writing.fault, writing.prompt_tokens, writing.completion_tokens) == (
        "written",
        None,
        100,
        20,
    )
    assert writing.first_token_ms is not None
    assert writing.notice


@pytest.mark.parametrize(
    ("said", "shown_text", "repaired"),
    [
        # The one figure of its kind that the source has.
        ("甲市汽车产量力争达到300亿辆。[S1]", "甲市汽车产量力争达到300万辆。[1]", "300亿辆→300万辆"),
        (
            "到2030年，甲市汽车产量力争达到300万辆。[S1]",
            "到2027年，甲市汽车产量力争达到300万辆。[1]",
            "2030年→2027年",
        ),
        # The sentence stands in another source than the one it cites.
        ("甲市汽车产量力争达到300万辆。[S3]", "甲市汽车产量力争达到300万辆。[1]", "[S3]→[S1]"),
    ],
)
def test_what_the_source_does_not_hold_is_mended(
    library: Library, said: str, shown_text: str, repaired: str
) -> None:
    written, text = write(Script(said), task(library, QUESTION, FIRST))
    assert text == shown_text
    assert repaired in written.writing.repaired
    assert written.unverified == ()


def test_a_negation_left_out_gives_way_to_the_source(library: Library) -> None:
    wanted = task(library, "一方可以单独退出吗", "任何一方")
    written, text = write(Script("任何一方可以单独退出本协议。[S1]"), wanted)
    assert text == "任何一方不得单独退出本协议。[1]"
    assert written.writing.repaired


@pytest.mark.parametrize(
    "said",
    [
        "甲市汽车产量已达到300万辆。[S1]",  # a plan told as done
        "戊市汽车产量力争达到300万辆。[S1]",  # a place that no list knows
        "南京汽车产量力争达到300万辆。[S1]",
        "甲市汽车产量每年达到300万辆。[S1]",
        "甲市汽车产量不会达到300万辆。[S1]",
    ],
)
def test_no_twisted_sentence_is_shown_as_it_is(library: Library, said: str) -> None:
    _, text = write(Script(said), task(library, QUESTION, FIRST))
    assert said.removesuffix("[S1]") not in text
    assert "300万辆" in text


def test_what_cannot_be_mended_is_marked(library: Library) -> None:
    said = "甲市汽车产量力争达到300万辆，总投资1250亿元，任何一方不得单独退出本协议。[S1][S2]"
    wanted = task(library, QUESTION, FIRST, "任何一方")
    written, text = write(Script(said.replace("300万辆", "310万辆")), wanted)
    assert "（未核实）" in text.splitlines()[0]
    assert any("310" in one for one in written.unverified)
    assert any("1250" in one for one in written.unverified)


def test_invented_content_is_dropped_and_the_read_answer_stands(library: Library) -> None:
    heard: list[str] = []
    script = Script("火星移民局将发放免费彩票和巧克力。[S1]")
    written, text = write(script, task(library, QUESTION, FIRST), heard)
    assert text == "到2027年，甲市汽车产量力争达到300万辆，总投资1200亿元。[1]"
    assert written.writing.outcome == "read"
    assert written.writing.fault == "unsupported"
    assert written.writing.dropped == ("火星移民局将发放免费彩票和巧克力。",)
    assert heard == []
    assert "内容没有原文支持" in written.writing.notice


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        (Script("甲市汽车产量力争达到300万辆。"), "unsupported"),
        (Script("甲市汽车产量力争达到300万辆。[1]"), "no_citation"),
        (Script("甲市汽车产量力争达到300万辆。[S77]"), "no_citation"),
        (Script(""), "empty"),
        (Script("现有文件中没有找到能回答这个问题的内容。"), "refused"),
        (Script("", fault="timeout"), "timeout"),
        (Script("甲市汽车", fault="cut"), "cut"),
        (Script("", fault="unavailable"), "unavailable"),
        (Script("甲市汽车产量力争达到300万辆", ended="length"), "empty"),
    ],
)
def test_a_model_that_fails_leaves_the_read_answer_and_the_reader_is_told(
    library: Library, script: Script, fault: str
) -> None:
    written, text = write(script, task(library, QUESTION, FIRST))
    assert text == "到2027年，甲市汽车产量力争达到300万辆，总投资1200亿元。[1]"
    assert written.writing.outcome == "read"
    assert written.writing.fault == fault or (fault == "empty" and written.writing.fault == "no_citation")
    assert written.writing.notice.startswith("语言模型没有给出可用的回答")


def test_unknown_handles_are_told_and_never_shown(library: Library) -> None:
    written, text = write(Script("甲市汽车产量力争达到300万辆。[S1][S42][7]"), task(library, QUESTION, FIRST))
    assert text == "甲市汽车产量力争达到300万辆。[1]"
    assert written.writing.unknown == ("[7]", "[S42]")


def test_what_was_written_before_a_failure_stays_and_is_completed(library: Library) -> None:
    heard: list[str] = []
    wanted = task(library, "乙港由谁建设，户口怎么办", "乙港", "户口迁移", route="parts")
    written, text = write(Script("乙港由丙公司建设，每年组织一次演练。[S1]户口", fault="timeout"), wanted, heard)
    first, label, second = text.splitlines()
    assert first == "乙港由丙公司建设，每年组织一次演练。[1]"
    assert label == "原文写明："
    assert second == "户口迁移探索建立跨区域户口不迁的机制。[2]"
    assert "".join(heard) == text
    assert (written.writing.outcome, written.writing.fault) == ("completed", "timeout")
    assert "没有写完" in written.writing.notice


def test_a_figure_asked_for_and_left_out_is_added(library: Library) -> None:
    wanted = task(library, QUESTION, FIRST, route="parts")
    _, text = write(Script("甲市汽车产量力争达到目标。[S1]"), wanted)
    assert "300万辆" in text


def test_a_list_is_given_whole_or_read(library: Library, make_library: MakeLibrary) -> None:
    row = "双方在规划协同、交通互联、产业联动等三个方面合作。\n"
    books = make_library({"乙": row})
    one = books.units[0]
    spans = with_twins(one, books)
    items = [Line(f"{n}. {text}", spans) for n, text in enumerate(["规划协同", "交通互联", "产业联动"], 1)]
    draft = Draft((Line("共3项：", (), 3), *items), "list.counted")
    wanted = Task(analyse("双方在哪些方面合作？"), draft, [Scored(one, 1.0, {})], books)
    _, whole = write(Script("双方在规划协同、交通互联、产业联动三个方面合作。[S1]"), wanted)
    assert whole == "双方在规划协同、交通互联、产业联动三个方面合作。[1]"
    _, short = write(Script("双方在规划协同、交通互联等方面合作。[S1]"), wanted)
    assert short.splitlines() == [
        "双方在规划协同、交通互联等方面合作。[1]",
        "原文写明：",
        "共3项：",
        "1. 规划协同[1]",
        "2. 交通互联[1]",
        "3. 产业联动[1]",
    ]


def test_the_verdict_is_the_readers(library: Library) -> None:
    wanted = task(library, "户口要迁吗", "户口迁移", route="yes_no.decided", lead="否。")
    written, text = write(Script("是的，探索建立跨区域户口不迁的机制。[S1]"), wanted)
    assert text.startswith("否。探索建立跨区域户口不迁的机制。[1]")
    bare, text = write(Script("是。[S1]"), wanted)
    assert text == "否。户口迁移探索建立跨区域户口不迁的机制。[1]"
    assert bare.writing.outcome == written.writing.outcome == "written"
    undecided = task(library, "户口要迁吗", "户口迁移", route="yes_no")
    _, text = write(Script("是的，探索建立跨区域户口不迁的机制。[S1]"), undecided)
    assert text == "探索建立跨区域户口不迁的机制。[1]"


def test_a_premise_of_the_question_is_no_support(library: Library) -> None:
    wanted = task(library, "演练是隔年一次吗", "乙港", route="yes_no.decided", lead="否。")
    _, text = write(Script("演练是隔年一次。[S1]"), wanted)
    assert "隔年" not in text
    assert text.startswith("否。乙港由丙公司建设，每年组织一次演练。")


def test_sentences_before_a_mark_share_it_and_are_checked_each(library: Library) -> None:
    wanted = task(library, "乙港由谁建设", "乙港")
    _, text = write(Script("主要有：\n乙港由丙公司建设。每年组织一次演练。[S1]"), wanted)
    assert text.splitlines() == ["主要有：", "乙港由丙公司建设。[1]", "每年组织一次演练。[1]"]
    written, text = write(Script("乙港由火星的巧克力工厂建设。每年组织一次演练。[S1]"), wanted)
    assert "火星" not in text
    assert written.writing.dropped == ("乙港由火星的巧克力工厂建设。",)
    _, text = write(Script("主要有：\n火星巧克力工厂发放彩票。[S1]每年组织一次演练。[S1]"), wanted)
    assert "主要有" not in text


def test_a_model_that_goes_on_and_on_is_stopped(library: Library) -> None:
    script = Script("乙港由丙公司建设。[S1]" * 400)
    wanted = task(library, "乙港由谁建设", "乙港")
    _, text = write(script, wanted)
    assert text.count("乙港由丙公司建设") <= 2
    assert script.closed_early
    flood = Script("甲" * (MAX_CHARS * 3))
    written, _ = write(flood, wanted)
    assert flood.said <= MAX_CHARS + 6
    assert written.writing.fault == "oversize"


def test_a_listener_that_leaves_stops_the_model(library: Library) -> None:
    script = Script("乙港由丙公司建设。[S1]联席会议由王某某主任召集，共同推进丁园区建设。[S2]" + "户口。[S3]" * 50)
    author = Author(script, load_prompts(PROMPTS), load_replies(PROMPTS))
    written = author.write(task(library, "乙港由谁建设", "乙港"), listen=lambda _: False)
    assert script.closed_early
    assert written.writing.fault == "stopped"


def test_what_is_heard_is_the_beginning_of_the_answer_whatever_the_model_says(library: Library) -> None:
    said = [
        "乙港由丙公司建设。[S1]",
        "任何一方可以退出。[S2]",
        "[S1]",
        "。。。",
        "现有文件中没有找到能回答这个问题的内容。",
        "产量500万辆[S3]；",
        "联席会议由李某某主任召集。[S4][S9]",
        "\n1. 户口不迁[S3]\n2. 产业[S2]",
        "主要包括：",
    ]
    for first in range(len(said)):
        for second in range(len(said)):
            heard: list[str] = []
            written, text = write(Script(said[first] + said[second]), task(library, "乙港由谁建设", "乙港"), heard)
            assert text.startswith("".join(heard))
            if written.writing.outcome != "read":
                assert "".join(heard) == text
            assert "丙公司" in text
            assert "S" not in text
