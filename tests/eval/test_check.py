from dataclasses import replace
from pathlib import Path

import pytest

from eval.cases import Case, Quote, load_cases
from eval.check import Problem, Texts, check_cases, count_table
from eval.families import join_facts
from eval.merge import assign_splits, in_fast_subset, settle_evidence, split_of
from eval.spans import Locator

A = "两市将共建世界级汽车产业集群，计划到2025年，\n产量将达到300万辆，实现产值6000亿元。"
B = "转载：计划到2025年,产量将达到300万辆,实现产值6000亿元。另设工作专班。"
RAW_A = "[ 发文字号 ] | 渝发〔2023〕8号 |\n" + A
TEXTS = Texts(cleaned={"a.txt": A, "b.txt": B}, raw={"a.txt": RAW_A, "b.txt": B})
CASE = Case(
    id="output",
    question="汽车年产量定在哪个数？",
    type="target",
    fact="output",
    answerable=True,
    answer="300万辆",
    key_facts=(("300万辆",),),
    evidence=((Quote("a.txt", "产量将达到300万辆"),),),
)
SILENT = Case("cost", "专班要花多少钱？", "unanswerable", "cost", False, subtype="figure_not_given")


def messages(*cases: Case, errors_only: bool = True) -> list[str]:
    return [p.message for p in check_cases(cases, TEXTS) if p.is_error or not errors_only]


def test_good_questions_have_no_problem_at_all() -> None:
    assert check_cases([CASE, SILENT], TEXTS) == []


def test_a_quote_must_stand_in_the_cleaned_text_of_its_source() -> None:
    wrong = replace(
        CASE, evidence=((Quote("b.txt", "产量将达到400万辆"),),), key_facts=(("400万辆",),), answer="400万辆"
    )
    assert messages(wrong) == ["quote of b.txt does not stand there: 产量将达到400万辆"]
    assert "not in the corpus" in messages(replace(CASE, evidence=((Quote("c.txt", "产量"),),)))[0]
    record = replace(CASE, evidence=((Quote("a.txt", "渝发〔2023〕8号"),),), key_facts=(("8号",),), answer="8号")
    assert "stands in the raw file but cleaning removes" in messages(record)[0]
    assert messages(replace(record, metadata=True)) == []


def test_a_key_fact_must_stand_whole_in_the_evidence_unless_derived() -> None:
    cut = replace(CASE, key_facts=(("00万辆",),), answer="00万辆")
    assert "is not in its evidence" in messages(cut)[0]
    assert messages(replace(cut, derived=True)) == []
    assert messages(replace(CASE, key_facts=(("三百万辆",),), answer="300万辆")) == []


def test_gold_and_answerable_must_agree() -> None:
    assert "has no key_facts" in messages(replace(CASE, key_facts=()))[0]
    assert "has no evidence" in messages(replace(CASE, evidence=()))[0]
    assert "gold answer is empty" in messages(replace(CASE, answer=""))[0]
    assert "unanswerable without a subtype" in messages(replace(SILENT, subtype=None))[0]
    assert "a refusal states none" in messages(replace(SILENT, key_facts=(("1",),)))[0]
    assert "without polarity" in messages(replace(CASE, type="yes_no"))[0]
    assert "without list_size" in messages(replace(CASE, type="list"))[0]
    assert "without history" in messages(replace(CASE, type="follow_up"))[0]


def test_paraphrases_share_the_fact_of_an_existing_question() -> None:
    other = replace(CASE, id="output-p1", question="到二五年要造几多辆车？", paraphrase_of="output")
    assert messages(CASE, other) == []
    assert "with another fact" in messages(CASE, replace(other, fact="elsewhere"))[0]
    assert "which is no question here" in messages(other)[0]


def test_a_fact_in_two_splits_is_an_error() -> None:
    other = replace(CASE, id="output-p1", question="到二五年要造几多辆车？", paraphrase_of="output", split="test")
    assert "run merge" in messages(replace(CASE, split="dev"), other)[0]
    assert messages(replace(CASE, split="test"), other) == []


