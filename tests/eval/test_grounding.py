from eval.metrics.grounding import cited_sentences, figures, is_grounded, marked_share, ungrounded_figures
from eval.outcome import Cited


def cited(marker: int, quote: str, title: str = "") -> Cited:
    return Cited(marker, "a", quote, 0, len(quote), title)


def test_markers_belong_to_the_sentence_they_follow_before_or_after_its_full_stop() -> None:
    text = "产量300万辆[1]。产值6000亿元。[2]\n1. 规划协同；[3]2. 创新协同"
    assert cited_sentences(text) == [
        ("产量300万辆。", (1,)),
        ("产值6000亿元。", (2,)),
        ("1. 规划协同；", (3,)),
        ("2. 创新协同", ()),
    ]


def test_a_marker_after_a_closing_quotation_mark_belongs_to_the_quoted_sentence() -> None:
    assert cited_sentences("他说：“产量300万辆。”[1]产值6000亿元[2]。") == [
        ("他说：“产量300万辆。”", (1,)),
        ("产值6000亿元。", (2,)),
    ]


def test_figures_are_arabic_or_made_figures_by_a_scale() -> None:
    assert figures("到2025年，占5.7%，三百万辆，1,000家") == ["2025", "5.7%", "300万", "1000"]
    assert figures("“一城多园”，两市，第一，后劲十足") == []
    assert figures("服务双城12条与十二条，二〇二三年，百分之五，九亿立方米") == ["12", "12", "2023", "5%", "9亿"]
    assert figures("2. 会展协同") == []
    assert figures("（3）到2027年") == ["2027"]


def test_a_figure_must_stand_in_a_span_cited_by_its_own_sentence() -> None:
    first, second = cited(1, "产量将达到300万辆"), cited(2, "实现产值6000亿元")
    assert is_grounded("产量300万辆[1]。产值6,000亿元[2]。", [first, second])
    assert ungrounded_figures("产量300万辆[2]。产值6000亿元[1]。", [first, second]) == ["300万", "6000亿"]
    assert ungrounded_figures("产量300万辆。", [first]) == ["300万"]
    assert ungrounded_figures("产量300万辆[7]。", [first]) == ["300万"]


def test_part_of_a_cited_number_is_no_ground() -> None:
    assert ungrounded_figures("投资200亿元[1]。", [cited(1, "投资1200亿元")]) == ["200亿"]


def test_the_count_of_a_list_is_borne_out_by_its_lines_and_titles_bear_their_years() -> None:
    items = [cited(1, "规划协同"), cited(2, "创新协同")]
    assert is_grounded("共2项：\n1. 规划协同[1]\n2. 创新协同[2]", items)
    assert ungrounded_figures("共3项：\n1. 规划协同[1]\n2. 创新协同[2]", items) == ["3"]
    assert is_grounded("《行动计划（2023—2027年）》提出[1]。", [cited(1, "提出", "行动计划(2023—2027年)")])


def test_a_heading_above_the_quote_bears_its_figures() -> None:
    quote = Cited(1, "a", "产量300万辆", 0, 7, "", ("到2025年的目标",))
    assert is_grounded("到2025年的目标：产量300万辆[1]。", [quote])


def test_a_numeral_in_the_answer_may_be_written_either_way() -> None:
    assert is_grounded("共有10个方面[1]。", [cited(1, "双方将重点从十个方面加强合作")])


def test_marked_share_counts_sentences_and_spares_introductions() -> None:
    citations = [cited(1, "规划协同")]
    assert marked_share("任务如下：\n1. 规划协同[1]\n2. 创新协同", citations) == 0.5
    assert marked_share("规划协同[9]。", citations) == 0.0


def test_a_marker_covers_the_sentences_before_it_on_its_line_and_none_after() -> None:
    ground = [cited(1, "产量300万辆，产值6000亿元")]
    assert is_grounded("产量300万辆。产值6000亿元。[1]", ground)
    assert ungrounded_figures("产量300万辆[1]。产值6000亿元。", ground) == ["6000亿"]
    assert ungrounded_figures("产量300万辆。\n产值6000亿元。[1]", ground) == ["300万"]


def test_the_count_of_a_row_of_items_is_borne_out_by_the_row() -> None:
    row = [cited(1, "建立户口不迁、关系不转、身份不变、互聘互用的机制")]
    assert is_grounded("共4项：建立户口不迁、关系不转、身份不变、互聘互用的机制[1]", row)
    assert ungrounded_figures("共3项：建立户口不迁、关系不转、身份不变、互聘互用的机制[1]", row) == ["3"]
    # The count of a list says nothing for another figure that happens to be equal to none of the items.
    assert ungrounded_figures("建成4个实验室[1]。", row) == ["4"]


def test_the_head_and_the_bars_of_a_table_need_no_marker() -> None:
    text = "| 对象 | 内容 |\n|---|---|\n| 甲 | 产量300万辆。[1] |\n| 乙 | 未提及 |"
    # Two rows make a claim, one of them without a marker.
    assert marked_share(text, [cited(1, "产量300万辆。")]) == 0.5
