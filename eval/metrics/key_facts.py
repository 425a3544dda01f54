"""Key-fact correctness: does a text state every fact the answer needs, with its figures uncut?

In the manner of nugget evaluation (Voorhees, TREC 2003 QA track): a fact is a set of alternative wordings and
counts when one of them occurs; matching is ``eval.matching``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eval.matching import FoldedText

FactSets = Sequence[Sequence[tuple[str, ...]]]


def fact_recall(text: str, references: FactSets) -> float:
    """Return the share of key facts that ``text`` states; the best reference counts when there are several.

    >>> fact_recall("产量300万辆，产值1200亿元。", [[("300万辆",), ("200亿元", "两百亿元")]])
    0.5
    """
    return recall_over([text], references)


def recall_over(texts: Iterable[str], references: FactSets) -> float:
    """Return the share of key facts stated by one of ``texts`` (key-fact recall@k, given the top k passages)."""
    folded = [FoldedText(text) for text in texts]
    if not references or any(not facts for facts in references):
        raise ValueError("key-fact recall is undefined without key facts; leave such questions out")
    return max(
        sum(any(text.states_any(fact) for text in folded) for fact in facts) / len(facts) for facts in references
    )


def is_correct(text: str, references: FactSets) -> bool:
    """Return whether ``text`` states every key fact of some reference."""
    return fact_recall(text, references) == 1.0
