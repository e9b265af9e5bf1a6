"""What installed packages would bring and cannot, said where things are listed."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console


def print_problems(console: Console, problems: Iterable[str]) -> None:
    """A line for each package that could not be used, with the reason."""
    for problem in problems:
        console.print(problem, soft_wrap=True, markup=False, highlight=False)
