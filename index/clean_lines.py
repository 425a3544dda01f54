"""The cleaning steps that take whole lines out: page furniture, credits, metadata tables.

Each step maps lines to lines and returns what it removed. The rules are habits of Chinese web pages,
newspapers and official notices, never the words of one document.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Removal:
    """Text that a cleaning step took out; ``step`` is the step's name."""

    step: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One non-empty line. ``gap``: empty lines stood before it. ``breaks``: another text block starts here.

    ``headline``: the page printed it as a headline, so it is never joined to the text below it.
    """

    text: str
    gap: bool = False
    breaks: bool = False
    headline: bool = False
    indented: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What one step returns."""

    lines: tuple[Line, ...]
    removed: tuple[Removal, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)


_KEYS = (
    "索引号|发文字号|文号|主题分类|体裁分类|公文种类|发布机构|发文机关|制发机关|成文日期|生成日期|发布日期|"
    "公开日期|实施日期|生效日期|废止日期|有效性|时效性|公开方式|公开形式|公开范围|主题词|标题|名称"
)
_CELL_KEY = re.compile(rf"[\[【［]?\s*({_KEYS})\s*[\]】］]?\s*[:：]?")
_COLON_ROW = re.compile(rf"[\[【［]?\s*({_KEYS})\s*[\]】］]?\s*[:：]\s*(.*)")
_NAVIGATION = re.compile(
    r"(?:上一[篇条页]|下一[篇条页])\s*(?:[:：].*)?|[【\[(（]?(?:打印|打印本页|关闭|关闭窗口|返回顶部|返回首页|返回列表|"
    r"我要纠错|分享到|收藏)[】\])）]?\s*[:：]?|当前位置\s*[:：].*|(?:浏览|阅读|点击)(?:次数|量|数)\s*[:：]\s*\d*|字体\s*[:：].*"
)
_RELATED = re.compile(
    r"[【\[]?(?:相关(?:文章|阅读|新闻|链接|推荐)|推荐阅读|延伸阅读|热门文章|猜你喜欢)[】\]]?\s*[:：]?"
)
_DISCLAIMER = re.compile(r"[【\[(（]?(?:免责声明|版权声明|转载声明|特别声明|版权所有)[】\])）]?\s*[:：]?.*")
_ORIGINAL_TITLE = re.compile(r"[（(【\[]?原标题\s*[:：]\s*(.+?)[)）】\]]?")
_CLOCK = r"(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?"
_BYLINE = re.compile(rf"(?:[^\s，。,;；]{{1,20}}\s+)?(\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}){_CLOCK}")
_BYLINE_FIELD = re.compile(r"(来源|发布时间|发布日期|发表时间|作者|信息来源)\s*[:：]\s*(\S.{0,60})")
_BYLINE_LINES = 8

# The two hundred commonest surnames: what stands after 记者 is a name, not 走基层 or 调查.
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴"
    "夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜"
    "倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳"
    "裴席卫查屈鲍位覃霍翁隋甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄"
    "盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应"
)
_NAME = rf"[{_SURNAMES}][\u3400-\u9fff·]{{1,3}}"
_ROLE = r"(?:见习|实习|首席|特约|全媒体)*(?:记者|通讯员|实习生|摄影师)"
_NAMES = rf"{_NAME}(?:[、，, ]+(?:{_ROLE})?\s*{_NAME})*"
_WORK = r"(?:采写|采访|报道|摄影报道|摄影|摄|撰文|文|综合|整理|供图)"
_OUTLET = r"[^\s。，；！？,;!?：:（）()]{0,24}"
_REPORTERS = re.compile(
    rf"[（(]?\s*(?:{_NAME}\s+)?{_OUTLET}{_ROLE}\s*[:：]?\s*{_NAMES}\s*(?:[/／]?\s*{_WORK})?\s*[)）]?"
)
_WORKERS = re.compile(
    r"[（(]?(?:资料提供|制图|制表|绘图|图表|供图|图片来源|图片|摄影|责任编辑|责编|编审|审核|校对|统筹|值班编委|美编|版式|海报|撰文)"
    r"\s*[:：/／]\s*[^。！？；，]{1,40}?[)）]?"
)
# These also open lines of the text (来源：财政拨款), so they count at the end of the page only.
_LATE_WORKERS = re.compile(r"[（(]?(?:编辑|视频|文字|作者|来源|信息来源)\s*[:：/／]\s*[^。！？；，]{1,40}?[)）]?")
_LATE_LINES = 6
_BARE_ROLE_NAME = re.compile(rf"{_ROLE}{_NAME}")
_PICTURE = re.compile(r"(?:摄|摄影|供图)[)）]?$|^[（(]?(?:图片|供图|摄影)")
# Bold at the head of a line or right after its number; elsewhere ** may mask a name: 李**.
_BOLD = re.compile(r"(?P<label>(?:\d{1,2}[.、．]\s*|[-*•·]\s+)?)(?P<marks>\*\*)(?P<text>[^*]+)\*\*(?P<rest>.*)")
_MARKED_ITEM = re.compile(r"(?P<marks>[-*•·]\s+)(?P<text>\d{1,2}[ .．、].*?)(?P<close>\*\*)?")
_FORMAT_KEPT = "\u200d"  # joins emoji
_NUMERAL = r"[\d〇○零一二三四五六七八九十]"
DATE_LINE = re.compile(rf"[（(]?{_NUMERAL}{{4}}\s*年\s*{_NUMERAL}{{1,3}}\s*月(?:.{{1,3}}日)?[)）]?")
DOC_NUMBER = re.compile(r"[\u3400-\u9fff]{2,16}[〔\[【(（]\d{4}[〕\]】)）]\s*(?:第\s*)?\d{1,4}\s*号")
_ANNOUNCED = re.compile(r"印发|发布|公布|转发|下发|颁布")
_TITLE_MARKS = re.compile(r"《([^《》]{4,100})》")
_TERMINATED = re.compile(r"[。！？；：!?;:…，,、][”’」』）)》〉】\]\"']*$")


