"""Means over episodes, with their standard errors."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A mean over episodes.

    Attributes:
        mean: None of no values.
        error: standard error, the sample standard deviation over the root of `count`; None for fewer than two values.
        count: how many values there are.
    """

    mean: float | None
    error: float | None
    count: int


def estimate(values: Iterable[float | None]) -> Estimate:
    """Mean and standard error of the values that there are."""
    known = [value for value in values if value is not None]
    if not known:
        return Estimate(None, None, 0)
    error = statistics.stdev(known) / math.sqrt(len(known)) if len(known) > 1 else None
    return Estimate(statistics.fmean(known), error, len(known))
