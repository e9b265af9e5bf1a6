"""A little of `make fuzz`: nearly right inputs at everything that reads end in a sentence, never in a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[1] / "fuzz" / "fuzz.py"
QUICK = ("replies", "problems")
OUTER = ("recordings", "configurations", "kitchens", "cards", "tables", "results", "crossplay", "studies")


@pytest.mark.parametrize("reader", [*QUICK, *(pytest.param(each, marks=pytest.mark.outer) for each in OUTER)])
def test_a_reader_refuses_or_reads_whatever_it_is_given(reader: str, tmp_path: Path) -> None:
    options = ["--one", "--inputs=150", "--seconds=8", "--seed=7", f"--keep={tmp_path}"]
    command = [sys.executable, str(FUZZ), reader, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["crashes"] == {}
    assert found["tried"] > 10
    assert found["read"] + found["refused"] == found["tried"]
    assert found["refused"] > 0  # it is wrong inputs that it was given
