"""What is drawn around and over the kitchen: bubbles, points, thoughts, presets, the countdown."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pygame

from brigade.agents.base import Observation
from brigade.envs.kitchen.pictures.drawing import paste, rounded, sprite
from brigade.envs.kitchen.pictures.drawing_chefs import CHEFS, chef
from brigade.envs.kitchen.pictures.render import View
from brigade.human_play.game.human_game import Happening, HumanGame, Setup
from brigade.human_play.window import theme
from brigade.simulation.messages import PRESETS

BUBBLE_S, POINTS_S = 4.0, 1.6  # how long words and points are seen
COLOURS = {"served": theme.ACCENT, "missed": theme.BAD, "wrong": theme.BAD, "fire": theme.BAD}
THOUGHTS = {"belief": "What it believes of you", "plan": "What it has set out to do",
            "reflection": "What it has learned", "check": "What became of its plan",
            "look": "What it imagined"}  # fmt: skip
OTHER_THOUGHT = "What it thinks"


def draw_happenings(
    target: pygame.Surface, setup: Setup, human_game: HumanGame, described: Observation, view: View, u: float
) -> None:
    """Draw what has just been said, earned and lost."""
    now = time.perf_counter()
    human_game.happenings = [happening for happening in human_game.happenings if now - happening.at < BUBBLE_S]
    draw_words(target, human_game.happenings, described, view, u)
    aged = [(happening, now - happening.at) for happening in human_game.happenings]
    draw_points(target, setup, aged, described, view, u)


def draw_words(
    target: pygame.Surface, happenings: Iterable[Happening], described: Observation, view: View, u: float
) -> None:
    """Draw what each chef said last."""
    for happening in {each.seat: each for each in happenings if each.kind == "said"}.values():
        if happening.seat is not None:
            x, y = view.middle(*described["chefs"][happening.seat]["at"])
            bubble(target, happening.words, (x, y - 0.72 * view.cell), view, u)


def draw_points(
    target: pygame.Surface, setup: Setup, aged: Iterable[tuple[Happening, float]], described: Observation, view: View,
    u: float,
) -> None:  # fmt: skip
    """Draw what was earned and lost, each with its age in seconds."""
    rows: Counter[str] = Counter()
    for happening, age_s in aged:
        if happening.kind in COLOURS and age_s < POINTS_S:
            points(target, setup, happening, described, view, age_s / POINTS_S, rows[happening.kind], u)
            rows[happening.kind] += 1


def bubble(target: pygame.Surface, line: str, tip: tuple[float, float], view: View, u: float) -> None:
    """Draw what somebody says, in a bubble whose tip is there."""
    high = max(12 * u, 0.2 * view.cell)
    lines = theme.wrapped(line, high, 4.2 * view.cell)
    pictures = [theme.words(each, high, "#2b2530") for each in lines]
    wide = max(p.get_width() for p in pictures) + round(20 * u)
    box = pygame.Rect(0, 0, wide, round((len(lines) * 1.25 + 0.8) * high))
    box.midbottom = (round(tip[0]), round(tip[1]))
    box.clamp_ip(pygame.Rect(4, view.bar + 4, view.size[0] - 8, view.size[1] - view.bar - 8))
    x = min(max(tip[0], box.x + 14 * u), box.right - 14 * u)
    pygame.draw.polygon(target, "#fbf7ee", [(x - 7 * u, box.bottom - 2), (x + 7 * u, box.bottom - 2),
                                            (x, box.bottom + 9 * u)])  # fmt: skip
    rounded(target, box, "#fbf7ee", round(9 * u))
    for i, picture in enumerate(pictures):
        paste(target, picture, box.centerx, box.y + (0.4 + 1.25 * i) * high + high * 0.55)


def points(
    target: pygame.Surface, setup: Setup, happening: Happening, described: Observation, view: View, part: float,
    row: int, u: float,
) -> None:  # fmt: skip
    """Points float up from the hatch, lost ones from the orders."""
    high = max(20 * u, 0.42 * view.cell)
    if happening.kind in ("served", "wrong"):
        x, y = view.middle(*_hatch(setup, described))
        at = (x, y - (0.2 + 0.9 * part + 0.5 * row) * view.cell)
    else:
        at = (view.bar * (0.9 + 1.5 * row), view.bar + (0.6 + 0.4 * part) * high)
    told = {"missed": f"{happening.words} order missed", "wrong": f"{happening.words} nobody ordered this"}
    line = told.get(happening.kind, happening.words)
    picture = theme.words(line, high, COLOURS[happening.kind])
    shade = theme.words(line, high, "#10131a")
    half = picture.get_width() / 2
    x = min(max(at[0], half + 6), view.size[0] - half - 6)
    for dx, dy in ((-2, 0), (2, 0), (0, -2), (0, 2)):
        paste(target, shade, x + dx, at[1] + dy)
    paste(target, picture, x, at[1])


def _hatch(setup: Setup, described: Observation) -> tuple[int, int]:
    """The hatch that a chef stands at, or the first one."""
    kitchen = setup.kitchen
    hatches = [kitchen.cell(i) for i, tile in enumerate(kitchen.tile_names)
               if tile in kitchen.cookbook.spec.tiles and kitchen.cookbook.spec.tiles[tile].serves]  # fmt: skip
    for person in described["chefs"]:
        x, y = person["at"]
        for hatch in hatches:
            if abs(hatch[0] - x) + abs(hatch[1] - y) <= 1.1:
                return hatch
    return hatches[0] if hatches else (0, 0)


def draw_strip(target: pygame.Surface, area: pygame.Rect, setup: Setup, speaks: bool, u: float) -> None:
    """Below the kitchen: who is who, and what can be said."""
    target.fill(theme.BACK, area)
    left = area.x + 8 * u
    for seat in setup.seats:
        picture = sprite(chef, (seat.hat, "down", False), round(34 * u), 1.2)
        paste(target, picture, left + 18 * u, area.centery + 2 * u)
        colour, limit = theme.readable(CHEFS[seat.hat % len(CHEFS)].colour), 100 * u
        label = theme.words(seat.label, theme.BODY * u, colour)
        if label.get_width() > limit:
            label = theme.words(seat.label, theme.BODY * u * limit / label.get_width(), colour)
        target.blit(
            label, (left + 38 * u, area.centery - label.get_height() / 2), special_flags=pygame.BLEND_PREMULTIPLIED
        )
        left += 48 * u + label.get_width()
    theme.write(target, "F1 keys", (area.right - 8 * u, area.bottom - 6 * u), theme.SMALL * u, theme.SOFT, "midright")
    if speaks:
        _presets(target, pygame.Rect(round(left), area.y, round(area.right - left - 8 * u), area.h), u)


def _presets(target: pygame.Surface, area: pygame.Rect, u: float) -> None:
    """The messages that number keys send, in two rows."""
    columns = (len(PRESETS) + 1) // 2
    wide, high = area.w / columns, 22 * u
    longest = max(theme.words(f"{i + 1} {line}", theme.SMALL * u).get_width() for i, line in enumerate(PRESETS))
    size = theme.SMALL * u * min(1.0, (wide - 12 * u) / longest)
    for i, line in enumerate(PRESETS):
        x, y = area.x + (i % columns) * wide, area.y + 6 * u + (i // columns) * (high + 4 * u)
        chip = pygame.Rect(round(x), round(y), round(wide - 4 * u), round(high))
        rounded(target, chip, theme.PANEL, round(6 * u))
        number = theme.write(target, str(i + 1), (chip.x + 5 * u, chip.centery), size, theme.ACCENT, "midleft")
        theme.write(target, line, (number.right + 4 * u, chip.centery), size, theme.WORDS, "midleft")


def draw_thoughts(
    target: pygame.Surface,
    area: pygame.Rect,
    setup: Setup,
    thoughts: Mapping[tuple[int, str], dict[str, Any]],
    u: float,
) -> None:
    """Beside the kitchen: what the thinkers think."""
    target.fill(theme.BACK, area)
    inner = area.inflate(-round(20 * u), -round(20 * u))
    y: float = theme.write(target, "Thoughts", inner.topleft, theme.LARGE * u * 0.9).bottom + 8 * u
    if not thoughts:
        theme.write(target, "none so far", (inner.x, y), theme.BODY * u, theme.SOFT)
    for (seat, kind), thought in sorted(thoughts.items()):
        if y > inner.bottom - 40 * u:
            break
        title = THOUGHTS.get(kind, OTHER_THOUGHT)
        if sum(not s.human for s in setup.seats) > 1:
            title = f"{setup.seats[seat].label}: {title}"
        y = theme.paragraph(target, title, _from(inner, y), theme.SMALL * u * 1.08, theme.ACCENT)
        y = theme.paragraph(target, in_words(thought), _from(inner, y), theme.SMALL * u * 1.08) + 10 * u


def _from(area: pygame.Rect, y: float) -> pygame.Rect:
    return pygame.Rect(area.x, round(y), area.w, max(0, area.bottom - round(y)))


def in_words(thought: Mapping[str, Any]) -> str:
    """What a thought came to, for people."""
    value = thought.get("value")
    if isinstance(value, list):
        return "\n".join(str(line) for line in value) or "nothing in particular: its hands know best"
    return str(value) if value else f"({thought.get('outcome', 'nothing')})"


def draw_countdown(target: pygame.Surface, area: pygame.Rect, setup: Setup, left_s: float, u: float) -> None:
    """Before the first tick: who you are, and how long it is until then."""
    card = pygame.Rect(0, 0, round(380 * u), round(190 * u)).move_to(center=area.center)
    theme.panel(target, card, (27, 32, 43, 235), 14 * u)
    me = next((seat for seat in setup.seats if seat.human), None)
    if me is not None:
        paste(target, sprite(chef, (me.hat, "down", False), round(70 * u), 1.2), card.x + 66 * u, card.y + 84 * u)
        at = (card.x + 124 * u, card.y + 52 * u)
        theme.write(target, "You are the", at, theme.BODY * u, theme.SOFT)
        theme.write(target, CHEFS[me.hat % len(CHEFS)].name, (at[0], at[1] + 24 * u), theme.LARGE * u)
    theme.write(
        target, str(max(1, int(left_s) + 1)), (card.centerx, card.bottom - 36 * u), 40 * u, theme.ACCENT, "center"
    )


def draw_banner(target: pygame.Surface, area: pygame.Rect, line: str, u: float) -> None:
    """Large words in the middle."""
    card = pygame.Rect(0, 0, round(360 * u), round(90 * u)).move_to(center=area.center)
    theme.panel(target, card, (27, 32, 43, 235), 14 * u)
    theme.write(target, line, card.center, 34 * u, theme.ACCENT, "center")


def draw_note(target: pygame.Surface, area: pygame.Rect, line: str, u: float) -> None:
    """A sentence at the foot of the kitchen."""
    lines = theme.wrapped(line, theme.BODY * u, area.w * 0.8)
    wide = max(theme.words(each, theme.BODY * u).get_width() for each in lines)
    card = pygame.Rect(0, 0, wide + round(30 * u), round((len(lines) * 21 + 14) * u))
    card.midbottom = (area.centerx, area.bottom - round(12 * u))
    theme.panel(target, card, theme.BACK, 9 * u)
    for i, each in enumerate(lines):
        theme.write(target, each, (card.centerx, card.y + (9 + 21 * i) * u), theme.BODY * u, anchor="midtop")
