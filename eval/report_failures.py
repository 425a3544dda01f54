"""The failed questions of a run as HTML: question, answer, gold and evidence side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

Question = Mapping[str, Any]

FAULTS = {
    "wrong": "答错或缺要点",
    "false_refusal": "误拒",
    "not_refused": "该拒未拒",
    "uncited": "依据未引全",
    "ungrounded": "数字无据",
    "not_verbatim": "引文不逐字",
    "long": "过长",
    "polarity": "是否有误",
    "list": "列表不全",
}


def faults(question: Question) -> list[str]:
    """Return the names of what is wrong with a question's outcome (keys of FAULTS), the gravest first."""
    scores, refused = question["scores"], question["outcome"]["refused"]
    found = []
    if not scores["outcome_right"]:
        if not question["answerable"]:
            found.append("not_refused")
        else:
            found.append("false_refusal" if refused else "wrong")
    if refused:
        return found
    checks = (
        ("uncited", "citation_recall"),
        ("ungrounded", "grounded"),
        ("not_verbatim", "verbatim"),
        ("long", "short"),
        ("polarity", "polarity_right"),
        ("list", "list_complete"),
    )
    return found + [fault for fault, name in checks if scores.get(name, 1.0) < 1.0]


def _select(name: str, label: str, options: Sequence[tuple[str, str]]) -> str:
    items = "".join(f'<option value="{escape(v)}">{escape(text)}</option>' for v, text in options)
    return f'<label>{label} <select data-filter="{name}"><option value="">全部</option>{items}</select></label>'


def failure_filters(questions: Sequence[Question]) -> str:
    """Return the filter bar: by fault, type and split, and a search box."""
    faulty = [(question, faults(question)) for question in questions]
    present = [name for name in FAULTS if any(name in found for _, found in faulty)]
    types = dict.fromkeys(question["type"] for question, found in faulty if found)
    splits = dict.fromkeys(question["split"] for question, found in faulty if found and question["split"])
    return (
        '<div class="filters">'
        + _select("faults", "问题", [(name, FAULTS[name]) for name in present])
        + _select("type", "类型", [(name, name) for name in types])
        + _select("split", "数据集", [(name, name) for name in splits])
        + '<label>搜索 <input type="search" data-filter="text"></label> <output></output></div>'
    )


def failure_articles(questions: Sequence[Question]) -> list[str]:
    """Return one article per question with a fault, in file order."""
    return [_article(question, found) for question in questions if (found := faults(question))]


def _article(question: Question, found: Sequence[str]) -> str:
    tags = "".join(f'<span class="tag">{escape(FAULTS[name])}</span>' for name in found)
    kind = question["type"] + (f" / {question['subtype']}" if question["subtype"] else "")
    turns = "".join(
        f'<p class="turn">{escape(turn["role"])}：{escape(turn["content"])}</p>' for turn in question["history"]
    )
    return (
        f'<article data-type="{escape(question["type"])}" data-split="{escape(question["split"] or "")}" '
        f'data-faults="{" ".join(found)}">'
        f'<h3>{escape(question["question"])} {tags}</h3>{turns}<p class="note">{escape(question["id"])} · '
        f"{escape(kind)} · {escape(question['split'] or '–')}</p>"
        f'<div class="sides"><div><h4>系统的回答</h4>{_said(question["outcome"])}</div>'
        f"<div><h4>标准答案与依据</h4>{_gold(question)}</div></div></article>"
    )


def _said(outcome: Mapping[str, Any]) -> str:
    head = '<span class="tag">拒答</span> ' if outcome["refused"] else ""
    understood = outcome.get("understood")
    note = f'<p class="note">理解为：{escape(understood)}</p>' if understood else ""
    quotes = [(f"[{c['marker']}] {c['quote']}", c["title"] or c["doc_id"]) for c in outcome["citations"]]
    return f'{note}<p class="text">{head}{escape(outcome["answer"])}</p>{_quote_list(quotes)}'


def _gold(question: Question) -> str:
    if not question["answerable"]:
        return "<p>文件中没有依据，应当拒答。</p>"
    facts = "；".join(" / ".join(alternatives) for alternatives in question["key_facts"])
    quotes = [(entry[0]["quote"], "、".join(q["source"] for q in entry)) for entry in question["evidence"]]
    gold = f'<p class="text">{escape(question["gold"])}</p><p class="note">要点：{escape(facts)}</p>'
    return gold + _quote_list(quotes)


def _quote_list(quotes: Sequence[tuple[str, str]]) -> str:
    items = "".join(f'<li>{escape(text)} <span class="note">{escape(where)}</span></li>' for text, where in quotes)
    return f"<ul>{items}</ul>" if items else ""
