"""Lessons from looking back, perhaps kept in a file for the next episodes."""

from __future__ import annotations

import json
from pathlib import Path

from brigade.dual_process.prompts import load_prompt
from brigade.dual_process.thought_kinds.base import Memory, Moment, ThoughtKind, thoughts
from brigade.envs.budgets import read_json
from brigade.envs.disk import write
from brigade.envs.registry import BrigadeError
from brigade.envs.text import taken_all

KEPT_LESSONS = 5


class Lessons(list[str]):
    """Lessons, which a prompt has one after the other."""

    def __str__(self) -> str:
        return " ".join(self)


class LessonThought(ThoughtKind[str]):
    """Which choice cost points or time, and why."""

    text_field = "lesson"

    def __init__(self) -> None:
        self.prompt = load_prompt("lesson")

    def begin(self, memory: Memory) -> None:
        """Read the lessons of earlier episodes."""
        path = memory.files.get(self.name)
        memory.kept[self.name] = Lessons(read_lessons(path) if path is not None else [])

    def fields(self, moment: Moment) -> dict[str, str]:
        """The lessons so far."""
        return {"lessons": moment.memory.words(self.name)}

    def remember(self, memory: Memory, value: str) -> None:
        """Keep the last few, in the file too if there is one.

        Raises:
            BrigadeError: it cannot be written, for example because the disk is full.
        """
        kept = memory.kept[self.name] = Lessons([*memory.kept[self.name], value][-KEPT_LESSONS:])
        path = memory.files.get(self.name)
        if path is not None:
            write(path, json.dumps(kept, indent=1).encode())


def read_lessons(path: Path) -> list[str]:
    """Lessons kept from earlier episodes; none if there is no such file yet.

    Raises:
        BrigadeError: the file is not a list of texts.
    """
    if not path.exists():
        return []
    kept = taken_all(read_json(path, what="lessons"))
    if not isinstance(kept, list) or not all(isinstance(lesson, str) for lesson in kept):
        raise BrigadeError(f"lessons {path}: expected a list of texts")
    return kept[-KEPT_LESSONS:]


thoughts.register("lesson", "what a choice has taught")(LessonThought)
