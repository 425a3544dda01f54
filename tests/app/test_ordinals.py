"""Which member of an order a clause speaks of."""

from collections.abc import Callable, Mapping

import pytest

from app.answer.library import Library
from app.answer.ordinals import ordinal_fit

MakeLibrary = Callable[[Mapping[str, str]], Library]
TEXT = "3月，双方召开第一次联席会议。会上商讨六项合作。4月，第二次联席会议举行。"


@pytest.mark.parametrize(
    ("question", "start", "fit"),
    [
        ("头一回联席会议商量了几项合作？", "3月", 1.0),
        ("头一回联席会议商量了几项合作？", "会上", 0.5),
        ("头一回联席会议商量了几项合作？", "4月", -1.0),
        ("第二次联席会议商量了几项合作？", "会上", -0.5),
        ("联席会议商量了几项合作？", "会上", 0.0),
        # It says which place the meeting takes: that is asked, and names none.
        ("4月的会议是第一次联席会议吗？", "4月", 0.0),
        ("首届论坛在哪办？", "3月", 0.0),
    ],
)
def test_a_clause_goes_on_from_the_member_named_before_it(
    make_library: MakeLibrary, question: str, start: str, fit: float
) -> None:
    library = make_library({"a": TEXT})
    unit = next(u for u in library.units if u.text.startswith(start))
    assert ordinal_fit(question, unit, library) == fit
