"""The bar along the top: open orders as cards, the score, and the ticks or the time left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pygame

from brigade.envs.kitchen.content.cookbook import Cookbook
from brigade.envs.kitchen.pictures.drawing import GREEN, INK, ORANGE, PAPER, RED, fitted, paste, rounded, sprite, tone
from brigade.envs.kitchen.pictures.drawing_food import food, looks, plate, serving

BAR = "#1b202b"  # behind the cards
PANEL, LABEL = "#323849", "#b9c1d3"
TRACK = "#d9d3c6"  # the part of a time bar that is gone
SOON, URGENT = 0.5, 0.25  # parts of an order's life that are left when its bar changes
LEAST_TEXT, LEAST_POINTS = 15, 9  # nominal font sizes below which a name and the points are left out
LEAST_ICON = 7  # pixels; where ingredients would be smaller, the dish alone is shown
BESIDE_FROM = 1.6  # width over height from which ingredients are beside their dish, not below it
LEAST_CARD = 26  # pixels; where cards would be narrower, or much higher than wide, the last ones become a number


def draw_bar(
    frame: pygame.Surface, area: pygame.Rect, cookbook: Cookbook, described: dict[str, Any], hz: float | None = None
) -> None:
    """Draw the whole bar.

    Args:
        frame: what to draw on.
        area: the bar, in pixels.
        cookbook: where the dishes are.
        described: the kitchen in words.
        hz: ticks per second, to show minutes and seconds; None to show ticks.
    """
    gap = max(1, area.h // 20)
    panel = pygame.Rect(0, area.y, min(round(1.5 * area.h), area.w // 3), area.h).inflate(-2 * gap, -2 * gap)
    panel.right = area.right - gap
    _draw_panel(frame, panel, described, hz)
    cards = pygame.Rect(area.x + gap, panel.y, panel.x - 2 * gap - area.x, panel.h)
    orders: Sequence[dict[str, Any]] = described["orders"]
    places = _places(cards, len(orders), gap)
    for place, order in zip(places, orders, strict=False):
        dish, left = order["dish"], order["ticks_left"]
        part = None if left is None else max(0.0, min(1.0, left / max(1, cookbook.spec.dishes[dish].ticks)))
        _draw_card(frame, place, cookbook, dish, part)
    if places and len(places) < len(orders):
        last = places.pop()  # becomes the number of those that are not shown
        rounded(frame, last, PANEL, max(1, last.h // 12))
        _put(frame, fitted(f"+{len(orders) - len(places)}", last.w * 0.9, last.h // 2, PAPER), last, 0.5)


def _places(area: pygame.Rect, count: int, gap: int) -> list[pygame.Rect]:
    """Where the cards go: side by side from the left, only as many as are wide enough to be read."""
    least = max(LEAST_CARD, 2 * area.h // 5)
    shown = min(count, max(1, (area.w + gap) // (least + gap)))
    if shown == 0 or area.w < 1 or area.h < 1:
        return []
    width = max(1, min((area.w + gap) // shown - gap, round(area.h * 1.9)))
    return [pygame.Rect(area.x + i * (width + gap), area.y, width, area.h) for i in range(shown)]


def _put(frame: pygame.Surface, picture: pygame.Surface | None, area: pygame.Rect, across: float) -> None:
    """Draw a picture in the middle of an area's height, `across` (0 left, 1 right) of its width."""
    if picture is not None:
        paste(frame, picture, area.x + picture.get_width() / 2 + (area.w - picture.get_width()) * across, area.centery)


