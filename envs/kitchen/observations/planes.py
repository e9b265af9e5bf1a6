"""The `planes` observation: one plane per fact over the cells of the kitchen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.tables import component_names
from brigade.envs.kitchen.engine.compiled import kernel
from brigade.envs.kitchen.engine.handle import Reader
from brigade.envs.kitchen.engine.rooms import RoomArrays
from brigade.envs.kitchen.engine.state import State
from brigade.envs.kitchen.observations.compiled_observer import CompiledObserver, playing
from brigade.envs.kitchen.observations.observe import (
    COLLECTABLE,
    COOKING,
    FACING_NAMES,
    FULL,
    Facts,
    Parts,
    count_orders,
    least_left,
    observers,
    share_of,
    urgency_of,
)  # fmt: skip


class PlanesPlan(NamedTuple):
    """Where what is written. Offsets are numbers of cells: channel * cells."""

    component: NDArray[np.uint8]  # (K, F) scaled so that the most that can be in one item is 255
    cells: int
    chefs_at: int
    items_at: int
    orders_at: int


class PlanesMap(NamedTuple):
    """A room."""

    tiles: NDArray[np.uint8]  # (channels of tiles * cells,) the first channels: tiles, and `outside`


class PlanesMaps(NamedTuple):
    """R rooms."""

    tiles: NDArray[np.uint8]  # (R, channels of tiles * cells)


@kernel
def map_of(maps: PlanesMaps, r: int) -> PlanesMap:
    """Room r."""
    return PlanesMap(maps.tiles[r])


@kernel
def fill_plane(out: NDArray[np.uint8], start: int, cells: int, value: int) -> None:
    """Set a whole plane of chef 0 to one value."""
    if value > 0:
        plane = out[0, start : start + cells]  # as an array of its own, whose indices the compiler knows not to be < 0
        for i in range(plane.shape[0]):
            plane[i] = value


@kernel
def draw_item(facts: Facts, plan: PlanesPlan, out: NDArray[np.uint8], cell: int, kind: int, progress: int) -> None:
    """What lies on a cell, or is in the hands of the chef who stands there, into the planes of chef 0."""
    cells, tile = plan.cells, facts.tile[cell]
    at = plan.items_at + cell
    components = plan.component.shape[1]
    for f in range(components):
        if plan.component[kind, f] > 0:
            out[0, at + f * cells] = plan.component[kind, f]
    at += components * cells
    status, limit = int(facts.status[tile, kind]), int(facts.limit[tile, kind])
    out[0, at] = share_of(progress, limit)
    if status & COOKING:
        out[0, at + cells] = FULL
    if status & COLLECTABLE:
        out[0, at + 2 * cells] = FULL
    out[0, at + 3 * cells] = urgency_of(status, progress, limit)


@kernel
def draw_common(s: State, k: int, facts: Facts, plan: PlanesPlan, room: PlanesMap, out: NDArray[np.uint8]) -> None:
    """Everything but the chefs' own planes, for chef 0."""
    cells = plan.cells
    for i in range(out.shape[1]):
        out[0, i] = 0
    for i in range(room.tiles.shape[0]):
        out[0, i] = room.tiles[i]
    for cell in range(cells):
        if s.item[k, cell] != 0:
            draw_item(facts, plan, out, cell, int(s.item[k, cell]), int(s.progress[k, cell]))
    for c in range(s.pos.shape[1]):
        if s.held[k, c] != 0:
            draw_item(facts, plan, out, int(s.pos[k, c]), int(s.held[k, c]), int(s.held_progress[k, c]))
    at = plan.orders_at
    for dish in range(facts.lifetime.shape[0]):
        count = count_orders(s, k, dish)
        if count > 0:
            fill_plane(out, at, cells, share_of(count, facts.max_open))
            left = FULL if facts.standing else share_of(least_left(s, k, dish), int(facts.lifetime[dish]))
            fill_plane(out, at + cells, cells, left)
        at += 2 * cells
    fill_plane(out, at, cells, share_of(facts.horizon - int(s.tick[k]), facts.horizon))


