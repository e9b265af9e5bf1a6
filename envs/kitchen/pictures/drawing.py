"""Primitive shapes, colours, text and sprites: what the pictures of a kitchen are painted with.

A picture is a function that paints with a `Pen` in units of a box, so that it looks the same at every size. `sprite`
runs it once at several times its size, shrinks the result to smooth its edges, and keeps it.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Hashable, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

import pygame

from brigade.envs.registry import BrigadeError

if not getattr(pygame, "IS_CE", False):
    raise BrigadeError(
        "pygame is installed where pygame-ce is needed; they overwrite each other: "
        "pip uninstall pygame pygame-ce, then pip install pygame-ce"
    )

Colour = str | pygame.Color | tuple[int, int, int, int]
Point = tuple[float, float]

INK = "#2b2530"  # outlines and dark text
PAPER = "#fbf7ee"  # cards and light text
SHADOW = pygame.Color(20, 16, 30, 70)
# Okabe and Ito's palette, told apart by people with any common form of colour blindness.
BLUE, ORANGE, GREEN, PURPLE = "#0072b2", "#e69f00", "#009e73", "#cc79a7"
SKY, RED = "#56b4e9", "#d55e00"

OUTLINE = 0.028  # width of outlines in units of the box
TEXT_FACTOR = 3  # how many times larger text is written than shown
DEFAULT_FONT_LINE = 0.69  # height of a line of pygame's own font, as a part of its nominal size
DIRECTIONS: dict[str, Point] = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


def tone(colour: Colour, amount: float) -> pygame.Color:
    """The colour moved towards white (`amount` up to 1) or black (down to -1)."""
    return pygame.Color(colour).lerp("white" if amount > 0 else "black", abs(amount))


def blend(colours: Sequence[Colour]) -> pygame.Color:
    """The mean of some colours."""
    given = [pygame.Color(colour) for colour in colours]
    red, green, blue = (sum(channel) // len(given) for channel in zip(*((c.r, c.g, c.b) for c in given), strict=True))
    return pygame.Color(red, green, blue)


class Pen:
    """Draws on a surface in units of a box: (0, 0) is its middle, 1 its side, y points down.

    Args:
        surface: what to draw on.
        x: the box's middle, in pixels.
        y: likewise.
        unit: the box's side in pixels.
    """

    def __init__(self, surface: pygame.Surface, x: float, y: float, unit: float):
        self.surface, self.x, self.y, self.unit = surface, x, y, unit

    def sub(self, x: float, y: float, scale: float) -> Pen:
        """A pen for a box `scale` times as large with its middle at (x, y)."""
        return Pen(self.surface, self.x + x * self.unit, self.y + y * self.unit, self.unit * scale)

    def point(self, x: float, y: float) -> Point:
        """A point of the box in pixels."""
        return self.x + x * self.unit, self.y + y * self.unit

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """A filled ellipse around (x, y)."""
        left, top = self.point(x - rx, y - ry)
        pygame.draw.ellipse(self.surface, colour, (left, top, 2 * rx * self.unit, 2 * ry * self.unit))

    def circle(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A filled circle around (x, y)."""
        self.ellipse(x, y, radius, radius, colour)

    def box(self, x: float, y: float, w: float, h: float, colour: Colour, radius: float = 0) -> None:
        """A filled rectangle with its top left corner at (x, y) and rounded corners."""
        rect = (*self.point(x, y), w * self.unit, h * self.unit)
        pygame.draw.rect(self.surface, colour, rect, border_radius=round(radius * self.unit))

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled polygon."""
        pygame.draw.polygon(self.surface, colour, [self.point(*point) for point in points])

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """A thick line with round joints and ends."""
        for (x, y), (u, v) in pairwise(points):
            length = math.hypot(u - x, v - y) or 1.0
            a, b = (y - v) / length * width / 2, (u - x) / length * width / 2
            self.polygon([(x + a, y + b), (u + a, v + b), (u - a, v - b), (x - a, y - b)], colour)
        for point in points:
            self.circle(*point, width / 2, colour)

    def ring(self, radius: float, width: float, part: float, colour: Colour) -> None:
        """The first `part` (0 to 1) of a ring around the middle, clockwise from the top."""
        steps = max(2, round(64 * part) + 1)
        turns = [part * i / (steps - 1) for i in range(steps)]
        outer = [circle_point(turn, radius) for turn in turns]
        inner = [circle_point(turn, radius - width) for turn in reversed(turns)]
        if part > 0:
            self.polygon(outer + inner, colour)


def circle_point(turn: float, radius: float) -> Point:
    """The point `turn` (0 to 1) of the way clockwise round a circle, from the top."""
    return radius * math.sin(math.tau * turn), -radius * math.cos(math.tau * turn)


def wavy(radius: float, wave: float, waves: int, turn: float = 0.0) -> list[Point]:
    """The outline of a circle whose radius goes up and down."""
    turns = [i / 90 for i in range(90)]
    return [circle_point(t + turn, radius + wave * math.sin(math.tau * waves * t)) for t in turns]


@lru_cache(maxsize=768)
def sprite(
    paint: Callable[..., None], args: tuple[Hashable, ...], unit: int, span: float = 1.1, outline: bool = True
) -> pygame.Surface:
    """A picture with smooth edges, kept for the next time. Draw it with `paste`.

    Args:
        paint: called with a pen and `args`.
        args: what else to hand over; equal arguments must give equal pictures.
        unit: side of the pen's box in pixels.
        span: side of the picture in units of the box, for what reaches beyond it.
        outline: whether to draw a dark line around it.
    """
    side = max(1, round(unit * span))
    factor = 4 if side < 90 else 3 if side < 200 else 2
    canvas = pygame.Surface((side * factor, side * factor), pygame.SRCALPHA, 32)
    paint(Pen(canvas, side * factor / 2, side * factor / 2, unit * factor), *args)
    if outline:
        canvas = _outlined(canvas, max(1.0, OUTLINE * unit) * factor)
    # Premultiplied, or the black of fully transparent pixels would darken every edge.
    return pygame.transform.smoothscale(canvas.premul_alpha(), (side, side))


def _outlined(canvas: pygame.Surface, width: float) -> pygame.Surface:
    mask = pygame.mask.from_surface(canvas, 127)
    shape = mask.to_surface(setcolor=INK, unsetcolor=(0, 0, 0, 0))
    result = pygame.Surface(canvas.get_size(), pygame.SRCALPHA, 32)
    for i in range(16):
        result.blit(shape, circle_point(i / 16, width))
    result.blit(canvas, (0, 0))
    return result


def paste(target: pygame.Surface, picture: pygame.Surface, x: float, y: float) -> None:
    """Draw a sprite with its middle at (x, y), in pixels."""
    corner = (round(x - picture.get_width() / 2), round(y - picture.get_height() / 2))
    target.blit(picture, corner, special_flags=pygame.BLEND_PREMULTIPLIED)


def rounded(target: pygame.Surface, area: pygame.Rect, colour: Colour, radius: int) -> None:
    """Fill an area with rounded corners and smooth edges; nothing if the area is empty."""
    if area.w > 0 and area.h > 0:
        picture = _rounded(area.w, area.h, tuple(pygame.Color(colour)), radius)
        paste(target, picture, area.x + area.w / 2, area.y + area.h / 2)


@lru_cache(maxsize=256)
def _rounded(width: int, height: int, colour: tuple[int, ...], radius: int) -> pygame.Surface:
    canvas = pygame.Surface((3 * width, 3 * height), pygame.SRCALPHA, 32)
    pygame.draw.rect(canvas, colour, canvas.get_rect(), border_radius=3 * radius)
    return pygame.transform.smoothscale(canvas.premul_alpha(), (width, height))


@cache
def _font() -> bytes:
    """The font that comes with pygame, read here: pygame cannot open a path that the locale has no letters for."""
    return Path(pygame.__file__).with_name(pygame.font.get_default_font()).read_bytes()


@lru_cache(maxsize=512)
def text(words: str, size: int, colour: str) -> pygame.Surface:
    """Words in pygame's own font at a nominal size; draw them with `paste`.

    Written large and made smaller, which spaces the letters better than the font's own small sizes.
    """
    pygame.font.init()
    large = pygame.font.Font(io.BytesIO(_font()), TEXT_FACTOR * size).render(words, True, colour)
    small = (max(1, round(large.get_width() / TEXT_FACTOR)), max(1, round(large.get_height() / TEXT_FACTOR)))
    return pygame.transform.smoothscale(large.premul_alpha(), small)


def fitted(words: str, width: float, height: float, colour: str, least: int = 1) -> pygame.Surface | None:
    """Words as large as they fit into a box of pixels, or None if they would be smaller than size `least`."""
    size = int(height / DEFAULT_FONT_LINE)
    while size >= max(1, least):
        picture = text(words, size, colour)
        if picture.get_width() <= width and picture.get_height() <= height:
            return picture
        size = min(size - 1, int(size * width / picture.get_width()))
    return None
