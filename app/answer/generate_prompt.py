"""The prompts of ``prompts/``, checked on load, and the messages made from them."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from app.answer.analyse import Analysis
from app.answer.draft import Draft
from app.answer.handles import read_sentence
from app.answer.sources import Source
from app.answer.turns import Turn
from app.answer.writer import Message, Role
from index.errors import SettingsError

GENERATE_FILE = "generate.zh.md"
REWRITE_FILE = "rewrite.zh.md"
FINDINGS_FILE = "findings.zh.json"
_FINDINGS = {
    "document": {"title"},
    "source": {"number", "text"},
    "source_under": {"number", "heading", "text"},
    "lead": set(),
    "best": {"number"},
    "list": {"count", "handles"},
    "items": {"number", "count"},
    "yes": set(),
    "no": set(),
    "user": {"text"},
    "assistant": {"text"},
}
# Characters of one earlier turn that a rewriting sees; a list answer would fill the prompt.
_TURN_CHARS = 200
_TURNS = 4
_EXAMPLE_ROLES: tuple[Role, Role] = ("user", "assistant")


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt: a system message, perhaps an example as a question and its reply, and the user's message.

    The example comes before everything that changes, so that servers need to read it only once.
    """

    system: str
    user: str
    example: tuple[str, str] | None = None

    def messages(self, **values: str) -> tuple[Message, ...]:
        """Return the messages. What is filled in is never read as a template again."""
        shown = () if self.example is None else self.example
        example = [Message(role, text) for role, text in zip(_EXAMPLE_ROLES, shown, strict=False)]
        system = Message("system", self.system.format(**values))
        return (system, *example, Message("user", self.user.format(**values)))


@dataclass(frozen=True, slots=True)
class Prompts:
    """Everything that instructs a language model."""

    generate: Template
    rewrite: Template
    findings: dict[str, str]


def load_prompts(folder: Path) -> Prompts:
    """Return the prompts.

    Raises:
        SettingsError: a file is missing, lacks a placeholder or a form of citation, or has one too many.

    """
    generate = _template(folder / GENERATE_FILE, {"refusal"}, {"sources", "findings", "question"})
    _check_citation_forms(folder / GENERATE_FILE, generate)
    rewrite = _template(folder / REWRITE_FILE, set(), {"history", "question"})
    return Prompts(generate, rewrite, _findings(folder / FINDINGS_FILE))


def _template(path: Path, system: set[str], user: set[str]) -> Template:
    parts = [part.strip() for part in re.split(r"^---\n", _read(path), flags=re.MULTILINE)]
    if len(parts) not in (2, 4):
        raise SettingsError(
            f"{path}: {len(parts)} messages, expected system and user, or an example question and reply between "
            "them, each after a line '---'; restore it from the repository"
        )
    template = Template(parts[0], parts[-1], (parts[1], parts[2]) if len(parts) == 4 else None)
    _check_placeholders(path, "the system message", template.system, system)
    _check_placeholders(path, "the user message", template.user, user)
    return template


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot read {path}: {error}; restore it or set WENCE_PROMPTS_DIR") from error


def _check_placeholders(path: Path, where: str, text: str, wanted: set[str]) -> None:
    try:
        found = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise SettingsError(f"{path}: {where}: {error}; write a literal brace twice") from error
    if found != wanted:
        raise SettingsError(
            f"{path}: {where} has the placeholders {sorted(found)}, expected {sorted(wanted)}; "
            "restore it from the repository"
        )


def _check_citation_forms(path: Path, template: Template) -> None:
    """A weak model follows what it is shown: the right form and a wrong one, read as answers are read."""
    lines = [read_sentence(line) for line in template.system.splitlines()]
    if not any(said.handles and not said.strange for said in lines):
        raise SettingsError(f"{path}: shows no valid citation such as [S1]; restore it from the repository")
    if not any(said.strange for said in lines):
        raise SettingsError(f"{path}: shows no invalid citation such as [1]; restore it from the repository")
    reply = [] if template.example is None else template.example[1].splitlines()
    if not all(read_sentence(line).handles for line in reply if line.strip()):
        raise SettingsError(f"{path}: a sentence of the example's reply has no citation; add [S1]")


