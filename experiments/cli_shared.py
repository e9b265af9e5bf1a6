"""What the commands have in common: where they print, how a table looks, and what is said when one is stopped."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from brigade.batch.terminal import Terminal

console = Terminal()
errors = Terminal(stderr=True)
INTERRUPTED = 130


class ToErrors(logging.Handler):
    """Prints what is logged where errors go, by the same way out."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print it."""
        errors.print(self.format(record), soft_wrap=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a plain table whose first column is never cut."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for i, column in enumerate(columns):
        table.add_column(column, no_wrap=i == 0)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def print_problems(console: Console, problems: Iterable[str]) -> None:
    """A line for each package that could not be used, with the reason."""
    for problem in problems:
        console.print(problem, soft_wrap=True, markup=False, highlight=False)


@contextmanager
def going_on_later(folder: Path) -> Iterator[None]:
    """Say how to go on with what is in a folder when it is stopped by Ctrl-C, and end the command."""
    try:
        yield
    except KeyboardInterrupt:
        told = f"stopped; what is finished is in {folder}. The same command goes on from there."
        errors.print(told, soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
