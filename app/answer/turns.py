"""One turn of a conversation, as plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said; ``content`` is plain text without markup."""

    role: Literal["user", "assistant"]
    content: str
