"""The reading of a question is the same in every process: nothing goes by the order of a set."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
from app.answer.analyse import analyse
from app.answer.followup import rewrite
from app.answer.topic import topic_phrases
from app.answer.turns import Turn
for question in (
    "哪些领域是重点，分别是什么？", "东西向的轨道是哪几条线？", "集成电路产业集群2027年产值目标是多少？",
    "市场监管部门和行政审批局什么时候签的协议？", "高新区在全国范围内给自己定的是个什么位置？",
):
    found = analyse(question)
    print(found.kind, sorted(found.value_kinds), found.terms, [v.key for v in found.values])
    print(topic_phrases(question))
    print(rewrite("那生物医药呢？", [Turn("user", question)]))
"""


def test_the_seed_of_hashes_changes_nothing() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1
