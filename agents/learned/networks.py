"""The networks of learned policies: small actors and critics, for vectors and for planes. Needs PyTorch.

Shapes: B kitchens (or kitchens x ticks), C chefs, and an observation of the shape (features,) or (channels, height,
width).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from brigade.agents.learned.network_spec import STANDARD, NetworkSpec, networks
from brigade.envs.kitchen.content.layout import ACTION_NAMES

ACTIONS = len(ACTION_NAMES)
ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU}
POLICY_GAIN = 0.01  # of the last layer: the first policy is nearly uniform (arXiv 2005.12729, "policy scaling")
FULL = 255.0  # a plane's 1.0


@networks.register(STANDARD, "layers of neurons, behind convolutions where the observation is planes")
class Policy(nn.Module):
    """Actors and critics for the chefs of a kitchen. A subclass may have other layers by its own `network`.

    Args:
        spec: what the networks look like.
        shape: of one chef's observation.
        chefs: how many chefs there are.
    """

    def __init__(self, spec: NetworkSpec, shape: Sequence[int], chefs: int):
        super().__init__()
        self.spec, self.shape, self.chefs = spec, tuple(shape), chefs
        self.actions = ACTIONS
        count = chefs if spec.policies == "separate" else 1
        views = chefs if spec.critic == "centralised" else 1
        seen = (self.shape[0] * views, *self.shape[1:])
        self.actors = nn.ModuleList(self.network(self.shape, ACTIONS) for _ in range(count))
        self.critics = nn.ModuleList(self.network(seen, 1) for _ in range(count))

    def network(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """A new actor (6 outputs) or critic (1): (B, *shape) observations to (B, outputs)."""
        return _network(self.spec, shape, outputs, POLICY_GAIN if outputs == ACTIONS else 1.0)

    def logits(self, observations: Tensor) -> Tensor:
        """(B, C, *shape) observations to (B, C, 6) logits of the actions."""
        return _by_seat(self.actors, observations)

    def values(self, observations: Tensor) -> Tensor:
        """(B, C, *shape) observations to (B, C) expected returns."""
        seen = joint(observations) if self.spec.critic == "centralised" else observations
        return _by_seat(self.critics, seen).squeeze(-1)

    def logits_of(self, seat: int, observations: Tensor) -> Tensor:
        """(B, *shape) observations of one seat to (B, 6) logits."""
        logits: Tensor = self.actors[seat if len(self.actors) > 1 else 0](observations)
        return logits


def sample(logits: Tensor, random: torch.Generator) -> Tensor:
    """Draw actions (...,) from logits (..., 6): the largest of logits with Gumbel noise (arXiv 1611.01144, eq. 1)."""
    noise = torch.empty_like(logits).exponential_(generator=random)
    return (logits - noise.log()).argmax(-1)


def joint(observations: Tensor) -> Tensor:
    """What all chefs see, for each from its own seat on: (B, C, F, ...) to (B, C, C x F, ...)."""
    chefs = observations.shape[1]
    return torch.cat([observations.roll(-k, dims=1) for k in range(chefs)], dim=2)


def _by_seat(networks: nn.ModuleList, observations: Tensor) -> Tensor:
    """Each seat's network on what its chef sees; one network on all of it if there is only one."""
    leading = observations.shape[:2]
    if len(networks) == 1:
        out: Tensor = networks[0](observations.reshape(-1, *observations.shape[2:]))
        return out.reshape(*leading, -1)
    return torch.stack([network(observations[:, seat]) for seat, network in enumerate(networks)], dim=1)


class _Planes(nn.Module):
    """Planes as bytes to numbers between 0 and 1."""

    def forward(self, planes: Tensor) -> Tensor:
        return planes.float() / FULL


def _network(spec: NetworkSpec, shape: Sequence[int], outputs: int, gain: float) -> nn.Sequential:
    activation = ACTIVATIONS[spec.activation]
    layers: list[nn.Module] = []
    width = shape[0]
    if len(shape) == 3:
        layers.append(_Planes())
        for channels in spec.channels:
            layers += [_orthogonal(nn.Conv2d(width, channels, 3, padding=1), math.sqrt(2)), activation()]
            width = channels
        layers.append(nn.Flatten())
        width *= shape[1] * shape[2]
    for hidden in spec.hidden:
        layers += [_orthogonal(nn.Linear(width, hidden), math.sqrt(2)), activation()]
        width = hidden
    layers.append(_orthogonal(nn.Linear(width, outputs), gain))
    return nn.Sequential(*layers)


def _orthogonal(layer: nn.Linear | nn.Conv2d, gain: float) -> nn.Module:
    nn.init.orthogonal_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
