"""Pictures of chefs: every hat has a colour and a shape of its own; by default a seat wears the hat of its number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from brigade.envs.kitchen.pictures.drawing import (
    BLUE,
    DIRECTIONS,
    GREEN,
    INK,
    ORANGE,
    PAPER,
    PURPLE,
    RED,
    SHADOW,
    SKY,
    Pen,
    Point,
    tone,
)


class ChefLook(NamedTuple):
    """What tells one chef from the others."""

    name: str  # of the hat, as a sentence would have it
    colour: str
    skin: str
    hair: str
    hat: Callable[[Pen, str], None]


def _toque(pen: Pen, colour: str) -> None:
    for x, y, radius in ((-0.15, -0.09, 0.12), (0.15, -0.09, 0.12), (0.0, -0.14, 0.15)):
        pen.circle(x, y, radius, tone(colour, 0.1))
    pen.circle(-0.05, -0.17, 0.05, tone(colour, 0.5))
    pen.box(-0.18, -0.06, 0.36, 0.12, PAPER, 0.03)


def _cap(pen: Pen, colour: str) -> None:
    pen.ellipse(0.02, -0.06, 0.29, 0.12, tone(colour, -0.2))
    pen.ellipse(0.0, -0.09, 0.27, 0.1, tone(colour, 0.12))
    pen.box(-0.025, -0.25, 0.07, 0.1, tone(colour, -0.2), 0.03)
    pen.box(-0.18, -0.02, 0.36, 0.07, PAPER, 0.03)


def _cone(pen: Pen, colour: str) -> None:
    pen.polygon([(-0.21, 0.04), (0.0, -0.32), (0.21, 0.04)], colour)
    pen.polygon([(-0.15, 0.0), (-0.01, -0.25), (0.02, 0.0)], tone(colour, 0.3))
    pen.circle(0, -0.29, 0.055, PAPER)
    pen.box(-0.22, -0.01, 0.44, 0.07, PAPER, 0.03)


def _top_hat(pen: Pen, colour: str) -> None:
    pen.box(-0.17, -0.27, 0.34, 0.3, colour, 0.02)
    pen.box(-0.13, -0.24, 0.08, 0.24, tone(colour, 0.35), 0.02)
    pen.box(-0.17, -0.09, 0.34, 0.07, PAPER)
    pen.box(-0.28, -0.02, 0.56, 0.08, tone(colour, -0.2), 0.03)


def _crown(pen: Pen, colour: str) -> None:
    points = [(-0.22, 0.04), (-0.24, -0.25), (-0.11, -0.1), (0.0, -0.3), (0.11, -0.1), (0.24, -0.25), (0.22, 0.04)]
    pen.polygon(points, colour)
    pen.polygon([(-0.18, 0.0), (-0.19, -0.14), (-0.11, -0.04), (-0.06, 0.0)], tone(colour, 0.45))
    for x, y in ((-0.24, -0.25), (0.0, -0.3), (0.24, -0.25)):
        pen.circle(x, y, 0.045, PAPER)
    pen.box(-0.22, -0.02, 0.44, 0.07, PAPER, 0.02)


def _bowler(pen: Pen, colour: str) -> None:
    pen.ellipse(0.0, -0.07, 0.2, 0.17, colour)
    pen.ellipse(-0.07, -0.13, 0.06, 0.06, tone(colour, 0.4))
    pen.box(-0.2, -0.07, 0.4, 0.07, PAPER)
    pen.ellipse(0.0, 0.01, 0.32, 0.06, tone(colour, -0.2))


CHEFS = (
    ChefLook("blue toque", BLUE, "#f2c9a1", "#5a3a22", _toque),
    ChefLook("orange cap", ORANGE, "#b97a4f", "#2a1c16", _cap),
    ChefLook("green cone", GREEN, "#e0ac7e", "#7a3e1d", _cone),
    ChefLook("pink top hat", PURPLE, "#8a5a3a", "#1d1714", _top_hat),
    ChefLook("light blue crown", SKY, "#f2c9a1", "#2a1c16", _crown),
    ChefLook("red bowler", RED, "#e0ac7e", "#1d1714", _bowler),
)
HOLD: dict[str, Point] = {"down": (0.0, 0.2), "left": (-0.34, 0.15), "right": (0.34, 0.15), "up": (0.29, -0.28)}
HELD_SCALE = 0.5  # size of what is held, in cells
BODY_TOP, HEAD, HAT = 0.1, -0.06, -0.2  # y of the shoulders, the head's middle and the hat's rim


def hold_point(facing: str) -> Point:
    """Where what a chef holds is, in cells from the middle of the chef's own cell."""
    return HOLD.get(facing, HOLD["down"])


