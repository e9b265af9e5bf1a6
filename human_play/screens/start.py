"""The start screen: what to play, with whom, how fast and how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pygame

from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.kitchen.pictures.render import render
from brigade.envs.registry import BrigadeError
from brigade.human_play.game.game_options import GameOptions, in_words, partners_offered
from brigade.human_play.game.human_game import HumanGame, Setup
from brigade.human_play.screens.game import GameScreen
from brigade.human_play.screens.key_settings import KeysScreen
from brigade.human_play.screens.overlays import Menu
from brigade.human_play.screens.result import ResultScreen
from brigade.human_play.window import theme
from brigade.human_play.window.app import App, Screen
from brigade.human_play.window.widgets import Button, Choice, Widget
from brigade.simulation.episode import state_after

SECONDS = (60.0, 125.0, 180.0, 300.0)
SPEEDS = {2.0: "very slow", 3.0: "slow", 4.0: "usual", 6.0: "brisk", 8.0: "fast", 12.0: "very fast"}
MODES = {"both": "both may talk", "human": "only you may talk", "agent": "only the partner may talk",
         "nobody": "nobody talks"}  # fmt: skip
PREVIEW_TICKS = 120  # how long the kitchen in the picture has been cooking


class StartScreen(Menu):
    """Chooses a game.

    Args:
        app: the window.
        game_options: what is chosen at first.
        countdown_s: seconds before a game's first tick.
    """

    def __init__(self, app: App, game_options: GameOptions, countdown_s: float = 3.0):
        self.game_options, self.countdown_s = game_options, countdown_s
        self.problem = ""
        self._preview: tuple[Any, pygame.Surface] | None = None
        super().__init__(app, self._widgets(game_options), gap=8)

    def _widgets(self, now: GameOptions) -> list[Widget]:
        titles = {name: load_kitchen(name).spec.title for name in _with(list_kitchens(), now.kitchen)}
        self.kitchen = Choice("Kitchen", titles, now.kitchen)
        partner = next(iter(now.partners), "fsm")
        partners = {name: in_words(name) for name in _with(partners_offered(), partner)}
        self.partner = Choice("Partner", partners, partner)
        lengths = sorted({*SECONDS, *((now.seconds,) if now.seconds is not None else ())})
        own = {None: "the kitchen's own", **{seconds: _length(seconds) for seconds in lengths}}
        self.length = Choice("Length", own, now.seconds)
        self.speed = Choice("Speed", {**SPEEDS, now.hz: SPEEDS.get(now.hz, f"{now.hz:g} ticks a second")}, now.hz)
        self.mode = Choice("Messages", MODES, now.mode)
        self.thoughts = Choice("Its thoughts", {False: "hidden", True: "shown beside the kitchen"}, now.thoughts)
        self.practice = Choice("Practice", {False: "no", True: "yes, with pauses"}, now.practice)
        keys = Button("Keys", lambda: self.app.push(KeysScreen(self.app)))
        return [
            self.kitchen, self.partner, self.length, self.speed, self.mode, self.thoughts, self.practice,
            Button("Cook!", self._play, main=True), keys, Button("Quit", self.back),
        ]  # fmt: skip

    def chosen(self) -> GameOptions:
        """What is chosen now."""
        return replace(
            self.game_options,
            kitchen=self.kitchen.value,
            partners=(self.partner.value,),
            seconds=self.length.value,
            hz=self.speed.value,
            mode=self.mode.value,
            thoughts=self.thoughts.value,
            practice=self.practice.value,
        )

    def draw(self, target: pygame.Surface) -> None:
        """Draw the choices, and the kitchen that is chosen."""
        size, u = theme.cleared(target)
        wide = min(round(size[0] * 0.56), round(520 * u))
        left = round(28 * u)
        theme.write(target, "Brigade", (left, 26 * u), theme.TITLE * u, theme.ACCENT)
        theme.write(target, "The kitchen never waits for anyone.", (left, 70 * u), theme.BODY * u, theme.SOFT)
        area = pygame.Rect(left, round(104 * u), wide - left, size[1] - round((104 + 34) * u))
        self.column.draw(target, area, u)
        below = (left, size[1] - 14 * u)
        if self.problem:
            theme.write(target, self.problem, below, theme.SMALL * u * 1.1, theme.WARN, "midleft")
        else:
            told = "up, down: choose   left, right: change   Enter: do it   or use the mouse"
            theme.write(target, told, below, theme.SMALL * u, theme.SOFT, "midleft")
        beside, across = wide + round(24 * u), size[0] - wide - round(48 * u)
        self._draw_preview(target, pygame.Rect(beside, round(104 * u), across, round(size[1] - 210 * u)), u)

    def _draw_preview(self, target: pygame.Surface, room: pygame.Rect, u: float) -> None:
        kitchen = load_kitchen(self.kitchen.value)
        key = (self.kitchen.value, room.size)
        if self._preview is None or self._preview[0] != key:
            now = state_after(kitchen, "fsm", PREVIEW_TICKS)
            self._preview = (key, render(kitchen, now, (room.w, min(room.w, room.h))))
        picture = self._preview[1]
        target.blit(picture, room.topleft)
        below = pygame.Rect(room.x, room.y + picture.get_height() + round(10 * u), room.w, round(70 * u))
        theme.paragraph(target, kitchen.spec.about, below, theme.SMALL * u * 1.1, theme.SOFT)

    def _play(self) -> None:
        self.game_options = self.chosen()
        try:
            setup = self.game_options.setup(datetime.now())
            ended = partial(_ended, self.app, self._play_again)
            self.app.push(GameScreen(self.app, setup, ended, self.countdown_s))
            self.problem = ""
        except BrigadeError as error:
            self.problem = str(error)

    def _play_again(self) -> None:
        self.app.back()
        self._play()


def play_once(app: App, setup: Setup, countdown_s: float = 3.0) -> Screen:
    """A screen that is one game, then its result, and then goes."""
    return GameScreen(app, setup, partial(_ended, app, None), countdown_s)


def _ended(app: App, again: Callable[[], None] | None, human_game: HumanGame) -> None:
    """Show what a game came to; one that was left just goes."""
    if human_game.over:
        app.show(ResultScreen(app, human_game, again))
    else:
        app.back()


def _with(names: Sequence[str], name: str) -> list[str]:
    """The names, and one more if it is not among them."""
    return list(names) if name in names else [name, *names]


def _length(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:g} minute{'s' if minutes != 1 else ''}" if minutes.is_integer() else f"{seconds:g} seconds"
