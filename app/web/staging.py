"""Files between their preview and the word to add them: kept for an hour, for the one who sent them."""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

# Beyond these the oldest go.
_MAX_FILES = 16
_MAX_AGE_S = 3600.0
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Staged:
    """A file as it was sent."""

    name: str
    data: bytes


class Staging:
    """A folder of its own; nothing is made before the first file comes in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "staging"

    def put(self, name: str, data: bytes, *, by: str) -> str:
        """Keep a file and return the id under which it is found again."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._clear(_MAX_FILES - 1)
        staged = secrets.token_hex(16)
        self._data(staged).write_bytes(data)
        # Last, so that a file that is half written is never found.
        self._facts(staged).write_text(json.dumps({"name": name, "by": by}), encoding="utf-8")
        return staged

    def get(self, staged: str, *, by: str) -> Staged | None:
        """Return a file that the same caller sent within the hour."""
        if not _ID.fullmatch(staged):
            return None
        try:
            facts = json.loads(self._facts(staged).read_text(encoding="utf-8"))
            if facts["by"] != by or self._age_s(staged) > _MAX_AGE_S:
                return None
            return Staged(facts["name"], self._data(staged).read_bytes())
        except FileNotFoundError:
            return None

    def drop(self, staged: str) -> None:
        """Forget a file."""
        if _ID.fullmatch(staged):
            self._facts(staged).unlink(missing_ok=True)
            self._data(staged).unlink(missing_ok=True)

    def _clear(self, kept: int) -> None:
        found = sorted(self._folder.glob("*.file"), key=lambda path: path.stat().st_mtime, reverse=True)
        for number, path in enumerate(found):
            if number >= kept or self._age_s(path.stem) > _MAX_AGE_S:
                self.drop(path.stem)

    def _age_s(self, staged: str) -> float:
        return time.time() - self._data(staged).stat().st_mtime

    def _facts(self, staged: str) -> Path:
        return self._folder / f"{staged}.json"

    def _data(self, staged: str) -> Path:
        return self._folder / f"{staged}.file"
