"""Cookbooks: what items there are, what tiles do to them, and what a plate may hold, read from YAML.

A cookbook names things; `tables.compile_tables` turns the names into the integer tables that the rules read. The
kinds of item that can exist are enumerated here, once, so that everything else can speak of a kind by its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import combinations, combinations_with_replacement
from pathlib import Path
from typing import Literal

from pydantic import Field

from brigade.envs.content import Document, Model, parse, read, validate
from brigade.envs.registry import nearest, unknown

NOTHING = 0
FLOOR, COUNTER = 0, 1
RESERVED_SYMBOLS = "._+ 123456789"
BUNDLED = Path(__file__).parent / "cookbooks"

Shape = Literal["leaf", "shreds", "patty", "bun", "round", "slab", "stick"]
Colour = Field("#b0b0b0", pattern=r"^#[0-9a-fA-F]{6}$")


class ItemSpec(Model):
    """A food as people see it."""

    colour: str = Colour
    shape: Shape = "round"


class ToolSpec(Model):
    """A thing that is carried but not eaten. `sprays` put out a fire."""

    colour: str = Colour
    sprays: int = Field(gt=0)


class PlateSpec(Model):
    """The thing dishes are put together on. Besides parts of dishes, an empty one accepts what `takes` lists."""

    name: str = "plate"
    takes: list[str] = []


class DishSpec(Model):
    """Foods that go together, with points and a lifetime in ticks if it can be ordered.

    `made_in` names the vessel (pot, bowl) whose content this is; without it the foods are combined on a plate.
    """

    of: list[str] = Field(min_length=1)
    made_in: str | None = None
    points: int | None = Field(None, gt=0)
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


@dataclass(frozen=True)
class Kind:
    """One kind of thing that can lie on a tile or be in a hand.

    Attributes:
        index: its number in every table; 0 is nothing.
        name: unique and readable: `bread`, `plate[cooked_beef+bread]`, `pot[onion*2]`, `burnt_beef on fire`.
        holder: `food`, `tool`, `plate` or `vessel`.
        contents: the foods in it, in the order of the cookbook's items, repeated as often as they are there.
        tile: the tile it belongs to, for what is in a vessel.
        phase: of a vessel's content: `raw`, `cooking` or `ready`; otherwise empty.
        dish: the dish that the contents are, if any.
        burning: whether it is on fire.
    """

    index: int
    name: str
    holder: Literal["nothing", "food", "tool", "plate", "vessel"]
    contents: tuple[str, ...] = ()
    tile: str = ""
    phase: Literal["", "raw", "cooking", "ready"] = ""
    dish: str | None = None
    burning: bool = False


@dataclass(frozen=True, eq=False)
class Cookbook:
    """A checked cookbook with its kinds of item numbered. Make one with `load_cookbook`."""

    spec: CookbookSpec
    source: str
    kinds: tuple[Kind, ...]
    _by_name: dict[str, Kind] = field(repr=False)

    @property
    def name(self) -> str:
        """The cookbook's name."""
        return self.spec.name

    @cached_property
    def tiles(self) -> tuple[str, ...]:
        """Names of all tile types by number: floor, counter, then the cookbook's own."""
        return ("floor", "counter", *self.spec.tiles)

    @cached_property
    def symbols(self) -> dict[str, str]:
        """Map symbol -> tile name for the cookbook's tiles, floor `_` and counter `.`."""
        return {"_": "floor", ".": "counter", **{spec.symbol: name for name, spec in self.spec.tiles.items()}}

    @cached_property
    def orderable(self) -> tuple[str, ...]:
        """Names of the dishes that can be ordered, by number."""
        return tuple(name for name, dish in self.spec.dishes.items() if dish.points is not None)

    @cached_property
    def foods(self) -> tuple[str, ...]:
        """Names of all foods, in the cookbook's order."""
        return tuple(self.spec.items)

    def kind(self, name: str) -> Kind:
        """The kind called `name`.

        Raises:
            BrigadeError: there is no such kind.
        """
        if name not in self._by_name:
            raise unknown("item", name, self._by_name, f"cookbook '{self.name}'")
        return self._by_name[name]

    def plate_with(self, *foods: str) -> Kind | None:
        """The kind of plate that holds exactly these foods, if it can exist."""
        return self._by_name.get(plate_name(self.spec, self.sort(foods)))

    def sort(self, foods: tuple[str, ...] | list[str]) -> tuple[str, ...]:
        """Foods in the cookbook's order, as `Kind.contents` has them."""
        return tuple(sorted(foods, key=self.foods.index))


