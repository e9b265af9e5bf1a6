"""The `features` observation: a vector for small networks, made of relative places and shares."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.cookbook import COUNTER, FLOOR
from brigade.envs.kitchen.content.layout import LEFT, UP, Kitchen
from brigade.envs.kitchen.content.tables import component_names
from brigade.envs.kitchen.engine.compiled import kernel
from brigade.envs.kitchen.engine.handle import Reader, prefetch
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

SLOTS = 2  # how many tiles of each working type the vector tells of, nearest first


class FeaturesPlan(NamedTuple):
    """What features are made of in every room of a cookbook. W working tile types, S other stations."""

    component: NDArray[np.float32]  # (K, F) scaled so that the most that can be in one item is 1
    loose: NDArray[np.int16]  # (K, most) components of what can lie about, then -1: of what is in a vessel, none
    nearness: NDArray[np.float32]  # (cells + 1,) 1 / (1 + steps), by the number of steps; 0 for the last
    where: NDArray[np.int16]  # (2, cells) column and row of a cell
    share: NDArray[np.float32]  # (longest + 1, longest) [a, b] is b / a: where column b is in a room with a of them
    stations: int  # S, tile types at which nothing is done to food
    works: NDArray[np.int16]  # (W, 2 + most) tile types at which something is; how many foods one can hold, and which


class FeaturesMap(NamedTuple):
    """Where things are in a room, from each of its P cells of floor. M counters.

    As small as can be: with many rooms, fetching this from memory takes longer than all that is made of it.
    """

    size: NDArray[np.int16]  # (2,) columns and rows
    floor: NDArray[np.int16]  # (cells,) which cell of floor a cell is, from 0
    # (P, cells) to stand beside a cell, as many as there are cells for never; with more than 255 cells (2 * P, cells),
    # the low byte and the high byte one below the other
    steps: NDArray[np.uint8]
    # (P, S + W * SLOTS, 3) dx, dy, nearness of the nearest stations, and of the nearest that work
    nearest: NDArray[np.float32]
    places: NDArray[np.int16]  # (P, W * SLOTS + M) which those that work are, and counters, nearest first; -1 for none


class FeaturesMaps(NamedTuple):
    """The same of R rooms; P and M are the most that one has."""

    size: NDArray[np.int16]  # (R, 2)
    floor: NDArray[np.int16]  # (R, cells)
    steps: NDArray[np.uint8]  # (R, P, cells), or (R, 2 * P, cells)
    nearest: NDArray[np.float32]  # (R, P, S + W * SLOTS, 3)
    places: NDArray[np.int16]  # (R, P, W * SLOTS + M)


@kernel
def map_of(maps: FeaturesMaps, r: int) -> FeaturesMap:
    """Room r."""
    return FeaturesMap(maps.size[r], maps.floor[r], maps.steps[r], maps.nearest[r], maps.places[r])


@kernel
def nearness_of(plan: FeaturesPlan, room: FeaturesMap, place: int, cell: int) -> float:
    """1 / (1 + steps) from a cell of floor, by its number among those, to stand beside a cell."""
    if room.steps.shape[0] > room.places.shape[0]:
        far: float = plan.nearness[int(room.steps[2 * place, cell]) + (int(room.steps[2 * place + 1, cell]) << 8)]
        return far
    near: float = plan.nearness[room.steps[place, cell]]
    return near


@kernel
def towards(
    plan: FeaturesPlan, x: NDArray[np.float32], y: NDArray[np.float32], here: int, cell: int, out: NDArray[np.float32]
) -> None:
    """Where a cell is (dx, dy), by where columns and rows are, into the first two of `out`."""
    out[0] = x[plan.where[0, cell]] - x[plan.where[0, here]]
    out[1] = y[plan.where[1, cell]] - y[plan.where[1, here]]


@kernel
def show_contents(plan: FeaturesPlan, kind: int, out: NDArray[np.float32]) -> None:
    """What an item is made of, into (F,) zeros."""
    if kind != 0:
        for f in range(out.shape[0]):
            out[f] = plan.component[kind, f]


@kernel
def is_taken(s: State, k: int, cell: int) -> bool:
    """Whether a chef stands on the cell."""
    taken = False
    for d in range(s.pos.shape[1]):
        taken = taken or s.pos[k, d] == cell
    return taken


@kernel
def own_features(
    s: State, k: int, c: int, facts: Facts, plan: FeaturesPlan, room: FeaturesMap, out: NDArray[np.float32], i: int
) -> int:
    """The chef itself, what is around it, and what it faces. Returns the next index."""
    here, held, facing = int(s.pos[k, c]), int(s.held[k, c]), int(s.facing[k, c])
    out[i] = plan.share[room.size[0], plan.where[0, here]]
    out[i + 1] = plan.share[room.size[1], plan.where[1, here]]
    out[i + 1 + facing] = 1.0
    i += 6
    components = plan.component.shape[1]
    show_contents(plan, held, out[i : i + components])
    i += components
    for direction in range(LEFT, UP + 1):
        cell = here + int(facts.step[direction])
        if facts.tile[cell] != FLOOR or is_taken(s, k, cell):
            out[i] = 1.0
        i += 1
    cell = here + int(facts.step[facing])
    item, tile = int(s.item[k, cell]), int(facts.tile[cell])
    if facts.rule[tile, held, item] != 0:  # chefs stand on floor only, where interacting never does anything
        out[i] = 1.0
    if item != 0:
        out[i + 1] = 1.0
        out[i + 2] = share_of(int(s.progress[k, cell]), int(facts.limit[tile, item])) / FULL
    if is_taken(s, k, cell):
        out[i + 3] = 1.0
    i += 4
    show_contents(plan, item, out[i : i + components])
    return int(i + components)


@kernel
def other_features(
    s: State, k: int, c: int, plan: FeaturesPlan, room: FeaturesMap, out: NDArray[np.float32], i: int
) -> int:
    """The other chefs: where they are from here, which way they face, what they hold. Returns the next index."""
    here, chefs, components = int(s.pos[k, c]), s.pos.shape[1], plan.component.shape[1]
    for more in range(1, chefs):
        d = c + more if c + more < chefs else c + more - chefs
        towards(plan, plan.share[room.size[0]], plan.share[room.size[1]], here, int(s.pos[k, d]), out[i : i + 2])
        out[i + 1 + int(s.facing[k, d])] = 1.0
        i += 6
        show_contents(plan, int(s.held[k, d]), out[i : i + components])
        i += components
    return i


@kernel
def place_features(
    s: State, k: int, c: int, plan: FeaturesPlan, room: FeaturesMap, out: NDArray[np.float32], i: int
) -> int:
    """The nearest station of each sort, the nearest free counter, and the nearest item with each component.

    Returns the next index.
    """
    here = int(s.pos[k, c])
    place = int(room.floor[here])
    x, y = plan.share[room.size[0]], plan.share[room.size[1]]
    for j in range(plan.stations):
        for axis in range(3):
            out[i + axis] = room.nearest[place, j, axis]
        i += 3
    cells = room.places[place, SLOTS * plan.works.shape[0] :]
    for j in range(cells.shape[0]):
        cell = int(cells[j])
        if cell >= 0 and s.item[k, cell] == 0:
            towards(plan, x, y, here, cell, out[i : i + 2])
            out[i + 2] = nearness_of(plan, room, place, cell)
            break
    i += 3
    for cell in range(s.item.shape[1]):
        kind = int(s.item[k, cell])
        if kind != 0:
            nearness = nearness_of(plan, room, place, cell)
            for j in range(plan.loose.shape[1]):
                f = int(plan.loose[kind, j])
                if f < 0:
                    break
                at = out[i + 3 * f : i + 3 * f + 3]
                if nearness > at[2]:
                    towards(plan, x, y, here, cell, at)
                    at[2] = nearness
    return int(i + 3 * plan.component.shape[1])


@kernel
def work_features(
    s: State, k: int, c: int, facts: Facts, plan: FeaturesPlan, room: FeaturesMap, out: NDArray[np.float32], i: int
) -> int:
    """Boards, pans, pots: for the nearest of each sort where it is, what is in it and how far that is.

    Returns the next index.
    """
    place, stations = int(room.floor[int(s.pos[k, c])]), plan.stations
    for w in range(plan.works.shape[0]):
        tile, holds = int(plan.works[w, 0]), int(plan.works[w, 1])
        for slot in range(SLOTS):
            for axis in range(3):
                out[i + axis] = room.nearest[place, stations + w * SLOTS + slot, axis]
            i += 3
            cell = int(room.places[place, w * SLOTS + slot])
            kind = int(s.item[k, cell]) if cell >= 0 else 0
            if kind != 0:
                status, limit = int(facts.status[tile, kind]), int(facts.limit[tile, kind])
                progress = int(s.progress[k, cell])
                out[i] = share_of(progress, limit) / FULL
                out[i + 1] = 1.0 if status & COOKING else 0.0
                out[i + 2] = 1.0 if status & COLLECTABLE else 0.0
                out[i + 3] = urgency_of(status, progress, limit) / FULL
                for j in range(holds):
                    out[i + 4 + j] = plan.component[kind, plan.works[w, 2 + j]]
            i += 4 + holds
    return i


@kernel
def order_features(s: State, k: int, facts: Facts, out: NDArray[np.float32], i: int) -> None:
    """Open orders per dish, and the time left."""
    for dish in range(facts.lifetime.shape[0]):
        count = count_orders(s, k, dish)
        if count > 0:
            out[i] = count / facts.max_open
            out[i + 1] = 1.0
            if not facts.standing:
                out[i + 1] = least_left(s, k, dish) / facts.lifetime[dish]
        i += 2
    left = facts.horizon - int(s.tick[k])
    out[i] = left / facts.horizon if left > 0 else 0.0


@kernel
def show_features(
    s: State, k: int, facts: Facts, plan: FeaturesPlan, room: FeaturesMap, out: NDArray[np.float32]
) -> None:
    """What the chefs of kitchen k see into `out` (chefs, features)."""
    chefs, last = s.pos.shape[1], 0
    for c in range(chefs):
        own = out[c]
        for i in range(own.shape[0]):
            own[i] = 0.0
        i = own_features(s, k, c, facts, plan, room, own, 0)
        i = other_features(s, k, c, plan, room, own, i)
        i = place_features(s, k, c, plan, room, own, i)
        last = work_features(s, k, c, facts, plan, room, own, i)
    order_features(s, k, facts, out[0], last)
    for c in range(1, chefs):  # orders are the same for all
        for i in range(last, out.shape[1]):
            out[c, i] = out[0, i]


class FeaturesSeen(NamedTuple):
    """Where features go, flattened."""

    rows: NDArray[np.float32]  # (2 * N, C, features) what is seen now, then the last of ended episodes


read_plan = Reader(FeaturesPlan, {"component": 2, "loose": 2, "where": 2, "share": 2, "works": 2})
read_map = Reader(FeaturesMap, {"steps": 2, "nearest": 3, "places": 2})
read_maps = Reader(FeaturesMaps, {"size": 2, "floor": 2, "steps": 3, "nearest": 4, "places": 3})
read_seen = Reader(FeaturesSeen, {"rows": 3})


@kernel
def fetch_ahead(s: State, k: int, hi: int, rooms: RoomArrays, maps: FeaturesMaps) -> None:
    """Begin to fetch from memory what is looked up about the rooms of the kitchens after kitchen k.

    First where that is, then, two kitchens later, what is there.
    """
    if k + 4 < hi:
        r = rooms.room[k + 4]
        prefetch(rooms.numbers[r], 0)
        prefetch(rooms.stoves[r], 0)
        prefetch(rooms.work_cells[r], 0)
        for c in range(s.pos.shape[1]):
            here = int(s.pos[k + 4, c])
            prefetch(maps.floor[r], here)
            prefetch(rooms.tile[r], here - rooms.step[3])
            prefetch(rooms.tile[r], here + rooms.step[3])
    if k + 2 < hi:
        r = rooms.room[k + 2]
        for c in range(s.pos.shape[1]):
            place = int(maps.floor[r, int(s.pos[k + 2, c])])
            prefetch(maps.steps[r, place], 0)
            prefetch(maps.steps[r, place], maps.steps.shape[2] - 1)
            prefetch(maps.places[r, place], 0)
            near = maps.nearest[r, place]
            for j in range(0, near.shape[0], 5):  # five of three float32 are nearly as much as is fetched at once
                prefetch(near[j], 0)


def walking_steps(kitchen: Kitchen) -> NDArray[np.uint16]:
    """(P, cells) steps from each cell of floor to stand beside a cell, were no chef in the way; `cells` for never."""
    cells, width = kitchen.width * kitchen.height, kitchen.width
    floor = kitchen.layout.tile == FLOOR
    starts = np.flatnonzero(floor)
    steps = np.full((len(starts), cells), cells, np.uint16)
    new = np.zeros((len(starts), cells), np.bool_)  # where one may first be after so many steps
    new[np.arange(len(starts)), starts] = True
    been, count = new.copy(), 0
    while new.any():
        beside = np.zeros_like(new)  # floor is never on the edge of the map, so that no step leads beyond it
        for step in (1, width):
            beside[:, step:] |= new[:, :-step]
            beside[:, :-step] |= new[:, step:]
        steps[beside & (steps == cells)] = count
        new = beside & floor & ~been
        been |= new
        count += 1
    return steps


def _holds(kitchen: Kitchen, tile: int) -> list[str]:
    """Foods that can be on a tile of this type, in the cookbook's order."""
    name, spec = kitchen.cookbook.tiles[tile], kitchen.cookbook.spec
    station = spec.tiles[name]
    found = {*station.takes, *(station.vessel.takes if station.vessel else ())}
    return list(spec.sort(found | {process.to for process in spec.processes_at(name).values()}))


