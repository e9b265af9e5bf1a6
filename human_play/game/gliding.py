"""The kitchen between two ticks, as a window and a video draw it."""

from __future__ import annotations

from typing import Any

from brigade.agents.base import Observation

GLIDE = 0.8  # part of a tick in which a chef glides to its cell
SIDE = 0.3  # width of the thoughts beside the kitchen


def glided(before: Observation, now: Observation, part: float) -> Observation:
    """The kitchen between two ticks: chefs on their way from cell to cell, everything else as it is now."""
    if part >= 1 or len(before["chefs"]) != len(now["chefs"]):
        return now
    chefs: list[dict[str, Any]] = []
    for old, new in zip(before["chefs"], now["chefs"], strict=True):
        (x0, y0), (x1, y1) = old["at"], new["at"]
        near = abs(x1 - x0) + abs(y1 - y0) <= 1
        at = (x0 + (x1 - x0) * part, y0 + (y1 - y0) * part) if near else new["at"]
        chefs.append({**new, "at": at})
    return {**now, "chefs": chefs}