def _findings(path: Path) -> dict[str, str]:
    try:
        data = json.loads(_read(path))
    except ValueError as error:
        raise SettingsError(f"{path}: is not JSON ({error}); restore it from the repository") from error
    if not isinstance(data, dict) or data.keys() != _FINDINGS.keys():
        raise SettingsError(f"{path}: expected the texts {', '.join(_FINDINGS)}; restore it from the repository")
    for name, placeholders in _FINDINGS.items():
        if not isinstance(data[name], str):
            raise SettingsError(f"{path}: {name} is no text; restore it from the repository")
        _check_placeholders(path, name, data[name], placeholders)
    return data


def as_data(text: str) -> str:
    r"""Return text of a document or a reader as it may stand in a prompt: one line that poses as nothing else.

    Handles become plain text, and the marks with which chat templates separate their turns are broken up.

    >>> as_data("见[S1]\n<|im_start|>system")
    '见（S1） ＜|im_start|＞system'
    """
    flat = " ".join(text.split())
    flat = re.sub(r"[\[［【]\s*([SsＳ]\s*\d{1,3})\s*[\]］】]", r"（\1）", flat)
    flat = re.sub(r"<(\|[^<>]{0,40}\|)>", r"＜\1＞", flat)
    return re.sub(r"<(/?(?:s|system|user|assistant|instruction|INST)\b[^<>]{0,20})>", r"＜\1＞", flat)


def generation_messages(
    prompts: Prompts,
    *,
    analysis: Analysis,
    draft: Draft,
    sources: Sequence[Source],
    refusal: str,
    decided: bool | None,
) -> tuple[Message, ...]:
    """Return the prompt of one answer: the offered sources by document, what the reader found, the question.

    ``decided`` is the reader's verdict on a yes/no question, ``None`` where it has none.
    """
    texts = prompts.findings
    lines: list[str] = []
    for title, group in groupby(sources, key=lambda source: source.title):
        lines.append(texts["document"].format(title=as_data(title)))
        for source in group:
            form = "source_under" if source.heading else "source"
            lines.append(
                texts[form].format(
                    number=source.number, heading=as_data(source.heading), text=as_data(source.text)
                )
            )
    found = _found(texts, draft, sources, decided)
    return prompts.generate.messages(
        refusal=refusal,
        sources="\n".join(lines),
        findings=f"{texts['lead']}{''.join(found)}" if found else "",
        question=as_data(analysis.question),
    )


def _found(texts: dict[str, str], draft: Draft, sources: Sequence[Source], decided: bool | None) -> list[str]:
    from app.answer.enumerations import find_enumerations

    found = []
    number_of = {source.spans[0]: source.number for source in sources}
    lines = [line for line in draft.lines if line.spans]
    numbers = [number_of[line.spans[0]] for line in lines if line.spans[0] in number_of]
    counted = next((line.counted for line in draft.lines if line.counted is not None), None)
    if draft.route.startswith("list") and (counted or draft.route == "list.sections"):
        handles = "".join(f"[S{number}]" for number in dict.fromkeys(numbers))
        found.append(texts["list"].format(count=counted or len(lines), handles=handles))
    elif numbers:
        found.append(texts["best"].format(number=numbers[0]))
        if draft.route.startswith("list"):
            runs = find_enumerations(sources[numbers[0] - 1].text)
            if runs:
                found.append(texts["items"].format(number=numbers[0], count=len(runs[0].items)))
    if decided is not None:
        found.append(texts["yes" if decided else "no"])
    return found


def rewriting_messages(prompts: Prompts, question: str, history: Sequence[Turn]) -> tuple[Message, ...]:
    """Return the prompt that asks for a self-contained form of a follow-up."""
    said = [
        prompts.findings[turn.role].format(text=as_data(turn.content)[:_TURN_CHARS]) for turn in history[-_TURNS:]
    ]
    return prompts.rewrite.messages(history="\n".join(said), question=as_data(question))
