"""Backward chaining over a cookbook: which item makes this one, on which tile, out of what."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from brigade.agents.planning.paths import Grid, grid_of
from brigade.envs.kitchen.content.cookbook import COUNTER, Fixed, Kind
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.tables import EVENT, LIMIT, NEW_HELD, NEW_TARGET

NEVER = 100_000  # ticks


class Way(NamedTuple):
    """One way to come by an item: out of a dispenser (`source` None), or by a process on a tile."""

    tile: str
    source: str | None
    by_hand: bool  # a chef works at it; otherwise it goes by itself
    amount: int  # interactions or ticks


class Effect(NamedTuple):
    """What one interaction would do: the kinds in hand and on the tile afterwards, and which event it is."""

    hand: Kind
    target: Kind
    event: int
    interactions: int  # how many it takes, 1 unless it is chopping, mixing or spraying


class Recipes(Fixed):
    """What a kitchen's cookbook allows, in the terms in which a cook plans."""

    def __init__(self, kitchen: Kitchen):
        self.kitchen, self.cookbook = kitchen, kitchen.cookbook
        self.grid: Grid = grid_of(kitchen)
        spec = kitchen.cookbook.spec
        self.spec = spec
        self.plate = kitchen.cookbook.kind(spec.plate.name)
        self.nothing = kitchen.cookbook.kinds[0]
        self.cells: dict[str, list[int]] = {name: [] for name in kitchen.cookbook.tiles}
        for cell, name in enumerate(kitchen.tile_names):
            self.cells[name].append(cell)
        self.counters = self.cells["counter"]
        self.hatches = [cell for name, tile in spec.tiles.items() if tile.serves for cell in self.cells[name]]
        self.bins = [cell for name, tile in spec.tiles.items() if tile.bins for cell in self.cells[name]]
        self.ways: dict[str, list[Way]] = {}
        for name, tile in spec.tiles.items():
            if tile.dispenses is not None and self.cells[name]:
                self.ways.setdefault(tile.dispenses, []).append(Way(name, None, True, 1))
        for process in spec.processes:
            if self.cells[process.at]:
                by_hand = process.interactions is not None
                amount = process.interactions or process.ticks or 1
                self.ways.setdefault(process.to, []).append(Way(process.at, process.from_, by_hand, amount))
        self._wanted = {food for food in self._foods() if self._is_wanted(food)}
        self._dispensed = {food for food, ways in self.ways.items() if any(way.source is None for way in ways)}
        self._foods_of = {dish: spec.sort(spec.dishes[dish].of) for dish in spec.dishes}
        self._work_tiles = {name for name, tile in spec.tiles.items() if tile.vessel is not None}
        self._work_tiles |= {process.at for process in spec.processes if process.at in spec.tiles}
        self._spoils = {
            (process.at, process.from_): process.ticks
            for process in reversed(spec.processes)
            if process.ticks and process.to not in self._wanted
        }
        self.spoiling_cells = sorted(cell for tile, _ in self._spoils for cell in set(self.cells[tile]))
        self.into = {
            way.source: food for food, ways in self.ways.items() for way in ways if way.source and self.wanted(food)
        }
        self.hand_takes = {(name, food) for name, tile in spec.tiles.items() for food in tile.hand}
        self.plate_takes = {(name, food) for name, tile in spec.tiles.items() for food in tile.plate}

    def _foods(self) -> set[str]:
        spec = self.spec
        return {*(f for dish in spec.dishes.values() for f in dish.of), *(p.from_ for p in spec.processes)}

    def _is_wanted(self, food: str) -> bool:
        if any(food in dish.of for dish in self.spec.dishes.values()):
            return True
        return any(process.from_ == food and self._is_wanted(process.to) for process in self.spec.processes)

    def wanted(self, food: str) -> bool:
        """Whether some dish has this food in it, or something made of it."""
        return food in self._wanted

    def foods_of(self, dish: str) -> tuple[str, ...]:
        """The foods in a dish, in the cookbook's order."""
        return self._foods_of[dish]

    def vessel_of(self, dish: str) -> str | None:
        """The vessel tile a dish is made in, None if it is put together on a plate."""
        return self.spec.dishes[dish].made_in

    def dispensed(self, name: str) -> bool:
        """Whether a dispenser gives it."""
        return name in self._dispensed

    def works_at(self, cell: int) -> bool:
        """Whether food is worked on at this cell (board, pan, vessel)."""
        return self.kitchen.tile_names[cell] in self._work_tiles

    def spoils_in(self, cell: int, food: str, progress: int) -> int:
        """Ticks until a food lying on a cell turns into something useless by itself; `NEVER` if it does not."""
        ticks = self._spoils.get((self.kitchen.tile_names[cell], food))
        return NEVER if ticks is None else ticks - progress

    def effect(self, cell: int, hand: Kind, target: Kind) -> Effect | None:
        """What interacting with `target` on `cell` would do with `hand` in hand; None for nothing."""
        return _effect(self.kitchen, int(self.kitchen.layout.tile[cell]), hand.index, target.index)

    def bare(self, cell: int, kind: Kind) -> bool:
        """Whether an empty hand can pick this up from the cell."""
        name = self.kitchen.tile_names[cell]
        if name == "counter":
            return not kind.burning
        return kind.holder == "food" and not kind.burning and (name, kind.name) in self.hand_takes

    def holdable(self, food: str) -> bool:
        """Whether a chef can ever have this food in bare hands (and not only on a plate)."""
        return any(way.source is None or (way.tile, food) in self.hand_takes for way in self.ways.get(food, []))


@lru_cache(maxsize=65536)
def is_part(contents: tuple[str, ...], foods: tuple[str, ...]) -> bool:
    """Whether some foods are among others, each as often."""
    return Counter(contents) <= Counter(foods)


@lru_cache(maxsize=65536)
def _effect(kitchen: Kitchen, tile: int, hand: int, target: int) -> Effect | None:
    tables, kinds = kitchen.tables, kitchen.cookbook.kinds
    number = int(tables.rule[tile, hand, target])
    if number == 0:
        return None
    row = tables.rows[number].tolist()
    return Effect(kinds[row[NEW_HELD]], kinds[row[NEW_TARGET]], row[EVENT], row[LIMIT] or 1)


@lru_cache(maxsize=256)
def recipes_of(kitchen: Kitchen) -> Recipes:
    """The recipes of a kitchen, worked out once."""
    return Recipes(kitchen)


assert COUNTER == 1  # `tile_names` calls it "counter"
