"""A question turned into ranked passages: exact names first, then meaning and words weighed together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.entries import Encoder, probe_of, same_probe
from index.errors import StoreError
from index.exact import exact_matches
from index.filters import Filter
from index.fuse import convex_combination
from index.lexical import LexicalIndex, best_texts
from index.manifest import REBUILD
from index.store import Store
from index.types import Hit

# Weight of meaning against words, and how many passages of either kind are weighed. Chosen on the tuning half of
# 1,543 lay legal questions: nDCG@10 .572 there and .582 on the other half. Rank fusion gives .569 and .581 with
# k = 10, .563 and .578 with k = 60; words alone .514 and .518; meaning alone .550 and .564.
ALPHA: Final = 0.7
CANDIDATES: Final = 100


@dataclass(frozen=True)
class SearchResult:
    """The hits of one query, with what an answer engine needs to judge them.

    ``query_vector`` is float32 (d,). ``cosines`` and ``lexical_scores`` have one raw score per hit, in the order
    of ``hits``: :meth:`index.store.Store.search`'s score in [-1, 1], and BM25, 0 or more. ``numbers`` are the
    hits' passage numbers in the store.
    """

    hits: tuple[Hit, ...]
    query_vector: NDArray[np.float32]
    cosines: tuple[float, ...]
    lexical_scores: tuple[float, ...]
    numbers: tuple[int, ...]


class Retriever:
    """Searches one opened index with the embedder it was built with. Holds no state between queries.

    Raises:
        StoreError: ``embedder`` is not the one that the index was built with.

    """

    def __init__(self, store: Store, embedder: Encoder, lexical: LexicalIndex | None = None) -> None:
        settings = store.manifest.settings
        if (embedder.name, embedder.dimension) != (settings.model, settings.dimension):
            raise StoreError(
                f"the index was built with model {settings.model!r} of dimension {settings.dimension}, not with "
                f"{embedder.name!r} of dimension {embedder.dimension}; {REBUILD}"
            )
        found = probe_of(embedder)
        if not same_probe(found, settings.probe):
            raise StoreError(
                f"model {embedder.name!r} has other weights than when the index was built (it gives {found[:2]}…, "
                f"not {settings.probe[:2]}…); {REBUILD} --force"
            )
        self.store = store
        self.embedder = embedder
        self.lexical = store.lexical if lexical is None else lexical

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        doc_ids: Collection[str] | None = None,
        issuer: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> list[Hit]:
        """Return up to ``k`` hits of ``query``, best first.

        ``doc_ids``, ``issuer``, ``since`` and ``until`` limit the documents, also to none: see
        :class:`index.filters.Filter`. See :meth:`search_detailed` for the score.
        """
        found = self.search_detailed(query, k, doc_ids=doc_ids, issuer=issuer, since=since, until=until)
        return list(found.hits)

    def search_detailed(
        self,
        query: str,
        k: int = 10,
        *,
        doc_ids: Collection[str] | None = None,
        issuer: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> SearchResult:
        """Return the hits of ``query`` with their raw scores.

        A hit's score is ``0.7·meaning + 0.3·words``, either scaled to [0, 1] over this query's candidates, plus 1
        for each 发文字号 or clause label of the passage that the question names; so it ranks the hits of one
        query and cannot be compared with another query's. Equal scores are ordered by place in the index. A blank
        query has no hits. Of copies in several documents only the best is among them; the others are its
        :meth:`index.store.Store.copies_of`.

        Raises:
            ValueError: ``k`` is below 1, or ``since`` or ``until`` is not a year, a month or a day.

        """
        if k < 1:
            raise ValueError(f"k = {k}: expected 1 or more")
        allowed = self._allowed(Filter(None if doc_ids is None else set(doc_ids), issuer, since, until))
        if not query.strip() or (allowed is not None and not allowed):
            return SearchResult((), np.zeros(self.embedder.dimension, dtype=np.float32), (), (), ())
        vector = self.embedder.encode_queries([query])[0]
        named = self._named(query, allowed)
        candidates = max(k, CANDIDATES)
        while True:
            dense, lexical = self._scores(query, vector, candidates, allowed=allowed, named=named)
            fused = dict(convex_combination(dense, lexical, alpha=ALPHA))
            scores = {number: score + named.get(number, 0) for number, score in fused.items()}
            ranked = self._without_copies(sorted(scores, key=lambda number: (-scores[number], number)))[:k]
            if len(ranked) == k or len(dense) < candidates:
                break
            # Copies of one clause have filled the candidates.
            candidates *= 4
        return SearchResult(
            hits=tuple(Hit(self.store.passages[n], scores[n], rank) for rank, n in enumerate(ranked, start=1)),
            query_vector=vector,
            cosines=tuple(dense[number] for number in ranked),
            lexical_scores=tuple(lexical.get(number, 0.0) for number in ranked),
            numbers=tuple(ranked),
        )

    def _without_copies(self, ranked: Sequence[int]) -> list[int]:
        """``ranked`` without the passages that another document's passage before them says word for word."""
        kept: list[int] = []
        holder: dict[int, str] = {}
        for number in ranked:
            claim, doc_id = self.store.claim_of(number), self.store.passages[number].doc_id
            # A document may repeat itself on purpose.
            if not claim or holder.setdefault(claim, doc_id) == doc_id:
                kept.append(number)
        return kept

    def _allowed(self, limits: Filter) -> set[int] | None:
        """The passage numbers of the documents that match; those of an unknown doc_id are none: it fails shut."""
        chosen = limits.matching(self.store.documents.values())
        return None if chosen is None else {n for doc_id in chosen for n in self.store.passages_of[doc_id]}

    def _named(self, query: str, allowed: set[int] | None) -> dict[int, int]:
        named = exact_matches(query, self.store.passages, self.store.documents.values())
        return {number: count for number, count in named.items() if allowed is None or number in allowed}

    def _scores(
        self,
        query: str,
        vector: NDArray[np.float32],
        candidates: int,
        *,
        allowed: set[int] | None,
        named: Collection[int],
    ) -> tuple[Mapping[int, float], Mapping[int, float]]:
        """The dense and the lexical score of every candidate: the best of either kind, and the named ones."""
        words = self.lexical.scores(query)
        by_words = [number for number, _ in best_texts(words, candidates, allowed)]
        dense = dict(self.store.search(vector, candidates, allowed))
        missing = (set(by_words) | set(named)) - dense.keys()
        dense.update(self.store.score(vector, missing))
        return dense, {number: float(words[number]) for number in dense if words[number] > 0}
