"""Pictures of the kitchen's stations, of fire and smoke, and of the marks that tell how far something is."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import NamedTuple

from brigade.envs.kitchen.content.cookbook import Cookbook, Kind
from brigade.envs.kitchen.pictures.drawing import (
    BLUE,
    DIRECTIONS,
    GREEN,
    ORANGE,
    PAPER,
    RED,
    SKY,
    Pen,
    Point,
    blend,
    circle_point,
    tone,
)
from brigade.envs.kitchen.pictures.drawing_food import Look, food, heap, looks, painting, soup_surface

Painting = tuple[Callable[..., None], tuple[Hashable, ...]]  # a painter and what it gets besides the pen

WOOD, STEEL, IRON, GLOW = "#b9824f", "#aab4c0", "#3b3f4a", "#ff8a2a"
WARN_FROM = 0.5  # part of the time until fire from which a pan warns
SMOKE_LEVELS = 3


class Mark(NamedTuple):
    """What is shown at the corner of a station: a ring filled up to `part`, and a sign inside it."""

    part: float  # 0 to 1
    colour: str
    sign: str  # "", "done", "danger", "spray" or "start"


def station(
    cookbook: Cookbook, tile: str, outward: str, kind: Kind | None = None, hot: bool = False
) -> Painting | None:
    """The picture of a tile, or None for floor and plain counters.

    Args:
        cookbook: where the tile is described.
        tile: its name.
        outward: direction away from the kitchen, `left`, `right`, `up` or `down`, for a hatch.
        kind: what is in it, if it is a vessel.
        hot: whether something cooks there.
    """
    if tile not in cookbook.spec.tiles:
        return None
    spec = cookbook.spec.tiles[tile]
    processes = cookbook.spec.processes_at(tile)
    if spec.dispenses is not None:
        given = cookbook.kind(spec.dispenses)
        return (pile if given.holder == "plate" else crate), painting(cookbook, given)
    if spec.vessel is not None:
        contents = looks(cookbook, kind.contents) if kind is not None else ()
        if spec.vessel.interactions is not None:
            return bowl, (contents,)
        return pot, (contents, kind.phase if kind is not None else "")
    if spec.serves:
        return hatch, (outward,)
    if spec.bins:
        return trash, ()
    if any(process.ticks is not None for process in processes.values()):
        return pan, (hot,)
    return (board if processes else mat), ()


def crate(pen: Pen, paint: Callable[..., None], args: tuple[Hashable, ...]) -> None:
    """A wooden crate with what it gives."""
    pen.box(-0.44, -0.34, 0.88, 0.74, tone(WOOD, -0.3), 0.06)
    pen.box(-0.38, -0.29, 0.76, 0.5, tone(WOOD, -0.68), 0.03)
    for x, y, scale in ((-0.19, -0.16, 0.42), (0.19, -0.16, 0.42), (0.0, -0.08, 0.62)):
        paint(pen.sub(x, y, scale), *args)
    pen.box(-0.44, 0.14, 0.88, 0.27, tone(WOOD, -0.1), 0.04)
    pen.box(-0.44, 0.14, 0.88, 0.11, tone(WOOD, 0.18), 0.04)
    pen.box(-0.44, 0.25, 0.88, 0.025, tone(WOOD, -0.45))
    for x in (-0.37, 0.37):
        pen.circle(x, 0.2, 0.022, tone(WOOD, -0.5))
        pen.circle(x, 0.34, 0.022, tone(WOOD, -0.5))


def pile(pen: Pen, paint: Callable[..., None], args: tuple[Hashable, ...]) -> None:
    """A pile of plates on a tray."""
    pen.box(-0.46, 0.02, 0.92, 0.38, tone(STEEL, -0.45), 0.12)
    pen.box(-0.46, 0.02, 0.92, 0.33, tone(STEEL, -0.2), 0.12)
    for i in range(4):
        paint(pen.sub(0, 0.16 - 0.095 * i, 0.84), *args)


def board(pen: Pen) -> None:
    """A cutting board with a knife."""
    pen.box(-0.45, -0.27, 0.9, 0.64, tone(WOOD, -0.25), 0.1)
    pen.box(-0.45, -0.31, 0.9, 0.64, tone(WOOD, 0.5), 0.1)
    for y in (-0.17, 0.0, 0.17):
        pen.box(-0.38, y, 0.6, 0.018, tone(WOOD, 0.3))
    pen.polygon([(0.25, 0.02), (0.25, -0.24), (0.31, -0.29), (0.4, -0.12), (0.4, 0.02)], tone(STEEL, -0.35))
    pen.polygon([(0.27, 0.0), (0.27, -0.22), (0.31, -0.26), (0.375, -0.11), (0.375, 0.0)], tone(STEEL, 0.65))
    pen.box(0.27, 0.02, 0.09, 0.26, IRON, 0.04)


def stove(pen: Pen, hot: bool) -> None:
    """A burner, for what stands on it."""
    pen.box(-0.46, -0.34, 0.92, 0.76, IRON, 0.1)
    pen.box(-0.46, -0.34, 0.92, 0.7, tone(IRON, 0.22), 0.1)
    pen.ellipse(0, 0.04, 0.42, 0.32, GLOW if hot else tone(IRON, -0.35))
    pen.ellipse(0, 0.04, 0.37, 0.27, tone(GLOW, 0.45) if hot else tone(IRON, -0.1))


def pan(pen: Pen, hot: bool) -> None:
    """A pan on a burner."""
    stove(pen, hot)
    pen.line([(0.2, 0.16), (0.43, 0.36)], 0.12, "#1c1d22")
    pen.line([(0.28, 0.22), (0.42, 0.34)], 0.05, tone(WOOD, 0.1))
    pen.ellipse(0, 0.03, 0.36, 0.3, "#1c1d22")
    pen.ellipse(0, 0.0, 0.36, 0.29, "#565b66")
    pen.ellipse(0, 0.02, 0.3, 0.235, "#2c2e35")
    pen.ellipse(-0.06, 0.0, 0.2, 0.13, "#353841")


def pot(pen: Pen, contents: tuple[Look, ...], phase: str) -> None:
    """A pot on a burner, with what is in it."""
    stove(pen, phase == "cooking")
    for side in (-1, 1):
        pen.box(0.36 * side - 0.08, -0.08, 0.16, 0.1, tone(STEEL, -0.5), 0.05)
    pen.ellipse(0, 0.2, 0.36, 0.19, tone(STEEL, -0.4))
    pen.box(-0.36, -0.13, 0.72, 0.34, tone(STEEL, -0.4))
    pen.ellipse(-0.03, 0.18, 0.3, 0.16, tone(STEEL, -0.1))
    pen.box(-0.33, -0.13, 0.6, 0.32, tone(STEEL, -0.1))
    pen.box(-0.26, -0.08, 0.1, 0.32, tone(STEEL, 0.4), 0.05)
    pen.ellipse(0, -0.13, 0.36, 0.22, tone(STEEL, 0.45))
    pen.ellipse(0, -0.12, 0.31, 0.18, "#24262d")
    if contents and phase != "raw":
        soup_surface(pen.sub(0, -0.11, 1), contents, 0.3, 0.165)
    elif contents:
        _in_water(pen.sub(0, -0.11, 1), contents)


def _in_water(pen: Pen, contents: tuple[Look, ...]) -> None:
    pen.ellipse(0, 0.0, 0.3, 0.165, tone(blend([SKY, "#ffffff"]), -0.12))
    for i, look in enumerate(contents):
        food(pen.sub(0.17 * (i - (len(contents) - 1) / 2), -0.05 if i % 2 else 0.0, 0.27), look)


def bowl(pen: Pen, contents: tuple[Look, ...]) -> None:
    """A mixing bowl with a spoon, and what is in it."""
    pen.line([(0.16, -0.1), (0.4, -0.42)], 0.07, tone(WOOD, -0.05))
    side = [circle_point(0.25 + 0.5 * i / 20, 0.44) for i in range(21)]
    pen.polygon([(x, 0.88 * y - 0.02) for x, y in side], tone(BLUE, 0.05))
    pen.polygon([(0.9 * x - 0.03, 0.84 * y - 0.03) for x, y in side], tone(BLUE, 0.35))
    pen.ellipse(0, -0.04, 0.44, 0.24, tone(BLUE, 0.75))
    pen.ellipse(0, -0.02, 0.38, 0.19, tone(BLUE, -0.25))
    if contents:
        heap(pen.sub(0, -0.08, 0.95), contents, 0.34, 0.16)


def hatch(pen: Pen, outward: str) -> None:
    """Where dishes leave: a belt with arrows pointing out of the kitchen, and a bell."""
    dx, dy = DIRECTIONS[outward]
    pen.box(-0.47, -0.37, 0.94, 0.8, tone(GREEN, -0.6), 0.08)
    pen.box(-0.47, -0.37, 0.94, 0.74, tone(GREEN, -0.25), 0.08)
    for i in range(2):
        reach = 0.08 + 0.17 * i
        tip = (dx * (reach + 0.12), dy * (reach + 0.12))
        wings = [(dx * reach + 0.26 * dy * side, dy * reach + 0.26 * dx * side) for side in (-1, 1)]
        pen.line([wings[0], tip, wings[1]], 0.085, "#ffe28a")
    _bell(pen.sub(-0.2 * dx, -0.2 * dy + 0.03, 0.62))


def _bell(pen: Pen) -> None:
    pen.box(-0.4, 0.16, 0.8, 0.16, IRON, 0.06)
    dome = [circle_point(0.75 + 0.5 * i / 20, 0.34) for i in range(21)]
    pen.polygon([(x, y + 0.17) for x, y in dome], "#8a5f00")
    pen.polygon([(0.9 * x, 0.92 * y + 0.16) for x, y in dome], "#f2b632")
    pen.line([(-0.18, 0.05), (-0.1, -0.06)], 0.06, "#fff2c4")
    pen.circle(0, -0.2, 0.07, "#8a5f00")


def trash(pen: Pen) -> None:
    """A bin, open."""
    green = "#5d7466"
    pen.polygon([(-0.36, -0.2), (0.36, -0.2), (0.28, 0.36), (-0.28, 0.36)], tone(green, -0.25))
    pen.ellipse(0, 0.36, 0.28, 0.06, tone(green, -0.25))
    for x in (-0.2, 0.0, 0.2):
        pen.line([(1.08 * x, 0.0), (0.9 * x, 0.34)], 0.055, tone(green, 0.12))
    pen.ellipse(0, -0.2, 0.4, 0.18, tone(green, 0.35))
    pen.ellipse(0, -0.19, 0.33, 0.13, "#1d2420")
    pen.polygon([(-0.12, -0.2), (0.02, -0.28), (0.12, -0.16), (0.02, -0.1)], tone(green, 0.7))
    pen.line([(0.1, -0.24), (0.2, -0.14)], 0.04, "#d9c07a")


def mat(pen: Pen) -> None:
    """Somewhere to put things that does nothing to them."""
    pen.box(-0.42, -0.28, 0.84, 0.6, tone(STEEL, -0.35), 0.08)
    pen.box(-0.37, -0.23, 0.74, 0.5, tone(STEEL, 0.15), 0.06)


def flames(pen: Pen, flip: bool) -> None:
    """A fire."""
    side = -1 if flip else 1
    for colour, scale in ((RED, 1.0), (ORANGE, 0.74), ("#ffe45c", 0.44)):
        for x, height in ((-0.24, 0.62), (0.25, 0.7), (0.0, 0.98)):
            pen.polygon(_tongue(x * side, 0.24 * scale, height * scale, 0.12 * side * scale), colour)


def _tongue(x: float, width: float, height: float, bend: float) -> list[Point]:
    """A drop that stands on its round end, its tip bent to one side."""
    rise = [i / 16 for i in range(17)]
    right = [(x + 2.3 * width * s**0.5 * (1 - s) ** 1.2 + bend * s * s, 0.4 - height * s) for s in rise]
    left = [(x - 2.3 * width * s**0.5 * (1 - s) ** 1.2 + bend * s * s, 0.4 - height * s) for s in reversed(rise)]
    return right + left


def smoke(pen: Pen, level: int) -> None:
    """Smoke, the more the higher the level."""
    puffs = [
        (0.0, -0.1, 0.1), (0.08, -0.24, 0.13), (-0.05, -0.38, 0.14), (-0.16, -0.2, 0.12), (0.14, -0.46, 0.15),
        (-0.16, -0.54, 0.14), (0.24, -0.3, 0.12), (0.02, -0.62, 0.16), (-0.28, -0.4, 0.12),
    ][: 3 * level]  # fmt: skip
    for shade, grow, lift in ((96, 1.0, 0.0), (112, 0.82, 0.02), (128, 0.55, 0.04)):
        for x, y, radius in puffs:
            pen.circle(x, y - lift, grow * radius, (shade, shade - 3, shade + 5, 130 + 35 * level))


def drop(pen: Pen, colour: str) -> None:
    """A drop of water."""
    pen.circle(0, 0.12, 0.2, colour)
    pen.polygon([(0, -0.32), (0.19, 0.07), (-0.19, 0.07)], colour)


def badge(pen: Pen, mark: Mark) -> None:
    """A mark: a dark disc, a ring, a sign."""
    solid = mark.sign in ("done", "danger", "start")
    pen.circle(0, 0, 0.5, "#1f2230")
    pen.circle(0, 0, 0.32, mark.colour if solid else "#39405a")
    pen.ring(0.47, 0.13, 1.0, "#4a516b")
    pen.ring(0.47, 0.13, min(1.0, mark.part), mark.colour)
    if mark.sign == "done":
        pen.line([(-0.15, 0.02), (-0.04, 0.14), (0.17, -0.13)], 0.09, PAPER)
    elif mark.sign == "danger":
        pen.box(-0.05, -0.23, 0.1, 0.27, PAPER, 0.04)
        pen.circle(0, 0.15, 0.06, PAPER)
    elif mark.sign == "spray":
        drop(pen.sub(0, 0, 0.8), SKY)
    elif mark.sign == "start":
        pen.polygon([(-0.1, -0.17), (0.18, 0), (-0.1, 0.17)], PAPER)


def slots(pen: Pen, contents: tuple[Look, ...], capacity: int) -> None:
    """How full a vessel is: one place for each food, in a row from the left."""
    side = min(0.17, 0.56 / capacity)
    pen.box(-0.47, -0.47, side * capacity + 0.04, side + 0.04, "#1f2230", 0.09)
    for i in range(capacity):
        here = pen.sub(-0.45 + side * (i + 0.5), -0.45 + side / 2, side)
        here.circle(0, 0, 0.36, "#39405a")
        if i < len(contents):
            food(here.sub(0, 0, 0.92), contents[i])


def mark_of(cookbook: Cookbook, tile: str, kind: Kind, progress: int, acts: bool) -> Mark | None:
    """The mark for what is on a station.

    Args:
        cookbook: where the station's limits are.
        tile: the station.
        kind: what is on it.
        progress: interactions or ticks done to it.
        acts: whether a chef with empty hands could work or start it now.
    """
    spec = cookbook.spec
    if kind.burning:
        sprays = min((tool.sprays for tool in spec.tools.values()), default=1)
        return Mark(progress / sprays, SKY, "spray")
    if kind.holder == "vessel":
        vessel = spec.vessels[tile]
        if kind.phase == "ready":
            return Mark(1.0, GREEN, "done")
        if kind.phase == "raw" and not acts:
            return None
        starts = kind.phase == "raw" and vessel.ticks is not None
        part = progress / (vessel.ticks or vessel.interactions or 1)
        return Mark(0.0, ORANGE, "start") if starts else Mark(part, SKY, "")
    here = spec.processes_at(tile)
    made = any(process.to == kind.name and not process.fire for process in here.values())
    if kind.name not in here:
        return Mark(1.0, GREEN, "done") if made else None
    process = here[kind.name]
    part = progress / (process.ticks or process.interactions or 1)
    if not process.fire:
        return Mark(part, SKY, "")
    return Mark(part, ORANGE, "done") if made and part < WARN_FROM else Mark(part, RED, "danger")


def smoke_level(cookbook: Cookbook, tile: str, kind: Kind, progress: int) -> int:
    """How much it smokes, from 0 to `SMOKE_LEVELS`: the nearer to catching fire, the more."""
    process = cookbook.spec.processes_at(tile).get(kind.name)
    if process is None or not process.fire:
        return 0
    return min(SMOKE_LEVELS, int((SMOKE_LEVELS + 1) * progress / (process.ticks or 1)))
