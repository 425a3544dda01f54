"""Training data, validation measures and the training run itself, on a handful of real-looking questions."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.errors import CorpusError
from index.models import resolve_model
from index.rerank import Reader
from index.training import data, validate
from index.training.data import Candidate, Question

ROOT = Path(__file__).resolve().parents[2]
TOPICS = ["居住证", "公积金", "养老金", "医疗保险", "驾驶证", "营业执照", "失业金", "生育津贴"]


@pytest.fixture(scope="session")
def base() -> Path:
    return resolve_model("embedded", cache_dir=ROOT / "build" / "models")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eight paragraphs of four sentences with two questions each, as a public set has them; one is traditional."""
    passages, questions = [], []
    for i, topic in enumerate(TOPICS):
        text = f"{topic}由{i + 10}号窗口办理。{topic}于200{i}年设立。办理{topic}要交照片。遗失的应当挂失。"
        passages.append({"id": f"cmrct-{i}", "title": f"{topic} (证件)", "text": text})
        for j, (asked, answer) in enumerate(
            [(f"{topic}在哪里办理？", f"{i + 10}号窗口"), (f"200{i}年设立的是什么？", topic)]
        ):
            record = {"id": f"cmrct-{i}_QUERY_{j}", "question": asked, "answers": [answer + "办理", answer]}
            questions.append(record | {"gold_passage_ids": [f"cmrct-{i}"], "answerable": True})
    passages.append({"id": "cmrct-9", "title": "資訊", "text": "市政府建置資訊系統。"})
    questions.append(
        {
            "id": "cmrct-9_QUERY_0",
            "question": "誰建置資訊系統？",
            "answers": ["市政府"],
            "gold_passage_ids": ["cmrct-9"],
        }
    )
    made = tmp_path / "cmrc2018_trial"
    made.mkdir()
    for name, records in (("passages", passages), ("questions", questions)):
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        (made / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return made


def _question(name: str = "cmrct-0_QUERY_0") -> Question:
    positive = Candidate("2020年有多少家企业？", "2020年共有35家企业。", "示范区", True, 7, 10)
    near = tuple(Candidate(positive.question, f"邻句{i}。", "示范区", False) for i in range(5))
    far = tuple(Candidate(positive.question, f"远句{i}。", "别处", False) for i in range(5))
    return Question(name, positive, near, far, (), ("35家",))


# ------------------------------------------------------------------ data


def test_each_question_has_one_answering_sentence_and_others_that_lack_the_answer(folder: Path) -> None:
    questions = {q.question_id: q for q in data.load_questions([folder], seed=7)}
    asked = questions["cmrct-3_QUERY_0"]
    assert asked.positive.text == "医疗保险由13号窗口办理。"
    assert asked.positive.title == "医疗保险"  # its bracket is no part of the name
    assert asked.positive.text[asked.positive.start : asked.positive.end] == "13号窗口"  # the shortest wording
    assert {c.text for c in asked.near} == {"医疗保险于2003年设立。", "办理医疗保险要交照片。", "遗失的应当挂失。"}
    assert all("13号窗口" not in c.text and not c.relevant for c in (*asked.near, *asked.far))
    assert "居住证由10号窗口办理。" in {c.text for c in asked.far}


def test_a_sentence_that_also_holds_the_answer_is_not_called_irrelevant(folder: Path) -> None:
    asked = {q.question_id: q for q in data.load_questions([folder], seed=7)}["cmrct-3_QUERY_1"]
    assert asked.positive.text == "医疗保险于2003年设立。"
    assert {c.text for c in asked.near} == {"遗失的应当挂失。"}


def test_traditional_text_becomes_simplified_with_mainland_terms(folder: Path) -> None:
    asked = {q.question_id: q for q in data.load_questions([folder], seed=7)}["cmrct-9_QUERY_0"]
    assert asked.positive.text == "市政府建置信息系统。"
    assert asked.positive.question == "谁建置信息系统？"


def test_changed_pairs_ask_for_another_figure_than_their_sentence_holds(folder: Path) -> None:
    asked = {q.question_id: q for q in data.load_questions([folder], seed=7)}["cmrct-3_QUERY_1"]
    question_moved, sentence_moved = asked.changed
    assert question_moved.text == "医疗保险于2003年设立。"
    assert question_moved.question != "2003年设立的是什么？"
    assert question_moved.question.endswith("年设立的是什么？")
    assert sentence_moved.question == "2003年设立的是什么？"
    assert "2003" not in sentence_moved.text
    assert not question_moved.relevant
    assert not sentence_moved.relevant


def test_a_changed_subject_shows_the_title_that_it_contradicts(folder: Path) -> None:
    asked = {q.question_id: q for q in data.load_questions([folder], seed=7)}["cmrct-3_QUERY_0"]
    (moved,) = asked.changed
    assert "医疗保险" not in moved.question
    assert moved.text == "医疗保险：医疗保险由13号窗口办理。"


@pytest.mark.parametrize("number", ["2020", "1999", "35", "7", "9", "3.5", "0", "10000"])
def test_another_number_is_never_the_same_number(number: str) -> None:
    rng = random.Random(7)
    assert all(data._other_number(number, rng) != number for _ in range(200))


def test_drawing_puts_the_answer_first_and_shows_titles_in_half_of_the_lists() -> None:
    rng = random.Random(7)
    drawn = [data.draw(_question(), rng) for _ in range(400)]
    assert all(one[0].relevant and not any(c.relevant for c in one[1:]) for one in drawn)
    assert {len(one) for one in drawn} == {1 + 3 + 2}
    assert 150 < sum(one[0].text.startswith("示范区：") for one in drawn) < 250


def test_a_title_moves_the_answer_with_its_sentence_and_is_put_once() -> None:
    titled = data.with_title(_question().positive)
    assert titled.text == "示范区：2020年共有35家企业。"
    assert titled.text[titled.start : titled.end] == "35家"
    assert data.with_title(titled) == titled


def test_whole_paragraphs_are_held_out(folder: Path) -> None:
    questions = data.load_questions([folder], seed=7)
    training, validation = data.hold_out(questions, prefix="cmrct", count=4, seed=7)
    assert len(validation) == 4
    seen = {q.question_id.partition("_QUERY_")[0] for q in training}
    assert seen.isdisjoint(q.question_id.partition("_QUERY_")[0] for q in validation)


def test_a_folder_without_questions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"has no passages\.jsonl.*train-reader"):
        data.load_questions([tmp_path], seed=7)


