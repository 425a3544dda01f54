"""The clause tree: the numbering family, run-in headings, plain headings, lost headings, any text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from index.outline import Section, build_outline, walk


def find(outline: Section, heading: str) -> Section:
    found = [section for section, _ in walk(outline) if section.heading == heading]
    assert len(found) == 1, f"{heading} found {len(found)} times"
    return found[0]


def names(section: Section) -> list[str]:
    return [child.heading for child in section.children if child.heading]


LAW = """某市数据条例
第一章　总则
第一条　为了规范数据处理活动，根据《数据安全法》，制定本条例。
第二条　本条例所称数据，是指对信息的记录。
第三条规定的情形，按照国家有关规定执行。
第三条　数据工作遵循下列原则：
（一）统筹规划；
（二）保障安全。
违反前款规定的，责令改正。
第二章　附则
第四条　依照本条例第三条、第五条的规定执行。"""

PLAN = """某省关于加快发展养老服务的意见
各市人民政府：
一、总体要求
（一）指导思想。以人民为中心，坚持需求导向。
（二）主要目标：到2025年，床位达到40张。
二、重点任务
（一）完善设施
1.推进社区设施建设。新建小区按照标准配建。
2.改造供养机构，提升护理能力。
（1）改造一类机构，确保2024年底前完成。
①先行试点的机构，由市级负责。
（二）壮大队伍
1. 建立培训基地
2. 完善薪酬制度
附件：1.任务分工表
某省人民政府
2022年5月6日
附件1
一、民政部门
牵头组织实施。"""


def test_a_law_is_chapters_articles_and_items() -> None:
    outline = build_outline(LAW)
    first, second = (child for child in outline.children if child.kind == "part")
    assert names(first) == ["第一条", "第二条", "第三条"]
    third = find(outline, "第三条")
    assert [child.kind for child in third.children] == ["paragraph", "item", "item", "paragraph"]
    assert [child.label for child in third.children if child.kind == "item"] == ["（一）", "（二）"]
    assert names(second) == ["第四条"]


def test_a_reference_to_an_article_at_the_head_of_a_line_is_not_an_article() -> None:
    outline = build_outline(LAW)
    text = LAW[find(outline, "第二条").start : find(outline, "第二条").end]
    assert text.endswith("第三条规定的情形，按照国家有关规定执行。")


def test_articles_without_a_blank_are_taken_in_sequence_only() -> None:
    outline = build_outline(
        "第一条为了规范管理，制定本办法。\n第二条本办法适用于全市。\n第九条已经废止，不再执行。"
    )
    assert names(outline) == ["第一条", "第二条"]


def test_an_official_plan_nests_by_its_numbering() -> None:
    outline = build_outline(PLAN)
    assert names(find(outline, "一、总体要求")) == ["（一）指导思想", "（二）主要目标"]
    tasks = find(outline, "二、重点任务")
    assert names(tasks) == ["（一）完善设施", "（二）壮大队伍"]
    first, second = tasks.children[0].children
    assert (first.heading, first.kind) == ("1.推进社区设施建设", "heading")
    assert (second.label, second.kind) == ("2.", "item")
    deeper = next(child for child in second.children if child.kind == "item")
    assert deeper.label == "（1）"
    assert [child.label for child in deeper.children] == ["", "①"]
    assert [child.kind for child in tasks.children[1].children] == ["item", "item"]


def test_signature_and_attachments_stand_outside_the_sections() -> None:
    outline = build_outline(PLAN)
    assert PLAN[find(outline, "（二）壮大队伍").start : find(outline, "（二）壮大队伍").end].endswith("薪酬制度")
    assert names(find(outline, "附件1")) == ["一、民政部门"]


def test_parallel_short_sentences_are_parts_of_their_paragraph() -> None:
    text = (
        "推进国企改革。推进优化重组。以市场化方式推进国有企业整合。健全考核体系。加强对重点部门和重点岗位的监督。"
        "到2027年,改革全面完成。"
    )
    (clause,) = build_outline(text).children
    assert (clause.kind, clause.heading) == ("run_in", "推进国企改革")
    assert [child.heading for child in clause.children] == ["推进优化重组", "健全考核体系", ""]
    assert text[clause.children[-1].start :] == "到2027年,改革全面完成。"


def test_one_short_sentence_inside_a_paragraph_is_not_a_part() -> None:
    (clause,) = build_outline(
        "建设金凤城市中心。高标准打造金凤城市中心。以展示中心为代表打造地标,促进产业孵化。"
    ).children
    assert (clause.heading, clause.children) == ("建设金凤城市中心", ())


def test_stacked_plain_headings_nest_and_a_single_one_joins_the_lowest() -> None:
    outline = build_outline(
        "本市签署协议，开展合作。\n声音\n发挥龙头作用\n某教授表示，要加强合作。\n做好统筹布局\n某院长建议，要统一政策。\n"
        "现场\n代表团考察新区\n代表团一行深入考察。"
    )
    assert names(outline) == ["声音", "现场"]
    assert names(find(outline, "声音")) == ["发挥龙头作用", "做好统筹布局"]


def test_a_short_line_before_the_next_number_heads_nothing() -> None:
    outline = build_outline(
        "某市规划\n第一节 基础\n实力增强，位居前列。\n专栏1 主要指标\n第二节 形势\n环境复杂严峻。"
    )
    assert names(outline) == ["某市规划", "第一节 基础", "第二节 形势"]
    assert names(outline.children[1]) == []


def test_a_document_number_is_not_a_heading() -> None:
    outline = build_outline("关于印发规划的通知\n某政发〔2021〕5号\n各区县：\n请认真贯彻执行。")
    assert names(outline) == ["关于印发规划的通知"]


def test_dashes_before_a_principle_are_not_part_of_its_name() -> None:
    (clause,) = build_outline("——坚持创新驱动。把创新摆在核心地位，增强动能。").children
    assert clause.heading == "坚持创新驱动"


def test_a_markdown_page_nests_by_its_marks() -> None:
    outline = build_outline("## 一、引进\n- 给予奖励\n- 给予补贴\n### 条件\n全职工作。\n## 二、培育\n举办大会。")
    assert names(outline) == ["一、引进", "二、培育"]
    assert [child.kind for child in outline.children[0].children] == ["item", "item", "heading"]


def test_an_empty_line_closes_every_heading() -> None:
    outline = build_outline("本市签署协议。\n共建科学城\n双方开展合作，建设平台。\n\n又如，新生港建成投运。")
    assert [child.kind for child in outline.children] == ["paragraph", "heading", "paragraph"]


LOST_BY_LEAD = """一、发展产业
产业是基础，要坚持创新驱动。
发展集成电路。聚焦设计环节，打造高地。
发展生物医药。聚焦创新药物，建设平台。
城市是载体，要坚持精细管理。
建设轨道交通。加快在建项目，打通梗阻。
三、扩大开放
开放是动力，要坚持互利共赢。"""


def test_a_gap_in_the_numbering_ends_the_section_where_a_new_lead_paragraph_stands() -> None:
    outline = build_outline(LOST_BY_LEAD)
    assert [child.heading for child in outline.children] == ["一、发展产业", "", "三、扩大开放"]
    lost = outline.children[1]
    assert LOST_BY_LEAD[lost.start :].startswith("城市是载体")
    assert names(lost) == ["建设轨道交通"]


def test_a_gap_is_filled_by_groups_that_open_alike() -> None:
    text = (
        "（一）建机制\n建立会议制度。定期召开会议，统筹推进。\n建立统筹机制。完善全域机制，协同推进。\n"
        "协同建实验室。依托优势领域，联合建设。\n协同建设施。推动技术互补，加快建设。\n"
        "（三）共享服务\n加强教育合作。推动互设机构，联合办学。"
    )
    outline = build_outline(text)
    assert [names(child) for child in outline.children] == [
        ["建立会议制度", "建立统筹机制"],
        ["协同建实验室", "协同建设施"],
        ["加强教育合作"],
    ]
    assert outline.children[1].heading == ""


def test_where_the_gap_cannot_be_placed_the_heading_keeps_only_what_is_sure() -> None:
    text = (
        "一、发展产业\n做强集成电路。聚焦设计环节，打造高地。\n培育生物医药。聚焦创新药物，建设平台。\n"
        "完善轨道交通。加快在建项目，打通梗阻。\n优化公共服务。建设学校医院，补齐短板。\n三、扩大开放\n开放是动力。"
    )
    outline = build_outline(text)
    assert names(outline.children[0]) == ["做强集成电路"]
    assert outline.children[1].heading == ""
    assert len(outline.children[1].children) == 3


def test_a_restart_of_the_numbering_means_a_lost_parent() -> None:
    text = (
        "四、扩大开放\n（一）融入通道\n推动软联通。探索贸易规则，开展试点。\n（二）深化改革\n推进国企改革。优化运营机制，健全考核。\n"
        "推动共建科学城，是国家的重大举措。\n（一）建机制\n建立会议制度。定期召开会议，统筹推进。"
    )
    outline = build_outline(text)
    assert [child.heading for child in outline.children] == ["四、扩大开放", ""]
    assert names(outline.children[0]) == ["（一）融入通道", "（二）深化改革"]
    assert text[outline.children[1].start :].startswith("推动共建科学城")
    assert names(outline.children[1]) == ["（一）建机制"]


def test_an_attached_plan_may_count_from_one_again() -> None:
    text = (
        "现将《工作方案》印发。\n一、要求\n认真执行。\n二、期限\n一年。\n工作方案\n"
        "一、目标\n建成平台。\n二、任务\n建设园区。"
    )
    assert names(build_outline(text)) == ["一、要求", "二、期限", "工作方案", "一、目标", "二、任务"]


def test_a_page_of_short_lines_falls_back_to_paragraphs() -> None:
    text = "\n".join(["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"] * 3)
    title, *rest = build_outline(text).children
    assert title.heading == "床前明月光"
    assert {child.kind for child in rest} == {"paragraph"}


def test_an_empty_text_has_an_empty_outline() -> None:
    assert build_outline("") == Section("document", "", "", 0, 0, 0, 0, ())


_FRAGMENTS = st.sampled_from(
    [
        *["一、", "（一）", "(二)", "第一章 总则", "第三条 ", "第三条规定", "1.", "1 ", "10 "],
        *["①", "- ", "附件1", "附件：1.表", "推进改革。", "开展交流。", "到2027年,"],
        *["建设中心", "“", "”", "《", "》", "。", ";", "，", ":", "\n", "\n\n", " "],
        *["2023年4月26日", "印发《工作方案》", "工作方案", "3.14亿元", "👨\u200d👩", "𠮷"],
        *["某区管委会"],
    ]
)
_TEXTS = st.lists(st.one_of(_FRAGMENTS, st.text(max_size=4)), max_size=50).map("".join)


@settings(max_examples=400)
@given(_TEXTS)
def test_any_text_gets_a_tree_that_tiles_it(text: str) -> None:
    outline = build_outline(text)
    covered = [False] * len(text)
    for section, above in walk(outline):
        assert section.level == len(above)
        assert section.start <= section.body_start <= section.end
        position = section.body_start
        for child in section.children:
            assert child.start >= position
            position = child.end
        assert position <= section.end
        stop = section.body_start if section.children else section.end
        for at in range(section.start if section is not outline else stop, stop):
            assert not covered[at]
            covered[at] = True
    assert all(done or char.isspace() for done, char in zip(covered, text, strict=True)) or not outline.children
