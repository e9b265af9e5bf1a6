"""House: a scripted reasoner behind the same protocol as a language model. An instrument, not a language model.

It reads the JSON in the prompt and answers in the requested form by the rules below. `quality` is how often a decision
is the one these rules make; otherwise it is a wrong one, drawn from a seeded generator.

- **belief**: it looks at what each partner was seen taking and serving. One who took only what a single food is made of
  makes that food; one who served and took nothing raw puts dishes together; anyone else does a bit of everything. In
  numbers: as often as it was seen to take each turn.
- **plan**: see `house_plans`.
- **reflection**: it counts orders that were missed and fires, and says to serve the most urgent first, or to watch the
  stove, or to go on.
- **pick**: a fire first; then, most urgent order first, serve what is finished, assemble what is ready, prepare what
  is missing. **lesson** and **outline** put the same in sentences.
- **tasks**: see `house_tasks`. **review** is a reflection and a belief in one, **hindsight** a reflection.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from brigade.dual_process.llm import house_tasks
from brigade.dual_process.llm.house_plans import NO_DEADLINE, State, in_old_form, right_plan, wrong_plan
from brigade.envs.budgets import parse_json

Messages = Sequence[tuple[str, str]]

FENCE = "```"
MOST_TURNS = 8
SERVES_ALL, SERVES_SOME, SERVES_NONE = 0.9, 0.5, 0.1  # chance that a partner serves an order, by its role
EARLIER = {"policy": "plan"}  # what a client of an earlier revision calls it


def answer(
    messages: Messages, purpose: str, quality: float, rng: random.Random, schema: Mapping[str, Any] | None = None
) -> str:
    """Answer a prompt.

    Args:
        messages: (role, content); the last fenced JSON in them is the state.
        purpose: `belief`, `plan`, `reflection`, `pick`, `lesson`, `outline`, `tasks`, `review` or `hindsight`.
        quality: how often the answer is the right one, 0 to 1.
        rng: what wrong answers are drawn from.
        schema: the form of the answer; what is no question about a kitchen is answered with a form filled in.
    """
    earlier = purpose in EARLIER or "tasks" in (schema or {}).get("properties", {})
    purpose = EARLIER.get(purpose, purpose)
    if purpose not in _RIGHT:
        return json.dumps(filled(schema)) if schema is not None else "House answers questions about a kitchen only."
    state = read_state(messages)
    right = rng.random() < quality
    decide = _RIGHT[purpose] if right else _WRONG[purpose]
    said = decide(state, schema or {}, rng)
    return in_old_form(said) if earlier and purpose == "plan" else said


def filled(schema: Mapping[str, Any]) -> Any:
    """Something of a schema's form."""
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "object":
        return {name: filled(part) for name, part in dict(schema.get("properties", {})).items()}
    return {"array": [], "integer": 1, "number": 1, "boolean": True, "null": None}.get(str(kind), "house")


def read_state(messages: Messages) -> State:
    """The last JSON block in the messages, empty if there is none."""
    for _, content in reversed(messages):
        end = content.rfind(f"\n{FENCE}")
        start = content.rfind(f"{FENCE}json\n", 0, max(0, end))
        if start >= 0:
            loaded = parse_json(content[start + len(FENCE) + 5 : end], "the state in the prompt")
            return loaded if isinstance(loaded, dict) else {}
    return {}


