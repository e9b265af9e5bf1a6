"""Hats by name: what partners are known by where nobody may know who they are."""

from __future__ import annotations

HATS = ("blue", "orange", "green", "pink", "light blue", "red")  # in the order of `drawing_chefs.CHEFS`
MINE = "blue"  # worn by the participant
PARTNERS = tuple(name for name in HATS if name != MINE)


def number_of(hat: str | None) -> int:
    """Which of `drawing_chefs.CHEFS` wears a hat; unknown names, as of practice partners, wear the last one."""
    return HATS.index(hat) if hat in HATS else len(HATS) - 1
