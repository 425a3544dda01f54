"""A file of any known format -> its text before cleaning. The bytes decide what it is, not its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from index.errors import CorpusError
from index.parse.blocks import MAX_FILE_BYTES, MAX_TEXT_CHARS, Parsed
from index.parse.docx import read_docx
from index.parse.html import read_html
from index.parse.markdown import read_markdown
from index.parse.pdf import read_pdf
from index.parse.text import read_text

Reader = Callable[..., Parsed]

_PDF_HEAD_BYTES: Final = 1024
_HTML_HEAD: Final = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.DOTALL | re.IGNORECASE
)
_FOREIGN: Final = (
    (b"\xd0\xcf\x11\xe0", "an old (.doc) or an encrypted Office file; save it as .docx without a password"),
    (b"\x89PNG", "a PNG image; run OCR on it first"),
    (b"\xff\xd8\xff", "a JPEG image; run OCR on it first"),
    (b"GIF8", "a GIF image; run OCR on it first"),
    (b"BM", "a bitmap image; run OCR on it first"),
    (b"II*\x00", "a TIFF image; run OCR on it first"),
    (b"MM\x00*", "a TIFF image; run OCR on it first"),
    (b"RIFF", "an image or a recording; save the text as .txt"),
    (b"OFD", "an OFD file; export it as PDF"),
    (b"\x1f\x8b", "a gzip archive; unpack it"),
    (b"Rar!", "a RAR archive; unpack it"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it"),
    (b"{\\rtf", "an RTF file; save it as .docx"),
)


def _read_plain(data: bytes, *, name: str) -> Parsed:
    return Parsed(read_text(data, name=name), broken=True)


# Endings of the formats that cannot be told from each other by their bytes.
_TEXT_READERS: Final[dict[str, Reader]] = {
    ".txt": _read_plain,
    ".text": _read_plain,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".shtml": read_html,
}
_CONTAINERS: Final = {".pdf": "PDF", ".docx": "Word file"}
KNOWN_SUFFIXES: Final = (*_TEXT_READERS, *_CONTAINERS)


def read_bytes(path: Path) -> bytes:
    """The bytes of the file.

    Raises:
        CorpusError: it is too large.
        OSError: it cannot be read.

    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise CorpusError(f"{path.name}: {size} bytes; expected at most {MAX_FILE_BYTES}, split the file")
    return path.read_bytes()


def parse(data: bytes, *, name: str) -> Parsed:
    """The text of one file, read as what its bytes are; the ending of ``name`` decides among text formats only.

    Raises:
        CorpusError: it is empty, encrypted, damaged, without text, or of a format that is not read.

    """
    parsed = _reader_of(data, name)(data, name=name)
    if len(parsed.text) > MAX_TEXT_CHARS:
        raise CorpusError(
            f"{name}: {len(parsed.text)} characters of text; expected at most {MAX_TEXT_CHARS}, split the file"
        )
    return parsed


def _reader_of(data: bytes, name: str) -> Reader:
    suffix = Path(name).suffix.lower()
    if not data.strip():
        raise CorpusError(f"{name}: the file is empty; expected Chinese text")
    if b"%PDF-" in data[:_PDF_HEAD_BYTES]:
        return read_pdf
    if data.startswith(b"PK\x03\x04"):
        return read_docx
    for magic, what in _FOREIGN:
        if data.startswith(magic) and not _is_text_after_all(magic, data):
            raise CorpusError(f"{name}: this is {what}")
    if suffix in _CONTAINERS:
        is_page = _HTML_HEAD.match(data[:4096]) is not None
        what = "a web page" if is_page else "other data"
        raise CorpusError(f"{name}: named as a {_CONTAINERS[suffix]}, but it is {what}; get the file again")
    reader = _TEXT_READERS.get(suffix)
    if reader is None:
        raise CorpusError(
            f"{name}: no reader for {suffix or 'a file without suffix'!r}; expected {', '.join(KNOWN_SUFFIXES)}"
        )
    return read_html if _HTML_HEAD.match(data[:4096]) else reader


def _is_text_after_all(magic: bytes, data: bytes) -> bool:
    """Two letters are a weak sign: a text may begin with BM or RIFF."""
    return magic.isalpha() and b"\x00" not in data[:64]
