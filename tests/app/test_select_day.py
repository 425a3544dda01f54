"""A day that a question fixes tells the sentences of that day from those of others."""

from collections.abc import Callable, Mapping

import pytest

from app.answer.analyse import analyse
from app.answer.library import Library
from app.answer.select import day_fit

MakeLibrary = Callable[[Mapping[str, str]], Library]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("5月20日发生了什么？", [1.0, -1.0, 0.0]),
        ("2020年5月20日发生了什么？", [1.0, -1.0, 0.0]),
        ("2020年5月发生了什么？", [0.0, 0.0, 0.0]),
        ("哪天签约？", [0.0, 0.0, 0.0]),
    ],
)
def test_the_day_of_the_question_counts_for_a_sentence_and_another_day_against_it(
    make_library: MakeLibrary, question: str, expected: list[float]
) -> None:
    library = make_library({"a": "5月20日，项目启动。\n4月23日，双方签约。\n双方在5月对接。\n"})
    units = [unit for unit in library.units if not unit.is_heading]
    assert [day_fit(analyse(question), unit) for unit in units] == expected
