"""Text turned into unit vectors: the only importer of sentence-transformers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class Embedder:
    """Encodes queries and passages with the prompts saved in the model folder.

    Texts longer than the model's window (512 tokens for the default model) are cut at its end.
    """

    def __init__(self, model: SentenceTransformer, *, name: str, batch_size: int) -> None:
        self._model = model
        self._batch_size = batch_size
        self.name = name
        dimension = model.get_embedding_dimension()
        if not dimension:
            raise ModelError(f'model {name!r} does not say its embedding dimension; set model = "embedded"')
        self.dimension: int = dimension

    @classmethod
    def load(cls, model_dir: Path, *, threads: int = 1, batch_size: int = 32) -> Self:
        """Return the embedder of the sentence-transformers folder ``model_dir``; no network call.

        ``threads`` sets torch's thread count for the whole process.

        Raises:
            ModelError: the folder cannot be loaded.

        """
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        torch.set_num_threads(threads)
        # A bar for a load of two seconds would only litter the faces' standard error.
        bar_was_on = transformers_logging.is_progress_bar_enabled()
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            # bfloat16 checkpoints would load as such, which is several times slower on most CPUs.
            model = SentenceTransformer(
                str(model_dir), device="cpu", local_files_only=True, model_kwargs={"dtype": torch.float32}
            )
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise ModelError(
                f"cannot load the embedding model in {str(model_dir)!r} ({reason}): expected a "
                "sentence-transformers folder; remove it and run: python -m index build"
            ) from error
        finally:
            if bar_was_on:
                transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
        return cls(model, name=model_dir.name, batch_size=batch_size)

    def encode_queries(self, queries: list[str]) -> NDArray[np.float32]:
        """Return float32 (n, d), C-contiguous, rows of unit L2 norm, under the model's query prompt."""
        if not queries:
            return self._nothing()
        return self._checked(
            self._model.encode_query(
                queries, batch_size=self._batch_size, normalize_embeddings=True, show_progress_bar=False
            )
        )

    def encode_passages(self, passages: list[str], progress: bool = False) -> NDArray[np.float32]:
        """Return float32 (n, d), C-contiguous, rows of unit L2 norm, under the model's document prompt.

        ``progress`` shows a bar on standard error.
        """
        if not passages:
            return self._nothing()
        return self._checked(
            self._model.encode_document(
                passages, batch_size=self._batch_size, normalize_embeddings=True, show_progress_bar=progress
            )
        )

    def _nothing(self) -> NDArray[np.float32]:
        return np.zeros((0, self.dimension), dtype=np.float32)

    def _checked(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != self.dimension or not np.isfinite(vectors).all():
            raise ModelError(
                f"model {self.name!r} gave vectors of shape {vectors.shape}: "
                f"expected finite (n, {self.dimension}); the folder is damaged: "
                "remove it and run: python -m index build"
            )
        return vectors
