"""Batch runs, results folders, verification: nothing is lost, nothing is mixed up, damage is named."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.run.config import RunConfig, jobs_of
from brigade.experiments.kitchen.run.results import read_results
from brigade.experiments.kitchen.run.run import run
from brigade.experiments.kitchen.run.verify import verify_file
from brigade.simulation.episode import state_after
from brigade.simulation.recording import read_recording

SMALL = """\
name: small
kitchens: [{name: new_counter_circuit_solo, horizon: 60}, {name: cramped_room, horizon: 60}]
teams:
  - [fsm]
  - [fsm, random]
seeds: 3
ray: {workers: 0}
"""


@pytest.fixture
def quiet() -> Console:
    return Console(quiet=True)


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


def go(config_file: Path, quiet: Console, *changes: str) -> Path:
    config = RunConfig.load(str(config_file), [f"out={config_file.parent / 'results'}", *changes])
    run(config, quiet)
    return config.folder


def test_a_run_plays_the_matrix(config_file, quiet):
    header, *episodes = read_results(go(config_file, quiet))
    assert len(episodes) == 6
    assert header["config"]["name"] == "small"
    assert header["provenance"]["brigade"]
    assert {len(episode["actions"]) for episode in episodes} == {1, 2}
    assert all(len(episode["checks"]) == 16 * 60 for episode in episodes)


def test_the_same_run_gives_the_same_file(config_file, quiet, tmp_path):
    first = (go(config_file, quiet) / "episodes.jsonl").read_bytes()
    again = RunConfig.load(str(config_file), [f"out={tmp_path / 'again'}"])
    run(again, quiet)
    assert (again.folder / "episodes.jsonl").read_bytes() == first


def test_ray_gives_the_same_file_as_playing_here(config_file, quiet, tmp_path):
    here = (go(config_file, quiet) / "episodes.jsonl").read_bytes()
    with_ray = RunConfig.load(str(config_file), [f"out={tmp_path / 'ray'}", "ray.workers=2"])
    run(with_ray, quiet)
    assert (with_ray.folder / "episodes.jsonl").read_bytes() == here


def test_running_again_does_only_what_is_missing(config_file, quiet, monkeypatch):
    folder = go(config_file, quiet)
    path = folder / "episodes.jsonl"
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + lines[3][:100])  # as a killed run leaves it
    played = []
    from brigade.experiments.kitchen.run import run as module

    original = module.play_job
    monkeypatch.setattr(module, "play_job", lambda job: (played.append(job.key), original(job))[1])
    go(config_file, quiet)
    assert len(played) == 4
    assert path.read_bytes() == whole


def test_results_of_another_configuration_are_left_alone(config_file, quiet):
    folder = go(config_file, quiet)
    before = (folder / "episodes.jsonl").read_bytes()
    with pytest.raises(BrigadeError, match='another configuration: messages is "both" there and "nobody" here'):
        go(config_file, quiet, "messages=nobody")
    assert (folder / "episodes.jsonl").read_bytes() == before


def test_a_killed_run_loses_only_what_was_in_flight(config_file, tmp_path):
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "brigade", "run", str(config_file), f"out={out}", "seeds=400"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    path = out / "episodes.jsonl"
    for _ in range(600):
        if path.exists() and path.read_bytes().count(b"\n") > 5:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = len(read_results(path, unfinished=True)) - 1
    assert done >= 5
    assert all(verdict.difference is None for verdict in verify_file(_whole_lines(path, tmp_path)))


def _whole_lines(path: Path, tmp_path: Path) -> Path:
    kept = tmp_path / "kept.jsonl"
    kept.write_text(path.read_text().rpartition("\n")[0] + "\n")
    return kept


@pytest.mark.parametrize("name", RunConfig.names())
def test_bundled_configurations_load(name):
    assert jobs_of(RunConfig.load(name))


@pytest.mark.parametrize(
    ("text", "changes", "complaint"),
    [
        (SMALL.replace("fsm, random", "fsm, rondom"), [], r"small\.yaml:5: teams\.1\.1: unknown agent 'rondom'"),
        (
            SMALL.replace("cramped_room", "cramped_rom"),
            [],
            r"small\.yaml:2: kitchens\.1: .*mean 'cramped_room'",
        ),
        (SMALL.replace("seeds:", "seed:"), [], r"small\.yaml:6: seed: unknown key; did you mean 'seeds'"),
        (SMALL, ["seeds=0"], "at least 1"),
        (SMALL, ["seeds"], "expected key=value"),
        (SMALL, ["ray.worker=1"], "did you mean 'workers'"),
        (SMALL, ["order_scripts=/nowhere.json"], "order scripts /nowhere.json: cannot be read"),
        (SMALL.replace("  - [fsm]\n", ""), [], "no team has the 1 members this kitchen needs"),
        (SMALL + "  bad: [\n", [], r"small\.yaml:\d+: not valid YAML"),
    ],
)
def test_configurations_that_do_not_fit_are_refused(config_file, text, changes, complaint):
    config_file.write_text(text)
    with pytest.raises(BrigadeError, match=complaint):
        jobs_of(RunConfig.load(str(config_file), changes))


def test_unknown_configurations_name_the_nearest():
    with pytest.raises(BrigadeError, match="did you mean 'state_machine'"):
        RunConfig.load("state_machin")


def test_order_scripts_play_one_episode_each(config_file, quiet, tmp_path):
    scripts = tmp_path / "scripts.json"
    scripts.write_text(json.dumps({"scripts": [["BeefBurger"] * 9, ["LettuceBurger"] * 9]}))
    changes = [f"order_scripts={scripts}", "kitchens=[{name: new_counter_circuit_solo, horizon: 60}]", "teams=[[fsm]]"]
    _, *episodes = read_results(go(config_file, quiet, *changes))
    assert [episode["order_script"][0] for episode in episodes] == ["BeefBurger", "LettuceBurger"]
    scripts.write_text(json.dumps([["Soup"]]))
    with pytest.raises(BrigadeError, match="script 0: unknown dish 'Soup'"):
        go(config_file, quiet, *changes, f"out={tmp_path / 'other'}")


THINKING = """\
name: thinking
kitchens: [{name: new_counter_circuit, horizon: 90}]
teams:
  - [dpt, beef_specialist]
  - [react_stepwise, beef_specialist]
