"""Looking back: guidelines for the rest of the game."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.prompts import load_prompt
from brigade.dual_process.thought_kinds.answers import TEXT, object_schema, read_text
from brigade.dual_process.thought_kinds.base import Malformed, Moment, ThoughtKind, thoughts


class ReflectionThought(ThoughtKind[str]):
    """What to do differently from now on."""

    def __init__(self) -> None:
        self.prompt = load_prompt("reflection")

    def schema(self, recipes: Recipes) -> Mapping[str, Any]:
        """A text."""
        return object_schema(guidelines=TEXT)

    def read(self, said: Any, recipes: Recipes) -> str | Malformed:
        """The guidelines."""
        return read_text(said, "guidelines")

    def fields(self, moment: Moment) -> dict[str, str]:
        """The old guidelines, and what is believed of the partner."""
        return {"guidelines": moment.memory.words(self.name), "belief": moment.memory.history.partners.words}


thoughts.register("reflection", "guidelines from looking back")(ReflectionThought)
