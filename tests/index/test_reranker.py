"""The reranker: what it is shown, what it is trained on, its file, and a training run on a tiny random BERT."""

from __future__ import annotations

import hashlib
import json
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from index.errors import CorpusError, ModelError
from index.judged import judged_text
from index.training.pairs import Example, draw, fact_spans, nearest, practice_examples, public_examples
from index.training.recipe import RerankRecipe
from index.types import Document, Passage

PLAN = (
    "甲市行动计划\n一、产业\n到2027年，汽车产量达到300万辆。产值500亿元。\n"
    "二、交通\n路网密度达到8.5公里/平方公里。\n"
)
RECIPE = RerankRecipe(
    practice_epochs=2,
    practice_rate=3e-3,
    warmup_steps=2,
    questions_per_step=2,
    bfloat16=False,
    practice_sentences=4,
)


@pytest.fixture
def group(tmp_path: Path) -> Path:
    folder = tmp_path / "practice" / "x1"
    folder.mkdir(parents=True)
    (folder / "d1.txt").write_text(PLAN, encoding="utf-8")
    asked = [
        ("x-1", "造多少辆车？", True, [["300万辆"]], "汽车产量达到300万辆"),
        ("x-2", "路网多密？", True, [["8.5公里/平方公里"]], "路网密度达到8.5公里/平方公里。"),
        ("x-3", "机场几时通航？", False, [], ""),
    ]
    lines = [
        {
            "id": name,
            "question": question,
            "answerable": answerable,
            "key_facts": facts,
            "evidence": [[{"source": "d1.txt", "quote": quote}]] if quote else [],
        }
        for name, question, answerable, facts, quote in asked
    ]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / "questions.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_a_judged_sentence_brings_its_title_headings_and_what_stands_before_it() -> None:
    text = "一、目标\n（一）产业\n产值500亿元。就业2万人。"
    document = Document("d", "甲乙合作协议", text, "d.txt", "")
    passage = Passage("p", "d", "甲乙合作协议", "d.txt", ("一、目标", "（一）产业"), text, 0, len(text))
    at = text.index("就业")
    assert judged_text(document, passage, at, len(text)) == (
        "甲乙合作协议 > 一、目标 > （一）产业：产值500亿元。",
        "就业2万人。",
    )


def test_a_judged_sentence_is_cut_where_it_is_long() -> None:
    text = "长" * 600
    document = Document("d", "标" * 100, text, "d.txt", "")
    context, sentence = judged_text(document, Passage("p", "d", "", "", (), text, 0, 600), 300, 600)
    assert len(sentence) == 220
    assert context == "标" * 28 + "：" + "长" * 44


def test_examples_of_a_practice_group_know_what_answers(group: Path) -> None:
    cars, roads, airport = practice_examples(group)
    assert [cars.pool[n][1] for n in cars.positives] == ["到2027年，汽车产量达到300万辆。"]
    assert [roads.pool[n][1] for n in roads.positives] == ["路网密度达到8.5公里/平方公里。"]
    assert (airport.positives, airport.facts) == ((), ())
    assert cars.facts == ("300万辆",)


def test_sentences_near_by_vectors_are_among_the_nearest(group: Path) -> None:
    class Backwards:
        """Vectors that put the last sentence nearest to any question."""

        name, dimension = "backwards", 1

        def encode_queries(self, queries: list[str]) -> NDArray[np.float32]:
            return np.ones((len(queries), 1), dtype=np.float32)

        def encode_passages(self, passages: list[str], progress: bool = False) -> NDArray[np.float32]:
            assert any(text.endswith("汽车产量达到300万辆。") for text in passages)
            return np.arange(len(passages), dtype=np.float32)[:, None]

    cars = practice_examples(group)[0]
    both = practice_examples(group, Backwards())[0]
    last = len(cars.pool) - 1
    assert cars.nearest[0] != last
    assert both.nearest[:2] == (cars.nearest[0], last)
    assert sorted(both.nearest) == sorted(cars.nearest)


