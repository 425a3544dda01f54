import pytest

from eval.metrics.citations import Evidence, citation_precision, citation_recall, supports, verbatim_share
from eval.outcome import Cited
from eval.spans import Span

#       0         1         2
#       0123456789012345678901234567
TEXT = "到2025年，产量达到300万辆，产值6000亿元。另建工作专班。"
FACTS = (("300万辆",), ("6000亿元",))
WHOLE = Evidence((Span("a", 0, 26), Span("b", 100, 126)), FACTS)


def cite(start: int, end: int, doc_id: str = "a", marker: int = 1) -> Cited:
    return Cited(marker, doc_id, TEXT[start:end], start, end)


def test_half_of_an_evidence_span_supports_it_and_less_does_not() -> None:
    assert TEXT[0:26] == "到2025年，产量达到300万辆，产值6000亿元。"
    bare = Evidence((Span("a", 0, 26),), ())
    assert supports(cite(0, 13), bare)
    # 12 of 26 characters from outside: 40 characters cited, of which 12 are gold.
    assert not supports(Cited(1, "a", "x" * 40, 14, 54), bare)


def test_a_copy_in_another_document_supports() -> None:
    assert supports(Cited(1, "b", "…", 100, 126), WHOLE)
    assert not supports(Cited(1, "c", "…", 100, 126), WHOLE)


def test_a_quote_with_all_key_facts_supports_wherever_it_stands() -> None:
    assert supports(Cited(1, "c", "产量300万辆、产值6000亿元", 5, 21), WHOLE)
    assert not supports(Cited(1, "c", "产量1300万辆、产值6000亿元", 5, 22), WHOLE)
    assert not supports(Cited(1, "c", "只说产量300万辆", 5, 14), WHOLE)


def test_facts_too_short_to_be_telling_do_not_support_from_elsewhere() -> None:
    short = Evidence((Span("a", 0, 26),), (("5个",),))
    assert not supports(Cited(1, "c", "共5个区", 0, 4), short)


def test_one_item_of_a_long_list_is_precise_but_does_not_recall_the_list() -> None:
    item = cite(8, 17)
    assert "300万辆" in item.quote
    assert supports(item, WHOLE)
    assert citation_recall([item], [WHOLE]) == 0.0
    assert citation_recall([item, cite(18, 25, marker=2)], [WHOLE]) == 1.0


def test_precision_and_recall_are_shares() -> None:
    other = Evidence((Span("a", 27, 33),), ())
    citations = [cite(0, 26), cite(0, 26, "z", 2)]
    assert citation_precision(citations, [Evidence((Span("a", 0, 26),), ()), other]) == pytest.approx(1 / 2)
    assert citation_recall(citations, [Evidence((Span("a", 0, 26),), ()), other]) == pytest.approx(1 / 2)


def test_a_citation_without_offsets_counts_by_its_facts_only() -> None:
    assert supports(Cited(1, "a", TEXT[0:26]), WHOLE)
    assert not supports(Cited(1, "a", TEXT[27:33]), WHOLE)


def test_verbatim_means_equal_to_the_document_at_the_span() -> None:
    texts = {"a": TEXT}
    good, moved, altered = cite(0, 7), Cited(2, "a", TEXT[0:7], 1, 8), Cited(3, "a", "到2026年，", 0, 7)
    assert verbatim_share([good], texts) == 1.0
    assert (
        verbatim_share([good, moved, altered, Cited(4, "a", TEXT[0:7]), Cited(5, "z", "到", 0, 1)], texts) == 0.2
    )


def test_nothing_cited_or_nothing_needed_is_undefined() -> None:
    with pytest.raises(ValueError, match="without citations"):
        citation_precision([], [WHOLE])
    with pytest.raises(ValueError, match="without evidence"):
        citation_recall([], [])


def test_a_heading_is_cited_by_what_stands_under_it_in_its_own_document() -> None:
    heading = Evidence((Span("a", 50, 60),), (), "重点发展软件产业集群")
    under = Cited(1, "a", "到2027年,力争实现营收1000亿元", 70, 88, "", ("产业", "（二）重点发展软件产业集群"))
    assert citation_recall([under], [heading]) == 1.0
    assert supports(under, heading)
    assert not supports(Cited(1, "z", under.quote, 70, 88, "", under.headings), heading)
    assert not supports(Cited(1, "a", under.quote, 70, 88, "", ("重点发展集成电路产业集群",)), heading)
