"""How right a model of a partner was, from the figures of its turns; for reports and for `brigade tom`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brigade.batch.estimate import Estimate, estimate
from brigade.batch.numbers import figure, with_error
from brigade.dual_process.theory_of_mind.score import ORDERS

LEAST, TENTHS = 1e-3, 10
ORDER = ("uniform", "repeating", "base_rate", "counting")  # baselines, before the models
HEADS = ("turns", "log score", "Brier", "top 1", "calibration")
Figures = Sequence[float]  # of one turn: as `theory_of_mind.score.scores_of` gives them


@dataclass(frozen=True, kw_only=True)
class Foresight:
    """How right a model was.

    Attributes:
        model: its name.
        turns: how many were foreseen.
        log: mean logarithm; `brier`: mean Brier score; `top`: share of turns that had the greatest probability.
        calibration: mean distance of that probability from how often it was right.
    """

    model: str
    turns: int
    log: Estimate
    brier: Estimate
    top: Estimate
    calibration: float

    @property
    def cells(self) -> list[str]:
        """In the order of `HEADS`."""
        means = (with_error(each, 2) for each in (self.log, self.brier, self.top))
        return [str(self.turns), *means, figure(self.calibration, 2)]


def place_of(model: str) -> tuple[bool, int, str]:
    """What models are sorted by."""
    return model.startswith(ORDERS), ORDER.index(model) if model in ORDER else len(ORDER), model


def foresight_of(model: str, games: Sequence[Sequence[Figures]]) -> dict[str, Any]:
    """The fields of a `Foresight`, from the figures of every turn in every game."""
    every = np.array([figures for game in games for figures in game])
    return {
        "model": model,
        "turns": len(every),
        "log": estimate(float(np.mean([math.log(max(LEAST, figures[0])) for figures in game])) for game in games),
        "brier": estimate(float(np.mean([figures[1] for figures in game])) for game in games),
        "top": estimate(float(np.mean([figures[3] for figures in game])) for game in games),
        "calibration": calibration(every[:, 2], every[:, 3]),
    }


def calibration(stated: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """The mean distance, over tenths of the stated probability, between it and how often it was right."""
    tenths = np.minimum((stated * TENTHS).astype(int), TENTHS - 1)
    far = [abs(stated[tenths == t].mean() - right[tenths == t].mean()) * (tenths == t).sum() for t in set(tenths)]
    return float(sum(far) / len(stated))
