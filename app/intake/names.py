"""Names under which files of other machines may be kept here."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from index.parse.reader import KNOWN_SUFFIXES

# Bytes of UTF-8: file systems allow 255, and copies get a prefix.
_MAX_BYTES = 180
_KEPT = frozenset("-_.()（）〔〕[]《》【】—–·+、，")
# Names with a meaning on some systems.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d|sources|readme.*|license.*)", re.IGNORECASE)


def safe_name(name: str) -> str | None:
    r"""Return a plain file name for an uploaded file, ``None`` where its ending is of no format that is read.

    Only the last part of a path counts; everything but letters, digits and a few marks becomes ``_``.

    >>> safe_name("../../etc/某市 行动计划(2023—2027年).PDF")
    '某市_行动计划(2023—2027年).pdf'
    >>> safe_name("C:\\temp\\a<b>.docx"), safe_name(".htaccess"), safe_name("run.exe")
    ('a_b.docx', None, None)
    """
    last = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    stem, dot, suffix = last.rpartition(".")
    ending = f".{suffix.lower()}"
    if not dot or ending not in KNOWN_SUFFIXES:
        return None
    kept = "".join(char if char.isalnum() or char in _KEPT else "_" for char in stem)
    kept = re.sub(r"_{2,}|\.{2,}", "_", kept).strip("._~ ")
    while len((kept + ending).encode()) > _MAX_BYTES:
        kept = kept[:-1].rstrip("._")
    return None if not kept or _RESERVED.fullmatch(kept) else kept + ending
