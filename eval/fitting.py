"""The command ``fit``: reads the dev questions, fits, prints, and writes where told to."""

from __future__ import annotations

import dataclasses
import random
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from eval.cases import Case, CasesError, load_cases, load_practice

if TYPE_CHECKING:
    from eval.fit import Found

# As many questions of another topic as there are unanswerable near misses in the dev split, about.
_OFF_TOPIC = 40
_SEED = 7


def fit(options: Namespace) -> int:
    """Fit the unit weights and the gate. Raises CasesError when there is no dev question."""
    from app.answer.gate import WEIGHTS_FILE
    from eval.fit import (
        GATE_FEATURES,
        JUDGED_GATE_FEATURES,
        JUDGED_UNIT_FEATURES,
        UNIT_FEATURES,
        collect,
        fit_gate,
        fit_units,
        to_scale,
        write,
    )
    from eval.opening import open_bench

    if not 0 < options.false_refusals < 1:
        raise CasesError(f"--false-refusals {options.false_refusals}: expected a rate between 0 and 1")
    cases = [case for case in load_cases(options.questions) if case.split == "dev"]
    if not cases:
        raise CasesError(f"{options.questions}: holds no question of the dev split")
    for path in options.also:
        cases += [case for case in load_cases(path) if case.split == "dev"]
    bench = open_bench()
    found = collect(bench.assistant, cases)
    source = "fitted on the dev questions by python -m eval fit"
    if options.also:
        source += f", with those of {', '.join(path.name for path in options.also)}"
    for folder in options.practice:
        found += _practice(folder)
    if options.practice:
        source += f", with the practice questions {', '.join(folder.name for folder in options.practice)}"
    reranked = bench.settings.reranker != "none"
    units = fit_units(found, JUDGED_UNIT_FEATURES if reranked else UNIT_FEATURES)
    if reranked:
        units = to_scale(units, bench.assistant.investigator.weights.select, found)
    strangers = collect(bench.assistant, _off_topic(options.off_topic)) if options.off_topic else []
    if strangers:
        source += f", and {_OFF_TOPIC} questions of {options.off_topic.name} as further unanswerable ones"
    features = JUDGED_GATE_FEATURES if reranked else GATE_FEATURES
    gate = fit_gate([*found, *strangers], features, false_refusals=options.false_refusals, reranked=reranked)
    print("unit weights:", units)
    print("gate weights:", gate.weights, "bias:", round(gate.bias, 3), "threshold:", round(gate.threshold, 3))
    print(
        f"held out: AUROC {gate.auroc:.3f}; refused {gate.refused:.3f} at {options.false_refusals} false refusals"
    )
    print("the gate was fitted on what the present unit weights choose; run again after writing new ones")
    if options.write:
        write(WEIGHTS_FILE, units, gate, source=source, reranked=reranked)
        print(f"wrote {WEIGHTS_FILE.name}")
    return 0


def _practice(folder: Path) -> list[Found]:
    """Return what is found for the practice questions of one folder, in an index of its documents alone."""
    from app.bootstrap import build_reader
    from eval.fit import collect
    from eval.opening import settings_in_force
    from index.corpus import load_corpus

    documents = load_corpus(folder).documents
    return collect(build_reader(settings_in_force(), documents), load_practice(folder))


def _off_topic(folder: Path) -> list[Case]:
    """Return questions about other things as unanswerable cases, in simplified characters."""
    from app.answer.fold import simplify
    from eval.own_data import load_own_data

    cases = list(load_own_data(folder).cases)
    random.Random(_SEED).shuffle(cases)
    return [
        dataclasses.replace(c, answerable=False, question=simplify(c.question), fact=f"off-topic-{c.id}")
        for c in cases[:_OFF_TOPIC]
    ]
