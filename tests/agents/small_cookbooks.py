"""Small cookbooks drawn at random, in kitchens drawn at random: what a state machine must cope with."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from brigade.envs.kitchen.content.generate import Recipe, generate
from brigade.envs.kitchen.content.layout import Kitchen, parse_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import STAT_NAMES
from brigade.envs.registry import BrigadeError
from brigade.simulation.played import Played

HORIZON = 500
SERVED = STAT_NAMES.index("served")


def draw_cookbook(random: np.random.Generator) -> dict[str, Any]:
    """Two to four foods, some chopped, some cooked (and perhaps burnt), one to three dishes on plates or from a pot."""
    foods = ["apple", "beet", "corn", "dill"][: int(random.integers(2, 5))]
    items: dict[str, Any] = {food: {} for food in foods}
    tiles: dict[str, Any] = {
        f"{food}_station": {"symbol": symbol, "dispenses": food} for food, symbol in zip(foods, "FGHI", strict=False)
    }
    tiles |= {"plate_station": {"symbol": "P", "dispenses": "plate"}, "hatch": {"symbol": "S", "serves": True}}
    if random.random() < 0.8:
        tiles["bin"] = {"symbol": "D", "bins": True}
    processes: list[dict[str, Any]] = []
    book: dict[str, Any] = {"name": "small", "title": "Small", "items": items, "tiles": tiles, "processes": processes}
    parts = [_prepared(food, book, random) for food in foods]
    vessel = str(random.choice(["", "", "pot", "bowl"]))
    if vessel:
        works = (
            {"ticks": int(random.integers(5, 30))} if vessel == "pot" else {"interactions": int(random.integers(1, 6))}
        )
        tiles[vessel] = {"symbol": "W", "vessel": {"takes": parts, "capacity": 3, **works}}
        for name in ("board", "stove"):
            if name in tiles:
                tiles[name]["hand"] = list(tiles[name]["plate"])
    ways = [of for size in (1, 2, 3) for of in itertools.combinations(parts, size)]
    chosen = random.choice(len(ways), min(len(ways), int(random.integers(1, 4))), replace=False)
    book["dishes"] = {
        f"Dish{number}": {"of": list(ways[way]), "points": 10, "ticks": 300, **({"made_in": vessel} if vessel else {})}
        for number, way in enumerate(chosen)
    }
    return book


def _prepared(food: str, book: dict[str, Any], random: np.random.Generator) -> str:
    """What a dish has of a food: itself, chopped, or cooked."""
    fate = str(random.choice(["raw", "chopped", "chopped", "cooked"]))
    if fate == "raw":
        return food
    made, tile = f"{fate}_{food}", "board" if fate == "chopped" else "stove"
    entry = book["tiles"].setdefault(
        tile, {"symbol": "C" if tile == "board" else "N", "takes": [], "hand": [], "plate": []}
    )
    book["items"][made] = {}
    entry["takes"].append(food)
    entry["plate"].append(made)
    if random.random() < 0.7:
        entry["hand"].append(made)
        entry["takes"].append(made)
    work = {"interactions": int(random.integers(1, 9))} if tile == "board" else {"ticks": int(random.integers(8, 40))}
    book["processes"].append({"at": tile, "from": food, "to": made, **work})
    if tile == "stove" and random.random() < 0.5:
        book["items"][f"burnt_{food}"] = {}
        entry["plate"].append(f"burnt_{food}")
        book.setdefault("plate", {"takes": []})["takes"].append(f"burnt_{food}")
        book["tools"] = {"extinguisher": {"sprays": 5}}
        book["processes"].append({"at": tile, "from": made, "to": f"burnt_{food}", "ticks": 60, "fire": True})
    return made


def draw_kitchen(folder: Path, seed: int, chefs: int | None = None) -> Kitchen:
    """A kitchen with a cookbook of its own in which everything can be made; `chefs` instead of the drawn number."""
    random = np.random.default_rng(seed)
    while True:
        path = folder / f"small_{seed}.yaml"
        path.write_text(yaml.safe_dump(draw_cookbook(random), sort_keys=False))
        number = int(random.integers(1, 4))
        width, height, stations = int(random.integers(7, 11)), int(random.integers(6, 9)), int(random.integers(1, 3))
        divided = number > 1 and chefs is None and random.random() < 0.3
        style, kitchen_seed = "divided" if divided else "open", int(random.integers(1 << 30))
        try:
            recipe = Recipe(kitchen_seed, width, height, chefs or number, style, stations, str(path), HORIZON)
            return parse_kitchen(generate(recipe), str(path))
        except BrigadeError:
            continue  # too small for its stations, or something that cannot be made: draw again


def longest_wait(kitchen: Kitchen, played: Played, seed: int) -> int:
    """The most ticks in a row in which no dish was served, beginning and end of the episode included."""
    game = Game(kitchen)
    game.reset([seed])
    served, last, longest = 0, 0, 0
    for tick, actions in enumerate(zip(*played.actions, strict=True)):
        game.step([[int(action) for action in actions]])
        if int(game.state.stats[0, SERVED]) > served:
            served, last, longest = int(game.state.stats[0, SERVED]), tick, max(longest, tick - last)
    return max(longest, played.ticks - last)
