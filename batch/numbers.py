"""How figures are written, in a terminal as in a page."""

from __future__ import annotations

from brigade.batch.estimate import Estimate

NONE = "–"


def figure(value: float | None, digits: int = 1) -> str:
    """A number to so many digits, or a dash."""
    return NONE if value is None else f"{value:z.{digits}f}"


def with_error(estimate: Estimate, digits: int = 1, sign: bool = False) -> str:
    """A mean with its standard error in brackets, if it has one; with a sign if it is a difference."""
    if estimate.mean is None:
        return NONE
    mean = f"{estimate.mean:+z.{digits}f}" if sign else f"{estimate.mean:z.{digits}f}"
    return mean if estimate.error is None else f"{mean} ({estimate.error:.{digits}f})"


def milliseconds(value: float | None) -> str:
    """A time in milliseconds, with as many digits as say something."""
    if value is None:
        return NONE
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def dollars(value: float | None) -> str:
    """An amount of money, with as many digits as say something."""
    if value is None:
        return NONE
    return f"{value:.2f}" if value >= 0.1 or value == 0 else f"{value:.4f}"


def plain(text: str) -> str:
    """Text without what would steer a terminal: results may come from anywhere."""
    return "".join(character if character.isprintable() else "�" for character in text)
