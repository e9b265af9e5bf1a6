"""The one way out to a terminal: text is printed as it is, never as markup, and nothing in it steers the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from brigade.envs.text import taken


class Terminal(Console):
    """A console for text from anywhere. Square brackets and colons in it mean nothing; styles are given beside it.

    Args:
        options: of `rich.console.Console`.
    """

    def __init__(self, **options: Any):
        super().__init__(**{"markup": False, "emoji": False, "highlight": False, **options})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is printed, with whatever does not print shown."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=_printable(segment.text))


def _printable(text: str) -> str:
    return text if text.isprintable() else taken(text)
