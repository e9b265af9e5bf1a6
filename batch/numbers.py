"""How figures are written, in a terminal as in a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from brigade.batch.estimate import Estimate, Interval
from brigade.envs.text import one_line

NONE = "–"


def figure(value: float | None, digits: int = 1) -> str:
    """A number to so many digits, or a dash."""
    return NONE if value is None else f"{value:z.{digits}f}"


def with_error(estimate: Estimate, digits: int = 1, sign: bool = False) -> str:
    """A mean with its standard error in brackets, if it has one; with a sign if it is a difference."""
    mean, error = mean_and_error(estimate, digits, sign)
    return f"{mean} ({error})" if error else mean


def mean_and_error(estimate: Estimate, digits: int = 1, sign: bool = False) -> tuple[str, str]:
    """A mean, with a sign if it is a difference, and its standard error, empty if it has none."""
    if estimate.mean is None:
        return NONE, ""
    mean = f"{estimate.mean:+z.{digits}f}" if sign else figure(estimate.mean, digits)
    return mean, "" if estimate.error is None else figure(estimate.error, digits)


def with_interval(interval: Interval, digits: int = 1) -> str:
    """A mean with its interval, if it has one: `12.3 [10.1, 14.0]`."""
    mean = figure(interval.mean, digits)
    if interval.low is None:
        return mean
    return f"{mean} [{figure(interval.low, digits)}, {figure(interval.high, digits)}]"


def milliseconds(value: float | None) -> str:
    """A time in milliseconds, with as many digits as say something."""
    if value is None:
        return NONE
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def measured(value: float) -> str:
    """Something measured, above nothing, with three digits, or all before the point if there are more."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def dollars(value: float | None) -> str:
    """An amount of money, with as many digits as say something."""
    if value is None:
        return NONE
    return f"{value:.2f}" if value >= 0.1 or value == 0 else f"{value:.4f}"


def print_table(
    console: Console, heads: Iterable[str], lines: Iterable[Sequence[str]], title: str = "", words: bool = False
) -> None:
    """Print a table of plain texts, the first column to the left.

    Args:
        console: where.
        heads: of the columns.
        lines: the cells.
        title: above it.
        words: whether it is of words rather than of figures: all columns are to the left, the first is never wrapped.
    """
    above = Text(one_line(title)) if title else None
    table = Table(title=above, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for place, head in enumerate(heads):
        justify: JustifyMethod = "left" if words or place == 0 else "right"
        table.add_column(Text(one_line(head)), justify=justify, no_wrap=words and place == 0)
    for line in lines:
        table.add_row(*(Text(one_line(cell)) for cell in line))
    console.print(table)
