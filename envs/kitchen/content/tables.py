"""Compiling a cookbook into the integer tables that the rules read.

The central table answers one question: a chef holding `h` interacts with a tile of type `T` on which `t` lies; what
happens? Its answers are few, so `rule[T, h, t]` gives the number of a row and `rows` describes each row once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.cookbook import COUNTER, NOTHING, Cookbook, Kind, finishable
from brigade.envs.kitchen.content.cookbook_spec import TileSpec, VesselSpec

# What a chef's action came to in a tick. Also the `event` array of the state.
NO_EVENT, FETCH, PICK, PUT, PLACE, WORK, COMBINE, COLLECT, SERVE, BIN, SPRAY, START = range(12)
EVENT_NAMES = (
    "none", "fetch", "pick", "put", "place", "work", "combine", "collect", "serve", "bin", "spray", "start",
)  # fmt: skip
CREDITED = (FETCH, PLACE, WORK, COMBINE, COLLECT, SERVE)  # what counts towards the contribution rate

# Columns of a row.
NEW_HELD, NEW_TARGET, HELD_FROM, TARGET_FROM, EVENT, LIMIT, FLOW, CREDIT, SHAPED = range(9)
FROM_NOWHERE, FROM_HELD, FROM_TARGET = 0, 1, 2  # where a progress count comes from
FLOW_NONE, FLOW_TO_TARGET, FLOW_TO_HELD, FLOW_FRESH, FLOW_LOST, FLOW_SERVED = range(6)  # where the credit goes
SHAPED_NONE, SHAPED_PLACE, SHAPED_PLATE, SHAPED_COLLECT = range(4)


class Tables(NamedTuple):
    """A compiled cookbook. K kinds, T tile types, R rows, D orderable dishes, F components."""

    rule: NDArray[np.int16]  # (T, K, K) row for tile type, kind in hand, kind on the tile; 0 is "nothing happens"
    rows: NDArray[np.int16]  # (R, 9) what happens; columns above
    cook_ticks: NDArray[np.int16]  # (T, K) ticks until the kind changes by itself on this tile, 0 for never
    cook_next: NDArray[np.int16]  # (T, K) the kind it changes into
    burning: NDArray[np.bool_]  # (K,) the kind is on fire
    empty_plate: int  # kind of the empty plate
    wants_plate: NDArray[np.bool_]  # (K,) at work on a tile, the kind is a reason to fetch a plate
    dish: NDArray[np.int16]  # (K,) orderable dish that a plate of this kind is, -1 for none
    points: NDArray[np.int32]  # (D,) paid for a dish
    lifetime: NDArray[np.int16]  # (D,) ticks until an order for it expires, 0 for never
    components: NDArray[np.uint8]  # (K, F) how often each component (food, tool, plate, fire) is in the kind


class Row(NamedTuple):
    """One answer of the rule table, before it is a row of integers."""

    new_held: int
    new_target: int
    held_from: int
    target_from: int
    event: int
    flow: int
    limit: int = 0
    shaped: int = SHAPED_NONE


def component_names(cookbook: Cookbook) -> tuple[str, ...]:
    """Names of the columns of `Tables.components`: foods, tools, the plate, fire."""
    return (*cookbook.foods, *cookbook.spec.tools, cookbook.spec.plate.name, "fire")


def compile_tables(cookbook: Cookbook, cook_when_full: bool = True) -> Tables:
    """Compile a cookbook; the tables of those that were compiled last are kept, and are not to be changed.

    Args:
        cookbook: what to compile.
        cook_when_full: a pot starts when its last ingredient lands; otherwise a chef with empty hands starts it.
    """
    return _compiled(_Asked(cookbook.spec.model_dump_json(), cook_when_full, cookbook))


@dataclass(frozen=True)
class _Asked:
    text: str
    cook_when_full: bool
    cookbook: Cookbook = field(compare=False)  # as the text says


@lru_cache(maxsize=16)  # a long list of recordings is of a few cookbooks
def _compiled(asked: _Asked) -> Tables:
    cookbook, compiler = asked.cookbook, _Compiler(asked.cookbook, asked.cook_when_full)
    rule, rows = compiler.interactions()
    cook_ticks, cook_next = compiler.cooking()
    kinds, spec = cookbook.kinds, cookbook.spec
    dishes = cookbook.orderable
    return Tables(
        rule=rule,
        rows=rows,
        cook_ticks=cook_ticks,
        cook_next=cook_next,
        burning=np.array([kind.burning for kind in kinds]),
        empty_plate=compiler.empty_plate,
        wants_plate=np.array([kind.index != NOTHING and not compiler.waits_for_start(kind) for kind in kinds]),
        dish=np.array(
            [dishes.index(k.dish) if k.holder == "plate" and k.dish in dishes else -1 for k in kinds], np.int16
        ),
        points=np.array([spec.dishes[name].points for name in dishes], np.int32),
        lifetime=np.array([spec.dishes[name].ticks for name in dishes], np.int16),
        components=_components(cookbook),
    )


def _components(cookbook: Cookbook) -> NDArray[np.uint8]:
    names = component_names(cookbook)
    table = np.zeros((len(cookbook.kinds), len(names)), np.uint8)
    for kind in cookbook.kinds:
        holder = {"tool": kind.name, "plate": cookbook.spec.plate.name}.get(kind.holder)
        for name in (*kind.contents, holder, "fire" if kind.burning else None):
            if name is not None:
                table[kind.index, names.index(name)] += 1
    return table


class _Compiler:
    """Works out what every interaction does, tile type by tile type."""

    def __init__(self, cookbook: Cookbook, cook_when_full: bool):
        self.cookbook, self.spec, self.cook_when_full = cookbook, cookbook.spec, cook_when_full
        self.plates = [kind for kind in cookbook.kinds if kind.holder == "plate"]
        self.empty_plate = cookbook.kind(self.spec.plate.name).index
        self.useful = {food for dish in self.spec.dishes.values() for food in dish.of}
        self.bare = {kind.name: kind for kind in cookbook.kinds if kind.holder == "food" and not kind.burning}

    def interactions(self) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """The `rule` and `rows` tables."""
        count = len(self.cookbook.kinds)
        rule = np.zeros((len(self.cookbook.tiles), count, count), np.int16)
        numbers: dict[Row | None, int] = {None: 0}
        kinds = self.cookbook.kinds
        for (tile, name), held, target in product(enumerate(self.cookbook.tiles), kinds, kinds):
            row = self._interact(tile, name, held, target)
            rule[tile, held.index, target.index] = numbers.setdefault(row, len(numbers))
        known = [(*row[:5], row.limit, row.flow, row.event in CREDITED, row.shaped) for row in numbers if row]
        return rule, np.array([(0,) * 9, *known], np.int16)

    def cooking(self) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """The `cook_ticks` and `cook_next` tables."""
        shape = (len(self.cookbook.tiles), len(self.cookbook.kinds))
        ticks, following = np.zeros(shape, np.int16), np.zeros(shape, np.int16)
        for process in self.spec.processes:
            if process.ticks is not None:
                tile, kind = self.cookbook.tiles.index(process.at), self.bare[process.from_].index
                ticks[tile, kind] = process.ticks
                name = f"{process.to} on fire" if process.fire else process.to
                following[tile, kind] = self.cookbook.kind(name).index
        for content in self.cookbook.kinds:
            if content.phase == "cooking":
                tile = self.cookbook.tiles.index(content.tile)
                ready = self.cookbook.kind(content.name.replace(" cooking", " ready"))
                ticks[tile, content.index] = self.spec.vessels[content.tile].ticks or 0
                following[tile, content.index] = ready.index
        return ticks, following

    def waits_for_start(self, kind: Kind) -> bool:
        """A full pot that nobody has started: Overcooked-AI does not count it when it rewards fetching a dish."""
        if kind.phase != "raw":
            return False
        vessel = self.spec.vessels[kind.tile]
        return vessel.ticks is not None and len(kind.contents) == vessel.capacity

    def _interact(self, tile: int, name: str, held: Kind, target: Kind) -> Row | None:
        if name == "floor" or held.holder == "vessel" or held.burning:
            return None
        if tile == COUNTER:
            return self._counter(held, target)
        spec = self.spec.tiles[name]
        if target.burning:
            return self._spray(held, target)
        if spec.dispenses is not None:
            return self._dispense(spec.dispenses, held, target)
        if spec.serves:
            return self._serve(held, target)
        if spec.bins:
            return self._bin(held, target)
        if spec.vessel is not None:
            return self._vessel(name, spec.vessel, held, target)
        return self._workplace(name, spec, held, target)

    def _counter(self, held: Kind, target: Kind) -> Row | None:
        if target.holder == "vessel" or target.burning:
            return None
        if held.index == NOTHING:
            return self._pick(target) if target.index != NOTHING else None
        if target.index == NOTHING:
            return Row(NOTHING, held.index, FROM_NOWHERE, FROM_HELD, PUT, FLOW_TO_TARGET)
        return self._combine(held, target) if self.spec.counters_combine else None

    def _pick(self, target: Kind) -> Row:
        return Row(target.index, NOTHING, FROM_TARGET, FROM_NOWHERE, PICK, FLOW_TO_HELD)

    def _combine(self, held: Kind, target: Kind) -> Row | None:
        """Two things on a counter: food onto plate, plate onto food, plate onto plate."""
        if held.holder == "food" and target.holder == "plate":
            mixed = self._mix(target.contents, held.contents)
            source = FROM_HELD if not target.contents else FROM_NOWHERE
            if mixed is None:
                return None
            return Row(NOTHING, mixed.index, FROM_NOWHERE, source, COMBINE, FLOW_TO_TARGET)
        if held.holder == "plate" and (target.holder == "food" or (target.holder == "plate" and target.contents)):
            return self._take(held, target, COMBINE, SHAPED_NONE)
        return None

    def _take(self, held: Kind, target: Kind, event: int, shaped: int) -> Row | None:
        """A held plate takes the food that lies there, or is on a plate there."""
        mixed = self._mix(held.contents, target.contents)
        source = FROM_TARGET if not held.contents else FROM_NOWHERE
        left = self.empty_plate if target.holder == "plate" else NOTHING
        if mixed is None:
            return None
        return Row(mixed.index, left, source, FROM_NOWHERE, event, FLOW_TO_HELD, shaped=shaped)

    def _mix(self, first: tuple[str, ...], second: tuple[str, ...]) -> Kind | None:
        """The plate that holds both, if foods like these go together on a plate at all."""
        both = self.cookbook.plate_with(*first, *second)
        made_here = first and second and both is not None and self._only_from_vessel(both.contents)
        bare = len(second) == 1 and not first and not self._plateable(second[0])
        return None if made_here or bare else both

    def _plateable(self, food: str) -> bool:
        dishes = self.spec.dishes.values()
        return food in self.spec.plate.takes or any(food in dish.of for dish in dishes if dish.made_in is None)

    def _only_from_vessel(self, contents: tuple[str, ...]) -> bool:
        """Whether a plate with these contents can only be filled from a vessel."""
        need = Counter(contents)
        return not any(dish.made_in is None and need <= Counter(dish.of) for dish in self.spec.dishes.values())

    def _spray(self, held: Kind, target: Kind) -> Row | None:
        if held.holder != "tool":
            return None
        out = self.bare[target.contents[0]].index
        sprays = self.spec.tools[held.name].sprays
        return Row(held.index, out, FROM_NOWHERE, FROM_NOWHERE, SPRAY, FLOW_NONE, limit=sprays)

    def _dispense(self, what: str, held: Kind, target: Kind) -> Row | None:
        if held.index != NOTHING or target.index != NOTHING:
            return None
        kind = self.cookbook.kind(what)
        shaped = SHAPED_PLATE if kind.index == self.empty_plate else SHAPED_NONE
        return Row(kind.index, NOTHING, FROM_NOWHERE, FROM_NOWHERE, FETCH, FLOW_FRESH, shaped=shaped)

    def _serve(self, held: Kind, target: Kind) -> Row | None:
        if held.holder != "plate" or not held.contents or target.index != NOTHING:
            return None
        return Row(NOTHING, NOTHING, FROM_NOWHERE, FROM_NOWHERE, SERVE, FLOW_SERVED)

    def _bin(self, held: Kind, target: Kind) -> Row | None:
        if target.index != NOTHING or held.holder not in ("food", "plate") or held.index == self.empty_plate:
            return None
        left = self.empty_plate if held.holder == "plate" else NOTHING
        return Row(left, NOTHING, FROM_NOWHERE, FROM_NOWHERE, BIN, FLOW_LOST)

    def _workplace(self, name: str, spec: TileSpec, held: Kind, target: Kind) -> Row | None:
        """A board or a pan: one bare food at a time, with what the cookbook's processes do to it."""
        here = self.spec.processes_at(name)
        if target.index == NOTHING:
            if held.holder != "food" or held.name not in spec.takes:
                return None
            event, shaped = (PLACE, SHAPED_PLACE) if held.name in here else (PUT, SHAPED_NONE)
            return Row(NOTHING, held.index, FROM_NOWHERE, FROM_HELD, event, FLOW_TO_TARGET, shaped=shaped)
        if target.holder != "food":
            return None
        if held.index == NOTHING:
            process = here.get(target.name)
            if process is not None and process.interactions is not None:
                after = self.bare[process.to].index
                return Row(NOTHING, after, FROM_NOWHERE, FROM_NOWHERE, WORK, FLOW_NONE, limit=process.interactions)
            return self._pick(target) if target.name in spec.hand else None
        if held.holder == "plate" and target.name in spec.plate:
            shaped = SHAPED_COLLECT if target.name in self.useful else SHAPED_NONE
            return self._take(held, target, COLLECT, shaped)
        return None

    def _vessel(self, name: str, vessel: VesselSpec, held: Kind, target: Kind) -> Row | None:
        """A pot or a bowl: foods go in one by one, and what it makes of them is taken with an empty plate."""
        if target.index != NOTHING and target.tile != name:
            return None
        if held.holder == "food" and held.name in vessel.takes and target.phase in ("", "raw"):
            after = self._vessel_kind(name, self.spec.sort((*target.contents, held.name)))
            if after is None:
                return None
            return Row(NOTHING, after.index, FROM_NOWHERE, FROM_NOWHERE, PLACE, FLOW_TO_TARGET, shaped=SHAPED_PLACE)
        if held.index == self.empty_plate and target.phase == "ready":
            filled = self.cookbook.plate_with(*target.contents)
            assert filled is not None
            return Row(filled.index, NOTHING, FROM_NOWHERE, FROM_NOWHERE, COLLECT, FLOW_TO_HELD, shaped=SHAPED_COLLECT)
        if held.index == NOTHING and target.phase == "raw" and self._can_start(name, target.contents):
            phase, event = ("cooking", START) if vessel.ticks is not None else ("ready", WORK)
            begun = self.cookbook.kind(f"{target.name} {phase}").index
            return Row(NOTHING, begun, FROM_NOWHERE, FROM_NOWHERE, event, FLOW_NONE, limit=vessel.interactions or 0)
        return None

    def _vessel_kind(self, name: str, contents: tuple[str, ...]) -> Kind | None:
        """What a vessel holds once it has these contents: raw, or already cooking when that starts it."""
        kind = next((k for k in self.cookbook.kinds if k.tile == name and k.contents == contents), None)
        cooks = self.spec.vessels[name].ticks is not None and self.cook_when_full and self._full(name, contents)
        return self.cookbook.kind(f"{kind.name} cooking") if kind is not None and cooks else kind

    def _full(self, name: str, contents: tuple[str, ...]) -> bool:
        """Whether a pot that starts by itself starts with these contents."""
        larger = any(k.tile == name and Counter(contents) < Counter(k.contents) for k in self.cookbook.kinds)
        return self._can_start(name, contents) and not larger

    def _can_start(self, name: str, contents: tuple[str, ...]) -> bool:
        """Whether a chef may start (or work) this vessel with these contents."""
        vessel = self.spec.vessels[name]
        if vessel.any and self.cook_when_full:
            return len(contents) == vessel.capacity
        return finishable(self.spec, name, contents)
