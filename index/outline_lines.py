"""Lines of cleaned text -> what each is: a title, a heading, a list item, a named paragraph, a paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from index.clean_lines import DATE_LINE, DOC_NUMBER, is_metadata_row
from index.outline_labels import Label, read_label, without_references
from index.outline_runin import is_heading_sentence, split_paragraph
from index.outline_table import is_table_row, open_table
from index.outline_tree import BULLET_RANK, PARAGRAPH_RANK, PLAIN_RANK, Node
from index.sentences import split_sentences

_MAX_HEADING_CHARS = 60
_MAX_PLAIN_CHARS = 40
_MAX_TITLE_CHARS = 100
_MAX_LABELLED_RUN_IN_CHARS = 32
_MAX_ARTICLE_TITLE_CHARS = 20
_CLOSED = re.compile(r"[。！？；：，、!?;:,…][”’」』）)》〉】\]]*$")
_STOPPED = re.compile(r"[，。；：、！？,;:!?…]")
_INNER_STOP = re.compile(r"[。；;！？!?]")
_ANNOUNCED = re.compile(r"印发|发布|公布|转发|下发|颁布")
_TITLE_MARKS = re.compile(r"《([^《》]{4,100})》")
_ATTACHMENT = re.compile(r"附\s*件\s*[\d一二三四五六七八九十]{0,2}\s*[:：]?")
_ATTACHMENT_LIST = re.compile(r"附\s*件\s*[:：]\s*\S")
# 甲方：某市人民政府 fills in a form; it heads nothing.
_FIELD = re.compile(
    r"(?:[甲乙丙丁戊]\s*方|[委受]托方|出让方|受让方|转让方|发包[人方]|承包[人方]|采购人|供应商|"
    r"法定代表人|(?:授权|委托)代(?:表|理)人?|负责人|经办人|联系人|(?:联系)?电话|传真|(?:通讯|联系|注册)?地址|住所|"
    r"邮政?编码?|开户(?:银)?行|账号|统一社会信用代码|(?:合同|协议|项目)?编号|(?:签[订署约]|发布|成文|印发)?(?:时间|日期|地点)|"
    r"(?:信息)?来源|发布机构|主送|抄送|抄报|主办|承办|協辦|承辦|主辦)\s*(?:[（(][^）)]{1,12}[）)])?\s*[：:]"
)
_COLON_NAME = re.compile(r"[^，。；：,;:（(《“]{2,20}[：:](?=\S)")
_CJK = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of the cleaned text without its surrounding blanks; ``number`` counts from 0."""

    number: int
    start: int
    end: int
    text: str
    after_break: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """Which signs a reading of the lines trusts; the outline falls back to fewer when a reading degenerates."""

    labels: bool = True
    plain_headings: bool = True


def read_nodes(text: str, reading: Reading) -> list[Node]:
    """One node per line, in order, not yet nested; plain headings and loose labels are still to be confirmed."""
    lines = list(split_lines(text))
    nothing: list[Label | None] = [None] * len(lines)
    labels = _read_labels(lines) if reading.labels else nothing
    titles = find_titles(lines, labels)
    nodes: list[Node] = []
    table: Node | None = None
    for line, label in zip(lines, labels, strict=True):
        if is_table_row(line.text):
            if table is not None and not line.after_break:
                table.end = line.end
                continue
            node = open_table(text, nodes, line.start, line.end, follows=not line.after_break)
        elif line.number in titles:
            node = Node("heading", line.start, line.end, line.end, 1, heading=line.text)
        elif label is not None:
            node = _titled_article(lines, labels, line.number) or _labelled(text, line, label)
        elif reading.plain_headings and _is_plain_heading(lines, line.number):
            node = Node("heading", line.start, line.end, line.end, PLAIN_RANK, heading=line.text, depth=1)
        else:
            node = split_paragraph(text, line.start, line.end)
        node.after_break |= line.after_break or _closes_document(lines, line.number)
        table = node if is_table_row(line.text) else None
        nodes.append(node)
    return nodes


def _closes_document(lines: list[TextLine], number: int) -> bool:
    """Whether a line is the signature or the list of attachments, which belong to no section."""
    text = lines[number].text
    below = lines[number + 1].text if number + 1 < len(lines) else ""
    is_signature = len(text) <= _MAX_PLAIN_CHARS and not _CLOSED.search(text) and bool(DATE_LINE.fullmatch(below))
    return is_signature or _ATTACHMENT_LIST.match(text) is not None


def split_lines(text: str) -> Iterator[TextLine]:
    """The non-empty lines of ``text``; an empty line before one is a break between text blocks."""
    position, number, after_break = 0, 0, False
    for raw in text.split("\n"):
        words = raw.strip()
        if words:
            start = position + raw.index(words[0])
            yield TextLine(number, start, start + len(words), words, after_break)
            number += 1
        after_break = not words
        position += len(raw) + 1


