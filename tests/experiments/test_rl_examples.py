"""The example programs of docs/training.md run, learn, and leave something that works."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from brigade.agents.base import View
from brigade.agents.learned.checkpoint import read_card, steps_of
from brigade.agents.learned.neural import NeuralAgent
from brigade.envs import kitchen_v0
from brigade.envs.registry import BrigadeError
from brigade.experiments.rl.config import PROGRESS, TrainConfig

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
RLLIB = ("torch", "tensorboard", "ray.rllib", "tree", "lz4")  # the last two come with the extra, not with Ray


def need(*modules: str) -> None:
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")


def run(name: str, *arguments: str, folder: Path) -> str:
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def play_episode(run_folder: Path) -> dict[str, Any]:
    """Play the newest checkpoint of a run in both seats, as the agents that it makes; the last tick's infos."""
    world = kitchen_v0.parallel_env(kitchen="cramped_room", old_dynamics=True)
    _, infos = world.reset(seed=3)
    team = [NeuralAgent(str(run_folder)) for _ in world.agents]
    for seat, agent in enumerate(team):
        agent.reset(View(world.kitchen, seat, 5))
    seen = set()
    while world.agents:
        chosen = [agent.act(world.describe() | {"you": seat}) for seat, agent in enumerate(team)]
        seen |= set(chosen)
        *_, infos = world.step(dict(zip(world.agents, chosen, strict=True)))
    assert len(seen) == 6, "a policy that has hardly learned does everything at some time"
    return dict(infos["chef_0"])


def test_ppo_of_ones_own_learns(tmp_path: Path) -> None:
    need("torch")
    out = run("own_ppo.py", "--steps", "260000", folder=tmp_path)
    returns = [float(each) for each in re.findall(r"sparse return (\S+)", out)]
    assert len(returns) >= 4
    assert returns[-1] > max(returns[0], 5), out


@pytest.mark.outer
def test_stable_baselines_trains_beside_a_state_machine(tmp_path: Path) -> None:
    need("torch", "stable_baselines3")
    out = run("clients/sb3.py", "--steps", "6400", "--out", "chef.zip", folder=tmp_path)
    assert (tmp_path / "chef.zip").stat().st_size > 10_000
    assert "n_updates" in out, "it learned"
    (earned,) = re.findall(r"sparse return (\S+) over 5 episodes", out)
    assert float(earned) > 20, "the partner delivers"


@pytest.mark.outer
@pytest.mark.parametrize("policies", ["shared", "separate"])
def test_rllib_trains_policies_that_play_like_others(tmp_path: Path, policies: str) -> None:
    need(*RLLIB)
    options = ["--separate"] if policies == "separate" else []
    arguments = ["--steps", "6400", "--workers", "1", "--out", "out", *options]
    out = run("rllib.py", *arguments, folder=tmp_path)
    folder = tmp_path / "out" / "seed_0"
    assert "checkpoints in out/seed_0" in out
    lines = [json.loads(line) for line in (folder / PROGRESS).read_text().splitlines()]
    assert [line["step"] for line in lines] == [3200, 6400]
    assert sum(line["episode"]["episodes"] for line in lines) == 16, "each of 8 kitchens ended two episodes"
    assert all(line["loss"]["kl"] > 0 for line in lines)
    assert lines[0]["episode"]["shaped"] > 0
    first, *_, last = steps_of(folder)
    card = read_card(last)
    assert (card.steps, card.network.policies) == (6400, policies)
    before, after = numbers(first), numbers(last)
    assert before.keys() == after.keys()
    assert all(bool((before[name] != after[name]).any()) for name in before), "every layer has learned"
    assert play_episode(folder)["score"] >= 0
    evaluation = json.loads((folder / "evaluation.json").read_text())
    assert [each["mode"] for each in evaluation["returns"]] == ["greedy", "sampled"]
    assert evaluation["hardware"]["device"]


def numbers(folder: Path) -> dict[str, Any]:
    from brigade.agents.learned.checkpoint import load

    return dict(load(folder)[0].state_dict())


