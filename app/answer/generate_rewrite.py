"""A follow-up put into words that stand alone by a model, and the check that nothing came in or went out."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from contextlib import closing

from app.answer.analyse import analyse, content_terms
from app.answer.fold import fold
from app.answer.generate_prompt import Prompts, rewriting_messages
from app.answer.library import Library
from app.answer.named import short_forms
from app.answer.support import names_in
from app.answer.turns import Turn
from app.answer.values import digits_in, find_values
from app.answer.writer import Writer, WriterError

logger = logging.getLogger("wence.writing")

_MAX_CHARS = 160
_LABEL = re.compile(r"^(?:改写(?:后)?(?:的问题)?|问题?)[:：]\s*")
# So many of its content words a rewriting may bring that were never said: 的 and 多少 are none, 协议 is one.
_MAX_NEW = 1


def rewrite_by_model(
    writer: Writer, prompts: Prompts, question: str, history: Sequence[Turn], library: Library
) -> str | None:
    """Return the question as the model understood it, ``None`` where it stands alone or the rewriting is no good.

    A question that gives orders is not shown to the model.
    """
    if not history or analyse(question).injection:
        return None
    text = ""
    try:
        with closing(writer.write(rewriting_messages(prompts, question, history))) as stream:
            for piece in stream:
                text += piece.text
                if len(text) > _MAX_CHARS or "\n" in text.strip():
                    break
    except WriterError as error:
        logger.warning("the language model did not rewrite a follow-up: %s", error)
        return None
    line = _LABEL.sub("", (text.strip().splitlines() or [""])[0]).strip("“”\"' ")
    if not line or line == question.strip():
        return None
    faults = faults_of(line, question, history, library)
    if faults:
        logger.info("a rewriting was rejected", extra={"fields": {"faults": faults}})
        return None
    return line


def faults_of(rewritten: str, question: str, history: Sequence[Turn], library: Library) -> list[str]:
    """Return what a rewriting dropped from the question (``-``) or added that nobody said (``+``).

    Figures and names must all be kept and none may be new; of the question's other content words none may be
    lost, and hardly one may be new.
    """
    said = "\n".join([question, *(turn.content for turn in history)])
    faults = [f"-{d}" for d in sorted(_figures(question) - _figures(rewritten))]
    faults += [f"+{d}" for d in sorted(_figures(rewritten) - _figures(said))]
    folded, everything = fold(rewritten), fold(said)
    faults += [f"-{name}" for name in names_in(question, library) if not _stands(name, folded)]
    faults += [f"+{name}" for name in names_in(rewritten, library) if not _stands(name, everything)]
    faults += [f"-{term}" for term in content_terms(question) if term not in folded]
    new = [term for term in content_terms(rewritten) if term not in everything]
    if len(new) > _MAX_NEW:
        faults += [f"+{term}" for term in new]
    if len(rewritten) > _MAX_CHARS or analyse(rewritten).injection:
        faults.append("form")
    return faults


def _figures(text: str) -> set[str]:
    return digits_in(text) | {value.key for value in find_values(text)}


def _stands(name: str, text: str) -> bool:
    return any(form in text for form in short_forms(name))
