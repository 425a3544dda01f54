"""A Word file (DOCX) -> headings, numbered clauses, tables and paragraphs in the order of the page.

The numbers that Word makes (第一条, （二）) are printed into the text, because people cite them. Tracked
deletions, tables of contents, page heads and feet are left out; footnotes follow their paragraph.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from index.clean_lines import Removal
from index.errors import CorpusError
from index.parse.blocks import Parsed, heading, one_line, table
from index.parse.numbering import Numbering

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

MAX_UNPACKED_BYTES: Final = 300 * 1024 * 1024
# XML of real files shrinks by ten to thirty; a bomb by a thousand.
MAX_PACKING_RATIO: Final = 200
_RATIO_FROM_BYTES: Final = 10 * 1024 * 1024
MAX_MEMBERS: Final = 10_000
_MAIN_PART: Final = "word/document.xml"
_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TEXT_BOX: Final = f"{_W}txbxContent"
_HEADING_STYLE: Final = re.compile(r"(?:heading|标题)\s*([1-9])", re.IGNORECASE)
_CONTENTS_STYLE: Final = re.compile(r"(?:toc|目录)\s*\d*(?:\s*heading)?", re.IGNORECASE)
_BODY_LEVEL: Final = 9
_MAX_HEADING_CHARS: Final = 60
_FOOTNOTES: Final = "/footnotes"
# What damaged bytes raise inside python-docx, which lets the errors of zip, XML and its own rules through.
_DAMAGE: Final = (
    KeyError,
    IndexError,
    ValueError,
    AttributeError,
    TypeError,
    SyntaxError,
    OSError,
    EOFError,
    RecursionError,
    NotImplementedError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


def read_docx(data: bytes, *, name: str) -> Parsed:
    """The text of one Word file; ``name`` is used in messages only.

    Raises:
        CorpusError: it is damaged, not a Word file, far larger unpacked than packed, or holds no text.

    """
    check_package(data, name=name)
    import docx

    try:
        document = docx.Document(io.BytesIO(data))
        reader = _Reader(document)
        lines = list(reader.lines(document.element.body))
    except _DAMAGE as error:
        raise CorpusError(
            f"{name}: a damaged Word file ({type(error).__name__}); open it in Word and save it again"
        ) from error
    if not any(line.strip() for line in lines):
        raise CorpusError(f"{name}: a Word file without text; if it holds pictures of pages, run OCR first")
    return Parsed("\n".join(lines), title=reader.title, removed=tuple(reader.removed))


def check_package(data: bytes, *, name: str) -> None:
    """Return nothing when ``data`` is a Word package of reasonable size.

    Sizes are those of the zip directory; unpacking stops there, so a lie about them ends as a damaged file.

    Raises:
        CorpusError: it is damaged, encrypted, another kind of zip, or a zip bomb.

    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error) as error:
        raise CorpusError(f"{name}: a damaged or cut zip container; get the file again") from error
    if any(member.flag_bits & 1 for member in members):
        raise CorpusError(f"{name}: an encrypted zip; save it without a password")
    unpacked = sum(member.file_size for member in members)
    bomb = unpacked > _RATIO_FROM_BYTES and unpacked > len(data) * MAX_PACKING_RATIO
    if unpacked > MAX_UNPACKED_BYTES or bomb or len(members) > MAX_MEMBERS:
        raise CorpusError(
            f"{name}: {len(data)} bytes that unpack to {unpacked} in {len(members)} parts, a zip bomb; not opened"
        )
    if _MAIN_PART not in {member.filename for member in members}:
        raise CorpusError(f"{name}: a zip container, but not a Word file; save it as .docx, .html or .txt")


