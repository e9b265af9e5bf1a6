"""The `planes` observation: one plane per fact over the cells of the kitchen."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.tables import component_names
from brigade.envs.kitchen.engine.compiled import kernel
from brigade.envs.kitchen.engine.state import State
from brigade.envs.kitchen.observations.observe import (
    COLLECTABLE,
    COOKING,
    FACING_NAMES,
    FULL,
    Facts,
    Observer,
    Parts,
    count_orders,
    known_facts,
    least_left,
    observers,
    share_of,
    urgency_of,
)  # fmt: skip


class PlanesPlan(NamedTuple):
    """Where the kernel `planes_range` writes what. Offsets are numbers of cells: channel * cells."""

    template: NDArray[np.uint8]  # (channels * cells,) the tile planes, zeros elsewhere
    component: NDArray[np.uint8]  # (K, F) scaled so that the most that can be in one item is 255
    cells: int
    chefs_at: int
    items_at: int
    orders_at: int


@kernel
def fill_plane(out: NDArray[np.uint8], k: int, start: int, cells: int, value: int) -> None:
    """Set a whole plane of chef 0 to one value."""
    if value > 0:
        for i in range(start, start + cells):
            out[k, 0, i] = value


@kernel
def draw_item(
    facts: Facts, plan: PlanesPlan, out: NDArray[np.uint8], k: int, cell: int, kind: int, progress: int
) -> None:
    """What lies on a cell, or is in the hands of the chef who stands there, into the planes of chef 0."""
    cells, tile = plan.cells, facts.tile[cell]
    at = plan.items_at + cell
    components = plan.component.shape[1]
    for f in range(components):
        if plan.component[kind, f] > 0:
            out[k, 0, at + f * cells] = plan.component[kind, f]
    at += components * cells
    status, limit = int(facts.status[tile, kind]), int(facts.limit[tile, kind])
    out[k, 0, at] = share_of(progress, limit)
    if status & COOKING:
        out[k, 0, at + cells] = FULL
    if status & COLLECTABLE:
        out[k, 0, at + 2 * cells] = FULL
    out[k, 0, at + 3 * cells] = urgency_of(status, progress, limit)


@kernel
def draw_common(s: State, k: int, facts: Facts, plan: PlanesPlan, out: NDArray[np.uint8]) -> None:
    """Everything but the chefs' own planes, for chef 0."""
    cells = plan.cells
    for i in range(plan.template.shape[0]):
        out[k, 0, i] = plan.template[i]
    for cell in range(cells):
        if s.item[k, cell] != 0:
            draw_item(facts, plan, out, k, cell, int(s.item[k, cell]), int(s.progress[k, cell]))
    for c in range(s.pos.shape[1]):
        if s.held[k, c] != 0:
            draw_item(facts, plan, out, k, int(s.pos[k, c]), int(s.held[k, c]), int(s.held_progress[k, c]))
    at = plan.orders_at
    for dish in range(facts.lifetime.shape[0]):
        count = count_orders(s, k, dish)
        if count > 0:
            fill_plane(out, k, at, cells, share_of(count, facts.max_open))
            left = FULL if facts.standing else share_of(least_left(s, k, dish), int(facts.lifetime[dish]))
            fill_plane(out, k, at + cells, cells, left)
        at += 2 * cells
    fill_plane(out, k, at, cells, share_of(facts.horizon - int(s.tick[k]), facts.horizon))


@kernel
def planes_range(s: State, facts: Facts, plan: PlanesPlan, out: NDArray[np.uint8], lo: int, hi: int) -> None:
    """The planes of kitchens lo..hi-1 into `out` (N, chefs, channels * cells)."""
    chefs = s.pos.shape[1]
    for k in range(lo, hi):
        draw_common(s, k, facts, plan, out)
        for c in range(1, chefs):
            for i in range(plan.template.shape[0]):
                out[k, c, i] = out[k, 0, i]
        for c in range(chefs):
            for d in range(chefs):
                at = plan.chefs_at + 5 * ((d - c) % chefs) * plan.cells + int(s.pos[k, d])
                out[k, c, at] = FULL
                out[k, c, at + int(s.facing[k, d]) * plan.cells] = FULL


@observers.register("planes", "uint8 planes (channels, height, width): tiles, chefs, items, progress, orders, time")
class Planes(Observer):
    """One plane per fact, 255 for 1.0. What concerns no cell (orders, time) fills its plane."""

    name, dtype, low, high = "planes", np.uint8, 0, FULL

    def __init__(self, kitchen: Kitchen):
        super().__init__(kitchen)
        cookbook, cells = kitchen.cookbook, kitchen.width * kitchen.height
        parts = Parts()
        parts.add("tile", "255 where the tile is of that type; floor and counter first", cookbook.tiles)
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
        template = np.zeros((parts.size, cells), np.uint8)
        template[kitchen.layout.tile, np.arange(cells)] = FULL
        counts = kitchen.tables.components
        component = (counts * (FULL // int(counts.max()))).astype(np.uint8)
        offsets = (chefs_at * cells, items_at * cells, orders_at * cells)
        self.facts = known_facts(kitchen)
        self.plan = PlanesPlan(template.reshape(-1), component, cells, *offsets)

    def _run(self, state: State, flat: NDArray[Any], lo: int, hi: int) -> None:
        planes_range(state, self.facts, self.plan, flat, lo, hi)


def _at_facing() -> tuple[str, ...]:
    return ("at", *(f"facing_{name}" for name in FACING_NAMES))
