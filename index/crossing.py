"""The network of the reranker: a question and a judged sentence read together by one encoder. Only torch here.

A BERT encoder (Nogueira and Cho 2019, arXiv:1901.04085) whose word vectors are those of the default embedding
model. The judged sentence is told from its context by token type 1. Two heads: one number for the pair, and
one for each token of how likely it belongs to the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

_WIDTH: Final = 256
# Token numbers of a question, a context and a sentence.
Triple = tuple[list[int], list[int], list[int]]


class PairScorer(nn.Module):
    """``bert`` is a ``transformers`` BertModel without pooler; its word vectors stay as they are."""

    def __init__(self, bert: Any) -> None:
        super().__init__()
        self.bert = bert
        hidden = bert.config.hidden_size
        self.pair = nn.Sequential(nn.Linear(3 * hidden, _WIDTH), nn.GELU(), nn.Linear(_WIDTH, 1))
        self.token = nn.Linear(hidden, 1)

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        """Return float32 ``(pairs,)`` and ``(pairs, tokens)`` logits; higher is surer.

        All four are (pairs, tokens): token numbers, 1 for what is no padding, 1 for tokens of the judged
        sentence, 1 for those of the question.
        """
        states = self.bert(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state.float()
        pooled = torch.cat([states[:, 0], _mean(states, types), _mean(states, asked)], dim=-1)
        return self.pair(pooled).squeeze(-1), self.token(states).squeeze(-1)


def _mean(states: Tensor, shown: Tensor) -> Tensor:
    weights = shown.unsqueeze(-1).float()
    return (states * weights).sum(1) / weights.sum(1).clamp(min=1.0)


class PairTokenizer:
    """Texts -> token numbers of ``<s> question </s></s> context </s> sentence </s>``.

    The vocabulary is the embedding model's. The context is cut from its front, the other two from their ends.
    """

    def __init__(
        self, tokenizer: Any, *, max_question: int = 64, max_context: int = 64, max_sentence: int = 144
    ) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._most = (max_question, max_context, max_sentence)

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Return the token numbers of each text, without special ones."""
        return [e.ids for e in self._tokenizer.encode_batch(texts, add_special_tokens=False)]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Return the character span of each token of a text."""
        found: list[tuple[int, int]] = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return found

    def batch(self, triples: Sequence[Triple]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the four inputs of :class:`PairScorer` for ``(question, context, sentence)`` token numbers."""
        rows = []
        for question, context, sentence in triples:
            q = question[: self._most[0]]
            c = context[-self._most[1] :]
            s = sentence[: self._most[2]]
            numbers = [0, *q, 2, 2, *c, 2, *s, 2]
            first = len(numbers) - 1 - len(s)
            rows.append((numbers, first, len(s), len(q)))
        width = max(len(row[0]) for row in rows)
        ids = torch.ones(len(rows), width, dtype=torch.long)
        mask, types, asked = (torch.zeros(len(rows), width, dtype=torch.long) for _ in range(3))
        for n, (numbers, first, size, q_size) in enumerate(rows):
            ids[n, : len(numbers)] = torch.tensor(numbers)
            mask[n, : len(numbers)] = 1
            types[n, first : first + size] = 1
            asked[n, 1 : 1 + q_size] = 1
        return ids, mask, types, asked
