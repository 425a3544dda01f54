"""Public reading questions turned into ranked lists of sentences, for training the reader.

A folder holds ``passages.jsonl`` (``id``, ``title``, ``text``) and ``questions.jsonl`` (``id``, ``question``,
``answers``, ``gold_passage_ids``). Each question gets one sentence that answers it and others that do not:
neighbours from the same paragraph, BM25's nearest from other paragraphs, and *changed* pairs, in which the
question asks for another year, figure or subject than the one the sentence speaks of.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from index.errors import CorpusError

_FAR_POOL: Final = 12
_MAX_SENTENCE_CHARS: Final = 220
# Not index/sentences.py: a change to the product's rule must not change the published training data.
_SENTENCE: Final = re.compile(r"[^。！？；\n]+(?:[。！？；]+[”’」』）]*)?")
# 占士邦 (角色人物): the bracket tells two articles apart and is no part of the name.
_BRACKETED: Final = re.compile(r"\s*[（(][^（）()]*[）)]\s*$")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence put to a question. ``start:end`` is the short answer inside ``text``; -1 where none is."""

    question: str
    text: str
    title: str
    relevant: bool
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Question:
    """One training question: its answering sentence and the three pools of sentences that do not answer it."""

    question_id: str
    positive: Candidate
    near: tuple[Candidate, ...]
    far: tuple[Candidate, ...]
    changed: tuple[Candidate, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    title: str
    passage_id: str


def load_questions(folders: Sequence[Path], *, seed: int) -> list[Question]:
    """Return the questions of ``folders`` whose answer lies in one sentence; far sentences stay in their folder.

    Traditional characters are converted to simplified ones and Taiwan's terms to the mainland's (OpenCC tw2sp).

    Raises:
        CorpusError: a folder lacks one of the two files or holds a line that cannot be read.

    """
    questions: list[Question] = []
    for folder in folders:
        questions.extend(_load_folder(folder, random.Random(f"{seed}-{folder.name}")))
    return questions


def hold_out(
    questions: Sequence[Question], *, prefix: str, count: int, seed: int
) -> tuple[list[Question], list[Question]]:
    """Return ``(training, validation)``: ``count`` questions whose id starts with ``prefix`` are held out.

    Whole paragraphs are held out: no training question is asked of a paragraph that validation uses.
    """
    owners = sorted({_paragraph(q) for q in questions if q.question_id.startswith(prefix)})
    random.Random(seed).shuffle(owners)
    held: set[str] = set()
    validation: list[Question] = []
    for owner in owners:
        if len(validation) >= count:
            break
        held.add(owner)
        validation.extend(q for q in questions if _paragraph(q) == owner)
    training = [q for q in questions if _paragraph(q) not in held]
    return training, validation[:count]


def draw(
    question: Question, rng: random.Random, *, near: int = 3, far: int = 2, changed: int = 1
) -> list[Candidate]:
    """Return one training list, the answering sentence first; half of the lists show the sentences' titles."""
    drawn = [question.positive]
    for pool, count in ((question.near, near), (question.far, far), (question.changed, changed)):
        drawn.extend(rng.sample(pool, min(count, len(pool))))
    if rng.random() < 0.5:
        return [with_title(candidate) for candidate in drawn]
    return drawn


def with_title(candidate: Candidate) -> Candidate:
    """Return ``candidate`` with ``title：`` put before its sentence, as the reader sees a clause's heading."""
    if candidate.text.startswith(f"{candidate.title}："):
        return candidate
    shift = len(candidate.title) + 1
    start, end = (candidate.start + shift, candidate.end + shift) if candidate.start >= 0 else (-1, -1)
    return Candidate(
        candidate.question, f"{candidate.title}：{candidate.text}", candidate.title, candidate.relevant, start, end
    )


def split_sentences(text: str) -> list[str]:
    """Return the sentences of ``text``, stripped; blank ones are left out.

    >>> split_sentences("甲。乙！”丙")
    ['甲。', '乙！”', '丙']
    """
    return [found for match in _SENTENCE.finditer(text) if (found := match.group().strip())]


def _paragraph(question: Question) -> str:
    return question.question_id.rpartition("_QUERY_")[0] or question.question_id.rpartition("-")[0]


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise CorpusError(
            f"{str(path.parent)!r} has no {path.name}: expected passages.jsonl and questions.jsonl; "
            "run: python -m index train-reader --data DIR"
        ) from error
    for number, line in enumerate(lines, start=1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise CorpusError(
                f"{path.name}, line {number} is not JSON ({error}): expected one object a line"
            ) from error


def _load_folder(folder: Path, rng: random.Random) -> list[Question]:
    from opencc import OpenCC

    simplify = OpenCC("tw2sp").convert
    passages = {
        p["id"]: (_BRACKETED.sub("", simplify(p["title"])), simplify(p["text"]))
        for p in _read_lines(folder / "passages.jsonl")
    }
    sentences = [
        _Sentence(sentence[:_MAX_SENTENCE_CHARS], title, passage_id)
        for passage_id, (title, text) in passages.items()
        for sentence in split_sentences(text)
    ]
    records = list(_read_lines(folder / "questions.jsonl"))
    asked = [simplify(record["question"]) for record in records]
    nearest = _nearest(asked, sentences)
    titles = sorted({title for title, _ in passages.values()})
    questions = []
    for record, question, ranked in zip(records, asked, nearest, strict=True):
        answers = tuple(simplify(answer) for answer in record["answers"])
        home = set(record["gold_passage_ids"])
        own = [s for s in sentences if s.passage_id in home]
        others = [sentences[i] for i in ranked if sentences[i].passage_id not in home]
        built = _build(record["id"], question, answers, own, others, titles, rng)
        if built is not None:
            questions.append(built)
    return questions


def _build(
    question_id: str,
    question: str,
    answers: tuple[str, ...],
    own: Sequence[_Sentence],
    others: Sequence[_Sentence],
    titles: Sequence[str],
    rng: random.Random,
) -> Question | None:
    """The question with its pools, or None when no sentence of its paragraph holds an answer."""
    holding = [s for s in own if any(a in s.text for a in answers)]
    if not holding:
        return None
    # An answer such as a year may stand in several sentences: the one most like the question is meant.
    best = max(holding, key=lambda s: len(_bigrams(s.text) & _bigrams(question)))
    # The shortest wording: references differ in how much of the sentence they take along.
    answer = min((a for a in answers if a in best.text), key=len)
    start = best.text.index(answer)
    positive = Candidate(question, best.text, best.title, True, start, start + len(answer))

    def negative(sentence: _Sentence) -> Candidate:
        return Candidate(question, sentence.text, sentence.title, False)

    return Question(
        question_id,
        positive,
        tuple(negative(s) for s in own if s not in holding),
        tuple(negative(s) for s in others if not any(a in s.text for a in answers))[:_FAR_POOL],
        tuple(_changed(positive, titles, rng)),
        answers,
    )


def _changed(positive: Candidate, titles: Sequence[str], rng: random.Random) -> list[Candidate]:
    """Pairs that no longer fit: the question names another figure or subject than its sentence does."""
    question, pairs = positive.question, []
    for match in _NUMBER.finditer(question):
        if match.group() in positive.text:
            other = _other_number(match.group(), rng)
            moved = question[: match.start()] + other + question[match.end() :]
            pairs.append(Candidate(moved, positive.text, positive.title, False))
            if match.group() not in positive.text[positive.start : positive.end]:
                text = positive.text.replace(match.group(), other)
                pairs.append(Candidate(question, text, positive.title, False))
    if len(positive.title) > 1 and positive.title in question:
        other = rng.choice([t for t in titles if t != positive.title])
        # With the sentence's own title in view, else nothing would show that it is about something else.
        shown = with_title(
            Candidate(question.replace(positive.title, other), positive.text, positive.title, False)
        )
        pairs.append(shown)
    return pairs


def _other_number(number: str, rng: random.Random) -> str:
    """A different figure of the same look: a year stays within a generation, other figures keep their length."""
    if len(number) == 4 and number[:2] in {"18", "19", "20"}:
        return str(int(number) + rng.choice([-11, -5, -3, -2, -1, 1, 2, 3, 5, 10]))
    digits = [str((int(d) + rng.randint(1, 8)) % 9 + 1) if d != "." else d for d in number]
    changed = "".join(digits)
    return changed if changed != number else changed[:-1] + str((int(changed[-1]) + 1) % 10)


def _bigrams(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}


def _nearest(questions: Sequence[str], sentences: Sequence[_Sentence], *, k: int = 40) -> list[list[int]]:
    """For each question the indices of BM25's ``k`` nearest sentences, over character bigrams."""
    import bm25s

    def grams(text: str) -> list[str]:
        return [text[i : i + 2] for i in range(len(text) - 1)] or [text]

    indexed = [grams(s.text) for s in sentences]
    # bm25s rejects a query holding a token that the index lacks.
    known = set().union(*indexed)
    asked = [[gram for gram in grams(q) if gram in known] or indexed[0] for q in questions]
    ranker = bm25s.BM25()
    ranker.index(indexed, show_progress=False)
    found, _ = ranker.retrieve(asked, k=min(k, len(sentences)), show_progress=False)
    return [row.tolist() for row in np.asarray(found)]
