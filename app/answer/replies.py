"""The fixed replies of ``prompts/replies.zh.json``, checked on load."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from index.errors import SettingsError

_NAMES = (
    "refusal",
    "refusal_injection",
    "searched",
    "no_document",
    "yes",
    "no",
    "list_count",
    "same",
    "only",
    "side",
    "compared",
    "contents",
    "not_mentioned",
    "unverified",
)
_WRITING = ("written", "completed", "cut", "read", "rest")
_WRITING_FAULTS = (
    "timeout", "unavailable", "rejected", "malformed", "cut", "oversize", "stopped", "refused", "empty",
    "no_citation", "unsupported",
)  # fmt: skip
_MORE = ("more", "less", "high", "low", "big", "small", "early", "late", "long", "short", "equal")
_MISSING = ("year", "article", "place", "name", "term", "value")


@dataclass(frozen=True, slots=True)
class Replies:
    """Every sentence that the assistant says of itself, in Chinese."""

    refusal: str
    refusal_injection: str
    searched: str
    no_document: str
    yes: str
    no: str
    list_count: str
    same: str
    only: str
    side: str
    compared: str
    contents: str
    not_mentioned: str
    unverified: str
    missing: dict[str, str]
    value_names: dict[str, str]
    more: dict[str, str]
    writing: dict[str, str]
    writing_faults: dict[str, str]


def load_replies(folder: Path) -> Replies:
    """Return the replies.

    Raises:
        SettingsError: if the file or one of its entries is missing.

    """
    path = folder / "replies.zh.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot read {path}: {error}; restore it or set WENCE_PROMPTS_DIR") from error
    wrong = _faults(data)
    if wrong:
        raise SettingsError(f"{path}: {', '.join(wrong)}; restore it from the repository")
    return Replies(**data)


def _faults(data: object) -> list[str]:
    """Return what is missing from the file, unknown in it or not text."""
    if not isinstance(data, dict):
        return ["expected an object of texts"]
    tables = {
        "missing": _MISSING,
        "value_names": (),
        "more": _MORE,
        "writing": _WRITING,
        "writing_faults": _WRITING_FAULTS,
    }
    wrong = [f"{name} is missing" for name in (*_NAMES, *tables) if name not in data]
    wrong += [f"{name} is unknown" for name in data if name not in _NAMES and name not in tables]
    wrong += [f"{name} is no text" for name in _NAMES if not isinstance(data.get(name, ""), str)]
    for name, needed in tables.items():
        table = data.get(name, {})
        if not isinstance(table, dict) or not all(isinstance(text, str) for text in table.values()):
            wrong.append(f"{name} is no object of texts")
        else:
            wrong += [f"{name}.{key} is missing" for key in needed if key not in table]
    return wrong
