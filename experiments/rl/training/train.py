"""One training from its configuration: gather, improve, log, keep checkpoints, and measure at the end."""

from __future__ import annotations

import json
import os
import pkgutil
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from brigade.agents.learned.checkpoint import (
    load,
    make_card,
    steps_of,
)  # fmt: skip
from brigade.agents.learned.network_spec import make_network
from brigade.agents.learned.networks import Policy
from brigade.batch.running.machine import cores
from brigade.envs.budgets import read_json
from brigade.envs.disk import write
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.engine.room_list import RoomList
from brigade.envs.kitchen.interfaces.cuda import ON_DEVICE
from brigade.envs.kitchen.interfaces.vector import KitchenVectorEnv
from brigade.envs.registry import BrigadeError
from brigade.experiments.rl.config import TrainConfig
from brigade.experiments.rl.evaluation.evaluate import Returns, evaluate
from brigade.experiments.rl.evaluation.players import expand, make_player
from brigade.experiments.rl.training.device import choose_device, describe
from brigade.experiments.rl.training.gpu_rollout import GpuRollout, Rollout
from brigade.experiments.rl.training.learning import Learning
from brigade.experiments.rl.training.log import Log
from brigade.experiments.rl.training.partners import Partners
from brigade.experiments.rl.training.ppo import PPO
from brigade.experiments.rl.training.resume import RESUME, Progress, load_training, save_training
from brigade.experiments.rl.training.rollout import CpuRollout, Weights
from brigade.experiments.rl.training.training_folder import EVALUATION, training_folder

RLLIB = "brigade.experiments.rl.ray.rllib:train_with_rllib"  # by name: it is built on this, and takes seconds to import
KITCHEN_SEEDS = 1_000_000  # kitchens of the training with seed s are seeded from s times this on


class Training(Learning):
    """A policy that learns, and all that it takes.

    Args:
        config: what to train.
        seed: of the networks, the kitchens and all draws.
        folder: go on with the training there; None for a new one.

    Raises:
        BrigadeError: what to start from does not fit, or the folder holds nothing that can be gone on with.
    """

    def __init__(self, config: TrainConfig, seed: int, folder: Path | None = None):
        super().__init__(config, seed)
        self.random = torch.Generator().manual_seed(seed)
        self.device = choose_device(config.device)
        make = first_policy if folder is None else new_policy
        self.policy = make(config, self.kitchen).to(self.device)
        self.rollout = make_rollout(config, seed * KITCHEN_SEEDS, self.device, self.random, self.rooms)
        self.learner = PPO(self.policy, config.ppo)
        if folder is not None:
            self.progress = load_training(folder, self.learner, self.rollout, self.random)

    def update(self, log: Log) -> None:
        """Gather a batch and learn from it.

        Raises:
            BrigadeError: the loss is no longer a number.
        """
        config, rates, random = self.config, self.rates, self._draws()
        weights = Weights(rates["shaped_weight"], config.shaping.team, config.ppo.reward_scale)
        batch, totals = self.rollout.gather(self.policy, random, weights)
        losses = self.learner.update(batch, rates["learning_rate"], rates["entropy_weight"], random)
        self.note(log, config.kitchens * config.ticks, totals, losses)

    def keep(self, folder: Path) -> None:
        """Write what it takes to go on from here; see `save_training`."""
        save_training(folder, self.learner, self.rollout, self.random, self.progress)

    def _draws(self) -> torch.Generator:
        """What an update draws with. On a GPU it is seeded anew each time: resuming needs the one on the CPU only."""
        if self.device.type == "cpu":
            return self.random
        seed = int(torch.randint(2**62, (), generator=self.random))
        return torch.Generator(self.device).manual_seed(seed)


def train(config: TrainConfig, seed: int, console: Console, resume: bool = False) -> list[Returns]:
    """Train one policy, or go on with it.

    Returns:
        What it earns at the end.

    Raises:
        BrigadeError: the folder holds a training already (or none, to resume), the training diverged, or nothing can
            be written any more; the last checkpoint is kept.
        KeyboardInterrupt: stopped; likewise.
    """
    if config.backend == "rllib":
        pkgutil.resolve_name(RLLIB)(config, seed, console, resume=resume)
        return read_evaluation(config.run_folder(seed))
    choose_device(config.device)  # before anything is written
    with training_folder(config, seed, resume) as folder:
        begun = time.perf_counter()
        training = Training(config, seed, folder if resume else None)
        return see_through(training, folder, console, begun, resume, describe(training.device))


