"""The start screen: what to play, with whom, how fast and how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args

import pygame

from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.kitchen.pictures.render import render
from brigade.envs.registry import BrigadeError
from brigade.human_play.game.game_options import GameOptions, in_words, partners_offered
from brigade.human_play.game.human_game import HumanGame, Setup
from brigade.human_play.screens.game import GameScreen
from brigade.human_play.screens.key_settings import KeysScreen
from brigade.human_play.screens.result import ResultScreen
from brigade.human_play.window import theme
from brigade.human_play.window.app import App, Screen
from brigade.human_play.window.widgets import Button, Choice, Column, Nudge, Widget, nudge_of
from brigade.simulation.episode import state_after
from brigade.simulation.messages import Mode

SECONDS = (60.0, 125.0, 180.0, 300.0)
SPEEDS = {"very slow": 2.0, "slow": 3.0, "usual": 4.0, "brisk": 6.0, "fast": 8.0, "very fast": 12.0}
MODES = {"both": "both may talk", "human": "only you may talk", "agent": "only the partner may talk",
         "nobody": "nobody talks"}  # fmt: skip
PREVIEW_TICKS = 120  # how long the kitchen in the picture has been cooking


class StartScreen(Screen):
    """Chooses a game.

    Args:
        app: the window.
        game_options: what is chosen at first.
        countdown_s: seconds before a game's first tick.
    """

    def __init__(self, app: App, game_options: GameOptions, countdown_s: float = 3.0):
        self.app, self.game_options, self.countdown_s = app, game_options, countdown_s
        self.problem = ""
        self.kitchens = _with(list_kitchens(), game_options.kitchen)
        self.partners = _with(partners_offered(), game_options.partners[0] if game_options.partners else "fsm")
        self.lengths = sorted({*SECONDS, *((game_options.seconds,) if game_options.seconds is not None else ())})
        self.speeds = (
            SPEEDS
            if game_options.hz in SPEEDS.values()
            else {**SPEEDS, f"{game_options.hz:g} ticks a second": game_options.hz}
        )
        self._preview: tuple[Any, pygame.Surface] | None = None
        self.column = Column(self._widgets(), gap=8)

    def _widgets(self) -> list[Widget]:
        game_options = self.game_options
        titles = [load_kitchen(name).spec.title for name in self.kitchens]
        self.kitchen = Choice("Kitchen", titles, self.kitchens.index(game_options.kitchen))
        partner = game_options.partners[0] if game_options.partners else "fsm"
        self.partner = Choice("Partner", [in_words(name) for name in self.partners], self.partners.index(partner))
        own = ["the kitchen's own", *(_length(seconds) for seconds in self.lengths)]
        at = 0 if game_options.seconds is None else 1 + self.lengths.index(game_options.seconds)
        self.length = Choice("Length", own, at)
        speed = list(self.speeds.values()).index(game_options.hz)
        self.speed = Choice("Speed", list(self.speeds), speed)
        self.mode = Choice("Messages", list(MODES.values()), list(get_args(Mode)).index(game_options.mode))
        self.thoughts = Choice("Its thoughts", ("hidden", "shown beside the kitchen"), int(game_options.thoughts))
        self.practice = Choice("Practice", ("no", "yes, with pauses"), int(game_options.practice))
        return [
            self.kitchen, self.partner, self.length, self.speed, self.mode, self.thoughts, self.practice,
            Button("Cook!", self._play, main=True), Button("Keys", self._keys), Button("Quit", self.app.back),
        ]  # fmt: skip

    def chosen(self) -> GameOptions:
        """What is chosen now."""
        at = self.length.index
        return replace(
            self.game_options,
            kitchen=self.kitchens[self.kitchen.index],
            partners=(self.partners[self.partner.index],),
            seconds=None if at == 0 else self.lengths[at - 1],
            hz=self.speeds[self.speed.value],
            mode=get_args(Mode)[self.mode.index],
            thoughts=bool(self.thoughts.index),
            practice=bool(self.practice.index),
        )

    def handle(self, event: pygame.Event) -> None:
        """Work the choices; the back key leaves."""
        if nudge_of(event) is Nudge.BACK:
            self.app.back()
        else:
            self.column.handle(event)

    def draw(self, target: pygame.Surface) -> None:
        """Draw the choices, and the kitchen that is chosen."""
        size = target.get_size()
        u = theme.unit(size)
        target.fill(theme.BACK)
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
        room = pygame.Rect(
            wide + round(24 * u), round(104 * u), size[0] - wide - round(48 * u), round(size[1] - 210 * u)
        )
        self._draw_preview(target, room, u)

    def _draw_preview(self, target: pygame.Surface, room: pygame.Rect, u: float) -> None:
        name = self.kitchens[self.kitchen.index]
        key = (name, room.size)
        if self._preview is None or self._preview[0] != key:
            kitchen = load_kitchen(name)
            side = min(room.w, room.h)
            picture = render(kitchen, state_after(kitchen, "fsm", PREVIEW_TICKS), (room.w, side))
            self._preview = (key, picture)
        picture = self._preview[1]
        target.blit(picture, room.topleft)
        below = pygame.Rect(room.x, room.y + picture.get_height() + round(10 * u), room.w, round(70 * u))
        theme.paragraph(target, load_kitchen(name).spec.about, below, theme.SMALL * u * 1.1, theme.SOFT)

    def _keys(self) -> None:
        self.app.push(KeysScreen(self.app))

    def _play(self) -> None:
        self.game_options = self.chosen()
        try:
            setup = self.game_options.setup(datetime.now())
            self.app.push(GameScreen(self.app, setup, self._ended, self.countdown_s))
            self.problem = ""
        except BrigadeError as error:
            self.problem = str(error)

    def _ended(self, human_game: HumanGame) -> None:
        if human_game.over:
            self.app.show(ResultScreen(self.app, human_game, self._play_again))
        else:
            self.app.back()

    def _play_again(self) -> None:
        self.app.back()
        self._play()


def play_once(app: App, setup: Setup, countdown_s: float = 3.0) -> Screen:
    """A screen that is one game, then its result, and then goes."""

    def ended(human_game: HumanGame) -> None:
        if human_game.over:
            app.show(ResultScreen(app, human_game, None))
        else:
            app.back()

    return GameScreen(app, setup, ended, countdown_s)


def _with(names: Sequence[str], name: str) -> list[str]:
    """The names, and one more if it is not among them."""
    return list(names) if name in names else [name, *names]


def _length(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:g} minute{'s' if minutes != 1 else ''}" if minutes.is_integer() else f"{seconds:g} seconds"
