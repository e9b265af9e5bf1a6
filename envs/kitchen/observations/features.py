"""The `features` observation: a vector for small networks, made of relative places and shares."""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.cookbook import COUNTER, FLOOR
from brigade.envs.kitchen.content.layout import LEFT, UP, Kitchen
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

SLOTS = 2  # how many tiles of each working type the vector tells of, nearest first


class FeaturesPlan(NamedTuple):
    """What the kernel `features_range` looks up. W working tile types, S other stations, M counters."""

    component: NDArray[np.float32]  # (K, F) scaled so that the most that can be in one item is 1
    loose: NDArray[np.float32]  # (K, F) the same, 0 for what is in a vessel
    x: NDArray[np.float32]  # (cells,) column / width
    y: NDArray[np.float32]  # (cells,) row / height
    nearness: NDArray[np.float32]  # (cells, cells) 1 / (1 + steps to stand beside it), 0 if unreachable
    near: NDArray[np.int16]  # (cells, T, SLOTS) nearest tiles of each type, -1 for none
    counters: NDArray[np.int16]  # (cells, M) counters, nearest first, then -1
    stations: NDArray[np.int16]  # (S,) tile types at which nothing is done to food
    works: NDArray[np.int16]  # (W,) tile types at which something is
    holds: NDArray[np.int16]  # (W, most) foods that such a tile can hold, then -1


@kernel
def towards(plan: FeaturesPlan, here: int, cell: int, out: NDArray[np.float32], k: int, c: int, i: int) -> int:
    """Where a cell is (dx, dy, nearness), from index i on; nothing when there is no cell. Returns the next index."""
    if cell >= 0:
        out[k, c, i] = plan.x[cell] - plan.x[here]
        out[k, c, i + 1] = plan.y[cell] - plan.y[here]
        out[k, c, i + 2] = plan.nearness[here, cell]
    return i + 3


@kernel
def is_taken(s: State, k: int, cell: int) -> bool:
    """Whether a chef stands on the cell."""
    taken = False
    for d in range(s.pos.shape[1]):
        taken = taken or s.pos[k, d] == cell
    return taken


@kernel
def own_features(s: State, facts: Facts, plan: FeaturesPlan, out: NDArray[np.float32], k: int, c: int, i: int) -> int:
    """The chef itself, what is around it, and what it faces."""
    here, held, facing = int(s.pos[k, c]), int(s.held[k, c]), int(s.facing[k, c])
    out[k, c, i] = plan.x[here]
    out[k, c, i + 1] = plan.y[here]
    out[k, c, i + 1 + facing] = 1.0
    i += 6
    components = plan.component.shape[1]
    for f in range(components):
        out[k, c, i + f] = plan.component[held, f]
    i += components
    for direction in range(LEFT, UP + 1):
        cell = here + int(facts.step[direction])
        if facts.tile[cell] != FLOOR or is_taken(s, k, cell):
            out[k, c, i] = 1.0
        i += 1
    cell = here + int(facts.step[facing])
    item, tile = int(s.item[k, cell]), int(facts.tile[cell])
    if facts.rule[tile, held, item] != 0:  # chefs stand on floor only, where interacting never does anything
        out[k, c, i] = 1.0
    if item != 0:
        out[k, c, i + 1] = 1.0
        out[k, c, i + 2] = share_of(int(s.progress[k, cell]), int(facts.limit[tile, item])) / FULL
    if is_taken(s, k, cell):
        out[k, c, i + 3] = 1.0
    i += 4
    for f in range(components):
        out[k, c, i + f] = plan.component[item, f]
    return int(i + components)


@kernel
def other_features(s: State, plan: FeaturesPlan, out: NDArray[np.float32], k: int, c: int, i: int) -> int:
    """The other chefs: where they are from here, which way they face, what they hold."""
    here, chefs, components = int(s.pos[k, c]), s.pos.shape[1], plan.component.shape[1]
    for more in range(1, chefs):
        d = (c + more) % chefs
        there = int(s.pos[k, d])
        out[k, c, i] = plan.x[there] - plan.x[here]
        out[k, c, i + 1] = plan.y[there] - plan.y[here]
        out[k, c, i + 1 + int(s.facing[k, d])] = 1.0
        i += 6
        for f in range(components):
            out[k, c, i + f] = plan.component[int(s.held[k, d]), f]
        i += components
    return i


