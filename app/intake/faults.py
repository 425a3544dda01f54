"""What can be wrong with a file that somebody wants to add, as codes that the faces have words for."""

from __future__ import annotations

import re
from typing import Final

from index.errors import CorpusError

# How the readers of the formats word what they refuse; the first that is found decides.
# tests/app/test_web_upload.py meets each of them with a real file, so that a change of wording is noticed.
_FAULTS: Final = (
    ("upload_format", r"an old \(\.doc\)"),
    ("upload_locked", r"encrypted|password"),
    ("upload_scanned", r"run OCR"),
    ("upload_empty", r"is empty|only blanks|without text|nothing is left"),
    ("upload_too_long", r"split the file|expected 1 to|expected at most"),
    ("upload_damaged", r"damaged|cut zip|get the file again|zip bomb|in none of|binary data"),
    ("upload_format", r"no reader for|this is |zip container|named as|not plain text"),
    ("upload_duplicate_bytes", r"same bytes|same name"),
)


class IntakeError(CorpusError):
    """A wish that is not carried out; ``code`` names one of the error texts of the page, ``values`` fill it."""

    def __init__(self, code: str, **values: object) -> None:
        detail = ", ".join(f"{name} {value!r}" for name, value in values.items())
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.values = values


def fault_of(problem: str) -> IntakeError:
    """Return the error for one of the readers' lines, such as ``"a.pdf: a PDF without a text layer (…)"``.

    >>> fault_of("a.pdf: a PDF without a text layer (3 pages, 0 characters); run OCR on it first").code
    'upload_scanned'
    """
    name, _, detail = problem.partition(": ")
    code = next((code for code, words in _FAULTS if re.search(words, detail)), "upload_unreadable")
    return IntakeError(code, name=name, detail=detail)
