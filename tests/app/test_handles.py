"""A model's text becomes sentences with handles, however it is cut on its way, and never half of either."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answer.handles import MAX_SENTENCE, Said, SentenceReader, read_sentence


def read(pieces: list[str], quoted: str = "") -> list[Said]:
    reader = SentenceReader(quoted)
    found = [said for piece in pieces for said in reader.feed(piece)]
    return [*found, *reader.end()]


TEXTS = [
    "产量300万辆。[S1]产值6000亿元。[S2][S3]",
    "产量300万辆[S1]。产值6000亿元[S1，S2]；占比5.7%。【S3】",
    "共2项：\n1. 规划协同[S1]\n2. 创新协同（S2）\n",
    "他说：“建成了。”[S1] 然后（2023年）结束。(S4)",
    "没有出处。也没有[1]。[S99]",
    "渝府〔2023〕8号。[S1]！！！",
]


@pytest.mark.parametrize("text", TEXTS)
def test_cutting_the_text_anywhere_changes_nothing(text: str) -> None:
    whole = read([text])
    assert read(list(text)) == whole
    for at in range(len(text)):
        assert read([text[:at], text[at:]]) == whole


@given(
    st.lists(
        st.sampled_from(["甲乙", "[S1]", "[", "S", "2", "]", "。", "；", "\n", "（S3）", "【", "】", " ", "1"])
    )
)
def test_random_pieces_read_as_their_join_does(pieces: list[str]) -> None:
    assert read(pieces) == read(["".join(pieces)])


@given(st.lists(st.sampled_from(["甲乙", "[S1]", "[S", "2]", "。", "[S12", "\n", "[S1，S2]"])))
def test_no_handle_is_ever_left_in_the_text(pieces: list[str]) -> None:
    for said in read(pieces):
        assert "[" not in said.text
        assert "S" not in said.text


def test_a_sentence_waits_for_the_handles_that_may_follow() -> None:
    reader = SentenceReader()
    assert list(reader.feed("产量300万辆。")) == []
    assert list(reader.feed("[S")) == []
    assert list(reader.feed("1]")) == []
    assert list(reader.feed("产")) == [Said("产量300万辆。", (1,))]


@pytest.mark.parametrize(
    ("text", "handles"),
    [
        ("甲[S1]。", (1,)),
        ("甲。[S1][S2]", (1, 2)),
        ("甲[S1, S3]。", (1, 3)),
        ("甲[S1、2]。", (1, 2)),
        ("甲【s4】。", (4,)),
        ("甲（S5）。", (5,)),
        ("[S6] 甲。", (6,)),
        ("甲[S1]，乙[S2]。", (1, 2)),
    ],
)
def test_handles_are_read_in_the_forms_that_models_write(text: str, handles: tuple[int, ...]) -> None:
    said = read_sentence(text)
    assert said.handles == handles
    assert "S" not in said.text.upper()
    assert said.strange == ()


@pytest.mark.parametrize("mark", ["[1]", "【3】", "[^2]", "[来源1]", "[S1：第二条]", "[文件2]"])
def test_other_marks_are_told_and_taken_out(mark: str) -> None:
    said = read_sentence(f"甲{mark}。")
    assert (said.text, said.handles, said.strange) == ("甲。", (), (mark,))


def test_brackets_of_the_document_itself_stay() -> None:
    said = read_sentence("见渝府发[2023]8号。[S1]", quoted="见渝府发[2023]8号")
    assert (said.text, said.handles, said.strange) == ("见渝府发[2023]8号。", (1,), ())
    assert read_sentence("见渝府发〔2023〕8号（2027年）。").text == "见渝府发〔2023〕8号（2027年）。"


def test_a_road_of_the_documents_is_no_handle() -> None:
    said = read_sentence("经过丙高速（S3）和丁（SUV）。[S1]", quoted="经过丙高速（S3）")
    assert (said.text, said.handles) == ("经过丙高速（S3）和丁（SUV）。", (1,))


def test_a_sentence_without_end_is_cut_before_a_handle_not_through_it() -> None:
    text = "甲" * (MAX_SENTENCE - 2) + "[S1]" + "乙" * 60 + "。"
    found = read(list(text))
    assert found[0] == Said("甲" * (MAX_SENTENCE - 2), ())
    assert found[1].handles == (1,)


def test_dressing_is_taken_off() -> None:
    assert read_sentence("- **重点**：甲[S1]").text == "重点：甲"
    assert read_sentence("## 结论").text == "结论"
    assert read_sentence("1. 甲[S1]").text == "1. 甲"
