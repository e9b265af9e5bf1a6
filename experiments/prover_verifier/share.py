"""Shares that know of how many cases they are, so that reports can say how exact they can be."""

from __future__ import annotations

from collections.abc import Iterable


class Share(float):
    """A share that knows of how many cases it is, which says how exact it can be.

    Args:
        value: 0 to 1.
        of: cases, at least 1.
    """

    of: int

    def __new__(cls, value: float, of: int) -> Share:
        """The share."""
        share = super().__new__(cls, value)
        share.of = of
        return share

    def __reduce__(self) -> tuple[type[Share], tuple[float, int]]:
        """Copies and pickles know it too."""
        return Share, (float(self), self.of)


def share_of(values: Iterable[bool]) -> Share | None:
    """How often it is true, None of nothing."""
    known = list(values)
    return Share(sum(known) / len(known), len(known)) if known else None


def both_shares(first: float, second: float) -> float:
    """The mean of two shares of the same cases, which are not counted twice."""
    mean = (first + second) / 2
    return Share(mean, min(first.of, second.of)) if isinstance(first, Share) and isinstance(second, Share) else mean
