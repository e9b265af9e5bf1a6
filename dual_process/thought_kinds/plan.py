"""Writing the plan that System 1 follows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.guard.language import describe_guards
from brigade.dual_process.plan.forms import plan_schema
from brigade.dual_process.plan.reading import read_statements
from brigade.dual_process.plan.statements import Plan
from brigade.dual_process.prompts import load_prompt
from brigade.dual_process.thought_kinds.base import FastSide, Malformed, Memory, Moment, ThoughtKind, thoughts
from brigade.simulation.messages import clean

FOLLOWED = {
    "obey": "Your hands do what it says to the letter, the first statement that can be done first. Where it asks for "
    "nothing, they go on by their own judgement.",
    "check": "Your hands imagine what would come of it, and follow it to the letter if it is better than going on as "
    "they do; `became` says whether they did.",
    "advise": "Your hands take it as advice: between things that are about as useful they do what you ask for.",
}


class PlanThought(ThoughtKind[Plan]):
    """What to do next, what to leave to the partner, and perhaps a message."""

    at_once = True
    max_tokens = 800

    def __init__(self) -> None:
        self.prompt = load_prompt("plan")

    def schema(self, recipes: Recipes) -> Mapping[str, Any]:
        """A rationale, a plan, a message; with the words of this kitchen."""
        return plan_schema(recipes)

    def read(self, said: Any, recipes: Recipes) -> Plan | Malformed:
        """A plan; single statements that are not right are dropped with a reason, not the whole."""
        entries = said.get("plan", said.get("tasks"))  # `tasks`: what it was called before `plan-3`
        if not isinstance(entries, list):
            return Malformed(f"plan: expected a list, got {type(entries).__name__}")
        made, dropped = read_statements(entries, recipes)
        return Plan(clean(said.get("rationale")), tuple(made), clean(said.get("message")), tuple(dropped))

    def fields(self, moment: Moment) -> dict[str, str]:
        """What it has learnt and believes, which conditions there are, how it is followed, and who hears a message."""
        return {
            "guidelines": moment.memory.words("reflection"),
            "belief": moment.memory.history.partners.words,
            "guards": describe_guards(),
            "example": example(moment.recipes),
            "followed": FOLLOWED[moment.fast.authority],
            "message_rule": message_rule(moment),
        }

    def knowledge(self, moment: Moment) -> dict[str, Any]:
        """The belief, what is being done, and what was asked for before."""
        belief = {"belief": moment.memory.history.partners.belief}
        followed = {"followed": moment.fast.authority}
        return {**belief, **followed, **super().knowledge(moment), **moment.fast.asked()}

    def remember(self, memory: Memory, value: Plan) -> None:
        """The fast side keeps it."""

    def take_effect(self, fast: FastSide, value: Plan, tick: int) -> None:
        """The fast side follows it, and says what is to be said; what is checked first is said once it is followed."""
        fast.adopt(value, tick)
        if fast.authority != "check":
            fast.say(value.message)

    def told(self, value: Plan) -> dict[str, Any]:
        """Its statements, and what was dropped."""
        return value.told()

    def noted(self, moment: Moment) -> dict[str, Any]:
        """What became of the plan before it, as the prompt says it."""
        before = moment.fast.asked().get("became", [])
        return {"before": before} if before else {}


def example(recipes: Recipes) -> str:
    """Two statements about foods of this kitchen, for a prompt."""
    made = [food for food, ways in recipes.ways.items() if any(way.source for way in ways) and recipes.wanted(food)]
    by_hand = [food for food in made if all(way.by_hand for way in recipes.ways[food])]
    chopped = next(iter(by_hand), next(iter(recipes.ways)))
    cooked = next((food for food in made if food not in by_hand), chopped)
    keep = {"keep": chopped, "ready": 2, "when": None}
    leave = {"leave": "serve" if cooked == chopped else f"prepare({cooked})", "when": None}
    return f"{json.dumps(keep)}, {json.dumps(leave)}"


def message_rule(moment: Moment) -> str:
    """Whether to write a message, for a prompt."""
    if not moment.talks:
        return "Messages are switched off: null."
    if not moment.view.heard_by:
        return "Nobody would hear a message: null."
    return "You may say one short line to your partner."


thoughts.register("plan", "what System 1 should do next, and what it should leave to the partner")(PlanThought)
