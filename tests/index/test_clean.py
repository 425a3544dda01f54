"""Each cleaning step on its own, then whole pages; wording is never touched and nothing goes unreported."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.clean import clean
from index.clean_lines import (
    Line,
    drop_byline,
    drop_credits,
    drop_disclaimer,
    drop_navigation,
    drop_original_title,
    drop_stray_marks,
    find_issuer,
    find_title,
    read_lines,
    read_metadata,
    strip_invisible,
)
from index.parse.text import read_text

CORPUS = Path(__file__).parents[2] / "corpus"
FILES = sorted(CORPUS.glob("*.txt"))


def lines(*texts: str) -> tuple[Line, ...]:
    return read_lines("\n".join(texts))


def texts(found: tuple[Line, ...]) -> list[str]:
    return [line.text for line in found]


def ink(text: str) -> Counter[str]:
    return Counter(char for char in text if not char.isspace())


def corpus_text(number: str) -> str:
    path = next(CORPUS.glob(f"{number}_*.txt"))
    return clean(read_text(path.read_bytes(), name=path.name)).text


def test_invisible_characters_go_and_blanks_become_spaces() -> None:
    text, removed = strip_invisible("成\u200b渝\u3000合\u00a0作\ufeff👨\u200d👩")
    assert text == "成渝 合 作👨\u200d👩"
    assert removed[0].text == "\u200b\ufeff"


def test_lines_know_the_gap_before_them() -> None:
    assert [(line.text, line.gap) for line in read_lines("\n甲\n乙\n\n  丙  丁\n")] == [
        ("甲", False),
        ("乙", False),
        ("丙 丁", True),
    ]


def test_a_doubled_metadata_table_is_read_and_kept_once() -> None:
    step = read_metadata(
        lines(
            "[ 索引号 ] | 115/2023-01 | [ 发文字号 ] | 某发〔2023〕8号 |",
            "[ 发布机构 ] | 发展局 | [ 有效性 ] | |",
            "[ 索引号 ] | 115/2023-01 |",
            "各镇人民政府:",
        )
    )
    assert dict(step.meta) == {"索引号": "115/2023-01", "发文字号": "某发〔2023〕8号", "发布机构": "发展局"}
    assert texts(step.lines) == [
        "[ 索引号 ] | 115/2023-01 | [ 发文字号 ] | 某发〔2023〕8号 |",
        "[ 发布机构 ] | 发展局 | [ 有效性 ] | |",
        "各镇人民政府:",
    ]
    assert [r.text for r in step.removed] == ["[ 索引号 ] | 115/2023-01 |"]
    assert step.lines[-1].breaks


def test_the_one_column_copy_of_a_doubled_table_is_the_one_kept() -> None:
    step = read_metadata(
        lines(
            "[ 索引号 ] | 115/2023-01 | [ 发文字号 ] | 某发〔2023〕8号 |",
            "[ 索引号 ] | 115/2023-01 |",
            "[ 发文字号 ] | 某发〔2023〕8号 |",
            "各镇人民政府:",
        )
    )
    assert texts(step.lines) == ["[ 索引号 ] | 115/2023-01 |", "[ 发文字号 ] | 某发〔2023〕8号 |", "各镇人民政府:"]


def test_a_metadata_list_with_colons_is_read_but_a_lone_such_line_is_text() -> None:
    assert (
        read_metadata(lines("发文字号：某发〔2020〕1号", "成文日期：2020年1月2日")).meta["成文日期"]
        == "2020年1月2日"
    )
    assert texts(read_metadata(lines("名称：某园区", "建设内容如下。")).lines) == [
        "名称：某园区",
        "建设内容如下。",
    ]


def test_a_table_of_the_text_is_not_metadata() -> None:
    assert texts(read_metadata(lines("| 项目 | 金额 |")).lines) == ["| 项目 | 金额 |"]


def test_navigation_goes_and_links_after_related_articles_with_it() -> None:
    step = drop_navigation(lines("正文。", "上一篇:甲", "下一篇：乙", "相关文章", "另一篇报道", "正文又来了。"))
    assert texts(step.lines) == ["正文。", "正文又来了。"]
    assert len(step.removed) == 4


@pytest.mark.parametrize(
    "text", ["上一篇章的建设经验值得总结。", "打印设备要国产化。", "相关文章指出，要加强合作。"]
)
def test_a_sentence_about_such_things_is_not_navigation(text: str) -> None:
    assert texts(drop_navigation(lines(text)).lines) == [text]


def test_disclaimers_go() -> None:
    assert not drop_disclaimer(lines("【免责声明】本站转载稿件，如涉版权请联系。")).lines


def test_the_original_title_goes_into_meta() -> None:
    step = drop_original_title(lines("正文。", "（原标题：某市签署协议）"))
    assert step.meta == {"原标题": "某市签署协议"}
    assert texts(step.lines) == ["正文。"]


def test_a_byline_is_looked_for_at_the_head_only() -> None:
    step = drop_byline(lines("标题", "Admin 2020-05-26", *["正文。"] * 8, "2020-05-26"))
    assert step.meta == {"发布日期": "2020-05-26"}
    assert texts(step.lines)[-1] == "2020-05-26"


@pytest.mark.parametrize(
    "text",
    [
        "记者 张锦辉 摄",
        "(本版文字均由记者陈钧、实习生王天翔采访)",
        "重庆日报记者张亦筑、夏元、韩毅、黄光红",
        "（记者张亦筑、夏元、韩毅、黄光红采写）",
        "成都商报-红星新闻记者 柯娟",
        "施斌 上游新闻-重庆晨报记者 杨野",
        "资料提供:陈钧",
        "制图/李梦妮",
        "责任编辑：王小明",
    ],
)
def test_credits_go(text: str) -> None:
    step = drop_credits(lines("正文。", text))
    assert texts(step.lines) == ["正文。"]
    assert step.removed[0].text == text


@pytest.mark.parametrize(
    "text",
    [
        "记者采访获悉,这五个方面都是实打实的干货,具体包括:",
        "记者走基层",
        "本报记者调查",
        "4月23日,代表团在智慧公园体验5G网络。",
        "编辑出版管理办法",
        "统筹 推进 合作",
        "来源于群众",
    ],
)
def test_what_only_looks_like_a_credit_stays(text: str) -> None:
    assert texts(drop_credits(lines(text)).lines) == [text]


def test_a_source_of_money_in_mid_text_is_not_a_credit_and_one_at_the_end_is() -> None:
    page = lines("资金安排如下。", "来源：财政拨款", *["正文。"] * 7, "来源：某报")
    step = drop_credits(page)
    assert [item.text for item in step.removed] == ["来源：某报"]


def test_a_text_credit_ends_its_article_and_a_picture_credit_does_not() -> None:
    step = drop_credits(lines("甲。", "记者 张锦辉 摄", "乙。", "（记者张亦筑采写）", "丙。"))
    assert [(line.text, line.breaks) for line in step.lines] == [("甲。", False), ("乙。", False), ("丙。", True)]


@pytest.mark.parametrize(
    ("raw", "cleaned", "removed"),
    [
        ("- 1 规划协同**", "1 规划协同", "- **"),
        ("**一、总则**", "一、总则", "****"),
        ("• 2. 创新", "2. 创新", "• "),
        ("1. **建设平台**：支持企业。", "1. 建设平台：支持企业。", "****"),
    ],
)
def test_stray_marks_go(raw: str, cleaned: str, removed: str) -> None:
    step = drop_stray_marks(lines(raw))
    assert texts(step.lines) == [cleaned]
    assert step.removed[0].text == removed


@pytest.mark.parametrize("text", ["李**（身份证尾号1234）", "- 建设园区", "产值5*6"])
def test_marks_that_mean_something_stay(text: str) -> None:
    assert texts(drop_stray_marks(lines(text)).lines) == [text]


def test_the_title_is_the_first_line_or_the_document_that_a_notice_announces() -> None:
    assert find_title(lines("某市数据条例", "第一条 为了规范……")) == "某市数据条例"
    notice = lines("各单位:", "现将《行动计划(2023—2027年)》印发给你们。", "行动计划(2023—2027年)", "正文。")
    assert find_title(notice) == "行动计划(2023—2027年)"
    assert find_title(lines("重庆日报消息,两地签署协议。", "正文。")) is None


def test_a_document_number_on_its_own_line_is_metadata_and_stays_in_the_text() -> None:
    cleaned = clean("某市关于印发规划的通知\n某政发〔2021〕5号\n各区县：\n请认真贯彻执行。")
    assert cleaned.meta == {"发文字号": "某政发〔2021〕5号"}
    assert "〔2021〕5号" in cleaned.text


def test_the_issuer_is_the_line_above_the_date() -> None:
    assert find_issuer(lines("请认真贯彻。", "某区管委会", "2023年4月26日")) == "某区管委会"
    assert find_issuer(lines("请认真贯彻。", "2023年4月26日")) is None


def test_a_page_is_cleaned_with_a_record_of_everything() -> None:
    cleaned = clean("某合作协议\n\nAdmin 2020-05-26\n\n正文一。\n\n上一篇:甲\n相关文章")
    assert cleaned.text == "某合作协议\n正文一。"
    assert cleaned.title == "某合作协议"
    assert [item.step for item in cleaned.removed] == ["navigation", "navigation", "byline"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem[:3])
def test_cleaning_loses_no_character_of_the_corpus(path: Path) -> None:
    raw = read_text(path.read_bytes(), name=path.name)
    cleaned = clean(raw)
    kept = ink(cleaned.text) + sum((ink(item.text) for item in cleaned.removed), Counter())
    assert kept == ink(raw)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem[:3])
def test_cleaning_twice_changes_nothing_more(path: Path) -> None:
    once = clean(read_text(path.read_bytes(), name=path.name)).text
    assert clean(once).text.replace("\n\n", "\n") == once.replace("\n\n", "\n")


def test_every_hard_wrapped_agreement_reads_as_its_web_copy_does() -> None:
    """Files 000 and 004 print the same five agreements: the web copy says where the paragraphs are."""
    half = str.maketrans("，。：；？！（）、", ",。:;?!()、")
    newspaper = {line.translate(half).replace(" ", "") for line in corpus_text("004").split("\n")}
    web = [line.replace(" ", "") for line in corpus_text("000").split("\n")]
    assert [line for line in web[1:] if line not in newspaper] == []


def test_sentences_broken_across_pages_of_the_corpus_are_whole() -> None:
    text = corpus_text("001")
    for whole in ("共同开展一批共性强大问题", "创新链,研究梳理两地", "体制改革,开展赋予", "应用场景,都有一个"):
        assert whole in text


def test_captions_stay_without_their_photographer() -> None:
    text = corpus_text("001")
    assert "MR混合现实技术方面的应用。\n" in text
    assert "张锦辉" not in text


_FRAGMENTS = st.sampled_from(
    [
        *["一、总则", "（一）", "- 1 协同**", "**", "开展交流。", "到2027年,", "建设中心"],
        *["“", "”", "《", "》", "，", "…", "\n", "\n\n", " ", "\u3000", "原标题:甲"],
        *["上一篇:", "相关文章", "记者 张锦辉 摄", "3.14亿元", "👨\u200d👩", "𠮷", "\ufeff"],
        *["abc", "标题标题标题标题", "印发《某办法》", "某办法"],
        *["[ 成文日期 ] | 2023-04-26 |"],
    ]
)


@settings(max_examples=300)
@given(st.lists(st.one_of(_FRAGMENTS, st.text(max_size=4)), max_size=40).map("".join))
def test_no_character_is_ever_lost(raw: str) -> None:
    cleaned = clean(raw)
    kept = ink(cleaned.text) + sum((ink(item.text) for item in cleaned.removed), Counter())
    assert kept == ink(raw)
