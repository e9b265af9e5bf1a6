"""How fast kitchens and training are on a GPU: steps per second by number of kitchens, learning included or not.

Random actions are drawn before the clock runs and lie on the GPU. A step is one tick of one kitchen with all its
chefs, resets at the end of episodes included. The clock stops when the GPU has done everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from rich.console import Console

from brigade.agents.learned.network_spec import make_network
from brigade.agents.learned.networks import ACTIONS
from brigade.batch.configuration.specs import KitchenChoice
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.interfaces.cuda import CudaGame, wait
from brigade.envs.kitchen.interfaces.room_choice import make_rooms
from brigade.envs.kitchen.observations.observe import make_observer
from brigade.experiments.bench.bench import DRAWN_TICKS, QUICK_REPEATS, REPEATS, Case, Figure, Work, measure
from brigade.experiments.rl.config import TrainConfig
from brigade.experiments.rl.training.device import choose_device, describe
from brigade.experiments.rl.training.gpu_rollout import GpuRollout, shared
from brigade.experiments.rl.training.ppo import PPO
from brigade.experiments.rl.training.rollout import Weights

SIZES, QUICK_SIZES = (2**10, 2**12, 2**14, 2**16, 2**18, 2**20), (2**10, 2**16)
ROOMS = 64
TICKS = 32  # in a batch of PPO
FULL_SHARE = 0.7  # of the memory; what needs more is left out
STATE_BYTES = 2_000  # of a kitchen without observations, at most
BATCH_COPIES = 3  # of the observations in a batch: as gathered, in a minibatch, and what the networks make of them


def bench_gpu(
    console: Console, seconds_per_figure: float = 2.0, kitchen: str = "new_counter_circuit", quick: bool = False
) -> list[Figure]:
    """Measure kitchens without and with observations, and whole updates of PPO with the standard networks.

    Args:
        console: where progress is shown.
        seconds_per_figure: wall time of the repeats of one figure together, warm-up apart.
        kitchen: where to cook.
        quick: fewer numbers of kitchens.

    Raises:
        BrigadeError: there is no GPU that can be used, or an unknown kitchen.
    """
    loaded = load_kitchen(kitchen)
    device = choose_device("cuda")
    room = FULL_SHARE * torch.cuda.get_device_properties(device).total_memory
    repeats = QUICK_REPEATS if quick else REPEATS
    figures = []
    for case, needed in cases(loaded, describe(device), QUICK_SIZES if quick else SIZES, device):
        if needed > room:
            console.print(f"{case.what}, {case.batch:,} steps at once: left out, needs {needed / 2**30:.0f} GiB")
            continue
        console.print(f"{case.what}, {case.batch:,} steps at once", highlight=False)
        figures.append(measure(case, loaded.name, seconds_per_figure, repeats))
        torch.cuda.empty_cache()
    return figures


def cases(kitchen: Kitchen, group: str, sizes: tuple[int, ...], device: torch.device) -> Iterator[tuple[Case, int]]:
    """What is measured, each with about how many bytes it needs on the GPU."""
    for name in (None, "features", "planes"):
        seen = 0 if name is None else make_observer(name, kitchen).buffer(1).nbytes
        for count in sizes:
            make = partial(_kitchens, kitchen, name, count, device)
            what = "step" if name is None else f"step, {name}"
            yield Case(group, what, count, 1, make), count * (STATE_BYTES + 2 * seen + DRAWN_TICKS * kitchen.chefs)
    seen = make_observer("features", kitchen).buffer(1).nbytes
    for count in sizes:
        make = partial(_in_rooms, kitchen, count, device)
        case = Case(group, f"step, features, drawn of {ROOMS} rooms", count, 1, make)
        yield case, count * (STATE_BYTES + 2 * seen + DRAWN_TICKS * kitchen.chefs)
    for count in sizes:
        make = partial(_training, kitchen, count, device)
        # One piece of work is a whole update, so many steps.
        case = Case(group, f"PPO, features, {count:,} kitchens x {TICKS} ticks", count * TICKS, 1, make)
        yield case, count * (STATE_BYTES + (BATCH_COPIES * TICKS + 2) * seen)


def _in_rooms(kitchen: Kitchen, count: int, device: torch.device) -> Work:
    spec = {"generator": {"cookbook": kitchen.cookbook.name, "chefs": kitchen.chefs}, "pool": ROOMS}
    return _stepping(CudaGame(None, count, "features", make_rooms(spec)), count, device)


def _kitchens(kitchen: Kitchen, observation: str | None, count: int, device: torch.device) -> Work:
    return _stepping(CudaGame(kitchen, count, observation), count, device)


def _stepping(game: CudaGame, count: int, device: torch.device) -> Work:
    game.reset(range(count))
    following = shared(game.actions, device)
    random = torch.Generator(device).manual_seed(0)
    shape = DRAWN_TICKS, *following.shape
    drawn = torch.randint(ACTIONS, shape, generator=random, dtype=torch.int8, device=device)

    def work(times: int) -> None:
        for i in range(times):
            following.copy_(drawn[i % DRAWN_TICKS])
            game.step()
        wait()

    work(1)  # compiles
    return work


def _training(kitchen: Kitchen, count: int, device: torch.device) -> Work:
    config = TrainConfig(name="bench", kitchen=KitchenChoice(name=kitchen.name))
    rollout = GpuRollout(kitchen, count, "features", TICKS, 0, spread=False, device=device)
    shape = make_observer("features", kitchen).shape
    policy = make_network(config.network, shape, kitchen.chefs).to(device)
    learner = PPO(policy, config.ppo)
    random = torch.Generator(device).manual_seed(0)

    def work(times: int) -> None:
        for _ in range(times):
            batch, _ = rollout.gather(policy, random, Weights(1.0, scale=config.ppo.reward_scale))
            learner.update(batch, config.ppo.learning_rate, config.ppo.entropy, random)
        wait()

    work(1)  # compiles
    return work
