"""Kitchens: a map, a cookbook, rules and orders, read from YAML and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from brigade.envs.budgets import CELLS
from brigade.envs.content import ContentError, Document, Model, checked, parse, validate
from brigade.envs.kitchen.content import cookbook_spec
from brigade.envs.kitchen.content.cookbook import (
    COUNTER,
    FILE_ENDINGS,
    FLOOR,
    NOTHING,
    Cookbook,
    Fixed,
    build_cookbook,
    load_cookbook,
)
from brigade.envs.kitchen.content.tables import Tables, compile_tables
from brigade.envs.registry import BrigadeError, nearest

STAY, LEFT, RIGHT, DOWN, UP, INTERACT = range(6)
ACTION_NAMES = ("stay", "left", "right", "down", "up", "interact")
FACINGS = {"left": LEFT, "right": RIGHT, "down": DOWN, "up": UP}
MAX_CHEFS = 4
LONGEST_HORIZON = 1_000_000  # ticks
CHEF_SYMBOLS = "123456789"
LOOKS = {"title", "about"}  # what of a kitchen's file only people see

Cell = tuple[int, int]  # (x, y), (0, 0) at the top left


class LegendSpec(Model):
    """What a symbol of the map stands for: a tile, with something lying on it if `item` is given."""

    tile: str = "counter"
    item: str | None = None


class OrdersSpec(Model):
    """How orders come in.

    `stream`: one after another, each with a deadline; a new one while fewer than `open` are open and the tick is at
    least `spacing` times the number that are. `standing`: the same dishes are wanted all the time, without deadline.
    """

    mode: Literal["stream", "standing"] = "stream"
    dishes: list[str] | None = None  # default: every dish of the cookbook that can be ordered
    open: int = Field(4, gt=0, le=16)
    spacing: int = Field(25, ge=0, le=1_000_000)  # ticks
    missed: int = Field(10, ge=0, le=100)  # points lost when an order expires
    wrong: int = Field(10, ge=0, le=100)  # points lost when something nobody ordered is delivered


class ShapedSpec(Model):
    """Shaped rewards per event, to help learning; never part of the score."""

    place: int = Field(3, ge=-1000, le=1000)  # an ingredient put where something will be done to it
    plate: int = Field(3, ge=-1000, le=1000)  # an empty plate fetched while there is more at work than plates
    collect: int = Field(5, ge=-1000, le=1000)  # a finished ingredient or soup taken onto a plate


class KitchenSpec(Model):
    """A kitchen file."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    about: str = ""
    cookbook: str
    rules: Literal["challenge", "classic"]
    map: str
    legend: dict[str, LegendSpec] = {}
    facing: Literal["left", "right", "down", "up"] = "left"
    horizon: int = Field(gt=0, le=LONGEST_HORIZON)  # ticks
    old_dynamics: bool = True  # classic: a pot starts by itself when full
    orders: OrdersSpec = OrdersSpec()
    shaped: ShapedSpec = ShapedSpec()


class Layout(NamedTuple):
    """A kitchen as the rules read it. Cells are numbered y * width + x."""

    tile: NDArray[np.int16]  # (cells,) tile type
    step: NDArray[np.int16]  # (6,) what each action adds to a cell's number
    start: NDArray[np.int16]  # (chefs,) cells
    start_facing: int  # one of 1-4
    start_item: NDArray[np.int16]  # (cells,) item kind lying there at reset
    stoves: NDArray[np.int16]  # cells where something cooks by itself
    work_cells: NDArray[np.int16]  # cells where something is done to food
    dishes: NDArray[np.int16]  # dishes that are ordered
    shaped: NDArray[np.int16]  # (4,) shaped reward by SHAPED_* code
    classic: bool  # interactions before moves, and all moves at once
    standing: bool  # orders stand, without deadline
    max_open: int
    spacing: int
    missed_penalty: int
    wrong_penalty: int
    horizon: int  # ticks in an episode


