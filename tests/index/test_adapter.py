"""The adapter: practice folders read, both losses by hand, training on a tiny random BERT, merging."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.adapter import ABOUT, merge_adapter
from index.cli import main
from index.errors import CorpusError, ModelError
from index.training.data import Group, epoch_batches, load_group, load_groups
from index.training.recipe import Recipe

QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "x-1",
        "question": "电动车要造多少辆？",
        "answerable": True,
        # White space and width differ from the document's.
        "evidence": [[{"source": "plan.txt", "quote": "新能源汽车产量达到 ３００\n万辆"}]],
    },
    {
        "id": "x-2",
        "question": "互派干部多久，路网多密？",
        "answerable": True,
        "evidence": [
            [{"source": "pact.txt", "quote": "每批不少于10人，期限为一年。"}],
            [{"source": "plan.txt", "quote": "路网密度达到8.5公里/平方公里"}],
        ],
    },
    {"id": "x-3", "question": "旅游节办几天？", "answerable": False, "evidence": []},
    {
        "id": "x-4",
        "question": "那一年呢？",
        "answerable": True,
        "history": [{"role": "user", "content": "目标是多少？"}],
        "evidence": [[{"source": "plan.txt", "quote": "比重达5.7%"}]],
    },
]
# Small enough for a second of training; the peak rate suits the tiny model.
RECIPE = Recipe(
    epochs=6, rank=4, learning_rate=0.02, warmup_steps=2, temperature=0.2, bfloat16=False, foreign_sentences=2
)


def write_questions(folder: Path, records: list[dict[str, Any]] = QUESTIONS) -> None:
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    (folder / "questions.jsonl").write_text("".join(lines), encoding="utf-8")


@pytest.fixture
def practice(corpus: Path, tmp_path: Path) -> Path:
    """Three groups, g1, g2 and g3, of the same two documents."""
    write_questions(corpus)
    for name in ("g1", "g2", "g3"):
        shutil.copytree(corpus, tmp_path / "practice" / name)
    return tmp_path / "practice"


@pytest.fixture
def group(practice: Path) -> Group:
    return load_group(practice / "g1")


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the default model's: two random layers of width 32 over single characters."""
    import torch
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    # Matrices this small are slower on several threads, most of all where the cores are busy.
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("base")
    characters = sorted(
        set("电动车要造多少辆互派干部多久路网密旅游节办几天新能源汽车产量达到每批不少于人期限为一年公里平方")
    )
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *characters]
    tokenizer = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(pieces)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=400,
        pad_token_id=1,
    )
    with torch.random.fork_rng():
        torch.manual_seed(7)
        BertModel(config).save_pretrained(folder)
    prompts = {"prompts": {"query": "query: ", "document": "passage: "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts), encoding="utf-8")
    return folder


@pytest.fixture
def base(tiny_base: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(tiny_base, tmp_path / "model"))


# ------------------------------------------------------------------ data


def test_evidence_becomes_the_sentences_it_stands_in(group: Group) -> None:
    first, second = group.questions
    assert [group.sentences[number].text for number in first.positives] == [
        "一、总体目标\n到2027年，全社会研发经费投入占地区生产总值的比重达5.7%，高新技术企业超过1000家，"
        "新能源汽车产量达到300万辆。"
    ]
    found = [group.sentences[number] for number in second.positives]
    assert {sentence.doc_id for sentence in found} == {"pact", "plan"}
    assert any(sentence.text.endswith("每批不少于10人，期限为一年。") for sentence in found)
    assert any("路网密度" in sentence.text for sentence in found)
    assert len(found) == 2


def test_other_wordings_are_asked_too(practice: Path) -> None:
    lines = [{"id": "x-2", "question": "路网密度"}, {"id": "x-3", "question": "节庆几天"}]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (practice / "reworded.jsonl").write_text(text, encoding="utf-8")
    plain, again = load_group(practice / "g1").questions[-2:]
    assert (again.question_id, again.text, again.positives) == ("x-2", "路网密度", plain.positives)
    assert load_group(practice / "g1").unanswerable == ("旅游节办几天？", "节庆几天")


def test_follow_ups_are_skipped_and_unanswerable_questions_kept_apart(group: Group) -> None:
    assert [question.question_id for question in group.questions] == ["x-1", "x-2"]
    assert group.unanswerable == ("旅游节办几天？",)


def test_groups_left_out_are_apart(practice: Path) -> None:
    training, left_out = load_groups(practice, leave_out=("g2",))
    assert [one.name for one in training] == ["g1", "g3"]
    assert [one.name for one in left_out] == ["g2"]
    assert len(load_groups(practice)[0]) == 3


