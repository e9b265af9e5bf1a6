"""A page of a study: a title, what stands on it, how far one has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pygame

from brigade.human_play.screens.overlays import Question
from brigade.human_play.window import theme
from brigade.human_play.window.app import App, Screen
from brigade.human_play.window.widgets import Column, Nudge, Widget, nudge_of

WIDE = 620  # pixels of an 800 x 600 window


class Page(Screen):
    """Widgets under a title; the back key asks whether to leave the study.

    Args:
        app: the window.
        title: at the top.
        widgets: from the top.
        place: steps finished, and steps altogether.
        leave: leaves the study for now.
    """

    def __init__(
        self, app: App, title: str, widgets: Sequence[Widget], place: tuple[int, int], leave: Callable[[], None]
    ):
        self.app, self.title, self.place, self.leave = app, title, place, leave
        self.column = Column(widgets, gap=14)
        self.problem = ""
        self.question: Question | None = None

    def handle(self, event: pygame.Event) -> None:
        """Work the widgets."""
        if self.question is not None:
            self.question.handle(event)
        elif nudge_of(event) is Nudge.BACK:
            more = "What you have finished is kept. You can go on later from here."
            self.question = Question("Leave the study?", more, "Leave", "Go on", self.leave, self._stay)
        else:
            self.column.handle(event)

    def draw(self, target: pygame.Surface) -> None:
        """Draw it."""
        size = target.get_size()
        u = theme.unit(size)
        target.fill(theme.BACK)
        wide = round(WIDE * u)
        left = (size[0] - wide) // 2
        height = theme.LARGE * u * 1.25
        height *= min(1.0, wide / max(1, theme.words(self.title, height).get_width()))
        theme.write(target, self.title, (left, 30 * u), height, theme.ACCENT)
        area = pygame.Rect(left, round(76 * u), wide, size[1] - round(140 * u))
        self.column.draw(target, area, u)
        below = size[1] - 44 * u
        if self.problem:
            theme.write(target, self.problem, (left, below), theme.BODY * u, theme.WARN, "midleft")
        self._draw_progress(target, pygame.Rect(left, size[1] - round(22 * u), wide, max(4, round(6 * u))), u)
        if self.question is not None:
            self.question.draw(target, u)

    def _draw_progress(self, target: pygame.Surface, area: pygame.Rect, u: float) -> None:
        done, steps = self.place
        theme.panel(target, area, theme.FIELD, area.h / 2)
        part = pygame.Rect(area.x, area.y, round(area.w * done / max(1, steps)), area.h)
        if part.w >= area.h:
            theme.panel(target, part, theme.GOOD, area.h / 2)

    def _stay(self) -> None:
        self.question = None
