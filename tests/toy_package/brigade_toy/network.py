"""A policy network of one layer."""

from collections.abc import Sequence
from math import prod

from torch import Tensor, nn

from brigade.agents.learned.network_spec import NetworkSpec


class OneLayer(nn.Module):
    """One layer for the actor, one for the critic."""

    def __init__(self, spec: NetworkSpec, shape: Sequence[int], chefs: int):
        super().__init__()
        self.spec, self.shape, self.chefs = spec, tuple(shape), chefs
        self.actor, self.critic = nn.Linear(prod(shape), 6), nn.Linear(prod(shape), 1)

    def logits(self, observations: Tensor) -> Tensor:
        return self.actor(observations.flatten(2).float())

    def values(self, observations: Tensor) -> Tensor:
        return self.critic(observations.flatten(2).float()).squeeze(-1)

    def logits_of(self, seat: int, observations: Tensor) -> Tensor:
        return self.actor(observations.flatten(1).float())
