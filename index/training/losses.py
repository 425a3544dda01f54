"""The two losses of the adapter: rank what answers first, and know when nothing does.

Similarities are cosines, float32 ``(questions, sentences)``; ``positive`` is a bool tensor of the same shape,
with at least one True in each row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def ranking_loss(similarity: Tensor, positive: Tensor, *, temperature: float) -> Tensor:
    """Return InfoNCE with several positives, the mean over the questions, 0 at best.

    ``-log( sum_{p in P} exp(s_p / T) / sum_j exp(s_j / T) )``: InfoNCE of van den Oord et al. 2018
    (arXiv:1807.03748, eq. 4) with the sum over the positives P of MIL-NCE (Miech et al. 2020, arXiv:1912.06430,
    eq. 1), so that any one of the sentences that answer will do.

    >>> import torch
    >>> similarity, positive = torch.zeros(1, 4), torch.tensor([[True, True, False, False]])
    >>> round(float(ranking_loss(similarity, positive, temperature=1.0).exp()), 4)
    2.0
    """
    import torch

    scaled = similarity / temperature
    right = scaled.masked_fill(~positive, -torch.inf)
    return (torch.logsumexp(scaled, dim=1) - torch.logsumexp(right, dim=1)).mean()


def null_loss(
    similarity: Tensor, positive: Tensor, unanswerable: Tensor, threshold: Tensor, *, temperature: float
) -> Tensor:
    """Return how badly one threshold t tells answers from everything else, 0 at best.

    The mean over the answerable questions of ``-log σ((max_P s - t) / T) - log σ((t - max_N s) / T)``, P the
    sentences that answer and N the others, and the mean over ``unanswerable``, float32 (questions, sentences) of
    questions without an answer, of ``-log σ((t - max_j s_j) / T)``. It is the no-answer threshold of SQuAD 2.0
    (Rajpurkar et al. 2018, arXiv:1806.03822, section 4), which is fitted there after training, made part of it:
    one similarity must mean the same for all questions. A question all of whose sentences answer has no N.

    >>> import torch
    >>> similarity, positive = torch.tensor([[0.9, 0.5]]), torch.tensor([[True, False]])
    >>> nothing, threshold = torch.empty(0, 2), torch.tensor(0.7)
    >>> round(float(null_loss(similarity, positive, nothing, threshold, temperature=0.2)), 4)  # 2 ln(1 + 1/e)
    0.6265
    """
    import torch
    from torch.nn.functional import logsigmoid

    right = similarity.masked_fill(~positive, -torch.inf).amax(1)
    total = -logsigmoid((right - threshold) / temperature).mean()
    contested = ~positive.all(1)
    if bool(contested.any()):
        wrong = similarity[contested].masked_fill(positive[contested], -torch.inf).amax(1)
        total = total - logsigmoid((threshold - wrong) / temperature).sum() / len(similarity)
    if len(unanswerable):
        total = total - logsigmoid((threshold - unanswerable.amax(1)) / temperature).mean()
    return total
