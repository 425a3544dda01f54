"""A web page -> its title and main text; what is not the document goes, and is reported.

The main text is looked for from the top: as long as one element holds nearly all the prose of its parent, the
search goes down into it. Prose is what stands outside links and carries Chinese punctuation, so that menus and
lists of other pages weigh nothing, however long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from index.clean_lines import Removal, is_metadata_row
from index.errors import CorpusError
from index.parse.blocks import Parsed, heading, item, one_line, table
from index.parse.text import read_text

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]+)", re.IGNORECASE)
_DECLARED_AT: Final = 4096
_WIDER: Final = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}
_NEVER_SHOWN: Final = "script, style, noscript, template, iframe, object, svg, canvas, head link, meta"
_FURNITURE_TAGS: Final = (
    "nav, footer, aside, form, button, select, input, textarea, dialog, [hidden], [aria-hidden=true]"
)
_FURNITURE_NAMES: Final = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|topmenu|breadcrumb|breadcrumbs|crumb|crumbs|location|footer|foot|copyright|"
    r"sidebar|aside|share|sharebox|bdsharebuttonbox|related|relate|recommend|comment|comments|pagination|pager|"
    r"advert|ads?|banner|toolbar|login|search|searchbox|qrcode|ewm|toplink|friendlink|links|skip|hidden)(?:$|[\s_-])",
    re.IGNORECASE,
)
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_PROSE_MARK: Final = re.compile(r"[，。；：、！？]")
_MAIN_SHARE: Final = 0.8
_SITE_NAME: Final = re.compile(r"\s*(?:[|_]|\s[-—–]\s?|-{2,}|——)\s*")
_BLOCKS: Final = frozenset(
    [
        "address",
        "article",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "header",
        "hr",
        "html",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
        "li",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "caption",
        "td",
        "th",
    ]
)
_LINK_SHARE: Final = 0.8
_LONG_CELL_CHARS: Final = 200


def read_html(data: bytes, *, name: str) -> Parsed:
    """The main text of one web page; ``name`` is used in messages only.

    Raises:
        CorpusError: the file is empty or binary, or no text is left beside menus and scripts.

    """
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser(_decode(data, name))
    try:
        return _read_page(page, name)
    except RecursionError as error:
        raise CorpusError(f"{name}: a web page nested too deeply to be a document; get the page again") from error


def _read_page(page: LexborHTMLParser, name: str) -> Parsed:
    page_title = _page_title(page)
    removed = list(_drop_furniture(page))
    body = page.body
    if body is None or not one_line(body.text()):
        raise CorpusError(
            f"{name}: a web page without text, perhaps filled in by a script; save it from a browser"
        )
    main = _main_of(body)
    lines = _Writer().write(main)
    inside = set(lines)
    before = [line for line in _head_lines(page, main) if line not in inside]
    lines = [*before, *lines]
    kept = {one_line(line.lstrip("# ")) for line in lines}
    for block in _Writer().write(body):
        if block and block not in inside and one_line(block.lstrip("# ")) not in kept:
            removed.append(Removal("boilerplate", block))
    return Parsed("\n".join(lines), title=page_title, removed=tuple(removed))


def table_lines(markup: str) -> list[str]:
    """The lines of the tables in a piece of HTML."""
    from selectolax.lexbor import LexborHTMLParser

    body = LexborHTMLParser(markup).body
    return [] if body is None else _Writer().write(body)


def _decode(data: bytes, name: str) -> str:
    """The text of the page, in the encoding that it declares where that fits, else in the one it seems to have."""
    declared = _CHARSET.search(data[:_DECLARED_AT])
    if declared is not None and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        encoding = declared.group(1).decode("ascii").lower()
        try:
            return data.decode(_WIDER.get(encoding, encoding))
        except (UnicodeDecodeError, LookupError):
            pass  # a wrong label is common after a site moved to UTF-8
    return read_text(data, name=name)


def _page_title(page: LexborHTMLParser) -> str | None:
    """The page's own headline, else the browser title without the name of the site."""
    for wanted in ("meta[name=ArticleTitle]", "meta[property='og:title']"):
        node = page.css_first(wanted)
        if node is not None and (content := one_line(node.attributes.get("content") or "")):
            return content
    headlines = [text for node in page.css("h1") if (text := one_line(node.text(separator=" ")))]
    if len(headlines) == 1:
        return headlines[0]
    node = page.css_first("title")
    whole = one_line(node.text()) if node is not None else ""
    return _SITE_NAME.split(whole)[0] or None


def _drop_furniture(page: LexborHTMLParser) -> Iterator[Removal]:
    for node in page.css(_NEVER_SHOWN):
        node.decompose()
    for node in page.css(_FURNITURE_TAGS):
        if text := one_line(node.text(separator=" ")):
            yield Removal("boilerplate", text)
        node.decompose()
    total = _prose(page.body) if page.body is not None else 0
    for node in page.css("[class], [id], [style]"):
        attributes = node.attributes
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
        is_hidden = _HIDDEN.search(attributes.get("style") or "") is not None
        if node.tag in ("html", "body") or not (is_hidden or _FURNITURE_NAMES.search(names)):
            continue
        # A page may call its whole frame "menu"; what holds the prose is not furniture.
        if not is_hidden and total and _prose(node) * 2 > total:
            continue
        if text := one_line(node.text(separator=" ")):
            yield Removal("boilerplate", text)
        node.decompose()


