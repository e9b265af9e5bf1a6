"""Writing the plan that System 1 follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.guard.language import describe_guards
from brigade.dual_process.plan import Plan, parse_tasks
from brigade.dual_process.prompts import load_prompt
from brigade.dual_process.thought_kinds.answers import OPTIONAL, TEXT, object_schema
from brigade.dual_process.thought_kinds.base import FastSide, Malformed, Memory, Moment, ThoughtKind, thoughts
from brigade.simulation.messages import clean


class PlanThought(ThoughtKind[Plan]):
    """What to do next, what to leave to the partner, and perhaps a message."""

    at_once = True

    def __init__(self) -> None:
        self.prompt = load_prompt("plan")

    def schema(self, recipes: Recipes) -> Mapping[str, Any]:
        """A rationale, a list of tasks, a message."""
        tasks = {"type": "array", "items": object_schema(do=OPTIONAL, leave=OPTIONAL, when=OPTIONAL)}
        return object_schema(rationale=TEXT, tasks=tasks, message=OPTIONAL)

    def read(self, said: Any, recipes: Recipes) -> Plan | Malformed:
        """A plan; single tasks that are not right are dropped with a reason, not the whole."""
        tasks = said.get("tasks")
        if not isinstance(tasks, list):
            return Malformed(f"tasks: expected a list, got {type(tasks).__name__}")
        stripped = [
            {key: value for key, value in task.items() if value is not None} if isinstance(task, dict) else task
            for task in tasks
        ]
        made, leaves, dropped = parse_tasks(stripped, recipes)
        rationale, message = clean(said.get("rationale")), clean(said.get("message"))
        return Plan(rationale, tuple(made), tuple(leaves), message, tuple(dropped))

    def fields(self, moment: Moment) -> dict[str, str]:
        """What it has learnt, what it believes, which conditions there are, and whether a message reaches anybody."""
        return {
            "guidelines": moment.memory.words("reflection"),
            "belief": moment.memory.history.partners.words,
            "guards": describe_guards(),
            "message_rule": message_rule(moment),
        }

    def knowledge(self, moment: Moment) -> dict[str, Any]:
        """The belief, what is being done, and what was asked for before."""
        belief = {"belief": moment.memory.history.partners.belief}
        return {**belief, **super().knowledge(moment), **moment.fast.asked()}

    def remember(self, memory: Memory, value: Plan) -> None:
        """The fast side keeps it."""

    def take_effect(self, fast: FastSide, value: Plan, tick: int) -> None:
        """The fast side follows it, and says what is to be said."""
        fast.adopt(value, tick)
        fast.say(value.message)

    def told(self, value: Plan) -> dict[str, Any]:
        """Its tasks, and what was dropped."""
        tasks = [str(task) for task in value.tasks] + [str(leave) for leave in value.leaves]
        return {"value": tasks, "dropped": [list(pair) for pair in value.dropped]}


def message_rule(moment: Moment) -> str:
    """Whether to write a message, for a prompt."""
    if not moment.talks:
        return "Messages are switched off: null."
    if not moment.view.heard_by:
        return "Nobody would hear a message: null."
    return "You may say one short line to your partner."


thoughts.register("plan", "what System 1 should do next, and what it should leave to the partner")(PlanThought)
