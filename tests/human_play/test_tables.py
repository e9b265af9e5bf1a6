"""Recordings as tables: every tick of every recording, and nothing that does not replay."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from brigade.agents.base import make_agent
from brigade.envs import kitchen_v0
from brigade.envs.kitchen.content.layout import kitchen_digest
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.observations.observe import make_observer
from brigade.envs.registry import BrigadeError
from brigade.human_play import cli_data
from brigade.human_play.cli_data import recordings
from brigade.human_play.data.minari_sets import write_minari
from brigade.human_play.data.tables import export
from brigade.simulation.episode import play
from brigade.simulation.recording import RecordingWriter, make_header, read_recording, recordings_in

TEAMS = {"a": ("new_counter_circuit", ("fsm", "dpt")), "below/b": ("cramped_room", ("fsm", "random")),
         "c": ("new_counter_circuit_solo", ("fsm",))}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three recordings, one of them cut off."""
    for name, (where, team) in TEAMS.items():
        kitchen = load_kitchen(where, 60)
        seats = [{"name": agent, "options": {}, "human": agent == "random"} for agent in team]
        header = make_header(kitchen, 3, None, seats, "both", {"kind": "virtual", "hz": 4}, {"run": name})
        writer = RecordingWriter(tmp_path / "in" / f"{name}.jsonl.zst", header)
        play(kitchen, [make_agent(agent) for agent in team], 3, recorder=writer)
    path = tmp_path / "in" / "c.jsonl.zst"
    path.write_bytes(path.read_bytes()[:-300])
    return tmp_path / "in"


def read(path: Path) -> list[dict[str, Any]]:
    from pyarrow import parquet

    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


def test_the_tables_hold_what_the_recordings_hold(folder: Path, tmp_path: Path) -> None:
    done = export(folder, tmp_path / "out")
    assert (done.recordings, done.cut, done.left_out) == (3, 1, ())
    episodes, ticks = read(tmp_path / "out" / "episodes.parquet"), read(tmp_path / "out" / "ticks.parquet")
    assert [row["recording"] for row in episodes] == ["a.jsonl.zst", "below/b.jsonl.zst", "c.jsonl.zst"]
    assert done.ticks == len(ticks)
    for row in episodes:
        recording = read_recording(folder / row["recording"])
        mine = [tick for tick in ticks if tick["recording"] == row["recording"]]
        assert [tuple(tick["actions"]) for tick in mine] == [line.actions for line in recording.ticks]
        assert [tick["tick"] for tick in mine] == list(range(row["ticks"]))
        assert [tick["thoughts"] is not None for tick in mine] == [bool(line.thoughts) for line in recording.ticks]
        assert (mine[0]["x"], mine[0]["y"]) == tuple(map(list, zip(*recording.kitchen.starts, strict=True)))
        assert json.loads(row["ids"]) == recording.header["ids"]
        assert row["cut"] == recording.cut
        if recording.end is not None:
            assert row["score"] == mine[-1]["score"] == recording.end["result"]["score"]
            assert row["contribution"] == recording.end["result"]["contribution_rate"]
    assert [row["score"] is None for row in episodes] == [False, False, True]
    assert [row["human"] for row in episodes] == [[False, False], [False, True], [False]]
    assert any(tick["thoughts"] for tick in ticks)


def test_what_does_not_replay_is_left_out_and_named(folder: Path, tmp_path: Path, monkeypatch: Any) -> None:
    (folder / "no.jsonl.zst").write_bytes(b"nothing")
    told = CliRunner().invoke(recordings, ["export", str(folder), "--out", str(tmp_path / "out")])
    assert told.exit_code == 1
    assert "no.jsonl.zst: not a recording" in told.output
    assert "3 recordings, 1 of them cut off before their end" in told.output
    from brigade.simulation.recording import Recording

    monkeypatch.setattr(Recording, "first_difference", lambda self: "tick 3: items differ from the recording")
    done = export(folder, tmp_path / "out")
    assert (done.recordings, len(done.left_out)) == (0, 4)
    assert any("does not replay: tick 3" in line for line in done.left_out)


def test_the_list_names_every_recording(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(cli_data, "console", Console(width=200))
    (folder / "no.jsonl.zst").write_bytes(b"nothing")
    told = CliRunner().invoke(recordings, ["list", str(folder)])
    assert told.exit_code == 1, told.output
    lines = {line.split()[0]: line for line in told.output.splitlines()}
    assert "fsm + dpt" in lines["a.jsonl.zst"]
    assert "whole" in lines["below/b.jsonl.zst"]
    assert "cut off after tick" in lines["c.jsonl.zst"]
    assert "not a recording" in lines["no.jsonl.zst"]


def test_without_pyarrow_it_says_what_to_install(folder: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BrigadeError, match=r"pip install 'brigade\[study\]'"):
        export(folder, tmp_path / "out")


def test_folders_without_recordings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BrigadeError, match="no such folder"):
        recordings_in(tmp_path / "none")
    with pytest.raises(BrigadeError, match="there are no recordings"):
        recordings_in(tmp_path)


