"""Folding of Chinese text for comparison: width, case, script and punctuation, never for quoting."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NOT_CONTENT = re.compile(r"[^0-9a-z\u3400-\u9fff%.+\-/]+")
_STRAY_DOT = re.compile(r"(?<!\d)[.+\-/]|[.+\-/](?!\d)")
_RANGE_DASH = re.compile(r"(?<=\d)[—–~～―]+(?=\d)")
_YEAR_IN_HAN = re.compile(r"[零一二三四五六七八九]{4}(?=年)")
_HAN_DIGITS = str.maketrans("零一二三四五六七八九", "0123456789")
_SPACE = re.compile(r"\s+")


@lru_cache(maxsize=1)
def _converter() -> object:
    from opencc import OpenCC

    return OpenCC("t2s")


def simplify(text: str) -> str:
    """Return ``text`` in simplified characters; pure ASCII is returned as it is."""
    if text.isascii():
        return text
    converted: str = _converter().convert(text)  # type: ignore[attr-defined]
    return converted


def fold(text: str) -> str:
    """Return ``text`` in one width, case and script, without white space.

    >>> fold("２０２７年， 達到 5.7％")
    '2027年,达到5.7%'
    """
    narrow = simplify(unicodedata.normalize("NFKC", text).lower().replace("〇", "零"))
    dated = _YEAR_IN_HAN.sub(lambda found: found.group().translate(_HAN_DIGITS), narrow)
    return _SPACE.sub("", dated)


def content_key(text: str) -> str:
    """Return only what carries content, so that copies with other punctuation compare equal.

    >>> content_key("规划面积1198 平方公里。") == content_key("规划面积1198平方公里")
    True
    """
    ranged = _RANGE_DASH.sub("-", fold(text))
    return _STRAY_DOT.sub("", _NOT_CONTENT.sub("", ranged))
