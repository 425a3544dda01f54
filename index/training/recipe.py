"""All that decides a trained adapter, besides its data and the base model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """The figures of one run. Similarities are cosines in [-1, 1]; temperatures divide them."""

    epochs: int = 2
    seed: int = 7
    # W + scale * b @ a, the matrices a and b of this rank (alpha / r of the LoRA paper is the scale).
    rank: int = 16
    scale: float = 2.0
    learning_rate: float = 4e-4
    weight_decay: float = 0.01
    warmup_steps: int = 30
    # The rate falls in a straight line to this share of its peak.
    last_rate: float = 0.05
    max_gradient_norm: float = 1.0
    temperature: float = 0.03
    null_weight: float = 0.5
    null_temperature: float = 0.05
    # Where the similarity that separates an answer from silence starts; it is trained along.
    threshold: float = 0.80
    # One step is one document: its sentences, and these many at most of the others.
    questions_per_step: int = 28
    foreign_sentences: int = 16
    unanswerable_per_step: int = 5
    # Sentences are far shorter; a table row that is not would cost most of a step.
    max_tokens: int = 320
    batch_size: int = 24
    # bfloat16 arithmetic with float32 weights: twice as fast where the CPU has it, slower elsewhere.
    bfloat16: bool = True


@dataclass(frozen=True, slots=True)
class RerankRecipe:
    """The figures of a run of ``train-reranker``: public, practice and reworded questions in turn."""

    seed: int = 7
    # Drawn from the public folder; once through them.
    public_questions: int = 2600
    public_rate: float = 1e-4
    practice_epochs: int = 2
    practice_rate: float = 7e-5
    # Then the same questions in other words, where there are any, with these many of the former: once.
    reworded_rate: float = 5e-5
    recalled_questions: int = 1000
    # Of the groups left out, after every epoch.
    measured_questions: int = 300
    weight_decay: float = 0.01
    warmup_steps: int = 80
    last_rate: float = 0.05
    max_gradient_norm: float = 1.0
    # One step: so many questions, each with so many sentences, of which two at most answer.
    questions_per_step: int = 4
    public_sentences: int = 6
    practice_sentences: int = 6
    # Of a sentence that answers against one that does not, and of the tokens of the answer against the others.
    positive_weight: float = 2.0
    token_weight: float = 0.3
    bfloat16: bool = True
