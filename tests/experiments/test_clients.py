"""Other people's libraries on the kitchens: what they check, and their own example programs, which must learn."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pettingzoo
import pytest

import brigade
from brigade.envs import kitchen_v0

pytestmark = pytest.mark.outer
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples" / "clients"
NEEDED = "pip install 'brigade[clients]'"
ID = "Brigade/CrampedRoom-Shaped-v0"
assert brigade.__version__  # importing it is what registers the ids

# What each example is run with, the package it needs, and by how much it must be above random.
PROGRAMS = {
    "single_file_ppo.py": ("torch", ("--total-timesteps", "48000"), 15),
    "sb3_planes.py": ("stable_baselines3", ("--steps", "40000"), 4),
    "supersuit_sb3.py": ("supersuit", ("--steps", "120000"), 20),
    "torchrl_ppo.py --world single": ("torchrl", ("--frames", "25600"), 8),
    "torchrl_ppo.py --world batched": ("torchrl", ("--frames", "48000"), 15),
    "torchrl_ppo.py --world pettingzoo": ("torchrl", ("--frames", "16000"), 4),
    "benchmarl_mappo.py": ("benchmarl", ("--frames", "16000"), 4),
    "rllib_wrappers.py --world team": ("ray.rllib", ("--iterations", "5"), 6),
}


@pytest.mark.parametrize("program", list(PROGRAMS))
def test_the_examples_learn(program: str, tmp_path: Path) -> None:
    package, changes, least = PROGRAMS[program]
    pytest.importorskip(package, reason=NEEDED)
    name, *options = program.split()
    argv = [sys.executable, "-W", "ignore", str(EXAMPLES / name), *options, *changes]
    environment = {**os.environ, "HOME": str(tmp_path), "RL_LOGGING_LEVEL": "ERROR"}
    done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    told = re.search(r"(?:random|at first) ([\d.]+).*?(?:learned|at last) ([\d.]+)", done.stdout.splitlines()[-1])
    assert told is not None, done.stdout[-2000:]
    before, after = map(float, told.groups())
    assert after > before + least


WORLDS: dict[str, Callable[[Any], Any]] = {
    "one": lambda envs: envs.GymEnv(ID, horizon=6),
    "one, planes": lambda envs: envs.GymEnv("Brigade/CrampedRoom-v0", observation="planes", horizon=6),
    "its batch": lambda envs: envs.GymEnv(f"brigade:{ID}", num_envs=2, horizon=6),  # in processes of their own
    "ours, same step": lambda envs: envs.GymWrapper(gymnasium.make_vec(ID, 3, horizon=6)),
    "ours, disabled": lambda envs: envs.GymWrapper(gymnasium.make_vec(ID, 3, horizon=6, autoreset_mode="Disabled")),
    "all chefs, same step": lambda envs: envs.GymWrapper(kitchen_v0.vector_env(num_envs=3, horizon=6)),
    "parallel": lambda envs: envs.PettingZooWrapper(kitchen_v0.parallel_env(max_cycles=6), return_state=True),
    "in turn": lambda envs: envs.PettingZooWrapper(kitchen_v0.env(max_cycles=6), use_mask=True),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("world", list(WORLDS))
def test_torchrl_accepts_it(world: str) -> None:
    envs = pytest.importorskip("torchrl.envs", reason=NEEDED)
    env = WORLDS[world](envs)
    envs.check_env_specs(env)
    data = env.rollout(14, break_when_any_done=False)
    assert data.batch_size[-1] == 14
    assert data["next", "done"].any()
    env.close()


def stepped(env: Any, actions: Any) -> Any:
    """What TorchRL keeps of some steps, resets included."""
    import torch

    data, rows = env.reset(), []
    for action in actions:
        row, data = env.step_and_maybe_reset(data.set("action", action))
        rows.append(row)
    return torch.stack(rows, len(env.batch_size))


@pytest.mark.filterwarnings("ignore")
def test_torchrl_sees_the_same_in_a_batch_as_alone() -> None:
    envs = pytest.importorskip("torchrl.envs", reason=NEEDED)
    torch = pytest.importorskip("torch")
    given = {"horizon": 6, "partners": "fsm"}
    actions = torch.randint(0, 6, (14, 2), generator=torch.Generator().manual_seed(1))
    batches = [
        envs.GymWrapper(gymnasium.make_vec(ID, 2, autoreset_mode=mode, **given), categorical_action_encoding=True)
        for mode in ("SameStep", "Disabled")
    ]
    alone = [envs.GymWrapper(gymnasium.make(ID, **given), categorical_action_encoding=True) for _ in range(2)]
    told = []
    for env, mine in [(env, actions) for env in batches] + [(env, actions[:, k]) for k, env in enumerate(alone)]:
        env.set_seed(5 if env in batches else 5 + alone.index(env))
        told.append(stepped(env, mine))
    for k in range(2):
        for batch in told[:2]:
            for key in ("observation", ("next", "observation"), ("next", "reward"), ("next", "done")):
                torch.testing.assert_close(batch[key][k], told[2 + k][key], check_dtype=False)


def test_supersuit_wraps_it() -> None:
    supersuit = pytest.importorskip("supersuit", reason=NEEDED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        env = supersuit.frame_stack_v1(kitchen_v0.parallel_env(max_cycles=5), 3)
        seen, _ = env.reset(seed=1)
        assert seen["chef_0"].shape == (420,)
        batch = supersuit.concat_vec_envs_v1(
            supersuit.pettingzoo_env_to_vec_env_v1(kitchen_v0.parallel_env(max_cycles=5)), 2, base_class="gymnasium"
        )
        batch.reset(seed=1)
        for _ in range(7):
            seen, rewards, *_ = batch.step(np.zeros(4, int))
    assert (seen.shape, rewards.shape) == ((4, 140), (4,))


def test_a_program_that_never_heard_of_it_makes_it_by_id() -> None:
    program = f"import gymnasium; print(gymnasium.make('brigade:{ID}').reset(seed=1)[0].shape)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(gymnasium.make(ID).observation_space.shape)


def test_pettingzoo_lists_it() -> None:
    if not hasattr(pettingzoo, "parallel_registry"):
        pytest.skip("PettingZoo has ids from 1.27 on")
    assert {"Brigade/CrampedRoom-v0", "Brigade/ProverVerifier-v0"} <= set(pettingzoo.parallel_registry)
    assert set(pettingzoo.aec_registry) >= {"Brigade/CrampedRoom-v0", "Brigade/ProverVerifier-v0"}
