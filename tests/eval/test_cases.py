import json
from pathlib import Path
from typing import Any

import pytest

from eval.cases import Case, CasesError, Message, Quote, case_record, load_cases, parse_case, select, write_cases

LINE: dict[str, Any] = {
    "id": "auto-output",
    "question": "到2025年两市汽车产量要达到多少？",
    "type": "target",
    "fact": "auto-output",
    "answerable": True,
    "answer": "300万辆",
    "key_facts": [["300万辆"]],
    "evidence": [[{"source": "a.txt", "quote": "产量将达到300万辆"}]],
}


def write(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_line_becomes_a_case_and_comes_back_the_same(tmp_path: Path) -> None:
    full = LINE | {
        "history": [
            {"role": "user", "content": "汽车协议谁签的？"},
            {"role": "assistant", "content": "两市经信部门"},
        ],
        "type": "follow_up",
        "split": "dev",
        "paraphrase_of": "other",
    }
    case = parse_case(full)
    assert case.history[1] == Message("assistant", "两市经信部门")
    assert case.evidence == ((Quote("a.txt", "产量将达到300万辆"),),)
    assert parse_case(case_record(case)) == case
    write_cases(tmp_path / "q.jsonl", [case])
    assert load_cases(tmp_path / "q.jsonl") == (case,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keyfacts": []}, "unknown field keyfacts"),
        ({"type": "numbers"}, "'numbers' is not one of"),
        ({"subtype": "typo"}, "does not belong to type 'target'"),
        ({"split": "train"}, "neither dev nor test"),
        ({"polarity": "yes"}, "neither 是 nor 否"),
        ({"list_size": 0}, "not a positive integer"),
        ({"list_size": True}, "not a positive integer"),
        ({"key_facts": ["300万辆"]}, "expected a non-empty list of texts"),
        ({"key_facts": [[""]]}, "empty or non-text"),
        ({"evidence": [[{"source": "a.txt"}]]}, "source and quote"),
        ({"evidence": [[]]}, "non-empty list"),
        ({"history": [{"role": "system", "content": "x"}]}, "neither user nor assistant"),
        ({"answerable": "yes"}, "expected true or false"),
        ({"question": "  "}, "question: is empty"),
    ],
)
def test_a_line_out_of_schema_is_refused_with_its_number(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = write(tmp_path / "q.jsonl", LINE, LINE | {"id": "second"} | change)
    with pytest.raises(CasesError, match=rf"q\.jsonl:2: .*{message}"):
        load_cases(path)


def test_missing_fields_repeated_ids_and_broken_lines_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CasesError, match="missing field fact, answerable"):
        parse_case({k: v for k, v in LINE.items() if k not in ("fact", "answerable")})
    with pytest.raises(CasesError, match="already stands on line 1"):
        load_cases(write(tmp_path / "twice.jsonl", LINE, LINE))
    (tmp_path / "broken.jsonl").write_text('{"id": \n', encoding="utf-8")
    with pytest.raises(CasesError, match=r"broken\.jsonl:1: not JSON"):
        load_cases(tmp_path / "broken.jsonl")
    with pytest.raises(CasesError, match="cannot be read"):
        load_cases(tmp_path / "absent.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(CasesError, match="holds no question"):
        load_cases(tmp_path / "empty.jsonl")


def test_a_sample_is_repeatable_in_file_order_and_within_the_selection() -> None:
    cases = [
        Case(str(i), "问", "date" if i % 2 else "list", str(i), True, split="dev" if i < 20 else "test")
        for i in range(40)
    ]
    first = select(cases, split="dev", limit=5, seed=3)
    assert first == select(cases, split="dev", limit=5, seed=3)
    assert first != select(cases, split="dev", limit=5, seed=4)
    assert [int(c.id) for c in first] == sorted(int(c.id) for c in first)
    assert all(c.split == "dev" for c in first)
    assert len(select(cases, kind="date", limit=1000)) == 20
    with pytest.raises(CasesError, match="no question has split=dev and type=number"):
        select(cases, split="dev", kind="number")
