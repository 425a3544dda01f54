"""What the command lines assume when nothing is said. Both faces read these, so they cannot drift apart."""

from __future__ import annotations

from pathlib import Path
from typing import Final

CORPUS_DIR: Final = Path("corpus")
BUILD_DIR: Final = Path("build")
MODELS_DIR: Final = BUILD_DIR / "models"
INDEX_DIR: Final = BUILD_DIR / "index"
MODEL: Final = "embedded"
MAX_PASSAGE_CHARS: Final = 400
