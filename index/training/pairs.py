"""What the reranker is trained on: a question, the sentences it might be answered by, and which of them do.

Two sources: practice groups (see :mod:`index.training.data`), with the key facts as the words that answer, and a
folder of public questions in the schema of ``python -m eval reading`` (paragraphs with short answers).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

from index.assemble import prepare
from index.corpus import load_corpus
from index.defaults import MAX_PASSAGE_CHARS
from index.entries import Encoder, sentence_text_for_embedding
from index.errors import CorpusError
from index.judged import judged_text
from index.sentences import split_sentences
from index.training.data import QUESTIONS_NAME, places_of, read_records, read_reworded, squash, touched
from index.types import Document, Passage

Judged = tuple[str, str]
# Sentences of other paragraphs of an article that stand beside those of the paragraph asked about.
_FOREIGN: Final = 24
# Wrong sentences to learn from are drawn from these many nearest ones: the reranker judges no others.
_NEAREST: Final = 10


@dataclass(frozen=True, slots=True)
class Example:
    """One question over ``pool``, the judged sentences it may be asked of.

    ``positives`` are numbers of the pool, none where the question is unanswerable; ``facts`` are the wordings of
    what answers; ``nearest`` are numbers of the pool, the most alike first; ``unsure`` are those that may answer
    too though no evidence names them, and are never shown. ``reworded`` is a question of the same group in other
    words.
    """

    question: str
    pool: Sequence[Judged]
    positives: tuple[int, ...]
    facts: tuple[str, ...]
    nearest: tuple[int, ...]
    unsure: tuple[int, ...] = ()
    reworded: bool = False


def practice_examples(folder: Path, encoder: Encoder | None = None) -> list[Example]:
    """Return the examples of one practice group, its documents cut as the index cuts them.

    With an ``encoder`` the sentences that are nearest to a question by its vectors are among the nearest ones,
    in turn with those that share its words: they are what the reranker is shown where it is used.

    Raises:
        CorpusError: a document or a line of the questions cannot be used.

    """
    corpus = load_corpus(folder)
    problems = [problem for problem in corpus.problems if not problem.startswith(f"{QUESTIONS_NAME}:")]
    if problems or not corpus.documents:
        raise CorpusError(f"{folder}: {'; '.join(problems) or 'no document'}; mend the practice group")
    documents = {document.doc_id: document for document in corpus.documents}
    passages, spans = prepare(corpus.documents, max_chars=MAX_PASSAGE_CHARS)
    places = [(p.doc_id, a, b, p) for p, own in zip(passages, spans, strict=True) for a, b in own]
    pool = [judged_text(documents[doc_id], p, a, b) for doc_id, a, b, p in places]
    found = []
    squashed = {doc_id: squash(document.text) for doc_id, document in documents.items()}
    other_words = read_reworded(folder.parent)
    by_vectors = _VectorOrder(
        encoder, [sentence_text_for_embedding(p, documents[doc_id].text[a:b]) for doc_id, a, b, p in places]
    )
    for number, record in read_records(folder / QUESTIONS_NAME):
        try:
            if record.get("history"):
                continue
            quotes = [quote["quote"] for need in record["evidence"] for quote in need]
            spots = [place for quote in quotes for place in places_of(quote, squashed)]
            facts = tuple(str(fact) for alternatives in record["key_facts"] for fact in alternatives)
            positives = tuple(touched([place[:3] for place in places], spots)) if record["answerable"] else ()
            unsure = _also_holding(record["key_facts"], pool, positives) if positives else ()
            wordings = [str(record["question"]), *other_words.get(str(record["id"]), ())]
        except (KeyError, TypeError, AttributeError) as error:
            raise CorpusError(
                f"{folder / QUESTIONS_NAME}, line {number}: {type(error).__name__} {error}; expected the fields "
                "of eval/practice/README.md"
            ) from error
        if record["answerable"] and not positives:
            raise CorpusError(f"{folder / QUESTIONS_NAME}, line {number}: no document has its evidence")
        for at, question in enumerate(wordings):
            near = by_turns(nearest(question, pool), by_vectors.of(question))
            found.append(Example(question, pool, positives, facts, near, unsure, reworded=at > 0))
    return found


class _VectorOrder:
    """The sentences of a group by their cosine with a question; nothing without an encoder."""

    def __init__(self, encoder: Encoder | None, sentences: list[str]) -> None:
        self._encoder = encoder
        self._vectors = encoder.encode_passages(sentences) if encoder is not None else None

    def of(self, question: str) -> tuple[int, ...]:
        """Return the numbers of the sentences, the nearest first."""
        if self._encoder is None or self._vectors is None:
            return ()
        cosines = self._vectors @ self._encoder.encode_queries([question])[0]
        return tuple(int(n) for n in (-cosines).argsort(kind="stable"))


def by_turns(first: Sequence[int], second: Sequence[int]) -> tuple[int, ...]:
    """Return the numbers of both orders taken in turn, each once.

    >>> by_turns((0, 1, 2), (2, 0, 1))
    (0, 2, 1)
    >>> by_turns((1, 0), ())
    (1, 0)
    """
    pairs = zip_longest(first, second)
    return tuple(dict.fromkeys(n for pair in pairs for n in pair if n is not None))


def _also_holding(
    key_facts: Sequence[Sequence[str]], pool: Sequence[Judged], positives: Sequence[int]
) -> tuple[int, ...]:
    """Return the numbers of other sentences that hold a wording of every key fact: another report of the same."""
    return tuple(
        n
        for n, (_, sentence) in enumerate(pool)
        if n not in positives and all(any(word in sentence for word in words) for words in key_facts)
    )


def public_examples(folder: Path, *, seed: int) -> list[Example]:
    """Return the examples of a folder with ``passages.jsonl`` and ``questions.jsonl``, in simplified characters.

    The pool of a question is the paragraph that answers it and others of the same article, whose id is the
    paragraph's without its last part. One question in eight is asked of the others alone: nothing answers it.
    """
    from opencc import OpenCC

    simplify = OpenCC("t2s").convert
    articles: dict[str, list[tuple[str, Judged]]] = {}
    for _, record in read_records(folder / "passages.jsonl"):
        text, title = simplify(record["text"]), simplify(record["title"])
        article = articles.setdefault(record["id"].rpartition("-")[0], [])
        document = Document(record["id"], title, text, "", "")
        passage = Passage("", record["id"], title, "", (), text, 0, len(text))
        article += [(record["id"], judged_text(document, passage, a, b)) for a, b in split_sentences(text)]
    rng = random.Random(f"{seed}-public")
    found = []
    for _, record in read_records(folder / QUESTIONS_NAME):
        question = simplify(record["question"])
        facts = tuple(simplify(answer) for answer in record["answers"])
        gold = set(record["gold_passage_ids"])
        article = articles[record["gold_passage_ids"][0].rpartition("-")[0]]
        inside = [judged for owner, judged in article if owner in gold]
        beyond = [judged for owner, judged in article if owner not in gold and not _holds(judged, facts)]
        beyond = rng.sample(beyond, min(_FOREIGN, len(beyond)))
        pool = beyond if rng.random() < 0.125 and len(beyond) >= 4 else [*inside, *beyond]
        positives = tuple(n for n, judged in enumerate(pool) if _holds(judged, facts))
        if len(pool) >= 2 and (positives or pool is beyond):
            found.append(Example(question, pool, positives, facts, nearest(question, pool)))
    return found


def nearest(question: str, pool: Sequence[Judged]) -> tuple[int, ...]:
    """Return the numbers of the pool by how many character pairs of the question they hold, most first.

    >>> nearest("汽车产量多少", [("标题：", "文旅合作。"), ("标题：", "汽车产量300万辆。")])
    (1, 0)
    """
    pairs = {question[i : i + 2] for i in range(len(question) - 1)}
    shares = [
        sum(p in sentence for p in pairs) + 0.4 * sum(p in context for p in pairs) for context, sentence in pool
    ]
    return tuple(sorted(range(len(pool)), key=lambda n: (-shares[n], n)))


def draw(example: Example, rng: random.Random, *, size: int) -> tuple[list[int], int]:
    """Return numbers of the pool to judge, those that answer first, and how many of them do.

    At most two that answer; of the others all but one are drawn from the nearest ten.
    """
    right = rng.sample(example.positives, min(2, len(example.positives)))
    wrong = [n for n in example.nearest if n not in example.positives and n not in example.unsure]
    wanted = min(size - len(right), len(wrong))
    near = rng.sample(wrong[:_NEAREST], min(max(0, wanted - 1), len(wrong[:_NEAREST])))
    rest = [n for n in wrong if n not in near]
    return right + near + rng.sample(rest, min(wanted - len(near), len(rest))), len(right)


def fact_spans(sentence: str, facts: Sequence[str]) -> list[tuple[int, int]]:
    """Return where the facts stand in a sentence, half-open.

    >>> fact_spans("产值500亿元，就业2万人。", ["500亿元", "3万人"])
    [(2, 7)]
    """
    found = []
    for fact in facts:
        at = sentence.find(fact) if fact else -1
        if at >= 0:
            found.append((at, at + len(fact)))
    return found


def _holds(judged: Judged, facts: Sequence[str]) -> bool:
    return any(fact in judged[1] for fact in facts)
