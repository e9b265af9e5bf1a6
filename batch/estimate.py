"""Means, with their standard errors or bootstrap intervals."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 2000  # for an interval
SEED = 20_250  # of the draws: the same data give the same figures
NORMAL_95 = 1.959964  # standard deviations to either side that hold 95%


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

    @property
    def low(self) -> float | None:
        """The mean less the standard error, None where there is none."""
        return None if self.mean is None or self.error is None else self.mean - self.error

    @property
    def high(self) -> float | None:
        """The mean and the standard error, None where there is none."""
        return None if self.mean is None or self.error is None else self.mean + self.error


def estimate(values: Iterable[float | None]) -> Estimate:
    """Mean and standard error of the values that there are."""
    known = [value for value in values if value is not None]
    if not known:
        return Estimate(None, None, 0)
    error = statistics.stdev(known) / math.sqrt(len(known)) if len(known) > 1 else None
    return Estimate(statistics.fmean(known), error, len(known))


@dataclass(frozen=True)
class Interval:
    """A mean over participants or seeds with its 95% interval.

    Attributes:
        mean: None of no values.
        low, high: None where nothing is known of them.
        count: participants or seeds.
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


def wilson(share: float, of: int) -> tuple[float, float]:
    """Wilson's 95% score interval (1927) of a share of so many cases: it is not empty at 0 and 1.

    Args:
        share: 0 to 1.
        of: cases, at least 1.
    """
    spread = NORMAL_95**2 / of
    middle = (share + spread / 2) / (1 + spread)
    half = NORMAL_95 / (1 + spread) * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def share_interval(shares: Sequence[float], of: Sequence[int]) -> Interval:
    """The mean of shares, one of each seed, with its 95% interval.

    Of one seed, and where all shares are 0 or all are 1, Wilson's of all cases; else a bootstrap over seeds and, in
    each seed that is drawn, over its cases.

    Args:
        shares: 0 to 1.
        of: how many cases each is of.
    """
    if not shares:
        return Interval(None, None, None, 0)
    data, cases = np.clip(np.asarray(shares, np.float64), 0, 1), np.asarray(of)
    mean = float(np.mean(shares))
    if len(data) == 1 or data.max() == 0 or data.min() == 1:
        return Interval(mean, *wilson(float(data.mean()), int(cases.sum())), len(data))
    rng = np.random.default_rng(SEED)
    seeds = rng.integers(len(data), size=(DRAWS, len(data)))
    drawn = rng.binomial(cases[seeds], data[seeds]) / cases[seeds]
    low, high = np.percentile(drawn.mean(axis=1), (2.5, 97.5)).tolist()
    return Interval(mean, float(low), float(high), len(data))


def mean_of_known(values: Iterable[float | None]) -> float | None:
    """Mean of the values that there are, None of none."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
