"""Words of a question, by jieba (MIT), and the name that two texts share."""

from __future__ import annotations

import logging
import re
import warnings
from functools import lru_cache
from types import ModuleType

_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
# A longer stretch is a copy of the clause.
_MOST_NAME = 24


@lru_cache(maxsize=1)
def _jieba() -> ModuleType:
    with warnings.catch_warnings():
        # jieba 0.42.1 imports pkg_resources and has stray escapes; both only warn.
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.WARNING)
    # jieba.initialize() would load a marshal file from a shared temporary folder, which anybody could plant.
    jieba.dt.FREQ, jieba.dt.total = jieba.dt.gen_pfdict(jieba.get_dict_file())
    jieba.dt.initialized = True
    module: ModuleType = jieba
    return module


def segment(text: str) -> list[str]:
    """Return the words of ``text`` in order; their concatenation is ``text``.

    >>> segment("汽车产量达到多少")
    ['汽车产量', '达到', '多少']
    """
    return list(_jieba().cut(text, HMM=False)) if text else []


def frequency(word: str) -> int:
    """Return how often ``word`` was counted in the texts behind jieba's dictionary; 0 for a word it does not hold.

    >>> frequency("今年") > 1000 > frequency("南浦")
    True
    """
    counted: int = _jieba().dt.FREQ.get(word, 0)
    return counted


def shared_name(question: str, clause: str, other: str) -> str:
    """Return the longest stretch of Chinese that two clauses share and the question does not hold, or ``""``.

    >>> shared_name("基金的管理公司是谁", "管理机构:乙州集团。", "乙州集团董事长王一说")
    '乙州集团'
    """
    best = ""
    for run in _CHINESE.findall(clause):
        for start in range(len(run)):
            size = max(len(best) + 1, 2)
            while start + size <= len(run) and run[start : start + size] in other:
                piece = run[start : start + size]
                if piece not in question:
                    best = piece
                size += 1
    return best if len(best) <= _MOST_NAME else ""
