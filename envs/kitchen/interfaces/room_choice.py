"""Which rooms the kitchens of a batch are in: named, or drawn by the generator; as data, and made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from brigade.envs.content import Model, checked
from brigade.envs.kitchen.content.generate import Recipe, draw_first
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.room_list import RoomList
from brigade.envs.kitchen.interfaces.arguments import check_whole, find_kitchen
from brigade.envs.kitchen.interfaces.room_supply import RoomSupply
from brigade.envs.registry import BrigadeError

MOST_ROOMS = 1 << 16
ATTEMPTS = 20  # at a room, where not all that may be drawn have room for their stations
RESAMPLED = ("width", "height", "style", "stations")  # may be lists: each room has one of what is there


class GeneratorSpec(Model):
    """Rooms to draw, as `Recipe` has them; where a list is given, each room has one of what is in it.

    Attributes:
        seed: other seeds draw other rooms.
        horizon: ticks in an episode; None for the generator's own.
    """

    seed: int = Field(0, ge=0, lt=2**32)
    width: int | list[int] = 9
    height: int | list[int] = 7
    chefs: int = 2
    style: str | list[str] = "open"
    stations: int | list[int] = 2
    cookbook: str = "burgers"
    horizon: int | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        for name in RESAMPLED:
            if getattr(self, name) == []:
                raise ValueError(f"{name}: expected at least one")
        return self

    def recipe(self, number: int, attempt: int = 0) -> Recipe:
        """What room `number` is drawn from, or what it is drawn from if it cannot be from the attempts before.

        Raises:
            BrigadeError: there are no such rooms.
        """
        random = np.random.default_rng([self.seed, number, *[attempt] * (attempt > 0)])
        chosen: dict[str, Any] = {}
        for name in RESAMPLED:
            value = getattr(self, name)
            chosen[name] = value[int(random.integers(len(value)))] if isinstance(value, list) else value
        chosen |= {"seed": int(random.integers(2**32)), "chefs": self.chefs, "cookbook": self.cookbook}
        return Recipe(**chosen) if self.horizon is None else Recipe(**chosen, horizon=self.horizon)

    def recipes(self, number: int) -> list[Recipe]:
        """What room `number` is drawn from: the first of these that it can be drawn from."""
        return [self.recipe(number, attempt) for attempt in range(ATTEMPTS)]

    @property
    def size(self) -> tuple[int, int]:
        """The most columns and rows that a room may have."""
        widest, highest = (np.max(value) for value in (self.width, self.height))
        return int(widest), int(highest)


class RoomsSpec(Model):
    """The rooms of a batch.

    Attributes:
        names: of kitchens, or files.
        generator: draws them instead.
        pool: how many it draws, before the first episode.
        resample: `episode`, each episode is in a room drawn from them all; `never`, each kitchen keeps the room it has.
        refill: ticks after which a new room takes the place of the oldest one of the pool, once nobody is in that; None
            for never.
        size: columns and rows of the maps that all are written into; None for those of the largest room.
    """

    names: list[str] = []
    generator: GeneratorSpec | None = None
    pool: int = Field(64, ge=1, le=MOST_ROOMS)
    resample: Literal["episode", "never"] = "episode"
    refill: int | None = Field(None, ge=1)
    size: tuple[int, int] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if bool(self.names) == (self.generator is not None):
            raise ValueError("expected either names of rooms, or a generator")
        if self.refill is not None and (self.generator is None or self.resample == "never" or self.pool < 2):
            raise ValueError("refill needs a generator, resample: episode, and a pool of at least 2")
        return self


Rooms = RoomsSpec | RoomList | Mapping[str, Any] | Sequence[str | Kitchen]


def make_rooms(
    rooms: Rooms, horizon: int | None = None, old_dynamics: bool | None = None, size: Sequence[int] | None = None
) -> RoomList:
    """The rooms that are asked for.

    Args:
        rooms: a list of kitchens or names, of which kitchen k of a batch keeps number k modulo their number; or a
            `RoomsSpec`, or what one is made of; or already made.
        horizon: ticks in an episode, instead of the rooms' own.
        old_dynamics: instead of the rooms' own setting.
        size: columns and rows of the maps, if `rooms` is a list.

    Raises:
        BrigadeError: what is asked for is not there, or cannot be; rooms that do not go together, or are too large; or
            the generator finds none.
    """
    if isinstance(rooms, RoomList):
        return rooms
    if horizon is not None:
        check_whole(horizon, "horizon")
    if isinstance(rooms, RoomsSpec | Mapping):
        spec = rooms if isinstance(rooms, RoomsSpec) else checked(RoomsSpec, dict(rooms), "kitchens: ")
        size = spec.size or size
        if spec.generator is not None:
            return _generated(spec, spec.generator, horizon, old_dynamics, size)
        kitchens, drawn = [load_kitchen(name, horizon, old_dynamics) for name in spec.names], spec.resample == "episode"
    else:
        if isinstance(rooms, str) or not isinstance(rooms, Sequence) or not len(rooms):
            raise BrigadeError(f"kitchens: expected a list of rooms, or what they are drawn from, got {rooms!r}"[:200])
        for each in rooms:
            if not isinstance(each, str | Kitchen):
                raise BrigadeError(f"kitchens: expected names of kitchens, or kitchens, got {each!r}"[:200])
        kitchens, drawn = [find_kitchen(each, horizon, old_dynamics, None) for each in rooms], False
    return RoomList(kitchens, checked_size(size), drawn, horizon)


def checked_size(size: Sequence[int] | None) -> tuple[int, int] | None:
    """Columns and rows.

    Raises:
        BrigadeError: it is something else.
    """
    if size is None:
        return None
    whole = isinstance(size, list | tuple) and len(size) == 2 and all(type(each) is int and each > 2 for each in size)
    if not whole:
        raise BrigadeError(f"size: expected columns and rows, at least 3 each, got {size!r}")
    return int(size[0]), int(size[1])


def _generated(
    spec: RoomsSpec,
    generator: GeneratorSpec,
    horizon: int | None,
    old_dynamics: bool | None,
    size: Sequence[int] | None,
) -> RoomList:
    if horizon is not None:
        generator = generator.model_copy(update={"horizon": horizon})
    if old_dynamics is not None:
        raise BrigadeError("kitchens: generated rooms have their own old_dynamics")
    kitchens = [draw_first(generator.recipes(number)) for number in range(spec.pool)]
    most = checked_size(size) or generator.size
    made = RoomList(kitchens, most, spec.resample == "episode", generator.horizon)
    if spec.refill is not None:
        made.supplied(RoomSupply(generator.recipes), spec.refill)
    return made
