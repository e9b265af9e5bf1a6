"""Thinking ahead in plain sentences, which quick picks read while they are written."""

from __future__ import annotations

from typing import Any

from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.prompts import load_prompt
from brigade.dual_process.thought_kinds.base import ThoughtKind, thoughts

MAX_OUTLINE = 2000  # characters that are read


class OutlineThought(ThoughtKind[str]):
    """The next minute in plain sentences."""

    streams = True

    def __init__(self) -> None:
        self.prompt = load_prompt("outline")

    def read(self, said: Any, recipes: Recipes) -> str:
        """As much of it as is read."""
        return str(said[:MAX_OUTLINE])


thoughts.register("outline", "the next minute in plain sentences, read while it is written")(OutlineThought)
