"""Pictures of every screen, for the pages on human play: `python docs/make_screens.py` writes docs/screens/.

A robot works the window through the events of a keyboard; no display is needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from datetime import datetime
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

from brigade.agents.base import make_agent
from brigade.envs.kitchen.content.layout import ACTION_NAMES
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.interfaces.partners import View
from brigade.human_play.game.game_options import GameOptions
from brigade.human_play.replay.replay import open_replay
from brigade.human_play.screens.game import GameScreen
from brigade.human_play.screens.key_settings import KeysScreen
from brigade.human_play.screens.page import Page
from brigade.human_play.screens.replay import ReplayScreen
from brigade.human_play.screens.result import ResultScreen
from brigade.human_play.screens.start import StartScreen
from brigade.human_play.screens.study import StudyRunner
from brigade.human_play.screens.verifier.judge import JudgeScreen
from brigade.human_play.screens.verifier.judging import JudgingPage, JudgingRunner
from brigade.human_play.study.progress import Session, StudyFolder
from brigade.human_play.study.study import StudySpec
from brigade.human_play.verifier.config import JudgingConfig
from brigade.human_play.verifier.session import JudgingSession
from brigade.human_play.window.app import App
from brigade.human_play.window.input import Bindings
from brigade.human_play.window.robot import Robot, work
from brigade.simulation.episode import play
from brigade.simulation.recording import ENDING, RecordingWriter, make_header

HERE = Path(__file__).parent / "screens"
SIZES = ((800, 600), (1920, 1080))
JUDGED = {"play_kitchen": "kitchen", "play_arithmetic": "arithmetic", "play_find_the_plus": "plus",
          "play_review": "review"}  # fmt: skip
KEYS = {name: keys[0] for name, keys in Bindings().second.items()}


async def play_on(robot: Robot, game: GameScreen, ticks: int) -> None:
    """Let a state machine press the keys until so many ticks have been played."""
    human_game = game.human_game
    machine = make_agent("fsm")
    machine.reset(View(game.setup.kitchen, 0, game.setup.seed))
    await robot.until(lambda: human_game.next_tick_at is not None)
    while human_game.ticks < ticks and not human_game.over:
        now = human_game.ticks
        action = machine.act(human_game.now)
        if action:
            await robot.press(KEYS[ACTION_NAMES[action]])
        await robot.until(lambda now=now: human_game.ticks > now or human_game.over)


async def games(robot: Robot, folder: Path) -> None:
    """The start screen, a game with everything that can stand before it, and its result."""
    app = robot.app
    await robot.frames(3)
    robot.picture(folder / "start.png")
    await robot.click_button("Keys")
    await robot.screen(KeysScreen)
    robot.picture(folder / "keys.png")
    await robot.press("escape")
    await robot.click_button("Cook!")
    await robot.screen(GameScreen)
    await robot.frames(20)
    robot.picture(folder / "countdown.png")
    game = app.screen
    assert isinstance(game, GameScreen)
    await play_on(robot, game, 330)
    await robot.press("3")
    ticks = game.human_game.ticks
    await robot.until(lambda: game.human_game.ticks >= ticks + 2)
    await robot.frames(3)
    robot.picture(folder / "game.png")
    await robot.press("f1")
    robot.picture(folder / "help.png")
    await robot.press("escape", "p")
    robot.picture(folder / "pause.png")
    await robot.press("p", "escape")
    robot.picture(folder / "leave.png")
    await robot.press("escape")
    await play_on(robot, game, 10_000)
    await robot.frames(10)
    robot.picture(folder / "time_is_up.png")
    await robot.screen(ResultScreen)
    robot.picture(folder / "result.png")


async def study(robot: Robot, session: Session, folder: Path) -> None:
    """Every page of a study."""
    app = robot.app
    while app.screen is not None:
        screen, step = app.screen, session.current
        await robot.frames(4)
        if isinstance(screen, Page) and step is not None:
            robot.picture(folder / f"study_{step.id.replace('-', '_')}.png")
            for widget in robot.widgets():
                if hasattr(widget, "chosen"):
                    widget.chosen = 1
            main = next(widget for widget in robot.widgets() if getattr(widget, "main", False))
            await robot.click_button(main.label)
        elif isinstance(screen, ResultScreen):
            await robot.press("return")


async def again(robot: Robot, folder: Path) -> None:
    """The viewer of recordings."""
    await robot.frames(4)
    robot.picture(folder / "replay.png")


async def judging(robot: Robot, folder: Path, name: str) -> None:
    """An item of a person who plays the verifier; of the kitchen also everything around it."""
    whole = name == "kitchen"

    def picture(what: str) -> None:
        robot.picture(folder / f"verifier_{name}{what}.png")

    await robot.frames(3)
    if whole:
        picture("_rules")
    await robot.press("return")
    await robot.screen(JudgeScreen)
    await robot.press("1", "2")
    await robot.frames(3)
    picture("")
    if not whole and name != "review":
        return
    await robot.press("a")
    await robot.screen(JudgingPage)
    picture("_verdict" if whole else "_how_sure")
    await robot.press("return")
    if whole:
        await robot.frames(3)
        picture("_result")


def draw_judging(size: tuple[int, int], folder: Path) -> None:
    """What a person sees who plays the verifier."""
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        for config, name in JUDGED.items():
            session = JudgingSession(JudgingConfig.load(config, ["items=1", "practice=0", "participant=P01"]))
            app = App(size, bindings=Bindings())
            first = JudgingRunner(app, session).first()
            asyncio.run(work(app, first, lambda robot, name=name: judging(robot, folder, name)))


def draw(size: tuple[int, int]) -> None:
    """All pictures of one size."""
    folder = HERE / f"{size[0]}x{size[1]}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    game_options = GameOptions(
        partners=("dpt",), seconds=40.0, hz=10.0, seed=4, thoughts=True, practice=True, folder=None
    )
    app = App(size, bindings=Bindings())
    asyncio.run(work(app, StartScreen(app, game_options, 1.0), lambda robot: games(robot, folder)))
    spec = StudySpec.load("five_minutes")
    short = spec.model_copy(
        update={"seconds": 1.0, "practice": spec.practice and spec.practice.model_copy(update={"seconds": 1.0})}
    )
    with tempfile.TemporaryDirectory() as place, StudyFolder(place, short) as opened:
        session = opened.session("anyone")
        app = App(size, bindings=Bindings())
        first = StudyRunner(app, session, 0.1).screen()
        assert first is not None
        asyncio.run(work(app, first, lambda robot: study(robot, session, folder)))
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / f"game{ENDING}"
        kitchen = load_kitchen("new_counter_circuit")
        team = [("fsm", {}), ("dpt", {"seed": 1})]
        seats = [{"name": name, "options": options} for name, options in team]
        recorder = RecordingWriter(path, make_header(kitchen, 2, None, seats, "both", {"kind": "virtual", "hz": 4.0}))
        play(kitchen, [make_agent(name, **options) for name, options in team], 2, recorder=recorder)
        app = App(size, bindings=Bindings())
        viewer = ReplayScreen(app, open_replay(path), 230, thoughts=True)
        asyncio.run(work(app, viewer, lambda robot: again(robot, folder)))
    draw_judging(size, folder)
    print(f"{folder}: {len(list(folder.iterdir()))} pictures, {datetime.now():%H:%M:%S}")


if __name__ == "__main__":
    for wanted in SIZES:
        draw(wanted)
    sys.exit(0)
