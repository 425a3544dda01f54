"""What an index was built from and with, and how its files are known to be whole."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from index.errors import StoreError

FORMAT_VERSION: Final = 3
METRIC: Final = "inner product of unit vectors"
MANIFEST_FILE: Final = "manifest.json"
REBUILD: Final = "run: python -m index build"
# Larger files are only compared by size on opening: hashing them would cost more than reading them.
HASHED_UP_TO_BYTES: Final = 64 * 1024 * 1024
_HASH_BLOCK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Size and SHA-256 of one file of the index."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides the content of an index besides its corpus. Two equal ones give the same index.

    ``model`` is the name of the model's folder and ``probe`` the first components of its vector of a fixed
    text, so that other weights under an old name are noticed. ``code`` is the digest of the modules that turn
    a file into passages.
    """

    model: str
    dimension: int
    max_chars: int
    code: str
    probe: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The record beside the files of one index version.

    ``sources`` maps each file of the corpus folder to its SHA-256, ``documents`` each doc_id to the SHA-256 of its
    record. ``records`` maps a corpus file to the digest of its line in ``sources.jsonl``. ``files`` lists every
    file of the version but the manifest itself. ``created`` is ISO 8601, UTC.
    """

    format_version: int
    created: str
    metric: str
    settings: Settings
    sources: Mapping[str, str]
    documents: Mapping[str, str]
    passages: int
    sentences: int
    files: Mapping[str, FileRecord]
    records: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def entries(self) -> int:
        """Rows of the vector store: passages and sentences."""
        return self.passages + self.sentences

    def to_json(self) -> str:
        """Return the text of ``manifest.json``."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the index version in ``folder``.

    Raises:
        StoreError: it is missing, damaged or of another format.

    """
    path = folder / MANIFEST_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format_version"] != FORMAT_VERSION:
            raise StoreError(
                f"index {folder} has format {record['format_version']}, expected {FORMAT_VERSION}; {REBUILD}"
            )
        return _from_record(record)
    except FileNotFoundError as error:
        raise StoreError(f"index {folder} has no {MANIFEST_FILE}; {REBUILD}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path} is damaged ({type(error).__name__}: {error}); {REBUILD}") from error


def _from_record(record: Mapping[str, Any]) -> Manifest:
    settings = dict(record["settings"])
    settings["probe"] = tuple(float(value) for value in settings["probe"])
    fields = {
        **record,
        "settings": Settings(**settings),
        "files": {name: FileRecord(**file) for name, file in record["files"].items()},
    }
    manifest = Manifest(**fields)
    counts = (manifest.passages, manifest.sentences, manifest.settings.dimension, manifest.settings.max_chars)
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        raise ValueError("a count is not a whole number")
    return manifest


def check_settings(manifest: Manifest, **expected: object) -> None:
    """Return nothing when the index was built with the ``expected`` model, dimension, max_chars and so on.

    ``None`` stands for "any".

    Raises:
        StoreError: naming the first setting that differs, with both values.

    """
    for name, wanted in expected.items():
        found = getattr(manifest.settings, name)
        if wanted is not None and found != wanted:
            raise StoreError(f"the index was built with {name} = {found}, but {name} = {wanted} is set; {REBUILD}")


def check_files(folder: Path, manifest: Manifest) -> None:
    """Return nothing when every file that ``manifest`` lists is whole: its size, and its SHA-256 up to 64 MiB.

    Raises:
        StoreError: naming the first file that is missing, cut or altered.

    """
    for name, expected in manifest.files.items():
        path = folder / name
        try:
            size = path.stat().st_size
            digest = sha256_of(path) if size == expected.bytes <= HASHED_UP_TO_BYTES else expected.sha256
        except OSError as error:
            raise StoreError(f"index file {path} cannot be read ({error.strerror}); {REBUILD}") from error
        if size != expected.bytes:
            raise StoreError(f"index file {path} has {size} bytes, expected {expected.bytes}; {REBUILD}")
        if digest != expected.sha256:
            raise StoreError(
                f"index file {path} is damaged: SHA-256 {digest[:12]}…, expected {expected.sha256[:12]}…; "
                f"{REBUILD}"
            )


def file_records(folder: Path) -> dict[str, FileRecord]:
    """Return size and digest of every file under ``folder``, by its path with forward slashes, sorted."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST_FILE)
    return {
        path.relative_to(folder).as_posix(): FileRecord(path.stat().st_size, sha256_of(path)) for path in files
    }


def sha256_of(path: Path) -> str:
    """Return the hexadecimal SHA-256 of the file at ``path``."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