def test_a_folder_that_cannot_be_written_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(BrigadeError, match="cannot be written"):
        export(folder, tmp_path / "file")


def test_recordings_become_a_data_set_of_minari(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    minari = pytest.importorskip("minari", reason="pip install 'brigade[clients]'")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "sets"))
    done = write_minari(folder, "kitchen/all-v0", "planes", kitchen="new_counter_circuit")
    assert (done.episodes, done.ticks, done.left_out) == (2, 120, [])
    data = minari.load_dataset("kitchen/all-v0")
    recording = read_recording(folder / "a.jsonl.zst")
    env = data.recover_environment()
    assert kitchen_digest(env.unwrapped.kitchen) == kitchen_digest(recording.kitchen)
    games = [recording.start().snapshot(), *(game.snapshot() for game in recording.play_again())]
    observer = make_observer("planes", recording.kitchen)
    for seat, episode in enumerate(data.iterate_episodes()):
        assert episode.actions.tolist() == [line.actions[seat] for line in recording.ticks]
        assert sum(episode.rewards) == recording.end["result"]["score"] == episode.infos["score"][-1]
        assert episode.truncations.tolist() == [False] * 59 + [True]
        for state, seen in zip(games, episode.observations, strict=True):
            buffer = observer.buffer(1)
            observer.write(state, buffer, 0, 1)
            np.testing.assert_array_equal(seen, buffer[0, seat])
    # An episode of `solo_env` in which the partner does as it did is the same.
    first = next(iter(data.iterate_episodes()))
    again = kitchen_v0.solo_env(
        kitchen=recording.kitchen, observation="planes", partners=Repeats([line.actions[1] for line in recording.ticks])
    )
    seen, info = again.reset(seed=3)
    for tick, action in enumerate(first.actions):
        np.testing.assert_array_equal(seen, first.observations[tick])
        assert info["event"].tolist() == first.infos["event"][tick].tolist()
        seen, reward, *_, info = again.step(int(action))
        assert reward == first.rewards[tick]


class Repeats:
    """A partner who does what is written."""

    def __init__(self, actions: list[int]):
        self.actions = actions

    def reset(self, view: Any) -> None:
        """Nothing to prepare."""

    def act(self, observation: dict[str, Any]) -> int:
        return self.actions[observation["tick"]]


def test_people_can_be_asked_for_and_their_ids_stay_out(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minari = pytest.importorskip("minari", reason="pip install 'brigade[clients]'")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "sets"))
    done = CliRunner().invoke(
        recordings, ["to-minari", str(folder), "people-v0", "--who", "people", "--out", str(tmp_path / "other")]
    )
    assert done.exit_code == 0, done.output
    assert "1 episodes, 60 ticks are in data set people-v0" in done.output
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "other"))
    assert minari.load_dataset("people-v0").total_episodes == 1
    assert not any(b"below/b" in path.read_bytes() for path in (tmp_path / "other").rglob("*") if path.is_file())


def test_what_makes_no_data_set_is_said(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("minari", reason="pip install 'brigade[clients]'")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "sets"))
    with pytest.raises(BrigadeError, match="recordings of several kitchens, cramped_room, new_counter_circuit"):
        write_minari(folder, "all-v0")
    with pytest.raises(BrigadeError, match="no recordings of agile that could be used"):
        write_minari(folder, "all-v0", who="agile")
    for name in ("no good name", "noversion", "../x-v0", "/x-v0"):
        with pytest.raises(BrigadeError, match=f"data set '{name}': expected letters"):
            write_minari(folder, name, kitchen="cramped_room")
    assert not list(tmp_path.glob("x-v0*"))
    with pytest.raises(
        BrigadeError, match=r"no recordings that could be used; .*c\.jsonl\.zst: .*the episode has no end"
    ):
        write_minari(folder, "cut-v0", kitchen="new_counter_circuit_solo")
    write_minari(folder, "rooms-v0", kitchen="cramped_room")
    with pytest.raises(BrigadeError, match="data set 'rooms-v0': "):
        write_minari(folder, "rooms-v0", kitchen="cramped_room")
    with pytest.raises(BrigadeError, match="a data set holds arrays"):
        write_minari(folder, "words-v0", "symbolic", kitchen="cramped_room")
    with pytest.raises(BrigadeError, match="unknown observation 'featurs'; did you mean 'features'"):
        write_minari(folder, "words-v0", "featurs", kitchen="cramped_room")
