"""Index versions side by side in one folder: one is current, a new one replaces it whole or not at all.

build/index/
  CURRENT          name of the version in use and the SHA-256 of its manifest
  LOCK             held while a build runs; the kernel frees it when the builder dies
  v-…/             a finished version; the one before is kept for readers that are just opening it
  building-…/      an unfinished one; left behind only by a build that was killed
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from index.errors import StoreError
from index.manifest import MANIFEST_FILE, REBUILD, sha256_of

POINTER_FILE: Final = "CURRENT"
LOCK_FILE: Final = "LOCK"
_KEPT_VERSIONS: Final = 2
_VERSION_NAME: Final = re.compile(r"v-[0-9A-Za-z-]+")
_BUILDING: Final = "building-"


def current_version(folder: Path) -> Path:
    """Return the folder of the version in use.

    Raises:
        StoreError: there is none, or its manifest is not the one that was switched to.

    """
    pointer = folder / POINTER_FILE
    try:
        name, _, digest = pointer.read_text(encoding="utf-8").strip().partition(" ")
    except FileNotFoundError as error:
        raise StoreError(f"there is no index in {folder}; {REBUILD}") from error
    except (OSError, ValueError) as error:
        raise StoreError(f"{pointer} cannot be read ({error}); {REBUILD}") from error
    # The name comes from a file: anything but a plain version name could lead out of the folder.
    if not _VERSION_NAME.fullmatch(name):
        raise StoreError(f"{pointer} is damaged: {name[:40]!r} is not a version name; {REBUILD}")
    version = folder / name
    try:
        found = sha256_of(version / MANIFEST_FILE)
    except OSError as error:
        raise StoreError(f"{version / MANIFEST_FILE} cannot be read ({error.strerror}); {REBUILD}") from error
    if found != digest:
        raise StoreError(
            f"{version / MANIFEST_FILE} is damaged: SHA-256 {found[:12]}…, expected {digest[:12]}…; {REBUILD}"
        )
    return version


def read_pointer(folder: Path) -> str | None:
    """Return what names the version in use, which changes with every build; ``None`` where it cannot be read."""
    try:
        return (folder / POINTER_FILE).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


@contextmanager
def exclusive_build(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to build a version in, while no other process can build; it is removed at the end.

    Raises:
        StoreError: another build is running, or ``folder`` cannot be written.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(
            f"cannot write the index folder {folder}: {error.strerror}; set another build_dir"
        ) from error
    try:
        _take(lock, folder)
        for left in folder.glob(f"{_BUILDING}*"):
            shutil.rmtree(left, ignore_errors=True)
        building = folder / f"{_BUILDING}{os.getpid()}"
        building.mkdir()
        try:
            yield building
        finally:
            shutil.rmtree(building, ignore_errors=True)
    finally:
        os.close(lock)


def publish(folder: Path, building: Path) -> Path:
    """Make the finished ``building`` the current version of ``folder`` and return its new place.

    Everything reaches the disk before the pointer is replaced, so a crash leaves the old version or the new one.
    """
    digest = sha256_of(building / MANIFEST_FILE)
    version = folder / f"v-{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{digest[:8]}"
    for path in (*building.rglob("*"), building):
        _flush(path)
    building.replace(version)
    _flush(folder)
    pointer = folder / f"{POINTER_FILE}.new"
    pointer.write_text(f"{version.name} {digest}\n", encoding="utf-8")
    _flush(pointer)
    pointer.replace(folder / POINTER_FILE)
    _flush(folder)
    _prune(folder, version)
    return version


def drop_old_versions(folder: Path) -> None:
    """Delete every version but the current one, so that what was removed from the corpus is nowhere on the disk.

    Raises:
        StoreError: there is no index, or a build is running.

    """
    with exclusive_build(folder):
        current = current_version(folder)
        for path in folder.glob("v-*"):
            if path != current:
                shutil.rmtree(path, ignore_errors=True)


def _take(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise StoreError(
            f"another build of {folder} is running (process {holder}): wait until it has finished, then repeat"
        ) from error
    os.truncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _prune(folder: Path, current: Path) -> None:
    # Names start with the time, so they sort by age; the current one is spared even if the clock went back.
    older = sorted(path for path in folder.glob("v-*") if path != current)
    for path in older[: max(0, len(older) - (_KEPT_VERSIONS - 1))]:
        shutil.rmtree(path, ignore_errors=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
