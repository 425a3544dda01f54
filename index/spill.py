"""Vectors computed so far, kept on disk until the index that they are for is published.

A build of a large corpus takes hours. When it is killed, the next one finds here what it had computed. The file
grows by whole records; a record cut by the kill is left out on reading.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import numpy as np
from numpy.typing import NDArray

from index.entries import KEY_BYTES, same_probe
from index.manifest import Settings

SPILL_FILE: Final = "SPILL"


class Spill:
    """The spill file of one index folder, for the model of ``settings``; a context, for one build at a time."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._path = folder / SPILL_FILE
        self._settings = settings
        self._record = np.dtype([("key", "u1", KEY_BYTES), ("vector", "<f4", settings.dimension)])
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def read(self) -> dict[bytes, NDArray[np.float32]]:
        """The vectors of an unfinished build by the digest of their text; empty after another model's."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        head, _, body = data.partition(b"\n")
        if not self._is_ours(head):
            return {}
        count = len(body) // self._record.itemsize
        records = np.frombuffer(body[: count * self._record.itemsize], dtype=self._record)
        return {record["key"].tobytes(): record["vector"].copy() for record in records}

    def add(self, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Append one batch: ``vectors`` is float32 (n, d), row i for ``keys[i]``."""
        if self._file is None:
            self._file = self._open()
        records = np.zeros(len(keys), dtype=self._record)
        records["key"] = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), KEY_BYTES)
        records["vector"] = vectors
        self._file.write(records.tobytes())
        self._file.flush()

    def discard(self) -> None:
        """Delete the file: the index has the vectors now, or they are not wanted."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._path.unlink(missing_ok=True)

    def _open(self) -> IO[bytes]:
        """The file open at the end of its last whole record; begun anew after another model's."""
        kept = self._whole_bytes()
        file = self._path.open("r+b" if kept else "wb")
        if kept:
            file.truncate(kept)
            file.seek(kept)
        else:
            file.write(self._head() + b"\n")
        return file

    def _whole_bytes(self) -> int:
        if not self._path.is_file():
            return 0
        data = self._path.read_bytes()
        head, mark, body = data.partition(b"\n")
        if not mark or not self._is_ours(head):
            return 0
        return len(head) + 1 + len(body) // self._record.itemsize * self._record.itemsize

    def _head(self) -> bytes:
        settings = self._settings
        record = {"model": settings.model, "dimension": settings.dimension, "probe": settings.probe}
        return json.dumps(record, ensure_ascii=False).encode()

    def _is_ours(self, head: bytes) -> bool:
        try:
            record = json.loads(head)
            same_model = (record["model"], record["dimension"]) == (self._settings.model, self._settings.dimension)
            return same_model and same_probe(record["probe"], self._settings.probe)
        except (ValueError, KeyError, TypeError):
            return False
