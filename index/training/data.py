"""Practice folders -> what the adapter is trained on: the index's own sentences, and which of them answer.

A practice folder holds groups; a group is a folder with the documents of one invented office and
``questions.jsonl`` (see ``eval/practice/README.md``).
"""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from index.assemble import prepare
from index.corpus import load_corpus
from index.defaults import MAX_PASSAGE_CHARS
from index.entries import sentence_text_for_embedding
from index.errors import CorpusError
from index.training.recipe import Recipe

QUESTIONS_NAME: Final = "questions.jsonl"
# Beside the groups: questions of theirs said once more in other words.
REWORDED_NAME: Final = "reworded.jsonl"
# A sentence and a quote belong together when more than this share of either lies in the other.
_LEAST_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the index: its place in its document, and the text that is embedded for it."""

    doc_id: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """One answerable question. ``positives`` are the numbers of the sentences that its evidence lies in."""

    question_id: str
    text: str
    positives: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The documents of one office and what is asked of them; ``unanswerable`` are questions they do not answer."""

    name: str
    sentences: tuple[Sentence, ...]
    questions: tuple[Question, ...]
    unanswerable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """The texts of one step. ``positives`` has, for each question, the numbers of its sentences; never none."""

    sentences: tuple[str, ...]
    questions: tuple[str, ...]
    positives: tuple[tuple[int, ...], ...]
    unanswerable: tuple[str, ...]


def load_groups(folder: Path, *, leave_out: Collection[str] = ()) -> tuple[list[Group], list[Group]]:
    """Return ``(training, left_out)``: the groups of ``folder`` by name, those named in ``leave_out`` apart.

    Questions that follow on a conversation are skipped: what they mean does not stand in their own words.

    Raises:
        CorpusError: there is no group, one to leave out is unknown, or one cannot be read.

    """
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder; expected a folder of practice groups such as eval/practice")
    names = sorted(path.parent.name for path in folder.glob(f"*/{QUESTIONS_NAME}"))
    unknown = sorted(set(leave_out) - set(names))
    if unknown:
        known = ", ".join(names) or "none"
        raise CorpusError(f"no practice group {', '.join(unknown)} to leave out in {folder}; known: {known}")
    if not set(names) - set(leave_out):
        raise CorpusError(
            f"{folder}: no practice group to train on; expected folders of documents with {QUESTIONS_NAME}, "
            "such as those of eval/practice"
        )
    groups = [load_group(folder / name) for name in names]
    training = [group for group in groups if group.name not in leave_out]
    return training, [group for group in groups if group.name in leave_out]


def load_group(folder: Path) -> Group:
    """Return the group of one folder, its documents cut as the index cuts them.

    Raises:
        CorpusError: a document or a line of the questions cannot be used, or evidence stands in no document.

    """
    corpus = load_corpus(folder)
    problems = [problem for problem in corpus.problems if not problem.startswith(f"{QUESTIONS_NAME}:")]
    if problems or not corpus.documents:
        raise CorpusError(f"{folder}: {'; '.join(problems) or 'no document'}; mend the practice group")
    text_of = {document.doc_id: document.text for document in corpus.documents}
    passages, spans = prepare(corpus.documents, max_chars=MAX_PASSAGE_CHARS)
    sentences = tuple(
        Sentence(p.doc_id, start, end, sentence_text_for_embedding(p, text_of[p.doc_id][start:end]))
        for p, own in zip(passages, spans, strict=True)
        for start, end in own
    )
    squashed = {doc_id: squash(text) for doc_id, text in text_of.items()}
    other_words = read_reworded(folder.parent)
    questions, unanswerable = [], []
    for number, record in read_records(folder / QUESTIONS_NAME):
        try:
            if record.get("history"):
                continue
            wordings = [str(record["question"]), *other_words.get(str(record["id"]), ())]
            if not record["answerable"]:
                unanswerable += wordings
                continue
            quotes = [quote["quote"] for need in record["evidence"] for quote in need]
            places = [place for quote in quotes for place in places_of(quote, squashed)]
            positives = tuple(touched([(s.doc_id, s.start, s.end) for s in sentences], places))
            asked = [Question(str(record["id"]), wording, positives) for wording in wordings]
        except (KeyError, TypeError, AttributeError) as error:
            raise CorpusError(
                f"{folder / QUESTIONS_NAME}, line {number}: {type(error).__name__} {error}; expected the fields "
                "of eval/practice/README.md"
            ) from error
        if not positives:
            raise CorpusError(
                f"{folder / QUESTIONS_NAME}, line {number}: no document has the evidence of {record['id']}"
            )
        questions += asked
    return Group(folder.name, sentences, tuple(questions), tuple(unanswerable))


