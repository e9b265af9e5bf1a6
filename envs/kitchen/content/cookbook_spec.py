"""What a cookbook file may say: one model per kind of entry.

Upper bounds keep ticks and interactions in 16 bits, and the points of the longest episode in 32.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from brigade.envs.content import Model

Shape = Literal["leaf", "shreds", "patty", "bun", "round", "slab", "stick"]
Colour = Field("#b0b0b0", pattern=r"^#[0-9a-fA-F]{6}$")


class ItemSpec(Model):
    """A food as people see it."""

    colour: str = Colour
    shape: Shape = "round"


class ToolSpec(Model):
    """A thing that is carried but not eaten. `sprays` put out a fire."""

    colour: str = Colour
    sprays: int = Field(gt=0, le=1000)


class PlateSpec(Model):
    """The thing dishes are put together on. Besides parts of dishes, an empty one accepts what `takes` lists."""

    name: str = "plate"
    takes: list[str] = []


class DishSpec(Model):
    """Foods that go together, with points and a lifetime in ticks if it can be ordered.

    `made_in` names the vessel (pot, bowl) whose content this is; without it the foods are combined on a plate.
    """

    of: list[str] = Field(min_length=1, max_length=8)  # every part of it is a kind of plate of its own
    made_in: str | None = None
    points: int | None = Field(None, gt=0, le=1000)
    ticks: int = Field(0, ge=0, le=30_000)


class VesselSpec(Model):
    """A tile that collects foods: a pot cooks by itself for `ticks`, a bowl is worked for `interactions`.

    `any` accepts every mixture up to `capacity`; without it only what can still become a dish.
    """

    takes: list[str] = Field(min_length=1)
    capacity: int = Field(gt=0, le=4)
    any: bool = False
    ticks: int | None = Field(None, gt=0, le=30_000)
    interactions: int | None = Field(None, gt=0, le=1000)


class TileSpec(Model):
    """A kind of tile: what it gives, takes, and hands back."""

    symbol: str = Field(min_length=1, max_length=1)
    dispenses: str | None = None
    takes: list[str] = []  # foods a hand may put down here
    hand: list[str] = []  # foods an empty hand may take from here
    plate: list[str] = []  # foods a held plate takes from here
    vessel: VesselSpec | None = None
    serves: bool = False
    bins: bool = False


class ProcessSpec(Model):
    """One food becoming another on a tile: by `interactions` of a chef, or by itself in `ticks`."""

    at: str
    from_: str = Field(alias="from")
    to: str
    ticks: int | None = Field(None, gt=0, le=30_000)
    interactions: int | None = Field(None, gt=0, le=1000)
    fire: bool = False  # the tile catches fire when this happens


class CookbookSpec(Model):
    """A cookbook file."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    items: dict[str, ItemSpec] = Field(min_length=1)
    plate: PlateSpec = PlateSpec()
    tools: dict[str, ToolSpec] = {}
    dishes: dict[str, DishSpec] = Field(min_length=1)
    tiles: dict[str, TileSpec] = Field(min_length=1)
    processes: list[ProcessSpec] = []
    counters_combine: bool = True

    @property
    def vessels(self) -> dict[str, VesselSpec]:
        """The vessels, by the tiles that they are."""
        return {name: tile.vessel for name, tile in self.tiles.items() if tile.vessel is not None}

    def processes_at(self, tile: str) -> dict[str, ProcessSpec]:
        """What happens on a tile, by the food to which it does."""
        return {process.from_: process for process in self.processes if process.at == tile}

    def works(self, tile: str) -> bool:
        """Whether something is done to food on a tile."""
        return tile in self.vessels or bool(self.processes_at(tile))

    def sort(self, foods: Iterable[str]) -> tuple[str, ...]:
        """Foods in the cookbook's order, as `Kind.contents` has them."""
        return tuple(sorted(foods, key=list(self.items).index))


# What of it only people see, as pydantic's `exclude` has it.
LOOKS: dict[str, Any] = {
    "title": True, "items": {"__all__": {"colour", "shape"}}, "tools": {"__all__": {"colour"}},
}  # fmt: skip
