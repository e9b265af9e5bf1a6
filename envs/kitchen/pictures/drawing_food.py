"""Pictures of foods, tools, plates and what is in a vessel, from the shapes and colours that a cookbook gives them."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Literal, NamedTuple

from brigade.envs.kitchen.content.cookbook import Cookbook, Kind, finishable, vessel_contents
from brigade.envs.kitchen.pictures.drawing import Colour, Pen, Point, blend, tone, wavy


class Look(NamedTuple):
    """How a food looks."""

    shape: str
    colour: str


Serving = Literal["stack", "soup", "mix"]  # how a plate's contents are arranged
CHINA, CHINA_SHADE = "#fdfdfb", "#c3cedb"
GOLDEN_TURN = 0.381966  # of a circle; spreads any number of points evenly


def looks(cookbook: Cookbook, foods: Sequence[str]) -> tuple[Look, ...]:
    """How some foods look."""
    return tuple(Look(cookbook.spec.items[food].shape, cookbook.spec.items[food].colour) for food in foods)


def serving(cookbook: Cookbook, contents: tuple[str, ...], dish_name: str | None = None) -> Serving:
    """How a plate with these contents looks; without contents, how most plates of this cookbook do.

    Args:
        cookbook: where the dishes are.
        contents: what is on the plate, in the cookbook's order.
        dish_name: the dish that this is, if it is one.
    """
    spec = cookbook.spec
    dishes = spec.dishes.values() if dish_name is None else [spec.dishes[dish_name]]
    for dish in dishes:
        if dish.made_in is None and set(contents) <= set(dish.of):
            return "stack"
    for tile, vessel in spec.vessels.items():
        if not contents or (contents in vessel_contents(spec, tile) and finishable(spec, tile, contents)):
            return "soup" if vessel.ticks is not None else "mix"
    return "stack"


def spread(count: int, rx: float, ry: float) -> list[Point]:
    """Points spread evenly over an ellipse, farthest up first."""
    points = []
    for i in range(count):
        reach, turn = math.sqrt((i + 0.5) / count), math.tau * GOLDEN_TURN * i
        points.append((rx * reach * math.cos(turn), ry * reach * math.sin(turn)))
    return sorted(points, key=lambda point: point[1])


def leaf(pen: Pen, colour: Colour) -> None:
    """A head of leaves."""
    for i, (radius, shade) in enumerate(((0.42, -0.28), (0.36, -0.06), (0.26, 0.18), (0.15, 0.42))):
        pen.polygon(wavy(radius, 0.035, 9 - i, i * 0.07), tone(colour, shade))
    for turn in (0.05, 0.3, 0.52, 0.78):
        x, y = math.cos(math.tau * turn), math.sin(math.tau * turn)
        pen.line([(0.05 * x, 0.05 * y), (0.3 * x, 0.3 * y)], 0.025, tone(colour, 0.5))


def shreds(pen: Pen, colour: Colour) -> None:
    """A pile of chopped strips."""
    pen.ellipse(0, 0.1, 0.4, 0.25, tone(colour, -0.35))
    for i, (x, y) in enumerate(spread(16, 0.33, 0.2)):
        turn = i * 2.4
        dx, dy = 0.1 * math.cos(turn), 0.07 * math.sin(turn)
        lift = 0.16 * (1 - (x / 0.4) ** 2)
        strip = [(x - dx, y - dy + 0.1 - lift), (x + dx, y + dy + 0.1 - lift)]
        pen.line(strip, 0.085, tone(colour, (-0.2, 0.05, 0.35)[i % 3]))


def patty(pen: Pen, colour: Colour) -> None:
    """A thick disc."""
    pen.ellipse(0, 0.13, 0.42, 0.26, tone(colour, -0.4))
    pen.box(-0.42, -0.04, 0.84, 0.17, tone(colour, -0.4))
    pen.ellipse(0, -0.04, 0.42, 0.27, colour)
    pen.ellipse(-0.03, -0.06, 0.36, 0.21, tone(colour, 0.1))
    for i, (x, y) in enumerate(spread(9, 0.3, 0.17)):
        pen.ellipse(x - 0.02, y - 0.05, 0.035, 0.022, tone(colour, (-0.3, 0.3)[i % 2]))


def bun(pen: Pen, colour: Colour) -> None:
    """A whole bun."""
    bun_bottom(pen.sub(0, 0.3, 1.15), colour)
    bun_top(pen.sub(0, 0.16, 1.15), colour)


def ball(pen: Pen, colour: Colour) -> None:
    """Something round with a stalk."""
    pen.line([(0, -0.3), (0.05, -0.45)], 0.08, tone(colour, -0.55))
    pen.ellipse(0, 0.04, 0.4, 0.37, tone(colour, -0.28))
    pen.ellipse(-0.03, 0.01, 0.36, 0.33, colour)
    pen.ellipse(-0.09, -0.06, 0.24, 0.2, tone(colour, 0.22))
    pen.ellipse(-0.15, -0.14, 0.08, 0.06, tone(colour, 0.75))
    pen.polygon([(-0.16, -0.26), (0, -0.33), (0.16, -0.26), (0, -0.2)], tone(colour, -0.45))


def slab(pen: Pen, colour: Colour) -> None:
    """A thick wedge."""
    pen.polygon([(-0.42, 0.02), (0.12, 0.16), (0.12, 0.36), (-0.42, 0.22)], tone(colour, -0.15))
    pen.polygon([(0.12, 0.16), (0.42, -0.16), (0.42, 0.04), (0.12, 0.36)], tone(colour, -0.35))
    pen.polygon([(-0.42, 0.02), (0.42, -0.16), (0.12, 0.16)], tone(colour, 0.3))
    for x, y, radius in ((-0.2, 0.18, 0.05), (0.0, 0.25, 0.04), (0.28, 0.09, 0.04)):
        pen.circle(x, y, radius, tone(colour, -0.45))


def stick(pen: Pen, colour: Colour) -> None:
    """A long rod."""
    pen.line([(-0.3, 0.27), (0.3, -0.27)], 0.24, tone(colour, -0.25))
    pen.line([(-0.32, 0.24), (0.27, -0.29)], 0.15, colour)
    pen.line([(-0.3, 0.19), (0.18, -0.25)], 0.05, tone(colour, 0.5))
    for i in range(3):
        x, y = -0.14 + 0.16 * i, 0.19 - 0.15 * i
        pen.line([(x, y), (x + 0.07, y + 0.06)], 0.025, tone(colour, -0.4))


FOOD: dict[str, Callable[[Pen, Colour], None]] = {
    "leaf": leaf, "shreds": shreds, "patty": patty, "bun": bun, "round": ball, "slab": slab, "stick": stick,
}  # fmt: skip


def food(pen: Pen, look: Look) -> None:
    """One food."""
    FOOD[look.shape](pen, look.colour)


# Layers of a stack: painted upwards from y = 0, between x = -0.36 and 0.36.


def bun_bottom(pen: Pen, colour: Colour) -> None:
    """The lower half of a bun."""
    pen.box(-0.35, -0.14, 0.7, 0.15, tone(colour, -0.18), 0.06)
    pen.box(-0.35, -0.14, 0.7, 0.06, tone(colour, 0.45), 0.03)


def bun_top(pen: Pen, colour: Colour) -> None:
    """The upper half of a bun."""
    dome = [(-0.37 * math.cos(math.pi * i / 24), -0.29 * math.sin(math.pi * i / 24) ** 0.8) for i in range(25)]
    pen.polygon(dome, tone(colour, -0.12))
    pen.polygon([(0.9 * x, 0.88 * y - 0.02) for x, y in dome], tone(colour, 0.08))
    pen.ellipse(-0.12, -0.19, 0.12, 0.05, tone(colour, 0.4))
    for x, y in ((-0.2, -0.1), (-0.06, -0.2), (0.04, -0.11), (0.15, -0.18), (0.24, -0.08)):
        pen.ellipse(x, y, 0.027, 0.018, tone(colour, 0.8))


def _patty_layer(pen: Pen, colour: Colour) -> None:
    pen.box(-0.37, -0.13, 0.74, 0.14, tone(colour, -0.25), 0.07)
    pen.box(-0.35, -0.13, 0.7, 0.07, tone(colour, 0.05), 0.035)
    for x in (-0.22, -0.02, 0.2):
        pen.circle(x, -0.05, 0.018, tone(colour, 0.35))


def _frill_layer(pen: Pen, colour: Colour) -> None:
    steps = [i / 24 for i in range(25)]
    bottom = [(0.41 - 0.82 * t, 0.03 + 0.035 * math.sin(t * 26)) for t in steps]
    pen.polygon([(-0.41, -0.06), (-0.36, -0.1), (0.36, -0.1), (0.41, -0.06), *bottom], tone(colour, -0.2))
    pen.polygon([(-0.38, -0.06), (0.38, -0.06), *((0.95 * x, y - 0.03) for x, y in bottom)], tone(colour, 0.12))


def _slab_layer(pen: Pen, colour: Colour) -> None:
    pen.polygon(
        [(-0.39, -0.07), (0.39, -0.07), (0.39, 0.0), (0.26, 0.0), (0.15, 0.09), (0.04, 0.0), (-0.39, 0.0)], colour
    )
    pen.box(-0.39, -0.07, 0.78, 0.03, tone(colour, 0.4))


def _slices_layer(pen: Pen, colour: Colour) -> None:
    for x in (-0.23, 0.23, 0.0):
        pen.box(x - 0.17, -0.09, 0.34, 0.1, tone(colour, -0.3), 0.05)
        pen.box(x - 0.15, -0.09, 0.3, 0.05, tone(colour, 0.1), 0.025)


def _sticks_layer(pen: Pen, colour: Colour) -> None:
    for i, x in enumerate((-0.27, -0.09, 0.09, 0.27)):
        pen.box(x - 0.09, -0.1, 0.17, 0.11, tone(colour, (-0.2, 0.1)[i % 2]), 0.04)


# Shape -> (height, painter), in the order in which they are stacked, from the bottom.
LAYERS: dict[str, tuple[float, Callable[[Pen, Colour], None]]] = {
    "bun": (0.14, bun_bottom), "patty": (0.13, _patty_layer), "slab": (0.06, _slab_layer),
    "round": (0.09, _slices_layer), "stick": (0.1, _sticks_layer),
    "shreds": (0.09, _frill_layer), "leaf": (0.09, _frill_layer),
}  # fmt: skip
LID = 0.29  # height of a bun's upper half


def stack(pen: Pen, contents: Sequence[Look]) -> None:
    """Foods layer on layer; a bun encloses the others."""
    order = list(LAYERS)
    layers = sorted(contents, key=lambda look: order.index(look.shape))
    room = 0.66  # from the plate to the top of the box
    scale = min(1.0, room / (LID + sum(LAYERS[look.shape][0] for look in layers)))
    y = 0.22
    for look in layers:
        height, paint = LAYERS[look.shape]
        paint(pen.sub(0, y, scale), look.colour)
        y -= height * scale
    bun_top(pen.sub(0, y, scale), next(look.colour for look in layers if look.shape == "bun"))


def heap(pen: Pen, contents: Sequence[Look], rx: float, ry: float) -> None:
    """Foods side by side; every food keeps its own shape."""
    scale = {1: 0.7, 2: 0.56, 3: 0.5}.get(len(contents), 0.42)
    turns = {1: [0.0], 2: [-0.62, 0.62]}
    if len(contents) in turns:
        places = [(rx * turn, 0.0) for turn in turns[len(contents)]]
    else:
        step = math.tau / max(1, len(contents))
        places = [
            (rx * 0.62 * math.cos(2.6 + i * step), ry * 0.62 * math.sin(2.6 + i * step)) for i in range(len(contents))
        ]
        places.sort(key=lambda place: place[1])
    for look, (x, y) in zip(contents, places, strict=True):
        food(pen.sub(x, y, scale), look)


def soup_surface(pen: Pen, contents: Sequence[Look], rx: float, ry: float) -> None:
    """Liquid in the colours of what is in it, with bits of that floating."""
    liquid = blend([look.colour for look in contents])
    pen.ellipse(0, 0, rx, ry, tone(liquid, -0.3))
    pen.ellipse(0, 0.02, rx * 0.94, ry * 0.88, tone(liquid, 0.05))
    for i, (x, y) in enumerate(spread(2 * len(contents), rx * 0.72, ry * 0.6)):
        colour = contents[i // 2].colour
        pen.ellipse(x, y + 0.015, rx * 0.17, ry * 0.2, tone(colour, -0.4))
        pen.ellipse(x, y, rx * 0.16, ry * 0.19, tone(colour, 0.35))


def plate(pen: Pen, style: Serving, contents: tuple[Look, ...]) -> None:
    """A plate or, for soups, a deep dish, with what is on it."""
    if style == "soup":
        _deep_dish(pen)
        if contents:
            soup_surface(pen.sub(0, -0.08, 1), contents, 0.36, 0.17)
        return
    pen.ellipse(0, 0.13, 0.46, 0.3, CHINA_SHADE)
    pen.ellipse(0, 0.1, 0.46, 0.29, CHINA)
    pen.ellipse(0, 0.1, 0.33, 0.2, tone(CHINA_SHADE, 0.15))
    pen.ellipse(0, 0.12, 0.31, 0.18, tone(CHINA_SHADE, 0.55))
    if style == "stack" and any(look.shape == "bun" for look in contents):
        stack(pen, contents)
    elif contents:
        heap(pen.sub(0, 0.02, 1), contents, 0.36, 0.22)


def _deep_dish(pen: Pen) -> None:
    pen.box(-0.18, 0.28, 0.36, 0.1, CHINA_SHADE, 0.04)
    side = [(0.45 * math.cos(math.pi * i / 20), -0.06 + 0.4 * math.sin(math.pi * i / 20)) for i in range(21)]
    pen.polygon(side, CHINA_SHADE)
    pen.polygon([(0.93 * x - 0.03, y - 0.01) for x, y in side], tone(CHINA_SHADE, 0.6))
    pen.ellipse(0, -0.08, 0.45, 0.22, CHINA)
    pen.ellipse(0, -0.07, 0.38, 0.175, CHINA_SHADE)
    pen.ellipse(0, -0.05, 0.36, 0.15, tone(CHINA_SHADE, 0.4))


def tool(pen: Pen, colour: Colour) -> None:
    """Something that sprays: a bottle with a handle and a hose."""
    pen.line([(0.0, -0.33), (0.24, -0.34), (0.31, -0.1), (0.27, 0.1)], 0.06, "#3a3a42")
    pen.polygon([(0.2, 0.08), (0.34, 0.08), (0.37, 0.24), (0.17, 0.24)], "#3a3a42")
    pen.box(-0.2, -0.24, 0.36, 0.68, tone(colour, -0.25), 0.13)
    pen.box(-0.2, -0.24, 0.29, 0.66, colour, 0.12)
    pen.box(-0.15, -0.16, 0.06, 0.46, tone(colour, 0.55), 0.03)
    pen.box(-0.2, 0.02, 0.36, 0.17, "#fbf7ee")
    pen.box(-0.08, -0.36, 0.12, 0.14, "#3a3a42")
    pen.line([(-0.2, -0.44), (0.1, -0.37)], 0.07, "#3a3a42")


def painting(cookbook: Cookbook, kind: Kind) -> tuple[Callable[..., None], tuple[Hashable, ...]]:
    """The painter of something that can be carried, and what to hand it besides the pen."""
    if kind.holder == "tool":
        return tool, (cookbook.spec.tools[kind.name].colour,)
    contents = looks(cookbook, kind.contents)
    if kind.holder == "plate":
        return plate, (serving(cookbook, kind.contents, kind.dish), contents)
    return food, (contents[0],)
