"""Looking back: guidelines for the rest of the game."""

from __future__ import annotations

from brigade.dual_process.prompts import load_prompt
from brigade.dual_process.thought_kinds.base import Moment, ThoughtKind, thoughts


class ReflectionThought(ThoughtKind[str]):
    """What to do differently from now on."""

    text_field = "guidelines"

    def __init__(self) -> None:
        self.prompt = load_prompt("reflection")

    def fields(self, moment: Moment) -> dict[str, str]:
        """The old guidelines, and what is believed of the partner."""
        return {"guidelines": moment.memory.words(self.name), "belief": moment.memory.history.partners.words}


thoughts.register("reflection", "guidelines from looking back")(ReflectionThought)
