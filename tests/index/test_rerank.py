"""The reader: the 8-bit product against torch in float32, spans, damage, and the shipped weights."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from index.errors import ModelError
from index.models import resolve_model
from index.rerank import READER_FILE, Reader, load_reader

if TYPE_CHECKING:
    from index.training.network import Reader as Network

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "居住证的有效期是多久？"
SENTENCES = [
    "居住证的有效期为一年，期满前三十日内办理签注。",
    "申领居住证应当提交身份证明。",
    "🙂",
    "持证人离开本市的，居住证使用功能中止，返回后补办签注手续的恢复使用；" * 3,
]


@pytest.fixture(scope="session")
def base() -> Path:
    return resolve_model("embedded", cache_dir=ROOT / "build" / "models")


@pytest.fixture(scope="session")
def network(base: Path) -> Network:
    """Two of the base's layers under heads drawn at random: what it says is senseless, but must survive export."""
    import torch

    from index.training.network import Reader as Network

    torch.manual_seed(7)
    return Network.from_base(base, keep=(0, 1)).eval()


@pytest.fixture(scope="session")
def exported(base: Path, network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from index.training.export import export

    return export(network, base=base, path=tmp_path_factory.mktemp("reader") / "reader.safetensors", notes={})


@pytest.fixture(scope="session")
def reader(base: Path, exported: Path) -> Reader:
    return Reader.load(exported, base=base)


def test_scores_are_those_of_the_trained_network_but_for_rounding(
    base: Path, network: Network, reader: Reader
) -> None:
    import torch

    from index.training.network import encode, load_tokenizer

    with torch.inference_mode():
        expected, _ = network(encode(load_tokenizer(base), [(QUESTION, text) for text in SENTENCES]))
    found, _ = reader.score(QUESTION, SENTENCES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), atol=0.05)
    assert np.ptp(expected.numpy()) > 0.1  # else any constant would pass


def test_a_score_does_not_depend_on_its_neighbours(reader: Reader) -> None:
    together, spans = reader.score(QUESTION, SENTENCES)
    for sentence, relevance, span in zip(SENTENCES, together, spans, strict=True):
        (alone,), [own] = reader.score(QUESTION, [sentence])
        assert alone == pytest.approx(relevance, abs=1e-4)
        assert own[:2] == span[:2]


def test_spans_lie_inside_their_sentences_with_and_without_a_heading(reader: Reader) -> None:
    headings = ["居住证管理办法", "", "第三章 签发", "很长的标题" * 20]
    for contexts in (None, headings):
        _, spans = reader.score(QUESTION, SENTENCES, contexts=contexts)
        for sentence, (start, end, probability) in zip(SENTENCES, spans, strict=True):
            assert 0 <= start < end <= len(sentence)
            assert 0.0 <= probability <= 1.0


def test_a_heading_is_read(reader: Reader) -> None:
    bare, _ = reader.score(QUESTION, SENTENCES[:1])
    headed, _ = reader.score(QUESTION, SENTENCES[:1], contexts=["居住证管理办法"])
    assert bare[0] != headed[0]


@pytest.mark.parametrize("sentence", ["", " ", "龘" * 3000, "\u200b", "１０％"])
@pytest.mark.parametrize("question", ["", "？", "问" * 1000])
def test_no_text_is_too_strange(reader: Reader, question: str, sentence: str) -> None:
    (relevance,), [(start, end, probability)] = reader.score(question, [sentence])
    assert np.isfinite(relevance)
    assert 0 <= start <= end <= len(sentence)
    assert np.isfinite(probability)


def test_no_sentences_give_no_scores(reader: Reader) -> None:
    relevance, spans = reader.score(QUESTION, [])
    assert (relevance.shape, spans) == ((0,), [])


def test_contexts_must_match_the_sentences(reader: Reader) -> None:
    with pytest.raises(ValueError, match="zip"):
        reader.score(QUESTION, SENTENCES, contexts=["一个"])


def test_no_file_means_no_reader_and_no_error(base: Path, tmp_path: Path) -> None:
    assert load_reader(base, path=tmp_path / "reader-v1.safetensors") is None


@pytest.mark.parametrize(
    ("damage", "message"), [("truncated", "cannot read"), ("altered", "is altered"), ("empty", "cannot read")]
)
def test_a_damaged_reader_is_refused(
    base: Path, exported: Path, tmp_path: Path, damage: str, message: str
) -> None:
    data = bytearray(exported.read_bytes())
    if damage == "altered":
        data[-1] ^= 1
    else:
        del data[len(data) // 2 if damage == "truncated" else 0 :]
    broken = tmp_path / "reader-v1.safetensors"
    broken.write_bytes(data)
    with pytest.raises(ModelError, match=f"{message}.*train-reader"):
        load_reader(base, path=broken)


def test_a_safetensors_file_that_is_no_reader_is_refused(base: Path, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(1, dtype=np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match=r"has format None: expected 'wence-reader-1'"):
        load_reader(base, path=tmp_path / "other.safetensors")


def test_a_reader_of_another_base_model_is_refused(base: Path, exported: Path, tmp_path: Path) -> None:
    other = tmp_path / "bge"
    other.mkdir()
    for name in ("model.safetensors", "tokenizer.json"):
        (other / name).symlink_to(base / name)
    with pytest.raises(ModelError, match=r"cannot read over 'bge', a model made of unknown"):
        load_reader(other, path=exported)
    shutil.copy(base / "wence-model.json", other)
    assert load_reader(other, path=exported) is not None


# ------------------------------------------------------------------ the shipped weights


@pytest.fixture(scope="session")
def shipped(base: Path) -> Reader:
    found = load_reader(base)
    if found is None:
        pytest.skip(f"{READER_FILE.name} is not in this checkout")
    return found


@pytest.mark.parametrize(
    ("question", "sentences", "best", "answer"),
    [
        (
            "居住证的有效期是多久？",
            ["居住证的有效期为一年。", "居住证由公安机关签发。", "持有居住证的人依法享有权利。"],
            0,
            "一年",
        ),
        (
            "专项资金由哪个部门管理？",
            ["专项资金实行专款专用。", "专项资金由省财政厅统一管理。", "专项资金用于支持公共服务平台建设。"],
            1,
            "省财政厅",
        ),
        (
            "到2025年培育多少家示范企业？",
            ["到2025年，研发投入强度达到3%。", "支持企业创新。", "到2025年，培育示范企业200家。"],
            2,
            "200家",
        ),
    ],
)
def test_the_shipped_reader_finds_the_answering_sentence_and_the_answer(
    shipped: Reader, question: str, sentences: list[str], best: int, answer: str
) -> None:
    relevance, spans = shipped.score(question, sentences)
    assert int(relevance.argmax()) == best
    start, end, _ = spans[best]
    assert answer in sentences[best][start:end] or sentences[best][start:end] in answer


def test_the_shipped_reader_lowers_a_sentence_of_another_year(shipped: Reader) -> None:
    sentence = ["到2025年，培育示范企业200家。"]
    (right,), _ = shipped.score("到2025年培育多少家示范企业？", sentence)
    (wrong,), _ = shipped.score("到2035年培育多少家示范企业？", sentence)
    assert right > wrong


def test_the_shipped_file_is_small(shipped: Reader) -> None:
    assert READER_FILE.stat().st_size < 12_000_000
