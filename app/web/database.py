"""A small SQLite file: opened for each call, made on the first write, readable by its owner only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_PATIENCE_S = 5.0


class Database:
    """One file with one schema. A connection per call is safe across threads and processes."""

    def __init__(self, path: Path, schema: str) -> None:
        self._path = path
        self._schema = schema

    @property
    def exists(self) -> bool:
        """Whether anything was ever written."""
        return self._path.is_file()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection whose changes are kept if no exception is raised."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self.exists:
            # Before SQLite makes it with the mode of the process.
            self._path.touch(mode=0o600)
        with closing(self._open()) as connection, connection:
            connection.executescript(self._schema)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Give a connection, or ``None`` where nothing was ever written."""
        if not self.exists:
            yield None
            return
        with closing(self._open()) as connection:
            # Another program may have made the file a moment ago and not filled it yet.
            connection.executescript(self._schema)
            yield connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_PATIENCE_S)
        connection.row_factory = sqlite3.Row
        return connection
