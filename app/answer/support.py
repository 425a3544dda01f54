"""Does a sentence say only what its sources say? Figures, dates, negations, names, achievements and content."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.answer import guard
from app.answer.analyse import content_terms
from app.answer.draft import Line
from app.answer.fold import fold
from app.answer.lexicon_files import load_lexicon
from app.answer.library import Library
from app.answer.named import named_areas, named_offices, named_places, short_forms
from app.answer.sources import Source
from app.answer.values import find_values
from app.answer.words import segment

# A sentence of whose content words more than this share is not in its sources is invented.
MAX_NOVEL = 0.24
_QUOTED = re.compile(r"《([^《》]{2,80})》|[“\"「『]([^”\"」』]{2,40})[”\"」』]")
_TITLE = r"(?:书记|主任|局长|董事长|总经理|会长|院长|校长|教授|部长|市长|区长|院士|秘书长|理事长|厅长|处长)"
_PERSON = re.compile(rf"{_TITLE}([\u4e00-\u9fff·]{{2,3}})(?=[，,。；、（(]|表示|指出|介绍|说|$)")
# What turns a plan into something done.
_ACHIEVED = ("已经", "已", "达到了", "实现了", "完成了", "建成了", "突破了")
_NEGATION = re.compile(r"不得|不能|不再|不会|不准|严禁|禁止|没有|无法|不|未")
# What joins figures that the source gives one by one.
_JOINING = ("各", "均", "总计", "合计", "共计", "平均")
_FREQUENCY = re.compile(r"每(?:两|半|隔)?(?:年|个?月|周|季度|日|天)|隔[年月周日天]")
_ABOVE_BELOW = ("以上", "以下", "以内", "超过", "低于", "不足", "至少")


def problems(line: Line, sources: Sequence[Source], library: Library, asked: str = "") -> list[str]:
    """Return what a sentence says that the spans it cites do not: nothing where it is supported.

    Figures, dates and inserted negations are the guard's own check, the one that read answers pass too; beside it
    a negation that was left out, a name that no source gives, a bound that was turned round, and a plan that is
    told as done. Names of the folded question ``asked`` may be repeated where no list tells that they are names.
    """
    found = guard.unsupported(line, library)
    body = fold(line.text)
    grounds = [source.ground for source in sources]
    found += [f"{word}（缺）" for word in _left_out(body, grounds)]
    found += [name for name in names_in(line.text, library) if not _named(name, grounds)]
    found += [run for run in unknown_words(body) if run not in asked and not any(run in g for g in grounds)]
    words = [word for word in (*_ACHIEVED, *_ABOVE_BELOW) if word in body]
    words += [word for word in _JOINING if word in body and find_values(line.text)]
    words += _FREQUENCY.findall(body)
    found += [word for word in words if not any(word in ground for ground in grounds)]
    return list(dict.fromkeys(found))


def _left_out(body: str, grounds: Sequence[str]) -> list[str]:
    """Return the negations that the sources put before words of the sentence and the sentence does not."""
    found = []
    for ground in grounds:
        for match in _NEGATION.finditer(ground):
            after = ground[match.end() : match.end() + 2]
            if len(after) < 2 or not after.isalnum() or after not in body:
                continue
            denied = any(_denied(text, after) for text in _around(body, after))
            affirmed = any(not _denied(text, after) for text in _around(ground, after))
            if not denied and not affirmed:
                found.append(match.group() + after)
    return found


def _around(text: str, word: str) -> list[str]:
    """Return each place of ``word`` in ``text`` with the four characters before it."""
    return [text[max(0, at.start() - 4) : at.end()] for at in re.finditer(re.escape(word), text)]


def _denied(text: str, word: str) -> bool:
    return _NEGATION.search(text.removesuffix(word)) is not None


def names_in(text: str, library: Library) -> list[str]:
    """Return the names of a text: 《…》 and quoted words, places, areas, offices, and titled persons."""
    folded = fold(text)
    found = [fold(a or b) for a, b in _QUOTED.findall(text)]
    found += named_places(folded)
    found += named_areas(folded, known=library.holds)
    found += named_offices(folded)
    found += _PERSON.findall(folded)
    return list(dict.fromkeys(found))


def unknown_words(folded: str) -> list[str]:
    """Return the stretches that no dictionary knows, as characters that stand alone side by side: mostly names.

    >>> unknown_words("联席会议由戊市召集")
    ['戊市']
    """
    stopwords = load_lexicon().stopwords
    runs, run = [], ""
    for word in [*segment(folded), ""]:
        if len(word) == 1 and "\u3400" <= word <= "\u9fff" and word not in stopwords:
            run += word
            continue
        if len(run) >= 2:
            runs.append(run)
        run = ""
    return runs


def _named(name: str, grounds: Sequence[str]) -> bool:
    return any(form in ground for form in short_forms(name) for ground in grounds)


def novelty(text: str, asked: str, grounds: Sequence[str]) -> float:
    """Return the share of content words that do not stand in the grounds, in [0, 1].

    Those of ``asked``, a folded question whose words may be repeated, count half. A sentence without content words
    has nothing new.
    """
    terms = content_terms(text)
    if not terms:
        return 0.0
    new = [t for t in terms if not any(_holds(ground, t) for ground in grounds)]
    return sum(0.5 if term in asked else 1.0 for term in new) / len(terms)


def _holds(ground: str, term: str) -> bool:
    """Return whether a term, or both halves of a longer word, stand in the ground."""
    if term in ground:
        return True
    return len(term) >= 4 and all(term[i : i + 2] in ground for i in range(0, len(term) - 1, 2))