RESUMED = """
import sys
from pathlib import Path
import torch
from rich.console import Console
from brigade.agents.learned.checkpoint import load, steps_of
from brigade.envs.registry import BrigadeError
from brigade.batch.running.ray_session import ray_session
from brigade.experiments.rl.ray import rllib
from brigade.experiments.rl.config import TrainConfig

config = TrainConfig.model_validate_json(sys.argv[1])
update, count = rllib.RLlibTraining.update, iter(range(100))

def interrupted(self, log):
    if next(count) == 2:
        raise KeyboardInterrupt
    update(self, log)

rllib.RLlibTraining.update = interrupted
try:
    rllib.train_with_rllib(config, 1, Console())
except KeyboardInterrupt:
    kept = steps_of(config.run_folder(1))
    print("kept", len(kept))
rllib.RLlibTraining.update = update
with ray_session(1):
    began = rllib.RLlibTraining(config, 1, folder=config.run_folder(1))
    policy = load(kept[-1])[0]
    for module in began.modules:
        worker = began.algorithm.get_module(module).policy
        index = began.modules.index(module)
        for part in ("actors", "critics"):
            for name, tensor in getattr(policy, part)[index].state_dict().items():
                assert torch.equal(tensor, getattr(worker, part)[0].state_dict()[name]), name
    assert began.learner.get_optimizer(began.modules[0]).state_dict()["state"], "Adam goes on"
    rllib.count_from(began.algorithm.env_runner, began.progress.steps)
    print("began at", began.progress.steps, "shaped weight", began.algorithm.env_runner.env.envs[0].unwrapped.weight)
    print("rate", round(float(began.learner.get_optimizer(began.modules[0]).param_groups[0]["lr"]), 6))
    with torch.no_grad():
        began.learner.module[began.modules[0]].unwrapped().policy.actors[0][-1].bias.fill_(float("nan"))
    try:
        began.save(Path("ruined"))
    except BrigadeError as error:
        print(error)
    print("ruined kept", Path("ruined").exists())
    began.close()
rllib.train_with_rllib(config, 1, Console(), resume=True)
print("steps", [int(each.name) for each in steps_of(config.run_folder(1))])
"""


@pytest.mark.outer
def test_an_rllib_training_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    need(*RLLIB)
    config = {
        "name": "small", "kitchen": {"name": "cramped_room", "horizon": 30}, "network": {"hidden": [8]},
        "kitchens": 4, "ticks": 30, "steps": 480, "checkpoints": 4, "episodes": 2, "parallel": 1, "out": "out",
        "shaping": {"anneal": 1.0}, "ppo": {"learning_rate": 0.001},
    }  # fmt: skip
    command = [sys.executable, "-c", RESUMED, json.dumps(config)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "kept 3" in done.stdout
    assert "began at 240 shaped weight 0.5" in done.stdout
    assert "rate 0.0005" in done.stdout
    assert "diverged at environment step 240: actors.0.2.bias is not finite" in done.stdout
    assert "ruined kept False" in done.stdout
    assert "steps [0, 120, 240, 360, 480]" in done.stdout


@pytest.mark.parametrize(
    "shaping", [{"events": {"place": -7, "plate": 0, "collect": 2}}, {"drawn": 10}], ids=["given", "drawn"]
)
def test_rllib_pays_for_events_what_the_training_says(shaping: dict[str, Any]) -> None:
    need(*RLLIB)
    from brigade.experiments.rl.ray.rllib_env import KitchenMultiAgentEnv, env_config

    choice = {"name": "cramped_room", "horizon": 77}
    config = TrainConfig.model_validate({"name": "small", "kitchen": choice, "shaping": shaping})
    wanted = config.shaping.kitchen_of(config.kitchen.load(), 3)
    sent = pickle.loads(pickle.dumps(env_config(config, seed=3, kitchens=1, done=0)))
    world = KitchenMultiAgentEnv(sent).world
    assert world.kitchen.horizon == 77
    assert world.kitchen.layout.shaped.tolist() == wanted.layout.shaped.tolist() != [0, 3, 3, 5]


@pytest.mark.parametrize(
    "change",
    [{"network": {"critic": "centralised"}}, {"partners": ["fsm"]}, {"ppo": {"value_clip": 0.2}}, {"device": "cuda"}],
    ids=["centralised critic", "partners", "clipped values", "GPU"],
)
def test_what_rllib_is_not_asked_to_do_is_refused(change: dict[str, Any]) -> None:
    need(*RLLIB)
    from brigade.experiments.rl.ray.rllib import check_supported

    config = TrainConfig.model_validate({"name": "small", "kitchen": "cramped_room"} | change)
    with pytest.raises(BrigadeError, match="use backend: torch"):
        check_supported(config)


def test_missing_rllib_is_explained(tmp_path: Path) -> None:
    need("torch", "tensorboard")
    code = "import sys; sys.modules['ray.rllib'] = None; import brigade.experiments.rl.ray.rllib"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "BrigadeError: backend rllib needs Ray RLlib" in done.stderr
    assert "pip install 'brigade[rllib]'" in done.stderr
