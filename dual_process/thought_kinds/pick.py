"""Picking the next macro action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brigade.agents.planning.macro import Macro, parse_macro
from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.prompts import load_prompt
from brigade.dual_process.thought_kinds.answers import TEXT, object_schema
from brigade.dual_process.thought_kinds.base import FastSide, Malformed, Memory, Moment, ThoughtKind, thoughts
from brigade.envs.registry import BrigadeError


class PickThought(ThoughtKind[Macro]):
    """The next macro action, perhaps with an outline to read while it is written."""

    for_idle_hands = True

    def __init__(self) -> None:
        self.prompt = load_prompt("pick")

    def schema(self, recipes: Recipes) -> Mapping[str, Any]:
        """A thought and the action."""
        return object_schema(thought=TEXT, action=TEXT)

    def read(self, said: Any, recipes: Recipes) -> Macro | Malformed:
        """The macro action."""
        action = said.get("action")
        if not isinstance(action, str):
            return Malformed("action: expected text")
        try:
            return parse_macro(action[:400], recipes)
        except BrigadeError as error:
            return Malformed(str(error)[:200])

    def fields(self, moment: Moment) -> dict[str, str]:
        """Lessons, and whether to think before choosing."""
        reasons = moment.framework.reasons
        return {
            "lessons": moment.memory.words("lesson"),
            "style": "Think step by step before you choose." if reasons else "Choose at once.",
            "thought": "one or two sentences" if reasons else "an empty text",
        }

    def knowledge(self, moment: Moment) -> dict[str, Any]:
        """What can be done now, and the outline as far as it has been written."""
        known = super().knowledge(moment)
        known.setdefault("can_do", moment.fast.can_do(moment.observed))
        return known | ({"outline": moment.so_far("outline")} if "outline" in moment.framework.thoughts else {})

    def remember(self, memory: Memory, value: Macro) -> None:
        """It is done, not kept."""

    def take_effect(self, fast: FastSide, value: Macro, tick: int) -> None:
        """Do it next."""
        fast.pick(value, tick)


thoughts.register("pick", "the next macro action")(PickThought)
