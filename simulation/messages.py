"""What partners say to each other: short lines, cleaned, in the four modes of arXiv 2502.11882."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from brigade.envs.text import one_line

MAX_LENGTH = 160  # characters of a message that are kept

Mode = Literal["both", "human", "agent", "nobody"]

PRESETS = (
    "We need lettuce",
    "We need beef",
    "We need plates",
    "I serve",
    "You serve",
    "I cook, you chop",
    "You cook, I chop",
    "Fire!",
    "Well done",
)


@dataclass(frozen=True)
class Message:
    """One line.

    Attributes:
        tick: when it was said; partners hear it at the next tick.
        seat: who said it.
        text: cleaned.
    """

    tick: int
    seat: int
    text: str


def clean(text: object) -> str:
    """One short line of printable characters, whatever it was before; empty if nothing is left."""
    if not isinstance(text, str):
        return ""
    return one_line(" ".join(one_line(text, MAX_LENGTH * 4).split()), MAX_LENGTH)


def may_speak(mode: Mode, human: bool) -> bool:
    """Whether someone may speak in a mode: `both`, only the `human`, only the `agent`, `nobody`."""
    return mode == "both" or (mode == "human" and human) or (mode == "agent" and not human)
