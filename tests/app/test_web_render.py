"""Answer text to HTML: what is supported, and that everything else stays text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.render import render_answer, text_block


def render(text: str, *markers: int, quoted: tuple[str, ...] = ()) -> str:
    return render_answer(text, link=lambda n: f"<a>{n}</a>", markers=frozenset(markers), quoted=quoted)


def test_only_markers_with_a_citation_become_links() -> None:
    assert render("有七个方面。[1][9]", 1) == "<p>有七个方面。<a>1</a>&#91;9&#93;</p>"


def test_bracketed_number_of_the_document_stays_text() -> None:
    clause = "具体办法见附件[2]的规定。"
    assert render("具体办法见附件[2]的规定。[2]", 2, quoted=(clause,)) == (
        "<p>具体办法见附件&#91;2&#93;的规定。<a>2</a></p>"
    )


def test_each_line_is_a_paragraph() -> None:
    assert render("甲。[1]\n\n乙。", 1) == "<p>甲。<a>1</a></p><p>乙。</p>"


def test_numbered_list_keeps_the_numbers_of_the_source() -> None:
    assert render("共2项：\n3. 甲[1]\n4. 乙", 1) == (
        '<p>共2项：</p><ol><li value="3">甲<a>1</a></li><li value="4">乙</li></ol>'
    )


def test_indented_items_are_nested() -> None:
    assert render("- 甲\n  - 甲一\n- 乙") == "<ul><li>甲<ul><li>甲一</li></ul></li><li>乙</li></ul>"


def test_decimal_at_the_start_of_a_line_is_no_list() -> None:
    assert render("5.7%的目标") == "<p>5.7%的目标</p>"


def test_pipe_table_has_a_head_and_a_cell_for_each_column() -> None:
    html = render("| 方面 | 甲 |\n| --- | --- |\n| 相同 | 是\\|否[1] |\n| 不同 |", 1)
    assert '<thead><tr><th scope="col">方面</th><th scope="col">甲</th></tr></thead>' in html
    assert "<tr><td>相同</td><td>是|否<a>1</a></td></tr><tr><td>不同</td><td></td></tr>" in html


def test_bold_is_bold_unless_the_document_prints_the_asterisks() -> None:
    assert render("**相同**：都有") == "<p><strong>相同</strong>：都有</p>"
    assert render("标有**号的项目**除外", quoted=("标有**号的项目**除外",)) == "<p>标有**号的项目**除外</p>"


@pytest.mark.parametrize(
    "text",
    [
        "<script>x</script>",
        '<img src=x onerror="x">',
        "</p><style>",
        "[点](https://evil.example)",
        "# 标题",
        "`码`",
    ],
)
def test_markup_is_shown_as_written(text: str) -> None:
    html = render(text)
    assert html.startswith("<p>")
    inside = html.removeprefix("<p>").removesuffix("</p>")
    assert "<" not in inside


def test_line_ends_of_a_quote_become_breaks() -> None:
    assert text_block(" 甲 \r\n\n乙<") == "甲<br>乙&lt;"


@given(st.text(alphabet="甲1.[]|-* \n<>&\"'　", max_size=60))
def test_no_character_of_the_text_can_open_a_tag(text: str) -> None:
    html = render(text, 1)
    for tag in (
        "<p>",
        "</p>",
        "<br>",
        "<a>1</a>",
        "<strong>",
        "</strong>",
        "<ol>",
        "</ol>",
        "<ul>",
        "</ul>",
        "<li>",
        "</li>",
        "<table>",
        "</table>",
        "<thead>",
        "</thead>",
        "<tbody>",
        "</tbody>",
        "<tr>",
        "</tr>",
        '<th scope="col">',
        "</th>",
        "<td>",
        "</td>",
        '<div class="wn-table" tabindex="0">',
        "</div>",
        *(f'<li value="{n}">' for n in (1, 11, 111)),
    ):
        html = html.replace(tag, "")
    assert "<" not in html
    assert ">" not in html
