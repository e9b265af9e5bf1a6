"""Looking back and at the partner in one thought, as the published code of DPT-Agent does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.prompts import load_prompt
from brigade.dual_process.thought_kinds.answers import TEXT, object_schema, read_text
from brigade.dual_process.thought_kinds.base import Malformed, Memory, Moment, ThoughtKind, thoughts

Review = tuple[str, str]  # guidelines and belief


class ReviewThought(ThoughtKind[Review]):
    """Guidelines for the rest of the game, and what to believe of the partner."""

    def __init__(self) -> None:
        self.prompt = load_prompt("review")

    def schema(self, recipes: Recipes) -> Mapping[str, Any]:
        """Two texts."""
        return object_schema(guidelines=TEXT, belief=TEXT)

    def read(self, said: Any, recipes: Recipes) -> Review | Malformed:
        """The guidelines and the belief."""
        guidelines, belief = read_text(said, "guidelines"), read_text(said, "belief")
        if isinstance(guidelines, Malformed):
            return guidelines
        return belief if isinstance(belief, Malformed) else (guidelines, belief)

    def fields(self, moment: Moment) -> dict[str, str]:
        """What was noted before."""
        return {"guidelines": moment.memory.words("reflection"), "belief": moment.memory.history.partners.words}

    def knowledge(self, moment: Moment) -> dict[str, Any]:
        """What partners were seen doing, and what is being done."""
        seen = moment.memory.history.partners.seen(moment.observed.tick)
        return {"seen": seen, **super().knowledge(moment)}

    def remember(self, memory: Memory, value: Review) -> None:
        """Both are kept where the thoughts that have only one of them keep it."""
        memory.kept["reflection"], memory.history.partners.belief = value

    def told(self, value: Review) -> dict[str, Any]:
        """Both."""
        return {"value": list(value)}


thoughts.register("review", "guidelines from looking back, and what the partner does, in one")(ReviewThought)
