"""What a person who plays the verifier looks at: passages, patches of pixels, plans, and the kitchen in the dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pygame

from brigade.envs.kitchen.pictures.render import render, view_of
from brigade.envs.prover_verifier.games.find_plus import PATCH
from brigade.envs.prover_verifier.games.words import Passage
from brigade.human_play.verifier.verifier_item import Choice, Sight
from brigade.human_play.window import theme
from brigade.human_play.window.widgets import Button, Widget

PAD = 10  # around what stands in a panel, in pixels of an 800 x 600 window
LINE = 1.4  # from line to line, in heights of a line
PIXEL = 22  # side of a pixel of a patch
ON, OFF = theme.ACCENT, theme.BACK
NO_CHOICE = Choice(0, "", "")
DARK = (12, 14, 20, 165)  # over what the verifier does not see


@dataclass
class PassageBox(Widget):
    """Something that has been said, in a panel of its own.

    Attributes:
        passage: what.
        size: height of a line, in pixels of an 800 x 600 window.
    """

    passage: Passage
    size: int = theme.BODY
    takes_focus = False

    def height(self, width: int, u: float) -> int:
        """Speaker, lines, patch and plan, one below the other."""
        inner = width - round(2 * PAD * u)
        rows = sum(len(theme.wrapped(line, self.size * u, inner)) for line in self.passage.lines)
        high = rows * self.size * LINE * u + (theme.SMALL * LINE * u if self.passage.heading else 0)
        patch = PATCH * PIXEL * u + 6 * u if self.passage.patch else 0
        return round(high + patch + self._plan(None, inner, 0, u) + 1.6 * PAD * u)

    def draw(self, target: pygame.Surface, focused: bool, u: float) -> None:
        """Draw it."""
        said = self.passage
        theme.panel(target, self.area, theme.PANEL, 7 * u)
        inner = self.area.inflate(-round(2 * PAD * u), 0)
        y = self.area.y + round(0.8 * PAD * u)
        if said.heading:
            theme.write(target, said.heading, (inner.x, y), theme.SMALL * u, theme.SOFT)
            y += round(theme.SMALL * LINE * u)
        for line in said.lines:
            y = theme.paragraph(target, line, pygame.Rect(inner.x, y, inner.w, 0), self.size * u)
        if said.patch:
            y = self._patch(target, inner.x, y + round(3 * u), u)
        self._plan(target, inner.w, y, u)

    def _patch(self, target: pygame.Surface, left: int, top: int, u: float) -> int:
        side = max(2, round(PIXEL * u))
        for number, pixel in enumerate(self.passage.patch):
            x, y = left + number % PATCH * side, top + number // PATCH * side
            box = pygame.Rect(x, y, side, side).inflate(-max(1, side // 10), -max(1, side // 10))
            theme.panel(target, box, ON if pixel else OFF, side / 8)
        return top + PATCH * side

    def _plan(self, target: pygame.Surface | None, width: int, top: float, u: float) -> float:
        """Write the plan of every chef in a column of its own, if there is a target; how high it is, either way."""
        plan, size = self.passage.plan, (theme.SMALL + 1) * u
        if not plan:
            return 0
        gap, highest = 14 * u, 0.0
        wide = (width - gap * (len(plan) - 1)) / len(plan)
        for place, (title, steps) in enumerate(plan):
            x, y = self.area.x + PAD * u + place * (wide + gap), top + 6 * u
            if target is not None:
                theme.write(target, f"{title}, from tick", (x, y), theme.SMALL * u, theme.SOFT)
            y += theme.SMALL * LINE * u
            for step in steps or ("nothing",):
                for line in theme.wrapped(step, size, wide):
                    if target is not None:
                        theme.write(target, line, (x, y), size)
                    y += size * LINE
            highest = max(highest, y - top)
        return highest


@dataclass
class Beside(Widget):
    """Widgets side by side that cannot be worked."""

    widgets: Sequence[Widget]
    takes_focus = False

    def _wide(self, width: int, u: float) -> int:
        return round((width - PAD * u * (len(self.widgets) - 1)) / len(self.widgets))

    def height(self, width: int, u: float) -> int:
        """That of the highest."""
        return max(widget.height(self._wide(width, u), u) for widget in self.widgets)

    def draw(self, target: pygame.Surface, focused: bool, u: float) -> None:
        """Draw them, all equally wide."""
        wide = self._wide(self.area.w, u)
        for place, widget in enumerate(self.widgets):
            left = self.area.x + round(place * (wide + PAD * u))
            widget.area = pygame.Rect(left, self.area.y, wide, self.area.h)
            widget.draw(target, False, u)


@dataclass
class ChoiceButton(Button):
    """A question, or a checkpoint to be looked at; once it has been, with what was there.

    Attributes:
        choice: which.
        key: the number key that does the same.
        cost: in points.
    """

    choice: Choice = NO_CHOICE
    key: int = 0
    cost: float = 0.0

    def height(self, width: int, u: float) -> int:
        """As many lines as it takes."""
        return round((len(self._lines(width, u)) * theme.BODY * LINE + 12) * u)

    def _lines(self, width: int, u: float) -> tuple[str, ...]:
        return theme.wrapped(self._words(), theme.BODY * u, width - round(58 * u))

    def _words(self) -> str:
        choice = self.choice
        if choice.answer is None:
            price = f"  (-{self.cost:g})" if self.cost and self.enabled else ""
            return f"{choice.verb} {choice.label}{price}"
        return f"{choice.label}: {'it is so' if choice.holds else f'not so, there: {choice.answer}'}"

    def draw(self, target: pygame.Surface, focused: bool, u: float) -> None:
        """Draw its key, and what it is about or what was seen."""
        seen = self.choice.answer is not None
        theme.frame(target, self.area, theme.FIELD if seen or not self.enabled else theme.EDGE, focused, u)
        middle = (self.area.x + 22 * u, self.area.centery)
        mark(target, middle, 12 * u, str(self.key), self.choice.holds)
        colour = theme.WORDS if seen or self.enabled else theme.SOFT
        y = self.area.y + 6 * u + theme.BODY * u * (LINE - 1) / 2
        for line in self._lines(self.area.w, u):
            theme.write(target, line, (self.area.x + 46 * u, y), theme.BODY * u, colour)
            y += theme.BODY * LINE * u


def mark(target: pygame.Surface, at: tuple[float, float], radius: float, words: str, holds: bool | None) -> None:
    """A checkpoint's number in a disc: with a tick once it is known to hold, with a cross if not."""
    colour = theme.ACCENT if holds is None else theme.GOOD if holds else theme.BAD
    middle, wide = pygame.Vector2(at), max(2, round(radius / 5))
    pygame.draw.circle(target, theme.BACK, middle, radius + wide * 0.6)
    pygame.draw.circle(target, colour, middle, radius)
    if holds is None:
        theme.write(target, words, at, radius * 1.25, theme.BACK, "center")
        return
    strokes = [(-0.45, 0.05, -0.1, 0.4), (-0.1, 0.4, 0.5, -0.4)] if holds else [
        (-0.4, -0.4, 0.4, 0.4), (-0.4, 0.4, 0.4, -0.4)]  # fmt: skip
    for x, y, to_x, to_y in strokes:
        ends = (middle + radius * pygame.Vector2(x, y), middle + radius * pygame.Vector2(to_x, to_y))
        pygame.draw.line(target, theme.WORDS, *ends, wide)


