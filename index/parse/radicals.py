"""康熙部首 and 部首补充 put back to the characters they stand for.

Many PDF files map 高 to U+2FBC and 门 to U+2ED4: they look alike and are never found by a search. Unicode
decomposes the Kangxi block itself (NFKC); of the supplement it does so for two only, hence the table, after the
Unihan data of the characters named in the block's chart.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from index.clean_lines import Removal

_SUPPLEMENT: Final = dict(
    zip(
        "⺁⺄⺅⺇⺈⺉⺋⺌⺍⺎⺏⺐⺑⺒⺓⺔⺕⺖⺗⺘⺙⺛⺝⺟⺠⺡⺢⺣⺥⺦⺨⺩⺪⺫⺬⺭⺮⺯⺰⺱⺲⺴⺶⺷⺸⺹⺻⺼⺽⺾⺿⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻊⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻕⻖⻗⻘⻙⻚⻛⻜⻝⻞⻟⻠⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲",
        "厂乙亻几刀刂卩小小兀尢尢尢巳幺彑彐忄心扌攵无月母民氵氺灬爫丬犭王疋目示礻竹糸纟网罒网羊羊羊耂聿肉臼艹艹艹虎衤西西见角角讠贝足车辶辶辶阝钅長镸长门阜阝雨青韦页风飞食食飠饣首马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜龟",
        strict=True,
    )
)
_RADICAL: Final = re.compile("[\u2e80-\u2fdf\uf900-\ufaff]")


def unify_radicals(text: str) -> tuple[str, tuple[Removal, ...]]:
    """``text`` with every radical and compatibility form as its character, and what was replaced.

    >>> unify_radicals("⾼⽔平对外开⻔")
    ('高水平对外开门', (Removal(step='radicals', text='⾼⽔⻔'),))
    """
    replaced: list[str] = []

    def unify(match: re.Match[str]) -> str:
        radical = match.group()
        plain = _SUPPLEMENT.get(radical) or unicodedata.normalize("NFKC", radical)
        if plain != radical:
            replaced.append(radical)
        return plain

    unified = _RADICAL.sub(unify, text)
    return unified, (Removal("radicals", "".join(replaced)),) if replaced else ()
