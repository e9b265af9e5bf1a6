"""Kitchens drawn at random, each checked: every dish can be made and served by the chefs together."""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import yaml

from brigade.envs.kitchen.content.cookbook import NOTHING, Cookbook, Kind, load_cookbook
from brigade.envs.kitchen.content.layout import MAX_CHEFS, Kitchen, parse_kitchen, regions_of
from brigade.envs.kitchen.content.tables import EVENT, NEW_HELD, NEW_TARGET, SERVE
from brigade.envs.registry import BrigadeError, nearest, unknown

ATTEMPTS = 200
STYLES = ("open", "divided")
Rows = list[list[str]]


@dataclass(frozen=True)
class Recipe:
    """What kind of kitchen to draw.

    Attributes:
        seed: the same seed draws the same kitchen.
        width, height: cells, walls included.
        chefs: one to four.
        style: `open`, one floor with a few counters on it; `divided`, two rooms with counters between them.
        stations: how many of each board, pan, pot or bowl.
        cookbook: a cookbook's name.
        horizon: ticks in an episode.
    """

    seed: int = 0
    width: int = 9
    height: int = 7
    chefs: int = 2
    style: str = "open"
    stations: int = 2
    cookbook: str = "burgers"
    horizon: int = 500

    def __post_init__(self) -> None:
        if self.style not in STYLES:
            raise unknown("style", self.style, STYLES, "generated kitchen")
        limits = {"width": (5, 40), "height": (5, 40), "chefs": (1, MAX_CHEFS), "stations": (1, 8)}
        limits |= {"horizon": (1, 1_000_000), "seed": (0, 2**32 - 1)}
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise BrigadeError(f"generated kitchen: {name} must be {low} to {high}, got {getattr(self, name)}")
        if self.style == "divided" and self.chefs < 2:
            raise BrigadeError("generated kitchen: a divided kitchen needs at least two chefs, one in each room")


def parse_name(name: str) -> Recipe:
    """Read `generated:seed=7,chefs=3,style=divided`.

    Raises:
        BrigadeError: an unknown key, or a value that is not what it should be.
    """
    head, _, rest = name.partition(":")
    if head != "generated":
        raise BrigadeError(f"'{name}': expected generated:seed=7,... ")
    types = {field.name: str if field.name in ("style", "cookbook") else int for field in fields(Recipe)}
    values: dict[str, Any] = {}
    for part in rest.split(",") if rest else []:
        key, equals, value = part.partition("=")
        if not equals:
            raise BrigadeError(f"'{name}': expected key=value, got '{part}'; keys: {', '.join(types)}")
        if key not in types:
            raise BrigadeError(f"'{name}': unknown key '{key}'; {nearest(key, types)}")
        try:
            values[key] = types[key](value)
        except ValueError:
            raise BrigadeError(f"'{name}': {key} must be a whole number, got '{value}'") from None
    return Recipe(**values)


def name_of(recipe: Recipe) -> str:
    """What `load_kitchen` draws the same kitchen from."""
    usual = Recipe()
    told = [f"{each.name}={value}" for each in fields(Recipe)
            if (value := getattr(recipe, each.name)) != getattr(usual, each.name) or each.name == "seed"]  # fmt: skip
    return "generated:" + ",".join(told)


def generate_from_name(name: str) -> str:
    """The YAML text of the kitchen that a name describes."""
    return generate(parse_name(name))


def generate(recipe: Recipe) -> str:
    """Draw a kitchen.

    Returns:
        Its YAML text, as a kitchen file has it.

    Raises:
        BrigadeError: the stations do not fit into a kitchen of this size, or a dish of the cookbook cannot be made.
    """
    return draw(recipe)[0]


def draw(recipe: Recipe) -> tuple[str, Kitchen]:
    """Draw a kitchen: its text, and itself. Errors as in `generate`."""
    cookbook = load_cookbook(recipe.cookbook)
    random = np.random.default_rng(recipe.seed)
    for _ in range(ATTEMPTS):
        rows = _draw(recipe, cookbook, random)
        if rows is None:
            continue
        text = _to_yaml(recipe, cookbook, rows)
        # Rooms share counters and every station can be reached, so what cannot be served here is the cookbook's fault
        # and no other map would help: a guard, not a reason to draw again.
        kitchen = parse_kitchen(text, name_of(recipe))
        missing = unservable(kitchen)
        if missing:
            dishes = ", ".join(f"{dish} ({reason})" for dish, reason in missing.items())
            raise BrigadeError(f"generated kitchen: nobody can make and serve, of '{recipe.cookbook}': {dishes}")
        return text, kitchen
    size = f"{recipe.width} x {recipe.height}"
    raise BrigadeError(f"no solvable {recipe.style} kitchen of {size} found for '{recipe.cookbook}'; make it larger")


