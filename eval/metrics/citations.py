"""Citation measures against gold evidence: recall, precision, verbatim rate, and sentences that carry a marker.

Citation recall and precision follow ALCE (Gao et al., EMNLP 2023), with spans in place of a judge model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.matching import FoldedText
from eval.outcome import Cited
from eval.spans import Span, coverage, covered_chars, squash

MIN_OVERLAP = 0.5
# Facts this short (是, 5个) stand in many unrelated spans.
MIN_FACT_CHARS = 6
MIN_HEADING_CHARS, MAX_HEADING_CHARS = 4, 40


@dataclass(frozen=True, slots=True)
class Evidence:
    """One needed piece of evidence: the spans that carry it, and the key facts it holds (alternatives inside).

    ``heading`` is its text without white space when it is short enough to be a heading line, else None.
    """

    spans: tuple[Span, ...]
    facts: tuple[tuple[str, ...], ...]
    heading: str | None = None


def cited_span(citation: Cited) -> Span | None:
    """Return the span of a citation, None when the system gave no offsets."""
    if citation.start is None or citation.end is None or citation.end <= citation.start:
        return None
    return Span(citation.doc_id, citation.start, citation.end)


def _holds_facts(citation: Cited, evidence: Evidence) -> bool:
    if not evidence.facts or sum(min(map(len, fact)) for fact in evidence.facts) < MIN_FACT_CHARS:
        return False
    quote = FoldedText(citation.quote)
    return all(quote.states_any(fact) for fact in evidence.facts)


def _under_heading(citation: Cited, evidence: Evidence) -> bool:
    """Return whether the evidence is a heading line above the cited quote, in the same document."""
    if evidence.heading is None or citation.doc_id not in {span.doc_id for span in evidence.spans}:
        return False
    return any(evidence.heading in squash(heading)[0] for heading in citation.headings)


def supports(citation: Cited, evidence: Evidence) -> bool:
    """Return whether a citation supports a piece of evidence.

    It does when its span covers at least half of an evidence span; or the evidence is a heading above its quote;
    or its quote states all key facts of that evidence; or at least half of it lies inside an evidence span and
    it states one of those facts (an item of a list cited by itself).
    """
    if _under_heading(citation, evidence):
        return True
    span = cited_span(citation)
    if span is not None:
        quote = FoldedText(citation.quote)
        for gold in evidence.spans:
            if coverage(gold, [span]) >= MIN_OVERLAP:
                return True
            inside = covered_chars(span, [gold]) / (span.end - span.start) >= MIN_OVERLAP
            if inside and (not evidence.facts or any(quote.states_any(fact) for fact in evidence.facts)):
                return True
    return _holds_facts(citation, evidence)


def citation_precision(citations: Sequence[Cited], evidence: Sequence[Evidence]) -> float:
    """Return the share of citations that support some evidence. Raises ValueError without citations."""
    if not citations:
        raise ValueError("precision is undefined without citations; leave such answers out")
    return sum(any(supports(c, piece) for piece in evidence) for c in citations) / len(citations)


def citation_recall(citations: Sequence[Cited], evidence: Sequence[Evidence]) -> float:
    """Return the share of evidence supported by the citations, taken together for each piece.

    A piece is recalled when one citation supports it as a whole, or the citations together cover half of
    one of its spans, or together state all its key facts from inside its spans.
    """
    if not evidence:
        raise ValueError("recall is undefined without evidence; leave such questions out")
    return sum(_recalled(citations, piece) for piece in evidence) / len(evidence)


def _recalled(citations: Sequence[Cited], evidence: Evidence) -> bool:
    if any(_holds_facts(c, evidence) or _under_heading(c, evidence) for c in citations):
        return True
    spans = [span for c in citations if (span := cited_span(c)) is not None]
    if any(coverage(gold, spans) >= MIN_OVERLAP for gold in evidence.spans):
        return True
    inside = [FoldedText(c.quote) for c in citations if supports(c, evidence)]
    return bool(inside and evidence.facts) and all(
        any(text.states_any(fact) for text in inside) for fact in evidence.facts
    )


def verbatim_share(citations: Sequence[Cited], texts: Mapping[str, str]) -> float:
    """Return the share of citations with ``text[start:end] == quote``. Raises ValueError without citations."""
    if not citations:
        raise ValueError("the verbatim rate is undefined without citations; leave such answers out")
    return sum(_is_verbatim(c, texts) for c in citations) / len(citations)


def _is_verbatim(citation: Cited, texts: Mapping[str, str]) -> bool:
    text, span = texts.get(citation.doc_id), cited_span(citation)
    return text is not None and span is not None and text[span.start : span.end] == citation.quote
