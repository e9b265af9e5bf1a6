"""What installed packages would bring and cannot, said where things are listed."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from brigade.envs.registry import Registry


def print_problems(console: Console, *registries: Registry[Any]) -> None:
    """A line for each package that could not be used, with the reason."""
    for registry in registries:
        for problem in registry.problems:
            console.print(problem, soft_wrap=True, markup=False, highlight=False)
