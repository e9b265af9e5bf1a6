"""Small networks that several players are made of."""

from __future__ import annotations

from itertools import pairwise

from torch import nn


def mlp(*sizes: int, between: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers from each of these sizes to the next, and something not linear between them."""
    layers = [layer for size, following in pairwise(sizes) for layer in (nn.Linear(size, following), between())]
    return nn.Sequential(*layers[:-1])
