"""The checker of a question file: every span, every key fact, duplicates, paraphrases and splits.

An *error* makes a figure wrong and fails ``python -m eval check``; a *warning* asks for a second look.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from eval.cases import SPLITS, TYPES, Case
from eval.duplicates import near_duplicates
from eval.matching import FoldedText, canonical
from eval.spans import Locator, SquashedDocument, squash


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: the case it is about, whether it is an error, and what to do."""

    case_id: str
    message: str
    is_error: bool = True

    def __str__(self) -> str:
        return f"{'error' if self.is_error else 'warning'}: {self.case_id}: {self.message}"


@dataclass(frozen=True, slots=True)
class Texts:
    """The corpus twice, by source name: ``cleaned`` as it is indexed and cited, ``raw`` as the file has it."""

    cleaned: Mapping[str, str]
    raw: Mapping[str, str]


def check_cases(cases: Sequence[Case], texts: Texts) -> list[Problem]:
    """Return all problems of the cases, by case in file order, then those between cases."""
    problems: list[Problem] = []
    cleaned = {name: SquashedDocument(name, text) for name, text in texts.cleaned.items()}
    raw = {name: squash(text)[0] for name, text in texts.raw.items()}
    locator = Locator(texts.cleaned)
    by_id = {case.id: case for case in cases}
    splits: dict[str, set[str | None]] = defaultdict(set)
    for case in cases:
        splits[case.fact].add(case.split)
    for case in cases:
        problems += _check_gold(case)
        problems += _check_quotes(case, cleaned, raw)
        problems += _check_facts(case, locator)
        problems += _check_sharpness(case)
        problems += _check_type(case)
        problems += _check_relations(case, by_id, splits)
    for first, second, same in near_duplicates(cases):
        problems.append(
            Problem(
                second.id,
                f"{'is the question of' if same else 'nearly repeats'} {first.id}: {second.question}",
                same,
            )
        )
    return problems


def _check_gold(case: Case) -> Iterator[Problem]:
    if case.answerable:
        if not case.answer.strip():
            yield Problem(case.id, "answerable, but the gold answer is empty")
        if not case.key_facts and not case.answer_sets:
            yield Problem(case.id, "answerable, but has no key_facts")
        if not case.evidence:
            yield Problem(case.id, "answerable, but has no evidence")
        if case.type == "unanswerable":
            yield Problem(case.id, "type unanswerable, but answerable is true")
    else:
        if case.type not in ("unanswerable", "noisy", "follow_up"):
            yield Problem(case.id, f"answerable is false, but the type is {case.type}")
        if case.type == "unanswerable" and case.subtype is None:
            yield Problem(case.id, "unanswerable without a subtype")
        if case.key_facts:
            yield Problem(case.id, "unanswerable, but has key_facts: a refusal states none")
    yield from _check_form(case)


def _check_form(case: Case) -> Iterator[Problem]:
    if case.type == "list" and case.list_size is None:
        yield Problem(case.id, "a list without list_size")
    if case.list_size is not None and len(case.key_facts) < case.list_size and case.type == "list":
        yield Problem(
            case.id,
            f"list_size {case.list_size}, but only {len(case.key_facts)} key_facts: every item is one",
            False,
        )
    if case.type == "yes_no" and case.answerable and case.polarity is None:
        yield Problem(case.id, "yes_no without polarity")
    if case.type == "follow_up" and not case.history:
        yield Problem(case.id, "follow_up without history")
    if case.type == "noisy" and case.subtype is None:
        yield Problem(case.id, "noisy without a subtype")
    answer = FoldedText(case.answer)
    for fact in case.key_facts:
        if not answer.states_any(fact):
            yield Problem(case.id, f"key fact {' / '.join(fact)} is not in the gold answer {case.answer!r}", False)


def _check_quotes(
    case: Case, cleaned: Mapping[str, SquashedDocument], raw: Mapping[str, str]
) -> Iterator[Problem]:
    for quote in (quote for entry in case.evidence for quote in entry):
        if quote.source not in cleaned:
            yield Problem(case.id, f"evidence names {quote.source}, which is not in the corpus")
            continue
        in_raw = squash(quote.quote)[0] in raw[quote.source]
        if not squash(quote.quote)[0]:
            yield Problem(case.id, "an evidence quote is blank")
        elif case.metadata and in_raw:
            continue
        elif not cleaned[quote.source].find(quote.quote):
            where = (
                "stands in the raw file but cleaning removes or splits it" if in_raw else "does not stand there"
            )
            yield Problem(case.id, f"quote of {quote.source} {where}: {quote.quote}")
        elif (times := len(cleaned[quote.source].find(quote.quote))) > 1:
            yield Problem(
                case.id, f"quote stands {times} times in {quote.source}, lengthen it: {quote.quote}", False
            )
        elif not in_raw:
            yield Problem(
                case.id, f"quote of {quote.source} stands only in the cleaned text: {quote.quote}", False
            )


