"""After a game: what it came to."""

from __future__ import annotations

from collections.abc import Callable

import pygame

from brigade.envs.kitchen.pictures.drawing import paste, sprite
from brigade.envs.kitchen.pictures.drawing_chefs import CHEFS, chef
from brigade.human_play.game.human_game import HumanGame
from brigade.human_play.screens.overlays import Menu
from brigade.human_play.window import theme
from brigade.human_play.window.app import App
from brigade.human_play.window.widgets import Button
from brigade.simulation.played import result


class ResultScreen(Menu):
    """Shows the figures of a game.

    Args:
        app: the window.
        human_game: the game, over.
        again: plays it again; None when that cannot be.
        on: goes on from here, instead of leaving the screen.
        shows_file: whether to say where the recording is.
    """

    def __init__(
        self, app: App, human_game: HumanGame, again: Callable[[], None] | None, on: Callable[[], None] | None = None,
        shows_file: bool = True,
    ):  # fmt: skip
        self.human_game, self.shows_file = human_game, shows_file
        self.on = on or app.back
        widgets = [Button("Play again", again, main=True)] if again is not None else []
        widgets.append(Button("Go on" if on is not None else "Done", self.on, main=again is None))
        super().__init__(app, widgets)

    def back(self) -> None:
        """The same as the last button."""
        self.on()

    def draw(self, target: pygame.Surface) -> None:
        """Draw score, dishes, and each chef's part in them."""
        size, u = theme.cleared(target)
        played = self.human_game.played
        if played is None:
            return
        middle = size[0] / 2
        top = max(30 * u, (size[1] - 520 * u) / 2)
        ended = "Time is up" if played.finished else "A partner failed" if played.crashed else "Stopped early"
        theme.write(target, ended, (middle, top), theme.LARGE * u, theme.SOFT, "midtop")
        theme.write(target, f"{played.score} points", (middle, top + 34 * u), 46 * u, theme.ACCENT, "midtop")
        stats = played.stats
        told = [_count(stats["served"], "order served", "orders served"),
                _count(stats["missed"], "missed", "missed"), _count(stats["wrong"], "nobody ordered", "nobody ordered"),
                _count(stats["fires"], "fire", "fires")]  # fmt: skip
        theme.write(target, "    ".join(told), (middle, top + 100 * u), theme.BODY * u, theme.WORDS, "midtop")
        self._draw_chefs(target, middle, top + 140 * u, u)
        setup, below = self.human_game.setup, top + 330 * u
        recorder = self.human_game.recorder
        if recorder is not None and (self.shows_file or recorder.failed is not None):
            line = f"recorded in {setup.recording}" if recorder.failed is None else f"not recorded: {recorder.failed}"
            colour = theme.SOFT if recorder.failed is None else theme.WARN
            theme.write(target, line, (middle, below), theme.SMALL * u, colour, "midtop", size[0] - 40 * u)
        area = pygame.Rect(0, 0, round(260 * u), round(110 * u))
        self.column.draw(target, area.move_to(midtop=(round(middle), round(below + 34 * u))), u)

    def _draw_chefs(self, target: pygame.Surface, middle: float, top: float, u: float) -> None:
        played, seats = self.human_game.played, self.human_game.setup.seats
        assert played is not None
        shares = result(played)["contribution_rate"]
        wide = 150 * u
        left = middle - wide * len(seats) / 2
        for number, (seat, share) in enumerate(zip(seats, shares, strict=True)):
            x = left + wide * (number + 0.5)
            paste(target, sprite(chef, (seat.hat, "down", False), round(84 * u), 1.2), x, top + 52 * u)
            colour = theme.readable(CHEFS[seat.hat % len(CHEFS)].colour)
            theme.write(target, seat.label, (x, top + 108 * u), theme.BODY * u, colour, "midtop")
            part = "-" if share is None else f"{share:.0%} of the work in served dishes"
            for row, line in enumerate(theme.wrapped(part, theme.SMALL * u, wide - 12 * u)):
                theme.write(target, line, (x, top + (132 + 16 * row) * u), theme.SMALL * u, theme.SOFT, "midtop")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
