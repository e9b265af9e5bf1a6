"""Noticing that a training has diverged, before anything of it is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch

from brigade.agents.learned.networks import Policy
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.observations.observe import make_observer
from brigade.envs.registry import BrigadeError
from brigade.experiments.rl.config import TrainConfig

REMEDIES = {"ppo": "ppo.learning_rate or ppo.max_gradient", "clone": "clone.learning_rate"}  # by algorithm


def check_losses(config: TrainConfig, when: str, losses: Mapping[str, float]) -> None:
    """Refuse losses, by name, that are no numbers any more.

    Raises:
        BrigadeError: one of them is not finite.
    """
    if not all(map(math.isfinite, losses.values())):
        raise _diverged(config, when, ", ".join(f"{name} {value}" for name, value in losses.items()))


def check_policy(config: TrainConfig, when: str, policy: Policy, kitchen: Kitchen) -> None:
    """Refuse a policy that its last step has ruined, which no loss has told yet.

    Raises:
        BrigadeError: a weight, or what it makes of the beginning of an episode, is not finite.
    """
    seen = _first_sight(kitchen, config.observation).to(next(policy.parameters()).device)
    with torch.no_grad():
        made = {"the logits are": policy.logits(seen), "the values are": policy.values(seen)}
    for what, tensor in ({f"{name} is": weights for name, weights in policy.state_dict().items()} | made).items():
        if not tensor.isfinite().all():
            raise _diverged(config, when, f"{what} not finite")


def _first_sight(kitchen: Kitchen, observation: str) -> torch.Tensor:
    """(1, C, *shape) what the chefs see when an episode begins."""
    game, observer = Game(kitchen), make_observer(observation, kitchen)
    game.reset([0])
    buffer = observer.buffer(1)
    observer.write(game.state, buffer, 0, 1)
    return torch.from_numpy(buffer)


def _diverged(config: TrainConfig, when: str, what: str) -> BrigadeError:
    return BrigadeError(f"the training diverged at {when}: {what}; try a smaller {REMEDIES[config.algorithm]}")