def _features_map(kitchen: Kitchen, plan: FeaturesPlan) -> FeaturesMap:
    tiles, cells = kitchen.layout.tile, kitchen.width * kitchen.height
    steps = walking_steps(kitchen)
    floor = np.cumsum(tiles == FLOOR) - 1

    def nearest(types: NDArray[np.bool_], most: int) -> NDArray[np.int16]:
        """(P, most) tiles of some types by number of steps, of equally near ones the lower number; -1 for none."""
        there = np.flatnonzero(types)
        order = np.argsort(steps[:, there], axis=1, kind="stable")[:, :most]
        found = np.where(np.take_along_axis(steps[:, there], order, axis=1) < cells, there[order], -1)
        return np.pad(found, ((0, 0), (0, most - found.shape[1])), constant_values=-1).astype(np.int16)

    stations = np.concatenate([nearest(tiles == tile, 1) for tile in _stations(kitchen)], axis=1)
    works = np.concatenate([nearest(tiles == tile, SLOTS) for tile in plan.works[:, 0]], axis=1)
    counters = nearest(tiles == COUNTER, int((tiles == COUNTER).sum()))
    reached = int((counters >= 0).any(axis=0).sum())
    told = np.concatenate([stations, works], axis=1)
    x, y = plan.share[kitchen.room[0]][plan.where[0]], plan.share[kitchen.room[1]][plan.where[1]]
    here, from_here = np.flatnonzero(tiles == FLOOR)[:, None], np.arange(len(steps))[:, None]
    where = np.stack([x[told] - x[here], y[told] - y[here], plan.nearness[steps[from_here, told]]], axis=-1)
    return FeaturesMap(
        size=np.array(kitchen.room, np.int16),
        floor=floor.astype(np.int16),
        steps=np.stack([steps & 255, steps >> 8][: 2 if cells > 255 else 1], axis=1)
        .reshape(-1, cells)
        .astype(np.uint8),
        nearest=np.where(told[..., None] >= 0, where, np.float32(0)),
        places=np.concatenate([works, counters[:, :reached]], axis=1),
    )


