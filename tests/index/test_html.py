"""Web pages: the document stays, the page goes."""

from __future__ import annotations

import pytest

from index.errors import CorpusError
from index.parse.html import read_html

GOVERNMENT = """<!DOCTYPE html><html><head><meta charset="{charset}"><title>某市数据管理办法_某市人民政府网</title>
<script>var hint = "脚本，不是正文。";</script><style>p {{ color: red }}</style></head><body>
<div class="header"><ul><li><a href="/">首页</a></li><li><a href="/zw">政务公开</a></li></ul></div>
<div class="crumbs">当前位置：首页 &gt; 法规，规章。</div>
<div class="wrap"><h1>某市数据管理办法</h1>
<table><tr><td>索引号</td><td>115/2023</td><td>发文字号</td><td>某府发〔2023〕8号</td></tr></table>
<div class="content">
<p style="text-indent:2em">各区人民政府：</p><p>现将办法印发，请认真<b>贯彻</b>执行。</p>
<h2>一、总则</h2><p>为了规范数据处理，制定本办法；适用于全市，<span>自发布之日起施行。</span><br>另有规定的，从其规定。</p>
<table border="1"><caption>表1 任务分工</caption><tr><th>区</th><th>任务</th><th>期限</th></tr>
<tr><td rowspan="2">甲区</td><td>修路</td><td>2025年</td></tr><tr><td>架桥</td><td>2027年</td></tr>
<tr><td colspan="2">合计</td><td>2项</td></tr></table>
<ol start="3"><li>建立台账，按期销号。</li><li>公开结果<ol><li>每年公布</li></ol></li></ol>
<p style="display:none">隐藏的统计代码，不显示。</p></div></div>
<div class="related"><ul><li><a href="x">别的文章，也有标点。</a></li></ul></div>
<footer>版权所有：某市人民政府，备案123号。</footer></body></html>"""

BODY = [
    "# 某市数据管理办法",
    "| 索引号 | 115/2023 | 发文字号 | 某府发〔2023〕8号 |",
    "各区人民政府：",
    "现将办法印发，请认真贯彻执行。",
    "## 一、总则",
    "为了规范数据处理，制定本办法；适用于全市，自发布之日起施行。",
    "另有规定的，从其规定。",
    "表1 任务分工",
    "| 区 | 任务 | 期限 |",
    "| 甲区 | 修路 | 2025年 |",
    "|  | 架桥 | 2027年 |",
    "| 合计 |  | 2项 |",
    "3. 建立台账，按期销号。",
    "4. 公开结果",
    "1) 每年公布",
]


@pytest.mark.parametrize(
    ("charset", "encoding"), [("gb2312", "gb18030"), ("utf-8", "utf-8"), ("utf-8", "gb18030")]
)
def test_the_document_is_kept_in_order_and_the_page_is_not(charset: str, encoding: str) -> None:
    # The last case is wrongly labelled, as pages are after a site has moved.
    parsed = read_html(GOVERNMENT.format(charset=charset).encode(encoding), name="a.html")
    assert parsed.text.split("\n") == BODY
    assert parsed.title == "某市数据管理办法"


def test_what_goes_is_reported() -> None:
    parsed = read_html(GOVERNMENT.format(charset="utf-8").encode(), name="a.html")
    gone = " ".join(item.text for item in parsed.removed)
    for text in ("当前位置", "隐藏的统计代码", "别的文章", "版权所有"):
        assert text in gone
    assert {item.step for item in parsed.removed} == {"boilerplate"}
    assert "脚本" not in gone


def test_a_page_laid_out_with_tables() -> None:
    prose = "深化体制改革，推动协同发展，共建共享基础设施，完善跨区域协作机制。" * 8
    page = (
        "<html><body><table><tr><td><a href='a'>栏目一</a><br><a href='b'>栏目二</a></td>"
        f"<td><table><tr><td><h1>两地共建走廊</h1><p>{prose}</p><p>二、重点任务</p></td></tr></table></td></tr></table></body></html>"
    )
    lines = read_html(page.encode(), name="a.html").text.split("\n")
    assert lines == ["# 两地共建走廊", prose, "二、重点任务"]


def test_a_frame_that_is_called_a_menu_still_holds_the_document() -> None:
    prose = "为了规范管理，制定本办法。" * 5
    page = f"<body><div id='menu'><p>{prose}</p></div><div class='nav'>首页，政务。</div></body>"
    assert read_html(page.encode(), name="a.html").text == prose


def test_short_lines_between_paragraphs_stay() -> None:
    texts = ["一、目标", "到2027年，建成枢纽，形成网络。", "二、措施", "定期会商，共同推进。"]
    page = f"<body><div>{''.join(f'<p>{text}</p>' for text in texts)}</div></body>"
    assert read_html(page.encode(), name="a.html").text.split("\n") == texts


def test_a_title_comes_from_the_head_where_the_page_has_no_headline() -> None:
    page = "<head><title>关于促进就业的若干措施 - 某市人社局</title></head><body><p>各单位，请执行。</p></body>"
    assert read_html(page.encode(), name="a.html").title == "关于促进就业的若干措施"


def test_a_page_that_a_script_fills_in_is_named() -> None:
    with pytest.raises(CorpusError, match=r"a\.html: a web page without text"):
        read_html(b"<html><body><div id=app></div><script>run()</script></body></html>", name="a.html")
