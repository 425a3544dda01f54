"""One search: a question to the index, or to one place of it, and its units scored and read again by the judge."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from app.answer.analyse import Analysis
from app.answer.clock import Clock
from app.answer.gate import load_weights
from app.answer.library import Library
from app.answer.read import Part
from app.answer.reranking import Judge, rerank
from app.answer.scopes import Scope
from app.answer.select import TermMatcher, score_units
from index.retrieve import Retriever
from index.types import Hit


class Searcher:
    """Searches one opened index. Holds no conversation; safe to share between threads."""

    def __init__(self, retriever: Retriever, library: Library, *, top_k: int, judge: Judge | None = None) -> None:
        """``judge`` reads the best units again."""
        self.judge = judge
        self.weights = load_weights(reranked=judge is not None)
        self.retriever = retriever
        self.library = library
        self.top_k = top_k

    def search(
        self, analysis: Analysis, doc_ids: Collection[str] | None, clock: Clock
    ) -> tuple[Part, tuple[Hit, ...]]:
        """Return the units of the whole index, best first, and the passages they are of."""
        result = self.retriever.search_detailed(analysis.question, self.top_k, doc_ids=doc_ids)
        clock.mark("retrieve")
        part = self.score(analysis, result.query_vector, result.hits, result.numbers, clock)
        return part, result.hits

    def score(
        self,
        analysis: Analysis,
        vector: NDArray[np.float32],
        hits: Sequence[Hit],
        numbers: Sequence[int],
        clock: Clock,
        *,
        scope: Scope | None = None,
        shown: str | None = None,
        judged: bool = True,
    ) -> Part:
        """Return the units of some hits that lie in ``scope``, scored, and read again by the judge, if ``judged``.

        The judge is ``shown`` another question than the one asked where that is given.
        """
        matcher = TermMatcher(analysis, self.library)
        units = score_units(analysis, vector, hits, numbers, self.library, self.weights.select, matcher)
        if scope is not None:
            units = [s for s in units if scope.holds(s.unit)]
        clock.mark("score")
        if self.judge is not None and judged:
            question = shown or analysis.question
            units = rerank(question, units, self.library, self.judge, self.weights.reranked)
            clock.mark("rerank")
        return Part(analysis, units, matcher)

    def search_scope(self, analysis: Analysis, scope: Scope, whole: str, clock: Clock) -> Part:
        """Return the units of one scope, scored for what is asked there; other places are not read.

        The judge is shown the ``whole`` question: what is left of it for one side names its subject badly, and
        the scope has settled already which side a unit belongs to.
        """
        vector = self.retriever.embedder.encode_queries([analysis.question])[0]
        clock.mark("retrieve")
        store = self.library.store
        inside = {
            number
            for region in scope.regions
            for number in store.passages_of[region.doc_id]
            if store.passages[number].start < region.end and region.start < store.passages[number].end
        }
        best = store.search(vector, self.top_k, inside)
        hits = [Hit(store.passages[n], score, rank) for rank, (n, score) in enumerate(best, start=1)]
        return self.score(analysis, vector, hits, [n for n, _ in best], clock, scope=scope, shown=whole)