def _draw_panel(frame: pygame.Surface, area: pygame.Rect, described: dict[str, Any], hz: float | None) -> None:
    """The score, and what is left to be played."""
    if area.w < 4 or area.h < 4:
        return
    rounded(frame, area, PANEL, area.h // 10)
    inner = area.inflate(-area.h // 6, -area.h // 8)
    labels = ("Score", "Ticks left" if hz is None else "Time left")
    left = str(described["ticks_left"]) if hz is None else clock_face(described["ticks_left"] / hz)
    longest = fitted(labels[1], inner.w * 0.52, inner.h * 0.3, LABEL)
    line = longest.get_height() if longest is not None else 0  # both labels in the same size
    for i, (number, colour) in enumerate(((described["score"], "#ffd97a"), (left, PAPER))):
        row = pygame.Rect(inner.x, inner.y + i * inner.h // 2, inner.w, inner.h // 2)
        _put(frame, fitted(labels[i], inner.w * 0.52, line, LABEL), row, 0)
        _put(frame, fitted(str(number), row.w * 0.44, row.h * 0.8, colour), row, 1)


def clock_face(seconds: float) -> str:
    """Minutes and seconds, rounded up so that 0:00 is the end."""
    whole = math.ceil(seconds)
    return f"{whole // 60}:{whole % 60:02}"


def _draw_card(frame: pygame.Surface, area: pygame.Rect, cookbook: Cookbook, dish: str, part: float | None) -> None:
    """One order; `part` of its life is left, or None if it stands."""
    colour = GREEN if part is None or part > SOON else ORANGE if part > URGENT else RED
    urgent = part is not None and part <= URGENT
    corner, edge = max(1, area.h // 12), max(1, area.h // (22 if urgent else 60))
    rounded(frame, area, RED if urgent else "#8d94a5", corner)
    rounded(frame, area.inflate(-2 * edge, -2 * edge), tone(RED, 0.82) if urgent else PAPER, corner)
    pad = max(1, area.h // 14)
    inner = area.inflate(-2 * pad, -2 * pad)
    foot = pygame.Rect(inner.x, 0, inner.w, max(2, round(inner.h * 0.18)))
    foot.bottom = inner.bottom
    top = _draw_name(frame, inner, readable(dish))
    _draw_dish(frame, pygame.Rect(inner.x, top, inner.w, foot.y - top), cookbook, dish)
    _draw_foot(frame, foot, cookbook.spec.dishes[dish].points or 0, part, colour)


@lru_cache(maxsize=256)
def readable(dish: str) -> str:
    """A dish's name in words: `GreenSalad` and `green_salad` become `Green Salad`."""
    spaced = "".join(f" {c}" if c.isupper() and i and not dish[i - 1].isupper() else c for i, c in enumerate(dish))
    return " ".join(word[:1].upper() + word[1:] for word in spaced.replace("_", " ").split())


def _draw_name(frame: pygame.Surface, area: pygame.Rect, name: str) -> int:
    """Write a name in one line, or two, at the top of an area, if it is large enough to read; returns where it ends."""
    line, words = round(area.h * 0.22), name.split()
    halves = min(
        ((" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))),
        key=lambda pair: max(map(len, pair)),
        default=(name,),
    )
    for lines in ((name,), halves):
        pictures = [fitted(words, area.w, line, INK, LEAST_TEXT) for words in lines]
        if all(picture is not None for picture in pictures):
            for i, picture in enumerate(pictures):
                _put(frame, picture, pygame.Rect(area.x, area.y + i * round(0.9 * line), area.w, line), 0.5)
            return area.y + round((1 + 0.9 * (len(lines) - 1)) * line)
    return area.y


def _draw_dish(frame: pygame.Surface, area: pygame.Rect, cookbook: Cookbook, dish: str) -> None:
    """The finished dish and, beside or below it, where there is room, what goes into it."""
    foods = cookbook.spec.sort(cookbook.spec.dishes[dish].of)
    contents = looks(cookbook, foods)
    below = area.w < BESIDE_FROM * area.h
    small = min(area.w / len(foods), area.h * 0.36) if below else min((area.w - area.h) / len(foods), area.h * 0.62)
    small = small if small >= LEAST_ICON else 0.0
    side = min(area.w, area.h - (small if below else 0.0))
    if side < 2:
        return
    row = small * len(foods)
    x = area.centerx if below else area.x + (area.w - side - row) / 2 + side / 2
    y = area.y + (area.h - side - small) / 2 + side / 2 if below else area.centery
    finished = sprite(plate, (serving(cookbook, foods, dish), contents), round(side * 0.98), 1.0)
    paste(frame, finished, x, y)
    first = (area.centerx - row / 2, y + side / 2 + small / 2) if below else (x + side / 2, area.centery)
    for i, look in enumerate(contents if small else ()):
        paste(frame, sprite(food, (look,), round(small * 0.92), 1.0), first[0] + small * (i + 0.5), first[1])


def _draw_foot(frame: pygame.Surface, area: pygame.Rect, points: int, part: float | None, colour: str) -> None:
    """What the dish pays, if there is room to read it, and how much of the order's time is left."""
    pill = pygame.Rect(area.x, area.y, min(area.w if part is None else area.w // 3, round(area.h * 2.2)), area.h)
    words = fitted(f"+{points}", pill.w * 0.8, pill.h, INK, LEAST_POINTS)
    if words is None:
        pill.w = 0
    elif part is None:
        pill.centerx = area.centerx
    rounded(frame, pill, "#f2b632", pill.h // 2)
    _put(frame, words, pill, 0.5)
    if part is None:
        return
    left = pill.right + (max(1, area.h // 5) if pill.w else 0)
    track = pygame.Rect(left, area.y, area.right - left, area.h).inflate(0, -2 * (area.h // 6))
    line = max(1, track.h // 12)
    fill = track.inflate(-2 * line, -2 * line)
    rounded(frame, track, INK, track.h // 2)
    rounded(frame, fill, TRACK, fill.h // 2)
    fill.w = round(fill.w * part)
    rounded(frame, fill, colour, min(fill.h, fill.w) // 2)
    if part <= URGENT:
        _stripe(frame, fill)


def _stripe(frame: pygame.Surface, area: pygame.Rect) -> None:
    """Stripes, so that what is urgent is not told by colour alone."""
    before = frame.get_clip()
    frame.set_clip(area)
    for x in range(area.x - area.h, area.right, max(3, area.h)):
        pygame.draw.line(frame, PAPER, (x, area.bottom), (x + area.h, area.y), max(1, area.h // 4))
    frame.set_clip(before)