def test_a_line_that_is_not_json_is_named(folder: Path) -> None:
    with (folder / "questions.jsonl").open("a", encoding="utf-8") as file:
        file.write("{\n")
    with pytest.raises(CorpusError, match=r"questions\.jsonl, line 18 is not JSON"):
        data.load_questions([folder], seed=7)


# ------------------------------------------------------------------ measures


def test_ranking_figures_by_hand() -> None:
    questions = [_question("cmrct-0_QUERY_0"), _question("cmrct-1_QUERY_0")]
    questions[1] = replace(questions[1], positive=replace(questions[1].positive, text="2020年有36家。"))

    def scorer(candidates: object) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        # The first question's sentence comes first of 11; the second's is beaten by three.
        points = {
            "2020年共有35家企业。": 9.0,
            "2020年有36家。": 1.0,
            "邻句0。": 2.0,
            "邻句1。": 3.0,
            "远句0。": 4.0,
        }
        assert isinstance(candidates, list)
        return np.array([points.get(c.text, 0.0) for c in candidates], dtype=np.float32)

    found = validate.rank(questions, scorer, titles=False)
    assert found["mrr"] == (1.0 + 1 / 4) / 2
    assert found["top_1"] == 0.5
    assert found["top_3"] == 0.5


def test_character_f1_counts_the_longest_common_run() -> None:
    # Common run 示范区 (3) of 5 found and 4 given characters: p = 3/5, r = 3/4, F1 = 2pr/(p+r) = 2/3.
    assert validate.character_f1("“示范区”建设", ["新示范区"]) == pytest.approx(2 / 3)
    assert validate.character_f1("无关", ["示范区"]) == 0.0
    assert validate.exact_match("《示范区》 A", ["示范区a"]) == 1.0


# ------------------------------------------------------------------ the run


def test_training_is_the_same_every_time_and_goes_on_after_a_crash(
    folder: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index.training import train as training
    from index.training.export import export

    monkeypatch.setattr(training, "_CHECKPOINT_STEPS", 1)
    recipe = training.Recipe(keep_layers=(0,), rate=((0, 1.0), (4, 0.0)), bfloat16=False)
    questions = data.load_questions([folder], seed=7)

    def run(name: str) -> bytes:
        out = tmp_path / name
        reader = training.train(questions, base=base, out=out, recipe=recipe, threads=1, progress=print)
        return export(reader, base=base, path=out / "reader.safetensors", notes={"a": "1", "b": "2"}).read_bytes()

    first = run("first")
    whole, steps = training._step, []

    def crash_at_the_third(*arguments: object) -> tuple[float, float, float]:
        steps.append(1)
        if len(steps) == 3:
            raise KeyboardInterrupt
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(training, "_step", crash_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        run("second")
    monkeypatch.setattr(training, "_step", whole)
    assert run("second") == first


def test_the_whole_run_writes_a_reader_that_loads_and_its_figures(
    folder: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index.training.run import READER_NAME, train_reader
    from index.training.train import Recipe

    monkeypatch.setattr("index.training.run.DATA_SETS", (folder.name,))
    monkeypatch.setattr("index.training.run._VALIDATION_COUNT", 2)
    said: list[str] = []
    path = train_reader(
        folder.parent,
        out=tmp_path / "out",
        base=base,
        recipe=Recipe(keep_layers=(0,), rate=((0, 1.0), (2, 0.0)), bfloat16=False),
        limit=8,
        progress=said.append,
    )
    assert path == tmp_path / "out" / READER_NAME
    assert said[0] == "8 questions to train on, 2 held out"
    figures = json.loads((tmp_path / "out" / "reader-v1.json").read_text("utf-8"))
    assert figures["training_questions"] == 8
    assert all(0.0 <= figures[name]["mrr"] <= 1.0 for name in ("reader", "cosine", "bm25 with titles"))
    relevance, _ = Reader.load(path, base=base).score("在哪里办理？", ["三号窗口。"])
    assert np.isfinite(relevance).all()


def test_a_missing_data_set_is_named(tmp_path: Path, base: Path) -> None:
    from index.training.run import train_reader

    with pytest.raises(CorpusError, match="has no data set 'cmrc2018_trial'"):
        train_reader(tmp_path, out=tmp_path / "out", base=base)
