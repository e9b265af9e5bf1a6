"""The recordings of the published environments: their words for a state, and how ours is put in them.

Two forms, one JSON object per line and episode: `challenge` (the game of arXiv 2502.11882) and `classic`
(Overcooked-AI, arXiv 1910.05789). `docs/recordings.md` describes both.
"""

from __future__ import annotations

from typing import Any

from brigade.envs.kitchen.content.layout import INTERACT, Kitchen
from brigade.envs.kitchen.content.tables import SERVE
from brigade.envs.kitchen.engine.game import Game

Described = dict[str, Any]

CLASSIC_ACTIONS = {"stay": 0, "left": 1, "right": 2, "down": 3, "up": 4, "interact": INTERACT}
_COOK, _BURN, _CHOPS = 30, 40, 8  # the published game counts beef down from 30 to -40 and lettuce up to 8


def challenge_state(kitchen: Kitchen, described: Described) -> Described:
    """A described state in the words of a challenge recording."""
    items = [entry for item in described["items"] for entry in _challenge_cell(kitchen, item)]
    return {
        "agents": [
            [*chef["at"], chef["facing"], _challenge_item(kitchen, chef["holding"])] for chef in described["chefs"]
        ],
        "items": sorted(items, key=str),
        "orders": [[order["dish"], order["ticks_left"]] for order in described["orders"]],
        "score": float(described["score"]),
    }


def _challenge_cell(kitchen: Kitchen, item: Described) -> list[list[Any]]:
    x, y = item["at"]
    if item["item"] == "burnt_beef on fire":
        return [[x, y, ["Beef", -_BURN, "Overcooked"]], [x, y, ["Fire", item["progress"]]]]
    return [[x, y, _challenge_item(kitchen, item)]]


def _challenge_item(kitchen: Kitchen, item: Described | None) -> list[Any] | None:
    if item is None:
        return None
    kind = kitchen.cookbook.kind(item["item"])
    if kind.holder == "plate":
        if kind.dish is not None:
            return ["Plate", [[kind.dish]]]
        return ["Plate", [_challenge_food(food, item["progress"]) for food in kind.contents]]
    if kind.holder == "tool":
        return ["FireExtinguisher"]
    return _challenge_food(kind.name, item["progress"])


def _challenge_food(food: str, progress: int) -> list[Any]:
    words: dict[str, list[Any]] = {
        "bread": ["Bread"],
        "beef": ["Beef", _COOK - progress, "InProgress" if progress else "Fresh"],
        "cooked_beef": ["Beef", -progress, "Well-Cooked"],
        "burnt_beef": ["Beef", -_BURN, "Overcooked"],
        "lettuce": ["Lettuce", progress],
        "chopped_lettuce": ["Lettuce", _CHOPS],
    }
    return words[food]


def classic_state(kitchen: Kitchen, described: Described) -> Described:
    """A described state in the words of a classic recording."""
    return {
        "players": [
            [*chef["at"], chef["facing"], _classic_item(kitchen, chef["holding"])] for chef in described["chefs"]
        ],
        "objects": sorted(
            ([*item["at"], _classic_item(kitchen, item)] for item in described["items"]), key=lambda o: o[:2]
        ),
        "t": described["tick"],
    }


def _classic_item(kitchen: Kitchen, item: Described | None) -> Described | None:
    if item is None:
        return None
    kind = kitchen.cookbook.kind(item["item"])
    if not kind.contents or kind.holder == "food":
        return {"name": kind.name}
    ticks = next(tile.vessel.ticks for tile in kitchen.cookbook.spec.tiles.values() if tile.vessel)
    ready = kind.phase in ("ready", "")  # on a dish it is ready
    tick = ticks if ready else item["progress"] if kind.phase == "cooking" else -1
    cook_time = ticks if ready or kind.phase == "cooking" else None
    return {
        "name": "soup",
        "ingredients": list(kind.contents),
        "tick": tick,
        "ready": ready,
        "cook_time": cook_time,
    }


def classic_rewards(game: Game) -> dict[str, list[float]]:
    """Sparse and shaped reward of each chef in the last tick, as a classic recording has them."""
    state, tables = game.state, game.kitchen.tables
    sparse = [0.0] * game.kitchen.chefs
    for c, (event, kind) in enumerate(zip(state.event[0].tolist(), state.event_kind[0].tolist(), strict=True)):
        if event == SERVE and tables.dish[kind] in game.kitchen.layout.dishes:
            sparse[c] = float(tables.points[tables.dish[kind]])
    return {"sparse": sparse, "shaped": [float(value) for value in state.shaped[0].tolist()]}
