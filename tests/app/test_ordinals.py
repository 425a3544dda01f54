"""Which member of an order a clause speaks of."""

from collections.abc import Callable, Mapping

import pytest

from app.answer.library import Library
from app.answer.ordinals import ordinal_fit

MakeLibrary = Callable[[Mapping[str, str]], Library]
TEXT = "3月，双方举办第一次论坛。会上讨论六项倡议。5月，第二次论坛举行。"


@pytest.mark.parametrize(
    ("question", "start", "fit"),
    [
        ("头一回论坛讨论了几项倡议？", "3月", 1.0),
        ("头一回论坛讨论了几项倡议？", "会上", 0.5),
        ("头一回论坛讨论了几项倡议？", "5月", -1.0),
        ("第二次论坛讨论了几项倡议？", "会上", -0.5),
        ("论坛讨论了几项倡议？", "会上", 0.0),
        # It says which place the meeting takes: that is asked, and names none.
        ("5月的论坛是第一次论坛吗？", "5月", 0.0),
        ("首届展会在哪办？", "3月", 0.0),
    ],
)
def test_a_clause_goes_on_from_the_member_named_before_it(
    make_library: MakeLibrary, question: str, start: str, fit: float
) -> None:
    library = make_library({"a": TEXT})
    unit = next(u for u in library.units if u.text.startswith(start))
    assert ordinal_fit(question, unit, library) == fit
