"""The names, kinds and meanings of all per-question figures: one place that the tables and the gate read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Measure:
    """One per-question figure. ``kind`` decides its interval; a question without the figure is left out of it."""

    name: str
    label: str
    chinese: str
    kind: Literal["proportion", "mean"]
    group: Literal["headline", "answer", "citation", "retrieval", "form"]
    meaning: str
    higher_is_better: bool = True


MEASURES: tuple[Measure, ...] = (
    Measure(
        "outcome_right",
        "right outcome",
        "结果正确",
        "proportion",
        "headline",
        "answerable: all key facts stated; unanswerable: refused",
    ),
    Measure(
        "correct",
        "answer correct",
        "答案正确",
        "proportion",
        "headline",
        "answerable: every key fact stated, not refused, and of yes/no not the opposite",
    ),
    Measure(
        "correct_short_cited",
        "correct, short and cited",
        "正确、简明且有据",
        "proportion",
        "headline",
        "answerable: correct, short, all evidence cited, every figure grounded",
    ),
    Measure(
        "first_line_correct",
        "first line correct",
        "首行即答",
        "proportion",
        "answer",
        "not of lists, comparisons and multi-hop: every key fact stands in the first line",
    ),
    Measure(
        "fact_recall",
        "key-fact recall",
        "要点召回",
        "mean",
        "answer",
        "share of key facts stated; a refusal states none",
    ),
    Measure(
        "short",
        "short",
        "简明",
        "proportion",
        "form",
        "answers of at most max(150, 60 + 1.6 × gold evidence) characters",
    ),
    Measure(
        "length_ratio",
        "length / evidence",
        "长度比",
        "mean",
        "form",
        "answer characters over gold evidence characters",
        higher_is_better=False,
    ),
    Measure(
        "exact_match",
        "exact match (CMRC)",
        "精确匹配",
        "proportion",
        "answer",
        "first line equals the gold answer",
    ),
    Measure(
        "char_f1",
        "character F1 (CMRC)",
        "字符F1",
        "mean",
        "answer",
        "longest common run of the first line and the gold",
    ),
    Measure(
        "containment",
        "gold answer contained",
        "包含标准答案",
        "proportion",
        "answer",
        "the gold answer stands whole in it",
    ),
    Measure(
        "list_complete", "list complete", "列表完整", "proportion", "form", "list questions: every item stated"
    ),
    Measure(
        "count_right",
        "list count right",
        "项数正确",
        "proportion",
        "form",
        "of lists that give a count: it is the gold count",
    ),
    Measure(
        "polarity_right",
        "yes/no right",
        "是否正确",
        "proportion",
        "form",
        "begins with the right one of 是 and 否",
    ),
    Measure(
        "citation_recall",
        "citation recall",
        "引用召回",
        "mean",
        "citation",
        "share of gold evidence that citations support",
    ),
    Measure(
        "citation_precision",
        "citation precision",
        "引用精确",
        "mean",
        "citation",
        "share of citations that support gold evidence",
    ),
    Measure(
        "verbatim",
        "verbatim quotes",
        "引文逐字",
        "mean",
        "citation",
        "share of citations equal to the document at their span",
    ),
    Measure(
        "grounded",
        "figures grounded",
        "数字有据",
        "proportion",
        "citation",
        "answers whose every figure stands in the spans its sentence cites",
    ),
    Measure("marked", "sentences cited", "逐句标注", "mean", "citation", "share of sentences with a marker"),
    Measure(
        "recall@1",
        "evidence recall@1",
        "召回@1",
        "mean",
        "retrieval",
        "share of gold evidence in the first passage",
    ),
    Measure(
        "recall@5",
        "evidence recall@5",
        "召回@5",
        "mean",
        "retrieval",
        "share of gold evidence in the top 5 passages",
    ),
    Measure(
        "recall@10",
        "evidence recall@10",
        "召回@10",
        "mean",
        "retrieval",
        "share of gold evidence in the top 10 passages",
    ),
    Measure("mrr@10", "MRR@10", "MRR@10", "mean", "retrieval", "1 / rank of the first passage with gold evidence"),
    Measure("ndcg@10", "nDCG@10", "nDCG@10", "mean", "retrieval", "discounted gain of pieces of evidence"),
    Measure(
        "fact_recall@5",
        "key-fact recall@5",
        "要点召回@5",
        "mean",
        "retrieval",
        "share of key facts in the top 5 passages",
    ),
    Measure(
        "fact_recall@10",
        "key-fact recall@10",
        "要点召回@10",
        "mean",
        "retrieval",
        "share of key facts in the top 10 passages",
    ),
)
BY_NAME = {measure.name: measure for measure in MEASURES}