def _check_facts(case: Case, locator: Locator) -> Iterator[Problem]:
    if not case.answerable or case.derived or not case.evidence:
        return
    gold = [FoldedText(quote.quote) for entry in case.evidence for quote in entry]
    # The quotes of one case may be of two stretches that read on: what the documents say there counts too.
    gold += [FoldedText(locator.text_of(s)) for e in case.evidence for s in locator.locate(q.quote for q in e)]
    for fact in case.key_facts:
        if case.polarity is not None and set(fact) & {"是", "否"}:
            continue
        if not any(text.states_any(fact) for text in gold):
            yield Problem(
                case.id, f"key fact {' / '.join(fact)} is not in its evidence (derived: true if it is inferred)"
            )


def _check_sharpness(case: Case) -> Iterator[Problem]:
    """Yield facts that an answer states without knowing them: echoed from the question, or one common word."""
    if not case.answerable or not case.key_facts or case.type == "yes_no":
        return
    question = FoldedText(case.question)
    if all(question.states_any(fact) for fact in case.key_facts):
        yield Problem(case.id, "every key fact stands in the question: an echo would count as right", False)
    shortest = [min(fact, key=len) for fact in case.key_facts]
    if all(len(text) <= 2 and not any(c.isdigit() for c in text) for text in shortest):
        yield Problem(case.id, f"key facts too general to show an answer right: {'、'.join(shortest)}", False)


_DATE = re.compile(r"\d+月\d+日|\d{4}年|\d+月[底初中]?$")


def _check_type(case: Case) -> Iterator[Problem]:
    """Yield a question whose key facts are all dates but whose type says otherwise."""
    dates = [any(_DATE.search(canonical(text)) for text in fact) for fact in case.key_facts]
    if dates and all(dates) and case.type in ("party", "definition", "who_does_what", "factoid"):
        yield Problem(case.id, f"type {case.type}, but every key fact is a date", False)


def _check_relations(
    case: Case, by_id: Mapping[str, Case], splits: Mapping[str, set[str | None]]
) -> Iterator[Problem]:
    other = splits[case.fact] - {case.split}
    if other:
        yield Problem(
            case.id,
            f"split {case.split}, but fact {case.fact!r} is in {', '.join(map(str, other))} too; run merge",
        )
    if case.paraphrase_of is None:
        return
    original = by_id.get(case.paraphrase_of)
    if original is None:
        yield Problem(case.id, f"paraphrase_of {case.paraphrase_of!r}, which is no question here")
    elif original.fact != case.fact:
        yield Problem(
            case.id, f"paraphrase of {original.id} with another fact: {case.fact!r}, not {original.fact!r}"
        )
    elif original.answerable != case.answerable:
        yield Problem(case.id, f"paraphrase of {original.id}, but one is answerable and the other is not")
    elif original.key_facts != case.key_facts:
        yield Problem(case.id, f"paraphrase of {original.id} with other key_facts", False)


def count_table(cases: Sequence[Case]) -> str:
    """Return a plain table of questions per type and split, with facts and paraphrases."""
    columns = [*SPLITS, None] if any(case.split is None for case in cases) else [*SPLITS]
    counts = Counter((case.type, case.split) for case in cases)
    lines = [f"{'type':<16}" + "".join(f"{c or 'unassigned':>12}" for c in columns) + f"{'all':>8}"]
    for kind in [*TYPES, None]:
        row = [sum(n for (t, s), n in counts.items() if s == c and kind in (t, None)) for c in columns]
        lines.append(f"{kind or 'all':<16}" + "".join(f"{n:>12}" for n in row) + f"{sum(row):>8}")
    subtypes = Counter(f"{case.type}/{case.subtype}" for case in cases if case.subtype)
    lines.append("subtypes: " + ", ".join(f"{name} {n}" for name, n in sorted(subtypes.items())))
    facts, paraphrases = len({case.fact for case in cases}), sum(case.paraphrase_of is not None for case in cases)
    families = Counter(case.paraphrase_of for case in cases if case.paraphrase_of)
    lines.append(
        f"facts: {facts}; paraphrases: {paraphrases} of {len(families)} questions, "
        f"{sum(n >= 2 for n in families.values())} of them with at least two"
    )
    return "\n".join(lines)
