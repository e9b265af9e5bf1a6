"""Measuring policies: sparse returns over whole episodes, greedy and sampled apart, in each seat."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from brigade.agents.learned.networks import Policy
from brigade.batch.configuration.specs import AgentSpec, KitchenChoice
from brigade.batch.estimate import estimate
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.interfaces.vector import KitchenVectorEnv
from brigade.experiments.rl.config import TrainConfig
from brigade.experiments.rl.evaluation.players import Player, PolicyPlayer, expand, make_player

SEED = 1_000_003  # of the kitchens in which is measured; trainings count from their own seed times another number
MODES = {"greedy": True, "sampled": False}


@dataclass(frozen=True)
class Returns:
    """Sparse returns of a team over some episodes, in points.

    Attributes:
        team: who was in which seat.
        mode: `greedy` or `sampled`.
        scores: of each episode.
        served: dishes delivered and paid, mean.
    """

    team: str
    mode: str
    scores: list[int]
    served: float

    @property
    def mean(self) -> float:
        """Mean score."""
        return float(np.mean(self.scores))

    def as_json(self) -> dict[str, object]:
        """For a file."""
        figures = estimate(self.scores)
        return {**asdict(self), "mean": figures.mean, "error": figures.error}


def make_env(
    choice: KitchenChoice, count: int, observation: str, size: tuple[int, int] | None = None
) -> KitchenVectorEnv:
    """A batch of kitchens, on maps of this size."""
    return KitchenVectorEnv(choice.name, count, observation, 1, choice.horizon, choice.old_dynamics, size=size)


def play_batch(
    choice: KitchenChoice, team: Sequence[Player], observation: str, episodes: int, size: tuple[int, int] | None = None
) -> tuple[list[int], float]:
    """Play `episodes` kitchens side by side, one player in each seat, on maps of this size.

    Returns:
        The score of each episode, and the mean of dishes served.
    """
    env = make_env(choice, episodes, observation, size)
    kitchen = env.kitchen
    seen, _ = env.reset(seed=SEED)
    every = np.arange(episodes)
    seats = [np.full(episodes, seat) for seat in range(kitchen.chefs)]
    for seat, player in enumerate(team):
        player.begin(env.game, every, seats[seat])
    for _ in range(kitchen.horizon):
        actions: list[NDArray[np.int64]] = [
            player.act(env.game, seen[:, seat], every, seats[seat]) for seat, player in enumerate(team)
        ]
        seen, _, _, _, info = env.step(np.stack(actions, axis=1))
    totals = info["final_info"]
    return totals["score"].tolist(), float(totals["served"].mean())


def evaluate(policy: Policy, config: TrainConfig, kitchen: Kitchen) -> list[Returns]:
    """What a trained policy earns with itself, or in each seat beside the partners it was trained with, on the CPU.

    Where it has learned in many rooms, that is in `config.kitchen`, on maps as large as the kitchen here.
    """
    size = (kitchen.width, kitchen.height) if kitchen.enlarged else None
    results, policy = [], deepcopy(policy).to("cpu")
    for mode, greedy in MODES.items():
        for team, label in _teams(config, kitchen):
            random = torch.Generator().manual_seed(SEED)
            learner = PolicyPlayer(policy, None if greedy else random)
            players = [
                learner if spec is None else make_player(spec, kitchen, config.observation, random) for spec in team
            ]
            scores, served = play_batch(config.kitchen, players, config.observation, config.episodes, size)
            results.append(Returns(label, mode, scores, served))
    return results


def _teams(config: TrainConfig, kitchen: Kitchen) -> list[tuple[list[AgentSpec | None], str]]:
    """Who plays where, None for the learner; and what that is called."""
    if not config.partners:
        return [([None] * kitchen.chefs, "self-play")]
    teams: list[tuple[list[AgentSpec | None], str]] = []
    for partner in expand(config.partners):
        for seat in range(kitchen.chefs):
            team: list[AgentSpec | None] = [partner] * kitchen.chefs
            team[seat] = None
            teams.append((team, f"seat {seat} beside {partner}"))
    return teams
