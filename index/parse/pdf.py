"""A PDF with a text layer -> its paragraphs in reading order, and the text of each page.

The only importer of pypdfium2. It reads characters with their boxes; :mod:`index.parse.pdf_layout` makes lines
and columns of them, :mod:`index.parse.pdf_flow` paragraphs.
"""

from __future__ import annotations

import ctypes
import unicodedata
from typing import Any, Final

from index.clean_lines import Removal
from index.errors import CorpusError
from index.parse.blocks import MAX_TEXT_CHARS, Parsed
from index.parse.pdf_flow import drop_running_heads, to_paragraphs
from index.parse.pdf_layout import Glyph, Row, drop_doubled, read_rows

MAX_PAGES: Final = 3000
# A scan with a stamp or a page number printed over it has some characters a page, a page of text hundreds.
_MIN_CHARS_PER_PAGE: Final = 8
_MAX_UNREADABLE_SHARE: Final = 0.2
_ERR_PASSWORD: Final = 4
_ERR_SECURITY: Final = 5


def read_pdf(data: bytes, *, name: str) -> Parsed:
    """The text of one PDF file; ``name`` is used in messages only.

    Raises:
        CorpusError: it is encrypted, damaged, scanned without text, or its fonts do not say what their glyphs are.

    """
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        document = PdfDocument(data)
    except PdfiumError as error:
        if getattr(error, "err_code", None) in (_ERR_PASSWORD, _ERR_SECURITY):
            raise CorpusError(f"{name}: an encrypted PDF; save it without a password") from error
        raise CorpusError(f"{name}: a damaged PDF ({error}); get the file again") from error
    try:
        count = len(document)
        if not 0 < count <= MAX_PAGES:
            raise CorpusError(f"{name}: a PDF of {count} pages; expected 1 to {MAX_PAGES}")
        pages = [_glyphs(document, number, name) for number in range(count)]
        title = str(document.get_metadata_value("Title") or "").strip() or None
    except PdfiumError as error:
        raise CorpusError(f"{name}: a damaged PDF ({error}); get the file again") from error
    finally:
        document.close()
    _check_text(pages, name)
    removed: list[Removal] = []
    rows = [_rows(glyphs, removed) for glyphs in pages]
    rows = drop_running_heads(rows, removed)
    text = "\n".join(to_paragraphs(rows))
    if not text.strip():
        raise CorpusError(f"{name}: a PDF with nothing but running heads and page numbers; run OCR on it first")
    return Parsed(text, title=title if _is_title(title) else None, removed=tuple(removed), pages=_page_inks(rows))


def _glyphs(document: Any, number: int, name: str) -> list[Glyph]:
    import pypdfium2.raw as pdfium

    page = document[number]
    layer = page.get_textpage()
    try:
        count = layer.count_chars()
        if count > MAX_TEXT_CHARS:
            raise CorpusError(
                f"{name}: page {number + 1} has {count} characters; expected at most {MAX_TEXT_CHARS}"
            )
        found: list[Glyph] = []
        box = [ctypes.c_double() for _ in range(4)]
        left, right, bottom, top = (ctypes.byref(value) for value in box)
        for at in range(count):
            char = chr(pdfium.FPDFText_GetUnicode(layer, at))
            is_word_space = char == " " and not pdfium.FPDFText_IsGenerated(layer, at)
            if (char.isspace() or unicodedata.category(char) == "Cc") and not is_word_space:
                continue
            if not pdfium.FPDFText_GetCharBox(layer, at, left, right, bottom, top):
                continue
            size = pdfium.FPDFText_GetFontSize(layer, at)
            loose = pdfium.FS_RECTF()
            pdfium.FPDFText_GetLooseCharBox(layer, at, ctypes.byref(loose))
            # The loose box is the font's own line height, even for a 一; it is the scaled size, too.
            found.append(Glyph(char, loose.left, loose.right, loose.bottom, loose.top, size))
        return found
    finally:
        layer.close()
        page.close()


def _check_text(pages: list[list[Glyph]], name: str) -> None:
    inks = [glyph.char for page in pages for glyph in page if glyph.char != " "]
    if len(inks) < _MIN_CHARS_PER_PAGE * min(len(pages), 20):
        raise CorpusError(
            f"{name}: a PDF without a text layer ({len(pages)} pages, {len(inks)} characters), probably scanned; "
            "run OCR on it first"
        )
    unreadable = sum(char == "\ufffd" or unicodedata.category(char) in ("Co", "Cn", "Cs") for char in inks)
    if unreadable > len(inks) * _MAX_UNREADABLE_SHARE:
        raise CorpusError(
            f"{name}: the text layer is unreadable ({unreadable} of {len(inks)} characters are unknown); "
            "run OCR on it first"
        )


def _rows(glyphs: list[Glyph], removed: list[Removal]) -> list[Row]:
    kept, doubled = drop_doubled(glyphs)
    if doubled:
        removed.append(Removal("doubled_glyphs", "".join(glyph.char for glyph in doubled)))
    return read_rows(kept)


def _page_inks(pages: list[list[Row]]) -> tuple[str, ...]:
    return tuple("".join("".join(row.text.split()) for row in page) for page in pages)


def _is_title(title: str | None) -> bool:
    """Whether the file's title property is one: word processors put a file name there."""
    return title is not None and any("\u3400" <= char <= "\u9fff" for char in title) and "." not in title
