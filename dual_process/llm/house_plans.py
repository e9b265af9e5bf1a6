"""The plans that house writes. What it knows is what the prompt says: its JSON, and the words that the schema allows.

A right plan follows these rules, each a statement or two:

- what the belief says a partner makes is *left* to it;
- to a partner who puts dishes together assembling and serving are *left*; what open orders lack is *kept* ready, and
  *put* in the middle, where it is at hand; where they lack nothing, the chef *waits* a little;
- an order that cannot be made in time any more is *dropped*; the one whose dish a partner carries is *yours*, the most
  urgent one, once the chef has its dish in hand, is *mine*;
- where plans are checked before they are followed (`followed` in the JSON), the food that is shortest, of those that no
  partner makes, is prepared at once (*do*, *now*): hands that look first leave it where it would not pay;
- where there is food that is in no dish, it is thrown away *whenever* next to no counter is free;
- shortly before the time is up, what is finished is served at once (*do*, *now*);
- without an open order the chef *stands* where it is and *waits until* there is one.

A wrong plan is drawn from the same statements at random.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

State = Mapping[str, Any]
Entry = dict[str, Any]

NO_DEADLINE = 100_000
CHECKED = "check"
TOO_LATE = 14  # ticks in which no dish can be made that has not been begun
LAST_TICKS = 30  # of an episode, in which what is finished is served first
SHORT = 4  # ticks to wait
ENOUGH = 4  # statements of one sort
FEW = 2  # free counters, below which what is of no use is in the way
GUARDS = ("orders() > 1", "ticks_left() < 100", "free_counters() > 3", "score() >= 0", "ticks_left() > 9000")


def right_plan(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    """A plan by the rules above."""
    belief = str(state.get("belief", ""))
    made = re.findall(r"makes (\w+),", belief)
    assembled = "puts dishes together" in belief
    entries = [*_in_time(state)]
    entries += _carried(state)
    entries += [_left(f"prepare({food})") for food in made]
    message = f"You make {made[-1].replace('_', ' ')}, I do the rest" if made else None
    if assembled:
        entries += [*(_left(verb) for verb in ("assemble", "serve")), *_stock(state, schema)]
        message = "I prepare, you serve"
        if not lacking(state):
            entries.append({"wait": SHORT, "when": None})
    if state.get("followed") == CHECKED:
        entries += _ahead(state, made)
    entries += _waste(state)
    if not state.get("orders"):
        entries += [{"stand_at": state["you"]["at"], "when": None}] if "you" in state else []
        entries.append({"wait_until": "orders() > 0"})
    if message is not None and message in json.dumps(state.get("history", [])):
        message = None  # said already
    rationale = "My partner does part of the work." if made or assembled else "My hands do well by themselves."
    return json.dumps({"rationale": rationale, "plan": entries, "message": message})


def wrong_plan(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    """Three statements drawn from those that the schema allows, each kind as likely."""
    return json.dumps(
        {"rationale": "It seemed a good idea.", "plan": drawn_plan(state, schema, rng, 3), "message": None}
    )


def drawn_plan(state: State, schema: Mapping[str, Any], rng: random.Random, count: int) -> list[Entry]:
    """Statements drawn from those that the schema allows, each kind as likely; none where it allows none."""
    forms = _forms(schema)
    numbers = [order["number"] for order in state.get("orders", []) if "number" in order]
    return [_drawn(rng.choice(forms), numbers, rng) for _ in range(count)] if forms else []


def in_old_form(said: str) -> str:
    """A plan as prompts before `plan-3` asked for it, whose tasks knew `do` and `leave` only."""
    plan = json.loads(said)
    tasks = [
        {"do": entry.get("do"), "leave": entry.get("leave"), "when": entry.get("when")}
        for entry in plan.pop("plan")
        if ("do" in entry and "whenever" not in entry) or "leave" in entry
    ]
    return json.dumps({"rationale": plan["rationale"], "tasks": tasks, "message": plan["message"]})


def _left(what: str) -> Entry:
    return {"leave": what, "when": None}


def _in_time(state: State) -> Iterator[Entry]:
    """Orders that can be made no more, and what is to be served before the end."""
    counts = state.get("counts", {})
    finished = state.get("on_counters", {})
    for order in state.get("orders", []):
        left = min(order.get("ticks_left") or NO_DEADLINE, state.get("ticks_left", NO_DEADLINE))
        begun = order["dish"] in finished or order["dish"] == state.get("you", {}).get("holds")
        lacks = any(counts.get(food, 0) < 1 for food in state.get("foods_of", {}).get(order["dish"], []))
        if left < TOO_LATE and lacks and not begun and "number" in order:
            yield {"order": order["number"], "is": "drop", "when": None}
        elif left < LAST_TICKS and order["dish"] in finished:
            yield {"do": f"serve({order['dish']})", "when": None, "now": True}


def _carried(state: State) -> Iterator[Entry]:
    """An order is the partner's once it has the dish in hand; the most urgent one is mine once I have."""
    hands = [str(partner.get("holds")) for partner in state.get("partners", [])]
    for place, order in enumerate(order for order in _by_time(state) if "number" in order):
        if order["dish"] in hands:
            hands.remove(order["dish"])
            yield {"order": order["number"], "is": "yours", "when": None}
        elif place == 0 and order["dish"] == state.get("you", {}).get("holds"):
            yield {"order": order["number"], "is": "mine", "when": None}


