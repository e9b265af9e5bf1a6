"""Sizes of windows and pictures, as people write them."""

from __future__ import annotations

import re

from brigade.envs.registry import BrigadeError

SMALLEST = (640, 480)  # of a window


def size_of(text: str, least: tuple[int, int] | None = SMALLEST) -> tuple[int, int]:
    """Width and height from a text such as 1024x768.

    Args:
        text: as it was given.
        least: the smallest that will do; None for pictures that are no windows.

    Raises:
        BrigadeError: it is not of that form, or too small.
    """
    found = re.fullmatch(r"(\d{2,5})\s*[xX]\s*(\d{2,5})", text.strip())
    if found is None:
        raise BrigadeError(f"--size '{text}': expected width and height in pixels, for example 1024x768")
    width, height = int(found[1]), int(found[2])
    if least is not None and (width < least[0] or height < least[1]):
        raise BrigadeError(f"--size '{text}': a window needs at least {least[0]}x{least[1]}")
    return width, height
