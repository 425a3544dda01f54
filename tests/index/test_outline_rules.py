"""What a line opens with, and which short sentences are headings."""

from __future__ import annotations

import pytest

from index.outline_labels import parse_number, read_label
from index.outline_runin import is_heading_sentence


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("第十二章 附则", "part", 12),
        ("第三节 监督", "part", 3),
        ("第二十三条 市政府应当", "article", 23),
        ("二、重点任务", "heading", 2),
        ("(三)加快改革", "heading", 3),
        ("12．完善机制", "heading", 12),
        ("（4）加强领导", "heading", 4),
        ("③先行试点", "heading", 3),
        ("● 建设园区", "item", None),
    ],
)
def test_labels_are_read(text: str, kind: str, number: int | None) -> None:
    label = read_label(text)
    assert label is not None
    assert (label.kind, label.number) == (kind, number)


@pytest.mark.parametrize(
    "text",
    [
        *[
            "第三条规定的情形",
            "第五条至第八条",
            "第二条第一款",
            "1.5亿元产值",
            "2023年4月26日",
            "二、三产业协同",
            "一、二、三产业",
        ],
        *["(此件公开发布)", "（含二期）项目", "十分重视", "5G网络", "-5摄氏度", "第一批项目", "第三方机构"],
    ],
)
def test_running_text_has_no_label(text: str) -> None:
    assert read_label(text) is None


@pytest.mark.parametrize(
    ("numeral", "value"),
    [("十", 10), ("二十", 20), ("一百零五", 105), ("三十二", 32), ("12", 12), ("⑳", 20), ("十百", None)],
)
def test_numerals_have_their_value(numeral: str, value: int | None) -> None:
    assert parse_number(numeral) == value


@pytest.mark.parametrize(
    "sentence",
    [
        "开展艺术交流。",
        "建立“一城四园”联席会议制度。",
        "汽车软件领域。",
        "合力推进人才“引进来”。",
        "实施“4+1+X”工程。",
    ],
)
def test_short_names_are_headings(sentence: str) -> None:
    assert is_heading_sentence(sentence, 24)


@pytest.mark.parametrize(
    "sentence",
    [
        *[
            "目前,建设正提速。",
            "绿意盎然的不仅是广阳岛。",
            "“很好。”",
            "建成项目33个。",
            "会议开得很成功了。",
            "同时开展交流。",
            "好。",
        ],
        *[
            "西部金融中心如何建设?",
            "各地要落实责任。",
            "他们参观展厅。",
            "完成投资3亿元。",
            "刘某这样说。",
            "为高质量发展贡献智慧和力量以及各方面的支持。",
        ],
    ],
)
def test_statements_are_not_headings(sentence: str) -> None:
    assert not is_heading_sentence(sentence, 20)
