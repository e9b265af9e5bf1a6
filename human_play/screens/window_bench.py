"""How smooth the window is: frames a second, ticks in time, and keys heard, while a partner thinks."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import pygame

from brigade.agents.base import make_agent
from brigade.envs.kitchen.content.layout import ACTION_NAMES
from brigade.envs.kitchen.interfaces.partners import View
from brigade.human_play.game.human_game import Setup
from brigade.human_play.screens.game import GameScreen
from brigade.human_play.window.app import App
from brigade.human_play.window.input import Bindings
from brigade.human_play.window.robot import Robot, work

KEYS = {name: keys[0] for name, keys in Bindings().second.items()}  # action: key


@dataclass(frozen=True)
class Smoothness:
    """What was measured in one game.

    Attributes:
        size: of the window, in pixels.
        driver: of SDL's that showed it.
        frames: how many were drawn.
        fps_median, fps_p5: frames in each second of the game.
        frame_ms_median, frame_ms_p95, frame_ms_p99: what drawing and showing one took.
        late_ms_median, late_ms_p99, late_ms_max: how late ticks came.
        presses, heard: keys pressed at any moment, and those that were the action of the very next tick.
        thoughts: how many of the partner's took effect.
        score: of the game.
    """

    size: tuple[int, int]
    driver: str
    frames: int
    fps_median: float
    fps_p5: float
    frame_ms_median: float
    frame_ms_p95: float
    frame_ms_p99: float
    late_ms_median: float
    late_ms_p99: float
    late_ms_max: float
    presses: int
    heard: int
    thoughts: int
    score: int


def measure(setup: Setup, size: tuple[int, int], seed: int = 0) -> Smoothness:
    """Play a game in a window, the person's part by a machine that presses keys; it takes as long as the game.

    Args:
        setup: the game, with one person.
        size: of the window.
        seed: of the moments between two ticks at which keys are pressed.
    """
    app = App(size, bindings=Bindings())
    driver = pygame.display.get_driver()
    ended = asyncio.Event()
    game = GameScreen(app, setup, lambda _: ended.set(), countdown_s=0.5)
    presses: list[tuple[int, int]] = []  # the tick that a key was pressed before, and its action
    first = 0  # how many frames there were before the game

    async def script(robot: Robot) -> None:
        nonlocal first
        seat = next(i for i, each in enumerate(setup.seats) if each.human)
        machine = make_agent("fsm")
        machine.reset(View(setup.kitchen, seat, setup.seed))
        moments = random.Random(seed)
        human_game = game.human_game
        await robot.until(lambda: human_game.next_tick_at is not None)
        first = app.frames
        while not human_game.over:
            ticks = human_game.ticks
            action = machine.act(human_game.now)
            await asyncio.sleep(moments.uniform(0, 0.8) / setup.hz)
            if human_game.ticks == ticks and action and not human_game.over:
                robot.down(KEYS[ACTION_NAMES[action]])
                robot.up(KEYS[ACTION_NAMES[action]])
                presses.append((ticks, action))
            await robot.until(lambda ticks=ticks: human_game.over or human_game.ticks > ticks)  # type: ignore[misc]
        await robot.until(ended.is_set)

    asyncio.run(work(app, game, script))
    return _summary(app, game, size, driver, presses, first)


def _summary(
    app: App, game: GameScreen, size: tuple[int, int], driver: str, presses: list[tuple[int, int]], first: int
) -> Smoothness:
    human_game = game.human_game
    assert human_game.played is not None
    kept = min(app.frames - first, len(app.shown_at))
    shown = np.array(app.shown_at)[-kept:]
    per_second = np.bincount((shown - shown[0]).astype(int))[:-1]
    seat = next(i for i, each in enumerate(game.setup.seats) if each.human)
    actions = human_game.played.actions[seat]
    fps = np.quantile(per_second, (0.5, 0.05)).tolist()
    frame_ms = np.quantile(np.array(app.frame_s)[-kept:] * 1000, (0.5, 0.95, 0.99)).round(2).tolist()
    late_ms = np.quantile(np.array(human_game.clock.lateness_s) * 1000, (0.5, 0.99, 1)).round(2).tolist()
    heard = sum(tick < len(actions) and int(actions[tick]) == action for tick, action in presses)
    thoughts = sum(thought["effect"] is not None for thought in human_game.played.thoughts)
    score = human_game.played.score
    figures: list[Any] = [size, driver, kept, *fps, *frame_ms, *late_ms, len(presses), heard, thoughts, score]
    return Smoothness(*figures)