def _ahead(state: State, made: Sequence[str]) -> Iterator[Entry]:
    """The food, of those that nobody else makes, of which there is least beside what open orders need."""
    counts, needed = state.get("counts", {}), _needed(state)
    dishes = list(state.get("foods_of", {}).values())
    foods = [food for food in state.get("made_of", {}) if food not in made and any(food in foods for foods in dishes)]
    if foods:
        shortest = min(foods, key=lambda food: counts.get(food, 0) - needed.get(food, 0))
        yield {"do": f"prepare({shortest})", "when": None, "now": True}


def _waste(state: State) -> Iterator[Entry]:
    """What no dish has in it, and nothing is made of, is in the way once the counters are full."""
    of_use = {food for foods in state.get("foods_of", {}).values() for food in foods} | {
        *state.get("made_of", {}).values()
    }
    if any(count > 0 and food not in of_use for food, count in state.get("counts", {}).items()):
        yield {"whenever": f"free_counters() < {FEW}", "do": "clear_counter()"}


def _by_time(state: State) -> list[Mapping[str, Any]]:
    return sorted(state.get("orders", []), key=lambda order: order.get("ticks_left") or NO_DEADLINE)


def _stock(state: State, schema: Mapping[str, Any]) -> Iterator[Entry]:
    """What open orders lack is kept ready, and put in the middle where there is one."""
    middle = _has_middle(schema)
    for food, count in list(lacking(state).items())[:ENOUGH]:
        yield {"keep": food, "ready": count, "when": None}
        if middle:
            yield {"put": food, "at": "centre", "when": None}


def lacking(state: State) -> dict[str, int]:
    """Made foods that open orders need more of than there are, needed soonest first, and how many there are to be."""
    counts, made = state.get("counts", {}), state.get("made_of", {})
    return {food: count for food, count in _needed(state).items() if food in made and counts.get(food, 0) < count}


def _needed(state: State) -> dict[str, int]:
    """How many of each food open orders need, the food needed soonest first."""
    needed: dict[str, int] = {}
    for order in _by_time(state):
        for food in state.get("foods_of", {}).get(order["dish"], []):
            needed[food] = needed.get(food, 0) + 1
    return needed


def _forms(schema: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The statements that a schema allows."""
    plan = schema.get("properties", {}).get("plan", {})
    return list(plan.get("items", {}).get("anyOf", []))


def _has_middle(schema: Mapping[str, Any]) -> bool:
    puts = [form["properties"]["at"] for form in _forms(schema) if "at" in form.get("properties", {})]
    return any("centre" in put.get("enum", ()) for put in puts)


def _drawn(form: Mapping[str, Any], numbers: Sequence[int], rng: random.Random) -> Entry:
    """A statement of a form, filled in at random; orders are those that are open."""
    entry: Entry = {}
    for name, field in form["properties"].items():
        if name == "order" and numbers:
            entry[name] = rng.choice(numbers)
        elif "enum" in field:
            entry[name] = rng.choice(field["enum"])
        elif field.get("type") == "integer":
            entry[name] = rng.randint(field.get("minimum", 1), min(field.get("maximum", 1), 200))
        elif field.get("type") == "boolean":
            entry[name] = rng.random() < 0.5
        else:  # a guard, or none where there may be none
            optional = isinstance(field.get("type"), list)
            entry[name] = None if optional and rng.random() < 0.5 else rng.choice(GUARDS)
    return entry