def epoch_batches(groups: Sequence[Group], *, recipe: Recipe, epoch: int) -> list[Batch]:
    """Return the batches of one epoch, one a document that is asked about, in an order drawn from the seed.

    Among the sentences are all of the document and a few of its group's others, which look alike but are of
    other parties and years.
    """
    rng = random.Random(f"{recipe.seed}-{epoch}")
    batches = [
        _draw(group, doc_id, rng, recipe)
        for group in groups
        for doc_id in sorted({group.sentences[p].doc_id for q in group.questions for p in q.positives})
    ]
    rng.shuffle(batches)
    return batches


def squash(text: str) -> tuple[str, list[int]]:
    r"""Return ``text`` NFKC-folded without white space, and for each character the offset it came from.

    >>> squash("3 1\n３")
    ('313', [0, 2, 4])
    """
    pairs = [
        (folded, offset)
        for offset, char in enumerate(text)
        for folded in unicodedata.normalize("NFKC", char)
        if not folded.isspace()
    ]
    return "".join(char for char, _ in pairs), [offset for _, offset in pairs]


def read_records(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield ``(line number, record)`` of a file of JSON lines. Raises CorpusError."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: cannot be read as UTF-8 JSON lines ({error})") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise CorpusError(f"{path}, line {number} is not JSON ({error}); expected one object") from error


def read_reworded(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the other wordings in a folder of groups by the id of the question, in the order of the file.

    A question may have several; without such a file there are none.

    Raises:
        CorpusError: a line is not an object with ``id`` and ``question``.

    """
    path = folder / REWORDED_NAME
    if not path.is_file():
        return {}
    found: dict[str, tuple[str, ...]] = {}
    try:
        for _, record in read_records(path):
            name = str(record["id"])
            found[name] = (*found.get(name, ()), str(record["question"]))
        return found
    except (KeyError, TypeError) as error:
        raise CorpusError(f"{path}: every line needs id and question ({type(error).__name__} {error})") from error


def places_of(quote: str, documents: dict[str, tuple[str, list[int]]]) -> Iterator[tuple[str, int, int]]:
    """Every ``(doc_id, start, end)`` at which ``quote`` stands, in characters of the document's own text."""
    needle, _ = squash(quote)
    for doc_id, (text, offsets) in documents.items():
        at = text.find(needle) if needle else -1
        while at >= 0:
            yield doc_id, offsets[at], offsets[at + len(needle) - 1] + 1
            at = text.find(needle, at + 1)


def touched(sentences: Sequence[tuple[str, int, int]], places: Iterable[tuple[str, int, int]]) -> list[int]:
    """The numbers of the sentences that share more than half of themselves, or of the place, with a place."""
    found: set[int] = set()
    for doc_id, start, end in places:
        for number, (owner, a, b) in enumerate(sentences):
            if owner == doc_id and min(end, b) - max(start, a) > _LEAST_SHARE * min(end - start, b - a):
                found.add(number)
    return sorted(found)


def _draw(group: Group, doc_id: str, rng: random.Random, recipe: Recipe) -> Batch:
    own = [n for n, sentence in enumerate(group.sentences) if sentence.doc_id == doc_id]
    here = set(own)
    asked = [question for question in group.questions if here & set(question.positives)]
    asked = rng.sample(asked, min(recipe.questions_per_step, len(asked)))
    answering = {number for question in asked for number in question.positives}
    others = [n for n in range(len(group.sentences)) if n not in here]
    drawn = rng.sample(others, min(recipe.foreign_sentences, len(others)))
    # A foreign sentence that answers one of the questions would be taken for a wrong one.
    numbers = own + [number for number in drawn if number not in answering]
    row = {number: at for at, number in enumerate(numbers)}
    return Batch(
        sentences=tuple(group.sentences[number].text for number in numbers),
        questions=tuple(question.text for question in asked),
        positives=tuple(tuple(row[p] for p in question.positives if p in row) for question in asked),
        unanswerable=tuple(
            rng.sample(group.unanswerable, min(recipe.unanswerable_per_step, len(group.unanswerable)))
        ),
    )
