"""Links to answers. Only what was answered here can be shared, so that nobody can publish words as ours."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from pathlib import Path
from uuid import uuid4

from pydantic import BaseModel, Field, ValidationError

from app.web.conversation import Exchange, exchange_of
from app.web.database import Database
from index.types import Answer

MAX_RECENT = 2_000
MAX_SHARED = 20_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS shared (id TEXT PRIMARY KEY, answer_id TEXT UNIQUE NOT NULL, at REAL NOT NULL,
    exchange TEXT NOT NULL);
"""


class ShareOut(BaseModel):
    """The address of a shared answer, relative to the service."""

    url: str = Field(examples=["/shared/Zk3…"])


class AnswerBook:
    """The recent answers in memory, and those that a reader asked a link for in SQLite.

    Whoever has a link sees the answer: its id holds 128 random bits.
    """

    def __init__(self, folder: Path, *, max_recent: int = MAX_RECENT, max_shared: int = MAX_SHARED) -> None:
        self._database = Database(folder / "shared.sqlite", _SCHEMA)
        self._recent: OrderedDict[str, Exchange] = OrderedDict()
        self._lock = threading.Lock()
        self._max_recent = max_recent
        self._max_shared = max_shared

    def remember(self, question: str, answer: Answer, *, seconds: float) -> Exchange:
        """Return the exchange with the id under which it can be shared while it is recent."""
        exchange = exchange_of(question, answer, seconds=seconds, answer_id=uuid4().hex)
        with self._lock:
            self._recent[exchange.id] = exchange
            if len(self._recent) > self._max_recent:
                self._recent.popitem(last=False)
        return exchange

    def recent(self, answer_id: str) -> Exchange | None:
        """Return a recent answer with its question."""
        with self._lock:
            return self._recent.get(answer_id)

    def share(self, answer_id: str) -> str | None:
        """Return the id of the link to an answer, the same each time; ``None`` where it is unknown or too old."""
        with self._database.reading() as connection:
            query = "SELECT id FROM shared WHERE answer_id = ?"
            row = connection and connection.execute(query, (answer_id,)).fetchone()
        if row:
            return str(row["id"])
        exchange = self.recent(answer_id)
        if exchange is None:
            return None
        share_id = secrets.token_urlsafe(16)
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO shared VALUES (?, ?, ?, ?)",
                (share_id, answer_id, time.time(), exchange.model_dump_json()),
            )
            connection.execute(
                "DELETE FROM shared WHERE id IN (SELECT id FROM shared ORDER BY at DESC LIMIT -1 OFFSET ?)",
                (self._max_shared,),
            )
            return str(connection.execute(query, (answer_id,)).fetchone()["id"])

    def shared(self, share_id: str) -> Exchange | None:
        """Return a shared answer; ``None`` for an unknown link, or one that another version wrote."""
        with self._database.reading() as connection:
            row = (
                connection
                and connection.execute("SELECT exchange FROM shared WHERE id = ?", (share_id,)).fetchone()
            )
        try:
            return Exchange.model_validate_json(row["exchange"]) if row else None
        except ValidationError:
            return None