def draw_first(recipes: Iterable[Recipe]) -> Kitchen:
    """The kitchen of the first recipe that there is one for.

    Raises:
        BrigadeError: there is none for any of them; the message is about the last.
    """
    last: BrigadeError | None = None
    for recipe in recipes:
        try:
            return draw(recipe)[1]
        except BrigadeError as error:
            last = error
    raise last or BrigadeError("nothing to draw a kitchen from")


def unservable(kitchen: Kitchen) -> dict[str, str]:
    """Dishes that the chefs cannot make and serve together, with what is missing for each.

    Worked out from the same tables as the game: which kinds of item can come into the hands of the chefs on each part
    of the floor, and onto each tile, when as much of everything is fetched as one likes. So things are handed over
    wherever they really can be, on counters, boards or through a pot, and a pot that never starts makes nothing.
    """
    spots = _spots(kitchen)
    hands = {room: {NOTHING} for spot in spots for room in spot.rooms}
    while any(_exchange(kitchen, spot, hands) for spot in spots):
        pass
    rule, rows = kitchen.tables.rule, kitchen.tables.rows
    reach = [(spot.tile, kind) for spot in spots for room in spot.rooms for kind in hands[room]]
    served = {kind for tile, kind in reach if rows[rule[tile, kind, NOTHING], EVENT] == SERVE}
    found = {kind for kinds in (*hands.values(), *(spot.kinds for spot in spots)) for kind in kinds}
    kinds, missing = kitchen.cookbook.kinds, {}
    for dish in kitchen.order_dishes:
        if not any(kinds[kind].dish == dish for kind in served):
            missing[dish] = _lacks(kitchen, dish, spots, [kinds[kind] for kind in found])
    return missing


@dataclass
class _Spot:
    """Tiles of one type that the same chefs can reach: what one of them can hold, so can the others."""

    tile: int  # tile type
    rooms: frozenset[int]  # the parts of the floor from which chefs reach it
    kinds: set[int]  # kinds of item that can lie there, nothing among them


def _spots(kitchen: Kitchen) -> list[_Spot]:
    starts = {kitchen.number(*start) for start in kitchen.starts}
    beside: dict[int, set[int]] = {}
    for room, region in enumerate(kitchen.regions):
        if starts & set(region):
            for cell in region:
                for step in (-1, 1, -kitchen.width, kitchen.width):
                    beside.setdefault(cell + step, set()).add(room)
    spots: dict[tuple[int, frozenset[int]], _Spot] = {}
    for cell, rooms in beside.items():
        tile = int(kitchen.layout.tile[cell])
        spot = spots.setdefault((tile, frozenset(rooms)), _Spot(tile, frozenset(rooms), {NOTHING}))
        spot.kinds.add(int(kitchen.layout.start_item[cell]))
    return list(spots.values())


def _exchange(kitchen: Kitchen, spot: _Spot, hands: dict[int, set[int]]) -> bool:
    """Let the chefs do at a spot whatever they can, and what lies there cook. Returns whether that led to new kinds."""
    tables = kitchen.tables
    before = len(spot.kinds) + sum(len(kinds) for kinds in hands.values())
    for room in spot.rooms:
        numbers = np.unique(tables.rule[spot.tile][np.ix_(sorted(hands[room]), sorted(spot.kinds))])
        rows = tables.rows[numbers[numbers > 0]]
        hands[room].update(rows[:, NEW_HELD].tolist())
        spot.kinds.update(rows[:, NEW_TARGET].tolist())
    cooking = [kind for kind in spot.kinds if tables.cook_ticks[spot.tile, kind] > 0]
    spot.kinds.update(tables.cook_next[spot.tile, cooking].tolist())
    return len(spot.kinds) + sum(len(kinds) for kinds in hands.values()) > before


def _lacks(kitchen: Kitchen, dish: str, spots: list[_Spot], found: list[Kind]) -> str:
    """What keeps the chefs from serving a dish, given all the kinds that they can come by."""
    spec = kitchen.cookbook.spec
    wanted, tiles = spec.dishes[dish], {kitchen.cookbook.tiles[spot.tile] for spot in spots}
    for food in wanted.of:
        if not any(food in kind.contents for kind in found):
            return f"no {food}"
    if wanted.made_in is not None and wanted.made_in not in tiles:
        return f"no {wanted.made_in}"
    if not any(kind.name == spec.plate.name for kind in found):
        return f"no {spec.plate.name}"
    if not any(spec.tiles[tile].serves for tile in tiles if tile in spec.tiles):
        return "no hatch"
    made = any(kind.holder == "plate" and kind.dish == dish for kind in found)
    return "no way to bring it to a hatch" if made else "no way to put it together"