def test_wrong_groups_are_refused(practice: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no practice group g9 to leave out .*known: g1, g2, g3"):
        load_groups(practice, leave_out=("g9",))
    with pytest.raises(CorpusError, match="no practice group to train on"):
        load_groups(practice, leave_out=("g1", "g2", "g3"))
    with pytest.raises(CorpusError, match="no such folder"):
        load_groups(tmp_path / "nowhere")


def test_bad_questions_are_refused_with_their_line(practice: Path) -> None:
    folder = practice / "g1"
    absent = QUESTIONS[0] | {"evidence": [[{"source": "plan.txt", "quote": "产量达到301万辆"}]]}
    write_questions(folder, [QUESTIONS[2], absent])
    with pytest.raises(CorpusError, match="line 2: no document has the evidence of x-1"):
        load_group(folder)
    write_questions(folder, [{"id": "x-1", "question": "何时？"}])
    with pytest.raises(CorpusError, match="line 1: KeyError 'answerable'"):
        load_group(folder)
    (folder / "questions.jsonl").write_text("\n{", encoding="utf-8")
    with pytest.raises(CorpusError, match="line 2 is not JSON"):
        load_group(folder)
    write_questions(folder)
    (folder / "empty.txt").write_text("", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"empty\.txt"):
        load_group(folder)


def test_a_batch_has_its_whole_document_and_no_unmarked_answer(group: Group) -> None:
    batches = epoch_batches([group], recipe=RECIPE, epoch=0)
    assert sorted(len(batch.questions) for batch in batches) == [1, 2]  # pact is asked about once, plan twice
    for batch in batches:
        asked = {question.text: question for question in group.questions}
        for text, rows in zip(batch.questions, batch.positives, strict=True):
            answering = {group.sentences[number].text for number in asked[text].positives}
            marked = {batch.sentences[row] for row in rows}
            assert rows
            assert marked == answering & set(batch.sentences)
        assert batch.unanswerable == ("旅游节办几天？",)
    assert epoch_batches([group], recipe=RECIPE, epoch=0) == batches
    assert any(epoch_batches([group], recipe=RECIPE, epoch=epoch) != batches for epoch in range(1, 5))


# ------------------------------------------------------------------ losses


def test_losses_by_hand() -> None:
    import torch

    from index.training.losses import null_loss, ranking_loss

    similarity = torch.tensor([[0.8, 0.6, 0.2], [0.5, 0.4, 0.9]])
    positive = torch.tensor([[True, True, False], [False, False, True]])
    first = -math.log((math.exp(4) + math.exp(3)) / (math.exp(4) + math.exp(3) + math.exp(1)))
    second = -math.log(math.exp(4.5) / (math.exp(2.5) + math.exp(2) + math.exp(4.5)))
    found = ranking_loss(similarity, positive, temperature=0.2)
    assert float(found) == pytest.approx((first + second) / 2, rel=1e-5)

    def surprise(x: float) -> float:
        return math.log1p(math.exp(-x))

    # Best right .8 and .9, best wrong .2 and .5, best of the unanswerable question .75; t = .7, T = .1.
    expected = (surprise(1) + surprise(5) + surprise(2) + surprise(2)) / 2 + surprise(-0.5)
    unanswerable = torch.tensor([[0.1, 0.75, 0.3]])
    found = null_loss(similarity, positive, unanswerable, torch.tensor(0.7), temperature=0.1)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_a_question_that_every_sentence_answers_has_a_gradient() -> None:
    import torch

    from index.training.losses import null_loss

    similarity = torch.tensor([[0.8, 0.6], [0.3, 0.9]], requires_grad=True)
    positive = torch.tensor([[True, True], [False, True]])
    null_loss(similarity, positive, torch.empty(0, 2), torch.tensor(0.7), temperature=0.1).backward()  # type: ignore[no-untyped-call]
    assert similarity.grad is not None
    assert torch.isfinite(similarity.grad).all()
    assert float(similarity.grad[0, 1]) == 0.0
    assert float(similarity.grad[1, 0]) > 0.0


# ------------------------------------------------------------------ training and merging


def test_training_lowers_the_loss_and_the_merged_model_is_the_trained_one(
    group: Group, base: Path, tmp_path: Path
) -> None:
    import torch

    from index.training.adapter import Encoder, attach, first_right, save, train

    texts = ["新能源汽车产量达到多少辆", "每批不少于", "路"]
    with torch.inference_mode():
        before = Encoder(base, RECIPE).encode_passages(texts).numpy()
    encoder = Encoder(base, RECIPE)
    pairs = attach(encoder, RECIPE)
    assert len(pairs) == 2 * 6
    with torch.inference_mode():
        np.testing.assert_allclose(encoder.encode_passages(texts).numpy(), before, atol=1e-6)
    said: list[str] = []
    losses = list(train(encoder, pairs, [group] * 4, recipe=RECIPE, progress=said.append))
    assert len(losses) == RECIPE.epochs
    assert losses[-1] < 0.8 * losses[0]
    assert [line.split(":")[0] for line in said] == ["step 16 of 48", "step 32 of 48", "step 48 of 48"]
    share, mrr = first_right(encoder, [group])
    assert 0.0 <= share <= mrr <= 1.0
    save(pairs, tmp_path / "adapter.safetensors", recipe=RECIPE, groups=[group])
    merge_adapter(base, tmp_path / "adapter.safetensors")
    with torch.inference_mode():
        trained = encoder.encode_passages(texts).numpy()
        merged = Encoder(base, RECIPE).encode_passages(texts).numpy()
    assert np.abs(trained - before).max() > 0.05  # else nothing was trained and anything would pass
    np.testing.assert_allclose(merged, trained, atol=3e-3)


def test_training_is_the_same_every_time(group: Group, base: Path, tmp_path: Path) -> None:
    from index.training.adapter import Encoder, attach, save, train

    recipe = replace(RECIPE, epochs=1)
    written = []
    for name in ("first", "second"):
        encoder = Encoder(base, recipe)
        pairs = attach(encoder, recipe)
        list(train(encoder, pairs, [group], recipe=recipe, progress=print))
        save(pairs, tmp_path / name, recipe=recipe, groups=[group])
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


def test_the_command_trains_on_all_but_the_groups_left_out(
    practice: Path,
    tiny_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from safetensors import safe_open

    from index.training import run

    def copied(folder: Path) -> None:
        shutil.copytree(tiny_base, folder, dirs_exist_ok=True)

    monkeypatch.setattr(run, "write_base", copied)
    out = tmp_path / "new" / "adapter.safetensors"
    arguments = ["--data", str(practice), "--leave-out", "g1, g3", "--epochs", "2", "--out", str(out)]
    assert main(["train-adapter", *arguments]) == 0
    printed = capsys.readouterr()
    assert printed.out.strip() == str(out)
    assert "2 answerable and 1 unanswerable questions of 1 groups to train on, 2 groups left out" in printed.err
    assert printed.err.count("left out: nearest sentence answers in") == 3
    assert "epoch 2: loss" in printed.err
    with safe_open(out, "np") as file:
        about = json.loads(file.metadata()[ABOUT])
    assert about["groups"] == ["g2"]
    assert about["recipe"]["epochs"] == 2
    assert main(["train-adapter", "--data", str(tmp_path / "nowhere")]) == 1
    assert "no such folder" in capsys.readouterr().err


NAME = "encoder.layer.1.output.dense"


def pair(
    rank_a: int = 2, rank_b: int = 2, inputs: int = 64, outputs: int = 32, value: float = 0.5
) -> dict[str, Any]:
    a = np.full((rank_a, inputs), value, dtype=np.float16)
    return {f"{NAME}.a": a, f"{NAME}.b": np.full((outputs, rank_b), 0.25, dtype=np.float16)}


def write_pairs(path: Path, tensors: dict[str, Any]) -> Path:
    from safetensors.numpy import save_file

    save_file(tensors, path)
    return path


def test_merging_adds_the_product_to_its_matrix_and_touches_no_other(base: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    before = load_file(base / "model.safetensors")
    merge_adapter(base, write_pairs(tmp_path / "adapter.safetensors", pair()))
    after = load_file(base / "model.safetensors")
    # Two ranks of .5 times .25.
    np.testing.assert_allclose(after[f"{NAME}.weight"], before[f"{NAME}.weight"] + 0.25, atol=1e-6)
    assert after[f"{NAME}.weight"].dtype == np.float32
    others = set(before) - {f"{NAME}.weight"}
    assert set(after) == set(before)
    assert all(np.array_equal(after[name], before[name]) for name in others)
    assert not list(base.glob(".*"))


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({}, "is no whole adapter"),
        ({f"{NAME}.a": pair()[f"{NAME}.a"]}, rf"is no whole adapter \({NAME}\.b\)"),
        ({"weight": pair()[f"{NAME}.a"]}, "is no whole adapter"),
        ({f"other.{side}": pair()[f"{NAME}.{side}"] for side in "ab"}, r"changes other\.weight, which the model"),
        (pair(rank_b=3), r"has a \(2, 64\) and b \(32, 3\)"),
        (pair(inputs=32), r"has a \(2, 32\) and b \(32, 2\)"),
        (pair(outputs=1), r"has a \(2, 64\) and b \(1, 2\)"),
        (pair() | {f"{NAME}.a": np.zeros(64, dtype=np.float16)}, r"has a \(64,\)"),
        (pair(value=np.nan), "not finite"),
    ],
)
def test_a_wrong_adapter_is_refused_and_the_model_kept(
    base: Path, tmp_path: Path, tensors: dict[str, Any], message: str
) -> None:
    before = (base / "model.safetensors").read_bytes()
    with pytest.raises(ModelError, match=f"{message}.*train-adapter"):
        merge_adapter(base, write_pairs(tmp_path / "adapter.safetensors", tensors))
    assert (base / "model.safetensors").read_bytes() == before


def test_files_that_cannot_be_read_are_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read .*missing\.safetensors.*train-adapter"):
        merge_adapter(base, tmp_path / "missing.safetensors")
    whole = write_pairs(tmp_path / "adapter.safetensors", pair())
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(whole.read_bytes()[:-10])
    with pytest.raises(ModelError, match=r"cannot read .*cut\.safetensors"):
        merge_adapter(base, cut)
    (base / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"cannot read .*model\.safetensors.*copy the whole model"):
        merge_adapter(base, whole)
