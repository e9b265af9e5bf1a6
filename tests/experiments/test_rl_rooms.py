"""Learning in many rooms: it runs, goes on where it was, and what was learned plays in rooms that it has not seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trainings need PyTorch")

from rich.console import Console  # noqa: E402

from brigade.agents.base import View, make_agent  # noqa: E402
from brigade.agents.learned.checkpoint import CARD, load, read_card, steps_of  # noqa: E402
from brigade.envs import kitchen_v0  # noqa: E402
from brigade.envs.kitchen.content.loading import load_kitchen  # noqa: E402
from brigade.envs.kitchen.engine.compiled import COMPILED  # noqa: E402
from brigade.envs.kitchen.engine.game import Game  # noqa: E402
from brigade.envs.kitchen.interfaces.room_choice import make_rooms  # noqa: E402
from brigade.envs.registry import BrigadeError  # noqa: E402
from brigade.experiments.rl.config import TrainConfig  # noqa: E402
from brigade.experiments.rl.training.train import Training, train  # noqa: E402
from brigade.simulation.episode import play  # noqa: E402

QUIET = Console(quiet=True)
GENERATOR = {"cookbook": "soups", "width": [6, 8], "height": [5, 6], "horizon": 30}
UNSEEN = "generated:seed=77,cookbook=soups,width=7,height=6,horizon=40"


def rooms(out: Path, **changes: Any) -> TrainConfig:
    """A small training in many rooms."""
    given = {
        "name": "rooms", "rooms": {"generator": GENERATOR, "pool": 5, "refill": 9}, "network": {"hidden": [8]},
        "kitchens": 8, "ticks": 10, "steps": 480, "checkpoints": 2, "episodes": 2, "out": str(out), "device": "cpu",
    }  # fmt: skip
    return TrainConfig.model_validate(given | changes)


@pytest.mark.parametrize("observation", ["features", "planes"])
def test_what_was_learned_plays_in_rooms_that_it_has_not_seen(tmp_path: Path, observation: str) -> None:
    config = rooms(tmp_path, observation=observation, network={"hidden": [8], "channels": [2]})
    known = make_rooms(config.rooms) if config.rooms else None
    assert known is not None
    measured = config.kitchen.load()
    assert measured.source not in [kitchen.source for kitchen in known.kitchens]
    returns = train(config, 0, QUIET)
    assert [len(each.scores) for each in returns] == [2, 2]
    run = config.run_folder(0)
    card = read_card(steps_of(run)[-1])
    assert card.rooms is not None
    assert (card.rooms.cookbook, card.rooms.width, card.rooms.height, card.version) == ("soups", 8, 6, 2)

    kitchen = load_kitchen(UNSEEN)
    team = [make_agent("neural", checkpoint=str(run), greedy=True) for _ in range(2)]
    played = play(kitchen, team, 0)
    assert played.ticks == kitchen.horizon
    # As an agent it does what the network does in a batch of that room.
    policy, _ = load(run, kitchen)
    env = kitchen_v0.vector_env(kitchens=[kitchen], num_envs=1, observation=observation, size=(8, 6))
    seen, _ = env.reset(seed=0)
    game = Game(kitchen)
    game.reset([0])
    agent = make_agent("neural", checkpoint=str(run), greedy=True)
    agent.reset(View(kitchen, 0))
    random = np.random.default_rng(0)
    for _ in range(30):
        chosen = int(policy.logits_of(0, torch.from_numpy(seen[:, 0])).argmax())
        assert agent.act(env.game.describe() | {"you": 0}) == chosen
        seen = env.step([[chosen, int(random.integers(6))]])[0]


@pytest.mark.parametrize(
    ("kitchen", "observation", "complaint"),
    [
        ("counter_circuit", "planes", r"rooms of up to 8 x 4 cells, and 'counter_circuit' has 8 x 5$"),
        ("counter_circuit", "features", "8 x 4 cells.*the option larger"),
        ("new_counter_circuit", "features", "cookbook 'soups' for 2 chefs, and 'new_counter_circuit' is of 'burgers'"),
        ("generated:cookbook=soups,chefs=3,width=7,height=5", "features", "for 2 chefs, .* for 3"),
    ],
)
def test_rooms_that_a_policy_does_not_fit(tmp_path: Path, kitchen: str, observation: str, complaint: str) -> None:
    config = rooms(
        tmp_path, observation=observation, network={"hidden": [8], "channels": [2]},
        rooms={"names": ["cramped_room"], "size": [8, 4]}, kitchen={"name": "cramped_room", "horizon": 20},
    )  # fmt: skip
    Training(config, 0).save(config.run_folder(0))
    with pytest.raises(BrigadeError, match=complaint):
        load(config.run_folder(0), load_kitchen(kitchen))
    if "option larger" in complaint:
        load(config.run_folder(0), load_kitchen(kitchen), larger=True)
        agent = make_agent("neural", checkpoint=str(config.run_folder(0)), larger=True)
        agent.reset(View(load_kitchen(kitchen), 1))
    else:
        with pytest.raises(BrigadeError, match="rooms of"):
            load(config.run_folder(0), load_kitchen(kitchen), larger=True)


def test_cards_of_one_room_are_what_they_were(tmp_path: Path) -> None:
    config = rooms(tmp_path, rooms=None, kitchen={"name": "cramped_room", "horizon": 20})
    Training(config, 0).save(config.run_folder(0))
    written = json.loads((steps_of(config.run_folder(0))[-1] / CARD).read_text())
    assert written["version"] == 1
    assert "rooms" not in written
    assert "rooms" not in written["training"]


def test_a_training_goes_on_where_it_was(tmp_path: Path) -> None:
    """With the rooms that had come in, and where the kitchens were."""
    whole = Training(rooms(tmp_path / "whole"), 3)
    parts = Training(rooms(tmp_path / "parts"), 3)
    random = torch.Generator()

    def gathered(training: Training) -> list[Any]:
        from brigade.experiments.rl.training.rollout import Weights

        random.manual_seed(1)
        batch, totals = training.rollout.gather(training.policy, random, Weights(1.0))
        return [batch.observations.clone(), batch.rewards.clone(), batch.actions.clone(), totals]

    for training in (whole, parts):
        for _ in range(6):
            gathered(training)
    folder = tmp_path / "parts" / "seed_3"
    parts.save(folder)
    again = Training(rooms(tmp_path / "parts"), 3, folder)
    assert again.rooms is not None
    assert whole.rooms is not None
    assert [room.source for room in again.rooms.kitchens] == [room.source for room in whole.rooms.kitchens]
    for _ in range(12):
        for one, other in zip(gathered(whole), gathered(again), strict=True):
            assert torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other
    assert [room.source for room in again.rooms.kitchens] == [room.source for room in whole.rooms.kitchens]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"rooms": {"generator": GENERATOR, "pool": 0}}, "greater than or equal to 1"),
        ({"rooms": {}}, "kitchen"),
        ({"rooms": {"generator": GENERATOR, "names": ["cramped_room"]}}, "either names of rooms, or a generator"),
        ({"backend": "rllib"}, "algorithm ppo with backend torch"),
        ({"shaping": {"drawn": 3}}, "rooms have their own shaped rewards"),
        ({"kitchen": {"name": "new_counter_circuit"}}, "cookbook differs"),
        ({"rooms": {"generator": {"width": 5, "height": 5, "stations": 8}}}, "no solvable"),
        ({"rooms": {"generator": {"width": 4}}}, "width must be 5 to 40"),
    ],
)
def test_trainings_in_rooms_that_cannot_be(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    import yaml

    file = tmp_path / "rooms.yaml"
    given = {"name": "rooms", "rooms": {"generator": GENERATOR, "pool": 4}, "out": str(tmp_path)} | changes
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    with pytest.raises(BrigadeError, match=complaint):
        TrainConfig.load(file)


ON_DEVICE = """
import numpy as np
from brigade.envs.kitchen.engine.state import differences
from brigade.envs.kitchen.interfaces.cuda import CudaGame, fetched
from brigade.envs.kitchen.interfaces.room_choice import make_rooms
from brigade.envs.kitchen.interfaces.vector import KitchenVectorEnv