@kernel
def place_features(s: State, plan: FeaturesPlan, out: NDArray[np.float32], k: int, c: int, i: int) -> int:
    """The nearest station of each sort, the nearest free counter, and the nearest item with each component."""
    here = int(s.pos[k, c])
    for j in range(plan.stations.shape[0]):
        i = towards(plan, here, int(plan.near[here, plan.stations[j], 0]), out, k, c, i)
    free = -1
    for j in range(plan.counters.shape[1]):
        cell = int(plan.counters[here, j])
        if cell >= 0 and s.item[k, cell] == 0:
            free = cell
            break
    i = towards(plan, here, free, out, k, c, i)
    components = plan.loose.shape[1]
    for cell in range(s.item.shape[1]):
        kind = int(s.item[k, cell])
        if kind != 0:
            nearness = plan.nearness[here, cell]
            for f in range(components):
                if plan.loose[kind, f] > 0 and nearness > out[k, c, i + 3 * f + 2]:
                    towards(plan, here, cell, out, k, c, i + 3 * f)
    return int(i + 3 * components)


@kernel
def work_features(s: State, facts: Facts, plan: FeaturesPlan, out: NDArray[np.float32], k: int, c: int, i: int) -> int:
    """Boards, pans, pots: for the nearest of each sort where it is, what is in it and how far that is."""
    here = int(s.pos[k, c])
    for w in range(plan.works.shape[0]):
        tile = int(plan.works[w])
        for slot in range(SLOTS):
            cell = int(plan.near[here, tile, slot])
            i = towards(plan, here, cell, out, k, c, i)
            kind = int(s.item[k, cell]) if cell >= 0 else 0
            if kind != 0:
                status, limit = int(facts.status[tile, kind]), int(facts.limit[tile, kind])
                progress = int(s.progress[k, cell])
                out[k, c, i] = share_of(progress, limit) / FULL
                out[k, c, i + 1] = 1.0 if status & COOKING else 0.0
                out[k, c, i + 2] = 1.0 if status & COLLECTABLE else 0.0
                out[k, c, i + 3] = urgency_of(status, progress, limit) / FULL
            i += 4
            for j in range(plan.holds.shape[1]):
                if plan.holds[w, j] >= 0:
                    out[k, c, i] = plan.component[kind, plan.holds[w, j]]
                    i += 1
    return i


@kernel
def order_features(s: State, facts: Facts, out: NDArray[np.float32], k: int, c: int, i: int) -> int:
    """Open orders per dish, and the time left."""
    for dish in range(facts.lifetime.shape[0]):
        count = count_orders(s, k, dish)
        if count > 0:
            out[k, c, i] = count / facts.max_open
            out[k, c, i + 1] = 1.0
            if not facts.standing:
                out[k, c, i + 1] = least_left(s, k, dish) / facts.lifetime[dish]
        i += 2
    left = facts.horizon - int(s.tick[k])
    out[k, c, i] = left / facts.horizon if left > 0 else 0.0
    return i + 1


@kernel
def features_range(s: State, facts: Facts, plan: FeaturesPlan, out: NDArray[np.float32], lo: int, hi: int) -> None:
    """The features of kitchens lo..hi-1 into `out` (N, chefs, features)."""
    for k in range(lo, hi):
        for c in range(s.pos.shape[1]):
            for i in range(out.shape[2]):
                out[k, c, i] = 0.0
            i = own_features(s, facts, plan, out, k, c, 0)
            i = other_features(s, plan, out, k, c, i)
            i = place_features(s, plan, out, k, c, i)
            i = work_features(s, facts, plan, out, k, c, i)
            order_features(s, facts, out, k, c, i)


def walking_steps(kitchen: Kitchen) -> NDArray[np.float64]:
    """(cells, cells) steps from a floor cell to stand beside a cell, were no chef in the way; infinite for never."""
    cells, width = kitchen.width * kitchen.height, kitchen.width
    floor = kitchen.layout.tile == FLOOR
    steps = np.full((cells, cells), np.inf)
    for start in np.flatnonzero(floor).tolist():
        walked, queue = {start: 0}, deque([start])
        while queue:
            here = queue.popleft()
            for there in (here - 1, here + 1, here - width, here + width):
                steps[start, there] = min(steps[start, there], walked[here])
                if floor[there] and there not in walked:
                    walked[there] = walked[here] + 1
                    queue.append(there)
    return steps