seeds: 2
vary: {clock.seconds: [1, 4]}
calls: true
ray: {workers: 0}
"""


class TestThinking:
    @pytest.fixture
    def config_file(self, tmp_path: Path) -> Path:
        path = tmp_path / "thinking.yaml"
        path.write_text(THINKING)
        return path

    def test_what_varies_is_played_and_recorded(self, config_file, quiet):
        _, *episodes = read_results(go(config_file, quiet))
        assert len(episodes) == 8
        assert {episode["condition"]["clock.seconds"] for episode in episodes} == {1, 4}
        thoughts = [t for episode in episodes for t in episode["thoughts"] if t["kind"] != "check"]
        asked = [t for t in thoughts if t["effect"] is not None]
        assert {t["effect"] - t["asked"] for t in asked} == {4, 16}

    def test_a_recorded_run_replays_without_its_model_byte_for_byte(self, config_file, quiet, tmp_path, monkeypatch):
        folder = go(config_file, quiet)
        from brigade.experiments.kitchen.run import run as module

        monkeypatch.setattr(module, "make_reasoner", None)  # nobody to ask
        again = RunConfig.load(str(config_file), [f"out={tmp_path / 'again'}", f"replay={folder}", "calls=false"])
        run(again, quiet)
        assert (again.folder / "episodes.jsonl").read_bytes() == (folder / "episodes.jsonl").read_bytes()

    def test_every_episode_has_a_recording_that_replays(self, config_file, quiet):
        folder = go(config_file, quiet)
        _, *episodes = read_results(folder)
        recordings = {r.header["ids"]["key"]: r for r in map(read_recording, (folder / "recordings").iterdir())}
        assert recordings.keys() == {episode["key"] for episode in episodes}
        for episode in episodes:
            recording = recordings[episode["key"]]
            assert recording.cut is None
            assert recording.first_difference() is None
            assert recording.end["result"] == episode["result"]
            told = [thought for line in recording.ticks for thought in line.thoughts] + recording.end["thoughts"]
            assert told == episode["thoughts"]

    def test_thinking_episodes_verify(self, config_file, quiet):
        assert all(verdict.difference is None for verdict in verify_file(go(config_file, quiet)))

    @pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.outer)])
    def test_interrupted_episodes_are_kept_as_far_as_they_went(self, config_file, tmp_path, workers):
        state_after(load_kitchen("new_counter_circuit"), "stay", 1)  # so that the rules are compiled
        out = tmp_path / "stopped"
        changes = ["clock={kind: real, seconds: 1}", "vary={}", "teams=[[dpt, stay]]", f"ray.workers={workers}"]
        command = [sys.executable, "-m", "brigade", "run", str(config_file), f"out={out}", *changes]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # else a job
            # begun in the background, as tests may be, never hears of it
        )  # fmt: skip
        at_once = max(1, workers)
        deadline = time.monotonic() + 300  # Ray may take its time on a busy machine
        while len(list(out.glob("calls/**/*.jsonl"))) < at_once and time.monotonic() < deadline:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.1)
        while not any(path.stat().st_size for path in out.glob("calls/**/*.jsonl")) and time.monotonic() < deadline:
            time.sleep(0.1)  # until a thought, of four ticks, has been answered
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=120)
        assert process.returncode == 130, complaint
        assert "The same command goes on from there" in complaint
        entries = [json.loads(line) for line in (out / "interrupted.jsonl").read_text().splitlines()]
        assert len(entries) == at_once
        assert not any(entry["finished"] for entry in entries)
        assert all(0 <= entry["ticks"] < 90 for entry in entries)
        assert any(entry["ticks"] for entry in entries)  # on a busy machine not all may have begun

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            (
                THINKING.replace("clock.seconds", "clock.second"),
                r"vary\.clock\.second: .*mean 'clock\.seconds'",
            ),
            (THINKING.replace("[1, 4]", "[-1]"), "clock.seconds: input should be greater|greater than or equal to 0"),
            (THINKING.replace("[1, 4]", "[]"), "no values"),
            (THINKING.replace("[dpt,", "[dtp,"), "did you mean 'dpt'"),
            (
                THINKING.replace("[dpt,", "[{name: dpt, options: {without: [beleif]}},"),
                "has no thought 'beleif'; did you mean 'belief'",
            ),
            (THINKING + "reasoner: {quality: 2}\n", "reasoner.quality"),
            (THINKING.replace("{workers: 0}", "{workers: 0, address: auto}"), "ray: workers: 0 .* leave out one"),
            (THINKING + "reasoner: {knobs: {faults: {malfomed: 1}}}\n", "reasoner.knobs.faults"),
            (THINKING + "messages: loud\n", "messages"),
        ],
    )
    def test_what_does_not_exist_is_refused(self, config_file, text, complaint):
        config_file.write_text(text)
        with pytest.raises(BrigadeError, match=complaint):
            jobs_of(RunConfig.load(str(config_file)))


class TestVerify:
    @pytest.fixture
    def episodes(self, config_file, quiet) -> Path:
        return go(config_file, quiet) / "episodes.jsonl"

    def change(self, path: Path, **changes: object) -> None:
        header, first, *rest = path.read_text().splitlines()
        entry = json.loads(first) | changes
        path.write_text("\n".join([header, json.dumps(entry), *rest]) + "\n")

    def test_identical(self, episodes):
        verdicts = list(verify_file(episodes))
        assert [verdict.difference for verdict in verdicts] == [None] * 6
        assert {verdict.steps for verdict in verdicts} == {60}

    def test_a_changed_action_is_found_at_its_step(self, episodes):
        entry = json.loads(episodes.read_text().splitlines()[1])
        actions = entry["actions"][0]
        moved = next(i for i in range(10, 60) if actions[i] in "1234")
        self.change(episodes, actions=[actions[:moved] + "0" + actions[moved + 1 :]])
        verdict = next(verify_file(episodes))
        assert verdict.difference == f"step {moved + 1}: chefs differ from the recording"
        assert verdict.steps == moved

    def test_a_changed_score_is_found(self, episodes):
        entry = json.loads(episodes.read_text().splitlines()[1])
        self.change(episodes, result=entry["result"] | {"score": 999})
        assert "score 999 recorded" in next(verify_file(episodes)).difference

    @pytest.mark.parametrize(
        ("changes", "complaint"),
        [
            ({"version": 99}, "written by a newer Brigade"),
            ({"version": None}, "damaged: no version"),
            ({"actions": ["0"]}, "damaged: 1 chefs and 60 ticks do not fit"),
            ({"actions": ["9" * 60]}, "action 9 is out of range"),
            ({"kitchen_digest": "0"}, "another version of kitchen"),  # and none of that digest is in the header
            ({"result": {}}, "damaged: no field 'score'"),
            ({"format": "else"}, "neither a Brigade episode nor a recording"),
        ],
    )
    def test_damage_is_named(self, episodes, changes, complaint):
        self.change(episodes, **changes)
        with pytest.raises(BrigadeError, match=complaint):
            list(verify_file(episodes))

    def test_the_header_has_the_kitchens(self, episodes):
        self.change(episodes, kitchen={"name": "gone"})
        assert [verdict.difference for verdict in verify_file(episodes)] == [None] * 6

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            (
                lambda kitchen: kitchen["kitchen"].update(layout="XX"),
                r"episodes\.jsonl:2: kitchen \w+: kitchen.*layout",
            ),
            (lambda kitchen: kitchen["kitchen"].update(horizon=7), r"kitchen \w+ is not the one that was recorded"),
            (lambda kitchen: kitchen.clear(), "cookbook|kitchen"),
        ],
    )
    def test_a_damaged_kitchen_is_named(self, episodes, change, complaint):
        header, *lines = episodes.read_text().splitlines()
        told = json.loads(header)
        for kitchen in told["kitchens"].values():
            change(kitchen)
        episodes.write_text("\n".join([json.dumps(told), *lines]) + "\n")
        with pytest.raises(BrigadeError, match=complaint):
            list(verify_file(episodes))

    def test_a_kitchen_that_is_not_here_hides_no_other_episode(self, episodes):
        header, *lines = episodes.read_text().splitlines()
        told = {
            key: value for key, value in json.loads(header).items() if key != "kitchens"
        }  # as earlier revisions did
        episodes.write_text("\n".join([json.dumps(told), *lines]) + "\n")
        self.change(episodes, kitchen={"name": "gone"})
        first, *others = verify_file(episodes)
        assert first.difference.startswith("cannot be replayed: unknown kitchen 'gone'")
        assert str(episodes.parent / "recordings") in first.difference
        assert first.steps == 0
        assert [verdict.difference for verdict in others] == [None] * 5

    def test_cut_off(self, episodes):
        text = episodes.read_text()
        episodes.write_text(text[:-200])
        with pytest.raises(BrigadeError, match=r"episodes\.jsonl:7: cut off in the middle of a line"):
            list(verify_file(episodes))

    def test_not_there_or_empty(self, tmp_path):
        with pytest.raises(BrigadeError, match="no such file"):
            list(verify_file(tmp_path / "none.jsonl"))
        (tmp_path / "empty.jsonl").write_text("")
        with pytest.raises(BrigadeError, match="no episodes"):
            list(verify_file(tmp_path / "empty.jsonl"))
        (tmp_path / "binary.jsonl.gz").write_bytes(b"\x00\x01")
        with pytest.raises(BrigadeError, match="cut off or damaged"):
            list(verify_file(tmp_path / "binary.jsonl.gz"))
