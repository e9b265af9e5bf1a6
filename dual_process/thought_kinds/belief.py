"""Theory of mind: what the partner prefers, does next, and how to fit in."""

from __future__ import annotations

from typing import Any

from brigade.dual_process.prompts import load_prompt
from brigade.dual_process.thought_kinds.base import Memory, Moment, ThoughtKind, thoughts


class BeliefThought(ThoughtKind[str]):
    """What to believe of the partner."""

    text_field = "belief"

    def __init__(self) -> None:
        self.prompt = load_prompt("belief")

    def fields(self, moment: Moment) -> dict[str, str]:
        """What was believed before."""
        return {"belief": moment.memory.history.partners.words}

    def knowledge(self, moment: Moment) -> dict[str, Any]:
        """What partners were seen doing, and what is being done."""
        seen = moment.memory.history.partners.seen(moment.observed.tick)
        return {"seen": seen, **super().knowledge(moment)}

    def remember(self, memory: Memory, value: str) -> None:
        """It is part of the partner model."""
        memory.history.partners.belief = value


thoughts.register("belief", "what the partner prefers, does next, and how to fit in")(BeliefThought)
