"""What the command lines assume when nothing is said. Both faces read these, so they cannot drift apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

CORPUS_DIR: Final = Path("corpus")
BUILD_DIR: Final = Path("build")
MODELS_DIR: Final = BUILD_DIR / "models"
INDEX_DIR: Final = BUILD_DIR / "index"
ADAPTER_FILE: Final = BUILD_DIR / "adapter.safetensors"
RERANKER_FILE: Final = BUILD_DIR / "reranker.safetensors"
MODEL: Final = "embedded"
MAX_PASSAGE_CHARS: Final = 400


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a command of the index takes where a flag is not given. This package reads no settings: callers may."""

    corpus: Path = CORPUS_DIR
    index: Path = INDEX_DIR
    models: Path = MODELS_DIR
    model: str = MODEL
    max_chars: int = MAX_PASSAGE_CHARS
    threads: int = 1
    program: str = "python -m index"