def _holds(kitchen: Kitchen, tile: int) -> list[str]:
    """Foods that can be on a tile of this type, in the cookbook's order."""
    name, spec = kitchen.cookbook.tiles[tile], kitchen.cookbook.spec
    station = spec.tiles[name]
    found = {*station.takes, *(station.vessel.takes if station.vessel else ())}
    return list(spec.sort(found | {process.to for process in spec.processes_at(name).values()}))


@lru_cache(maxsize=64)
def _features_plan(kitchen: Kitchen) -> FeaturesPlan:
    tables, layout, cookbook = kitchen.tables, kitchen.layout, kitchen.cookbook
    cells, types = kitchen.width * kitchen.height, range(COUNTER + 1, len(cookbook.tiles))
    steps = walking_steps(kitchen)
    order = np.argsort(steps, axis=1, kind="stable")  # nearest first; of equally near ones the lower number
    near = np.full((cells, len(cookbook.tiles), SLOTS), -1, np.int16)
    counters = np.full((cells, int((layout.tile == COUNTER).sum())), -1, np.int16)
    for here in range(cells):
        there = order[here][np.isfinite(steps[here, order[here]])]
        for tile in types:
            nearest = there[layout.tile[there] == tile][:SLOTS]
            near[here, tile, : len(nearest)] = nearest
        reached = there[layout.tile[there] == COUNTER]
        counters[here, : len(reached)] = reached
    works = [tile for tile in types if _holds(kitchen, tile)]
    holds = [[cookbook.foods.index(food) for food in _holds(kitchen, tile)] for tile in works]
    most = max(map(len, holds), default=0)
    component = (tables.components / tables.components.max()).astype(np.float32)
    in_vessel = np.array([kind.holder == "vessel" for kind in cookbook.kinds])
    return FeaturesPlan(
        component=component,
        loose=np.where(in_vessel[:, None], np.float32(0), component),
        x=(np.arange(cells) % kitchen.width / kitchen.width).astype(np.float32),
        y=(np.arange(cells) // kitchen.width / kitchen.height).astype(np.float32),
        nearness=(1 / (1 + steps)).astype(np.float32),
        near=near,
        counters=counters,
        stations=np.array([tile for tile in types if tile not in works], np.int16),
        works=np.array(works, np.int16),
        holds=np.array([foods + [-1] * (most - len(foods)) for foods in holds], np.int16).reshape(len(works), most),
    )


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
    for tile in plan.stations.tolist():
        parts.add(tiles[tile], "the nearest by walking: dx, dy, nearness", place)
    parts.add("free_counter", "the nearest counter on which nothing lies: dx, dy, nearness", place)
    for name in component_names(kitchen.cookbook):
        parts.add(f"item_{name}", "the nearest loose item with it: dx, dy, nearness", place)
    for tile, foods in zip(plan.works.tolist(), plan.holds.tolist(), strict=True):
        held = tuple(kitchen.cookbook.foods[food] for food in foods if food >= 0)
        for slot in range(SLOTS):
            about = "dx, dy, nearness; progress, cooking, collectable, urgency; foods in it"
            labels = (*place, "progress", "cooking", "collectable", "urgency", *held)
            parts.add(f"{tiles[tile]}_{slot + 1}", about, labels)


@observers.register("features", "float32 vector: hands and surroundings, others, nearest things, work, orders, time")
class Features(Observer):
    """A vector in -1..1. Places are (dx / width, dy / height, 1 / (1 + steps)), all 0 when there is none to reach."""

    name, dtype, low, high = "features", np.float32, -1.0, 1.0

    def __init__(self, kitchen: Kitchen):
        super().__init__(kitchen)
        self.facts = known_facts(kitchen)
        self.plan = _features_plan(kitchen)
        parts = Parts()
        _label_chefs(parts, kitchen)
        _label_places(parts, kitchen, self.plan)
        for dish in kitchen.cookbook.orderable:
            about = "open orders; least time left"
            parts.add(f"order_{dish}", about, ("count", "left"))
        parts.add("ticks_left", "share of the episode that is left", ("",))
        self.parts, self.shape = tuple(parts.parts), (parts.size,)

    def _run(self, state: State, flat: NDArray[Any], lo: int, hi: int) -> None:
        features_range(state, self.facts, self.plan, flat, lo, hi)
