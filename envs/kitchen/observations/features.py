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
from brigade.envs.kitchen.engine.handle import Reader
from brigade.envs.kitchen.engine.rooms import choose_room, room_of
from brigade.envs.kitchen.engine.state import State
from brigade.envs.kitchen.engine.tick import (
    BEGIN,
    DONE,
    HOST,
    JOINT,
    LAYOUT,
    ROOMS,
    STATE,
    TABLES,
    do,
    host_at,
    joint_at,
    keep,
    layout_at,
    rooms_at,
    stage_of,
    state_at,
    tables_at,
    take,
    tell,
)
from brigade.envs.kitchen.observations.compiled_observer import KNOWN, MAP, PLAN, SEEN, CompiledObserver, known_at
from brigade.envs.kitchen.observations.observe import (
    COLLECTABLE,
    COOKING,
    FACING_NAMES,
    FULL,
    Facts,
    Parts,
    count_orders,
    facts_of,
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
    stations: NDArray[np.int16]  # (S,) tile types at which nothing is done to food
    works: NDArray[np.int16]  # (W,) tile types at which something is
    holds: NDArray[np.int16]  # (W, most) foods that such a tile can hold, then -1
    held: NDArray[np.int16]  # (W,) how many those are


class FeaturesMap(NamedTuple):
    """Where things are in a room. M counters."""

    x: NDArray[np.float32]  # (cells,) column / width
    y: NDArray[np.float32]  # (cells,) row / height
    steps: NDArray[np.uint16]  # (cells, cells) steps to stand beside a cell; as many as there are cells for never
    near: NDArray[np.int16]  # (cells, T * SLOTS) nearest tiles of each type, -1 for none
    counters: NDArray[np.int16]  # (cells, M) counters, nearest first, then -1


class FeaturesMaps(NamedTuple):
    """The same of R rooms."""

    x: NDArray[np.float32]  # (R, cells)
    y: NDArray[np.float32]  # (R, cells)
    steps: NDArray[np.uint16]  # (R, cells, cells)
    near: NDArray[np.int16]  # (R, cells, T * SLOTS)
    counters: NDArray[np.int16]  # (R, cells, M)


@kernel
def map_of(maps: FeaturesMaps, r: int) -> FeaturesMap:
    """Room r."""
    return FeaturesMap(maps.x[r], maps.y[r], maps.steps[r], maps.near[r], maps.counters[r])


@kernel
def towards(
    plan: FeaturesPlan, room: FeaturesMap, here: int, cell: int, out: NDArray[np.float32], c: int, i: int
) -> int:
    """Where a cell is (dx, dy, nearness), from index i on; nothing when there is no cell. Returns the next index."""
    if cell >= 0:
        out[c, i] = room.x[cell] - room.x[here]
        out[c, i + 1] = room.y[cell] - room.y[here]
        out[c, i + 2] = plan.nearness[room.steps[here, cell]]
    return i + 3


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
    s: State, facts: Facts, plan: FeaturesPlan, room: FeaturesMap, out: NDArray[np.float32], k: int, c: int, i: int
) -> int:
    """The chef itself, what is around it, and what it faces."""
    here, held, facing = int(s.pos[k, c]), int(s.held[k, c]), int(s.facing[k, c])
    out[c, i] = room.x[here]
    out[c, i + 1] = room.y[here]
    out[c, i + 1 + facing] = 1.0
    i += 6
    components = plan.component.shape[1]
    show_contents(plan, held, out[c, i : i + components])
    i += components
    for direction in range(LEFT, UP + 1):
        cell = here + int(facts.step[direction])
        if facts.tile[cell] != FLOOR or is_taken(s, k, cell):
            out[c, i] = 1.0
        i += 1
    cell = here + int(facts.step[facing])
    item, tile = int(s.item[k, cell]), int(facts.tile[cell])
    if facts.rule[tile, held, item] != 0:  # chefs stand on floor only, where interacting never does anything
        out[c, i] = 1.0
    if item != 0:
        out[c, i + 1] = 1.0
        out[c, i + 2] = share_of(int(s.progress[k, cell]), int(facts.limit[tile, item])) / FULL
    if is_taken(s, k, cell):
        out[c, i + 3] = 1.0
    i += 4
    show_contents(plan, item, out[c, i : i + components])
    return int(i + components)