def _types(kitchen: Kitchen) -> range:
    return range(COUNTER + 1, len(kitchen.cookbook.tiles))


def _stations(kitchen: Kitchen) -> list[int]:
    """Tile types at which nothing is done to food."""
    return [tile for tile in _types(kitchen) if not _holds(kitchen, tile)]


@lru_cache(maxsize=64)
def _features_plan(kitchen: Kitchen) -> FeaturesPlan:
    tables, cookbook = kitchen.tables, kitchen.cookbook
    cells, longest = kitchen.width * kitchen.height, max(kitchen.width, kitchen.height)
    holds = {tile: [cookbook.foods.index(food) for food in _holds(kitchen, tile)] for tile in _types(kitchen)}
    holds = {tile: foods for tile, foods in holds.items() if foods}
    component = (tables.components / tables.components.max()).astype(np.float32)
    loose: list[Any] = [
        [] if kind.holder == "vessel" else np.flatnonzero(component[kind.index]) for kind in cookbook.kinds
    ]
    return FeaturesPlan(
        component=component,
        loose=_table(loose),
        nearness=np.append(1 / (1 + np.arange(cells)), 0).astype(np.float32),
        where=np.stack(np.divmod(np.arange(cells), kitchen.width)[::-1]).astype(np.int16),
        share=(np.arange(longest) / np.maximum(np.arange(longest + 1), 1)[:, None]).astype(np.float32),
        stations=len(_stations(kitchen)),
        works=_table([[tile, len(foods), *foods] for tile, foods in holds.items()]),
    )


