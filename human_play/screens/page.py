"""A page of a study: a title, what stands on it, how far one has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pygame

from brigade.human_play.screens.overlays import Menu, Question
from brigade.human_play.window import theme
from brigade.human_play.window.app import App
from brigade.human_play.window.widgets import Widget

WIDE = 620  # pixels of an 800 x 600 window


class Page(Menu):
    """Widgets under a title; the back key asks whether to leave the study.

    Args:
        app: the window.
        title: at the top.
        widgets: from the top.
        place: steps finished, and steps altogether.
        leave: leaves the study for now.

    Attributes:
        leaving: what the back key asks, and says of what is left.
        problem: what is wrong, at the foot.
    """

    leaving = ("Leave the study?", "What you have finished is kept. You can go on later from here.")

    def __init__(
        self, app: App, title: str, widgets: Sequence[Widget], place: tuple[int, int], leave: Callable[[], None]
    ):
        super().__init__(app, widgets, gap=14)
        self.title, self.place, self.leave = title, place, leave
        self.problem = ""

    def back(self) -> None:
        """Ask whether to leave."""
        self.overlay = Question(*self.leaving, "Leave", "Go on", self.leave, self.uncover)

    def draw(self, target: pygame.Surface) -> None:
        """Draw it."""
        size, u = theme.cleared(target)
        wide = round(WIDE * u)
        left = (size[0] - wide) // 2
        theme.write(target, self.title, (left, 30 * u), theme.LARGE * u * 1.25, theme.ACCENT, most=wide)
        area = pygame.Rect(left, round(76 * u), wide, size[1] - round(140 * u))
        self.column.draw(target, area, u)
        theme.write(target, self.problem, (left, size[1] - 44 * u), theme.BODY * u, theme.WARN, "midleft")
        done, steps = self.place
        bar = pygame.Rect(left, size[1] - round(22 * u), wide, max(4, round(6 * u)))
        theme.bar(target, bar, done / max(1, steps), theme.GOOD)
        if self.overlay is not None:
            self.overlay.draw(target, u)