def test_a_question_said_again_in_other_words_has_the_same_answer(group: Path) -> None:
    (group.parent / "reworded.jsonl").write_text('{"id": "x-1", "question": "造车目标"}\n', encoding="utf-8")
    cars, again, *_ = practice_examples(group)
    assert (again.question, again.positives, again.facts) == ("造车目标", cars.positives, cars.facts)
    assert [example.reworded for example in practice_examples(group)] == [False, True, False, False]
    twice = '{"id": "x-1", "question": "造车目标"}\n{"id": "x-1", "question": "车要造多少"}\n'
    (group.parent / "reworded.jsonl").write_text(twice, encoding="utf-8")
    assert [example.question for example in practice_examples(group)][1:3] == ["造车目标", "车要造多少"]
    (group.parent / "reworded.jsonl").write_text('{"id": "x-1"}\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"reworded\.jsonl: every line needs id and question"):
        practice_examples(group)


def test_other_words_are_trained_on_last(group: Path, tiny_model: Path, tmp_path: Path) -> None:
    from index.training.rerank_run import train_reranker

    (group.parent / "reworded.jsonl").write_text('{"id": "x-3", "question": "机场开了没"}\n', encoding="utf-8")
    said: list[str] = []
    recipe = replace(RECIPE, practice_epochs=1, recalled_questions=1)
    out = tmp_path / "weights.safetensors"
    train_reranker(group.parent, tiny_model, out=out, recipe=recipe, threads=1, progress=said.append)
    stages = [line for line in said if line.endswith("questions")]
    assert [line.partition(":")[0] for line in stages] == ["practice", "reworded"]
    assert sum(map(int, re.findall(r"\d+", stages[1]))) == 2
    assert out.is_file()


def test_evidence_that_no_document_has_is_refused(group: Path) -> None:
    path = group / "questions.jsonl"
    path.write_text(
        path.read_text(encoding="utf-8").replace("路网密度达到8.5", "路网密度达到9.5"), encoding="utf-8"
    )
    with pytest.raises(CorpusError, match="line 2: no document has its evidence"):
        practice_examples(group)


def test_public_questions_are_simplified_and_asked_over_their_article(tmp_path: Path) -> None:
    passages = [
        {"id": "a-1-1", "title": "鐵路", "text": "鐵路長100公里。沿線有五站。"},
        {"id": "a-1-2", "title": "鐵路", "text": "客車由甲廠製造。每日開行八班。"},
    ]
    questions = [
        {"id": f"q{n}", "question": "鐵路多長？", "answers": ["100公里"], "gold_passage_ids": ["a-1-1"]}
        for n in range(40)
    ]
    for name, rows in (("passages", passages), ("questions", questions)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    found = public_examples(tmp_path, seed=1)
    assert {example.question for example in found} == {"铁路多长？"}
    answered = [example for example in found if example.positives]
    assert {example.pool[example.positives[0]][1] for example in answered} == {"铁路长100公里。"}
    # The other paragraph has but two sentences: nobody is asked over it alone.
    assert len(answered) == len(found)


def test_the_drawn_sentences_begin_with_those_that_answer() -> None:
    pool = tuple(("标题：", f"句子{n}。") for n in range(30))
    example = Example("问", pool, (3, 4, 5), (), tuple(range(30)))
    numbers, right = draw(example, random.Random(1), size=8)
    assert right == 2
    assert set(numbers[:2]) <= {3, 4, 5}
    assert len(set(numbers)) == 8
    assert not set(numbers[2:]) & {3, 4, 5}
    # Of the six others all but one are of the ten nearest.
    assert sum(n < 13 for n in numbers[2:]) >= 5


def test_a_sentence_with_all_key_facts_that_no_evidence_names_is_never_drawn(group: Path) -> None:
    (group / "d1.txt").write_text(PLAN + "三、附\n据报道，去年造车300万辆。\n", encoding="utf-8")
    example = practice_examples(group)[0]
    again = [n for n, (_, sentence) in enumerate(example.pool) if sentence.startswith("据报道")]
    assert example.unsure == tuple(again)
    assert again
    for seed in range(20):
        assert not set(draw(example, random.Random(seed), size=6)[0]) & set(again)


def test_facts_are_found_and_the_nearest_sentences_come_first() -> None:
    assert fact_spans("产值500亿元，就业2万人。", ["500亿元", "3万人"]) == [(2, 7)]
    pool = [("标题：", "文旅合作。"), ("汽车产量：", "另说。"), ("标题：", "汽车产量300万辆。")]
    assert nearest("汽车产量多少", pool) == (2, 1, 0)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the default model's: two random layers of width 32 over single characters."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel

    torch.set_num_threads(1)
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("tiny-reranker")
    characters = sorted(set(PLAN + "造多少辆车？路网密机场几时通航：> 。"))
    vocab = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3} | {c: n + 4 for n, c in enumerate(characters)}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.save(str(folder / "tokenizer.json"))
    config = BertConfig(
        vocab_size=len(vocab), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=320, pad_token_id=1,
    )  # fmt: skip
    config.save_pretrained(folder)
    state = {name: tensor.contiguous() for name, tensor in BertModel(config).state_dict().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def trained(group: Path, tiny_model: Path, out: Path) -> tuple[Path, list[str]]:
    from index.training.rerank_run import train_reranker

    said: list[str] = []
    recipe = replace(RECIPE, practice_epochs=30)
    train_reranker(group.parent, tiny_model, out=out, recipe=recipe, threads=1, progress=said.append)
    return out, said


def test_training_learns_which_sentence_answers_and_the_file_scores_alike(
    group: Path, tiny_model: Path, tmp_path: Path
) -> None:
    from index.rerank import Reranker

    out, said = trained(group, tiny_model, tmp_path / "weights.safetensors")
    assert said[0] == "practice: 2 answerable and 1 unanswerable questions"
    reranker = Reranker.load(tiny_model, out, sha256=hashlib.sha256(out.read_bytes()).hexdigest())
    for example in practice_examples(group):
        scores = reranker.score(example.question, example.pool)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()
        if example.positives:
            assert int(scores.argmax()) in example.positives
    alone = reranker.score("造多少辆车？", practice_examples(group)[0].pool[:1])
    assert alone.shape == (1,)
    assert reranker.score("造多少辆车？", []).shape == (0,)
    # A pair judged before is not computed again: the parts of a question share many.
    example = practice_examples(group)[0]
    before = reranker.score(example.question, example.pool)
    computed: list[int] = []
    reranker._computed = lambda question, judged: computed.append(len(judged)) or [0.0] * len(judged)  # type: ignore[method-assign, func-returns-value]
    np.testing.assert_array_equal(
        reranker.score(example.question, [*example.pool[:2], example.pool[0]]), before[[0, 1, 0]]
    )
    reranker.score("路网多密？啊", example.pool[:2])
    assert computed == [0, 2]


def test_an_altered_file_is_refused_with_its_remedy(group: Path, tiny_model: Path, tmp_path: Path) -> None:
    from index.rerank import Reranker

    out, _ = trained(group, tiny_model, tmp_path / "weights.safetensors")
    whole = hashlib.sha256(out.read_bytes()).hexdigest()
    out.write_bytes(out.read_bytes()[:-1] + b"\0")
    with pytest.raises(ModelError, match=r"altered.*restore index/weights from the repository, or set reranker"):
        Reranker.load(tiny_model, out, sha256=whole)
    with pytest.raises(ModelError, match="cannot be read"):
        Reranker.load(tiny_model, tmp_path / "none.safetensors", sha256=whole)


def test_unknown_groups_are_named(group: Path, tiny_model: Path, tmp_path: Path) -> None:
    from index.training.rerank_run import train_reranker

    arguments: dict[str, Any] = {"out": tmp_path / "w", "recipe": RECIPE}
    with pytest.raises(CorpusError, match="no practice group zz; known: x1"):
        train_reranker(group.parent, tiny_model, leave_out=["zz"], **arguments)


def test_the_shipped_file_is_the_one_that_was_measured() -> None:
    from index.rerank import WEIGHTS_FILE, WEIGHTS_SHA256

    assert hashlib.sha256(WEIGHTS_FILE.read_bytes()).hexdigest() == WEIGHTS_SHA256
    assert WEIGHTS_FILE.stat().st_size < 40_000_000
