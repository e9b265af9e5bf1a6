"""How far a run is, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)  # fmt: skip


class Bar:
    """A bar that fills. Get one from `progress_bar`."""

    def __init__(self, progress: Progress, task: TaskID):
        self._progress, self._task = progress, task

    def advance(self) -> None:
        """One more is done."""
        self._progress.advance(self._task)

    def note(self, text: str) -> None:
        """Write a line that stays, above the bar."""
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """Show what is being done, in the place of the name."""
        self._progress.update(self._task, description=text)


@contextmanager
def progress_bar(console: Console, name: str, total: int, done: int = 0) -> Iterator[Bar]:
    """A bar for so many things, until the end of the block.

    Args:
        console: where it is shown.
        name: stands in front of it.
        total: of how many.
        done: how many of them were done before.
    """
    words, times = TextColumn("{task.description}", markup=False), (TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(words, BarColumn(), MofNCompleteColumn(), *times, console=console) as progress:
        yield Bar(progress, progress.add_task(name, total=total, completed=done))
