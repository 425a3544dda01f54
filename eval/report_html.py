"""The report as one self-contained HTML page for a reader who does not run programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from eval import report_plots, report_text
from eval.report_failures import failure_articles, failure_filters

Report = Mapping[str, Any]
_ASSETS = Path(__file__).resolve().parent / "assets"

_CHINESE = {
    "factoid": "事实",
    "number": "数字",
    "date": "日期",
    "list": "列举",
    "party": "主体",
    "who_does_what": "职责",
    "target": "指标",
    "definition": "定义",
    "comparison": "比较",
    "multi_hop": "多跳",
    "yes_no": "是否",
    "follow_up": "追问",
    "noisy": "噪声输入",
    "unanswerable": "不可回答",
    "refusal precision": "拒答精确率",
    "refusal recall": "拒答召回率",
    "false refusal rate": "误拒率",
    "refusal AUROC": "拒答区分度",
    "measure": "指标",
    "type": "类型",
    "split": "数据集",
    "document": "文件",
    "all": "合计",
    "stage": "环节",
    "tutorial": "教程做法",
    "bm25": "仅词面",
    "dense": "仅语义",
    "hybrid": "混合检索",
    "wence": "问策",
}

_CARDS = (
    ("结果正确", "outcome_right", "该答的答对，该拒的拒答"),
    ("答案正确", "correct", "可回答的问题：要点齐全"),
    ("引用召回", "citation_recall", "标准依据中被引用支持的份额"),
    ("引文逐字", "verbatim", "引文与原文该位置完全一致"),
    ("数字有据", "grounded", "答案中每个数字都在所引原文中"),
)


def _percent(estimate: Mapping[str, Any] | None) -> str:
    return "–" if estimate is None else f"{estimate['value'] * 100:.1f}%"


def _range(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None:
        return ""
    return f"95% 区间 {estimate['low'] * 100:.1f}–{estimate['high'] * 100:.1f}%，n={estimate['n']}"


def _card(title: str, value: str, note: str, meaning: str) -> str:
    return (
        f'<div class="card"><h3>{escape(title)}</h3><p class="big">{escape(value)}</p>'
        f'<p class="range">{escape(note)}</p><p class="note">{escape(meaning)}</p></div>'
    )


def _cards(report: Report) -> str:
    summary = report["runs"][0]["summary"]
    measures, refusal, cost = summary["all"]["measures"], summary["refusal"], summary["cost"]
    cards = [_card(t, _percent(measures.get(n)), _range(measures.get(n)), m) for t, n, m in _CARDS]
    for title, key, meaning in (
        ("拒答精确率", "precision", "拒答中确实无据可答的份额"),
        ("拒答召回率", "recall", "无据可答的问题中被拒答的份额"),
        ("误拒率", "false_refusal_rate", "可回答的问题中被误拒的份额（越低越好）"),
    ):
        cards.append(_card(title, _percent(refusal.get(key)), _range(refusal.get(key)), meaning))
    if wall := cost.get("latency_ms", {}).get("wall"):
        note = f"95% 的问题在 {wall['p95']:.0f} 毫秒内"
        cards.append(_card("回答用时", f"{wall['p50']:.0f} 毫秒", note, "单机单线程，不含载入"))
    return f'<div class="cards">{"".join(cards)}</div>'


def _table(rows: Sequence[Sequence[str]], names: Mapping[str, str] | None = None) -> str:
    """Return rows as a table; a cell that is a key of ``names`` gets its Chinese name in front."""
    known = names or {}
    head, *body = [[f"{known[cell]} {cell}" if cell in known else cell for cell in row] for row in rows]
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body)
    return f'<div class="wide"><table><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table></div>'


def _names(report: Report) -> dict[str, str]:
    return _CHINESE | {measure["label"]: measure["chinese"] for measure in report["measures"]}


def _image(uri: str | None, alt: str) -> str:
    return f'<img src="{uri}" alt="{escape(alt)}">' if uri else ""


def _section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _gate(report: Report) -> str:
    rows = [["split", "figure", "accepted", "now", "change", "tolerance", "verdict"]]
    for change in report["gate"]:
        rows.append(
            [
                change["split"],
                change["name"],
                f"{change['old']:.4f}",
                f"{change['new']:.4f}",
                f"{change['new'] - change['old']:+.4f}",
                f"{change['tolerance']:.3f}",
                "FAIL" if change["fails"] else "ok",
            ]
        )
    return _table(rows)


def _method(report: Report) -> str:
    meanings = [["measure", "名称", "kind", "meaning"]]
    meanings += [[m["label"], m["chinese"], m["kind"], m["meaning"]] for m in report["measures"]]
    notes = (
        "份额用 Wilson 区间，样本量按“同一事实的不同问法彼此相关”折减；均值用按事实重抽样的自助法区间。",
        "分类型的区间未作多重比较校正：类型越多，越会有个别类型偶然偏高或偏低。",
        "问题由熟悉这些文件的人撰写，数字说明的是对这类问题的表现，不保证对任意提问同样成立。",
        "覆盖率曲线只画到当前阈值：系统对已拒答的问题会怎样回答，无从得知。",
    )
    return _table(meanings) + "".join(_note(text) for text in notes)


def _sections(report: Report) -> Iterable[str]:
    runs = report["runs"]
    summary = runs[0]["summary"]
    walls = [q["outcome"]["latency_ms"] for q in runs[0]["questions"] if q["outcome"]["latency_ms"] is not None]
    plots, names = report_plots, _names(report)
    yield _section("要点", _cards(report))
    title = "与基线比较" if len(runs) > 1 else "全部指标"
    comparison = [
        _table(report_text.measure_rows(report), names),
        _image(plots.systems_plot(runs), "headline figures"),
    ]
    if report["comparisons"]:
        comparison += [
            _note("配对差（本系统减基线），按事实置换检验，p 值未校正"),
            _table(report_text.comparison_rows(report), names),
        ]
    yield _section(title, *comparison)
    if "gate" in report:
        yield _section("与已接受结果比较", _gate(report))
    types = _table(report_text.type_rows(report), names), _image(plots.type_plot(summary["type"]), "by type")
    yield _section("按问题类型", *types)
    for key, name in (("split", "按开发集与测试集"), ("document", "按文件")):
        if summary[key]:
            yield _section(name, _table(report_text.type_rows(report, key), names))
    yield _section(
        "拒答",
        *(f"<p>{escape(line)}</p>" for line in report_text.refusal_lines(report)),
        _image(plots.refusal_plot(runs), "coverage and accuracy"),
    )
    yield _section(
        "用时与资源",
        f"<p>{escape(report_text.cost_line(report))}</p>",
        _table(report_text.latency_rows(report), names),
        _image(plots.latency_plot(walls), "latency histogram"),
    )
    articles = failure_articles(runs[0]["questions"])
    yield _section(f"未达标的问题（{len(articles)}）", failure_filters(runs[0]["questions"]), *articles)
    yield _section("指标说明", _method(report))


def render_html(report: Report) -> str:
    """Return the whole page: styles, plots and scripts inside, nothing fetched.

    Raises CasesError when matplotlib is not installed.
    """
    setting, questions = report["setting"], report["questions"]
    about = (
        f"{questions['count']} 个问题，{questions['facts']} 个事实，其中可回答 {questions['answerable']} 个 · "
        f"{setting['made']} · commit {setting['commit'] or '–'} · {setting['command']}"
    )
    style = (_ASSETS / "report.css").read_text(encoding="utf-8")
    script = (_ASSETS / "report.js").read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>问策 · 评测报告</title><style>{style}</style></head><body>"
        f'<header><h1>问策 · 评测报告</h1><p class="note">{escape(about)}</p></header>'
        f"<main>{''.join(_sections(report))}</main><script>{script}</script></body></html>\n"
    )