@kernel
def other_features(
    s: State, plan: FeaturesPlan, room: FeaturesMap, out: NDArray[np.float32], k: int, c: int, i: int
) -> int:
    """The other chefs: where they are from here, which way they face, what they hold."""
    here, chefs, components = int(s.pos[k, c]), s.pos.shape[1], plan.component.shape[1]
    for more in range(1, chefs):
        d = c + more if c + more < chefs else c + more - chefs
        there = int(s.pos[k, d])
        out[c, i] = room.x[there] - room.x[here]
        out[c, i + 1] = room.y[there] - room.y[here]
        out[c, i + 1 + int(s.facing[k, d])] = 1.0
        i += 6
        show_contents(plan, int(s.held[k, d]), out[c, i : i + components])
        i += components
    return i


@kernel
def place_features(
    s: State, plan: FeaturesPlan, room: FeaturesMap, out: NDArray[np.float32], k: int, c: int, i: int
) -> int:
    """The nearest station of each sort, the nearest free counter, and the nearest item with each component."""
    here = int(s.pos[k, c])
    for j in range(plan.stations.shape[0]):
        i = towards(plan, room, here, int(room.near[here, plan.stations[j] * SLOTS]), out, c, i)
    free = -1
    for j in range(room.counters.shape[1]):
        cell = int(room.counters[here, j])
        if cell >= 0 and s.item[k, cell] == 0:
            free = cell
            break
    i = towards(plan, room, here, free, out, c, i)
    components = plan.component.shape[1]
    for cell in range(s.item.shape[1]):
        kind = int(s.item[k, cell])
        if kind != 0:
            nearness = plan.nearness[room.steps[here, cell]]
            for j in range(plan.loose.shape[1]):
                f = int(plan.loose[kind, j])
                if f < 0:
                    break
                if nearness > out[c, i + 3 * f + 2]:
                    towards(plan, room, here, cell, out, c, i + 3 * f)
    return int(i + 3 * components)


@kernel
def work_features(
    s: State, facts: Facts, plan: FeaturesPlan, room: FeaturesMap, out: NDArray[np.float32], k: int, c: int, i: int
) -> int:
    """Boards, pans, pots: for the nearest of each sort where it is, what is in it and how far that is."""
    here = int(s.pos[k, c])
    for w in range(plan.works.shape[0]):
        tile = int(plan.works[w])
        for slot in range(SLOTS):
            cell = int(room.near[here, tile * SLOTS + slot])
            i = towards(plan, room, here, cell, out, c, i)
            kind = int(s.item[k, cell]) if cell >= 0 else 0
            if kind != 0:
                status, limit = int(facts.status[tile, kind]), int(facts.limit[tile, kind])
                progress = int(s.progress[k, cell])
                out[c, i] = share_of(progress, limit) / FULL
                out[c, i + 1] = 1.0 if status & COOKING else 0.0
                out[c, i + 2] = 1.0 if status & COLLECTABLE else 0.0
                out[c, i + 3] = urgency_of(status, progress, limit) / FULL
                for j in range(plan.held[w]):
                    out[c, i + 4 + j] = plan.component[kind, plan.holds[w, j]]
            i += 4 + int(plan.held[w])
    return i


@kernel
def order_features(s: State, facts: Facts, out: NDArray[np.float32], k: int, c: int, i: int) -> int:
    """Open orders per dish, and the time left."""
    for dish in range(facts.lifetime.shape[0]):
        count = count_orders(s, k, dish)
        if count > 0:
            out[c, i] = count / facts.max_open
            out[c, i + 1] = 1.0
            if not facts.standing:
                out[c, i + 1] = least_left(s, k, dish) / facts.lifetime[dish]
        i += 2
    left = facts.horizon - int(s.tick[k])
    out[c, i] = left / facts.horizon if left > 0 else 0.0
    return i + 1


