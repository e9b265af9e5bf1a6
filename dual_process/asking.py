"""From what is known at a moment to a request: the prompt of a kind of thought, trimmed to a budget of tokens."""

from __future__ import annotations

from typing import Any

from brigade.dual_process.facts import StateFacts, state_facts
from brigade.dual_process.frameworks import ThoughtSpec
from brigade.dual_process.llm.protocol import Request
from brigade.dual_process.prompts import introduction
from brigade.dual_process.thought_kinds.base import Moment, ThoughtKind
from brigade.envs.text import prompt_json

CHARACTERS_PER_TOKEN = 3.5  # a cautious guess, used for trimming only
MIN_TOKENS = 60  # of an answer: what a bare pick needs


def request_of(kind: ThoughtKind[Any], spec: ThoughtSpec, moment: Moment, budget_tokens: int) -> tuple[Request, int]:
    """What to ask, and how many scenes were left out of it."""
    intro = introduction(moment.recipes, moment.view.seat, moment.view.hz)
    room = int(budget_tokens * CHARACTERS_PER_TOKEN) - len(intro) - len(kind.prompt.template.template)
    state, trimmed = _state(kind, spec, moment, room)
    messages = (("system", intro), ("user", kind.prompt.fill(**kind.fields(moment), state=state)))
    tokens = max(min(MIN_TOKENS, kind.max_tokens), int(kind.max_tokens * spec.share))
    return Request(kind.name, kind.prompt.name, messages, kind.schema(moment.recipes), tokens), trimmed


def _state(kind: ThoughtKind[Any], spec: ThoughtSpec, moment: Moment, room: int) -> tuple[str, int]:
    """The JSON of the prompt, with as many scenes as there is room for."""
    orders = moment.memory.history.orders
    facts = state_facts(moment.observed, moment.recipes, moment.view.seat, orders) | _foods(moment)
    facts |= kind.knowledge(moment)
    scenes = moment.memory.history.last(spec.scenes) if spec.scenes else []
    for left_out in range(len(scenes) + 1):
        text = prompt_json({**facts, "history": scenes[left_out:]})
        if len(text) <= room:
            break
    return text, left_out


def _foods(moment: Moment) -> dict[str, Any]:
    """How many of each food there are, what dishes are made of, and what foods are made of."""
    recipes = moment.recipes
    facts = StateFacts(moment.observed, recipes, moment.view.seat)
    return {
        "counts": {food: facts.count_with_begun(food) for food in recipes.cookbook.foods if food in recipes.ways},
        "foods_of": {dish: list(recipes.foods_of(dish)) for dish in recipes.kitchen.order_dishes},
        "made_of": {food: source for source, food in recipes.into.items()},
    }
