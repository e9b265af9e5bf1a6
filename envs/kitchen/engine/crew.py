"""Threads that share work, in whatever process they are asked: a copy and a forked child begin without any."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Task = tuple[Any, ...]  # what is to be called, and with what


class Crew:
    """Some threads, begun when they are first needed.

    Args:
        size: how many.
    """

    def __init__(self, size: int):
        self.size = size
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0  # whose threads they are: none of them lives on in a forked child

    def do(self, tasks: Sequence[Task]) -> None:
        """Do all of it, side by side, and wait until it is done."""
        if self._pool is None or self._process != os.getpid():
            self._pool, self._process = ThreadPoolExecutor(self.size), os.getpid()
        for future in [self._pool.submit(*task) for task in tasks]:
            future.result()

    def dismiss(self) -> None:
        """End the threads, if there are any; they are begun again when there is more to do."""
        if self._pool is not None and self._process == os.getpid():
            self._pool.shutdown()
        self._pool = None

    def __reduce__(self) -> tuple[Callable[[int], Crew], tuple[int]]:
        """Copies and pickles have threads of their own."""
        return Crew, (self.size,)