@kernel
def show_features(
    s: State, k: int, facts: Facts, plan: FeaturesPlan, room: FeaturesMap, out: NDArray[np.float32]
) -> None:
    """What the chefs of kitchen k see into `out` (chefs, features)."""
    chefs, last = s.pos.shape[1], 0
    for c in range(chefs):
        for i in range(out.shape[1]):
            out[c, i] = 0.0
        i = own_features(s, facts, plan, room, out, k, c, 0)
        i = other_features(s, plan, room, out, k, c, i)
        i = place_features(s, plan, room, out, k, c, i)
        last = work_features(s, facts, plan, room, out, k, c, i)
    order_features(s, facts, out, k, 0, last)
    for c in range(1, chefs):  # orders are the same for all
        for i in range(last, out.shape[1]):
            out[c, i] = out[0, i]


class FeaturesSeen(NamedTuple):
    """Where features go, flattened."""

    rows: NDArray[np.float32]  # (2 * N, C, features) what is seen now, then the last of ended episodes


read_plan = Reader(FeaturesPlan, {"component": 2, "loose": 2, "holds": 2})
read_map = Reader(FeaturesMap, {"steps": 2, "near": 2, "counters": 2})
read_maps = Reader(FeaturesMaps, {"x": 2, "y": 2, "steps": 3, "near": 3, "counters": 3})
read_seen = Reader(FeaturesSeen, {"rows": 3})
plan_at, map_at, maps_at, seen_at = read_plan.read, read_map.read, read_maps.read, read_seen.read


@kernel
def with_features(game: int, eye: int, mode: int, checked: bool, lo: int, hi: int) -> int:
    """A call for kitchens lo..hi-1 of one room, with what is seen; see `tick.unseen`."""
    s, layout, tables = state_at(game, STATE), layout_at(game, LAYOUT), tables_at(game, TABLES)
    joint, host = joint_at(game, JOINT), host_at(game, HOST)
    plan, room, rows = plan_at(eye, PLAN), map_at(eye, MAP), seen_at(eye, SEEN).rows
    facts = facts_of(known_at(eye, KNOWN), layout, tables)
    if checked:
        bad = take(joint, host, lo, hi)
        if bad >= 0:
            return bad
    ended, turns, turn = 0, 1, 0
    while turn < turns:
        for k in range(lo, hi):
            stage = stage_of(joint, mode, k, turn > 0)
            if stage != DONE:
                row = do(s, k, layout, tables, joint, mode, stage)
                show_features(s, k, facts, plan, room, rows[row])
                ended += keep(s, joint, host, k, row, stage)
                turns = turns if row == k else 2
        turn += 1
    tell(s, joint, host, mode)
    return -1 - ended


@kernel
def with_features_rooms(game: int, eye: int, mode: int, checked: bool, lo: int, hi: int) -> int:
    """As `with_features`, for kitchens of several rooms."""
    s, rooms, tables = state_at(game, STATE), rooms_at(game, ROOMS), tables_at(game, TABLES)
    joint, host = joint_at(game, JOINT), host_at(game, HOST)
    known, plan, maps, rows = known_at(eye, KNOWN), plan_at(eye, PLAN), maps_at(eye, MAP), seen_at(eye, SEEN).rows
    if checked:
        bad = take(joint, host, lo, hi)
        if bad >= 0:
            return bad
    ended, turns, turn = 0, 1, 0
    while turn < turns:
        for k in range(lo, hi):
            stage = stage_of(joint, mode, k, turn > 0)
            if stage == BEGIN:
                choose_room(rooms, s, k)
            if stage != DONE:
                layout = room_of(rooms, rooms.room[k])
                row = do(s, k, layout, tables, joint, mode, stage)
                show_features(s, k, facts_of(known, layout, tables), plan, map_of(maps, rooms.room[k]), rows[row])
                ended += keep(s, joint, host, k, row, stage)
                turns = turns if row == k else 2
        turn += 1
    tell(s, joint, host, mode)
    return -1 - ended


