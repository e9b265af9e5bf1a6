"""Putting partners into an order."""

from __future__ import annotations

from dataclasses import dataclass, field

import pygame

from brigade.envs.kitchen.pictures.drawing import paste, sprite
from brigade.envs.kitchen.pictures.drawing_chefs import CHEFS, chef
from brigade.human_play.game import hats
from brigade.human_play.window import theme
from brigade.human_play.window.widgets import Nudge, Widget

ROW = 56  # height of a place, in pixels of an 800 x 600 window


@dataclass
class Places(Widget):
    """A list that is put into order by moving its rows.

    Attributes:
        partners: label and hat of each, in the order they were met.
    """

    partners: tuple[tuple[str, str], ...]
    rows: list[int] = field(default_factory=list)  # numbers of partners, the best first
    at: int = 0  # the row that is worked
    _unit: float = 1.0

    def __post_init__(self) -> None:
        self.rows = list(range(len(self.partners)))

    def order(self) -> list[str]:
        """Labels, the best first."""
        return [self.partners[number][0] for number in self.rows]

    def height(self, width: int, u: float) -> int:
        """A row for each."""
        return round(len(self.rows) * ROW * u)

    def draw(self, target: pygame.Surface, focused: bool, u: float) -> None:
        """Draw every partner's hat at its place."""
        self._unit = u
        for place, number in enumerate(self.rows):
            row = self._row(place)
            theme.frame(target, row, theme.FIELD, focused and place == self.at, u)
            hat = self.partners[number][1]
            theme.write(target, f"{place + 1}.", (row.x + 14 * u, row.centery), theme.LARGE * u, theme.SOFT, "midleft")
            worn = hats.number_of(hat)
            paste(target, sprite(chef, (worn, "down", False), round(38 * u), 1.2), row.x + 74 * u, row.centery + 3 * u)
            colour = theme.readable(CHEFS[worn].colour)
            theme.write(target, f"{hat} hat", (row.x + 110 * u, row.centery), theme.BODY * u, colour, "midleft")
            for up in (True, False):
                self._draw_arrow(target, row, up, u)

    def nudge(self, nudge: Nudge) -> bool:
        """Up and down choose a row, left and right move it."""
        if nudge in (Nudge.LEFT, Nudge.RIGHT):
            self._move(self.at, -1 if nudge is Nudge.LEFT else 1)
            return True
        to = self.at + {Nudge.UP: -1, Nudge.DOWN: 1}.get(nudge, 0)
        moves = to != self.at and 0 <= to < len(self.rows)
        self.at = to if moves else self.at
        return moves

    def click(self, at: tuple[int, int]) -> None:
        """The arrows of a row move it."""
        for place in range(len(self.rows)):
            row = self._row(place)
            if row.collidepoint(at):
                self.at = place
                if at[0] >= row.right - 80 * self._unit:
                    self._move(place, -1 if at[0] < row.right - 40 * self._unit else 1)
                return

    def _move(self, place: int, by: int) -> None:
        to = place + by
        if 0 <= to < len(self.rows):
            self.rows[place], self.rows[to] = self.rows[to], self.rows[place]
            self.at = to

    def _row(self, place: int) -> pygame.Rect:
        high = ROW * self._unit
        return pygame.Rect(self.area.x, round(self.area.y + place * high), self.area.w, round(high - 8 * self._unit))

    def _draw_arrow(self, target: pygame.Surface, row: pygame.Rect, up: bool, u: float) -> None:
        x, y, side = row.right - (60 if up else 20) * u, row.centery, -1 if up else 1
        points = [(x - 9 * u, y - side * 5 * u), (x + 9 * u, y - side * 5 * u), (x, y + side * 8 * u)]
        pygame.draw.polygon(target, theme.WORDS, points)
