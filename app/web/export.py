"""A conversation as Markdown or as a Word file, with every citation as a footnote.

The Word file is written by hand: five small XML parts in a zip. The usual library has no footnotes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from app.web.cards import display_titles, span_page
from app.web.conversation import Exchange, Span
from app.web.render import is_marker, is_table_rule, table_cells
from app.web.texts import PageTexts
from index.types import Document

_MARKER = re.compile(r"\[(\d{1,3})\]")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_RAISED = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
# Control characters that XML cannot hold.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!])")
# A bar inside a cell is escaped already.
_IN_TABLE = re.compile(r"(\\(?!\|)|[`*_{}\[\]<>#~!])")


@dataclass(frozen=True, slots=True)
class _Cited:
    """The footnotes of one answer by marker, and the shown number of each footnote that is in the file already."""

    notes: Mapping[int, tuple[int, Span]]
    placed: dict[int, int]


def footnote(span: Span, documents: Mapping[str, Document], texts: PageTexts) -> str:
    """Return the text of a citation: title, number, clause path, page and the quote."""
    document = documents.get(span.doc_id)
    title = display_titles(documents, texts).get(span.doc_id, span.doc_id)
    number = f"（{document.doc_number}）" if document and document.doc_number else ""
    path = " › ".join(part for part in (*span.path, span_page(span, documents, texts)) if part)
    quote = "".join(part.strip() for part in span.quote.splitlines())
    return f"《{title}》{number}{' ' + path if path else ''}：“{quote}”"


def to_markdown(exchanges: Sequence[Exchange], documents: Mapping[str, Document], texts: PageTexts) -> str:
    """Return the conversation as Markdown; ``[^2-1]`` is the first citation of the second question."""
    parts = [f"# {texts.name} · {texts.conversation_label}"]
    notes: list[str] = []
    for number, exchange in enumerate(_answered(exchanges), start=1):
        parts.append(f"## {number}. {_plain(exchange.question)}")
        if exchange.understood:
            parts.append(f"> {texts.understood}{_plain(exchange.understood)}")
        cited = {span.marker: span for span in exchange.citations}
        parts.append(_markdown_text(exchange.text, number, cited))
        if exchange.unverified:
            parts.append(
                f"**{texts.unverified_label}** {texts.unverified_text}{_plain('；'.join(exchange.unverified))}"
            )
        notes += [
            f"[^{number}-{span.marker}]: {_plain(footnote(span, documents, texts))}" for span in cited.values()
        ]
    return "\n\n".join([*(part for part in parts if part.strip()), *notes, texts.disclaimer]) + "\n"


def _answered(exchanges: Sequence[Exchange]) -> list[Exchange]:
    return [one for one in exchanges if one.failure is None]


def _plain(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _markdown_text(text: str, number: int, cited: Mapping[int, Span]) -> str:
    # A table ends at a blank line and needs none inside; every other line is a paragraph or an item of its own.
    lines = text.split("\n")
    joined = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        in_table = line.lstrip().startswith("|")
        within = in_table and after.lstrip().startswith("|")
        joined.append(_markdown_line(line, number, cited, table=in_table) + ("\n" if within else "\n\n"))
    return re.sub(r"\n{3,}", "\n\n", "".join(joined)).strip()


def _markdown_line(line: str, number: int, cited: Mapping[int, Span], *, table: bool) -> str:
    special = _IN_TABLE if table else _MARKDOWN
    parts = []
    last = 0
    for match in (one for one in _MARKER.finditer(line) if _is_cited(line, one, cited)):
        parts += [_escaped(line[last : match.start()], special), f"[^{number}-{match[1]}]"]
        last = match.end()
    return "".join([*parts, _escaped(line[last:], special)])


def _escaped(text: str, special: re.Pattern[str]) -> str:
    pieces = (special.sub(r"\\\1", piece) for piece in _BOLD.split(text))
    return "".join(f"**{piece}**" if at % 2 else piece for at, piece in enumerate(pieces))


def _is_cited(line: str, match: re.Match[str], cited: Mapping[int, Span]) -> bool:
    quoted = [span.quote for span in cited.values()]
    return is_marker(line, match, markers=cited, quoted=quoted)


def to_docx(exchanges: Sequence[Exchange], documents: Mapping[str, Document], texts: PageTexts) -> bytes:
    """Return the conversation as a Word file; markers are footnote references, citations the footnotes."""
    notes: list[str] = []
    placed: dict[int, int] = {}
    body = [_paragraph(f"{texts.name} · {texts.conversation_label}", style="Title")]
    for exchange in _answered(exchanges):
        first = len(notes)
        spans = list(exchange.citations)
        notes += [footnote(span, documents, texts) for span in spans]
        cited = _Cited({span.marker: (first + at, span) for at, span in enumerate(spans, start=1)}, placed)
        body.append(_paragraph(exchange.question, style="Heading1"))
        if exchange.understood:
            body.append(_paragraph(f"{texts.understood}{exchange.understood}", style="Quote"))
        body += list(_docx_blocks(exchange.text, cited))
        if exchange.unverified:
            warning = f"{texts.unverified_label}：{texts.unverified_text}{'；'.join(exchange.unverified)}"
            body.append(_paragraph(warning, style="Quote"))
    body.append(_paragraph(texts.disclaimer, style="Quote"))
    return _zipped("".join(body), notes)


def _docx_blocks(text: str, cited: _Cited) -> Iterator[str]:
    """Yield the paragraphs and tables of an answer."""
    for is_table, lines in groupby(text.split("\n"), key=lambda line: line.lstrip().startswith("|")):
        if is_table:
            yield _table([table_cells(line) for line in lines if not is_table_rule(line)], cited)
        else:
            yield from (_paragraph(line.strip(), cited=cited) for line in lines if line.strip())


def _table(rows: Sequence[Sequence[str]], cited: _Cited) -> str:
    """Return a Word table with thin lines, whose first row is repeated on each page."""
    edges = "".join(
        f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="9AA5A5"/>'
        for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    width = max(map(len, rows), default=0)
    parts = []
    for number, row in enumerate(rows):
        cells = [*row, *[""] * (width - len(row))]
        head = "<w:trPr><w:tblHeader/></w:trPr>" if number == 0 else ""
        inner = "".join(
            f'<w:tc><w:tcPr><w:tcW w:w="0" w:type="auto"/></w:tcPr>{_paragraph(cell, cited=cited)}</w:tc>'
            for cell in cells
        )
        parts.append(f"<w:tr>{head}{inner}</w:tr>")
    grid = "<w:gridCol/>" * width
    look = f'<w:tblW w:w="5000" w:type="pct"/><w:tblBorders>{edges}</w:tblBorders>'
    return f"<w:tbl><w:tblPr>{look}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{''.join(parts)}</w:tbl>"


def _paragraph(text: str, *, style: str = "Normal", cited: _Cited | None = None) -> str:
    runs: list[str] = []
    notes, placed = (cited.notes, cited.placed) if cited else ({}, {})
    spans = {marker: span for marker, (_, span) in notes.items()}
    last = 0
    for match in (one for one in _MARKER.finditer(text) if _is_cited(text, one, spans)):
        runs += [_runs(text[last : match.start()]), _reference(notes[int(match[1])][0], placed)]
        last = match.end()
    runs.append(_runs(text[last:]))
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{"".join(runs)}</w:p>'


def _reference(note: int, placed: dict[int, int]) -> str:
    """Return the mark of a footnote; a footnote is placed once in a file, later marks refer to the first."""
    if note in placed:
        number = f"<w:r>{_RAISED}<w:t>{placed[note]}</w:t></w:r>"
        return f'<w:fldSimple w:instr=" NOTEREF _Ref{note} \\h ">{number}</w:fldSimple>'
    placed[note] = len(placed) + 1
    return (
        f'<w:bookmarkStart w:id="{note}" w:name="_Ref{note}"/><w:r>{_RAISED}<w:footnoteReference w:id="{note}"/>'
        f'</w:r><w:bookmarkEnd w:id="{note}"/>'
    )


def _runs(text: str) -> str:
    return "".join(_run(piece, bold=bool(at % 2)) for at, piece in enumerate(_BOLD.split(text)))


def _run(text: str, *, bold: bool = False) -> str:
    if not text:
        return ""
    look = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:r>{look}<w:t xml:space="preserve">{escape(_NOT_XML.sub("", text))}</w:t></w:r>'


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_PART = "application/vnd.openxmlformats-officedocument.wordprocessingml"

_STYLES = "".join(
    f'<w:style w:type="paragraph" w:styleId="{name}"{default}><w:name w:val="{shown}"/>'
    f"<w:pPr>{space}</w:pPr><w:rPr>{look}</w:rPr></w:style>"
    for name, shown, default, space, look in (
        ("Normal", "Normal", ' w:default="1"', '<w:spacing w:after="120" w:line="360" w:lineRule="auto"/>', ""),
        ("Title", "Title", "", '<w:spacing w:after="240"/>', '<w:b/><w:sz w:val="36"/>'),
        (
            "Heading1",
            "heading 1",
            "",
            '<w:keepNext/><w:spacing w:before="360" w:after="120"/>',
            '<w:b/><w:sz w:val="28"/>',
        ),
        ("Quote", "Quote", "", '<w:spacing w:after="120"/>', '<w:color w:val="59666A"/><w:sz w:val="20"/>'),
        ("FootnoteText", "footnote text", "", "", '<w:sz w:val="18"/>'),
    )
)


def _zipped(body: str, notes: Sequence[str]) -> bytes:
    marks = f"<w:r>{_RAISED}<w:footnoteRef/></w:r>"
    # Word wants the two separators, whatever their ids.
    footnotes = "".join(
        f'<w:footnote w:type="{kind}" w:id="{number}"><w:p><w:r><w:{kind}/></w:r></w:p></w:footnote>'
        for kind, number in (("separator", -1), ("continuationSeparator", 0))
    ) + "".join(
        f'<w:footnote w:id="{number}"><w:p><w:pPr><w:pStyle w:val="FootnoteText"/></w:pPr>'
        f"{marks}{_run(' ' + note)}</w:p></w:footnote>"
        for number, note in enumerate(notes, start=1)
    )
    fonts = (
        '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:eastAsia="宋体"/><w:sz w:val="22"/>'
        '<w:lang w:eastAsia="zh-CN"/>'
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        + "".join(
            f'<Override PartName="/word/{name}.xml" ContentType="{_PART}.{kind}+xml"/>'
            for name, kind in (("document", "document.main"), ("styles", "styles"), ("footnotes", "footnotes"))
        )
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/footnotes" Target="footnotes.xml"/></Relationships>',
        "word/document.xml": f"<w:document {_W}><w:body>{body}<w:sectPr/></w:body></w:document>",
        "word/styles.xml": f"<w:styles {_W}><w:docDefaults><w:rPrDefault><w:rPr>{fonts}</w:rPr></w:rPrDefault>"
        f"</w:docDefaults>{_STYLES}</w:styles>",
        "word/footnotes.xml": f"<w:footnotes {_W}>{footnotes}</w:footnotes>",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            # A fixed time, so that the same conversation gives the same file.
            file.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), _XML + content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
