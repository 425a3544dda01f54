"""``python -m app keys``: make, list, rotate and revoke the keys that open the HTTP service."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from app.settings import Settings


def add_keys_command(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add ``keys`` to the commands of the program."""
    keys = commands.add_parser("keys", help="make, list, rotate and revoke keys for the HTTP service")
    actions = keys.add_subparsers(required=True, metavar="ACTION")
    add = actions.add_parser("add", parents=[shared], help="make a key; it is shown once")
    add.add_argument("name", help="whose key it is, for the list")
    add.add_argument(
        "--scope",
        action="append",
        metavar="SCOPE",
        help="ask, read, feedback, write or admin; may be repeated (default: ask read feedback)",
    )
    add.add_argument("--days", type=float, help="days until it expires (default: never)")
    add.set_defaults(run=_add)
    actions.add_parser("list", parents=[shared], help="list the keys, without the keys").set_defaults(run=_list)
    rotate = actions.add_parser("rotate", parents=[shared], help="make a successor; the old key ends a day later")
    rotate.add_argument("id", help="id from the list")
    rotate.add_argument("--overlap-days", type=float, default=1.0, help="days for which both work (default: 1)")
    rotate.set_defaults(run=_rotate)
    revoke = actions.add_parser("revoke", parents=[shared], help="end a key and its tokens at once")
    revoke.add_argument("id", help="id from the list")
    revoke.set_defaults(run=_revoke)


def _ring(settings: Settings) -> Any:
    from app.web.keys import KeyRing

    return KeyRing(settings.state_dir)


def _add(arguments: argparse.Namespace, settings: Settings) -> int:
    scopes = arguments.scope or ["ask", "read", "feedback"]
    key, text = _ring(settings).add(arguments.name, scopes, days=arguments.days)
    _show(key.id, text)
    return 0


def _rotate(arguments: argparse.Namespace, settings: Settings) -> int:
    key, text = _ring(settings).rotate(arguments.id, overlap_days=arguments.overlap_days)
    _show(key.id, text)
    return 0


def _show(key_id: str, text: str) -> None:
    # The key alone goes to standard output, so that it can be piped into a secret store.
    print(f"key {key_id} (keep it now: it is not shown again)", file=sys.stderr, flush=True)
    print(text)


def _list(arguments: argparse.Namespace, settings: Settings) -> int:
    now = time.time()
    for key in _ring(settings).listed():
        state = "revoked" if key.revoked else "valid" if key.is_valid(now) else "expired"
        ends = "-" if key.expires is None else time.strftime("%Y-%m-%d", time.localtime(key.expires))
        print(f"{key.id}\t{state}\t{ends}\t{','.join(sorted(key.scopes))}\t{key.name}")
    return 0


def _revoke(arguments: argparse.Namespace, settings: Settings) -> int:
    key = _ring(settings).revoke(arguments.id)
    print(f"key {key.id} ({key.name}) is revoked", file=sys.stderr)
    return 0
