"""What a person reads of a prover-verifier game, whatever the game: passages, and how a game is told.

Nothing here, nor in what derives from it, looks at more than the verifier may see: the problem as it is told to it, and
what it received.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

G = TypeVar("G")  # a game
Received = NDArray[np.int64]


@dataclass(frozen=True)
class Passage:
    """Something to be read.

    Attributes:
        speaker: who says it; empty for nobody in particular.
        lines: what is said.
        patch: pixels of a square of a picture, row by row, where that is what is shown.
        plan: for each chef a title and its steps, where that is what is shown.
        asked: what the verifier had asked, if it answers that.
    """

    speaker: str
    lines: tuple[str, ...]
    patch: tuple[int, ...] = ()
    plan: tuple[tuple[str, tuple[str, ...]], ...] = ()
    asked: str = ""

    @property
    def heading(self) -> str:
        """Who says it, in answer to what."""
        return f"{self.asked} {self.speaker}".strip()

    @property
    def text(self) -> str:
        """All of it as lines."""
        side = math.isqrt(len(self.patch))
        rows = [self.patch[i : i + side] for i in range(0, len(self.patch), side)] if side else []
        pixels = ["".join("# " if pixel else ". " for pixel in row).rstrip() for row in rows]
        plans = [f"{title}: {'; '.join(steps) or 'nothing'}" for title, steps in self.plan]
        return "\n".join([*self.lines, *pixels, *plans])


class Words(Generic[G]):
    """How a game is told to a person who plays the verifier; a subclass for each.

    Attributes:
        rules: what it is about.
        task: what is to be decided.
        right, wrong: what was so when accepting would have been right, or wrong.
    """

    rules: str
    task: str
    right = "It was right."
    wrong = "It was wrong."

    def __init__(self, game: G):
        self.game = game

    def problem(self, problem: Any) -> str:
        """The problem, as the verifier is told it."""
        raise NotImplementedError

    def message(self, speaker: str, received: Received) -> Passage:
        """What arrived of a message."""
        raise NotImplementedError

    def question(self, number: int, received: Received | None) -> str | None:
        """A question by its number, or None where there is nothing to be asked for, as by default."""
        return None
