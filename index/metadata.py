"""What a document says about itself: kind, parties, agreements, dates of force; each with its place in the text.

Rules for the set phrases of Chinese official prose and contracts. They state only what is printed: where a date of
force is counted from a day that the text does not name (自发布之日起施行), the phrase is kept and no date made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from index.clean_lines import DATE_LINE
from index.lexical import normalise
from index.outline_labels import parse_number

_HAN: Final = "\u3400-\u9fff"
_KINDS: Final = (
    "实施细则|实施办法|实施意见|实施方案|管理办法|管理规定|行动计划|工作方案|工作计划|工作要点|指导意见|若干措施|若干意见|"
    "暂行办法|暂行规定|合作备忘录|框架协议|战略合作协议|合作协议|会议纪要|发展规划|三年行动|"
    "条例|规定|办法|细则|意见|决定|决议|通知|通告|公告|通报|报告|批复|方案|规划|计划|纲要|措施|协议|协议书|协定|合同|"
    "备忘录|意向书|宣言|倡议|章程|制度|清单|指南|标准|规范|函|令"
)
_KIND: Final = re.compile(rf"({_KINDS})(?:\s*[（(][^（）()]{{1,20}}[)）])*$")
_NEWS: Final = re.compile(
    rf"本报讯|[{_HAN}]{{2,10}}[日晚晨]报[讯消]息?|(?:本报|新华社|中新[社网])[^。\n]{{0,16}}[电讯]|记者"
)
_NEWS_HEAD_CHARS: Final = 400
# 甲方：某市人民政府（盖章）; the name ends where a mark, a wide gap or another label begins.
_PARTY_LINE: Final = re.compile(
    rf"^[ \t]*(?:[（(]?[一二三1-3][)）、.])?\s*(?:[甲乙丙丁]\s*方|[委受]托方|出让方|受让方|发包人|承包人)\s*"
    rf"(?:[（(][^）)\n]{{1,12}}[）)])?\s*[：:]\s*(?P<name>[{_HAN}A-Za-z（）()·]{{2,40}})",
    re.MULTILINE,
)
_SEAL: Final = re.compile(r"\s*[（(](?:盖章|签章|公章|签字|以下简称.*|简称.*|下称.*)[)）]?$")
_ORGANISATION: Final = (
    rf"[{_HAN}（）()]{{1,24}}?(?:人民政府|政府|管委会|管理委员会|委员会|委|厅|局|署|院|所|会|办公室|办|中心|集团|公司|银行|"
    "大学|学院|新区|高新区|开发区|区|市|省|县|协会|联盟)"
)
_SIGNED: Final = re.compile(
    rf"(?P<one>{_ORGANISATION})(?:[和与]|、)(?P<other>{_ORGANISATION})"
    rf"(?:[，,]?(?:在[{_HAN}]{{1,12}}|分别|共同|正式|日前|联合|当天|当日|就[^，。\n]{{1,30}}))*"
    r"(?:签署|签订|签约|签下)(?:了)?"
)
_NOT_A_NAME: Final = re.compile(rf"^(?:.*(?:[日月年]|由|在|据悉|其中|当天|近日|日前|昨日|今日))(?=[{_HAN}]{{3}})")
_AGREEMENT: Final = re.compile(r"《(?P<name>[^《》\n]{4,80}(?:协议书?|备忘录|协定|合同|意向书|框架))》")
_DATE: Final = re.compile(
    r"(?P<year>[12]\d{3}|[一二][〇○零一二三四五六七八九]{3})\s*年\s*(?P<month>\d{1,2}|[一二三四五六七八九十]{1,2})\s*月"
    r"\s*(?P<day>\d{1,2}|[一二三四五六七八九十]{1,3})\s*日"
)
_DAY: Final = rf"(?:{_DATE.pattern.replace('?P<year>', '').replace('?P<month>', '').replace('?P<day>', '')})"
_EFFECTIVE: Final = re.compile(
    rf"自\s*(?:{_DAY}|[{_HAN}]{{1,12}}之日|[{_HAN}]{{1,8}}后\s*\d{{1,3}}日)\s*起\s*(?:正式)?(?:施行|实施|生效|执行|试行)"
    rf"|(?:施行|实施|生效)(?:日期|时间)\s*[：:为]\s*{_DAY}"
)
_VALIDITY: Final = re.compile(
    rf"有效期(?:限)?(?:为|至|到|截至|是|：|:)*\s*(?:{_DAY}|[\d一二两三四五六七八九十]{{1,3}}\s*(?:年|个月))"
    rf"|(?:至|到)\s*{_DAY}\s*(?:止|失效|废止)"
)
_HAN_DIGITS: Final = {char: str(value) for value, char in enumerate("零一二三四五六七八九")} | {
    "〇": "0",
    "○": "0",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """``value`` of the field ``name``, read from ``text[start:end]``."""

    name: str
    value: str
    start: int
    end: int


def find_metadata(text: str, title: str) -> tuple[Finding, ...]:
    """What a cleaned text says about its document, in order of the fields' names and then of the text.

    Names: ``kind``, ``party`` and ``agreement`` (each any number of times), ``issued``, ``effective`` and
    ``expires`` (ISO dates), ``validity`` (the phrases as printed).

    >>> [(f.name, f.value) for f in find_metadata("本办法自2023年5月1日起施行，有效期5年。", "某市数据管理办法")]
    [('effective', '2023-05-01'), ('validity', '自2023年5月1日起施行'), ('validity', '有效期5年')]
    """
    found = [*_kind(text, title), *_parties(text), *_agreements(text), *_issued(text), *_force(text)]
    unique: dict[tuple[str, str], Finding] = {}
    for finding in found:
        unique.setdefault((finding.name, finding.value), finding)
    return tuple(sorted(unique.values(), key=lambda finding: (finding.name, finding.start)))


def _kind(text: str, title: str) -> Iterator[Finding]:
    """The genre that the title ends with; a newspaper article is one whatever it is about."""
    news = _NEWS.search(text, 0, _NEWS_HEAD_CHARS)
    if news is not None:
        yield Finding("kind", "新闻报道", *news.span())
        return
    at = text.find(title)
    # In simplified characters; where that changes the length, the place could not be told.
    plain = normalise(title)
    match = _KIND.search(plain if len(plain) == len(title) else title)
    if match is not None and at >= 0:
        yield Finding("kind", match.group(1), at + match.start(1), at + match.end(1))


def _parties(text: str) -> Iterator[Finding]:
    for match in _PARTY_LINE.finditer(text):
        name = _SEAL.sub("", match.group("name")).rstrip("（(")
        yield Finding("party", name, match.start("name"), match.start("name") + len(name))
    for match in _SIGNED.finditer(text):
        for side in ("one", "other"):
            whole = match.group(side)
            lead = _NOT_A_NAME.match(whole)
            start = match.start(side) + (lead.end() if lead else 0)
            name = text[start : match.end(side)]
            if name.count("（") == name.count("）") and name.count("(") == name.count(")"):
                yield Finding("party", name, start, match.end(side))


def _agreements(text: str) -> Iterator[Finding]:
    for match in _AGREEMENT.finditer(text):
        yield Finding("agreement", " ".join(match.group("name").split()), *match.span("name"))


def _issued(text: str) -> Iterator[Finding]:
    """The date under the signature: a line of its own below a short line that is a name."""
    lines = [(match.start(), match.group()) for match in re.finditer(r"[^\n]+", text)]
    for (_, above), (at, line) in pairwise(lines):
        is_name = 2 <= len(above) <= 40 and not re.search(r"[。！？；，：,;:!?]", above)
        if is_name and DATE_LINE.fullmatch(line) and (iso := to_iso(line)):
            yield Finding("issued", iso, at, at + len(line))
            return


def _force(text: str) -> Iterator[Finding]:
    for match in _EFFECTIVE.finditer(text):
        yield Finding("validity", match.group(), *match.span())
        if iso := to_iso(match.group()):
            yield Finding("effective", iso, *match.span())
    for match in _VALIDITY.finditer(text):
        yield Finding("validity", match.group(), *match.span())
        if iso := to_iso(match.group()):
            yield Finding("expires", iso, *match.span())


def to_iso(text: str) -> str | None:
    """The first full date in ``text`` as an ISO date; ``None`` where there is none or it is no day.

    >>> to_iso("二〇二三年五月一日"), to_iso("2023年5月1日起"), to_iso("2023年13月1日"), to_iso("2023年5月")
    ('2023-05-01', '2023-05-01', None, None)
    """
    match = _DATE.search(text)
    if match is None:
        return None
    year = "".join(_HAN_DIGITS.get(char, char) for char in match.group("year"))
    month, day = parse_number(match.group("month")), parse_number(match.group("day"))
    if month is None or day is None or not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{year}-{month:02d}-{day:02d}"
