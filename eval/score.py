"""One outcome against its gold: every per-question figure of ``eval.measures``."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from eval.cases import Case
from eval.matching import FoldedText, strip_markers
from eval.metrics import citations, cmrc, form, grounding, key_facts, ranking
from eval.metrics.citations import Evidence
from eval.outcome import Outcome, Retrieved
from eval.spans import Locator, Span, coverage, covered_chars, squash

Scores = dict[str, float]
# Types whose answer takes more than a line.
_MANY_LINES = ("list", "comparison", "multi_hop")


@dataclass(frozen=True, slots=True)
class Scored:
    """A case, what was said and the figures; ``documents`` are the ids of those that carry its evidence."""

    case: Case
    outcome: Outcome
    scores: Scores
    documents: tuple[str, ...]


def score(case: Case, outcome: Outcome, locator: Locator) -> Scored:
    """Return the figures of one outcome. A figure that does not apply (precision of no citation) is absent."""
    evidence = () if case.metadata else resolve_evidence(case, locator)
    documents = tuple(dict.fromkeys(span.doc_id for piece in evidence for span in piece.spans))
    scores: Scores = {}
    if not case.answerable:
        scores["outcome_right"] = float(outcome.refused)
    else:
        scores |= _answer_scores(case, outcome)
        scores |= _form_scores(case, outcome)
        if evidence:
            scores |= _evidence_scores(outcome, evidence)
            scores |= _retrieval_scores(case, outcome.retrieved, evidence)
        scores["outcome_right"] = scores["correct"]
    if not outcome.refused:
        scores |= _citation_form_scores(outcome, locator)
    if case.answerable and evidence:
        scores["correct_short_cited"] = float(
            scores["correct"] == scores.get("short") == scores["citation_recall"] == scores.get("grounded") == 1.0
        )
    return Scored(case, outcome, scores, documents)


def resolve_evidence(case: Case, locator: Locator) -> tuple[Evidence, ...]:
    """Return the evidence of a case as spans of the indexed documents, with the key facts each piece holds.

    A piece whose quotes stand nowhere is kept without spans, so that it counts as missed.
    """
    pieces = []
    for entry in case.evidence:
        texts = [FoldedText(quote.quote) for quote in entry]
        facts = tuple(fact for fact in case.key_facts if any(text.states_any(fact) for text in texts))
        line = squash(entry[0].quote)[0]
        heading = line if citations.MIN_HEADING_CHARS <= len(line) <= citations.MAX_HEADING_CHARS else None
        pieces.append(Evidence(locator.locate(quote.quote for quote in entry), facts, heading))
    return tuple(pieces)


def evidence_chars(case: Case) -> int:
    """Return the characters of gold evidence, the shortest alternative of each piece, without white space."""
    return sum(min(form.answer_chars(quote.quote) for quote in entry) for entry in case.evidence)


def direct_answer(text: str) -> str:
    r"""Return the first line of an answer without markers: the part that answers, before the ground it gives.

    >>> direct_answer("300万辆[1]。\n依据：…")
    '300万辆。'
    """
    lines = [line.strip() for line in strip_markers(text).splitlines() if line.strip()]
    return lines[0] if lines else ""


def _answer_scores(case: Case, outcome: Outcome) -> Scores:
    references = case.reference_sets()
    answers = gold_answers(case)
    if outcome.refused:
        scores = {"fact_recall": 0.0, "correct": 0.0}
        if references and case.type not in _MANY_LINES:
            scores["first_line_correct"] = 0.0
        return scores | ({"exact_match": 0.0, "char_f1": 0.0, "containment": 0.0} if answers else {})
    scores = {}
    if references:
        scores["fact_recall"] = key_facts.fact_recall(outcome.text, references)
    elif answers:
        scores["fact_recall"] = cmrc.containment(strip_markers(outcome.text), answers)
    denied = case.polarity is not None and form.polarity(outcome.text) not in (None, case.polarity)
    scores["correct"] = float(scores.get("fact_recall") == 1.0 and not denied)
    if references and case.type not in _MANY_LINES:
        direct_recall = key_facts.fact_recall(direct_answer(outcome.text), references)
        scores["first_line_correct"] = float(direct_recall == 1.0 and not denied)
    if answers:
        direct = direct_answer(outcome.text)
        scores["exact_match"] = cmrc.exact_match(direct, answers)
        scores["char_f1"] = cmrc.character_f1(direct, answers)
        scores["containment"] = cmrc.containment(strip_markers(outcome.text), answers)
    return scores


def gold_answers(case: Case) -> list[str]:
    """Return the reference answers: the gold answer and, of the data of others, every one-text answer set."""
    single = [texts[0] for texts in case.answer_sets if len(texts) == 1]
    return list(dict.fromkeys(text for text in [case.answer, *single] if text.strip()))


def _form_scores(case: Case, outcome: Outcome) -> Scores:
    scores: Scores = {}
    chars = evidence_chars(case)
    if not outcome.refused:
        scores["short"] = float(form.is_short(outcome.text, chars))
        if chars:
            scores["length_ratio"] = form.answer_chars(outcome.text) / chars
    if case.polarity is not None:
        scores["polarity_right"] = float(not outcome.refused and form.polarity(outcome.text) == case.polarity)
    if case.type == "list" and case.key_facts:
        states_all = not outcome.refused and key_facts.is_correct(outcome.text, case.reference_sets())
        scores["list_complete"] = float(states_all)
        right = (
            None if outcome.refused else form.count_is_right(outcome.text, case.list_size or len(case.key_facts))
        )
        if right is not None:
            scores["count_right"] = float(right)
    return scores


def _evidence_scores(outcome: Outcome, evidence: Sequence[Evidence]) -> Scores:
    scores = {"citation_recall": citations.citation_recall(outcome.citations, evidence)}
    if outcome.citations:
        scores["citation_precision"] = citations.citation_precision(outcome.citations, evidence)
    return scores


def _citation_form_scores(outcome: Outcome, locator: Locator) -> Scores:
    scores = {
        "grounded": float(grounding.is_grounded(outcome.text, outcome.citations)),
        "marked": grounding.marked_share(outcome.text, outcome.citations),
    }
    if outcome.citations:
        scores["verbatim"] = citations.verbatim_share(outcome.citations, locator.texts)
    return scores


def _retrieval_scores(case: Case, retrieved: Sequence[Retrieved] | None, evidence: Sequence[Evidence]) -> Scores:
    if retrieved is None:
        return {}
    ranked, relevant = evidence_ranking(retrieved, evidence), set(range(len(evidence)))
    scores = {f"recall@{k}": ranking.recall_at(ranked, relevant, k) for k in (1, 5, 10)}
    scores["mrr@10"] = ranking.reciprocal_rank_at(ranked, relevant, 10)
    scores["ndcg@10"] = ranking.ndcg_at(ranked, relevant, 10)
    if case.reference_sets() and not case.derived and case.polarity is None:
        for k in (5, 10):
            texts = [passage.text for passage in retrieved[:k]]
            scores[f"fact_recall@{k}"] = key_facts.recall_over(texts, case.reference_sets())
    return scores


def evidence_ranking(retrieved: Sequence[Retrieved], evidence: Sequence[Evidence]) -> list[Hashable]:
    """Return the ranked list with each passage replaced by the piece of evidence it brings.

    So that systems which cut passages differently are measured alike, the relevant items are the pieces of
    evidence, not passages. A passage brings a piece when it holds half of one of its spans, or lies in one by
    half. A passage that brings nothing new keeps its place as an irrelevant item, unless it is a copy, in
    another document, of what is already there: showing both sources is no fault. A passage that brings
    several pieces is followed by the others.
    """
    ranked: list[Hashable] = []
    seen: set[int] = set()
    for position, passage in enumerate(retrieved):
        span = Span(passage.doc_id, passage.start, passage.end)
        brought = [number for number, piece in enumerate(evidence) if _brings(span, piece)]
        new = [number for number in brought if number not in seen]
        if new:
            ranked.extend(new)
            seen.update(new)
        elif not (brought and _is_copy(retrieved[:position], passage, [evidence[n] for n in brought])):
            ranked.append(f"other-{position}")
    return ranked


def _brings(span: Span, piece: Evidence) -> bool:
    length = span.end - span.start
    return any(
        coverage(gold, [span]) >= citations.MIN_OVERLAP
        or (length > 0 and covered_chars(span, [gold]) / length >= citations.MIN_OVERLAP)
        for gold in piece.spans
    )


def _is_copy(earlier: Sequence[Retrieved], passage: Retrieved, pieces: Sequence[Evidence]) -> bool:
    """Return whether these pieces came before from other documents only."""
    return not any(
        other.doc_id == passage.doc_id and _brings(Span(other.doc_id, other.start, other.end), piece)
        for other in earlier
        for piece in pieces
    )
