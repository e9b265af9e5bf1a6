"""What minds are worth: paired with the state machine, tested, and corrected for how many there are."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from brigade.batch.estimate import Estimate
from brigade.experiments.kitchen.report import minds as module
from brigade.experiments.kitchen.report.metrics import Run, read_run
from brigade.experiments.kitchen.report.minds import Mind, lines_of, minds
from brigade.experiments.kitchen.report.page import page
from brigade.experiments.kitchen.report.report import as_json, print_report
from brigade.experiments.kitchen.run.config import RunConfig
from brigade.experiments.kitchen.run.run import run as play_run

CHANGES = [
    "kitchens=[{name: new_counter_circuit, horizon: 150}]", "seeds=3", "ray.workers=0",
    "teams=[[fsm, assembler], [{name: dpt, options: {authority: obey}}, assembler], [fsm, fsm]]",
    "vary={reasoner: [{kind: constant, options: {plan: []}}, {kind: constant, options: {plan: [{wait: 140}]}}]}",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("minds") / "out"
    play_run(RunConfig.load("lies", [*CHANGES, f"out={out}"]), Console(quiet=True))
    return out


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return read_run(folder)


def test_silence_changes_nothing_and_standing_still_costs(run: Run) -> None:
    silence, still = minds(run)
    assert silence.name == "always []"
    assert (silence.gain.mean, silence.equal, silence.p, silence.costs) == (0.0, 3, None, False)
    assert still.gain.mean is not None
    assert still.gain.mean < -10
    assert still.equal == 0
    assert still.worst[1] is None or still.worst[1] < 0


def test_the_report_shows_it_everywhere(folder: Path, run: Run) -> None:
    text = io.StringIO()
    print_report([folder], Console(file=text, width=200))
    assert "What minds are worth" in text.getvalue()
    assert "always []" in text.getvalue()
    assert "What minds are worth" in page([run])
    assert len(as_json([folder])["runs"][0]["minds"]) == 2


def test_a_run_that_does_not_vary_who_answers_has_no_minds(tmp_path: Path) -> None:
    changes = [*CHANGES[:3], "teams=[[fsm, assembler]]", "vary={}", f"out={tmp_path / 'out'}"]
    play_run(RunConfig.load("lies", changes), Console(quiet=True))
    assert minds(read_run(tmp_path / "out")) == []


@pytest.mark.parametrize(
    ("ps", "costs"),
    [
        ([0.001, 0.2, 0.8], [True, False, False]),
        ([0.02, 0.03, 0.04], [False, False, False]),  # 0.02 > 0.05 / 3
        ([0.01, 0.02, 0.04], [True, True, True]),
        ([0.04, 0.001, 0.02], [True, True, True]),
        ([0.04, 0.001, 0.03], [False, True, False]),  # the first that fails ends it
        ([None, 0.04], [False, True]),
    ],
)
def test_holm(ps: list[float | None], costs: list[bool]) -> None:
    found = [Mind(str(n), "dpt", Estimate(0.0, 1.0, 9), 0, ("t", 0.0), p) for n, p in enumerate(ps)]
    assert [mind.costs for mind in module._corrected(found)] == costs


def test_long_names_are_cut() -> None:
    (line,) = lines_of([Mind("x" * 200, "dpt", Estimate(1.0, 0.5, 9), 3, ("a + b", -0.4), 0.9)])
    assert len(line[0]) == module.LONGEST
    assert line[1:] == ["9", "+1.0 (0.5)", "3", "a + b", "-0.4", "0.900", "no"]