def _draw(recipe: Recipe, cookbook: Cookbook, random: np.random.Generator) -> Rows | None:
    """One attempt at a map; None when the stations do not fit, or counters wall in a part of an open floor."""
    rows = [["."] * recipe.width for _ in range(recipe.height)]
    for row in rows[1:-1]:
        row[1:-1] = ["_"] * (recipe.width - 2)
    rooms = _divide(recipe, rows, random) if recipe.style == "divided" else [_floor(rows)]
    if recipe.style == "open":
        _islands(recipe, rows, random)
        rooms = [_floor(rows)]
    if len(regions_of((y * recipe.width + x for x, y in _floor(rows)), recipe.width)) > len(rooms):
        return None
    symbols = [*_symbols(recipe, cookbook), *_tool_symbols(cookbook).values()]
    places = _walls(rows)
    random.shuffle(places)
    if len(places) < len(symbols) + 2:
        return None
    for (x, y), symbol in zip(places, symbols, strict=False):
        rows[y][x] = symbol
    return rows if _place_chefs(recipe, rows, rooms, random) else None


def _divide(recipe: Recipe, rows: Rows, random: np.random.Generator) -> list[list[tuple[int, int]]]:
    across = 0 if recipe.width >= recipe.height else 1  # the axis that the wall stands across
    wall = int(random.integers(2, max(recipe.width, recipe.height) - 2))
    for cell in _floor(rows):
        if cell[across] == wall:
            rows[cell[1]][cell[0]] = "+"
    return [[p for p in _floor(rows) if p[across] < wall], [p for p in _floor(rows) if p[across] > wall]]


def _islands(recipe: Recipe, rows: Rows, random: np.random.Generator) -> None:
    """A few counters on the floor, never touching a wall, so that one can walk around them."""
    inner = [(x, y) for x, y in _floor(rows) if 2 <= x < recipe.width - 2 and 2 <= y < recipe.height - 2]
    count = int(random.integers(0, max(1, len(inner) // 3) + 1))
    for i in random.permutation(len(inner))[:count]:
        x, y = inner[int(i)]
        rows[y][x] = "+"


def _symbols(recipe: Recipe, cookbook: Cookbook) -> list[str]:
    """The stations to place: one of each dispenser, hatch and bin, `stations` of what food is worked on at."""
    symbols = []
    for name, tile in cookbook.spec.tiles.items():
        symbols.extend([tile.symbol] * (recipe.stations if cookbook.spec.works(name) else 1))
    return symbols


def _tool_symbols(cookbook: Cookbook) -> dict[str, str]:
    """A symbol of its own for each tool, none of them a station's."""
    letters = dict.fromkeys("X" + string.ascii_uppercase + string.ascii_lowercase)
    free = [letter for letter in letters if letter not in cookbook.symbols]
    if len(free) < len(cookbook.spec.tools):
        raise BrigadeError(f"generated kitchen: cookbook '{cookbook.name}' leaves no letters for its tools")
    return dict(zip(cookbook.spec.tools, free, strict=False))


def _floor(rows: Rows) -> list[tuple[int, int]]:
    return [(x, y) for y, row in enumerate(rows) for x, symbol in enumerate(row) if symbol == "_"]


def _walls(rows: Rows) -> list[tuple[int, int]]:
    """Counters on the edge that somebody on the floor could face."""
    floor = set(_floor(rows))
    edge = [(x, y) for y, row in enumerate(rows) for x, symbol in enumerate(row) if symbol == "."]
    return [(x, y) for x, y in edge if {(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)} & floor]


def _place_chefs(recipe: Recipe, rows: Rows, rooms: list[list[tuple[int, int]]], random: np.random.Generator) -> bool:
    """Chefs by turns into each room; False when there is no place left."""
    for chef in range(recipe.chefs):
        room = [(x, y) for x, y in rooms[chef % len(rooms)] if rows[y][x] == "_"]
        if len(room) < 2:
            return False
        x, y = room[int(random.integers(len(room)))]
        rows[y][x] = str(chef + 1)
    return True


def _to_yaml(recipe: Recipe, cookbook: Cookbook, rows: Rows) -> str:
    stream = all(cookbook.spec.dishes[name].ticks > 0 for name in cookbook.orderable)
    document: dict[str, Any] = {
        "name": f"generated_{recipe.seed}",
        "title": f"Generated kitchen {recipe.seed}",
        "about": f"A {recipe.style} kitchen for {recipe.chefs}, drawn with seed {recipe.seed}.",
        "cookbook": recipe.cookbook,
        "rules": "challenge" if stream else "classic",
        "map": _Block("\n".join("".join(row) for row in rows) + "\n"),
        "horizon": recipe.horizon,
        "orders": {"mode": "stream" if stream else "standing"},
    }
    if cookbook.spec.tools:
        symbols = _tool_symbols(cookbook)
        document["legend"] = {symbol: {"tile": "counter", "item": tool} for tool, symbol in symbols.items()}
    yaml.add_representer(_Block, _as_block, yaml.SafeDumper)
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


class _Block(str):
    """Text that YAML shows line by line."""


def _as_block(dumper: yaml.SafeDumper, text: _Block) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
