"""The parts of a question in an order of their own: the section of the part before, the words of this one."""

from collections.abc import Callable, Mapping

import pytest

from app.answer.analyse import analyse
from app.answer.library import Library
from app.answer.part_order import asked_place_first, own_words_first, same_section_first
from app.answer.select import Scored, TermMatcher

MakeLibrary = Callable[[Mapping[str, str]], Library]
NEWS = (
    "五月要闻\n一、港口\n5月2日，两市港务局开通专列。\n港口将建三座仓库。\n二、茶叶\n5月9日，两市农业局合办茶市。\n"
    "茶市设在码头。\n"
)


def texts(scored: list[Scored]) -> list[str]:
    return [s.unit.text for s in scored if not s.unit.is_heading]


def test_the_word_that_one_part_alone_asks_of_goes_first(make_library: MakeLibrary) -> None:
    library = make_library({"news": NEWS})
    matcher = TermMatcher(analyse("五月里，农业局办成了什么？"), library)
    scored = [Scored(u, 1.0 - 0.01 * u.number, {}) for u in library.units]
    assert texts(own_words_first(scored, {"农业局"}, matcher))[0] == "5月9日，两市农业局合办茶市。"
    assert texts(own_words_first(scored, set(), matcher)) == texts(scored)


def test_the_section_of_the_part_before_is_raised_and_may_still_lose(make_library: MakeLibrary) -> None:
    library = make_library({"news": NEWS})
    anchor = next(u for u in library.units if "合办茶市" in u.text)
    scored = [Scored(u, 1.0 - 0.01 * u.number, {}) for u in library.units if u.number != anchor.number]
    assert texts(same_section_first(scored, anchor, 1.0))[0] == "茶市设在码头。"
    assert texts(same_section_first(scored, anchor, 0.001)) == texts(scored)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("乐园打算在贵阳服务多少户企业？", "未来"),
        ("乐园打算服务多少户企业？", "乐园"),
        ("乐园打算在兰州新区服务多少户企业？", "乐园"),
        ("乐园在贵阳和遵义服务多少户企业？", "乐园"),
        ("乐园在贵阳做什么？", "乐园"),
    ],
)
def test_the_place_asked_of_leads(make_library: MakeLibrary, question: str, first: str) -> None:
    library = make_library({"a": "乐园将服务好兰州新区6万户企业。未来，将服务20万贵阳企业。"})
    ordered = asked_place_first(library.units, analyse(question))
    assert ordered[0].text.startswith(first)
    assert len(ordered) == len(library.units)