def plate_name(spec: CookbookSpec, contents: tuple[str, ...]) -> str:
    """The name of the kind of plate with these contents."""
    return f"{spec.plate.name}[{_list(contents)}]" if contents else spec.plate.name


def list_cookbooks() -> list[str]:
    """Names of the cookbooks that come with Brigade."""
    return sorted(path.stem for path in BUNDLED.glob("*.yaml"))


@lru_cache(maxsize=64)
def load_cookbook(name: str) -> Cookbook:
    """A cookbook by name, or from a YAML file when `name` ends in `.yaml`.

    Raises:
        BrigadeError: no such cookbook, or its file is not right; the message names file, line and field.
    """
    if name.endswith((".yaml", ".yml")):
        return build_cookbook(read(name))
    if name not in list_cookbooks():
        raise unknown("cookbook", name, list_cookbooks())
    return build_cookbook(read(BUNDLED / f"{name}.yaml"))


def parse_cookbook(text: str, source: str = "<string>") -> Cookbook:
    """A cookbook from YAML text; errors as in `load_cookbook`."""
    return build_cookbook(parse(text, source))


def build_cookbook(document: Document) -> Cookbook:
    """Check a cookbook's document and number its kinds."""
    spec = validate(document, CookbookSpec)
    _check(spec, document)
    kinds = tuple(_enumerate(spec))
    return Cookbook(spec, document.source, kinds, {kind.name: kind for kind in kinds})


def _enumerate(spec: CookbookSpec) -> Iterator[Kind]:
    index = 0

    def kind(name: str, holder: Literal["nothing", "food", "tool", "plate", "vessel"], **more: object) -> Kind:
        nonlocal index
        made = Kind(index, name, holder, **more)  # type: ignore[arg-type]
        index += 1
        return made

    yield kind("nothing", "nothing")
    for food in spec.items:
        yield kind(food, "food", contents=(food,))
    for tool in spec.tools:
        yield kind(tool, "tool")
    for contents in _plate_contents(spec):
        yield kind(plate_name(spec, contents), "plate", contents=contents, dish=_dish_of(spec, contents))
    for tile, tile_spec in spec.tiles.items():
        if tile_spec.vessel is not None:
            for contents in vessel_contents(spec, tile):
                name = f"{tile}[{_list(contents)}]"
                dish = _dish_of(spec, contents, tile)
                yield kind(name, "vessel", contents=contents, tile=tile, phase="raw")
                if not finishable(spec, tile, contents):
                    continue
                if tile_spec.vessel.ticks is not None:
                    yield kind(f"{name} cooking", "vessel", contents=contents, tile=tile, phase="cooking", dish=dish)
                yield kind(f"{name} ready", "vessel", contents=contents, tile=tile, phase="ready", dish=dish)
    for burnt in dict.fromkeys(process.to for process in spec.processes if process.fire):
        yield kind(f"{burnt} on fire", "food", contents=(burnt,), burning=True)


def _plate_contents(spec: CookbookSpec) -> list[tuple[str, ...]]:
    """Everything a plate can hold, smallest first: nothing, single foods, mixtures, and what vessels finish."""
    order = list(spec.items)
    contents: set[tuple[str, ...]] = {(), *((food,) for food in spec.plate.takes)}
    for dish in spec.dishes.values():
        if dish.made_in is None:
            contents.update(_parts(dish.of, order))
    for tile, tile_spec in spec.tiles.items():
        if tile_spec.vessel is not None:
            contents.update(mix for mix in vessel_contents(spec, tile) if finishable(spec, tile, mix))
    return sorted(contents, key=lambda c: (len(c), [order.index(food) for food in c]))


def vessel_contents(spec: CookbookSpec, tile: str) -> list[tuple[str, ...]]:
    """Every mixture that the vessel `tile` can hold, smallest first, each in the order of the cookbook's items."""
    vessel = spec.tiles[tile].vessel
    assert vessel is not None
    order = list(spec.items)
    takes = sorted(set(vessel.takes), key=order.index)
    if vessel.any:
        sizes = range(1, vessel.capacity + 1)
        return [mix for size in sizes for mix in combinations_with_replacement(takes, size)]
    found: set[tuple[str, ...]] = set()
    for dish in spec.dishes.values():
        if dish.made_in == tile:
            found.update(_parts(dish.of, order))
    return sorted(found, key=lambda c: (len(c), [order.index(food) for food in c]))


