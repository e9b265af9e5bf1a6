"""Cookbooks: what items there are, what tiles do to them, and what a plate may hold, read from YAML.

A cookbook names things; `tables.compile_tables` turns the names into the integer tables that the rules read. The
kinds of item that can exist are enumerated here, once, so that everything else can speak of a kind by its number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import combinations, combinations_with_replacement, count
from typing import Literal, Self

from brigade.envs.content import Document, parse, read, validate
from brigade.envs.kitchen.content.cookbook_checks import check
from brigade.envs.kitchen.content.cookbook_spec import CookbookSpec
from brigade.envs.kitchen.content.folders import content_file, content_files
from brigade.envs.registry import unknown

NOTHING = 0
FLOOR, COUNTER = 0, 1
FILE_ENDINGS = (".yaml", ".yml")  # a name that ends so is a file's


class Fixed:
    """What never changes once it is made: copies of agents share it."""

    def __deepcopy__(self, memo: object) -> Self:
        return self


@dataclass(frozen=True, eq=False)
class Kind(Fixed):
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

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Kind) and vars(self) == vars(other))

    def __hash__(self) -> int:
        return self.index


@dataclass(frozen=True, eq=False)
class Cookbook(Fixed):
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
        return self._by_name.get(plate_name(self.spec, self.spec.sort(foods)))


def plate_name(spec: CookbookSpec, contents: tuple[str, ...]) -> str:
    """The name of the kind of plate with these contents."""
    return f"{spec.plate.name}[{_list(contents)}]" if contents else spec.plate.name


def list_cookbooks() -> list[str]:
    """Names of the cookbooks that come with Brigade, and with packages that bring some."""
    return sorted(content_files("cookbook"))


def load_cookbook(name: str) -> Cookbook:
    """A cookbook by name, or from a YAML file when `name` ends in `.yaml`; a file is read anew every time.

    Raises:
        BrigadeError: no such cookbook, or its file is not right; the message names file, line and field.
    """
    return build_cookbook(read(name)) if name.endswith(FILE_ENDINGS) else _bundled(name)


@lru_cache(maxsize=64)
def _bundled(name: str) -> Cookbook:
    return build_cookbook(read(content_file("cookbook", name)))


def parse_cookbook(text: str, source: str = "<string>") -> Cookbook:
    """A cookbook from YAML text; errors as in `load_cookbook`."""
    return build_cookbook(parse(text, source))


def build_cookbook(document: Document) -> Cookbook:
    """Check a cookbook's document and number its kinds."""
    spec = validate(document, CookbookSpec)
    check(spec, document)
    kinds = tuple(_enumerate(spec))
    return Cookbook(spec, document.source, kinds, {kind.name: kind for kind in kinds})


def _enumerate(spec: CookbookSpec) -> Iterator[Kind]:
    numbers = count()

    def kind(name: str, holder: Literal["nothing", "food", "tool", "plate", "vessel"], **more: object) -> Kind:
        return Kind(next(numbers), name, holder, **more)  # type: ignore[arg-type]

    yield kind("nothing", "nothing")
    for food in spec.items:
        yield kind(food, "food", contents=(food,))
    for tool in spec.tools:
        yield kind(tool, "tool")
    for contents in _plate_contents(spec):
        yield kind(plate_name(spec, contents), "plate", contents=contents, dish=_dish_of(spec, contents))
    for tile, vessel in spec.vessels.items():
        for contents in vessel_contents(spec, tile):
            name, dish = f"{tile}[{_list(contents)}]", _dish_of(spec, contents, tile)
            yield kind(name, "vessel", contents=contents, tile=tile, phase="raw")
            if not finishable(spec, tile, contents):
                continue
            if vessel.ticks is not None:
                yield kind(f"{name} cooking", "vessel", contents=contents, tile=tile, phase="cooking", dish=dish)
            yield kind(f"{name} ready", "vessel", contents=contents, tile=tile, phase="ready", dish=dish)
    for burnt in dict.fromkeys(process.to for process in spec.processes if process.fire):
        yield kind(f"{burnt} on fire", "food", contents=(burnt,), burning=True)


def _plate_contents(spec: CookbookSpec) -> list[tuple[str, ...]]:
    """Everything a plate can hold, smallest first: nothing, single foods, mixtures, and what vessels finish."""
    contents = {(), *((food,) for food in spec.plate.takes), *_parts_made_in(spec, None)}
    for tile in spec.vessels:
        contents.update(mix for mix in vessel_contents(spec, tile) if finishable(spec, tile, mix))
    return _smallest_first(spec, contents)


def vessel_contents(spec: CookbookSpec, tile: str) -> list[tuple[str, ...]]:
    """Every mixture that the vessel `tile` can hold, smallest first, each in the order of the cookbook's items."""
    vessel = spec.vessels[tile]
    if vessel.any:
        takes, sizes = spec.sort(set(vessel.takes)), range(1, vessel.capacity + 1)
        return [mix for size in sizes for mix in combinations_with_replacement(takes, size)]
    return _smallest_first(spec, _parts_made_in(spec, tile))


def finishable(spec: CookbookSpec, tile: str, contents: tuple[str, ...]) -> bool:
    """Whether the vessel `tile` can make something of exactly these contents."""
    made = any(dish.made_in == tile and sorted(dish.of) == sorted(contents) for dish in spec.dishes.values())
    return made or spec.vessels[tile].any


def _parts_made_in(spec: CookbookSpec, tile: str | None) -> set[tuple[str, ...]]:
    """Every non-empty selection of the foods of each dish that is made in a vessel, or on a plate (`tile` None)."""
    wholes = [spec.sort(dish.of) for dish in spec.dishes.values() if dish.made_in == tile]
    return {part for whole in wholes for size in range(len(whole)) for part in combinations(whole, size + 1)}


def _smallest_first(spec: CookbookSpec, contents: set[tuple[str, ...]]) -> list[tuple[str, ...]]:
    order = list(spec.items)
    return sorted(contents, key=lambda c: (len(c), [order.index(food) for food in c]))


def _dish_of(spec: CookbookSpec, contents: tuple[str, ...], tile: str | None = None) -> str | None:
    """The dish with these contents. On a plate (`tile` None) a dish that a vessel made counts as well."""
    found = (n for n, dish in spec.dishes.items() if spec.sort(dish.of) == contents and tile in (None, dish.made_in))
    return next(found, None)


def _list(contents: tuple[str, ...]) -> str:
    names = dict.fromkeys(contents)
    return "+".join(f"{name}*{contents.count(name)}" if contents.count(name) > 1 else name for name in names)
