"""The kitchens on a GPU are those of the CPU, bit for bit; without a GPU, in Numba's simulator of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from brigade.envs.kitchen.engine.compiled import COMPILED

SWITCH_S = 1e-5  # the simulator's main thread spins while those of a kernel wait for the interpreter
KITCHENS = [
    ("new_counter_circuit", "features"),
    ("new_asymmetric_advantages", "planes"),
    ("coordination_ring", "planes"),
    ("salad_bar", "features"),
    ("generated:seed=5,chefs=4,width=9", "features"),
]
REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
PUBLISHED = sorted(REFERENCE.glob("*.jsonl.gz"))
RECORDINGS = sorted((Path(__file__).parents[1] / "envs" / "recordings").glob("*.jsonl"))

RANDOM_KITCHENS = """
import sys
import numpy as np
from brigade.envs.kitchen.interfaces.cuda import CudaGame, fetched
from brigade.envs.kitchen.engine.state import differences
from brigade.envs.kitchen.interfaces.vector import KitchenVectorEnv

kitchen, observation = sys.argv[1:3]
horizon, ticks, count = map(int, sys.argv[3:])
env = KitchenVectorEnv(kitchen, count, observation, horizon=horizon)
shape = count, env.kitchen.chefs
game = CudaGame(env.kitchen, count, observation)
seeds = [2**31, *range(3, count + 2)]
seen, _ = env.reset(seed=seeds)
game.reset(seeds)
random = np.random.default_rng(0)
ended = 0
for tick in range(ticks):
    assert np.array_equal(fetched(game.observations), seen.reshape(*shape, -1)), tick
    actions = random.choice(6, shape, p=np.array([1, 2, 2, 2, 2, 5]) / 14).astype(np.int8)
    seen, rewards, _, over, info = env.step(actions)
    game.step(actions)
    assert np.array_equal(fetched(game.rewards), rewards), tick
    assert np.array_equal(fetched(game.over), over), tick
    assert differences(game.state, env.game.state) == [], tick
    if over.any():
        ended += 1
        assert np.array_equal(fetched(game.final)[over], info["final_obs"].reshape(*shape, -1)[over])
assert ended == ticks // horizon
print("same")
"""

REPLAYED = """
import itertools, json, sys
import numpy as np
from brigade.envs.kitchen.interfaces.cuda import CudaGame
from brigade.envs.kitchen.engine.state import fingerprint
from brigade.batch.configuration.specs import KitchenChoice

def where(entry):
    return json.dumps(entry["kitchen"])

for _, group in itertools.groupby(sorted(map(json.loads, sys.stdin), key=where), where):
    entries = list(group)  # played side by side
    kitchen = KitchenChoice.model_validate(entries[0]["kitchen"]).load()
    game = CudaGame(kitchen, len(entries), None)
    game.reset([entry["seed"] for entry in entries])
    actions = np.array([[[int(digit) for digit in seat] for seat in entry["actions"]] for entry in entries], np.int8)
    for tick in range(kitchen.horizon - 1):  # with the last one the game on the GPU begins the next episode
        game.step(actions[:, :, tick])
        state = game.state
        for k, entry in enumerate(entries):
            assert fingerprint(state, k) == entry["checks"][16 * tick : 16 * tick + 16], (kitchen.name, tick)
print("same")
"""

PUBLISHED_GAMES = """
import gzip, json, sys
import numpy as np
from brigade.envs.kitchen.interfaces.cuda import CudaGame, fetched
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.state import differences
from brigade.experiments.kitchen.run.published_recordings import CLASSIC_ACTIONS

entries = [json.loads(line) for line in gzip.open(sys.argv[1], "rt", encoding="utf-8")]  # played side by side
first = entries[0]
kitchen = load_kitchen(first["layout"], None, first.get("old_dynamics"))
challenge = first["rules"] == "challenge"
game, cpu = CudaGame(kitchen, len(entries), None), Game(kitchen, len(entries))
cpu.reset([entry["seed"] for entry in entries], [entry["order_script"] for entry in entries] if challenge else None)
game.restore(cpu.state)
ended = False
for tick, steps in enumerate(zip(*(entry["steps"] for entry in entries), strict=True), 1):
    assert not ended
    joint = [step["actions"] if challenge else [CLASSIC_ACTIONS[name] for name in step["actions"]] for step in steps]
    cpu.step(joint)
    game.step(joint)
    assert np.array_equal(fetched(game.rewards), cpu.rewards), tick
    assert np.array_equal(fetched(game.results)[1], cpu.state.score), tick
    ended = bool(fetched(game.over).all())  # then the game on the GPU has begun the next episode
    assert ended or differences(game.state, cpu.state) == [], tick
