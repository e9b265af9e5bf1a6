"""What a report says of imagining: scores of the theory of mind, what became of plans, when a switch was seen."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from rich.console import Console

from brigade.experiments.kitchen.report.foresight import calibration
from brigade.experiments.kitchen.report.page import write_html
from brigade.experiments.kitchen.report.report import as_json, print_report
from brigade.experiments.kitchen.run.config import RunConfig
from brigade.experiments.kitchen.run.episodes import ThoughtRecord
from brigade.experiments.kitchen.run.run import run as play_run

RUN = """\
name: imagined
kitchens: [{name: new_counter_circuit, horizon: 220}]
teams:
  - [lookahead, {name: switching, options: {first: beef_specialist, second: assembler, at: 110}}]
  - [{name: dpt, options: {imagining: {futures: 1}}}, assembler]
  - [fsm, assembler]
seeds: 1
clock: {latency: constant, seconds: 1}
ray: {workers: 0}
"""


def first(team: str) -> str:
    return team.split()[0].split("(")[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("imagined")
    (path / "run.yaml").write_text(RUN)
    play_run(RunConfig.load(path / "run.yaml", [f"out={path / 'out'}"]), Console(quiet=True))
    return path / "out"


def test_figures_for_programs(folder: Path) -> None:
    (run,) = as_json([folder])["runs"]
    scores = {(first(score["team"]), score["model"]): score for score in run["theory_of_mind"]}
    assert {model for team, model in scores if team == "lookahead"} == {
        "uniform", "repeating", "base_rate", "counting", "types",
    }  # fmt: skip
    assert {model for team, model in scores if team == "dpt"} >= {"stated", "types"}
    switched = scores["lookahead", "types"]
    assert switched["recognised"] is not None
    assert 0 <= switched["recognised"]["mean"] <= 110
    assert scores["lookahead", "counting"]["recognised"] is None
    assert scores["lookahead", "types"]["log"]["mean"] > scores["lookahead", "uniform"]["log"]["mean"]
    looks = {first(each["team"]): each for each in run["imagined"]}
    assert set(looks) == {"lookahead", "dpt"}
    for each in looks.values():
        assert each["ticks"] > 0
        assert sum(each["fates"].values()) == pytest.approx(each["looks"]["mean"])


def test_for_people(folder: Path, tmp_path: Path) -> None:
    out = io.StringIO()
    print_report([folder], Console(file=out, width=160))
    for words in ("Theory of mind", "Plans that were imagined", "types", "refused"):
        assert words in out.getvalue()
    write_html([folder], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Theory of mind" in page
    assert "switch seen after" in page


def test_imagining_is_not_counted_as_cost(folder: Path) -> None:
    (run,) = as_json([folder])["runs"]
    cost = {first(row["team"][0]): row["cost"] for row in run["rows"]}
    assert cost["lookahead"] is None
    assert cost["fsm"] is None
    assert cost["dpt"]["outcomes"]["ok"] > 0


def test_calibration() -> None:
    sure = np.array([1.0, 1.0, 0.5, 0.5])
    assert calibration(sure, np.array([1.0, 1.0, 1.0, 0.0])) == 0
    assert calibration(sure, np.array([0.0, 0.0, 1.0, 0.0])) == 0.5


def test_records_of_others_are_their_own_and_bad_ones_are_refused() -> None:
    thought: dict[str, Any] = {"seat": 0, "kind": "mood", "asked": 1, "outcome": "ok", "problems": "text", "scored": 3}
    assert ThoughtRecord.model_validate(thought).problems == ()
    with pytest.raises(ValidationError):
        ThoughtRecord.model_validate({**thought, "kind": "check"})
    nan = [[3, 1, "assemble()", {"types": [float("nan"), 0, 0, 0]}]]
    with pytest.raises(ValidationError):
        ThoughtRecord.model_validate({**thought, "kind": "check", "problems": [], "scored": nan})
