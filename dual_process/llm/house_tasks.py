"""How house writes the task lists of the paper's frameworks. It reads the JSON in the prompt, and nothing else.

A fire comes first, if there is one. What the belief says the partner does is left to the partner: beside one who puts
dishes together it only prepares foods, as long as there are too few; beside one who makes a food it prepares the others
first. For the rest it assigns the open orders, the one that expires first in front.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from typing import Any

State = Mapping[str, Any]
Entry = str | dict[str, Any]

NO_DEADLINE = 100_000
MOST_FOODS = 4


def tasks(state: State, asked: object, rng: random.Random) -> str:
    """The list by the rules above."""
    belief = str(state.get("belief", ""))
    entries: list[Entry] = [_do("put_out_fire()")] if "fire" in json.dumps(state.get("at_work", [])) else []
    assembles, makes = "puts dishes together" in belief, set(re.findall(r"makes (\w+),", belief))
    if assembles or makes:
        entries += [_as_long_as_few(food, count) for food, count in _lacking(state, makes)]
    if not assembles:
        entries += [str(order["dish"]) for order in _orders(state)]
    rationale = "My partner does part of the work." if assembles or makes else "The most urgent order first."
    return json.dumps({"rationale": rationale, "tasks": entries, "message": None})


def wrong_tasks(state: State, asked: object, rng: random.Random) -> str:
    """A list that helps nobody."""
    foods = list(state.get("made_of", {})) or ["nothing"]
    dishes = list(state.get("foods_of", {})) or ["nothing"]
    entries: list[Entry] = [
        _do(f"wait({rng.randint(5, 60)})"), _do(f"prepare({rng.choice(foods)})"),
        {"when": "ticks_left() < 0", "do": "clear_counter()"}, rng.choice(dishes), rng.choice(dishes),
    ]  # fmt: skip
    return json.dumps({"rationale": "It seemed a good idea.", "tasks": entries, "message": None})


def _do(macro: str) -> Entry:
    return {"when": None, "do": macro}


def _as_long_as_few(food: str, count: int) -> Entry:
    return {"when": f'count("{food}") < {count}', "do": f"prepare({food})"}


def _orders(state: State) -> list[Mapping[str, Any]]:
    """Open orders, the one that expires first in front."""
    return sorted(state.get("orders", []), key=lambda order: order.get("ticks_left") or NO_DEADLINE)


def _lacking(state: State, others: set[str]) -> list[tuple[str, int]]:
    """Made foods that open orders need more of than there are, without what others make, and how many are needed."""
    counts, needed = dict(state.get("counts", {})), dict[str, int]()
    lacking: list[tuple[str, int]] = []
    for order in _orders(state):
        for food in state.get("foods_of", {}).get(order["dish"], []):
            needed[food] = needed.get(food, 0) + 1
            if needed[food] > counts.get(food, 0) and food in state.get("made_of", {}) and food not in others:
                lacking.append((food, needed[food]))
    return lacking[:MOST_FOODS]
