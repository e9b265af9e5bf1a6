"""Writing the list of tasks that the hands carry out, as the paper's frameworks do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from brigade.agents.plan_follower import MacroPlans
from brigade.agents.planning.macro import PREPARE
from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.guard.language import describe_guards
from brigade.dual_process.prompts import NOTHING_YET, load_prompt
from brigade.dual_process.task_list import MAX_TASKS, TaskList, parse_task_list
from brigade.dual_process.thought_kinds.answers import OPTIONAL, TEXT, object_schema
from brigade.dual_process.thought_kinds.base import FastSide, Malformed, Memory, Moment, ThoughtKind, thoughts
from brigade.dual_process.thought_kinds.plan import message_rule
from brigade.envs.registry import BrigadeError
from brigade.simulation.messages import clean

MAX_THOUGHT = 1000  # characters of a rationale that are kept
TURNS = "tasks"  # where a memory keeps the turns


@runtime_checkable
class CarriesOut(Protocol):
    """A fast side that carries out task lists.

    Attributes:
        hands: what a prompt says of it.
    """

    hands: str

    def assign(self, tasks: TaskList) -> None:
        """Carry out a list from now on."""
        ...

    def told(self) -> list[tuple[str, str]]:
        """What was not done, and why, since this was last asked."""
        ...


@dataclass
class Turn:
    """One turn of asking for a list.

    Attributes:
        scene: the last one when it was asked.
        thought: the rationale of the answer, or what was wrong with it.
        tasks: the list; None while there is none.
    """

    scene: Mapping[str, Any]
    thought: str = ""
    tasks: list[str] | None = None

    def as_dict(self) -> dict[str, Any]:
        """For a prompt."""
        answered = {"thought": self.thought, "tasks": self.tasks or []} if self.tasks is not None else {}
        return {"scene": self.scene, **answered}


def turns_of(memory: Memory) -> list[Turn]:
    """The turns that are remembered, oldest first; the last may be under way."""
    kept = memory.kept.setdefault(TURNS, [])
    assert isinstance(kept, list)
    return kept


class TasksThought(ThoughtKind[TaskList]):
    """A short rationale, a list of assigned tasks, and perhaps a message."""

    at_once = True

    def __init__(self) -> None:
        self.prompt = load_prompt("tasks")
        self._undone: list[tuple[str, str]] = []

    def schema(self, recipes: Recipes) -> Mapping[str, Any]:
        """A rationale, a list of dishes and guarded macro actions of this kitchen, a message."""
        macros = {"type": "string", "enum": MacroPlans().words(recipes.kitchen)}
        dishes = {"type": "string", "enum": list(recipes.kitchen.order_dishes)}
        entry = {"anyOf": [dishes, object_schema(when=OPTIONAL, do=macros)]}
        tasks = {"type": "array", "items": entry, "maxItems": MAX_TASKS}
        return object_schema(rationale=TEXT, tasks=tasks, message=OPTIONAL)

    def read(self, said: Any, recipes: Recipes) -> TaskList | Malformed:
        """A list; single tasks that are not right are dropped with a reason, not the whole."""
        entries = said.get("tasks")
        if not isinstance(entries, list):
            return Malformed(f"tasks: expected a list, got {type(entries).__name__}")
        tasks, dropped = parse_task_list(entries, recipes)
        rationale = said.get("rationale")
        thought = " ".join(rationale.split())[:MAX_THOUGHT] if isinstance(rationale, str) else ""
        return TaskList(thought, tasks, clean(said.get("message")), dropped)

    def begin(self, memory: Memory) -> None:
        """No turns are remembered."""
        memory.kept[TURNS] = []
        self._undone = []

    def fields(self, moment: Moment) -> dict[str, str]:
        """What hands make of a list, an example, what it has learnt, and whether a message reaches anybody."""
        return {
            "hands": _carrying_out(moment.fast).hands,
            "guards": describe_guards(),
            "example": _example(moment.recipes),
            "most": str(MAX_TASKS),
            "notes": _notes(moment),
            "message_rule": message_rule(moment),
        }

    def knowledge(self, moment: Moment) -> dict[str, Any]:
        """What is being done, what is left of the last list, the last turns, and what was noted."""
        turns = moment.framework.thoughts[self.name].turns
        earlier = [turn.as_dict() for turn in turns_of(moment.memory)[1 - turns :]] if turns > 1 else []
        belief = {"belief": moment.memory.history.partners.belief} if moment.memory.history.partners.belief else {}
        return {**super().knowledge(moment), **moment.fast.asked(), **belief, **({"turns": earlier} if earlier else {})}

    def begun(self, moment: Moment) -> None:
        """A new turn; what was not done until now has been told."""
        scenes = moment.memory.history.last(1)
        turns_of(moment.memory).append(Turn(scenes[0] if scenes else {"tick": moment.observed.tick}))
        self._undone += _carrying_out(moment.fast).told()

    def remember(self, memory: Memory, value: TaskList) -> None:
        """The turn is complete."""
        turn = turns_of(memory)[-1]
        turn.thought, turn.tasks = value.rationale, [str(task) for task in value.tasks]

    def unanswered(self, memory: Memory, problem: str) -> None:
        """The turn has no list."""
        turns_of(memory)[-1].thought, turns_of(memory)[-1].tasks = f"(no list could be read: {problem})", []

    def take_effect(self, fast: FastSide, value: TaskList, tick: int) -> None:
        """The hands carry it out, and what is to be said is said."""
        _carrying_out(fast).assign(value)
        fast.say(value.message)

    def told(self, value: TaskList) -> dict[str, Any]:
        """The tasks, what was dropped of them, and what was not done of those before."""
        dropped, self._undone = [*value.dropped, *self._undone], []
        return {"value": [str(task) for task in value.tasks], "dropped": [list(pair) for pair in dropped]}


def _carrying_out(fast: FastSide) -> CarriesOut:
    """The fast side, known to carry out lists.

    Raises:
        BrigadeError: it does not.
    """
    if not isinstance(fast, CarriesOut):
        raise BrigadeError("task lists need a fast side that carries them out; see `dual_process.paper_side`")
    return fast


def _notes(moment: Moment) -> str:
    """What was learnt and is believed, as far as there is any."""
    memory = moment.memory
    learnt = [memory.words(kind) for kind in ("reflection", "hindsight") if memory.words(kind) != NOTHING_YET]
    lines = [f"What you have learnt so far: {' '.join(learnt)}"] if learnt else []
    if memory.history.partners.belief:
        lines.append(f"What you believe of your partner: {memory.history.partners.belief}")
    return "\n".join(lines)


def _example(recipes: Recipes) -> str:
    """Two entries that are valid in this kitchen."""
    dish = recipes.kitchen.order_dishes[0]
    made = [food for food in recipes.foods_of(dish) if not recipes.dispensed(food)]
    food = made[0] if made else recipes.foods_of(dish)[0]
    return json.dumps([{"when": f'count("{food}") < 1', "do": f"{PREPARE}({food})"}, dish])


thoughts.register("tasks", "the list of tasks that the hands carry out")(TasksThought)
