"""Refusing cookbooks that do not make sense: every complaint names the field, and the nearest valid name."""

from __future__ import annotations

import re

from brigade.envs.content import Document
from brigade.envs.kitchen.content.cookbook_spec import CookbookSpec, DishSpec
from brigade.envs.registry import nearest

RESERVED_SYMBOLS = "._+ 123456789"
RESERVED_NAMES = ("nothing", "fire")


def check(spec: CookbookSpec, document: Document) -> None:
    """Refuse names that are not defined, symbols used twice, processes in a circle, dishes nobody can make."""
    _check_names(spec, document)
    _check_symbols(spec, document)
    _check_processes(spec, document)
    _check_dishes(spec, document)


def _check_names(spec: CookbookSpec, document: Document) -> None:
    foods, carried = set(spec.items), {*spec.items, *spec.tools, spec.plate.name}

    def known(name: str, names: set[str], *path: str | int) -> None:
        if name not in names:
            raise document.error(f"undefined item '{name}'; {nearest(name, sorted(names))}", *path)

    _check_spelling(spec, document)
    for name in spec.tools:
        if name in foods:
            raise document.error(f"'{name}' is both an item and a tool", "tools", name)
    if spec.plate.name in foods | set(spec.tools):
        raise document.error(f"'{spec.plate.name}' is also an item or tool", "plate", "name")
    if spec.plate.name in spec.vessels:
        raise document.error(f"'{spec.plate.name}' is also a tile with a vessel", "plate", "name")
    for i, name in enumerate(spec.plate.takes):
        known(name, foods, "plate", "takes", i)
    for dish_name, dish in spec.dishes.items():
        for i, name in enumerate(dish.of):
            known(name, foods, "dishes", dish_name, "of", i)
    for tile_name, tile in spec.tiles.items():
        if tile.dispenses is not None:
            known(tile.dispenses, carried, "tiles", tile_name, "dispenses")
        for key in ("takes", "hand", "plate"):
            for i, name in enumerate(getattr(tile, key)):
                known(name, foods, "tiles", tile_name, key, i)
        for i, name in enumerate(tile.vessel.takes if tile.vessel else []):
            known(name, foods, "tiles", tile_name, "vessel", "takes", i)
    for i, process in enumerate(spec.processes):
        known(process.from_, foods, "processes", i, "from")
        known(process.to, foods, "processes", i, "to")


def _check_spelling(spec: CookbookSpec, document: Document) -> None:
    """Names are words, and not those that the engine uses for kinds and components of its own."""
    groups = ("items", "tools", "dishes", "tiles")
    places = [(name, (group, name)) for group in groups for name in getattr(spec, group)]
    for name, path in [*places, (spec.plate.name, ("plate", "name"))]:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            raise document.error(f"'{name}' is not a name; use letters, digits and _", *path)
        if name in RESERVED_NAMES and path[0] in ("items", "tools", "plate"):
            raise document.error(f"'{name}' is built in; choose another name", *path)


def _check_symbols(spec: CookbookSpec, document: Document) -> None:
    seen: dict[str, str] = {}
    for name, tile in spec.tiles.items():
        if tile.symbol in RESERVED_SYMBOLS:
            message = f"symbol '{tile.symbol}' is reserved (counter ., centre counter +, floor _, chefs 1-9)"
            raise document.error(message, "tiles", name, "symbol")
        if tile.symbol in seen:
            message = f"symbol '{tile.symbol}' is already used by '{seen[tile.symbol]}'"
            raise document.error(message, "tiles", name, "symbol")
        if name in ("floor", "counter"):
            raise document.error(f"'{name}' is built in; choose another name", "tiles", name)
        seen[tile.symbol] = name
        vessel = tile.vessel
        if vessel is not None and (vessel.ticks is None) == (vessel.interactions is None):
            raise document.error("give either ticks or interactions", "tiles", name, "vessel")


def _check_processes(spec: CookbookSpec, document: Document) -> None:
    for i, process in enumerate(spec.processes):
        if process.at not in spec.tiles:
            message = f"undefined tile '{process.at}'; {nearest(process.at, spec.tiles)}"
            raise document.error(message, "processes", i, "at")
        if (process.ticks is None) == (process.interactions is None):
            raise document.error("give either ticks or interactions", "processes", i)
        if any(p.at == process.at and p.from_ == process.from_ for p in spec.processes[:i]):
            raise document.error(f"'{process.at}' already does something to '{process.from_}'", "processes", i)
        if process.fire and process.ticks is None:
            raise document.error("only what happens by itself, in ticks, can catch fire", "processes", i, "fire")
    for i, process in enumerate(spec.processes):
        after, before = {process.to}, set[str]()
        while after != before:
            before, after = after, after | {p.to for p in spec.processes if p.from_ in after}
        if process.from_ in after:
            message = f"a cycle: '{process.from_}' turns into '{process.to}' and, in the end, back again"
            raise document.error(message, "processes", i)


def _check_dishes(spec: CookbookSpec, document: Document) -> None:
    made = _obtainable(spec)
    if not any(dish.points is not None for dish in spec.dishes.values()):
        raise document.error("no dish can be ordered; give at least one of them points", "dishes")
    if not any(tile.serves for tile in spec.tiles.values()):
        raise document.error("no tile serves dishes; give one of them `serves: true`", "tiles")
    whole: dict[tuple[str, ...], str] = {}  # by its foods alone: a plate does not tell where they were put together
    for name, dish in spec.dishes.items():
        for i, food in enumerate(dish.of):
            if food not in made:
                raise document.error(f"nothing dispenses or makes '{food}'", "dishes", name, "of", i)
        if dish.made_in is not None:
            _check_vessel(spec, document, name, dish, dish.made_in)
        key = tuple(sorted(dish.of))
        if key in whole:
            raise document.error(f"has the same foods as '{whole[key]}'", "dishes", name, "of")
        whole[key] = name


def _check_vessel(spec: CookbookSpec, document: Document, name: str, dish: DishSpec, tile: str) -> None:
    """Refuse a dish that the tile it is made in cannot hold."""
    if tile not in spec.vessels:
        message = f"'{tile}' is not a tile with a vessel; {nearest(tile, spec.vessels)}"
        raise document.error(message, "dishes", name, "made_in")
    vessel = spec.vessels[tile]
    wrong = [food for food in dish.of if food not in vessel.takes]
    if wrong:
        raise document.error(f"'{tile}' does not take '{wrong[0]}'", "dishes", name, "of")
    if len(dish.of) > vessel.capacity:
        message = f"'{tile}' holds {vessel.capacity} foods, this dish needs {len(dish.of)}"
        raise document.error(message, "dishes", name, "of")


def _obtainable(spec: CookbookSpec) -> set[str]:
    """What dispensers give, and what can be made of it: food must come into a hand to be put onto the next tile."""
    workplaces = {
        name: tile
        for name, tile in spec.tiles.items()
        if not (tile.dispenses or tile.serves or tile.bins or tile.vessel)
    }
    held = {tile.dispenses for tile in spec.tiles.values() if tile.dispenses is not None}
    lying: set[tuple[str, str]] = set()  # (tile, food)
    before = -1
    while len(held) + len(lying) > before:
        before = len(held) + len(lying)
        lying |= {(name, food) for name, tile in workplaces.items() for food in tile.takes if food in held}
        lying |= {(process.at, process.to) for process in spec.processes if (process.at, process.from_) in lying}
        held |= {food for name, food in lying if food in workplaces[name].hand}
    return held | {food for _, food in lying}