class _Reader:
    """Walks the body once; holds what the numbering has counted so far."""

    def __init__(self, document: WordDocument) -> None:
        self.title: str | None = None
        self.removed: list[Removal] = []
        parts = {
            relation.reltype: relation.target_part
            for relation in document.part.rels.values()
            if not relation.is_external
        }
        numbering = next((part for kind, part in parts.items() if kind.endswith("/numbering")), None)
        self._numbering = Numbering(None if numbering is None else numbering.element)
        self._notes = _footnotes(next((part for kind, part in parts.items() if kind.endswith(_FOOTNOTES)), None))
        self._styles = {style.style_id: style.element for style in document.styles}

    def lines(self, container: Any) -> Iterator[str]:
        """The lines of a body, a cell or a content control, in order."""
        for child in container.iterchildren():
            if child.tag == f"{_W}p":
                yield from self._paragraph(child)
            elif child.tag == f"{_W}tbl":
                yield ""
                yield from table(self._rows(child))
                yield ""
            elif child.tag == f"{_W}sdt":
                yield from self._control(child)
            elif child.tag in (f"{_W}ins", f"{_W}smartTag", f"{_W}customXml", f"{_W}sdtContent"):
                yield from self.lines(child)

    def _control(self, node: Any) -> Iterator[str]:
        gallery = node.find(f"{_W}sdtPr/{_W}docPartObj/{_W}docPartGallery")
        content = node.find(f"{_W}sdtContent")
        if content is None:
            return
        if gallery is not None and gallery.get(f"{_W}val") == "Table of Contents":
            self.removed.append(Removal("contents", "\n".join(_text(p) for p in content.iter(f"{_W}p"))))
            return
        yield from self.lines(content)

    def _paragraph(self, node: Any) -> Iterator[str]:
        style = self._style_name(node)
        text = _text(node)
        if _CONTENTS_STYLE.fullmatch(style):
            self.removed.append(Removal("contents", text))
            return
        label = self._label(node)
        boxes = [line for box in _own(node, _TEXT_BOX) for line in self.lines(box)]
        parts = [part for part in (one_line(part) for part in text.split("\n")) if part]
        if parts:
            if label:
                parts[0] = f"{label} {parts[0]}" if _needs_blank(label) else label + parts[0]
            level = self._heading_level(node, style)
            if style.lower() in ("title", "标题") and self.title is None:
                self.title = parts[0]
                parts[0] = heading(parts[0], 1)
            elif level is not None and len(parts[0]) <= _MAX_HEADING_CHARS:
                # The title stands above the outermost heading.
                parts[0] = heading(parts[0], level + 2)
            yield from parts
        else:
            yield ""
        yield from boxes
        for mark in node.iter(f"{_W}footnoteReference"):
            yield from self._notes.get(mark.get(f"{_W}id"), ())

    def _rows(self, node: Any) -> Iterator[list[str]]:
        for row in node.iter(f"{_W}tr"):
            if next(row.iterancestors(f"{_W}tbl")) is not node:
                continue  # a row of a table inside a cell, which is text of that cell
            cells: list[str] = []
            for cell in row.iter(f"{_W}tc"):
                if next(cell.iterancestors(f"{_W}tr")) is not row:
                    continue
                merged = cell.find(f"{_W}tcPr/{_W}vMerge")
                goes_on = merged is not None and merged.get(f"{_W}val") != "restart"
                cells.append("" if goes_on else " ".join(line for line in self.lines(cell) if line))
                width = cell.find(f"{_W}tcPr/{_W}gridSpan")
                span = width.get(f"{_W}val") if width is not None else "1"
                cells += [""] * (min(int(span), 100) - 1 if span.isdecimal() else 0)
            yield cells

    def _label(self, node: Any) -> str:
        """The number that Word prints before the paragraph: its own, else its style's."""
        for properties in self._properties(node):
            found = properties.find(f"{_W}numPr")
            if found is None:
                continue
            list_id = found.find(f"{_W}numId")
            depth = found.find(f"{_W}ilvl")
            value = "" if list_id is None else list_id.get(f"{_W}val")
            return self._numbering.label(value, int(depth.get(f"{_W}val")) if depth is not None else 0)
        return ""

    def _properties(self, node: Any) -> Iterator[Any]:
        """The paragraph's own properties, then those of its style and of the styles that it is based on."""
        own = node.find(f"{_W}pPr")
        if own is not None:
            yield own
        for style in self._style_chain(node):
            properties = style.find(f"{_W}pPr")
            if properties is not None:
                yield properties

    def _style_chain(self, node: Any) -> Iterator[Any]:
        link = node.find(f"{_W}pPr/{_W}pStyle")
        seen: set[str] = set()
        while link is not None and (style_id := link.get(f"{_W}val")) not in seen and style_id in self._styles:
            seen.add(style_id)
            yield self._styles[style_id]
            link = self._styles[style_id].find(f"{_W}basedOn")

    def _style_name(self, node: Any) -> str:
        style = next(self._style_chain(node), None)
        name = style.find(f"{_W}name") if style is not None else None
        return "" if name is None else str(name.get(f"{_W}val"))

    def _heading_level(self, node: Any, style: str) -> int | None:
        """The depth of a heading counted from 0, by its outline level or the name of its style."""
        for properties in self._properties(node):
            level = properties.find(f"{_W}outlineLvl")
            if level is not None:
                value = int(level.get(f"{_W}val"))
                return value if value < _BODY_LEVEL else None
        found = _HEADING_STYLE.fullmatch(style)
        return int(found.group(1)) - 1 if found else None


def _needs_blank(label: str) -> bool:
    """第一条 and 3. are set off from their text; （一） and 一、 are not."""
    return label[-1].isalnum() or label[-1] in "-."


def _own(node: Any, tag: str) -> Iterator[Any]:
    """The outermost elements ``tag`` in ``node``, without the second copy kept for old programs."""
    for child in node.iterchildren():
        if child.tag == tag:
            yield child
        elif child.tag != _MC_FALLBACK:
            yield from _own(child, tag)


def _text(node: Any) -> str:
    """The text of a paragraph with line ends for breaks; not that of its text boxes or of deleted revisions."""
    parts: list[str] = []
    for child in node.iterchildren():
        if child.tag == f"{_W}t":
            parts.append(child.text or "")
        elif child.tag == f"{_W}tab":
            parts.append(" ")
        elif child.tag in (f"{_W}br", f"{_W}cr"):
            parts.append("\n")
        elif child.tag == f"{_W}noBreakHyphen":
            parts.append("-")
        elif child.tag not in (_MC_FALLBACK, _TEXT_BOX, f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr"):
            parts.append(_text(child))
    return "".join(parts)


def _footnotes(part: Any) -> dict[str, list[str]]:
    if part is None:
        return {}
    from docx.oxml import parse_xml

    notes: dict[str, list[str]] = {}
    for note in parse_xml(part.blob).iterchildren(f"{_W}footnote"):
        # The separators between text and notes are notes of a type.
        if note.get(f"{_W}type") is None:
            texts = (one_line(_text(paragraph)) for paragraph in note.iter(f"{_W}p"))
            notes[note.get(f"{_W}id")] = [text for text in texts if text]
    return notes