SPEC = {"generator": {"cookbook": "salads", "width": [7, 8], "height": [6, 7], "horizon": 12}, "pool": 5}
for observation in ("features", "planes"):
    env = KitchenVectorEnv(kitchens=SPEC, num_envs=9, observation=observation)
    game = CudaGame(None, 9, observation, make_rooms(SPEC))
    seen, _ = env.reset(seed=list(range(4, 13)))
    game.reset(range(4, 13))
    random = np.random.default_rng(0)
    for tick in range(40):
        assert np.array_equal(fetched(game.observations), seen.reshape(9, 2, -1)), tick
        actions = random.choice(6, (9, 2), p=np.array([1, 2, 2, 2, 2, 5]) / 14).astype(np.int8)
        seen, rewards, _, over, info = env.step(actions)
        game.step(actions)
        assert np.array_equal(fetched(game.rewards), rewards), tick
        assert np.array_equal(game.room, info["room"]), tick
        assert differences(game.state, env.game.state) == [], tick
        if over.any():
            assert np.array_equal(fetched(game.final)[over], info["final_obs"].reshape(9, 2, -1)[over])
    assert len(set(info["room"].tolist())) > 1

import torch
from brigade.agents.learned.network_spec import NetworkSpec, make_network
from brigade.experiments.rl.training.gpu_rollout import GpuRollout
from brigade.experiments.rl.training.rollout import CpuRollout, Weights

on_device = GpuRollout(None, 4, "features", 15, 3, rooms=make_rooms(SPEC))
here = CpuRollout(KitchenVectorEnv(kitchens=make_rooms(SPEC), num_envs=4, observation="features"), 15, 3)
policy, gathered = make_network(NetworkSpec(hidden=[8]), here.seen.shape[2:], 2), []
for rollout in (on_device, here):
    random = torch.Generator().manual_seed(0)
    rollout.gather(policy, random, Weights(1.0))
    batch, totals = rollout.gather(policy, random, Weights(1.0))
    gathered.append((batch.observations.clone(), batch.rewards.clone(), batch.final.clone(), totals))
assert all(map(torch.equal, gathered[0][:3], gathered[1][:3]))
assert gathered[0][3] == gathered[1][3]
assert len(gathered[0][2]) > 0
print("same")
"""


@pytest.mark.skipif(not COMPILED, reason="the simulator needs the compiled rules")
def test_rooms_on_a_gpu_are_those_of_the_cpu() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import sys\nsys.setswitchinterval(1e-5)\n{ON_DEVICE}"],
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "same\n", done.stderr
