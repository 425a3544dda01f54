"""The reader as a torch module: the embedder's lower layers over question and sentence, and two heads.

The word embeddings stay as they are (they are shared with the embedder and not shipped again); the layers
and the heads are trained. One pass gives the sentence's relevance and where its short answer lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel

MAX_TOKENS = 160
PAD_ID = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Token ids int64 (n, t), attention mask (n, t), sentence-token mask (n, t), character offsets (n, t, 2)."""

    ids: Tensor
    mask: Tensor
    sentence: Tensor
    offsets: Tensor


class Reader(nn.Module):
    """``layers`` encoder layers of the base model, a relevance head and a span head."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        width: int = encoder.config.hidden_size
        self.layers: int = encoder.config.num_hidden_layers
        self.encoder = encoder
        # First token and the mean over the sentence: the base model was trained to put its meaning in the mean.
        self.relevance = nn.Linear(2 * width, 1)
        self.span = nn.Linear(width, 2)
        self.dropout = nn.Dropout(0.1)
        self.encoder.embeddings.requires_grad_(False)

    @classmethod
    def from_base(cls, base: Path, *, keep: Sequence[int]) -> Reader:
        """Return a reader whose layers are the base model's layers number ``keep``, in that order."""
        config = BertConfig.from_pretrained(base)
        # Two short epochs do not overfit; drawing the masks would cost a quarter of the time on a CPU.
        config.attention_probs_dropout_prob = 0.0
        config.hidden_dropout_prob = 0.0
        encoder = BertModel.from_pretrained(base, config=config, add_pooling_layer=False, dtype=torch.float32)
        encoder.encoder.layer = nn.ModuleList(encoder.encoder.layer[number] for number in keep)
        encoder.config.num_hidden_layers = len(keep)
        return cls(encoder)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return relevance logits (n,) and span logits (n, t, 2); tokens outside the sentence have -1e4."""
        states = self.encoder(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
        inside = batch.sentence.unsqueeze(-1).to(states.dtype)
        mean = (states * inside).sum(1) / inside.sum(1).clamp(min=1)
        pooled = self.dropout(torch.cat([states[:, 0], mean], dim=-1))
        spans = self.span(self.dropout(states)).float()
        return self.relevance(pooled).squeeze(-1).float(), spans.masked_fill(~batch.sentence.unsqueeze(-1), -1e4)


def load_tokenizer(base: Path) -> Tokenizer:
    """Return the base model's tokenizer, cutting pairs at ``MAX_TOKENS`` from the sentence's end."""
    tokenizer: Tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
    return tokenizer


def encode(tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]]) -> Batch:
    """Return the padded batch of ``(question, sentence)`` pairs."""
    # 60 characters of question leave room for the sentence; only_second refuses a first part that fills all.
    encodings = tokenizer.encode_batch([(question[:120], text) for question, text in pairs])
    longest = max(len(e.ids) for e in encodings)
    ids = torch.full((len(pairs), longest), PAD_ID, dtype=torch.long)
    mask = torch.zeros((len(pairs), longest), dtype=torch.long)
    sentence = torch.zeros((len(pairs), longest), dtype=torch.bool)
    offsets = torch.zeros((len(pairs), longest, 2), dtype=torch.long)
    for row, encoding in enumerate(encodings):
        n = len(encoding.ids)
        ids[row, :n] = torch.tensor(encoding.ids)
        mask[row, :n] = 1
        sentence[row, :n] = torch.tensor([which == 1 for which in encoding.sequence_ids])
        offsets[row, :n] = torch.tensor(encoding.offsets)
    return Batch(ids, mask, sentence, offsets)


def span_targets(batch: Batch, spans: Sequence[tuple[int, int]]) -> Tensor:
    """Return int64 (n, 2): first and last token of each character span, -1 where there is none or it was cut."""
    targets = torch.full((len(spans), 2), -1, dtype=torch.long)
    for row, (start, end) in enumerate(spans):
        if start < 0:
            continue
        begins, ends = batch.offsets[row, :, 0], batch.offsets[row, :, 1]
        touching = (batch.sentence[row] & (begins < end) & (ends > start)).nonzero().flatten()
        if len(touching) and int(ends[touching[-1]]) >= end:
            targets[row, 0], targets[row, 1] = touching[0], touching[-1]
    return targets