print("same", len(entries), tick)
"""

ROLLOUTS = """
import sys
from dataclasses import fields
import numpy as np
import torch
from brigade.agents.learned.checkpoint import load
from brigade.agents.learned.network_spec import NetworkSpec
from brigade.agents.learned.networks import Policy
from brigade.envs.kitchen.observations.observe import make_observer
from brigade.batch.configuration.specs import KitchenChoice
from brigade.experiments.rl.evaluation.evaluate import make_env
from brigade.experiments.rl.training.gpu_rollout import GpuRollout
from brigade.experiments.rl.training.rollout import CpuRollout, Weights

name, observation, horizon, ticks = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
choice = KitchenChoice(name=name, horizon=horizon, old_dynamics=name == "cramped_room" or None)
kitchen = choice.load()
policy = Policy(NetworkSpec(hidden=[8], channels=[2]), make_observer(observation, kitchen).shape, kitchen.chefs)
if name == "cramped_room":
    policy = load(name, kitchen)[0]
rollouts = CpuRollout(make_env(choice, 5, observation), ticks, 7), GpuRollout(kitchen, 5, observation, ticks, 7)
randoms = torch.Generator().manual_seed(0), torch.Generator().manual_seed(0)
episodes = earned = 0
for weights in (Weights(0.3, scale=0.1), Weights(0.7, team=True)):
    (batch, totals), (other, others) = (
        rollout.gather(policy, random, weights) for rollout, random in zip(rollouts, randoms)
    )
    for field in fields(batch):
        one, two = getattr(batch, field.name), getattr(other, field.name)
        assert one.dtype == two.dtype and torch.equal(one, two), field.name
    assert totals == others
    assert np.array_equal(rollouts[0].seen, rollouts[1].seen)
    assert np.array_equal(rollouts[0].shaped, rollouts[1].shaped)
    episodes, earned = episodes + totals.episodes, earned + float(batch.rewards.sum())
print(episodes, earned > 0)
"""

TRAININGS = """
import sys
from pathlib import Path
import torch
from rich.console import Console
from brigade.agents.learned.checkpoint import load
from brigade.experiments.rl.training import train as training
from brigade.experiments.rl.config import TrainConfig
from brigade.experiments.rl.training.gpu_rollout import GpuRollout
from brigade.experiments.rl.training.resume import load_training

def config(name):
    return TrainConfig.model_validate({
        "name": "small", "kitchen": {"name": "cramped_room", "horizon": 30}, "network": {"hidden": [8]},
        "kitchens": 4, "ticks": 10, "steps": 120, "checkpoints": 1, "episodes": 2, "out": sys.argv[1] + name,
    })

def on_gpu(config, seed, device, random, rooms=None):
    return GpuRollout(config.kitchen.load(), config.kitchens, config.observation, config.ticks, seed)

class NoLog:
    def add(self, *things):
        pass

def numbers(policy):
    return torch.cat([each.detach().flatten() for each in policy.parameters()])

on_cpu, policies = training.make_rollout, []
for name, make in (("cpu", on_cpu), ("gpu", on_gpu)):
    training.make_rollout = make
    training.train(config(name), 3, Console(quiet=True))
    policies.append(numbers(load(config(name).run_folder(3))[0]))
assert torch.equal(*policies)
for saved in ("cpu", "gpu"):
    policies = []
    for make in (on_cpu, on_gpu):
        training.make_rollout = make
        resumed = training.Training(config(saved), 3)
        load_training(config(saved).run_folder(3), resumed.learner, resumed.rollout, resumed.random)
        resumed.update(NoLog())
        policies.append(numbers(resumed.policy))
    assert torch.equal(*policies), saved
print("same")
"""

MEASURED = """
import torch
from brigade.envs.kitchen.interfaces import cuda
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.experiments.bench.bench_gpu import cases

for case, needed in cases(load_kitchen("cramped_room"), "simulated", (2,), torch.device("cpu")):
    case.make()(1)
    print(case.what, case.batch, needed > 0)
for name in list_kitchens():
    for observation in ("features", "planes"):
        needed = cuda.argument_bytes(cuda.CudaGame(load_kitchen(name), 2, observation).arguments(0))
        assert needed <= cuda.LARGEST_KERNEL, (name, observation, needed)
