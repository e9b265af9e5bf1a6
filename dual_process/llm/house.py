"""House: a scripted reasoner behind the same protocol as a language model. An instrument, not a language model.

It reads the JSON in the prompt and answers in the requested form by the rules below. `quality` is how often a decision
is the one these rules make; otherwise it is a wrong one, drawn from a seeded generator.

- **belief**: it looks at what each partner was seen taking and serving. One who took only what a single food is made of
  makes that food; one who served and took nothing raw puts dishes together; anyone else does a bit of everything.
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

Messages = Sequence[tuple[str, str]]

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
        blocks = re.findall(r"```json\n(.*?)\n```", content, re.DOTALL)
        if blocks:
            loaded = json.loads(blocks[-1])
            return loaded if isinstance(loaded, dict) else {}
    return {}


def _belief(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    sentences = [_role(name, seen, state.get("made_of", {})) for name, seen in state.get("seen", {}).items()]
    return json.dumps({"belief": " ".join(sentences) or "I know nothing of a partner."})


def _role(name: str, seen: Mapping[str, int], made_of: Mapping[str, str]) -> str:
    makes = [food for food, source in made_of.items() if seen.get(f"took {source}", 0) > 0]
    assembles = seen.get("served", 0) + seen.get("made", 0) > 0
    if len(makes) == 1 and not seen.get("served", 0):
        return f"{name} makes {makes[0]}, and will go on with it."
    if assembles and not makes:
        return f"{name} puts dishes together and serves them."
    if not makes and not assembles:
        return f"{name} has done nothing that says what it will do."
    return f"{name} does a bit of everything."


def _wrong_belief(state: State, schema: Mapping[str, Any], rng: random.Random) -> str:
    foods = list(state.get("made_of", {})) or ["nothing"]
    names = list(state.get("seen", {})) or ["my partner"]
    told = [f"makes {rng.choice(foods)}, and will go on with it.", "puts dishes together and serves them."]
    return json.dumps({"belief": " ".join(f"{name} {rng.choice(told)}" for name in names)})


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