def finishable(spec: CookbookSpec, tile: str, contents: tuple[str, ...]) -> bool:
    """Whether the vessel `tile` can make something of exactly these contents."""
    vessel = spec.tiles[tile].vessel
    assert vessel is not None
    return vessel.any or any(
        dish.made_in == tile and sorted(dish.of) == sorted(contents) for dish in spec.dishes.values()
    )


def _parts(foods: list[str], order: list[str]) -> set[tuple[str, ...]]:
    """Every non-empty selection of `foods`, in the order of the cookbook's items."""
    whole = sorted(foods, key=order.index)
    return {part for size in range(1, len(whole) + 1) for part in combinations(whole, size)}


def _dish_of(spec: CookbookSpec, contents: tuple[str, ...], tile: str | None = None) -> str | None:
    """The dish with these contents. On a plate (`tile` None) a dish that a vessel made counts as well."""
    order = list(spec.items)
    for name, dish in spec.dishes.items():
        if tuple(sorted(dish.of, key=order.index)) == contents and tile in (None, dish.made_in):
            return name
    return None


def _list(contents: tuple[str, ...]) -> str:
    names = dict.fromkeys(contents)
    return "+".join(f"{name}*{contents.count(name)}" if contents.count(name) > 1 else name for name in names)


def _check(spec: CookbookSpec, document: Document) -> None:
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

    for group in (spec.items, spec.tools, spec.dishes, spec.tiles):
        for name in group:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
                raise document.error(f"'{name}' is not a name; use letters, digits and _", name)
    for name in spec.tools:
        if name in foods:
            raise document.error(f"'{name}' is both an item and a tool", "tools", name)
    if spec.plate.name in foods | set(spec.tools):
        raise document.error(f"'{spec.plate.name}' is also an item or tool", "plate", "name")
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
    next_of: dict[str, list[str]] = {}
    for i, process in enumerate(spec.processes):
        if process.at not in spec.tiles:
            raise document.error(
                f"undefined tile '{process.at}'; {nearest(process.at, spec.tiles)}", "processes", i, "at"
            )
        if (process.ticks is None) == (process.interactions is None):
            raise document.error("give either ticks or interactions", "processes", i)
        if any(p.at == process.at and p.from_ == process.from_ for p in spec.processes[:i]):
            raise document.error(f"'{process.at}' already does something to '{process.from_}'", "processes", i)
        if process.fire and process.ticks is None:
            raise document.error("only what happens by itself, in ticks, can catch fire", "processes", i, "fire")
        next_of.setdefault(process.from_, []).append(process.to)
    for i, process in enumerate(spec.processes):
        frontier, seen = [process.to], set[str]()
        while frontier:
            name = frontier.pop()
            if name == process.from_:
                raise document.error(
                    f"a cycle: '{process.from_}' turns into '{process.to}' and, in the end, back again",
                    "processes",
                    i,
                )
            if name not in seen:
                seen.add(name)
                frontier.extend(next_of.get(name, []))


def _check_dishes(spec: CookbookSpec, document: Document) -> None:
    makers = {tile.dispenses for tile in spec.tiles.values()} | {process.to for process in spec.processes}
    if not any(dish.points is not None for dish in spec.dishes.values()):
        raise document.error("no dish can be ordered; give at least one of them points", "dishes")
    if not any(tile.serves for tile in spec.tiles.values()):
        raise document.error("no tile serves dishes; give one of them `serves: true`", "tiles")
    whole: dict[tuple[str | None, tuple[str, ...]], str] = {}
    for name, dish in spec.dishes.items():
        for i, food in enumerate(dish.of):
            if food not in makers:
                raise document.error(f"nothing dispenses or makes '{food}'", "dishes", name, "of", i)
        if dish.made_in is not None:
            vessel = spec.tiles[dish.made_in].vessel if dish.made_in in spec.tiles else None
            if vessel is None:
                vessels = [tile for tile, tile_spec in spec.tiles.items() if tile_spec.vessel]
                message = f"'{dish.made_in}' is not a tile with a vessel; {nearest(dish.made_in, vessels)}"
                raise document.error(message, "dishes", name, "made_in")
            wrong = [food for food in dish.of if food not in vessel.takes]
            if wrong:
                raise document.error(f"'{dish.made_in}' does not take '{wrong[0]}'", "dishes", name, "of")
            if len(dish.of) > vessel.capacity:
                message = f"'{dish.made_in}' holds {vessel.capacity} foods, this dish needs {len(dish.of)}"
                raise document.error(message, "dishes", name, "of")
        key = (dish.made_in, tuple(sorted(dish.of)))
        if key in whole:
            raise document.error(f"has the same foods as '{whole[key]}'", "dishes", name, "of")
        whole[key] = name