def chef(pen: Pen, hat: int, facing: str, holding: bool) -> None:
    """A chef in a cell."""
    look = CHEFS[hat % len(CHEFS)]
    facing = facing if facing in DIRECTIONS else "down"
    _body(pen, look, facing)
    _hands(pen, look, facing, holding)
    _head(pen, look, facing)
    look.hat(pen.sub(0, HAT, 0.95), look.colour)


def ground(pen: Pen, hat: int, facing: str, holding: bool) -> None:
    """What is under a chef: a shadow and, beside a chef seen from the side with empty hands, an arrow head."""
    pen.ellipse(0, 0.41, 0.3, 0.08, SHADOW)
    side = DIRECTIONS.get(facing, (0, 1))[0]
    if side and not holding:
        wings = [(0.38 * side, 0.03 - 0.15), (0.5 * side, 0.03), (0.38 * side, 0.03 + 0.15)]
        pen.polygon(wings, CHEFS[hat % len(CHEFS)].colour)


def _body(pen: Pen, look: ChefLook, facing: str) -> None:
    dx = DIRECTIONS[facing][0]
    for x in (-0.1, 0.1):
        pen.ellipse(x + 0.03 * dx, 0.41, 0.1, 0.055, INK)
    wide = 0.19 if dx else 0.23
    pen.box(-wide, BODY_TOP - 0.06, 2 * wide, 0.45, look.colour, 0.13)
    pen.box(-wide, 0.3, 2 * wide, 0.09, tone(look.colour, -0.25), 0.05)
    if facing == "down":
        pen.box(-0.13, 0.16, 0.26, 0.23, PAPER, 0.05)
    elif facing == "up":
        pen.line([(-0.2, 0.24), (0.2, 0.24)], 0.04, PAPER)
        pen.line([(-0.06, 0.31), (0, 0.24), (0.06, 0.31)], 0.04, PAPER)
    else:
        pen.box(-wide if dx < 0 else wide - 0.17, 0.16, 0.17, 0.23, PAPER, 0.05)


def _hands(pen: Pen, look: ChefLook, facing: str, holding: bool) -> None:
    dx, dy = DIRECTIONS[facing]
    if not holding:
        places = [(-0.25, 0.24), (0.25, 0.24)] if not dx else [(0.04 * dx, 0.27)]
    elif dx:
        places = [(0.2 * dx, 0.2)]
    else:
        places = [(-0.24, 0.22), (0.24, 0.22)] if dy > 0 else [(-0.25, 0.22), (0.27, -0.04)]
    for x, y in places:
        pen.line([(x * 0.8, 0.16), (x, y)], 0.12, tone(look.colour, -0.18))
        pen.circle(x, y, 0.065, look.skin)


def _head(pen: Pen, look: ChefLook, facing: str) -> None:
    dx = DIRECTIONS[facing][0]
    pen.ellipse(0, HEAD, 0.22, 0.21, look.hair)
    if facing == "up":
        return
    pen.ellipse(0.04 * dx, HEAD + 0.025, 0.205 if not dx else 0.18, 0.185, look.skin)
    eyes = (-0.08, 0.08) if not dx else (0.07 * dx, 0.17 * dx)
    for x in eyes:
        pen.ellipse(x, HEAD + 0.015, 0.026, 0.036, INK)
        pen.circle(x - 0.008, HEAD, 0.011, PAPER)
    nose = 0.0 if not dx else 0.21 * dx
    pen.circle(nose, HEAD + 0.07, 0.035, tone(look.skin, -0.18))
    mouth = [
        (nose * 0.6 + 0.055 * math.cos(math.pi * t / 4), HEAD + 0.1 + 0.04 * math.sin(math.pi * t / 4))
        for t in range(5)
    ]
    pen.line(mouth, 0.018, tone(look.skin, -0.6))
