"""The word lists of ``app/answer/lexicon/``, loaded once and checked on load."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from index.errors import SettingsError

LEXICON_DIR = Path(__file__).parent / "lexicon"


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Word lists for reading questions; see ``app/answer/lexicon/README.md`` for their sources."""

    question_words: dict[str, tuple[str, ...]]
    attributes: dict[str, tuple[str, ...]]
    fields: dict[str, tuple[str, ...]]
    synonyms: dict[str, frozenset[str]]
    stopwords: frozenset[str]
    places: frozenset[str]
    counties: frozenset[str]
    nicknames: dict[str, str]
    injections: tuple[re.Pattern[str], ...]
    opposites: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


@lru_cache(maxsize=1)
def load_lexicon() -> Lexicon:
    """Return the word lists.

    Raises:
        SettingsError: if a file is missing, is not JSON or holds a pattern that does not compile.

    """
    groups: dict[str, set[str]] = {}
    for group in [*_read("synonyms.json")["groups"], *_read("thesaurus.json")["groups"]]:
        for word in group:
            groups.setdefault(word, set()).update(other for other in group if other != word)
    try:
        injections = tuple(re.compile(p, re.IGNORECASE) for p in _read("injections.json")["patterns"])
    except re.error as error:
        raise SettingsError(
            f"lexicon/injections.json: {error.pattern!r} is no regular expression: {error}"
        ) from error
    return Lexicon(
        question_words=_lists("question_words.json"),
        attributes=_lists("attributes.json"),
        fields=_lists("fields.json"),
        synonyms={word: frozenset(others) for word, others in groups.items()},
        places=frozenset(" ".join(_read("places.json")["names"]).split()),
        nicknames=dict(_read("places.json")["nicknames"]),
        counties=frozenset(" ".join(_read("places.json")["counties"]).split()),
        stopwords=frozenset(_read("stopwords.json")["words"]),
        injections=injections,
        opposites=tuple((tuple(one), tuple(other)) for one, other in _read("opposites.json")["pairs"]),
    )


def _lists(name: str) -> dict[str, tuple[str, ...]]:
    return {key: tuple(words) for key, words in _read(name).items() if key != "source"}


def _read(name: str) -> dict[str, Any]:
    path = LEXICON_DIR / name
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"word list {name} cannot be read: {error}; restore it from the repository") from error
    if not isinstance(data, dict) or not data.get("source"):
        raise SettingsError(f'word list {name} must be an object with a "source"')
    return data
