"""API keys and signed tokens. A key is shown once; what is kept of it is a SHA-256 hash.

A key holds 256 random bits, so a slow hash would add cost and no safety: there is nothing to guess.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from app.web.callers import SCOPES, VISITOR_SCOPES
from app.web.database import Database
from index.errors import SettingsError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, scopes TEXT NOT NULL, hash BLOB NOT NULL,
    created REAL NOT NULL, expires REAL, revoked REAL
);
CREATE TABLE IF NOT EXISTS signing (one INTEGER PRIMARY KEY CHECK (one = 1), secret BLOB NOT NULL);
"""
_PREFIX = "wence"
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key: never the key. Times are seconds since 1970."""

    id: str
    name: str
    scopes: frozenset[str]
    created: float
    expires: float | None
    revoked: float | None

    def is_valid(self, now: float) -> bool:
        """Return whether the key opens anything now."""
        return self.revoked is None and (self.expires is None or now < self.expires)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a signed token says. ``key_id`` is the key it hangs on, or empty where no key is asked for."""

    kind: Literal["embed", "session"]
    key_id: str
    channel: str
    scopes: frozenset[str]
    expires: int


class KeyRing:
    """The keys of one state folder. Nothing is cached: a revoked key is refused by the next request."""

    def __init__(self, folder: Path) -> None:
        self._database = Database(folder / "keys.sqlite", _SCHEMA)

    def add(
        self, name: str, scopes: Collection[str], *, days: float | None = None, now: float | None = None
    ) -> tuple[Key, str]:
        """Return a new key and its text, which is shown once and cannot be read again.

        Raises:
            SettingsError: a scope is unknown, or there is none.

        """
        unknown = sorted(set(scopes) - set(SCOPES))
        if unknown or not scopes:
            raise SettingsError(f"scopes {', '.join(unknown) or '(none)'}: choose from {', '.join(SCOPES)}")
        created = time.time() if now is None else now
        expires = None if days is None else created + days * _DAY_S
        key = Key(secrets.token_hex(5), name.strip() or "unnamed", frozenset(scopes), created, expires, None)
        secret = secrets.token_urlsafe(32)
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (key.id, key.name, " ".join(sorted(key.scopes)), _hash(secret), created, expires),
            )
        return key, f"{_PREFIX}_{key.id}_{secret}"

    def rotate(self, key_id: str, *, overlap_days: float = 1.0) -> tuple[Key, str]:
        """Return a new key of the same name and scopes; the old one ends after ``overlap_days``.

        Raises:
            SettingsError: there is no valid key of that id.

        """
        old = self._existing(key_id)
        now = time.time()
        if not old.is_valid(now):
            raise SettingsError(f"key {key_id} is revoked or expired; make a new one: python -m app keys add NAME")
        days = None if old.expires is None else (old.expires - old.created) / _DAY_S
        new, text = self.add(old.name, old.scopes, days=days)
        end = now + overlap_days * _DAY_S
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE keys SET expires = min(coalesce(expires, ?), ?) WHERE id = ?", (end, end, key_id)
            )
        return new, text

    def revoke(self, key_id: str) -> Key:
        """Return the key, which opens nothing from now on, nor do the tokens that hang on it.

        Raises:
            SettingsError: there is no key of that id.

        """
        self._existing(key_id)
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE keys SET revoked = coalesce(revoked, ?) WHERE id = ?", (time.time(), key_id)
            )
        return self._existing(key_id)

    def listed(self) -> list[Key]:
        """Return all keys, the oldest first, revoked ones included."""
        with self._database.reading() as connection:
            if connection is None:
                return []
            return [_key(row) for row in connection.execute("SELECT * FROM keys ORDER BY created")]

    def in_use(self) -> bool:
        """Return whether a key was ever made: revoking the last one must not open the door."""
        with self._database.reading() as connection:
            return (
                connection is not None and connection.execute("SELECT 1 FROM keys LIMIT 1").fetchone() is not None
            )

    def find(self, text: str) -> Key | None:
        """Return the valid key whose text this is."""
        prefix, _, rest = text.partition("_")
        key_id, _, secret = rest.partition("_")
        if prefix != _PREFIX or not secret:
            return None
        with self._database.reading() as connection:
            row = connection and connection.execute("SELECT * FROM keys WHERE id = ?", (key_id,)).fetchone()
        if not row or not hmac.compare_digest(bytes(row["hash"]), _hash(secret)):
            return None
        key = _key(row)
        return key if key.is_valid(time.time()) else None

    def sign(self, ticket: Ticket) -> str:
        """Return the token of a ticket."""
        says = {"t": ticket.kind, "k": ticket.key_id, "c": ticket.channel, "e": ticket.expires}
        # A person who signs in may add documents; a page of another site that holds a token never can.
        most = VISITOR_SCOPES | ({"write"} if ticket.kind == "session" else frozenset())
        says["s"] = " ".join(sorted(ticket.scopes & most))
        body = _encode(json.dumps(says, separators=(",", ":")).encode())
        return f"wt.{body}.{_encode(self._mac(body))}"

    def read(self, token: str) -> Ticket | None:
        """Return what a token says, if it was signed here, has not expired and its key is still valid."""
        parts = token.split(".")
        if len(parts) != 3 or parts[0] != "wt" or len(token) > 1024 or not self._database.exists:
            return None
        if not hmac.compare_digest(_encode(self._mac(parts[1])).encode(), parts[2].encode("utf-8", "replace")):
            return None
        says = json.loads(_decode(parts[1]))
        now = time.time()
        scopes = frozenset(str(says["s"]).split())
        if says["e"] <= now:
            return None
        if says["k"]:
            key = next((one for one in self.listed() if one.id == says["k"]), None)
            if key is None or not key.is_valid(now):
                return None
            scopes &= key.scopes
        return Ticket(says["t"], says["k"], says["c"], scopes, says["e"])

    def _mac(self, body: str) -> bytes:
        return hmac.digest(self._signing_secret(), body.encode(), "sha256")

    def _signing_secret(self) -> bytes:
        with self._database.reading() as connection:
            row = connection and connection.execute("SELECT secret FROM signing").fetchone()
        if row:
            return bytes(row["secret"])
        with self._database.writing() as connection:
            # Two programs may come here at once; the first one's secret stays.
            connection.execute("INSERT OR IGNORE INTO signing VALUES (1, ?)", (secrets.token_bytes(32),))
            return bytes(connection.execute("SELECT secret FROM signing").fetchone()["secret"])

    def _existing(self, key_id: str) -> Key:
        found = next((key for key in self.listed() if key.id == key_id), None)
        if found is None:
            raise SettingsError(f"there is no key {key_id!r}; see: python -m app keys list")
        return found


def _hash(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "replace")).digest()


def _key(row: object) -> Key:
    values = dict(row)  # type: ignore[call-overload]
    scopes = frozenset(values["scopes"].split())
    return Key(values["id"], values["name"], scopes, values["created"], values["expires"], values["revoked"])


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
