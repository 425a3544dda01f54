"""The step on from a clause that names whose head is asked for to the clause that names the person."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.answer.analyse import analyse
from app.answer.chain import follow, next_step
from app.answer.library import Library, Unit
from app.answer.read import Part, Reading, read
from app.answer.replies import load_replies
from app.answer.select import Scored, TermMatcher
from app.answer.words import shared_name

ROOT = Path(__file__).parents[2]
MakeLibrary = Callable[[Mapping[str, str]], Library]
TEXT = "管理机构：乙州创投集团。\n乙州创投集团董事长苏明远说，首期资金已经到位。\n丙州港务集团董事长葛立行在场。\n"
QUESTION = "青屿母基金的管理公司，董事长是哪位？"


class Says:
    """A judge that gives one logit to all, and remembers what it was asked."""

    def __init__(self, logit: float) -> None:
        self.logit = logit
        self.asked: list[str] = []

    def score(self, question: str, judged: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        self.asked.append(question)
        return np.full(len(judged), self.logit, dtype=np.float32)


def unit_with(words: str, library: Library) -> Unit:
    return next(u for u in library.units if words in u.text)


@pytest.fixture
def library(make_library: MakeLibrary) -> Library:
    return make_library({"a": TEXT})


def test_the_clause_that_shares_the_name_is_followed(library: Library) -> None:
    start, right = unit_with("管理机构", library), unit_with("苏明远", library)
    step = next_step(analyse(QUESTION), [start])
    assert step is not None
    assert step.asked == "董事长是哪位"
    judge = Says(3.0)
    found = [Scored(unit, 1.0, {}) for unit in library.units]
    assert follow(step, analyse(QUESTION), found, library, judge) == right
    assert judge.asked == ["乙州创投集团，董事长是哪位？"]


def test_a_doubtful_clause_is_not_followed(library: Library) -> None:
    step = next_step(analyse(QUESTION), [unit_with("管理机构", library)])
    assert step is not None
    found = [Scored(unit, 1.0, {}) for unit in library.units]
    assert follow(step, analyse(QUESTION), found, library, Says(0.5)) is None


@pytest.mark.parametrize("question", ["青屿母基金的管理公司，注册资本多少？", "青屿母基金的管理公司是哪家？"])
def test_no_step_is_taken_where_no_person_is_asked(library: Library, question: str) -> None:
    assert next_step(analyse(question), [unit_with("管理机构", library)]) is None


def test_no_step_is_taken_where_the_clause_names_the_person(library: Library) -> None:
    assert next_step(analyse(QUESTION), [unit_with("苏明远", library)]) is None


def test_the_shared_name_is_new_to_the_question_and_no_copy_of_the_clause() -> None:
    assert shared_name("乙集团的基金归谁管", "管理机构为乙集团。", "乙集团董事长王一。") == ""
    long = "双方共同建设西部最大的新型智能终端制造基地并且推动上下游企业集聚发展"
    assert shared_name("谁负责", long, long) == ""


def reading(library: Library, followed: Unit | None, question: str = QUESTION) -> Reading:
    analysis = analyse(question)
    found = [Scored(unit_with("管理机构", library), 2.0, {}), Scored(unit_with("葛立行", library), 1.9, {})]
    whole = Part(analysis, found, TermMatcher(analysis, library))
    return Reading(whole, (), (), library, load_replies(ROOT / "prompts"), followed=followed)


def test_the_person_is_read_before_the_clause_that_names_whose_head_it_is(library: Library) -> None:
    right = unit_with("苏明远", library)
    draft = read(reading(library, right))
    assert draft.route == "chain"
    assert draft.used[0] == right.number
    assert [("苏明远" in line.text, "管理机构" in line.text) for line in draft.lines[:2]] == [
        (True, False),
        (False, True),
    ]


def test_a_verdict_is_not_led_by_a_person_and_none_is_said_twice(library: Library) -> None:
    right = unit_with("苏明远", library)
    verdict = read(reading(library, right, "乙州创投集团是管理机构吗？"))
    assert verdict.route.startswith("yes_no")
    assert right.number not in verdict.used
    start = unit_with("管理机构", library)
    assert read(reading(library, start)).used.count(start.number) == 1
