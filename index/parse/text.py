"""Bytes of a plain-text file -> text with Unix line ends.

Chinese policy text arrives in UTF-8, UTF-16, GB18030 or Big5, often unlabelled. GB18030 and Big5 overlap so
far that either decodes most of the other without an error; the two readings are told apart by how many of
their characters are everyday words.
"""

from __future__ import annotations

import codecs
import re

from index.errors import CorpusError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC = (
    (b"%PDF", "a PDF file"),
    (b"PK\x03\x04", "a zip container such as .docx or .xlsx"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"{\\rtf", "an RTF file"),
)
# The commonest characters of modern Chinese, in both scripts: a wrong decoding yields rare ones.
_EVERYDAY = frozenset(
    "的一是在不了有和人这这中大为为上个国我以要他时来用们们生到作地于出就分对成会可主发发年动动同工也能下过"
    "子说产种面而方后后多定行学学法所民得经经十三之进进着等部度家电电力里如水化高自二理起小物现实加量都两两"
    "体体制机机当使点从业业本去把性好应开开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内"
    "数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展"
    "這個國為來時們會對說發動經進電體機業從關與點過後現實產當開應還學種裡數條問結線質無變軍題區議協劃設導規"
    "，。、：；（）《》“”！？「」"
)
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Control characters that no text file carries; tab, the line ends and form feed are not among them.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


def read_text(data: bytes, *, name: str) -> str:
    r"""The text of one file, decoded and with every line end as ``\n``; ``name`` is used in messages only.

    Raises:
        CorpusError: the file is empty, binary, or in none of UTF-8, UTF-16, UTF-32, GB18030 and Big5.

    >>> read_text("第一条\r\n总则".encode("gb18030"), name="a.txt")
    '第一条\n总则'

    """
    if not data.strip():
        raise CorpusError(f"{name}: the file is empty; expected Chinese text")
    for magic, what in _MAGIC:
        if data.startswith(magic):
            raise CorpusError(f"{name}: this is {what}, not plain text; save it as UTF-8 text")
    text = _LINE_ENDS.sub("\n", _decode(data, name))
    if len(_CONTROL.findall(text)) * 100 > len(text):
        raise CorpusError(f"{name}: binary data, not text; save it as UTF-8 text")
    if not text.strip():
        raise CorpusError(f"{name}: the file holds only blanks; expected Chinese text")
    return text


def _decode(data: bytes, name: str) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            decoded = _try(data, encoding)
            if decoded is not None:
                return decoded
    utf8 = _try(data, "utf-8")
    if utf8 is not None and "\x00" not in utf8:
        return utf8
    encodings = ["gb18030", "big5hkscs"]
    if b"\x00" in data or utf8 is not None:
        encodings = ["utf-16-le", "utf-16-be"]
    readings = [text for encoding in encodings if (text := _try(data, encoding)) is not None]
    best = max(readings, key=_familiarity, default=None)
    if best is None or _familiarity(best) <= 0.0:
        raise CorpusError(
            f"{name}: binary data or an unknown encoding; expected UTF-8, UTF-16, GB18030 or Big5, "
            "save it as UTF-8 text"
        )
    return best


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _familiarity(text: str) -> float:
    """The share of the non-ASCII characters that are everyday ones, less the private-use and control ones."""
    wide = [char for char in text if ord(char) > 0x7F]
    if not wide:
        return -1.0 if _CONTROL.search(text) else 0.1
    known = sum(char in _EVERYDAY for char in wide)
    foreign = sum(0xE000 <= ord(char) <= 0xF8FF or char == "�" for char in wide) + len(_CONTROL.findall(text))
    return (known - foreign) / len(wide)
