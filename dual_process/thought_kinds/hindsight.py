"""Looking back when something has gone wrong (Reflexion), over the turns that led there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.prompts import load_prompt
from brigade.dual_process.thought_kinds.answers import TEXT, object_schema, read_text
from brigade.dual_process.thought_kinds.base import Malformed, Memory, Moment, ThoughtKind, thoughts
from brigade.dual_process.thought_kinds.tasks import turns_of


class HindsightThought(ThoughtKind[str]):
    """What went wrong, and what to do about it."""

    in_trouble = True

    def __init__(self) -> None:
        self.prompt = load_prompt("hindsight")

    def schema(self, recipes: Recipes) -> Mapping[str, Any]:
        """A text."""
        return object_schema(reflection=TEXT)

    def read(self, said: Any, recipes: Recipes) -> str | Malformed:
        """The reflection."""
        return read_text(said, "reflection")

    def fields(self, moment: Moment) -> dict[str, str]:
        """The last one."""
        return {"reflection": moment.memory.words(self.name)}

    def knowledge(self, moment: Moment) -> dict[str, Any]:
        """The last turns, what is left of the list, and what is being done."""
        turns = turns_of(moment.memory)[-moment.framework.thoughts[self.name].turns :]
        return {**super().knowledge(moment), **moment.fast.asked(), "turns": [turn.as_dict() for turn in turns]}

    def remember(self, memory: Memory, value: str) -> None:
        """It takes the place of the last, and of all turns but the last."""
        super().remember(memory, value)
        del turns_of(memory)[:-1]


thoughts.register("hindsight", "what went wrong, when something burns or points were lost")(HindsightThought)
