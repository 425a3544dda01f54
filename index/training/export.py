"""A trained reader written as the small file that ``index/rerank.py`` loads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from index.rerank import ABOUT, FORMAT, digest
from index.training.network import Reader

# 7 bits: see Reader._linear in index/rerank.py.
_LEVELS = 63
_MATRICES = {
    "qkv": ("attention.self.query", "attention.self.key", "attention.self.value"),
    "out": ("attention.output.dense",),
    "up": ("intermediate.dense",),
    "down": ("output.dense",),
}
_NORMS = {"norm_1": "attention.output.LayerNorm", "norm_2": "output.LayerNorm"}


def export(reader: Reader, *, base: Path, path: Path, notes: Mapping[str, str]) -> Path:
    """Return ``path``, written whole: layers in 8 bits, heads in float32; ``notes`` go into its metadata."""
    state = {name: value.detach() for name, value in reader.state_dict().items()}
    tensors = {name: value for name, value in state.items() if name.startswith(("relevance.", "span."))}
    for layer in range(reader.layers):
        prefix = f"encoder.encoder.layer.{layer}."
        own = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
        tensors |= {f"layer.{layer}.{name}": value for name, value in _layer(own)}
    marker = json.loads((base / "wence-model.json").read_text(encoding="utf-8"))
    about = {**notes, "format": FORMAT, "digest": digest(tensors), "base_sha256": marker["source_sha256"]}
    path.parent.mkdir(parents=True, exist_ok=True)
    half_done = path.with_suffix(".tmp")
    # One entry: safetensors writes several in a random order, and two equal readers would differ in bytes.
    save_file(tensors, half_done, metadata={ABOUT: json.dumps(about, sort_keys=True)})
    half_done.chmod(0o644)
    half_done.replace(path)
    return path


def _layer(state: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for name, sources in _MATRICES.items():
        levels, scale = quantise(torch.cat([state[f"{source}.weight"] for source in sources]))
        yield f"{name}.weight", levels
        yield f"{name}.scale", scale
        yield f"{name}.bias", torch.cat([state[f"{source}.bias"] for source in sources])
    for name, source in _NORMS.items():
        for kind in ("weight", "bias"):
            yield f"{name}.{kind}", state[f"{source}.{kind}"]


def quantise(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return int8 (outputs, inputs) in -63..63 and float32 (outputs,): ``weight ≈ levels * scale[:, None]``.

    >>> levels, scale = quantise(torch.tensor([[0.25, -1.0]]))
    >>> levels.tolist(), round(float(scale[0]) * 63, 6)
    ([[16, -63]], 1.0)
    """
    scale = weight.abs().amax(1).clamp(min=1e-12) / _LEVELS
    return (weight / scale[:, None]).round().to(torch.int8), scale
