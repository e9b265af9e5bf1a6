"""The game itself: the kitchen, gliding chefs, what is said, and the questions before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pygame

from brigade.agents.base import Observation
from brigade.envs.kitchen.pictures.render import View, render, view_of, warm
from brigade.human_play.game import hud
from brigade.human_play.game.gliding import GLIDE, SIDE, glided
from brigade.human_play.game.human_game import HumanGame, Setup
from brigade.human_play.screens.overlays import Covered, Help, Paused, Question
from brigade.human_play.window import theme
from brigade.human_play.window.app import App
from brigade.human_play.window.input import Command, Controls
from brigade.simulation.messages import may_speak

COUNTDOWN_S = 3.0
LINGER_S = 1.2  # how long the last picture stays
STRIP = 62  # height of what is below the kitchen, in pixels of an 800 x 600 window

Ended = Callable[[HumanGame], None]


class GameScreen(Covered):
    """One game, from the countdown to its end.

    Args:
        app: the window.
        setup: what is played.
        ended: is called once with the game, when it is over or was left.
        countdown_s: seconds before the first tick.

    Attributes:
        human_game: the game.
    """

    def __init__(self, app: App, setup: Setup, ended: Ended, countdown_s: float = COUNTDOWN_S):
        self.app, self.setup, self.ended = app, setup, ended
        self.countdown_s = countdown_s
        people = sum(seat.human for seat in setup.seats)
        self.controls = Controls(app.bindings, max(1, people), app.pump, app.pads)
        self.thoughts_shown = setup.shows_thoughts and setup.may_restart
        self._told = False
        self._over_at: float | None = None
        self._last: tuple[object, list[pygame.Rect]] = (None, [])
        self._warmed: tuple[int, int] | None = None
        self._warming: Iterator[None] = iter(())
        self._sit()

    @property
    def next_tick_at(self) -> float | None:
        """When the next tick is due."""
        return self.human_game.next_tick_at

    def work(self, event: pygame.Event) -> None:
        """Steer, speak or pause."""
        meaning = self.controls.read(event)
        if isinstance(meaning, int):
            if self.speaks:
                self.human_game.people[0].say(meaning)
        elif meaning is not None:
            self._command(meaning)

    def draw(self, target: pygame.Surface) -> list[pygame.Rect] | None:
        """Draw the kitchen as it is at this moment, and everything around it."""
        self._go_on()
        size = target.get_size()
        u = theme.unit(size)
        side = round(size[0] * SIDE) if self.thoughts_shown else 0
        strip = round(STRIP * u)
        area = (size[0] - side, size[1] - strip)
        described = glided(self.human_game.before, self.human_game.now, min(1.0, self.human_game.part / GLIDE))
        hats = [seat.hat for seat in self.setup.seats]
        if self._begin_at is not None:
            self._warm(area, hats)
        target.blit(render(self.setup.kitchen, described, area, hats, self.setup.hz), (0, 0))
        view = view_of(self.setup.kitchen, area)
        hud.draw_happenings(target, self.setup, self.human_game, described, view, u)
        hud.draw_strip(target, pygame.Rect(0, area[1], size[0], strip), self.setup, self.speaks, u)
        if side:
            place = pygame.Rect(area[0], 0, side, area[1])
            hud.draw_thoughts(target, place, self.setup, self.human_game.thoughts, u)
        self._draw_before(target, pygame.Rect((0, 0), area), u)
        return self._changed(described, view)

    async def close(self) -> None:
        """End the game where it is; its recording is kept."""
        await self.human_game.stop()

    @property
    def speaks(self) -> bool:
        """Whether the person can say something, and somebody hears it."""
        return len(self.setup.seats) > 1 and may_speak(self.setup.mode, human=True)

    def _sit(self) -> None:
        self.human_game = HumanGame(self.setup, self.controls.sticks)
        self._begin_at: float | None = time.perf_counter() + self.countdown_s

    def _go_on(self) -> None:
        """Begin when the countdown is over, and tell when the game is."""
        now = time.perf_counter()
        if self._begin_at is not None and self.overlay is None and now >= self._begin_at:
            self._begin_at = None
            self.controls.let_go()
            self.human_game.begin()
        if self.human_game.over and not self._told:
            self._over_at = self._over_at or now
            if now - self._over_at >= LINGER_S:
                self._tell()
        recorder = self.human_game.recorder
        if recorder is not None and recorder.failed is not None:
            self.tell(f"The recording has stopped: {recorder.failed}. The game goes on.")

    def _warm(self, area: tuple[int, int], hats: list[int]) -> None:
        """Before the game, when there is time: paint what will be seen in it."""
        if self._warmed != area:
            self._warmed, self._warming = area, warm(self.setup.kitchen, area, hats)
        next(self._warming, None)

    def _changed(self, described: Observation, view: View) -> list[pygame.Rect] | None:
        """Between two ticks of a quiet game only chefs move: the places around them, now and in the last frame."""
        side = round(view.cell * 1.7)
        middles = [view.middle(*person["at"]) for person in described["chefs"]]
        places = [pygame.Rect(0, 0, side, side).move_to(center=(round(x), round(y))) for x, y in middles]
        quiet = not (self.overlay or self.note or self.human_game.happenings or self._begin_at or self.human_game.over)
        frame = (self.human_game.ticks, view, self.thoughts_shown, quiet)
        before, self._last = self._last, (frame, places)
        return [*before[1], *places] if quiet and before[0] == frame else None

    def _tell(self) -> None:
        self.uncover()
        self._told = True
        self.ended(self.human_game)

    def _command(self, command: Command) -> None:
        if self.human_game.over:
            return
        if command == "pause":
            self._pause()
        elif command == "help":
            self.overlay = Help(self.app.bindings, self.setup, self.uncover)
        elif command == "thoughts" and self.setup.shows_thoughts:
            self.thoughts_shown = not self.thoughts_shown
        elif command == "restart":
            self._restart()
        elif command == "leave":
            self._leave()

    def _pause(self) -> None:
        if not self.setup.may_pause:
            self.tell("The kitchen never waits: only practice and games alone can be paused.")
            return
        if self._begin_at is None:
            self.human_game.clock.pause()
            self.overlay = Paused(self._resume, self._leave)

    def _resume(self) -> None:
        self.human_game.clock.resume()
        self.uncover()

    def _restart(self) -> None:
        if not self.setup.may_restart:
            self.tell("A game of a study is played once.")
            return
        self.overlay = Question("Start this game again?", "What was played so far is kept.", "Start again", "Go on",
                                self._again, self.uncover)  # fmt: skip

    def _again(self) -> None:
        """The same setup with a recording of its own."""
        self._told = True
        self.uncover()
        path = self.setup.recording
        setup = self.setup if path is None else replace(self.setup, recording=next_free(path))
        self.app.show(GameScreen(self.app, setup, self.ended, self.countdown_s))

    def _leave(self) -> None:
        if isinstance(self.overlay, Question):
            return
        paused = self.human_game.clock.paused
        kept = "The recording is kept up to here." if self.setup.recording is not None else "It is not being recorded."
        self.overlay = Question("Leave this game?", kept, "Leave", "Go on", self._left,
                                self._resume if paused else self.uncover)  # fmt: skip

    def _left(self) -> None:
        self.overlay = None
        self._told = True
        self.ended(self.human_game)

    def _draw_before(self, target: pygame.Surface, area: pygame.Rect, u: float) -> None:
        """What stands before the kitchen: a countdown, a sentence, a question."""
        if self._begin_at is not None:
            hud.draw_countdown(target, area, self.setup, self._begin_at - time.perf_counter(), u)
        elif self.human_game.over:
            played = self.human_game.played
            hud.draw_banner(target, area, "Time is up!" if played is not None and played.finished else "Game over", u)
        if self.note:
            hud.draw_note(target, area, self.note, u)
        if self.overlay is not None:
            self.overlay.draw(target, u)


def next_free(path: Path) -> Path:
    """A file's name with the next number that is free."""
    stem, _, ending = path.name.partition(".")
    base = stem.rsplit("-again", 1)[0]
    names = (path.with_name(f"{base}-again{number}.{ending}") for number in count(2))
    return next(name for name in names if not name.exists())
