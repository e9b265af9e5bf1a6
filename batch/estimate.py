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
T_95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)  # the same of Student's t, from 1 on


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

    Of one seed Wilson's; of several the wider one, at either end, of Wilson's of all cases together and of Student's t
    over the seeds: the first knows nothing of how seeds differ, the second nothing where they happen not to.

    Args:
        shares: 0 to 1.
        of: how many cases each is of.
    """
    if not shares:
        return Interval(None, None, None, 0)
    data = np.clip(np.asarray(shares, np.float64), 0, 1)
    mean, count = float(data.mean()), len(data)
    low, high = wilson(mean, int(np.sum(of)))
    if count > 1:
        half = _t95(count - 1) * float(data.std(ddof=1)) / math.sqrt(count)
        low, high = max(0.0, min(low, mean - half)), min(1.0, max(high, mean + half))
    return Interval(mean, low, high, count)


def _t95(freedom: int) -> float:
    """How many standard errors to either side hold 95%, by degrees of freedom."""
    return T_95[freedom - 1] if freedom <= len(T_95) else NORMAL_95 + 2.4 / freedom


def mean_of_known(values: Iterable[float | None]) -> float | None:
    """Mean of the values that there are, None of none."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
