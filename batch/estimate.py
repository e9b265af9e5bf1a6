"""Means, with their standard errors or bootstrap intervals."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 2000  # for an interval
SEED = 20_250  # of the draws: the same data give the same figures


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


@dataclass(frozen=True)
class Interval:
    """A mean over participants with its 95% bootstrap interval.

    Attributes:
        mean: None of no participants.
        low, high: None of fewer than two.
        count: participants.
    """

    mean: float | None
    low: float | None
    high: float | None
    count: int


def interval(values: Sequence[float]) -> Interval:
    """Mean and percentile interval of values of one participant each."""
    if not values:
        return Interval(None, None, None, 0)
    data = np.asarray(values, np.float64)
    if len(data) < 2:
        return Interval(float(data.mean()), None, None, 1)
    drawn = np.random.default_rng(SEED).integers(len(data), size=(DRAWS, len(data)))
    low, high = np.percentile(data[drawn].mean(axis=1), (2.5, 97.5)).tolist()
    return Interval(float(data.mean()), float(low), float(high), len(data))


def mean_of_known(values: Iterable[float | None]) -> float | None:
    """Mean of the values that there are, None of none."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
