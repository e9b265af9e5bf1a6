"""The kitchens on a GPU are those of the CPU, bit for bit; without a GPU, in Numba's simulator of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from brigade.envs.kitchen.compiled import COMPILED

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.jsonl"))

RANDOM_KITCHENS = """
import sys
import numpy as np
from brigade.envs.kitchen.cuda import CudaGame, fetched
from brigade.envs.kitchen.state import differences
from brigade.envs.kitchen.vector import KitchenVectorEnv

kitchen, observation, horizon, ticks = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
env = KitchenVectorEnv(kitchen, 5, observation, horizon=horizon)
game = CudaGame(env.kitchen, 5, observation)
seeds = [3, 4, 5, 6, 2**31]
seen, _ = env.reset(seed=seeds)
game.reset(seeds)
random = np.random.default_rng(0)
ended = 0
for tick in range(ticks):
    assert np.array_equal(fetched(game.observations), seen.reshape(5, env.kitchen.chefs, -1)), tick
    actions = random.choice(6, (5, env.kitchen.chefs), p=np.array([1, 2, 2, 2, 2, 5]) / 14).astype(np.int8)
    seen, rewards, _, over, info = env.step(actions)
    game.step(actions)
    assert np.array_equal(fetched(game.rewards), rewards), tick
    assert np.array_equal(fetched(game.over), over), tick
    assert differences(game.state(), env.game.state) == [], tick
    if over.any():
        ended += 1
        assert np.array_equal(fetched(game.final)[over], info["final_obs"].reshape(5, env.kitchen.chefs, -1)[over])
assert ended == ticks // horizon
print("same")
"""

REPLAYED = """
import json, sys
import numpy as np
from brigade.envs.kitchen.cuda import CudaGame
from brigade.envs.kitchen.state import fingerprint
from brigade.experiments.config import KitchenChoice

for line in sys.stdin:
    entry = json.loads(line)
    kitchen = KitchenChoice.model_validate(entry["kitchen"]).load()
    game = CudaGame(kitchen, 1, None)
    game.reset([entry["seed"]])
    for tick, joint in enumerate(zip(*entry["actions"])):
        if tick == kitchen.horizon - 1:
            break  # the game on the GPU would begin the next episode
        game.step(np.array([[int(digit) for digit in joint]], np.int8))
        assert fingerprint(game.state()) == entry["checks"][16 * tick : 16 * tick + 16], (kitchen.name, tick)
print("same")
"""


def run(program: str, *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], input=given, env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(not COMPILED, reason="the simulator needs the compiled rules")
@pytest.mark.parametrize(
    ("kitchen", "observation"),
    [
        ("new_counter_circuit", "features"),
        ("new_asymmetric_advantages", "planes"),
        ("coordination_ring", "planes"),
        ("salad_bar", "features"),
        ("generated:seed=5,chefs=4,width=9", "features"),
    ],
)
def test_random_kitchens_are_those_of_the_cpu(kitchen: str, observation: str) -> None:
    assert run(RANDOM_KITCHENS, kitchen, observation, "40", "100") == "same"


@pytest.mark.skipif(not COMPILED, reason="the simulator needs the compiled rules")
def test_recordings_replay() -> None:
    entries = [line for path in RECORDINGS for line in path.read_text(encoding="utf-8").splitlines()]
    unscripted = [line for line in entries if json.loads(line)["order_script"] is None]
    assert len(unscripted) >= 5
    assert run(REPLAYED, given="\n".join(unscripted[:8])) == "same"


def test_without_a_gpu_it_says_so() -> None:
    program = (
        "from brigade.envs.kitchen.cuda import CudaGame, available\n"
        "from brigade.envs.registry import BrigadeError\n"
        "try:\n"
        "    CudaGame('cramped_room', 2)\n"
        "except BrigadeError as error:\n"
        "    print(error)\n"
        "else:\n"
        "    print('no GPU', available())\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_ENABLE_CUDASIM"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert "no GPU" in done.stdout