def find_titles(lines: list[TextLine], labels: list[Label | None]) -> set[int]:
    """Line numbers of titles: a title-like first line, and the title of a document that a notice announces."""
    titles: set[int] = set()
    if lines and labels[0] is None and _looks_like_title(lines):
        titles.add(0)
    announced: set[str] = set()
    for line in lines:
        if "".join(line.text.split()) in announced:
            titles.add(line.number)
        elif _ANNOUNCED.search(line.text):
            announced.update("".join(name.split()) for name in _TITLE_MARKS.findall(line.text))
    return titles


def _looks_like_title(lines: list[TextLine]) -> bool:
    first = lines[0].text
    if is_metadata_row(first):
        return False
    short = 4 <= len(first) <= _MAX_TITLE_CHARS and len(lines) > 1
    return short and not _CLOSED.search(first) and not _INNER_STOP.search(first) and bool(_CJK.search(first))


def _read_labels(lines: list[TextLine]) -> list[Label | None]:
    """Each line's label; a loose one only where the same numbering goes on before or after it."""
    found = [read_label(line.text) for line in lines]
    strict = [label is None or not label.loose for label in found]
    for at, label in enumerate(found):
        if label is None or not label.loose or label.number is None:
            continue
        earlier = [other.number for other in found[:at] if other is not None and other.rank == label.rank]
        later = [other.number for other in found[at + 1 :] if other is not None and other.rank == label.rank]
        goes_on = earlier[-1:] == [label.number - 1] or later[:1] == [label.number + 1]
        short = len(lines[at].text) <= _MAX_PLAIN_CHARS and not _CLOSED.search(lines[at].text)
        strict[at] = goes_on and (label.kind == "article" or short)
    return without_references([label if ok else None for label, ok in zip(found, strict, strict=True)])


def _titled_article(lines: list[TextLine], labels: list[Label | None], number: int) -> Node | None:
    """An article whose line has its title only (第一条 宗旨), with the body below; ``None`` for any other line."""
    line, label = lines[number], labels[number]
    if label is None or label.kind != "article" or number + 1 == len(lines) or labels[number + 1] is not None:
        return None
    title = line.text[label.length :]
    if not 2 <= len(title) <= _MAX_ARTICLE_TITLE_CHARS or _STOPPED.search(title):
        return None
    body = lines[number + 1].text
    if not _INNER_STOP.search(body) or is_table_row(body):
        return None
    return Node("article", line.start, line.end, line.end, label.rank, label.text, line.text, label.number)


def _labelled(text: str, line: TextLine, label: Label) -> Node:
    body = line.start + label.length
    node = Node(label.kind, line.start, line.end, body, label.rank, label.text, number=label.number)
    rest = text[body : line.end]
    if label.kind == "article":
        node.heading = label.text
        return split_paragraph(text, body, line.end, owner=node) if rest else node
    is_line_heading = len(line.text) <= _MAX_HEADING_CHARS and not _CLOSED.search(rest) and "。" not in rest
    if is_line_heading and label.rank < BULLET_RANK:
        node.heading, node.body_start = rest if not label.text else line.text, line.end
        return node
    if label.kind == "part":
        return Node("paragraph", line.start, line.end, line.start, PARAGRAPH_RANK)
    name_end = _name_end(text, body, line.end)
    if name_end is None or label.rank >= BULLET_RANK:
        node.kind = "item"
        return node
    node.heading = text[line.start : name_end].rstrip("。：:")
    node.body_start = name_end
    return split_paragraph(text, name_end, line.end, owner=node)


def _name_end(text: str, start: int, end: int) -> int | None:
    """Where the name of a numbered clause ends, when its first sentence or the words before a colon name it."""
    sentences = split_sentences(text, start, end)
    if len(sentences) > 1:
        first = text[sentences[0][0] : sentences[0][1]]
        if is_heading_sentence(first, _MAX_LABELLED_RUN_IN_CHARS):
            return sentences[0][1]
    match = _COLON_NAME.match(text, start, end)
    return match.end() if match else None


def _is_plain_heading(lines: list[TextLine], number: int) -> bool:
    """Whether a short line without a full stop names what follows; confirmed later by there being a body."""
    text = lines[number].text
    if _ATTACHMENT.fullmatch(text):
        return True
    if not 2 <= len(text) <= _MAX_PLAIN_CHARS or _CLOSED.search(text) or _INNER_STOP.search(text):
        return False
    if _FIELD.match(text) or _ATTACHMENT_LIST.match(text):
        return False
    if DATE_LINE.fullmatch(text) or DOC_NUMBER.fullmatch(text):
        return False
    if not _CJK.search(text) or "|" in text or is_metadata_row(text) or text[0] in "（(，。、；：":
        return False
    below = lines[number + 1].text if number + 1 < len(lines) else ""
    return not DATE_LINE.fullmatch(below)  # a signature


def is_attachment(heading: str) -> bool:
    """Whether a heading is 附件 or 附件2, which starts again from the top."""
    return _ATTACHMENT.fullmatch(heading) is not None