@kernel
def show_planes(s: State, k: int, facts: Facts, plan: PlanesPlan, room: PlanesMap, out: NDArray[np.uint8]) -> None:
    """What the chefs of kitchen k see into `out` (chefs, channels * cells)."""
    chefs = s.pos.shape[1]
    draw_common(s, k, facts, plan, room, out)
    for c in range(1, chefs):
        for i in range(out.shape[1]):
            out[c, i] = out[0, i]
    for c in range(chefs):
        for d in range(chefs):
            after = d - c if d >= c else d - c + chefs  # a remainder would take longer than all the rest
            at = plan.chefs_at + 5 * after * plan.cells + int(s.pos[k, d])
            out[c, at] = FULL
            out[c, at + int(s.facing[k, d]) * plan.cells] = FULL


class PlanesSeen(NamedTuple):
    """Where planes go, flattened."""

    rows: NDArray[np.uint8]  # (2 * N, C, channels * cells) what is seen now, then the last of ended episodes


read_plan = Reader(PlanesPlan, {"component": 2})
read_map = Reader(PlanesMap, {})
read_maps = Reader(PlanesMaps, {"tiles": 2})
read_seen = Reader(PlanesSeen, {"rows": 3})


@kernel
def fetch_nothing(s: State, k: int, hi: int, rooms: RoomArrays, maps: PlanesMaps) -> None:
    """Planes look up next to nothing about a room."""


@observers.register("planes", "uint8 planes (channels, height, width): tiles, chefs, items, progress, orders, time")
class Planes(CompiledObserver):
    """One plane per fact, 255 for 1.0. What concerns no cell (orders, time) fills its plane."""

    name, dtype, low, high = "planes", np.uint8, 0, FULL
    readers = read_plan, read_map, read_maps, read_seen
    kernels = playing("planes", show_planes, map_of, readers, fetch_nothing)

    def __init__(self, kitchen: Kitchen):
        super().__init__(kitchen)
        cookbook, cells = kitchen.cookbook, kitchen.width * kitchen.height
        parts = Parts()
        parts.add("tile", "255 where the tile is of that type; floor and counter first", cookbook.tiles)
        if kitchen.enlarged:
            parts.add("outside", "255 where the room has no cells: it is smaller than the planes", ("",))
        chefs_at = parts.add(
            "own", "own place; the same cell again in the plane of its facing: left, right, down, up", _at_facing()
        )
        for more in range(1, kitchen.chefs):
            parts.add(f"other_{more}", "the same for the chef so many seats after", _at_facing())
        about = "how much of each food, tool, plate, fire lies there, or is in the hands there"
        items_at = parts.add("item", about, component_names(cookbook))
        about = "of what is there: progress; if it cooks; if a plate can take it; nearness of fire"
        parts.add("work", about, ("progress", "cooking", "collectable", "urgency"))
        orders_at = parts.size
        for dish in cookbook.orderable:
            about = "whole plane: open orders; least time left"
            parts.add(f"order_{dish}", about, ("count", "left"))
        parts.add("ticks_left", "whole plane: share of the episode that is left", ("",))
        self.parts = tuple(parts.parts)
        self.shape = (parts.size, kitchen.height, kitchen.width)
        counts = kitchen.tables.components
        component = (counts * (FULL // int(counts.max()))).astype(np.uint8)
        self.plan = PlanesPlan(component, cells, chefs_at * cells, items_at * cells, orders_at * cells)

    def map_of(self, kitchen: Kitchen) -> PlanesMap:
        """What stands where in a kitchen."""
        cells = np.arange(kitchen.width * kitchen.height)
        width, height = kitchen.room
        inside = (cells % kitchen.width < width) & (cells // kitchen.width < height)
        outside = len(kitchen.cookbook.tiles)
        planes = np.zeros((outside + kitchen.enlarged, len(cells)), np.uint8)
        planes[np.where(inside, kitchen.layout.tile, outside), cells] = FULL
        return PlanesMap(planes.reshape(-1))


def _at_facing() -> tuple[str, ...]:
    return ("at", *(f"facing_{name}" for name in FACING_NAMES))