def test_a_split_once_given_stays_and_what_was_looked_at_is_never_test() -> None:
    cases = [replace(CASE, split="test"), replace(CASE, id="x", split="dev"), replace(CASE, id="y")]
    assert [case.split for case in assign_splits(cases)] == ["dev", "dev", "dev"]


def test_the_same_question_twice_is_an_error_and_nearly_the_same_a_warning() -> None:
    copy = replace(CASE, id="copy", question="汽车年产量定在哪个数?")
    assert messages(CASE, copy) == ["is the question of output: 汽车年产量定在哪个数?"]
    first = replace(CASE, question="按照协议，到时候两市全年汽车产量一共要达到多少万辆这个数？")
    near = replace(first, id="near", question="按照协议，到时候两市全年汽车产量一共要达到多少万辆的这个数？")
    assert messages(first, near) == []
    assert any("nearly repeats output" in m for m in messages(first, near, errors_only=False))


def test_near_misses_differ_from_their_model_in_the_year_only_and_are_no_duplicates() -> None:
    right = replace(CASE, question="计划到2025年两市汽车产量达到多少万辆？")
    near_miss = replace(SILENT, question="计划到2035年两市汽车产量达到多少万辆？", subtype="wrong_year")
    assert messages(right, near_miss, errors_only=False) == []


def test_an_answer_echoed_by_the_question_is_warned_of() -> None:
    echo = replace(CASE, question="产量将达到300万辆是什么时候？")
    assert any("echo" in m for m in messages(echo, errors_only=False))


def test_facts_that_need_the_same_words_of_the_same_place_are_joined() -> None:
    other = replace(CASE, id="w2", fact="w2-output", question="几多车？", evidence=((Quote("b.txt", B[:40]),),))
    far = replace(
        CASE, id="w3", fact="team", key_facts=(("工作专班",),), evidence=((Quote("b.txt", "另设工作专班"),),)
    )
    joined, renamed = join_facts([CASE, other, far], Locator(TEXTS.cleaned))
    assert renamed == {"w2-output": "output"}
    assert [case.fact for case in joined] == ["output", "output", "team"]


def test_merging_drops_uncitable_alternatives_and_marks_record_table_questions() -> None:
    table = Quote("a.txt", "渝发〔2023〕8号")
    both = replace(CASE, evidence=((table, CASE.evidence[0][0]),))
    only = replace(CASE, id="no", evidence=((table,),))
    settled, notes = settle_evidence([both, only, CASE], Locator(TEXTS.cleaned), Locator(TEXTS.raw))
    assert settled[0].evidence == CASE.evidence
    assert [case.metadata for case in settled] == [False, True, False]
    assert len(notes) == 2


def test_splits_are_even_stable_and_by_fact() -> None:
    splits = [split_of(f"fact-{i}") for i in range(2000)]
    assert 900 < splits.count("dev") < 1100
    assert split_of("auto-output") == "test"
    assert [c.split for c in assign_splits([CASE, replace(CASE, id="x")])] == [split_of("output")] * 2
    assert 250 < sum(in_fast_subset(f"fact-{i}") for i in range(2000)) < 420


def test_the_count_table_adds_up() -> None:
    table = count_table(assign_splits([CASE, replace(CASE, id="p", paraphrase_of="output"), SILENT]))
    assert table.splitlines()[-3].split()[-1] == "3"
    assert "unanswerable/figure_not_given 1" in table
    assert "facts: 2; paraphrases: 1 of 1 questions, 0 of them with at least two" in table
    assert str(Problem("a", "b")) == "error: a: b"


@pytest.mark.parametrize("name", ["more", "unseen", "unseen2", "unseen3", "unseen4", "unseen5"])
def test_the_further_question_files_stand_on_the_corpus(name: str) -> None:
    from eval.opening import corpus_texts

    cases = load_cases(Path(__file__).parents[2] / "eval" / f"{name}.jsonl")
    assert [problem for problem in check_cases(cases, corpus_texts()) if problem.is_error] == []
