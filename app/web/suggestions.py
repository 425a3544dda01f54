"""Questions that could be offered to a reader, from the outline and the facts of documents. Pure rules.

Nothing here knows whether the assistant can answer: each candidate says which clause, or which fact, a good answer
must rest on, and :mod:`app.web.prompter` asks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.web.conversation import Exchange, Span
from index.errors import SettingsError
from index.outline import Section, walk
from index.types import Answer, Document

WORDING_FILE = "suggestions.zh.json"

# Shorter headings (a list's 一般要求) say little out of their place, longer ones make no button.
_MIN_HEADING_CHARS = 4
_MAX_HEADING_CHARS = 26
_MAX_TITLE_CHARS = 40
_MIN_BODY_CHARS = 30
# A heading that is half of a sentence, a speech or a label of the page.
_UNFIT = re.compile(r"[：:；;！？!?…|]|\.{3}|^[“\"].*[”\"]$|[，,。]$")
_COUNT = r"[一二三四五六七八九十百\d]+"
_NUMBERING = re.compile(rf"^(?:[（(]?{_COUNT}[）)、.．]|第{_COUNT}[编篇章节条])\s*")
# How an answer writes the items of a list, with the markers behind them.
_ITEM = re.compile(r"^\s*\d{1,3}[.、]\s*|(?:\[\d{1,3}\]|[。；;])+\s*$")
_FACTS = ("doc_number", "issued", "signed", "issuer", "published")


class Wording(BaseModel):
    """The questions' wording, with ``{heading}`` or ``{title}`` in each, and what tells which of them fits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parts: str = Field(pattern=r"\{heading\}")
    steps: str = Field(pattern=r"\{heading\}")
    how: str = Field(pattern=r"\{heading\}", description="for headings that begin with one of the verbs")
    doc_number: str = Field(pattern=r"\{title\}")
    issuer: str = Field(pattern=r"\{title\}")
    issued: str = Field(pattern=r"\{title\}")
    published: str = Field(pattern=r"\{title\}")
    signed: str = Field(pattern=r"\{title\}")
    verbs_source: str
    verbs: tuple[str, ...] = Field(description="how headings of official documents begin that say what is done")