def draw_sight(sight: Sight, size: tuple[int, int], u: float) -> pygame.Surface:
    """The kitchen as far as the verifier sees it, with letters and numbers around it, and the checkpoints' marks."""
    kitchen = sight.kitchen
    rim = round(18 * u)
    inner = (max(1, size[0] - rim), max(1, size[1] - rim))
    picture = render(kitchen, sight.described, inner)
    view = view_of(kitchen, inner)
    veil = pygame.Surface((view.cell, view.cell), pygame.SRCALPHA, 32)
    veil.fill(DARK)
    for cell in set(range(kitchen.width * kitchen.height)) - sight.near:
        picture.blit(veil, (view.left + cell % kitchen.width * view.cell, view.top + cell // kitchen.width * view.cell))
    shared: dict[int, int] = {}  # marks on each cell so far: several checkpoints may be about the same one
    for point, holds in sight.points:
        x, y = view.middle(point.cell % kitchen.width, point.cell // kitchen.width)
        place = shared[point.cell] = shared.get(point.cell, 0) + 1
        across = (place - 1) * 0.3 - 0.3
        mark(picture, (x + across * view.cell, y - 0.3 * view.cell), 0.19 * view.cell, str(point.number + 1), holds)
    surface = pygame.Surface(size)
    surface.fill(theme.BACK)
    surface.blit(picture, (rim, 0))
    for x in range(kitchen.width):
        at = (rim + view.middle(x, 0)[0], inner[1] + rim / 2)
        theme.write(surface, chr(ord("A") + x % 26), at, theme.SMALL * u, theme.SOFT, "center")
    for y in range(kitchen.height):
        theme.write(surface, str(y + 1), (rim / 2, view.middle(0, y)[1]), theme.SMALL * u, theme.SOFT, "center")
    return surface