def _prose(node: LexborNode) -> int:
    """Characters of ``node`` outside links, in stretches of text that carry a Chinese punctuation mark."""
    linked = sum(len(one_line(link.text())) for link in node.css("a"))
    stretches = [one_line(part) for part in node.text(separator="\n").split("\n")]
    return max(0, sum(len(part) for part in stretches if _PROSE_MARK.search(part)) - linked)


def _main_of(body: LexborNode) -> LexborNode:
    node = body
    total = _prose(body)
    while total:
        heavy = [child for child in node.iter() if child.tag in _BLOCKS and _prose(child) >= total * _MAIN_SHARE]
        # Inside a paragraph or a list there is nothing to choose from.
        if len(heavy) != 1 or heavy[0].tag in ("p", "ul", "ol", "blockquote", "pre", "dl"):
            return node
        if heavy[0].tag == "table" and _is_data_table(heavy[0]):
            return node
        node = heavy[0]
        if node.tag in ("article", "main"):
            return node
    return node


def _head_lines(page: LexborHTMLParser, main: LexborNode) -> list[str]:
    """The headline and the document table of the page, where they stand outside the main text."""
    found: list[str] = []
    headlines = page.css("h1")
    if len(headlines) == 1 and (text := one_line(headlines[0].text(separator=" "))):
        found.append(heading(text, 1))
    rows = [row for node in page.css("table") for row in _rows(node)]
    found += [line for line in table(rows) if is_metadata_row(line)]
    own = {one_line(line) for line in _Writer().write(main)}
    return [line for line in found if line not in own]


def _rows(node: LexborNode) -> list[list[str]]:
    """The cells of a table; one that spans several rows stands in the first of them."""
    rows: list[list[str]] = []
    below: dict[tuple[int, int], bool] = {}
    for at, row in enumerate(_own_rows(node)):
        cells: list[str] = []
        for cell in row.iter():
            if cell.tag not in ("td", "th"):
                continue
            while below.pop((at, len(cells)), False):
                cells.append("")
            width = _span(cell, "colspan")
            for offset in range(1, _span(cell, "rowspan")):
                below |= {(at + offset, len(cells) + column): True for column in range(width)}
            cells += [one_line(cell.text(separator=" ")), *[""] * (width - 1)]
        while below.pop((at, len(cells)), False):
            cells.append("")
        rows.append(cells)
    return rows


def _own_rows(node: LexborNode) -> Iterator[LexborNode]:
    for child in node.iter():
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from (row for row in child.iter() if row.tag == "tr")


def _span(cell: LexborNode, name: str) -> int:
    value = cell.attributes.get(name) or "1"
    return min(max(int(value), 1), 100) if value.isdecimal() else 1


def _is_data_table(node: LexborNode) -> bool:
    """Whether a table holds data, as against one that places the parts of the page."""
    if node.css_first("table table") is not None or node.css_first("h1, h2, h3, ul, ol") is not None:
        return False
    cells = node.css("td, th")
    return all(len(one_line(cell.text())) <= _LONG_CELL_CHARS or len(cells) > 6 for cell in cells)


class _Writer:
    """Turns a tree into lines. Text is gathered until a block begins or ends."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._text: list[str] = []

    def write(self, node: LexborNode) -> list[str]:
        """Return the lines of ``node``."""
        self._inside(node, depth=0)
        self._flush()
        return self._lines

    def _flush(self) -> None:
        for part in "".join(self._text).split("\v"):
            if line := one_line(part):
                self._lines.append(line)
        self._text.clear()

    def _inside(self, node: LexborNode, *, depth: int) -> None:
        for child in node.iter(include_text=True):
            self._node(child, depth=depth)

    def _node(self, node: LexborNode, *, depth: int) -> None:
        tag = node.tag
        if tag == "-text":
            self._text.append(node.text().replace("\v", " "))
        elif tag == "br":
            self._text.append("\v")
        elif tag in ("ul", "ol"):
            self._list(node, depth=depth)
        elif tag == "table" and _is_data_table(node):
            self._flush()
            caption = node.css_first("caption")
            if caption is not None and (text := one_line(caption.text(separator=" "))):
                self._lines.append(text)
            self._lines += table(_rows(node))
        elif tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._flush()
            if text := one_line(node.text(separator=" ")):
                self._lines.append(heading(text, int(tag[1])))
        elif tag in _BLOCKS:
            self._flush()
            self._inside(node, depth=depth)
            self._flush()
        elif tag is not None and not tag.startswith(("-", "!", "_")):
            self._inside(node, depth=depth)

    def _list(self, node: LexborNode, *, depth: int) -> None:
        self._flush()
        entries = [child for child in node.iter() if child.tag == "li"]
        if _is_menu(node):
            return
        start = node.attributes.get("start") or "1"
        number = int(start) if start.isdecimal() else 1
        for entry in entries:
            at = len(self._lines)
            self._inside(entry, depth=depth + 1)
            self._flush()
            if at < len(self._lines):
                ordinal = number if node.tag == "ol" else None
                self._lines[at] = item(self._lines[at], depth=depth, number=ordinal)
                number += 1


def _is_menu(node: LexborNode) -> bool:
    """Whether a list is hardly more than links to other pages."""
    text = one_line(node.text(separator=" "))
    linked = sum(len(one_line(link.text(separator=" "))) for link in node.css("a[href]"))
    return linked > 0 and linked >= len(text) * _LINK_SHARE and not re.search("[。；]", text)