def see_through(
    training: Learning, folder: Path, console: Console, begun: float, resume: bool, device: str
) -> list[Returns]:
    """Train to the end with checkpoints on the way, measure what it came to, and write that down.

    Raises:
        BrigadeError: it went wrong; the last checkpoint is kept.
        KeyboardInterrupt: stopped; likewise.
    """
    config, progress = training.config, training.progress
    before = progress.seconds
    try:
        with Log(folder, config.steps, progress.steps, console, f"{config.name} seed {training.seed}") as log:
            if not resume:
                training.save(folder)
            while progress.steps < config.steps:
                training.update(log)
                progress.seconds = before + time.perf_counter() - begun
                if training.due or progress.steps >= config.steps:
                    training.save(folder)
    except (BrigadeError, KeyboardInterrupt):
        kept = steps_of(folder)
        if kept and (folder / RESUME).exists():
            console.print(f"the last checkpoint is {kept[-1]}; --resume goes on from it", soft_wrap=True)
        raise
    returns = evaluate(training.policy, config, training.kitchen)
    progress.seconds = before + time.perf_counter() - begun
    keep_evaluation(folder, returns, progress, device)
    return returns


def first_policy(config: TrainConfig, kitchen: Kitchen) -> Policy:
    """A new policy, or the one to start from.

    Raises:
        BrigadeError: the one to start from is for another kitchen, observation or network.
    """
    if config.start is None:
        return new_policy(config, kitchen)
    card = make_card(kitchen, config.observation, config.network)
    policy, old = load(config.start, kitchen)
    if (old.observation, old.network, old.shape) != (card.observation, card.network, card.shape):
        raise BrigadeError(f"start {config.start}: its observation or network is not that of this training")
    return policy.requires_grad_(True).train()


def new_policy(config: TrainConfig, kitchen: Kitchen) -> Policy:
    """A policy that has learned nothing."""
    card = make_card(kitchen, config.observation, config.network)
    policy: Policy = make_network(config.network, card.shape, kitchen.chefs)
    return policy


def make_rollout(
    config: TrainConfig, seed: int, device: torch.device, random: torch.Generator, rooms: RoomList | None = None
) -> Rollout:
    """The kitchens to learn in: on the GPU if that is where the policy is and all that it takes can be there.

    Partners and observations of one's own need the kitchens on the CPU.

    Args:
        config: of the training.
        seed: of the kitchens; kitchen i is seeded with seed + i.
        device: of the policy.
        random: what the partners' actions are drawn with.
        rooms: where they are, if in many; new ones among them need the kitchens on the CPU too.
    """
    specs = expand(config.partners)
    kitchen = config.shaping.kitchen_of(config.kitchen.load(), seed // KITCHEN_SEEDS) if rooms is None else None
    on_device = not specs and config.observation in ON_DEVICE and (rooms is None or rooms.refill is None)
    if device.type == "cuda" and on_device:
        return GpuRollout(kitchen, config.kitchens, config.observation, config.ticks, seed, device=device, rooms=rooms)
    env = KitchenVectorEnv(kitchen, config.kitchens, config.observation, kitchens=rooms)
    players = [make_player(spec, env.kitchen, config.observation, random) for spec in specs]
    partners = Partners(players, env.game) if players else None
    return CpuRollout(env, config.ticks, seed, partners, device=device)


def keep_evaluation(folder: Path, returns: list[Returns], progress: Progress, device: str) -> None:
    """Write down what was measured, with what it took."""
    load_average = os.getloadavg()[1] if hasattr(os, "getloadavg") else None
    figures: dict[str, Any] = {
        "returns": [each.as_json() for each in returns], **asdict(progress),
        "hardware": {"device": device, "cores": len(cores()), "load_5_min": load_average},
    }  # fmt: skip
    write(folder / EVALUATION, (json.dumps(figures, indent=1) + "\n").encode())


def read_evaluation(folder: Path) -> list[Returns]:
    """What `keep_evaluation` wrote down."""
    names = [each.name for each in fields(Returns)]
    try:
        written = read_json(folder / EVALUATION)["returns"]
        return [Returns(**{name: entry[name] for name in names}) for entry in written]
    except (KeyError, TypeError):
        raise BrigadeError(f"{folder / EVALUATION}: damaged: it does not hold the returns of an evaluation") from None
