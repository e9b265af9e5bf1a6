"""Figures of a run against numbers worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from brigade.batch.estimate import Estimate, estimate
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.report.metrics import decision_times, read_run, rows_of
from brigade.experiments.kitchen.run.episodes import Episode


def episode(seed: int, score: int, team: tuple[str, ...] = ("fsm", "stay"), **result: Any) -> dict[str, Any]:
    """A record of an episode in cramped_room."""
    figures = {"score": score, "gained": score, "served": 2, "missed": 1, "wrong": 0, "fires": 0} | result
    return {
        "format": "brigade-episode",
        "version": 1,
        "key": f"cramped_room {'+'.join(team)} seed={seed}",
        "kitchen": {"name": "cramped_room"},
        "kitchen_digest": "abc",
        "seed": seed,
        "agents": [{"name": name, "options": {}} for name in team],
        "finished": True,
        "result": figures,
    }


def results(folder: Path, *episodes: dict[str, Any], seeds: int = 3, timings: str | None = None) -> Path:
    """A results folder with these episodes."""
    config = {
        "name": "trial",
        "kitchens": [{"name": "cramped_room"}],
        "teams": [[{"name": "fsm"}, {"name": "stay"}], [{"name": "fsm"}, {"name": "fsm"}]],
        "seeds": list(range(seeds)),
    }
    provenance = {"brigade": "0.1.0", "revision": "0123456789abcdef+changed", "python": "3.11", "system": "Linux"}
    header = {"format": "brigade-run", "version": 1, "config": config, "provenance": provenance}
    folder.mkdir(exist_ok=True)
    lines = "".join(json.dumps(line) + "\n" for line in (header, *episodes))
    (folder / "episodes.jsonl").write_text(lines, encoding="utf-8")
    if timings is not None:
        (folder / "timings.jsonl").write_text(timings, encoding="utf-8")
    return folder


def test_mean_and_standard_error_by_hand() -> None:
    # 10, 20, 60: mean 30, deviations -20, -10, 30, sample variance 1400 / 2 = 700
    assert estimate([10, 20, 60]) == Estimate(30.0, pytest.approx(math.sqrt(700 / 3)), 3)
    assert estimate([7]) == Estimate(7.0, None, 1)
    assert estimate([]) == Estimate(None, None, 0)
    assert estimate([None, 4.0, None, 8.0]) == Estimate(6.0, pytest.approx(2.0), 2)


def test_a_row_by_hand() -> None:
    records = [
        episode(0, 40, contribution_rate=[0.75, 0.25], score_efficiency=[2.0, 8.0], macros_succeeded=[20, 5],
                macros_failed=[1, 3], missed=2, fires=1),
        episode(1, -20, gained=0, served=0, contribution_rate=[None, None], score_efficiency=[0.0, None],
                macros_succeeded=[10, 0], macros_failed=[3, 1], wrong=1, missed=3),
        episode(2, 70, contribution_rate=[0.25, 0.75], score_efficiency=[4.0, 6.0], macros_succeeded=[30, 10],
                macros_failed=[2, 2], missed=1),
    ]  # fmt: skip
    timings = {records[0]["key"]: {"median": 1.0, "p99": 5.0}, records[2]["key"]: {"median": 3.0, "p99": 20.0}}
    (row,) = rows_of([Episode.model_validate(record) for record in records], timings)
    assert (row.kitchen, row.team, row.episodes, row.unfinished) == ("cramped_room", ("fsm", "stay"), 3, 0)
    # 40, -20, 70: mean 30, deviations 10, -50, 40, sample variance 4200 / 2 = 2100
    assert row.score == Estimate(30.0, pytest.approx(math.sqrt(700)), 3)
    assert (row.missed.mean, row.wrong.mean, row.fires.mean) == (2.0, pytest.approx(1 / 3), pytest.approx(1 / 3))
    first, second = row.seats
    assert first.contribution == Estimate(0.5, pytest.approx(0.25), 2)  # nobody was paid in the second episode
    assert second.contribution.count == 2
    assert first.efficiency == Estimate(2.0, pytest.approx(2 / math.sqrt(3)), 3)
    assert second.efficiency == Estimate(7.0, pytest.approx(1.0), 2)
    assert (first.macros_succeeded.mean, first.macros_failed.mean) == (20.0, 2.0)
    assert (row.decision_ms_median, row.decision_ms_p99, row.timed) == (2.0, 12.5, 2)


def test_one_episode_has_no_standard_error_and_an_unfinished_one_does_not_count() -> None:
    half = episode(1, -100) | {"finished": False}
    (row,) = rows_of([Episode.model_validate(episode(0, 50)), Episode.model_validate(half)], {})
    assert row.score == Estimate(50.0, None, 1)
    assert (row.episodes, row.unfinished, row.timed, row.decision_ms_p99) == (1, 1, 0, None)
    assert row.seats[0].contribution == Estimate(None, None, 0)


def test_teams_and_kitchens_come_in_the_order_of_the_configuration(tmp_path: Path) -> None:
    short = episode(0, 1) | {"kitchen": {"name": "cramped_room", "horizon": 50}, "key": "short"}
    run = read_run(results(tmp_path / "r", short, episode(0, 20, ("fsm", "fsm")), episode(0, 10)))
    assert [(row.kitchen, row.team[1]) for row in run.rows] == [
        ("cramped_room", "stay"),
        ("cramped_room", "fsm"),
        ("cramped_room (horizon=50)", "stay"),
    ]


def test_another_version_of_a_kitchen_is_another_row(tmp_path: Path) -> None:
    run = read_run(results(tmp_path / "r", episode(0, 10), episode(1, 90) | {"kitchen_digest": "def"}))
    assert [row.score.mean for row in run.rows] == [10.0, 90.0]
    assert [len(run.episodes_of(row)) for row in run.rows] == [1, 1]


def test_progress_of_an_unfinished_run(tmp_path: Path) -> None:
    folder = results(tmp_path / "r", episode(0, 10), seeds=90)
    with (folder / "episodes.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"format": "brigade-ep')  # as a killed run leaves it
    run = read_run(folder)
    assert (run.progress, run.expected, run.has_timings) == ("1 of 180 episodes so far", 180, False)
    full = [episode(seed, 1, ("fsm", mate)) for mate in ("fsm", "stay") for seed in range(3)]
    assert read_run(results(tmp_path / "full", *full)).progress == "6 episodes"


def test_timings_survive_what_a_killed_run_leaves(tmp_path: Path) -> None:
    path = tmp_path / "timings.jsonl"
    assert decision_times(path) is None
    lines = [
        '{"key":"a","decision_ms":{"median":1.5,"p99":2',
        "[1]",
        '{"key":"b","decision_ms":{"median":2,"p99":NaN}}',
        '{"key":"c","decision_ms":null}',
        '{"key":"d","decision_ms":{"median":null,"p99":4.0}}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert decision_times(path) == {"b": {"median": 2.0}, "d": {"p99": 4.0}}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"result": {"score": "many"}}, "result.score"),
        ({"result": {"score": 10**400}}, "result.score"),
        ({"result": {}}, "result.score"),
        ({"result": {"score": 1, "contribution_rate": [1.0]}}, "2 agents"),
        ({"agents": []}, "agents"),
        ({"kitchen": {"name": "cramped_room", "horizon": 0}}, "kitchen.horizon"),
        ({"seed": 2**70}, "seed"),
        ({"macros": [[], [["wait()", -1, 2, True, ""]]]}, "macros.1.0.1"),
    ],
)
def test_a_damaged_record_is_refused_with_its_line(tmp_path: Path, change: dict[str, Any], what: str) -> None:
    folder = results(tmp_path / "r", episode(0, 1), episode(1, 1) | change)
    with pytest.raises(BrigadeError, match=r"episodes\.jsonl:3: damaged: .*" + what.replace(".", r"\.")):
        read_run(folder)


def test_a_header_without_configuration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "episodes.jsonl").write_text('{"format": "brigade-run", "version": 1}\n', encoding="utf-8")
    with pytest.raises(BrigadeError, match="config: field required"):
        read_run(tmp_path)
