"""Agents and what they plan as bytes, without the kitchen: for copies, and for another process."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from io import BytesIO
from typing import Any

from brigade.agents.planning.paths import Grid, grid_of
from brigade.agents.planning.recipes import Recipes, recipes_of
from brigade.envs.kitchen.content.cookbook import Cookbook, Kind
from brigade.envs.kitchen.content.layout import Kitchen

# What is the same for all who cook in a kitchen, and is not sent each time.
SHARED: dict[type, Callable[[Any], Any]] = {
    Kitchen: lambda _: "kitchen",
    Cookbook: lambda _: "cookbook",
    Recipes: lambda _: "recipes",
    Grid: lambda _: "grid",
    Kind: lambda kind: kind.index,
}


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        token = SHARED.get(type(obj))
        return None if token is None else token(obj)


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, kitchen: Kitchen):
        super().__init__(BytesIO(data))
        self.kitchen = kitchen

    def persistent_load(self, token: Any) -> Any:
        if isinstance(token, int):
            return self.kitchen.cookbook.kinds[token]
        shared = {
            "kitchen": lambda: self.kitchen,
            "cookbook": lambda: self.kitchen.cookbook,
            "recipes": lambda: recipes_of(self.kitchen),
            "grid": lambda: grid_of(self.kitchen),
        }
        return shared[token]()  # type: ignore[no-untyped-call]


def packed(what: Any) -> bytes:
    """Something about a kitchen, without the kitchen."""
    buffer = BytesIO()
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(what)
    return buffer.getvalue()


def unpacked(data: bytes, kitchen: Kitchen) -> Any:
    """What was packed. Only what this program has packed itself may be given."""
    return _Unpickler(data, kitchen).load()
