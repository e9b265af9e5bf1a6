"""Colours, words and surfaces that all screens share."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import pygame

from brigade.envs.kitchen.pictures.drawing import (
    DEFAULT_FONT_LINE,
    GREEN,
    ORANGE,
    PAPER,
    RED,
    SKY,
    Colour,
    rounded,
    text,
    tone,
)

BACK, PANEL, FIELD, EDGE = "#1b202b", "#2a3242", "#3a4459", "#56627c"
WORDS, SOFT, ACCENT = PAPER, "#b9c1d3", "#ffd97a"
GOOD, WARN, BAD, COOL = GREEN, ORANGE, RED, SKY
SMALL, BODY, LARGE, TITLE = 12, 15, 21, 34  # heights of a line of words, in pixels of an 800 x 600 window
REFERENCE = (800, 600)

Anchor = Literal["topleft", "midtop", "topright", "midleft", "center", "midright", "midbottom", "bottomleft"]


def unit(size: tuple[int, int]) -> float:
    """How many pixels one pixel of an 800 x 600 window is in a window of this size."""
    return min(size[0] / REFERENCE[0], size[1] / REFERENCE[1])


def words(line: str, height: float, colour: str = WORDS) -> pygame.Surface:
    """A line of words, so high in pixels."""
    return text(line, max(6, round(height / DEFAULT_FONT_LINE)), colour)


def cleared(target: pygame.Surface) -> tuple[tuple[int, int], float]:
    """Clear the window; returns its size and `unit`."""
    target.fill(BACK)
    return target.get_size(), unit(target.get_size())


def write(
    target: pygame.Surface, line: str, at: tuple[float, float], height: float, colour: str = WORDS,
    anchor: Anchor = "topleft", most: float | None = None,
) -> pygame.Rect:  # fmt: skip
    """Write a line, smaller where it would be wider than `most`; returns where it stands."""
    if not line:
        return pygame.Rect(round(at[0]), round(at[1]), 0, round(height))
    if most is not None:
        height *= min(1.0, most / max(1, words(line, height).get_width()))
    picture = words(line, height, colour)
    place = picture.get_rect(**{anchor: (round(at[0]), round(at[1]))})
    target.blit(picture, place, special_flags=pygame.BLEND_PREMULTIPLIED)
    return place


@lru_cache(maxsize=256)
def wrapped(paragraph: str, height: float, width: float) -> tuple[str, ...]:
    """The lines of some text, broken so that each fits; line breaks in it are kept, words too long are cut."""
    lines: list[str] = []
    for given in paragraph.strip().split("\n"):
        line = ""
        for word in given.split():
            tried = f"{line} {word}" if line else word
            if words(tried, height).get_width() <= width:
                line = tried
                continue
            if line:
                lines.append(line)
            while words(word, height).get_width() > width and len(word) > 1:
                kept = _fitting(word, height, width)
                lines.append(word[:kept])
                word = word[kept:]
            line = word
        lines.append(line)
    return tuple(lines)


def _fitting(word: str, height: float, width: float) -> int:
    """How many letters of a word fit, at least one."""
    return next((n for n in range(len(word), 1, -1) if words(word[:n], height).get_width() <= width), 1)


def paragraph(target: pygame.Surface, given: str, area: pygame.Rect, height: float, colour: str = WORDS) -> int:
    """Write text broken into lines from the top of an area; returns the y below the last line."""
    y = float(area.y)
    for line in wrapped(given, height, area.w):
        write(target, line, (area.x, y), height, colour)
        y += height * 1.4
    return round(y)


def panel(target: pygame.Surface, area: pygame.Rect, colour: Colour = PANEL, corner: float = 8) -> None:
    """A panel with round corners."""
    rounded(target, area, colour, max(2, round(corner)))


def bar(target: pygame.Surface, area: pygame.Rect, part: float, colour: str) -> None:
    """How much there is of something, 0 to 1."""
    panel(target, area, FIELD, area.h / 2)
    drawn = pygame.Rect(area.x, area.y, round(area.w * part), area.h)
    if drawn.w >= area.h:
        panel(target, drawn, colour, area.h / 2)


def frame(target: pygame.Surface, area: pygame.Rect, colour: str, focused: bool, u: float) -> None:
    """A box; with a bright edge when it has the focus."""
    if focused:
        panel(target, area.inflate(round(5 * u), round(5 * u)), ACCENT, 9 * u)
    panel(target, area, colour, 7 * u)


def readable(colour: str) -> str:
    """A colour, light enough for words on the dark of the window."""
    light = tone(colour, 0.4)
    return f"#{light.r:02x}{light.g:02x}{light.b:02x}"


@lru_cache(maxsize=4)
def veil(size: tuple[int, int]) -> pygame.Surface:
    """What is laid over a screen that a question stands before."""
    surface = pygame.Surface(size, pygame.SRCALPHA, 32)
    surface.fill((12, 14, 20, 170))
    return surface