def _belief(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    made_of = state.get("made_of", {})
    roles = {name: role_of(seen, state) for name, seen in state.get("seen", {}).items()}
    sentences = [_in_words(name, role, made_of) for name, role in roles.items()]
    numbers = [
        _in_numbers(name, roles[name], chances_of(seen, state), state, schema)
        for name, seen in state.get("seen", {}).items()
    ]
    return _believed(" ".join(sentences) or "I know nothing of a partner.", numbers, schema)


Role = tuple[list[str], bool]  # what a partner makes, and whether it puts dishes together


def role_of(seen: Mapping[str, int], state: State) -> Role:
    """What a partner does, from what it was seen doing."""
    makes = [food for food, source in state.get("made_of", {}).items() if seen.get(f"took {source}", 0) > 0]
    finished = sum(seen.get(f"made {dish}", 0) for dish in state.get("foods_of", {}))
    return makes, seen.get("served", 0) + finished > 0


def chances_of(seen: Mapping[str, int], state: State) -> dict[str, float]:
    """How often a partner was seen to take each turn."""
    made_of = {source: food for food, source in state.get("made_of", {}).items()}
    counts: dict[str, float] = {}
    for deed, count in seen.items():
        verb, _, what = deed.partition(" ")
        if verb == "took" and what:
            turn = f"prepare({made_of[what]})" if what in made_of else "assemble()"
            if what in state.get("foods_of", {}):
                turn = f"serve({what})"
            elif what in state.get("counts", {}) and what not in made_of:
                turn = f"prepare({what})" if what not in state.get("made_of", {}) else f"pass_on({what})"
            counts[turn] = counts.get(turn, 0) + count
        elif verb == "served" and what:
            counts[f"serve({what})"] = counts.get(f"serve({what})", 0) + count
    total = sum(counts.values())
    return {turn: round(count / total, 3) for turn, count in counts.items()} if total else {}


def _in_words(name: str, role: Role, made_of: Mapping[str, str]) -> str:
    makes, assembles = role
    if len(makes) == 1 and not assembles:
        return f"{name} makes {makes[0]}, and will go on with it."
    if assembles and not makes:
        return f"{name} puts dishes together and serves them."
    if not makes and not assembles:
        return f"{name} has done nothing that says what it will do."
    return f"{name} does a bit of everything."


def _in_numbers(
    name: str, role: Role, chances: Mapping[str, float], state: State, schema: Mapping[str, Any]
) -> dict[str, Any]:
    turns = [turn for turn in sorted(chances, key=lambda turn: -chances[turn]) if turn in _turns(schema)]
    makes, assembles = role
    serves = (SERVES_SOME if makes else SERVES_ALL) if assembles else SERVES_NONE
    numbers = [order["number"] for order in state.get("orders", []) if "number" in order]
    return {
        "partner": int(re.sub(r"\D", "", name) or 0),
        "next": [{"turn": turn, "probability": chances[turn]} for turn in turns[:MOST_TURNS]],
        "makes": makes,
        "assembles": assembles if makes or assembles else None,
        "orders": [{"order": number, "probability": serves} for number in numbers[:MOST_TURNS]],
    }


def _turns(schema: Mapping[str, Any]) -> list[str]:
    """The turns that a schema knows; none where it asks for words only."""
    try:
        one = schema["properties"]["partners"]["items"]["properties"]
        return list(one["next"]["items"]["properties"]["turn"]["enum"])
    except (KeyError, TypeError):
        return []


def _believed(words: str, numbers: list[dict[str, Any]], schema: Mapping[str, Any]) -> str:
    asked = "partners" in schema.get("properties", {})
    return json.dumps({"belief": words, "partners": numbers} if asked else {"belief": words})


def _wrong_belief(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    foods = list(state.get("made_of", {})) or ["nothing"]
    names = list(state.get("seen", {})) or ["my partner"]
    words, numbers = [], []
    for name in names:
        told = [
            f"makes {(food := rng.choice(foods))}, and will go on with it.",
            "puts dishes together and serves them.",
        ]
        lie = rng.choice(told)
        words.append(f"{name} {lie}")
        role: Role = ([food], False) if lie == told[0] else ([], True)
        turns = _turns(schema)
        numbers.append(_in_numbers(name, role, {rng.choice(turns): 0.9} if turns else {}, state, schema))
    return _believed(" ".join(words), numbers, schema)


def _reflection(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    history = json.dumps(state.get("history", []))
    advice = []
    if '"missed"' in history:
        advice.append("Serve the order that expires first.")
    if "on fire" in history or "fire" in json.dumps(state.get("at_work", [])):
        advice.append("Take what is cooked off the stove before it burns.")
    return json.dumps({"guidelines": " ".join(advice) or "Go on as before."})


def _lesson(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    return json.dumps({"lesson": json.loads(_reflection(state, schema, rng))["guidelines"]})


def _hindsight(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    return json.dumps({"reflection": json.loads(_reflection(state, schema, rng))["guidelines"]})


def _review(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    return json.dumps(json.loads(_reflection(state, schema, rng)) | json.loads(_belief(state, schema, rng)))


def _wrong_review(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    return json.dumps(json.loads(_reflection(state, schema, rng)) | json.loads(_wrong_belief(state, schema, rng)))


def _pick(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    action = best_action(state)
    return json.dumps({"thought": f"{action} brings the most urgent order forward.", "action": action})


def _wrong_pick(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    options = list(state.get("can_do", [])) or ["wait(4)"]
    return json.dumps({"thought": "Why not.", "action": rng.choice(options)})


def best_action(state: State) -> str:
    """What the rules above would do now."""
    can = list(state.get("can_do", []))
    if "put_out_fire()" in can:
        return "put_out_fire()"
    orders = sorted(state.get("orders", []), key=lambda order: order.get("ticks_left") or NO_DEADLINE)
    for verb in ("serve", "assemble"):
        for order in orders:
            if f"{verb}({order['dish']})" in can:
                return f"{verb}({order['dish']})"
    counts = dict(state.get("counts", {}))
    for order in orders:
        if f"prepare({order['dish']})" in can:
            return f"prepare({order['dish']})"
        for food in state.get("foods_of", {}).get(order["dish"], []):
            counts[food] = counts.get(food, 0) - 1
            if counts[food] < 0 and f"prepare({food})" in can:
                return f"prepare({food})"
    passing = [action for action in can if action.startswith("pass_on(") and not action.startswith("pass_on(plate")]
    return "clear_counter()" if "clear_counter()" in can else passing[0] if passing and not orders else "wait(4)"


def _outline(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    names = [str(order["dish"]) for order in state.get("orders", [])]
    return f"Next: {best_action(state)}. Then the orders in this order: {', '.join(names) or 'none'}."


def _wrong_outline(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    options = list(state.get("can_do", [])) or ["wait(4)"]
    return f"Next: {rng.choice(options)}."


Decide = Callable[[State, Mapping[str, Any], random.Random], str]
_RIGHT: dict[str, Decide] = {
    "belief": _belief, "plan": right_plan, "reflection": _reflection,
    "pick": _pick, "lesson": _lesson, "outline": _outline,
    "tasks": house_tasks.tasks, "review": _review, "hindsight": _hindsight,
}  # fmt: skip
_WRONG: dict[str, Decide] = {
    "belief": _wrong_belief, "plan": wrong_plan, "reflection": _reflection,
    "pick": _wrong_pick, "lesson": _lesson, "outline": _wrong_outline,
    "tasks": house_tasks.wrong_tasks, "review": _wrong_review, "hindsight": _hindsight,
}  # fmt: skip