def _table(lists: Sequence[Sequence[int] | NDArray[np.int64]]) -> NDArray[np.int16]:
    """Lists of numbers as rows that go on with -1."""
    table = np.full((len(lists), max(map(len, lists), default=0)), -1, np.int16)
    for row, numbers in zip(table, lists, strict=True):
        row[: len(numbers)] = numbers
    return table


def _label_chefs(parts: Parts, kitchen: Kitchen) -> None:
    components = component_names(kitchen.cookbook)
    facing = tuple(f"facing_{name}" for name in FACING_NAMES)
    held = tuple(f"holds_{name}" for name in components)
    parts.add("own", "x, y; facing left, right, down, up; what is in the hands", ("x", "y", *facing, *held))
    parts.add("blocked", "left, right, down, up: 1 where the chef cannot walk", FACING_NAMES)
    about = "interacting does something; something is there; its progress; a chef; what it is"
    parts.add("faced", about, ("usable", "occupied", "progress", "chef", *components))
    for more in range(1, kitchen.chefs):
        about = "the chef so many seats after: dx, dy; facing; what is in its hands"
        parts.add(f"other_{more}", about, ("dx", "dy", *facing, *held))


def _label_places(parts: Parts, kitchen: Kitchen, plan: FeaturesPlan) -> None:
    place, tiles = ("dx", "dy", "nearness"), kitchen.cookbook.tiles
    for tile in _stations(kitchen):
        parts.add(tiles[tile], "the nearest by walking: dx, dy, nearness", place)
    parts.add("free_counter", "the nearest counter on which nothing lies: dx, dy, nearness", place)
    for name in component_names(kitchen.cookbook):
        parts.add(f"item_{name}", "the nearest loose item with it: dx, dy, nearness", place)
    for tile, count, *foods in plan.works.tolist():
        held = tuple(kitchen.cookbook.foods[food] for food in foods[:count])
        for slot in range(SLOTS):
            about = "dx, dy, nearness; progress, cooking, collectable, urgency; foods in it"
            labels = (*place, "progress", "cooking", "collectable", "urgency", *held)
            parts.add(f"{tiles[tile]}_{slot + 1}", about, labels)


@observers.register("features", "float32 vector: hands and surroundings, others, nearest things, work, orders, time")
class Features(CompiledObserver):
    """A vector in -1..1. Places are (dx / width, dy / height, 1 / (1 + steps)), all 0 when there is none to reach."""

    name, dtype, low, high = "features", np.float32, -1.0, 1.0
    readers = read_plan, read_map, read_maps, read_seen
    kernels = playing("features", show_features, map_of, readers, fetch_ahead)

    def __init__(self, kitchen: Kitchen):
        super().__init__(kitchen)
        self.plan = _features_plan(kitchen)
        parts = Parts()
        _label_chefs(parts, kitchen)
        _label_places(parts, kitchen, self.plan)
        for dish in kitchen.cookbook.orderable:
            about = "open orders; least time left"
            parts.add(f"order_{dish}", about, ("count", "left"))
        parts.add("ticks_left", "share of the episode that is left", ("",))
        self.parts, self.shape = tuple(parts.parts), (parts.size,)

    def map_of(self, kitchen: Kitchen) -> FeaturesMap:
        """Where things are in a kitchen."""
        return _features_map(kitchen, self.plan)