def load_wording(prompts_dir: Path) -> Wording:
    """Return the questions' wording.

    Raises:
        SettingsError: the file is missing or an entry is.

    """
    path = prompts_dir / WORDING_FILE
    try:
        return Wording.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}; restore it from the repository") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise SettingsError(f"{path}: {where}: {first['msg']}; restore it from the repository") from error


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question about ``[start, end)`` of a document; ``fact`` is what its answer must say, where it is known.

    ``topic`` is the heading that it is about; ``reserve`` is another wording, asked where the first finds nothing.
    """

    question: str
    doc_id: str
    start: int
    end: int
    topic: str = ""
    fact: str = ""
    reserve: str = ""

    def is_met_by(self, answer: Answer) -> bool:
        """Return whether an answer is one to this question: certain, and resting on the clause it is about."""
        if answer.refused or answer.unverified:
            return False
        if self.fact:
            return self.fact in answer.text and any(one.passage.doc_id == self.doc_id for one in answer.citations)
        return any(
            one.passage.doc_id == self.doc_id and self.start <= one.start and one.end <= self.end
            for one in answer.citations
        )


def first_questions(document: Document, outline: Section, wording: Wording) -> list[Candidate]:
    """Return questions that open a document: its fullest sections, single clauses and its facts, in turns."""
    sections = [one for one, _ in walk(outline) if _name(one, document)]
    full = sorted((one for one in sections if _parts(one, document) > 1), key=lambda one: -_parts(one, document))
    single = [one for one in sections if _parts(one, document) <= 1]
    columns = (
        [_of_section(one, document, wording) for one in full],
        # Not the first ones only: what stands at the end of a document is worth a question too.
        [_of_section(one, document, wording) for one in _spread(single)],
        list(_of_facts(document, wording)),
    )
    longest = max(map(len, columns))
    return _distinct(column[row] for row in range(longest) for column in columns if row < len(column))


def next_questions(
    exchange: Exchange, documents: Mapping[str, Document], outlines: Mapping[str, Section], wording: Wording
) -> list[Candidate]:
    """Return questions that go on from an answer: what it names, then inside, beside and above its clauses."""
    spans = [one for one in exchange.citations or exchange.related if one.doc_id in documents]
    layers: list[list[Candidate]] = [[], [], [], [], []]
    for span in spans:
        document, outline = documents[span.doc_id], outlines[span.doc_id]
        around = _around(_chain(outline, span), document)
        for layer, sections in zip(layers, (_listed(outline, exchange), *around), strict=False):
            layer += [_of_section(one, document, wording) for one in sections if _name(one, document)]
        layers[-1] += [*_of_facts(document, wording), *first_questions(document, outline, wording)]
    said = _plain(exchange.question + (exchange.understood or ""))
    fresh = [
        one
        for one in _distinct(one for layer in layers for one in layer)
        if (one.fact not in exchange.text if one.fact else _plain(one.topic) not in said)
    ]
    facts = [one for one in fresh if one.fact][:1]
    return [one for one in fresh if not one.fact or one in facts]


def _listed(outline: Section, exchange: Exchange) -> list[Section]:
    """The sections whose headings an answer gives as items of its list, in the order of the document."""
    lines = [_plain(_ITEM.sub("", line)) for line in exchange.text.splitlines() if _ITEM.match(line)]
    items = [line for line in lines if len(line) >= _MIN_HEADING_CHARS]
    headed = [(one, _plain(_bare(one))) for one, _ in walk(outline) if one.heading.strip()]
    return [one for one, name in headed if any(item in name for item in items)]


def _around(above: Sequence[Section], document: Document) -> tuple[Sequence[Section], ...]:
    """The sections inside the clause at the end of a chain, those beside it or its parents, and those above it."""
    beside: list[Section] = []
    for parent, child in reversed(list(pairwise(above))):
        at = parent.children.index(child)
        after = [one for one in parent.children[at + 1 :] if _name(one, document)]
        before = [one for one in parent.children[:at] if _name(one, document)]
        beside += [*after[:3], *before[:-3:-1]]
    return above[-1].children[:4], beside, above[-2:0:-1]


def _chain(outline: Section, span: Span) -> list[Section]:
    """The sections around a span from the root down to the last one that has a heading or named parts."""
    chain = [outline]
    while True:
        inner = next((one for one in chain[-1].children if one.start <= span.start < one.end), None)
        if inner is None or not (inner.heading.strip() or inner.children):
            return chain
        chain.append(inner)


def _of_section(section: Section, document: Document, wording: Wording) -> Candidate:
    template = wording.parts if _parts(section, document) > 1 else wording.steps
    name = _name(section, document)
    if "“" in name:
        template = template.replace("“{heading}”", "{heading}")
    reserve = wording.how.format(heading=name) if name.startswith(wording.verbs) else ""
    question = template.format(heading=name)
    return Candidate(question, document.doc_id, section.start, section.end, topic=name, reserve=reserve)


def _of_facts(document: Document, wording: Wording) -> Iterator[Candidate]:
    if len(document.title) > _MAX_TITLE_CHARS:
        return
    for name in _FACTS:
        value = getattr(document, name)
        if value:
            question = getattr(wording, name).format(title=document.title)
            yield Candidate(question, document.doc_id, 0, len(document.text), fact=value)


def _name(section: Section, document: Document) -> str:
    """The heading as a question can use it; empty for one that makes no question."""
    name = _bare(section)
    body = section.end - section.body_start
    fits = _MIN_HEADING_CHARS <= len(name) <= _MAX_HEADING_CHARS and body >= _MIN_BODY_CHARS
    balanced = all(name.count(left) == name.count(right) for left, right in ("“”", "（）", "《》", "()"))
    if not fits or not balanced or _UNFIT.search(name) or _plain(name) in _plain(document.title):
        return ""
    return name


def _bare(section: Section) -> str:
    """The heading without its number."""
    heading = section.heading.strip().removeprefix(section.label.strip())
    return " ".join(_NUMBERING.sub("", heading).strip("、.． ").split())


def _parts(section: Section, document: Document) -> int:
    return sum(bool(_name(one, document)) for one in section.children)


def _spread(sections: Sequence[Section]) -> list[Section]:
    """The sections from first, middle and last third in turns."""
    third = max(1, -(-len(sections) // 3))
    columns = [sections[at : at + third] for at in range(0, len(sections), third)]
    return [column[row] for row in range(third) for column in columns if row < len(column)]


def _distinct(candidates: Iterator[Candidate]) -> list[Candidate]:
    return list({one.question: one for one in candidates}.values())


def _plain(text: str) -> str:
    return "".join(text.split())


def wordings(candidate: Candidate) -> Iterator[Candidate]:
    """Yield a candidate in each of its wordings."""
    yield candidate
    if candidate.reserve:
        yield replace(candidate, question=candidate.reserve, reserve="")


def is_new(answer: Answer, cited: Collection[tuple[str, int, int]]) -> bool:
    """Return whether an answer rests on anything that the reader has not been shown just now."""
    return any((one.passage.doc_id, one.start, one.end) not in cited for one in answer.citations)
