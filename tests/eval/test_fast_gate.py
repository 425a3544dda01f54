"""The fixed sixth of the benchmark against the accepted results, with the real assistant."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_no_figure_fell_below_the_accepted_one() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "eval", "run", "--fast", "--compare", "eval/baseline.json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "no figure fell beyond its tolerance" in done.stdout
