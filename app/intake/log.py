"""Which documents came in through the service, by whom and when: only those may be taken out through it."""

from __future__ import annotations

import time
from pathlib import Path

from app.web.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS uploads (
    doc_id TEXT PRIMARY KEY, source TEXT NOT NULL, sha256 TEXT NOT NULL, added_by TEXT NOT NULL, at REAL NOT NULL
);
"""


class UploadLog:
    """One row for each document that was added and is still there."""

    def __init__(self, folder: Path) -> None:
        self._database = Database(folder / "uploads.sqlite", _SCHEMA)

    def note(self, doc_id: str, source: str, sha256: str, *, by: str) -> None:
        """Write a new document down."""
        with self._database.writing() as connection:
            row = (doc_id, source, sha256, by, time.time())
            connection.execute("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?)", row)

    def forget(self, doc_id: str) -> None:
        """Strike a document that was taken out."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM uploads WHERE doc_id = ?", (doc_id,))

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each noted file by doc_id."""
        with self._database.reading() as connection:
            rows = (
                [] if connection is None else connection.execute("SELECT doc_id, sha256 FROM uploads").fetchall()
            )
        return {row["doc_id"]: row["sha256"] for row in rows}
