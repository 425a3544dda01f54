"""Comparisons: each side read in its own place, then set side by side in a table, every cell cited."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from app.answer.analyse import analyse
from app.answer.comparison import Asked, SideRead, compare
from app.answer.compound import side_names, split_sides
from app.answer.draft import Draft, cite
from app.answer.guard import check
from app.answer.library import Library
from app.answer.omissions import left_out
from app.answer.replies import load_replies
from app.answer.scopes import Scopes, announces, tokens
from app.answer.select import Scored, TermMatcher
from app.answer.sides import find_sides
from app.answer.sources import offered
from app.web.render import render_answer

MakeLibrary = Callable[[Mapping[str, str]], Library]
REPLIES = load_replies(Path(__file__).parents[2] / "prompts")
NEWS = (
    "两市签署两份协议\n"
    "共建数字港口\n"
    "3日，甲市港务局与乙市港务局签署《共建数字港口合作协议》。双方将在5个方面展开合作。"
    "到2030年，货物吞吐量达到800万吨。航线包括班轮、驳船、专列三类。\n"
    "共建茶叶市场\n"
    "3日，甲市农业局与乙市农业局签署《共建茶叶市场合作协议》。双方将在8个方面展开合作。"
    "到2028年，货物吞吐量达到20万吨。航线包括班轮、专列、货车三类。\n"
)
PORT, TEA = "港务局的协议", "农业局的协议"


@pytest.fixture(scope="module")
def library(make_library: MakeLibrary) -> Library:
    return make_library({"news": NEWS, "walk": "公园里花草繁茂，市民正在散步。另有一段无关文字，说明天气晴朗。"})


def compared(question: str, library: Library, *, drop: str = "") -> Draft | None:
    """The comparison where every unit of a side is scored by the words it shares with what is asked of it."""
    sides = []
    for side in find_sides(question, Scopes(library)):
        analysis = analyse(side.asked[0])
        matcher = TermMatcher(analysis, library)
        units = [u for u in library.units if side.scope.holds(u) and side.name != drop]
        scored = [Scored(u, 10 * matcher.covers(u.folded), {}) for u in units]
        scored.sort(key=lambda s: (-s.score, s.unit.number))
        sides.append(SideRead(side.name, (Asked(analysis, scored, matcher),), side.scope))
    return compare(question, sides, library, REPLIES) if sides else None


def names(question: str, library: Library) -> list[str]:
    return [side.name for side in find_sides(question, Scopes(library))]


@pytest.mark.parametrize(
    "question",
    [
        f"{PORT}和{TEA}有什么不同？",
        f"合作方面，{PORT}与{TEA}各有几个？",
        f"比一下：{PORT}是几个方面，{TEA}又是几个方面？",
        f"货物吞吐量在{PORT}里是怎么提的？{TEA}又是多少？",
        f"{PORT}跟{TEA}相比，哪份合作方面更多？",
    ],
)
def test_the_sides_are_found_however_they_are_set_side_by_side(question: str, library: Library) -> None:
    assert names(question, library) == [PORT, TEA]


@pytest.mark.parametrize(
    "question",
    [
        "甲市港务局和乙市港务局签署了什么协议？",
        "港务局的协议什么时候签的？",
        "完美世界和天外来客有什么不同？",
        "港务局和气象局的协议有什么不同？",
        "《港口和茶叶》有什么不同？",
    ],
)
def test_parties_of_one_thing_and_things_without_a_place_are_no_sides(question: str, library: Library) -> None:
    assert names(question, library) == []


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (f"我在做表，{PORT}，和{TEA}，哪一份的合作方面更多？", [PORT, TEA]),
        (f"{PORT} vs {TEA}：各自多少方面，谁更多", [PORT, TEA]),
        (f"{PORT}的货物吞吐量和{TEA}的货物吞吐量各是多少？", [PORT, TEA]),
        (f"{PORT}，跟{TEA}（以前叫农委的协议），合作内容各是多少项？", [PORT, TEA]),
        # The members of one thing, named in quotation marks.
        ("港务局的协议 “三类航线”分别是", []),
        # 它 speaks of what the first half finds.
        (f"{PORT}里的班轮是哪一类，后来{TEA}又要把它建成多大规模？", []),
    ],
)
def test_sides_are_told_from_the_words_around_them(question: str, found: list[str], library: Library) -> None:
    assert names(question, library) == found


@pytest.mark.parametrize(
    "question",
    [
        f"{PORT}，和{TEA}比，哪份的合作方面更多？",
        f"一份是{PORT}，一份是{TEA}，货物吞吐量分别是多少？",
        f"货物吞吐量目标，{PORT}，{TEA}，差多少？".replace("的", ""),
        f"{PORT} vs {TEA} 2030年货物吞吐量",
    ],
)
def test_a_comma_or_a_gap_sets_apart_too(question: str, library: Library) -> None:
    sides = find_sides(question, Scopes(library))
    assert [side.name.strip().replace("的", "") for side in sides] == [
        PORT.replace("的", ""),
        TEA.replace("的", ""),
    ]
    assert all(any(side.asked) for side in sides)


def test_a_joint_name_of_two_places_is_both(make_library: MakeLibrary) -> None:
    news = (
        "四地签署两份协议\n"
        "共建数字港口\n3日，上海市港务局与江苏省港务局签署合作协议。双方将在5个方面展开合作。\n"
        "共建茶叶市场\n3日，福建省农业厅与江西省农业厅签署合作协议。双方将在8个方面展开合作。\n"
    )
    library = make_library({"news": news, "walk": "公园里花草繁茂。"})
    sides = find_sides("沪苏协议和闽赣协议有什么不同？", Scopes(library))
    assert [[region.name[:6] for region in side.scope.regions] for side in sides] == [
        ["共建数字港口"],
        ["共建茶叶市场"],
    ]


def test_the_first_and_the_second_are_each_told_by_their_own_sentence(make_library: MakeLibrary) -> None:
    library = make_library(
        {"news": "2月8日，两市举行第一次论坛。双方还商定了论坛的时间。4月3日，两市举行第二次论坛。"}
    )
    question = "两市的论坛，第一次和第二次分别在哪天？"
    analyses = [analyse(asked) for asked in split_sides(analyse(question))]
    assert side_names(question) == ("第一次", "第二次")
    sides = []
    for name, analysis in zip(side_names(question), analyses, strict=True):
        matcher = TermMatcher(analysis, library)
        scored = [Scored(u, 1.0 - 0.01 * u.number, {}) for u in library.units]
        sides.append(SideRead(name, (Asked(analysis, scored, matcher),)))
    draft = compare(question, sides, library, REPLIES)
    assert draft is not None
    assert draft.lines[0].text == "第一次：2月8日；第二次：4月3日。"


def test_each_side_is_spoken_of_in_its_own_section(library: Library) -> None:
    port, tea = find_sides(f"{PORT}和{TEA}有什么不同？", Scopes(library))
    for side, own, foreign in ((port, "800万吨", "20万吨"), (tea, "20万吨", "800万吨")):
        text = "".join(u.text for u in library.units if side.scope.holds(u))
        assert own in text
        assert foreign not in text


def test_a_side_called_an_agreement_is_the_agreement_and_not_every_section_about_its_subject(
    make_library: MakeLibrary,
) -> None:
    plan = "某市五年计划\n一、港务局改革\n到2031年，货物吞吐量达到900万吨。\n二、道路\n修路三条。\n"
    library = make_library({"news": NEWS, "plan": plan})
    port, _ = find_sides(f"{PORT}和{TEA}的货物吞吐量各是多少？", Scopes(library))
    assert {region.doc_id for region in port.scope.regions} == {"news"}
    bureau, _ = find_sides("港务局和农业局的货物吞吐量各是多少？", Scopes(library))
    assert {region.doc_id for region in bureau.scope.regions} == {"news", "plan"}


def test_a_day_without_its_month_is_given_with_it(make_library: MakeLibrary) -> None:
    library = make_library({"news": "9月3日，两市签署两份协议\n" + NEWS.partition("\n")[2]})
    draft = compared(f"{PORT}和{TEA}分别是什么时候签署的？", library)
    assert draft is not None
    text, citations = cite(draft.lines, library)
    assert text.splitlines()[0].startswith("港务局的协议：9月3日；农业局的协议：9月3日。")
    assert "9月3日，两市签署两份协议" in [c.quote for c in citations]


def test_a_scope_is_only_looked_for_in_the_documents_allowed(library: Library) -> None:
    question = f"{PORT}和{TEA}有什么不同？"
    assert find_sides(question, Scopes(library), doc_ids={"walk"}) == ()


def test_two_figures_are_put_side_by_side_and_ordered(library: Library) -> None:
    draft = compared(f"{PORT}和{TEA}的货物吞吐量更多，各是多少万吨？", library)
    assert draft is not None
    text, citations = cite(draft.lines, library)
    assert text.splitlines() == [
        "港务局的协议：800万吨；农业局的协议：20万吨。港务局的协议更多。[1][2]",
        "| 对象 | 内容 |",
        "|---|---|",
        "| 港务局的协议 | 到2030年，货物吞吐量达到800万吨。[1] |",
        "| 农业局的协议 | 到2028年，货物吞吐量达到20万吨。[2] |",
    ]
    assert [c.quote for c in citations] == [
        "到2030年，货物吞吐量达到800万吨。",
        "到2028年，货物吞吐量达到20万吨。",
    ]
    assert check(draft.lines, library, mark="!")[1] == ()


def test_a_word_of_a_name_orders_nothing(library: Library) -> None:
    draft = compared(f"先进港口的货物吞吐量，{PORT}和{TEA}各是多少？", library)
    assert draft is not None
    assert draft.lines[0].text.rstrip().endswith("20万吨。")


def test_the_page_shows_a_table_whose_cells_link_to_their_sources(library: Library) -> None:
    draft = compared(f"{PORT}和{TEA}的货物吞吐量各是多少？", library)
    assert draft is not None
    text, citations = cite(draft.lines, library)
    quoted = [citation.quote for citation in citations]
    html = render_answer(text, link=lambda n: f"<a>{n}</a>", markers=frozenset({1, 2}), quoted=quoted)
    assert "<td>港务局的协议</td><td>到2030年，货物吞吐量达到800万吨。<a>1</a></td>" in html
    assert "<td>农业局的协议</td><td>到2028年，货物吞吐量达到20万吨。<a>2</a></td>" in html
    assert "|" not in html


def test_lists_become_what_is_in_both_and_what_is_in_one_only(library: Library) -> None:
    draft = compared(f"{PORT}和{TEA}分别有哪些航线？", library)
    assert draft is not None
    assert cite(draft.lines, library)[0].splitlines() == [
        "| 对象 | 内容 |",
        "|---|---|",
        "| 相同 | 班轮、专列[1][2] |",
        "| 仅港务局的协议 | 驳船[1] |",
        "| 仅农业局的协议 | 货车[2] |",
    ]


def test_a_silent_side_is_said_to_be_silent_and_cites_nothing(library: Library) -> None:
    draft = compared(f"{PORT}和{TEA}的货物吞吐量各是多少？", library, drop=TEA)
    assert draft is not None
    text, citations = cite(draft.lines, library)
    assert text.splitlines()[-1] == "| 农业局的协议 | 未提及 |"
    assert len(citations) == 1
    assert check(draft.lines, library, mark="!")[1] == ()


def test_a_model_that_leaves_out_a_side_gets_the_whole_table(library: Library) -> None:
    question = f"{PORT}和{TEA}的货物吞吐量各是多少？"
    draft = compared(question, library)
    assert draft is not None
    analysis = analyse(question)
    assert left_out(draft, ["港口的吞吐量达到800万吨。"], analysis, library) == list(draft.lines)
    assert left_out(draft, ["港口800万吨，市场20万吨。"], analysis, library) == []


def test_a_model_is_offered_the_text_of_each_side_for_itself(library: Library) -> None:
    draft = compared(f"{PORT}和{TEA}的货物吞吐量各是多少？", library)
    assert draft is not None
    sources = offered(draft, (), library)
    assert [source.text for source in sources] == [
        "到2030年，货物吞吐量达到800万吨。",
        "到2028年，货物吞吐量达到20万吨。",
    ]
    assert [len(source.spans) for source in sources] == [1, 1]


def test_a_bar_in_a_quote_does_not_open_a_cell(make_library: MakeLibrary) -> None:
    library = make_library({"news": NEWS.replace("800万吨", "800万吨|年")})
    draft = compared(f"{PORT}和{TEA}的货物吞吐量各是多少？", library)
    assert draft is not None
    assert "800万吨\\|年" in cite(draft.lines, library)[0]


def test_words_are_pairs_of_characters_and_whole_numbers() -> None:
    assert tokens("2024年科技局") == ["2024年", "科技", "技局"]


@pytest.mark.parametrize(
    ("text", "announced"),
    [
        ("甲市与乙市签署《合作协议》。", True),
        ("甲、乙签订了备忘录。", True),
        ("经协商一致，订立本协议。", False),
        ("双方加强协议执行。", False),
    ],
)
def test_the_sentence_that_announces_an_agreement(text: str, announced: bool) -> None:
    assert announces(text) is announced