def strip_invisible(raw: str) -> tuple[str, tuple[Removal, ...]]:
    """``raw`` without control and zero-width characters, with every kind of blank as a plain space."""
    kept: list[str] = []
    dropped: list[str] = []
    for char in raw:
        category = unicodedata.category(char)
        if char == "\n":
            kept.append(char)
        elif char.isspace():
            kept.append(" ")
        elif category in ("Cc", "Cf") and char != _FORMAT_KEPT:
            dropped.append(char)
        else:
            kept.append(char)
    return "".join(kept), (Removal("invisible", "".join(dropped)),) if dropped else ()


def read_lines(text: str) -> tuple[Line, ...]:
    """The non-empty lines of ``text``, runs of blanks inside a line made one."""
    lines: list[Line] = []
    gap = False
    for raw in text.split("\n"):
        words = raw.split()
        if not words:
            gap = True
            continue
        lines.append(Line(" ".join(words), gap=gap and bool(lines), indented=raw.startswith(" ")))
        gap = False
    return tuple(lines)


def read_metadata(lines: tuple[Line, ...]) -> Step:
    """The document table of an official notice, read into ``meta``; in the text each field stays once, a row each.

    Pages print the table twice, in two columns and in one; the rows that repeat fields are taken out, and rows
    without a value. The rest stays as it stands, because staff ask for the 发文字号 and must be shown its place.
    """
    rows = [_table_row(line.text) if "|" in line.text else _colon_row(lines, i) for i, line in enumerate(lines)]
    alone = {key for row in rows if row is not None and len(row) == 1 for key, value in row.items() if value}
    kept: list[Line] = []
    removed: list[Removal] = []
    meta: dict[str, str] = {}
    seen: set[str] = set()
    after_table = False
    for line, row in zip(lines, rows, strict=True):
        if row is None:
            kept.append(replace(line, breaks=True) if after_table else line)
            after_table = False
            continue
        filled = {key: value for key, value in row.items() if value}
        repeated = all(key in seen or (len(row) > 1 and key in alone) for key in filled)
        if not repeated:
            seen.update(filled)
        for key, value in filled.items():
            meta.setdefault(key, value)
        if repeated:
            removed.append(Removal("metadata", line.text))
        else:
            kept.append(replace(line, headline=True))
            after_table = True
    return Step(tuple(kept), tuple(removed), meta)


def is_metadata_row(text: str) -> bool:
    """Whether a line is a row of an official notice's document table.

    >>> is_metadata_row("[ 发文字号 ] | 某发〔2023〕8号 |"), is_metadata_row("| 项目 | 金额 |")
    (True, False)
    """
    return ("|" in text and _table_row(text) is not None) or _COLON_ROW.fullmatch(text) is not None


def _table_row(text: str) -> dict[str, str] | None:
    cells = [cell.strip() for cell in text.strip().strip("|").split("|")]
    keys = [match.group(1) if (match := _CELL_KEY.fullmatch(cell)) else None for cell in cells]
    if keys[0] is None:
        return None
    row: dict[str, str] = {}
    for index, key in enumerate(keys):
        if key is not None:
            has_value = index + 1 < len(cells) and keys[index + 1] is None
            row[key] = cells[index + 1] if has_value else ""
    return row


def _colon_row(lines: tuple[Line, ...], index: int) -> dict[str, str] | None:
    """``索引号：…`` counts at the head of the page, and only beside another such line."""
    match = _COLON_ROW.fullmatch(lines[index].text)
    if match is None or index > 24:
        return None
    around = (*lines[max(0, index - 1) : index], *lines[index + 1 : index + 2])
    if not any(_COLON_ROW.fullmatch(line.text) for line in around):
        return None
    return {match.group(1): match.group(2).strip()}


def drop_navigation(lines: tuple[Line, ...]) -> Step:
    """Lines without links to other pages; after 相关文章 the short lines that follow are such links too."""
    related = False

    def is_navigation(line: Line) -> bool:
        nonlocal related
        if _RELATED.fullmatch(line.text):
            related = True
            return True
        related = related and len(line.text) <= 40 and not _TERMINATED.search(line.text)
        return related or _NAVIGATION.fullmatch(line.text) is not None

    return _drop("navigation", lines, is_navigation)