def walking_steps(kitchen: Kitchen) -> NDArray[np.uint16]:
    """(cells, cells) steps from a floor cell to stand beside a cell, were no chef in the way; `cells` for never."""
    cells, width = kitchen.width * kitchen.height, kitchen.width
    floor = kitchen.layout.tile == FLOOR
    steps = np.full((cells, cells), cells, np.uint16)
    walked = np.zeros((cells, cells), np.bool_)  # from each cell (axis 0), where one has been
    at = np.flatnonzero(floor)
    edge = np.zeros((cells, cells), np.bool_)  # from each cell, where one may be after so many steps
    edge[at, at] = True
    for count in range(cells):
        if not edge.any():
            break
        walked |= edge
        beside = np.zeros_like(edge)
        for step in (-1, 1, -width, width):  # floor is never on the edge of the map
            beside |= np.roll(edge, step, axis=1)
        steps[beside & (steps == cells)] = count
        edge = beside & floor & ~walked
    return steps


def _holds(kitchen: Kitchen, tile: int) -> list[str]:
    """Foods that can be on a tile of this type, in the cookbook's order."""
    name, spec = kitchen.cookbook.tiles[tile], kitchen.cookbook.spec
    station = spec.tiles[name]
    found = {*station.takes, *(station.vessel.takes if station.vessel else ())}
    return list(spec.sort(found | {process.to for process in spec.processes_at(name).values()}))


def _features_map(kitchen: Kitchen) -> FeaturesMap:
    layout, cookbook = kitchen.layout, kitchen.cookbook
    width, height = kitchen.room
    cells = kitchen.width * kitchen.height
    steps = walking_steps(kitchen)
    order = np.argsort(steps, axis=1, kind="stable")  # nearest first; of equally near ones the lower number
    near = np.full((cells, len(cookbook.tiles), SLOTS), -1, np.int16)
    counters = np.full((cells, int((layout.tile == COUNTER).sum())), -1, np.int16)
    for here in np.flatnonzero(layout.tile == FLOOR).tolist():
        there = order[here][steps[here, order[here]] < cells]
        for tile in range(COUNTER + 1, len(cookbook.tiles)):
            nearest = there[layout.tile[there] == tile][:SLOTS]
            near[here, tile, : len(nearest)] = nearest
        reached = there[layout.tile[there] == COUNTER]
        counters[here, : len(reached)] = reached
    return FeaturesMap(
        x=(np.arange(cells) % kitchen.width / width).astype(np.float32),
        y=(np.arange(cells) // kitchen.width / height).astype(np.float32),
        steps=steps,
        near=near.reshape(cells, -1),
        counters=counters,
    )


@lru_cache(maxsize=64)
def _features_plan(kitchen: Kitchen) -> FeaturesPlan:
    tables, cookbook = kitchen.tables, kitchen.cookbook
    cells, types = kitchen.width * kitchen.height, range(COUNTER + 1, len(cookbook.tiles))
    works = [tile for tile in types if _holds(kitchen, tile)]
    holds = [[cookbook.foods.index(food) for food in _holds(kitchen, tile)] for tile in works]
    component = (tables.components / tables.components.max()).astype(np.float32)
    loose: list[Any] = [
        [] if kind.holder == "vessel" else np.flatnonzero(component[kind.index]) for kind in cookbook.kinds
    ]
    return FeaturesPlan(
        component=component,
        loose=_table(loose),
        nearness=np.append(1 / (1 + np.arange(cells)), 0).astype(np.float32),
        stations=np.array([tile for tile in types if tile not in works], np.int16),
        works=np.array(works, np.int16),
        holds=_table(holds),
        held=np.array([len(foods) for foods in holds], np.int16),
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
class Features(CompiledObserver):
    """A vector in -1..1. Places are (dx / width, dy / height, 1 / (1 + steps)), all 0 when there is none to reach."""

    name, dtype, low, high = "features", np.float32, -1.0, 1.0
    kernels = with_features, with_features_rooms
    readers = read_plan, read_map, read_maps, read_seen

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
        return _features_map(kitchen)
