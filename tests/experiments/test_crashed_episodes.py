"""An agent that breaks the protocol in some episodes: those are kept apart and named, and the batch goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

AGENT = """\
from pathlib import Path

from brigade.agents.base import agents

@agents.register("moody", "breaks down in every other episode, unless it is a good day")
class Moody:
    def reset(self, view):
        self.bad = view.seed % 2 == 1 and not Path(__file__).with_name("good_day").exists()

    def act(self, observation):
        if self.bad and observation["tick"] == 9:
            raise ValueError("enough!")
        return 1
"""
RUN = """\
name: moods
plugins: [./moody.py]
kitchens: [{name: cramped_room, horizon: 30}]
teams: [[moody, fsm]]
seeds: 4
"""


def brigade(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "brigade", *words], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.outer)])
def test_the_others_are_kept_and_a_better_day_makes_it_whole(tmp_path: Path, workers: str) -> None:
    (tmp_path / "moody.py").write_text(AGENT)
    (tmp_path / "run.yaml").write_text(RUN)
    done = brigade(tmp_path, "run", "run.yaml", f"ray.workers={workers}")
    assert done.returncode == 2
    assert "2 of 4 episodes crashed" in done.stderr
    assert "the agent in seat 0 (Moody), tick 9: ValueError while acting: enough!" in done.stderr
    folder = tmp_path / "results" / "moods"
    _, *episodes = map(json.loads, (folder / "episodes.jsonl").read_text().splitlines())
    assert [episode["seed"] for episode in episodes] == [0, 2]
    crashed = [json.loads(line) for line in (folder / "crashed.jsonl").read_text().splitlines()]
    assert sorted((each["seed"], each["ticks"], each["finished"]) for each in crashed) == [(1, 9, False), (3, 9, False)]
    assert brigade(tmp_path, "report", "results/moods").returncode == 0
    (tmp_path / "good_day").touch()
    done = brigade(tmp_path, "run", "run.yaml", f"ray.workers={workers}")
    assert done.returncode == 0, done.stderr
    assert "2 of 4 episodes are in" in done.stdout
    _, *episodes = map(json.loads, (folder / "episodes.jsonl").read_text().splitlines())
    assert [episode["seed"] for episode in episodes] == [0, 1, 2, 3]


def test_an_episode_whose_calls_cannot_be_written_does_not_count_as_finished(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(
        "name: calls\nkitchens: [{name: new_counter_circuit, horizon: 60}]\nteams: [[dpt, fsm]]\nseeds: 2\n"
        "calls: true\nrecordings: false\nray: {workers: 0}\n"
    )
    limited = (
        "import resource, runpy, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))\n"
        "sys.argv = ['brigade', 'run', 'run.yaml']\n"
        "runpy.run_module('brigade', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", limited], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stdout
    assert "thought of chef 1 at tick" in done.stderr
    assert "cannot be written: File too large" in " ".join(done.stderr.split())
    folder = tmp_path / "results" / "calls"
    assert len((folder / "episodes.jsonl").read_text().splitlines()) == 1
    again = brigade(tmp_path, "run", "run.yaml")
    assert again.returncode == 0, again.stderr
    assert len((folder / "episodes.jsonl").read_text().splitlines()) == 3
