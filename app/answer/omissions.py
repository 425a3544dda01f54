"""What a written answer left out of the reader's findings: it is added, so that a model never loses anything."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.answer.analyse import WORDED, Analysis, content_terms
from app.answer.draft import Draft, Line
from app.answer.fold import content_key, fold
from app.answer.library import Library
from app.answer.values import Value, find_values

# Of the content words of a line that the question does not bring, so many must be said.
ENOUGH = 0.7
_LIST_NUMBER = re.compile(r"^\s*\d{1,3}[.、]\s*")


def left_out(draft: Draft, said: Sequence[str], analysis: Analysis, library: Library) -> list[Line]:
    """Return the draft's lines that the written sentences ``said`` do not carry, in order.

    A list is wanted whole: where one of its items is missing, all of it is returned with its heading, and
    so is the table of a comparison.
    """
    whole = content_key("\n".join(said))
    folded = fold("\n".join(said))
    grounded = [line for line in draft.lines if line.spans]
    if draft.route in {"list.counted", "list.sections"}:
        items = [content_key(_LIST_NUMBER.sub("", line.text)) for line in grounded]
        return [] if all(item in whole for item in items) else list(draft.lines)
    if draft.route.startswith("sides."):
        # A table without one of its sides compares nothing.
        carried = all(_carried(line, whole, folded, analysis, library) for line in grounded)
        return [] if carried else list(draft.lines)
    found = first_values(draft, analysis, library)
    said_keys = {value.key for value in find_values(folded)}
    if draft.route == "plain" and found and all(value.key in said_keys for value in found):
        # The figure that was asked for is said; only lines with another such figure are wanted beside it.
        grounded = [line for line in grounded if asked_values(_quoted_values(line, library), analysis)]
    return [line for line in grounded if not _carried(line, whole, folded, analysis, library)]


def first_values(draft: Draft, analysis: Analysis, library: Library) -> list[Value]:
    """Return the figures of the draft's first line that may be what the question asks for."""
    first = next((line for line in draft.lines if line.spans), None)
    return [] if first is None else asked_values(_quoted_values(first, library), analysis)


def _quoted_values(line: Line, library: Library) -> list[Value]:
    span = line.spans[0]
    return find_values(library.documents[span.doc_id].text[span.start : span.end])


def _carried(line: Line, whole: str, folded: str, analysis: Analysis, library: Library) -> bool:
    if content_key(line.text) in whole:
        return True
    wanted = asked_values(_quoted_values(line, library), analysis)
    if wanted:
        said = {value.key for value in find_values(folded)}
        return all(value.key in said for value in wanted)
    new = [t for t in content_terms(line.text) if t not in analysis.folded]
    return sum(term in folded for term in new) >= ENOUGH * len(new)


def asked_values(values: Sequence[Value], analysis: Analysis) -> list[Value]:
    """Return the figures of a line that may be what the question asks for: all of the asked kind it did not bring.

    Nothing is returned for a question that asks for no figure.
    """
    kinds = analysis.value_kinds - {"person", "phone", "frequency", *WORDED}
    brought = {value.key for value in analysis.values}
    if not kinds:
        return []
    if analysis.units:
        of_unit = [v for v in values if any(v.text.endswith(unit) for unit in analysis.units)]
        if of_unit:
            return [v for v in of_unit if v.key not in brought]
    if "figure" in kinds:
        return [v for v in values if v.key not in brought and v.kind != "date"]
    return [v for v in values if v.key not in brought and v.kind in kinds]