@dataclass(frozen=True, eq=False)
class Kitchen(Fixed):
    """A checked kitchen. Make one with `load_kitchen`."""

    spec: KitchenSpec
    source: str
    cookbook: Cookbook
    tables: Tables
    layout: Layout
    width: int
    height: int
    starts: tuple[Cell, ...]
    centre: tuple[Cell, ...]  # counters marked `+`
    inside: tuple[int, int] | None = None  # columns and rows of the map, where `enlarge` has put more around it

    @property
    def name(self) -> str:
        """The kitchen's name."""
        return self.spec.name

    @property
    def chefs(self) -> int:
        """How many chefs cook here."""
        return len(self.starts)

    @property
    def horizon(self) -> int:
        """Ticks in an episode."""
        return self.spec.horizon

    @property
    def enlarged(self) -> bool:
        """Whether there may be cells beyond the map."""
        return self.inside is not None

    @property
    def room(self) -> tuple[int, int]:
        """Columns and rows of the map."""
        return self.inside or (self.width, self.height)

    @cached_property
    def tile_names(self) -> tuple[str, ...]:
        """The name of each cell's tile."""
        return tuple(self.cookbook.tiles[tile] for tile in self.layout.tile.tolist())

    @cached_property
    def order_dishes(self) -> tuple[str, ...]:
        """Dishes that are ordered here."""
        return tuple(self.cookbook.orderable[dish] for dish in self.layout.dishes.tolist())

    def cell(self, number: int) -> Cell:
        """(x, y) of a cell's number."""
        return number % self.width, number // self.width

    def number(self, x: int, y: int) -> int:
        """A cell's number."""
        return y * self.width + x

    def cell_name(self, number: int) -> str:
        """What people and prompts call a cell: a letter for its column, a number for its row; `A1` is the first."""
        before, last = divmod(number % self.width, len(ascii_uppercase))
        return (ascii_uppercase[before - 1] if before else "") + ascii_uppercase[last] + str(number // self.width + 1)

    @cached_property
    def cells_by_name(self) -> dict[str, int]:
        """The number of each cell by what it is called."""
        return {self.cell_name(number): number for number in range(self.width * self.height)}

    @cached_property
    def regions(self) -> tuple[tuple[int, ...], ...]:
        """The parts of the floor that a chef can walk, those with chefs first, as sorted cell numbers."""
        floor = np.flatnonzero(self.layout.tile == FLOOR).tolist()
        return regions_of(floor, self.width, [self.number(*start) for start in self.starts])

    def ascii(self) -> str:
        """The map as text, chefs as digits."""
        rows = self.spec.map.strip("\n").split("\n")
        return "\n".join(row.rstrip() for row in rows)


def kitchen_digest(kitchen: Kitchen, horizon: int | None = None) -> str:
    """Twelve digits that change when the game in the kitchen does, not with its looks: what a recording was made in.

    Args:
        kitchen: whose.
        horizon: as if its episodes had so many ticks.
    """
    spec = kitchen.spec if horizon is None else kitchen.spec.model_copy(update={"horizon": horizon})
    return _twelve_digits(spec.model_dump_json(exclude=LOOKS) + _game_of(kitchen.cookbook))


def cookbook_digest(cookbook: Cookbook) -> str:
    """Twelve digits that change when the game that a cookbook makes does, not with its looks."""
    return _twelve_digits(_game_of(cookbook))


def _game_of(cookbook: Cookbook) -> str:
    return cookbook.spec.model_dump_json(exclude=cookbook_spec.LOOKS)


def _twelve_digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def parse_kitchen(text: str, source: str = "<string>") -> Kitchen:
    """A kitchen from YAML text; errors as in `load_kitchen`."""
    return build_kitchen(parse(text, source))


def build_kitchen(
    document: Document, changes: dict[str, object] | None = None, cookbook: Cookbook | None = None
) -> Kitchen:
    """Check a kitchen's document and turn it into arrays; with this cookbook, or else the one it names."""
    spec = validate(document, KitchenSpec)
    if changes:
        spec = checked(KitchenSpec, spec.model_dump() | changes, f"kitchen '{spec.name}': ")
    cookbook = cookbook or _cookbook_of(spec, document)
    grid = _Grid(spec, document, cookbook)
    tables = compile_tables(cookbook, spec.old_dynamics)
    layout = _layout(spec, document, cookbook, tables, grid)
    places = tuple(grid.starts), tuple(grid.centre)
    kitchen = Kitchen(spec, document.source, cookbook, tables, layout, grid.width, grid.height, *places)
    _check_reachable(kitchen, document)
    return kitchen


def enlarge(kitchen: Kitchen, width: int, height: int) -> Kitchen:
    """The same kitchen with cells beyond its right and lower edge: counters that nobody can reach.

    Places (x, y) stay what they are; numbers of cells do not.

    Raises:
        BrigadeError: it is larger than that.
    """
    columns, rows = kitchen.room
    if columns > width or rows > height:
        raise BrigadeError(f"kitchen '{kitchen.name}' has {columns} x {rows} cells, more than {width} x {height}")
    if width * height > CELLS:
        raise BrigadeError(f"a map has at most {CELLS} cells, not {width} x {height}")
    layout, count = kitchen.layout, width * height

    def moved(cells: NDArray[np.int16]) -> NDArray[np.int16]:
        return (cells // kitchen.width * width + cells % kitchen.width).astype(np.int16)

    def spread(values: NDArray[np.int16], beyond: int) -> NDArray[np.int16]:
        grid = np.full((height, width), beyond, np.int16)
        grid[:rows, :columns] = values.reshape(kitchen.height, kitchen.width)[:rows, :columns]
        return grid.reshape(count)

    larger = layout._replace(
        tile=spread(layout.tile, COUNTER),
        step=np.array([0, -1, 1, width, -width, 0], np.int16),
        start=moved(layout.start),
        start_item=spread(layout.start_item, NOTHING),
        stoves=moved(layout.stoves),
        work_cells=moved(layout.work_cells),
    )
    return replace(kitchen, layout=larger, width=width, height=height, inside=(columns, rows))


def with_horizon(kitchen: Kitchen, ticks: int) -> Kitchen:
    """The same kitchen with episodes of so many ticks."""
    spec = kitchen.spec.model_copy(update={"horizon": ticks})
    return replace(kitchen, spec=spec, layout=kitchen.layout._replace(horizon=ticks))


def with_shaped(kitchen: Kitchen, shaped: ShapedSpec) -> Kitchen:
    """The same kitchen with other shaped rewards; the game in it stays the same."""
    weights = np.array([0, shaped.place, shaped.plate, shaped.collect], np.int16)
    spec = kitchen.spec.model_copy(update={"shaped": shaped})
    return replace(kitchen, spec=spec, layout=kitchen.layout._replace(shaped=weights))


def dump_kitchen(kitchen: Kitchen) -> dict[str, Any]:
    """A kitchen and its cookbook as plain data, from which `restore_kitchen` makes it again without their files."""
    return {
        "kitchen": kitchen.spec.model_dump(mode="json", by_alias=True),
        "cookbook": kitchen.cookbook.spec.model_dump(mode="json", by_alias=True),
    }


def restore_kitchen(dumped: Mapping[str, Any], source: str) -> Kitchen:
    """The kitchen that `dump_kitchen` made plain data of.

    Raises:
        BrigadeError: the data is not that; the message begins with `source`.
    """
    documents = [Document(dumped.get(part), {}, f"{source}: {part}") for part in ("kitchen", "cookbook")]
    return build_kitchen(documents[0], cookbook=build_cookbook(documents[1]))


def _cookbook_of(spec: KitchenSpec, document: Document) -> Cookbook:
    name, folder = spec.cookbook, Path(document.source).parent
    # What is not in a folder, a generated kitchen or plain text, names files from where one is.
    if name.endswith(FILE_ENDINGS) and folder.is_dir():
        name = str(folder / name)
    try:
        return load_cookbook(name)
    except BrigadeError as error:
        raise document.error(str(error), "cookbook") from None


class _Grid:
    """The map read symbol by symbol."""

    def __init__(self, spec: KitchenSpec, document: Document, cookbook: Cookbook):
        self.spec, self.document, self.cookbook = spec, document, cookbook
        self.rows = spec.map.strip("\n").split("\n")
        self.width, self.height = len(self.rows[0]), len(self.rows)
        if self.width * self.height > CELLS:
            raise self._error(0, f"a map has at most {CELLS} cells, not {self.width} x {self.height}")
        self.tiles = np.zeros(self.width * self.height, np.int16)
        self.items = np.zeros(self.width * self.height, np.int16)
        self.centre: list[Cell] = []
        chefs: dict[int, Cell] = {}
        tiles = {symbol: LegendSpec(tile=tile) for symbol, tile in cookbook.symbols.items()}
        self.meanings = {**spec.legend, **tiles, "+": LegendSpec(), **spec.legend}  # what the legend says counts most
        self._check_legend()
        if self.width < 3 or self.height < 3:
            raise self._error(0, "a map needs at least 3 rows of 3 cells")
        for y, row in enumerate(self.rows):
            if len(row) != self.width:
                message = f"row {y + 1} has {len(row)} cells, the first row has {self.width}"
                raise self._error(y, f"{message}; all rows must be equally long")
            for x, symbol in enumerate(row):
                if symbol in CHEF_SYMBOLS:
                    if int(symbol) in chefs:
                        raise self._error(y, f"chef {symbol} stands in two places")
                    chefs[int(symbol)] = (x, y)
                else:
                    self._read(x, y, symbol)
        self.starts = self._starts(chefs)
        self._check_closed()

    def _read(self, x: int, y: int, symbol: str) -> None:
        if symbol not in self.meanings:
            known = " ".join([*self.meanings, "1-4"])
            raise self._error(y, f"row {y + 1} has the unknown symbol '{symbol}'; known: {known}")
        if symbol == "+":
            self.centre.append((x, y))
        meaning, number = self.meanings[symbol], y * self.width + x
        self.tiles[number] = self.cookbook.tiles.index(meaning.tile)
        self.items[number] = self.cookbook.kind(meaning.item).index if meaning.item is not None else NOTHING

    def _check_legend(self) -> None:
        carried = [kind.name for kind in self.cookbook.kinds if kind.holder in ("food", "tool", "plate")]
        for symbol, entry in self.spec.legend.items():
            if len(symbol) != 1 or symbol in CHEF_SYMBOLS:
                raise self.document.error("expected one symbol, and not one of the chefs 1-9", "legend", symbol)
            if entry.tile not in self.cookbook.tiles:
                message = f"unknown tile '{entry.tile}'; {nearest(entry.tile, self.cookbook.tiles)}"
                raise self.document.error(message, "legend", symbol, "tile")
            if entry.item is not None and entry.tile != "counter":
                message = f"an item can only lie on a counter at the start, not on '{entry.tile}'"
                raise self.document.error(message, "legend", symbol, "item")
            if entry.item is not None and entry.item not in carried:
                message = f"unknown item '{entry.item}'; {nearest(entry.item, carried)}"
                raise self.document.error(message, "legend", symbol, "item")
            if not any(symbol in row for row in self.rows):
                raise self.document.error("is nowhere on the map", "legend", symbol)

    def _starts(self, chefs: dict[int, Cell]) -> list[Cell]:
        if not chefs:
            raise self._error(0, "no chef stands on the map; mark one to four floor cells 1, 2, 3, 4")
        if sorted(chefs) != list(range(1, len(chefs) + 1)) or len(chefs) > MAX_CHEFS:
            given = ", ".join(str(number) for number in sorted(chefs))
            raise self._error(0, f"chefs must be numbered 1, 2, ... up to {MAX_CHEFS}; found {given}")
        return [chefs[number] for number in sorted(chefs)]

    def _check_closed(self) -> None:
        for y in range(self.height):
            for x in range(self.width):
                edge = x in (0, self.width - 1) or y in (0, self.height - 1)
                if edge and self.tiles[y * self.width + x] == FLOOR:
                    raise self._error(y, f"floor at ({x}, {y}) on the edge of the map; close it with a counter '.'")

    def _error(self, row: int, message: str) -> BrigadeError:
        return _map_error(self.document, self.spec, row, message)


def _layout(spec: KitchenSpec, document: Document, cookbook: Cookbook, tables: Tables, grid: _Grid) -> Layout:
    orders = spec.orders
    names = list(cookbook.orderable) if orders.dishes is None else orders.dishes
    for i, name in enumerate(names):
        if name not in cookbook.orderable:
            message = f"'{name}' cannot be ordered; {nearest(name, cookbook.orderable)}"
            raise document.error(message, "orders", "dishes", i)
    if not names:
        raise document.error("no dishes; name at least one", "orders", "dishes")
    if orders.mode == "stream":
        for name in names:
            if cookbook.spec.dishes[name].ticks == 0:
                raise document.error(f"'{name}' has no `ticks` to live, which a stream of orders needs", "orders")
    cooks = np.any(tables.cook_ticks > 0, axis=1)
    works = np.array([cookbook.spec.works(tile) for tile in cookbook.tiles])
    return Layout(
        tile=grid.tiles,
        step=np.array([0, -1, 1, grid.width, -grid.width, 0], np.int16),
        start=np.array([y * grid.width + x for x, y in grid.starts], np.int16),
        start_facing=FACINGS[spec.facing],
        start_item=grid.items,
        stoves=np.flatnonzero(cooks[grid.tiles]).astype(np.int16),
        work_cells=np.flatnonzero(works[grid.tiles]).astype(np.int16),
        dishes=np.array([cookbook.orderable.index(name) for name in names], np.int16),
        shaped=np.array([0, spec.shaped.place, spec.shaped.plate, spec.shaped.collect], np.int16),
        classic=spec.rules == "classic",
        standing=orders.mode == "standing",
        max_open=len(names) if orders.mode == "standing" else orders.open,
        spacing=orders.spacing,
        missed_penalty=orders.missed,
        wrong_penalty=orders.wrong,
        horizon=spec.horizon,
    )


def regions_of(floor: Iterable[int], width: int, starts: Iterable[int] = ()) -> tuple[tuple[int, ...], ...]:
    """The parts of a floor that one can walk, those with `starts` first, as sorted cell numbers."""
    left = set(floor)
    regions = []
    for start in [*starts, *sorted(left)]:
        if start in left:
            region, queue = {start}, [start]
            while queue:
                here = queue.pop()
                beside = left.intersection((here - 1, here + 1, here - width, here + width)) - region
                region |= beside
                queue.extend(beside)
            left -= region
            regions.append(tuple(sorted(region)))
    return tuple(regions)


def _check_reachable(kitchen: Kitchen, document: Document) -> None:
    starts = {kitchen.number(*start) for start in kitchen.starts}
    walkable = {cell for region in kitchen.regions if starts & set(region) for cell in region}
    for number, tile in enumerate(kitchen.layout.tile.tolist()):
        if tile in (FLOOR, COUNTER):
            continue
        x, y = kitchen.cell(number)
        beside = {kitchen.number(x + dx, y + dy) for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1))
                  if 0 <= x + dx < kitchen.width and 0 <= y + dy < kitchen.height}  # fmt: skip
        if not beside & walkable:
            message = f"no chef can reach the {kitchen.cookbook.tiles[tile]} at ({x}, {y})"
            raise _map_error(document, kitchen.spec, y, message)


def _map_error(document: Document, spec: KitchenSpec, row: int, message: str) -> ContentError:
    """An error about a row of the map, with its line: the rows stand below `map: |`, perhaps after empty lines."""
    empty = len(spec.map) - len(spec.map.lstrip("\n"))
    first = document.line("map")
    return ContentError(document.source, first + 1 + empty + row if first else 0, f"map: {message}")