"""


def run(program: str, *arguments: str, given: str = "", simulate: bool = True) -> str:
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1" if simulate else "0"}
    program = f"import sys\nsys.setswitchinterval({SWITCH_S})\n{program}"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], input=given, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(not COMPILED, reason="the simulator needs the compiled rules")
@pytest.mark.parametrize(("kitchen", "observation"), KITCHENS)
def test_random_kitchens_are_those_of_the_cpu(kitchen: str, observation: str) -> None:
    assert run(RANDOM_KITCHENS, kitchen, observation, "40", "100", "5") == "same"


@pytest.mark.skipif(not COMPILED, reason="the simulator needs the compiled rules")
def test_recordings_replay() -> None:
    entries = [line for path in RECORDINGS for line in path.read_text(encoding="utf-8").splitlines()]
    unscripted = [line for line in entries if json.loads(line)["order_script"] is None]
    assert len(unscripted) >= 5
    assert run(REPLAYED, given="\n".join(unscripted[:8])) == "same"


@pytest.mark.skipif(not COMPILED, reason="the simulator needs the compiled rules")
@pytest.mark.skipif(not PUBLISHED, reason=f"no recordings of the published games in {REFERENCE}")
@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name.removesuffix(".jsonl.gz"))
def test_the_published_games_replay(path: Path) -> None:
    """On the CPU they are those that were recorded (`test_recordings`); here, that the GPU's are those of the CPU."""
    same, entries, ticks = run(PUBLISHED_GAMES, str(path)).split()
    assert same == "same"
    assert int(entries) >= 8
    assert int(ticks) >= 400


@pytest.fixture(scope="module")
def gpu() -> None:
    """Skip where there is no GPU that PyTorch and Numba can use."""
    pytest.importorskip("torch", reason="training needs PyTorch")
    pytest.importorskip("tensorboard", reason="training needs TensorBoard")
    from brigade.experiments.rl.training.device import missing_for_gpu

    missing = missing_for_gpu()
    if missing is not None:
        pytest.skip(missing)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(("kitchen", "observation"), KITCHENS)
def test_random_kitchens_on_a_real_gpu_are_those_of_the_cpu(kitchen: str, observation: str) -> None:
    assert run(RANDOM_KITCHENS, kitchen, observation, "150", "500", "1000", simulate=False) == "same"


@pytest.mark.usefixtures("gpu")
def test_it_learns_on_a_real_gpu_and_goes_on_there(tmp_path: Path) -> None:
    from rich.console import Console

    from brigade.experiments.rl.config import TrainConfig
    from brigade.experiments.rl.training.train import Training, load_training, train

    changes = ["device=cuda", "steps=800000", f"out={tmp_path}", "shaping.anneal=null"]
    config = TrainConfig.load("selfplay_cramped_room", changes)
    returns = {each.mode: each.mean for each in train(config, 0, Console(quiet=True))}
    assert returns["sampled"] > 20, returns
    resumed = Training(config, 0)
    progress = load_training(config.run_folder(0), resumed.learner, resumed.rollout, resumed.random)
    assert progress.steps >= 800_000


@pytest.mark.skipif(not COMPILED, reason="the simulator needs the compiled rules")
@pytest.mark.parametrize(
    ("kitchen", "observation", "horizon", "expected"),
    [("cramped_room", "features", "70", "10 True"), ("new_counter_circuit", "planes", "14", "50 False")],
)
def test_rollouts_on_the_gpu_are_those_of_the_cpu(kitchen: str, observation: str, horizon: str, expected: str) -> None:
    pytest.importorskip("torch", reason="rollouts need PyTorch")
    assert run(ROLLOUTS, kitchen, observation, horizon, "70") == expected


@pytest.mark.skipif(not COMPILED, reason="the simulator needs the compiled rules")
def test_trainings_on_the_gpu_are_those_of_the_cpu_and_each_resumes_the_other(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="training needs TensorBoard")
    assert run(TRAININGS, f"{tmp_path}/") == "same"


@pytest.mark.skipif(not COMPILED, reason="the simulator needs the compiled rules")
def test_the_measurements_run_and_kernels_are_handed_no_more_than_fits() -> None:
    pytest.importorskip("torch", reason="the measurements need PyTorch")
    measured = run(MEASURED).splitlines()
    assert [line.rsplit(" ", 2) for line in measured] == [
        ["step", "2", "True"], ["step, features", "2", "True"], ["step, planes", "2", "True"],
        ["step, features, drawn of 64 rooms", "2", "True"],
        ["PPO, features, 2 kitchens x 32 ticks", "64", "True"],
    ]  # fmt: skip


def test_without_a_gpu_it_says_so() -> None:
    program = (
        "from brigade.envs.kitchen.interfaces.cuda import CudaGame, available\n"
        "from brigade.envs.registry import BrigadeError\n"
        "try:\n"
        "    CudaGame('cramped_room', 2)\n"
        "except BrigadeError as error:\n"
        "    print(error)\n"
        "else:\n"
        "    print('made on a GPU', available())\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_ENABLE_CUDASIM"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("no GPU that Numba can use") or done.stdout.strip() == "made on a GPU True"
