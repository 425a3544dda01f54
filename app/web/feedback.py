"""What readers say of answers: 赞 or 踩 with a reason, kept in SQLite, the newest first when full."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.web.database import Database

MAX_ROWS = 50_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS feedback (
    answer_id TEXT PRIMARY KEY, rating TEXT NOT NULL, reason TEXT NOT NULL, question TEXT NOT NULL,
    answer TEXT NOT NULL, channel TEXT NOT NULL, at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS feedback_at ON feedback (at);
"""


class FeedbackIn(BaseModel):
    """A reader's word on one answer; sending it again for the same answer replaces it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"answer_id": "4f6c0d2be1a84f0d9d1c", "rating": "up"},
                {"answer_id": "4f6c0d2be1a84f0d9d1c", "rating": "down", "reason": "不完整：漏了第七项"},
            ]
        },
    )

    answer_id: str = Field(pattern=r"^[A-Za-z0-9_-]{8,64}$", description="`id` of the answer")
    rating: Literal["up", "down"] = Field(description="赞 is up, 踩 is down")
    reason: str = Field(default="", max_length=500)
    question: str = Field(default="", max_length=1000, description="what was asked, if it may be kept")
    answer: str = Field(default="", max_length=8000, description="what was answered, if it may be kept")


class FeedbackOut(FeedbackIn):
    """One kept word, with the channel it came from and when (seconds since 1970)."""

    channel: str
    at: float


class FeedbackKept(BaseModel):
    """The word was written down."""

    status: Literal["kept"] = "kept"


@dataclass(frozen=True, slots=True)
class FeedbackStore:
    """Writes and lists feedback. No address and no key is kept with it."""

    database: Database
    max_rows: int = MAX_ROWS

    @classmethod
    def in_folder(cls, folder: Path, *, max_rows: int = MAX_ROWS) -> FeedbackStore:
        """Return the store of a state folder; nothing is made before the first word comes in."""
        return cls(Database(folder / "feedback.sqlite", _SCHEMA), max_rows)

    def keep(self, word: FeedbackIn, *, channel: str = "") -> None:
        """Write one word down; above ``max_rows`` the oldest goes."""
        row = {**word.model_dump(), "channel": channel, "at": time.time()}
        with self.database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO feedback VALUES "
                "(:answer_id, :rating, :reason, :question, :answer, :channel, :at)",
                row,
            )
            connection.execute(
                "DELETE FROM feedback WHERE answer_id IN "
                "(SELECT answer_id FROM feedback ORDER BY at DESC LIMIT -1 OFFSET ?)",
                (self.max_rows,),
            )

    def newest(self, limit: int = 100) -> list[dict[str, Any]]:
        """Return the newest words, newest first."""
        with self.database.reading() as connection:
            if connection is None:
                return []
            rows = connection.execute("SELECT * FROM feedback ORDER BY at DESC LIMIT ?", (limit,))
            return [dict(row) for row in rows]