def drop_disclaimer(lines: tuple[Line, ...]) -> Step:
    """Lines without the publisher's 免责声明 and its like."""
    return _drop("disclaimer", lines, lambda line: _DISCLAIMER.fullmatch(line.text) is not None)


def drop_original_title(lines: tuple[Line, ...]) -> Step:
    """Lines without 原标题：…, whose title goes into ``meta``."""
    step = _drop("original_title", lines, lambda line: _ORIGINAL_TITLE.fullmatch(line.text) is not None)
    titles = [match.group(1) for item in step.removed if (match := _ORIGINAL_TITLE.fullmatch(item.text))]
    return replace(step, meta={"原标题": titles[0]} if titles else {})


def drop_byline(lines: tuple[Line, ...]) -> Step:
    """Lines without the page's own author, date and source, looked for at the head of the page only."""
    head = {id(line) for line in lines[:_BYLINE_LINES]}
    meta: dict[str, str] = {}

    def is_byline(line: Line) -> bool:
        if id(line) not in head:
            return False
        if dated := _BYLINE.fullmatch(line.text):
            meta.setdefault("发布日期", dated.group(1))
            return True
        if named := _BYLINE_FIELD.fullmatch(line.text):
            meta.setdefault(named.group(1), named.group(2))
            return True
        return False

    step = _drop("byline", lines, is_byline)
    return replace(step, meta=meta)


def drop_credits(lines: tuple[Line, ...]) -> Step:
    """Lines without reporters', editors' and picture credits.

    A credit for text closes an article, so the next line starts a new block; one for a picture does not.
    """
    kept: list[Line] = []
    removed: list[Removal] = []
    breaks = False
    for at, line in enumerate(lines):
        is_late = at >= len(lines) - _LATE_LINES and _LATE_WORKERS.fullmatch(line.text) is not None
        if is_late or _is_credit(line.text):
            removed.append(Removal("credits", line.text))
            breaks = (breaks or not _PICTURE.search(line.text)) and bool(kept)
            continue
        kept.append(replace(line, breaks=True) if breaks else line)
        breaks = False
    return Step(tuple(kept), tuple(removed))


def _is_credit(text: str) -> bool:
    if len(text) > 80 or _BARE_ROLE_NAME.fullmatch(text):
        return False  # 记者王庄: as likely a headline as a credit
    return (_REPORTERS.fullmatch(text) or _WORKERS.fullmatch(text)) is not None


def drop_stray_marks(lines: tuple[Line, ...]) -> Step:
    """Lines without Markdown marks that a converter left: ``- 1 规划**`` becomes ``1 规划``."""
    kept: list[Line] = []
    removed: list[Removal] = []
    for line in lines:
        text = line.text
        if bold := _BOLD.fullmatch(text):
            removed.append(Removal("stray_marks", "****"))
            text = bold["label"] + bold["text"].strip() + bold["rest"]
        if item := _MARKED_ITEM.fullmatch(text):
            removed.append(Removal("stray_marks", item["marks"] + (item["close"] or "")))
            text = item["text"].strip()
        is_headline = text != line.text and not _TERMINATED.search(text)
        kept.append(replace(line, text=text, headline=line.headline or is_headline))
    return Step(tuple(kept), tuple(removed))


def find_title(lines: tuple[Line, ...]) -> str | None:
    """The title the page shows: the document that a notice announces and attaches, else the first line."""
    texts = [line.text for line in lines if not is_metadata_row(line.text)]
    announced: set[str] = set()
    for text in texts:
        if "".join(text.split()) in announced:
            return text
        if _ANNOUNCED.search(text):
            announced.update("".join(name.split()) for name in _TITLE_MARKS.findall(text))
    first = texts[0].lstrip("# ") if texts else ""
    is_title = 4 <= len(first) <= 80 and not _TERMINATED.search(first) and "。" not in first
    return first if is_title and any("\u3400" <= char <= "\u9fff" for char in first) else None


def find_doc_number(lines: tuple[Line, ...]) -> str | None:
    """The number of an official document where it stands on a line of its own under the title."""
    return next((line.text for line in lines[:_BYLINE_LINES] if DOC_NUMBER.fullmatch(line.text)), None)


def find_issuer(lines: tuple[Line, ...]) -> str | None:
    """The body that signs a notice: a short line right above a line that is only a date."""
    for line, below in pairwise(lines):
        is_name = 2 <= len(line.text) <= 40 and not re.search(r"[。！？；，：,;:!?]", line.text)
        if is_name and DATE_LINE.fullmatch(below.text) and line is not lines[0]:
            return line.text
    return None


def _drop(step: str, lines: tuple[Line, ...], is_junk: Callable[[Line], bool]) -> Step:
    """The lines that are not junk; a gap before a dropped line passes to the line after it."""
    kept: list[Line] = []
    removed: list[Removal] = []
    gap = False
    for line in lines:
        if is_junk(line):
            removed.append(Removal(step, line.text))
            gap = True
        else:
            kept.append(replace(line, gap=line.gap or (gap and bool(kept))))
            gap = False
    return Step(tuple(kept), tuple(removed))
