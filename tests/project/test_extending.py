"""What docs/extending.md shows works as it stands: each door as a file that a configuration names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")
DOORS = dict(re.findall(r"^### (.+?)\n.*?^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
RUN = """\
name: own
plugins: [./agent.py, ./thought.py, ./reasoner.py]
kitchens: [{name: cramped_room, horizon: 60}]
teams: [[waiter, murmur]]
reasoner: {kind: parrot, options: {mood: cheerful}}
ray: {workers: 0}
"""
PARTNER = """\
name: own
plugins: [./partner.py]
kitchens: [{name: new_counter_circuit, horizon: 120}]
teams: [[{name: lookahead, options: {imagining: {models: [sleepy]}}}, fsm]]
seeds: 1
ray: {workers: 0}
"""
TRAIN = """\
name: own
plugins: [./observation.py, ./network.py]
kitchen: {name: cramped_room, horizon: 40}
observation: where
network: {kind: one_layer}
steps: 400
kitchens: 4
ticks: 20
checkpoints: 1
episodes: 2
"""
GAME = """\
name: own
plugins: [./game.py]
experiment: any_game
settings: {game: coin, episodes: 20}
seeds: 1
ray: {workers: 0}
"""


def brigade(folder: Path, *words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "brigade", *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def door(heading: str) -> str:
    return next(code for name, code in DOORS.items() if heading in name)


def test_every_door_is_shown_in_few_lines() -> None:
    headings = [
        "An agent",
        "A kind of thought",
        "A reasoner",
        "A partner model",
        "An observation",
        "A network",
        "Kitchens",
        "A prover-verifier",
        "Words for people",
    ]
    assert [name for name in DOORS if any(name.startswith(heading) for heading in headings)] == list(DOORS)
    assert len(DOORS) == len(headings)
    assert [name for name, code in DOORS.items() if len(list(filter(str.strip, code.splitlines()))) > 10] == []


def test_a_partner_model(tmp_path: Path) -> None:
    (tmp_path / "partner.py").write_text(door("A partner model"))
    (tmp_path / "run.yaml").write_text(PARTNER)
    brigade(tmp_path, "run", "run.yaml")
    lines = (tmp_path / "results" / "own" / "episodes.jsonl").read_text().splitlines()
    looks = [thought for thought in json.loads(lines[1])["thoughts"] if thought["kind"] == "look"]
    assert any(look.get("imagined_ticks", 0) > 0 for look in looks)
    assert {model for look in looks for *_, scores in look["scored"] for model in scores} >= {"sleepy", "uniform"}


def test_an_agent_a_thought_and_a_reasoner(tmp_path: Path) -> None:
    for name, heading in (("agent", "An agent"), ("thought", "A kind of thought"), ("reasoner", "A reasoner")):
        (tmp_path / f"{name}.py").write_text(door(heading))
    (tmp_path / "run.yaml").write_text(RUN)
    told = brigade(tmp_path, "run", "run.yaml", "seeds=1")
    assert "importing plug-in ./agent.py" in told
    lines = (tmp_path / "results" / "own" / "episodes.jsonl").read_text().splitlines()
    header, episode = map(json.loads, lines)
    assert [plugin["name"] for plugin in header["config"]["plugins"]] == ["./agent.py", "./thought.py", "./reasoner.py"]
    moods = [thought for thought in episode["thoughts"] if thought["kind"] == "mood"]
    assert [mood["value"] for mood in moods if mood["effect"] is not None] == ["cheerful"] * 3
    assert set(episode["actions"][0]) > {"1", "2"}
    (tmp_path / "agent.py").unlink()
    (tmp_path / "thought.py").write_text("raise RuntimeError('never imported')")
    assert "murmur" in brigade(tmp_path, "report", "results/own")
    assert "1 identical" in brigade(tmp_path, "verify", "results/own")


def test_an_observation_and_a_network(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs PyTorch: pip install 'brigade[rl]'")
    for name, heading in (("observation", "An observation"), ("network", "A network")):
        (tmp_path / f"{name}.py").write_text(door(heading))
    (tmp_path / "train.yaml").write_text(TRAIN)
    assert "importing plug-in ./network.py" in brigade(tmp_path, "train", "train.yaml", "device=cpu")
    team = f"{{name: neural, options: {{checkpoint: {tmp_path / 'results' / 'rl' / 'own' / 'seed_0'}}}}}"
    run = RUN.replace("[./agent.py, ./thought.py, ./reasoner.py]", "[./observation.py, ./network.py]")
    (tmp_path / "run.yaml").write_text(re.sub(r"reasoner:.*\n", "", run.replace("[waiter, murmur]", f"[{team}, fsm]")))
    brigade(tmp_path, "run", "run.yaml", "seeds=1")


def test_a_kitchen(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(door("Kitchens"))
    folder = ROOT / "tests" / "toy_package" / "brigade_toy" / "content"
    for sort in ("kitchens", "cookbooks"):
        (tmp_path / "content" / sort).mkdir(parents=True)
        for file in (folder / sort).glob("*.yaml"):
            (tmp_path / "content" / sort / file.name).write_text(file.read_text())
    run = RUN.replace("[./agent.py, ./thought.py, ./reasoner.py]", "[./mine.py]").replace("cramped_room", "toast_bar")
    (tmp_path / "run.yaml").write_text(re.sub(r"reasoner:.*\n", "", run.replace("[waiter, murmur]", "[fsm, fsm]")))
    brigade(tmp_path, "run", "run.yaml", "seeds=1")
    episode = json.loads((tmp_path / "results" / "own" / "episodes.jsonl").read_text().splitlines()[1])
    assert episode["result"]["served"] > 0
    (tmp_path / "content").rename(tmp_path / "elsewhere")
    assert "1 identical" in brigade(tmp_path, "verify", "results/own")
    assert "1 identical" in brigade(tmp_path, "verify", "results/own/recordings")


def test_a_game(tmp_path: Path) -> None:
    (tmp_path / "game.py").write_text(door("A prover-verifier") + door("Words"))
    (tmp_path / "game.yaml").write_text(GAME)
    told = brigade(tmp_path, "pvg", "game.yaml")
    assert "spot_checker" in told
    judging = "name: judged\nplugins: [./game.py]\ngame: coin\nitems: 2\npractice: 0\ntime_limit_s: null\n"
    (tmp_path / "judge.yaml").write_text(judging)
    done = subprocess.run(
        [sys.executable, "-m", "brigade", "pvg", "play", "judge.yaml", "--text"],
        cwd=tmp_path, capture_output=True, text=True, input="\n" + "a\n" * 8,
    )  # fmt: skip
    assert "A coin was thrown" in done.stdout, done.stderr
    assert "Did it fall heads up?" in done.stdout
