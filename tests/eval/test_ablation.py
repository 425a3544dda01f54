"""Every part can be taken out, is out while it is, and is back afterwards; the table shows what that costs."""

import importlib
from typing import Any

import pytest

from app.answer import lists
from app.answer.analyse import analyse
from eval.ablation import PARTS, Part, table, without
from eval.cases import Case
from eval.cli import build_parser
from eval.outcome import Outcome
from eval.runner import Run
from eval.score import score
from eval.spans import Locator

REPLACING = [part for part in PARTS if part.replaced]
BY_NAME = {part.name: part for part in PARTS}


def original(place: str) -> Any:
    module, _, names = place.partition(":")
    found: Any = importlib.import_module(module)
    for name in names.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("part", REPLACING, ids=lambda part: part.name)
def test_a_part_is_out_while_the_block_runs_and_back_behind_it(part: Part) -> None:
    before = {place: original(place) for place in part.replaced}
    with without(part):
        assert all(original(place) is not before[place] for place in part.replaced)
    assert all(original(place) is before[place] for place in part.replaced)


def test_a_part_comes_back_after_an_error() -> None:
    before = lists.read_list
    with pytest.raises(RuntimeError), without(BY_NAME["lists"]):
        raise RuntimeError
    assert lists.read_list is before


def test_what_stands_in_for_a_part_is_neutral() -> None:
    compound = analyse("汽车产量目标是多少？文旅协议什么时候签的？")
    described = "提到保险理赔的那份协议是谁签的？"
    with without(BY_NAME["parts"]):
        assert original("app.answer.evidence:sub_questions")(compound) == []
    assert original("app.answer.evidence:sub_questions")(compound)
    with without(BY_NAME["hops"]):
        assert original("app.answer.evidence:split_hops")(described) is None
    assert original("app.answer.evidence:split_hops")(described) is not None
    with without(BY_NAME["synonyms"]):
        assert original("app.answer.select:load_lexicon")().synonyms == {}
    assert original("app.answer.select:load_lexicon")().synonyms
    with without(BY_NAME["score"]):
        assert original("app.answer.searching:load_weights")(reranked=True).threshold == 0.0
    assert original("app.answer.searching:load_weights")(reranked=True).threshold > 0.0


def run_of(name: str, refused: dict[str, bool]) -> Run:
    cases = [
        Case(id=i, question="问？", type="unanswerable", fact=i, answerable=False, answer="") for i in refused
    ]
    locator = Locator({})
    return Run(
        name,
        tuple(score(c, Outcome(c.id, "未找到。", refused[c.id], latency_ms=9.0), locator) for c in cases),
        1.0,
    )


def test_the_table_shows_the_change_against_everything() -> None:
    whole = run_of("wence", {"a": True, "b": True, "c": True, "d": False})
    other = run_of("without rules", {"a": True, "b": False, "c": False, "d": False})
    head, first, second = table([whole, other], {"without rules": "refusals"})
    assert first[0] == "everything"
    assert first[head.index("right outcome")] == "0.750"
    assert second[0] == "without rules: refusals"
    assert second[head.index("right outcome")] == "0.250"
    assert second[head.index("change [95 %]")].startswith("-0.500 [")
    assert second[head.index("p50 ms")] == "9"
    assert 0.0 < float(second[head.index("p")]) <= 1.0


def test_an_unknown_part_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["ablate", "--parts", "magic"])
    assert "reranker" in capsys.readouterr().err
