"""What trainings have in common, whatever engine learns: schedules, checks, checkpoints."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import torch

from brigade.agents.learned.checkpoint import CHECKPOINTS, make_card, save
from brigade.agents.learned.networks import Policy
from brigade.envs.kitchen.interfaces.room_choice import make_rooms
from brigade.experiments.rl.config import TrainConfig
from brigade.experiments.rl.training.divergence import check_losses, check_policy
from brigade.experiments.rl.training.log import Log
from brigade.experiments.rl.training.ppo import Losses
from brigade.experiments.rl.training.resume import Progress
from brigade.experiments.rl.training.rollout import Totals
from brigade.simulation.provenance import revision


class Learning(ABC):
    """A training under way, on whatever engine.

    Args:
        config: what to train.
        seed: of the networks, the kitchens and all draws.
    """

    policy: Policy

    def __init__(self, config: TrainConfig, seed: int):
        self.config, self.seed, self.progress = config, seed, Progress()
        torch.set_num_threads(config.threads)
        torch.manual_seed(seed)
        self.rooms = None if config.rooms is None else make_rooms(config.rooms)
        self.kitchen = config.kitchen.load() if self.rooms is None else self.rooms.standard

    @abstractmethod
    def update(self, log: Log) -> None:
        """Gather a batch and learn from it.

        Raises:
            BrigadeError: the loss is no longer a number.
        """

    @abstractmethod
    def keep(self, folder: Path) -> None:
        """Write what it takes to go on from here.

        Raises:
            BrigadeError: it cannot be written.
        """

    def save(self, folder: Path) -> None:
        """Write a checkpoint, and what it takes to go on from here.

        Raises:
            BrigadeError: the last update has ruined the policy, or it cannot be written.
        """
        check_policy(self.config, self._when, self.policy, self.kitchen)
        card = make_card(
            self.kitchen, self.config.observation, self.config.network, steps=self.progress.steps,
            training={**self.config.important(), "seed": self.seed}, revision=revision(),
        )  # fmt: skip
        save(folder / CHECKPOINTS / f"{self.progress.steps:012d}", self.policy, card)
        self.progress.saved += 1
        self.keep(folder)

    @property
    def rates(self) -> dict[str, float]:
        """What is scheduled, as it is now."""
        config, step = self.config, self.progress.steps
        return {
            "learning_rate": config.ppo.learning_rate_at(step / config.steps),
            "entropy_weight": config.ppo.entropy_at(step, config.steps),
            "shaped_weight": config.shaping.schedule(config.steps).at(step),
        }

    @property
    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return self.progress.steps * self.config.checkpoints >= self.progress.saved * self.config.steps

    def note(self, log: Log, steps: int, totals: Totals, losses: Losses) -> None:
        """Write down an update of so many environment steps.

        Raises:
            BrigadeError: the loss is no longer a number.
        """
        figures = {"policy loss": losses.policy, "value loss": losses.value, "KL divergence": losses.kl}
        check_losses(self.config, self._when, figures)
        rates = self.rates
        self.progress.steps += steps
        log.add(self.progress.steps, totals, losses, rates)

    @property
    def _when(self) -> str:
        return f"environment step {self.progress.steps:,}"
