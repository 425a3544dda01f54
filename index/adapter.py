"""A low-rank adapter added to the weights of a model folder.

The file (safetensors, float16) holds a pair ``NAME.a`` (rank, inputs) and ``NAME.b`` (outputs, rank) for each
matrix ``NAME.weight`` (outputs, inputs) that it changes; ``python -m index train-adapter`` writes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

# The key of the file's metadata under which its recipe and groups stand, as JSON.
ABOUT: Final = "wence"
_WEIGHTS_FILE: Final = "model.safetensors"
_REMEDY: Final = "restore the file from the repository, or run: python -m index train-adapter --data eval/practice"


def merge_adapter(folder: Path, adapter: Path) -> None:
    """Add ``b @ a`` of every pair of ``adapter`` to its matrix in ``folder/model.safetensors``.

    The weights are replaced as a whole or not at all.

    Raises:
        ModelError: a file cannot be read, a pair is incomplete or not finite, or it does not fit its matrix.

    """
    from safetensors.numpy import save_file

    weights = _read(folder / _WEIGHTS_FILE, "copy the whole model again")
    for name, (a, b) in _pairs(adapter).items():
        key = f"{name}.weight"
        if key not in weights:
            raise ModelError(
                f"adapter {str(adapter)!r} changes {key}, which the model in {str(folder)!r} has not: expected "
                f"the model that it was trained on; {_REMEDY}"
            )
        weight = weights[key]
        if a.ndim != 2 or b.ndim != 2 or len(a) != b.shape[1] or weight.shape != (len(b), a.shape[1]):
            raise ModelError(
                f"adapter {str(adapter)!r} has a {a.shape} and b {b.shape} for {key} {weight.shape}: expected "
                f"(rank, inputs) and (outputs, rank) of the model that it was trained on; {_REMEDY}"
            )
        weights[key] = (weight.astype(np.float32) + b @ a).astype(weight.dtype)
    path = folder / _WEIGHTS_FILE
    half_done = path.with_name(f".{path.name}.tmp")
    save_file(weights, half_done, metadata={"format": "pt"})
    half_done.chmod(0o644)
    half_done.replace(path)


def _pairs(adapter: Path) -> dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The adapter's pairs as float32, by the name of their matrix."""
    tensors = _read(adapter, _REMEDY)
    names = sorted({key.rpartition(".")[0] for key in tensors})
    expected = {f"{name}.{side}" for name in names for side in "ab"}
    if not tensors or expected != set(tensors):
        odd = ", ".join(sorted(expected ^ set(tensors))[:2]) or "nothing"
        raise ModelError(
            f"adapter {str(adapter)!r} is no whole adapter ({odd}): expected NAME.a and NAME.b of every matrix; "
            f"{_REMEDY}"
        )
    if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
        raise ModelError(f"adapter {str(adapter)!r} holds values that are not finite; {_REMEDY}")
    return {
        name: (tensors[f"{name}.a"].astype(np.float32), tensors[f"{name}.b"].astype(np.float32)) for name in names
    }


def _read(path: Path, remedy: str) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (OSError, SafetensorError, KeyError, TypeError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(
            f"cannot read {str(path)!r} ({reason}): expected safetensors weights; {remedy}"
        ) from error
