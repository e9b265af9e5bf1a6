"""Kitchens drawn at random, each checked: every dish can be made and served by the chefs together."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import yaml

from brigade.envs.kitchen.cookbook import Cookbook, load_cookbook
from brigade.envs.kitchen.layout import MAX_CHEFS, Kitchen, parse_kitchen
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
        if key not in types or not equals:
            raise BrigadeError(f"'{name}': unknown key '{key}'; {nearest(key, types)}")
        try:
            values[key] = types[key](value)
        except ValueError:
            raise BrigadeError(f"'{name}': {key} must be a whole number, got '{value}'") from None
    return Recipe(**values)


def generate_from_name(name: str) -> str:
    """The YAML text of the kitchen that a name describes."""
    return generate(parse_name(name))


def generate(recipe: Recipe) -> str:
    """Draw a kitchen.

    Returns:
        Its YAML text, as a kitchen file has it.

    Raises:
        BrigadeError: the stations do not fit into a kitchen of this size.
    """
    cookbook = load_cookbook(recipe.cookbook)
    random = np.random.default_rng(recipe.seed)
    for _ in range(ATTEMPTS):
        rows = _draw(recipe, cookbook, random)
        if rows is None:
            continue
        text = _to_yaml(recipe, cookbook, rows)
        try:
            kitchen = parse_kitchen(text, f"generated:seed={recipe.seed}")
        except BrigadeError:
            continue  # a station ended up where nobody can reach it: draw again
        if not unservable(kitchen):
            return text
    size = f"{recipe.width} x {recipe.height}"
    raise BrigadeError(f"no solvable {recipe.style} kitchen of {size} found for '{recipe.cookbook}'; make it larger")


def unservable(kitchen: Kitchen) -> dict[str, str]:
    """Dishes that the chefs cannot make and serve together, with what is missing for each."""
    missing: dict[str, str] = {}
    groups = _groups(kitchen)
    for dish in kitchen.order_dishes:
        reasons = [_lacks(kitchen, dish, tiles) for tiles in groups]
        if all(reasons):
            missing[dish] = reasons[0] or ""
    return missing


def _groups(kitchen: Kitchen) -> list[set[str]]:
    """For each group of chefs who can pass things to each other: the tiles they can reach between them."""
    beside = _regions_beside(kitchen)
    starts = {kitchen.number(*start) for start in kitchen.starts}
    group = {i: i for i, region in enumerate(kitchen.regions) if starts & set(region)}
    for number, regions in beside.items():
        here = [i for i in regions if i in group]
        if kitchen.tile_names[number] == "counter" and len(here) > 1:
            merged = {group[i] for i in here}
            group = {i: min(merged) if root in merged else root for i, root in group.items()}
    tiles: dict[int, set[str]] = {root: set() for root in group.values()}
    for number, regions in beside.items():
        for i in regions:
            if i in group:
                tiles[group[i]].add(kitchen.tile_names[number])
    return list(tiles.values())


def _regions_beside(kitchen: Kitchen) -> dict[int, set[int]]:
    beside: dict[int, set[int]] = {}
    for i, region in enumerate(kitchen.regions):
        for cell in region:
            for step in (-1, 1, -kitchen.width, kitchen.width):
                beside.setdefault(cell + step, set()).add(i)
    return beside


def _lacks(kitchen: Kitchen, dish: str, tiles: set[str]) -> str | None:
    """What keeps chefs with these tiles from serving a dish; None if nothing does."""
    spec = kitchen.cookbook.spec
    have = {spec.tiles[tile].dispenses for tile in tiles if tile in spec.tiles}
    grown = True
    while grown:
        made = {p.to for p in spec.processes if p.from_ in have and p.at in tiles}
        grown = not made <= have
        have |= made
    wanted = spec.dishes[dish]
    for food in wanted.of:
        if food not in have:
            return f"no {food}"
    if wanted.made_in is not None and wanted.made_in not in tiles:
        return f"no {wanted.made_in}"
    if spec.plate.name not in have:
        return f"no {spec.plate.name}"
    return None if any(spec.tiles[tile].serves for tile in tiles if tile in spec.tiles) else "no hatch"


def _draw(recipe: Recipe, cookbook: Cookbook, random: np.random.Generator) -> Rows | None:
    """One attempt at a map; None when the stations do not fit."""
    rows = [["."] * recipe.width for _ in range(recipe.height)]
    for y in range(1, recipe.height - 1):
        for x in range(1, recipe.width - 1):
            rows[y][x] = "_"
    rooms = _divide(recipe, rows, random) if recipe.style == "divided" else [_floor(rows)]
    if recipe.style == "open":
        _islands(recipe, rows, random)
        rooms = [_floor(rows)]
    symbols = _symbols(recipe, cookbook)
    places = _walls(rows)
    random.shuffle(places)
    if len(places) < len(symbols) + 2:
        return None
    for (x, y), symbol in zip(places, symbols, strict=False):
        rows[y][x] = symbol
    return rows if _place_chefs(recipe, rows, rooms, random) else None


def _divide(recipe: Recipe, rows: Rows, random: np.random.Generator) -> list[list[tuple[int, int]]]:
    if recipe.width >= recipe.height:
        wall = int(random.integers(2, recipe.width - 2))
        for y in range(1, recipe.height - 1):
            rows[y][wall] = "+"
        return [[p for p in _floor(rows) if p[0] < wall], [p for p in _floor(rows) if p[0] > wall]]
    wall = int(random.integers(2, recipe.height - 2))
    rows[wall][1:-1] = ["+"] * (recipe.width - 2)
    return [[p for p in _floor(rows) if p[1] < wall], [p for p in _floor(rows) if p[1] > wall]]


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
        works = tile.vessel is not None or any(process.at == name for process in cookbook.spec.processes)
        symbols.extend([tile.symbol] * (recipe.stations if works else 1))
    return symbols + ["X"] * len(cookbook.spec.tools)


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
        "map": "\n".join("".join(row) for row in rows) + "\n",
        "horizon": recipe.horizon,
        "orders": {"mode": "stream" if stream else "standing"},
    }
    if cookbook.spec.tools:
        document["legend"] = {"X": {"tile": "counter", "item": next(iter(cookbook.spec.tools))}}
    yaml.add_representer(_Block, _as_block, yaml.SafeDumper)
    document["map"] = _Block(document["map"])
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


class _Block(str):
    """Text that YAML shows line by line."""


def _as_block(dumper: yaml.SafeDumper, text: _Block) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
