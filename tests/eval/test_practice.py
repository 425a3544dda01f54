"""The invented documents and questions under eval/practice: quotes and key facts stand where they are said to."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eval.cases import Case, CasesError, load_practice
from eval.spans import squash

PRACTICE = Path(__file__).parents[2] / "eval" / "practice"
GROUPS = sorted(path.name for path in PRACTICE.iterdir() if path.is_dir())
HELD_OUT = [
    "a3", "b2", "c3", "d2", "g1e", "g2e", "g3e", "g4e", "k1d", "k2d", "k3d", "k4d", "k5d", "k6d", "k7d", "k8d",
    "p1d", "p2d", "p3d", "p4d",
]  # fmt: skip
MEASURED = ["m4b", "m4c", "m4d", "m5b", "m5c", "p5d", "p6d", "p7d", "p8d"]


def folded(text: str) -> str:
    return squash(text)[0]


def faults(folder: Path) -> list[str]:
    """One line for each thing that is wrong with a group; what load_practice refuses is not looked for again."""
    texts = {path.name: folded(path.read_text(encoding="utf-8")) for path in folder.glob("*.txt")}
    return [f"{case.id}: {fault}" for case in load_practice(folder) for fault in _faults_of(case, texts)]


def _faults_of(case: Case, texts: dict[str, str]) -> Iterator[str]:
    if not case.answerable:
        if case.type != "unanswerable" or not case.subtype:
            yield "unanswerable without its type or subtype"
        if case.evidence or case.key_facts:
            yield "unanswerable with evidence or key facts"
        return
    quotes = [quote for need in case.evidence for quote in need]
    if case.type == "unanswerable" or not quotes or not case.key_facts:
        yield "answerable without evidence or key facts"
    for quote in quotes:
        if folded(quote.quote) not in texts.get(quote.source, ""):
            yield f"no such quote in {quote.source}"
    said = "".join(folded(quote.quote) for quote in quotes)
    if case.type != "yes_no" and not case.derived:
        for wordings in case.key_facts:
            if not any(folded(wording) in said for wording in wordings):
                yield f"key fact {wordings[0]} not in its evidence"
    if case.type == "list" and not case.list_size:
        yield "list without its size"
    if case.type == "yes_no" and case.polarity not in ("是", "否"):
        yield "yes_no without its polarity"
    if case.type == "follow_up" and not case.history:
        yield "follow_up without its history"


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_is_sound(name: str) -> None:
    assert faults(PRACTICE / name) == []
    cases = load_practice(PRACTICE / name)
    # The later groups hold more near misses.
    sizes = {"g": (46, 26), "h": (46, 26), "k": (42, 30), "m": (42, 30), "p": (42, 30)}
    answerable, silent = sizes.get(name[0], (61, 14))
    assert Counter(case.answerable for case in cases) == {True: answerable, False: silent}
    assert {case.split for case in cases} == {"dev"}
    assert all(case.fact == case.id for case in cases)
    assert len(list((PRACTICE / name).glob("*.txt"))) == 4


def test_the_readme_says_what_each_group_is_for() -> None:
    rows = re.findall(
        r"^\| ((?:[a-p]\d[a-e]? ?)+) \| (.+) \|$", (PRACTICE / "README.md").read_text("utf-8"), re.MULTILINE
    )
    groups = {use: names.split() for names, use in rows}
    kept = [name for use, names in groups.items() if use.startswith("held out") for name in names]
    trained = [name for use, names in groups.items() if use.startswith("training") for name in names]
    assert sorted(kept) == HELD_OUT
    measured = [name for use, names in groups.items() if use.startswith("measuring") for name in names]
    assert measured == MEASURED
    assert sorted(trained + kept + measured) == GROUPS
    assert len(GROUPS) == 131


def test_other_words_are_of_questions_trained_on_and_say_something_else() -> None:
    cases = {case.id: case for name in GROUPS for case in load_practice(PRACTICE / name)}
    lines = [json.loads(line) for line in (PRACTICE / "reworded.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == len({(line["id"], folded(line["question"])) for line in lines}) == 9650
    assert max(Counter(line["id"] for line in lines).values()) == 2
    for line in lines:
        case = cases[line["id"]]
        assert case.id.partition("-")[0] not in [*HELD_OUT, *MEASURED]
        assert not case.history
        assert folded(line["question"]) != folded(case.question)
    # None gives its answer away: the words of a fact are in neither wording or in both.
    told = [
        line["id"]
        for line in lines
        for wordings in cases[line["id"]].key_facts
        if any(
            len(folded(w)) > 3
            and folded(w) in folded(line["question"])
            and folded(w) not in folded(cases[line["id"]].question)
            for w in wordings
        )
    ]
    assert told == []


def test_no_group_repeats_another() -> None:
    texts = [folded(path.read_text("utf-8")) for path in PRACTICE.glob("*/*.txt")]
    questions = [case.question for name in GROUPS for case in load_practice(PRACTICE / name)]
    assert len(texts) == len(set(texts)) == 4 * len(GROUPS)
    repeated = [question for question, times in Counter(questions).items() if times > 1]
    assert repeated == []


def write(folder: Path, *lines: dict[str, Any]) -> Path:
    (folder / "d1.txt").write_text("园区规划面积6.8平方\n公里，由甲市出资。", encoding="utf-8")
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / "questions.jsonl").write_text(text, encoding="utf-8")
    return folder


SOUND: dict[str, Any] = {
    "id": "x-001",
    "question": "园子多大？",
    "type": "number",
    "answerable": True,
    "answer": "6.8平方公里",
    "key_facts": [["6.8平方公里", "６．８平方公里"]],
    "evidence": [[{"source": "d1.txt", "quote": "园区规划面积6.8平方公里"}]],
}


def test_fact_and_split_have_defaults_and_may_be_given(tmp_path: Path) -> None:
    first, second = load_practice(write(tmp_path, SOUND, SOUND | {"id": "x-002", "fact": "area"}))
    assert (first.fact, first.split) == ("x-001", "dev")
    assert (second.fact, second.split) == ("area", "dev")
    assert faults(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"evidence": [[{"source": "d2.txt", "quote": "园区规划面积"}]]}, "no such quote in d2.txt"),
        ({"evidence": [[{"source": "d1.txt", "quote": "园区规划面积6.9平方公里"}]]}, "no such quote in d1.txt"),
        ({"key_facts": [["6.9平方公里"]]}, "key fact 6.9平方公里 not in its evidence"),
        ({"key_facts": []}, "answerable without evidence or key facts"),
        ({"type": "list"}, "list without its size"),
        ({"type": "yes_no"}, "yes_no without its polarity"),
        ({"type": "follow_up"}, "follow_up without its history"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    assert f"x-001: {fault}" in faults(write(tmp_path, SOUND | change))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([SOUND, SOUND], "already stands on line 1"),
        ([{"question": "多大？", "type": "number", "answerable": True}], "missing field id"),
        (["text"], "questions.jsonl:1"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(tmp_path: Path, lines: list[Any], message: str) -> None:
    with pytest.raises(CasesError, match=message):
        load_practice(write(tmp_path, *lines))
