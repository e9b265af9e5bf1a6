"""A kind of thought, and a framework that has it."""

from collections.abc import Mapping
from typing import Any

from brigade.dual_process.frameworks import Framework, ThoughtSpec
from brigade.dual_process.thought_kinds.answers import TEXT, object_schema, read_text
from brigade.dual_process.thought_kinds.base import Malformed, Prompt, ThoughtKind


class Mood(ThoughtKind[str]):
    """How the partner seems to feel."""

    prompt = Prompt.from_text("mood-1", "How does your partner feel?\n```json\n$state\n```")

    def schema(self, recipes: Any) -> Mapping[str, Any]:
        return object_schema(mood=TEXT)

    def read(self, said: Any, recipes: Any) -> str | Malformed:
        return read_text(said, "mood")


def murmur() -> Framework:
    """System 1, and somebody who wonders now and then how the partner feels."""
    return Framework({"mood": ThoughtSpec(every_ticks=20, scenes=2)}, steers=True)
