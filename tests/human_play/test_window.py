"""The window, worked through the events of a keyboard under SDL's driver for machines without a display."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

import pygame

from brigade.envs.kitchen.content.layout import DOWN, INTERACT, LEFT, RIGHT, STAY, UP
from brigade.envs.registry import BrigadeError
from brigade.human_play.game.game_options import GameOptions
from brigade.human_play.screens.game import GameScreen
from brigade.human_play.screens.key_settings import KeysScreen
from brigade.human_play.screens.page import Page
from brigade.human_play.screens.result import ResultScreen
from brigade.human_play.screens.start import StartScreen, play_once
from brigade.human_play.screens.study import StudyRunner
from brigade.human_play.study.progress import StudyFolder
from brigade.human_play.study.study import StudySpec
from brigade.human_play.window.app import App, Screen
from brigade.human_play.window.input import Bindings, Controls, Pads, Stick, load_bindings
from brigade.human_play.window.robot import Robot, work
from brigade.human_play.window.widgets import Pick
from brigade.simulation.recording import read_recording

Script = Callable[[Robot], Awaitable[None]]


@pytest.fixture
def app() -> App:
    return App((800, 600), bindings=Bindings())


def go(app: App, first: Screen, script: Script) -> None:
    asyncio.run(work(app, first, script))


def game_options(tmp_path: Path, **changes) -> GameOptions:
    given = {"seconds": 2.0, "hz": 10.0, "seed": 3, "folder": tmp_path / "recordings"} | changes
    return GameOptions(**given)


def recordings(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "recordings").iterdir())


class TestStick:
    def test_a_press_between_two_ticks_is_never_lost(self):
        stick = Stick()
        stick.press(LEFT)
        stick.release(LEFT)
        assert stick.take() == LEFT
        assert stick.take() == STAY

    def test_the_last_press_counts_and_what_is_held_repeats(self):
        stick = Stick()
        stick.press(LEFT)
        stick.press(UP)
        stick.release(UP)
        assert [stick.take(), stick.take(), stick.take()] == [UP, LEFT, LEFT]
        stick.press(INTERACT)
        assert [stick.take(), stick.take()] == [INTERACT, INTERACT]
        stick.release(INTERACT)
        stick.release(LEFT)
        assert stick.take() == STAY

    def test_losing_the_keyboard_lets_go_of_everything(self, app):
        controls = Controls(Bindings())
        controls.read(pygame.Event(pygame.KEYDOWN, key=pygame.K_LEFT, mod=0, unicode=""))
        controls.read(pygame.Event(pygame.WINDOWFOCUSLOST))
        assert controls.sticks[0].take() == STAY


class TestControls:
    def test_keys_of_two_people(self, app):
        controls = Controls(Bindings(), players=2)
        for key in (pygame.K_LEFT, pygame.K_w):
            controls.read(pygame.Event(pygame.KEYDOWN, key=key, mod=0, unicode=""))
        assert [stick.take() for stick in controls.sticks] == [LEFT, UP]
        alone = Controls(Bindings())
        alone.read(pygame.Event(pygame.KEYDOWN, key=pygame.K_w, mod=0, unicode="w"))
        assert alone.sticks[0].take() == UP

    def test_meanings(self, app):
        controls = Controls(Bindings())

        def read(key: int) -> object:
            return controls.read(pygame.Event(pygame.KEYDOWN, key=key, mod=0, unicode=""))

        assert read(pygame.K_3) == 2
        assert read(pygame.K_p) == "pause"
        assert read(pygame.K_ESCAPE) == "leave"
        assert read(pygame.K_F5) is None

    def test_gamepads(self, app):
        controls = Controls(Bindings())
        stick = controls.sticks[0]
        controls.read(pygame.Event(pygame.JOYAXISMOTION, instance_id=0, axis=0, value=0.9))
        assert [stick.take(), stick.take()] == [RIGHT, RIGHT]
        controls.read(pygame.Event(pygame.JOYAXISMOTION, instance_id=0, axis=0, value=0.1))
        assert stick.take() == STAY
        controls.read(pygame.Event(pygame.JOYHATMOTION, instance_id=0, hat=0, value=(0, -1)))
        assert stick.take() == DOWN
        controls.read(pygame.Event(pygame.JOYHATMOTION, instance_id=0, hat=0, value=(0, 0)))
        controls.read(pygame.Event(pygame.JOYBUTTONDOWN, instance_id=0, button=0))
        controls.read(pygame.Event(pygame.JOYBUTTONUP, instance_id=0, button=0))
        assert [stick.take(), stick.take()] == [INTERACT, STAY]
        assert controls.read(pygame.Event(pygame.JOYBUTTONDOWN, instance_id=0, button=7)) == "pause"

    def test_a_gamepad_that_is_pulled_out_lets_go(self, app):
        controls = Controls(Bindings())
        stick = controls.sticks[0]
        controls.read(pygame.Event(pygame.JOYAXISMOTION, instance_id=0, axis=0, value=1.0))
        assert stick.take() == RIGHT
        controls.read(pygame.Event(pygame.JOYDEVICEREMOVED, instance_id=0))
        assert [stick.take(), stick.take()] == [STAY, STAY]
        controls.read(pygame.Event(pygame.JOYBUTTONDOWN, instance_id=3, button=0))
        stick.take()
        controls.read(pygame.Event(pygame.JOYDEVICEREMOVED, instance_id=3))
        assert stick.take() == STAY
        controls.read(pygame.Event(pygame.JOYDEVICEREMOVED, instance_id=9))  # one that was never used

    @pytest.mark.parametrize("pads", [[], [0, 1]])
    def test_a_gamepad_steers_the_same_chef_when_it_is_plugged_in_again(self, app, pads):
        known = Pads(pads)
        controls = Controls(Bindings(), players=2, pads=known)

        def steers(pad):
            controls.read(pygame.Event(pygame.JOYBUTTONDOWN, instance_id=pad, button=0))
            controls.read(pygame.Event(pygame.JOYBUTTONUP, instance_id=pad, button=0))
            return [stick.take() for stick in controls.sticks].index(INTERACT)

        assert [steers(0), steers(1)] == [1, 0]
        for pulled, again in ((0, 2), (1, 3), (2, 4)):
            whose = steers(pulled)
            controls.read(pygame.Event(pygame.JOYDEVICEREMOVED, instance_id=pulled))
            controls.read(pygame.Event(pygame.JOYBUTTONUP, instance_id=pulled, button=0))  # which comes too late
            assert steers(again) == whose
        assert [steers(4), steers(3)] == [1, 0]
        controls = Controls(Bindings(), players=2, pads=known)  # of the next game
        assert [steers(4), steers(3)] == [1, 0]

    def test_a_pad_that_is_pulled_out_lets_go_only_of_what_it_holds(self, app):
        controls = Controls(Bindings())
        controls.read(pygame.Event(pygame.KEYDOWN, key=pygame.K_RIGHT))
        controls.read(pygame.Event(pygame.JOYAXISMOTION, instance_id=0, axis=0, value=1.0))
        controls.read(pygame.Event(pygame.JOYDEVICEREMOVED, instance_id=0))
        controls.sticks[0].take()
        assert controls.sticks[0].take() == RIGHT, "the key is still down"

    def test_what_is_tilted_when_a_game_begins_counts(self, app):
        controls = Controls(Bindings())
        tilted = pygame.Event(pygame.JOYAXISMOTION, instance_id=0, axis=0, value=1.0)
        controls.read(tilted)
        controls.let_go()
        assert controls.sticks[0].take() == STAY
        controls.read(tilted)
        assert controls.sticks[0].take() == RIGHT

    def test_what_is_tilted_when_the_window_comes_back_counts(self, app):
        controls = Controls(Bindings())
        tilted = pygame.Event(pygame.JOYAXISMOTION, instance_id=0, axis=0, value=1.0)
        controls.read(tilted)
        controls.read(pygame.Event(pygame.WINDOWFOCUSLOST))
        assert controls.sticks[0].take() == STAY
        controls.read(tilted)
        assert controls.sticks[0].take() == RIGHT

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("first: {left: [lefft]}", r"keys.yaml:1: first.left: there is no key 'lefft'"),
            ("first: {lift: [left]}", r"keys.yaml:1: first.lift: .*mean 'left'"),
            ("pause: [left]", r"key 'left' is first.left already"),
            ("puase: [p]", r"puase: unknown key; did you mean 'pause'"),
            ("first: 3", r"first: "),
        ],
    )
    def test_bad_bindings_are_named_with_their_line(self, app, tmp_path, text, complaint):
        path = tmp_path / "keys.yaml"
        path.write_text(text)
        with pytest.raises(BrigadeError, match=complaint):
            load_bindings(path)


class TestGame:
    def test_from_the_start_screen_through_a_game_and_out(self, app, tmp_path):
        async def script(robot: Robot) -> None:
            await robot.screen(StartScreen)
            start = app.screen
            assert isinstance(start, StartScreen)
            await robot.press("down", "right")  # another partner
            assert start.chosen().partners == ("person",)
            await robot.press("left")
            await robot.click_button("Cook!")
            await robot.screen(GameScreen)
            game = app.screen
            assert isinstance(game, GameScreen)
            await robot.until(lambda: game.human_game.ticks >= 3)
            robot.down("left")
            await robot.press("1")
            await robot.until(lambda: game.human_game.ticks >= 8)
            robot.up("left")
            await robot.screen(ResultScreen)
            await robot.click_button("Done")
            await robot.screen(StartScreen)
            await robot.click_button("Quit")

        go(app, StartScreen(app, game_options(tmp_path), countdown_s=0.1), script)
        (path,) = recordings(tmp_path)
        recording = read_recording(path)
        assert recording.cut is None
        assert recording.end["finished"]
        assert recording.first_difference() is None
        assert len(recording.ticks) == 20
        assert [agent["human"] for agent in recording.header["agents"]] == [True, False]
        mine = [line.actions[0] for line in recording.ticks]
        assert mine.count(LEFT) >= 4
        assert [(said.seat, said.text) for line in recording.ticks for said in line.messages] == [
            (0, "We need lettuce")
        ]
        assert all(line.late_ms is not None for line in recording.ticks)

    def test_practice_can_be_paused(self, app, tmp_path):
        async def script(robot: Robot) -> None:
            game = app.screen
            assert isinstance(game, GameScreen)
            await robot.until(lambda: game.human_game.ticks >= 3)
            await robot.press("p")
            paused = game.human_game.ticks
            await asyncio.sleep(0.5)
            assert game.human_game.ticks == paused
            await robot.press("p")
            await robot.screen(ResultScreen)

        go(app, play_once(app, game_options(tmp_path, practice=True).setup(_now()), 0.1), script)
        recording = read_recording(recordings(tmp_path)[0])
        assert recording.end["finished"]
        assert max(line.late_ms for line in recording.ticks) < 400  # a pause is no lateness

    def test_other_games_are_not_paused(self, app, tmp_path):
        async def script(robot: Robot) -> None:
            game = app.screen
            assert isinstance(game, GameScreen)
            await robot.until(lambda: game.human_game.ticks >= 2)
            await robot.press("p")
            assert "never waits" in game.note
            assert not game.human_game.clock.paused
            await robot.screen(ResultScreen)

        go(app, play_once(app, game_options(tmp_path).setup(_now()), 0.1), script)

    def test_leaving_asks_first_and_keeps_the_recording(self, app, tmp_path):
        async def script(robot: Robot) -> None:
            game = app.screen
            assert isinstance(game, GameScreen)
            await robot.until(lambda: game.human_game.ticks >= 3)
            await robot.press("escape")
            await robot.press("escape")  # no, go on
            ticks = game.human_game.ticks
            await robot.until(lambda: game.human_game.ticks > ticks)
            await robot.press("escape")
            await robot.click_button("Leave")
            await robot.until(lambda: app.screen is None)

        go(app, play_once(app, game_options(tmp_path, seconds=60.0).setup(_now()), 0.1), script)
        recording = read_recording(recordings(tmp_path)[0])
        assert recording.cut is None
        assert not recording.end["finished"]
        assert 4 <= len(recording.ticks) < 600
        assert recording.first_difference() is None

    def test_closing_the_window_in_the_middle_keeps_the_recording(self, app, tmp_path):
        async def script(robot: Robot) -> None:
            game = app.screen
            assert isinstance(game, GameScreen)
            await robot.until(lambda: game.human_game.ticks >= 5)
            pygame.event.post(pygame.Event(pygame.QUIT))
            await robot.until(lambda: app.screen is None)

        go(app, play_once(app, game_options(tmp_path, seconds=60.0, partners=("dpt",)).setup(_now()), 0.1), script)
        recording = read_recording(recordings(tmp_path)[0])
        assert not recording.end["finished"]
        assert len(recording.ticks) >= 5
        assert recording.first_difference() is None

    def test_restarting_keeps_both_recordings(self, app, tmp_path):
        async def script(robot: Robot) -> None:
            game = app.screen
            assert isinstance(game, GameScreen)
            await robot.until(lambda: game.human_game.ticks >= 3)
            await robot.press("r")
            await robot.click_button("Start again")
            await robot.screen(ResultScreen)

        go(app, play_once(app, game_options(tmp_path).setup(_now()), 0.1), script)
        found = [read_recording(path) for path in recordings(tmp_path)]
        assert sorted(recording.end["finished"] for recording in found) == [False, True]

    def test_a_cook_alone_and_two_people(self, app, tmp_path):
        async def script(robot: Robot) -> None:
            await robot.screen(ResultScreen)

        alone = game_options(tmp_path, kitchen="new_counter_circuit_solo").setup(_now())
        assert alone.may_pause
        go(app, play_once(app, alone, 0.1), script)
        both = game_options(tmp_path, kitchen="cramped_room", partners=("person",)).setup(_now())
        again = App((800, 600), bindings=Bindings())

        async def two(robot: Robot) -> None:
            game = again.screen
            assert isinstance(game, GameScreen)
            await robot.until(lambda: game.human_game.ticks >= 2)
            for key in ("left", "d"):
                robot.down(key)
            await robot.screen(ResultScreen)

        go(again, play_once(again, both, 0.1), two)
        recording = next(r for r in map(read_recording, recordings(tmp_path)) if len(r.header["agents"]) == 2)
        held = {line.actions for line in recording.ticks[8:]}
        assert held == {(LEFT, RIGHT)}

    @pytest.mark.parametrize(
        ("changes", "complaint"),
        [
            ({"partners": ("fms",)}, "did you mean 'fsm'"),
            ({"kitchen": "cramped_romm"}, "did you mean 'cramped_room'"),
            ({"hz": 99.0}, "1 to 15 ticks a second"),
            ({"seconds": 0.0}, "1 second to a day"),
            ({"partners": ("fsm", "fsm")}, "room for 1 partners"),
            ({"seat": 2}, "seats 0 to 1"),
            ({"kitchen": "salad_bar", "partners": ("beef_specialist",)}, "nobody makes"),
        ],
    )
    def test_what_does_not_fit_is_said_before_a_window_opens(self, tmp_path, changes, complaint):
        with pytest.raises(BrigadeError, match=complaint):
            game_options(tmp_path, **changes).setup(_now())


def test_a_trained_policy_is_a_partner(app, tmp_path):
    pytest.importorskip("torch", reason="trained policies need PyTorch")
    given = game_options(tmp_path, kitchen="cramped_room", partners=("trained:cramped_room",), seconds=4.0).setup(
        _now()
    )

    async def script(robot: Robot) -> None:
        await robot.screen(ResultScreen)

    go(app, play_once(app, given, 0.1), script)
    recording = read_recording(recordings(tmp_path)[0])
    assert recording.header["agents"][1]["name"] == "neural"
    assert recording.first_difference() is None
    assert len({line.actions[1] for line in recording.ticks}) > 2
    with pytest.raises(BrigadeError, match="trained in kitchen 'cramped_room'"):
        game_options(tmp_path, partners=("trained:cramped_room",)).setup(_now())


class TestKeys:
    def test_a_new_key_is_taken_and_kept(self, app, tmp_path, monkeypatch):
        monkeypatch.setattr("brigade.human_play.window.input.bindings_file", lambda: tmp_path / "keys.yaml")

        async def script(robot: Robot) -> None:
            await robot.screen(KeysScreen)
            await robot.press("return", "j")
            assert app.bindings.first["left"] == ["j"]
            await robot.press("down", "return", "j")  # now it is the key for right
            assert app.bindings.first["right"] == ["j"]
            assert app.bindings.first["left"] == []
            await robot.press("escape")

        go(app, KeysScreen(app), script)
        pygame.display.init()
        assert load_bindings(tmp_path / "keys.yaml").first["right"] == ["j"]


def short_study():
    spec = StudySpec.load("five_minutes")
    practice = spec.practice.model_copy(update={"seconds": 1.0})
    return spec.model_copy(update={"seconds": 2.0, "practice": practice})


async def take_part(robot: Robot, runner_app: App) -> None:
    """Answer whatever is asked, until the study is over."""
    while runner_app.screen is not None:
        screen = runner_app.screen
        await robot.frames(3)
        if isinstance(screen, Page) and runner_app.screen is screen:
            for widget in robot.widgets():
                if isinstance(widget, Pick):
                    widget.area.clamp_ip(pygame.Rect(0, 0, 800, 600))
                    box = widget.boxes(widget._unit)[1]
                    await robot.click(box.center)
            main = next(widget for widget in robot.widgets() if getattr(widget, "main", False))
            await robot.click_button(main.label)
        elif isinstance(screen, ResultScreen):
            await robot.press("return")


def ids_of(folder: Path) -> list[str]:
    lines = map(json.loads, (folder / "participants" / "0001" / "steps.jsonl").read_text().splitlines())
    return [line["step"] for line in lines if "step" in line]


class TestStudy:
    def test_from_consent_to_thanks(self, app, tmp_path):
        spec = short_study()
        with StudyFolder(tmp_path, spec) as folder:
            session = folder.session("p1")
            first = StudyRunner(app, session, 0.1).screen()
            go(app, first, lambda robot: take_part(robot, app))
            assert session.over == "finished"
            assert ids_of(tmp_path) == [step.id for step in session.steps]
            answers = session.done["before"]["answers"]
            assert answers == {"games": "a few times a year"}
            with pytest.raises(BrigadeError, match="finished"):
                folder.session("p1")

    def test_a_question_left_out_is_asked_again(self, app, tmp_path):
        with StudyFolder(tmp_path, short_study()) as folder:
            session = folder.session("p1")

            async def script(robot: Robot) -> None:
                await robot.click_button("I agree")
                await robot.frames(3)
                await robot.click_button("Continue")
                page = app.screen
                assert isinstance(page, Page)
                assert "answer" in page.problem
                assert session.current.id == "before"

            go(app, StudyRunner(app, session, 0.1).screen(), script)

    def test_a_crash_in_the_middle_of_a_game_repeats_nothing_else(self, app, tmp_path):
        crash = f"""
            import asyncio, os, sys
            os.environ["SDL_VIDEODRIVER"] = "dummy"
            sys.path.insert(0, {str(Path(__file__).parent)!r})
            from pathlib import Path
            from test_window import *
            app = App((800, 600), bindings=Bindings())
            folder = StudyFolder(Path({str(tmp_path)!r}), short_study())
            session = folder.session("p1")

            async def script(robot):
                async def dies():
                    await robot.until(lambda: session.current.id == "game-02" and isinstance(app.screen, GameScreen)
                                      and app.screen.human_game.ticks >= 4)
                    os._exit(9)
                await asyncio.gather(dies(), take_part(robot, app))

            go(app, StudyRunner(app, session, 0.1).screen(), script)
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(crash)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 9, done.stderr
        before = ids_of(tmp_path)
        assert before[-1] == "after_each_partner-1"
        with StudyFolder(tmp_path, short_study()) as folder:
            session = folder.session("p1")
            assert session.current.id == "game-02"
            go(app, StudyRunner(app, session, 0.1).screen(), lambda robot: take_part(robot, app))
            assert ids_of(tmp_path) == [step.id for step in session.steps]
        of = tmp_path / "participants" / "0001"
        cut, whole = read_recording(of / "game-02.jsonl.zst"), read_recording(of / "game-02-attempt-2.jsonl.zst")
        assert cut.cut is not None
        assert len(cut.ticks) >= 4
        assert cut.first_difference() is None
        assert whole.end["finished"]
        assert session.done["game-02"]["recording"] == "game-02-attempt-2.jsonl.zst"

    def test_a_second_process_is_refused(self, tmp_path):
        with StudyFolder(tmp_path, short_study()):
            command = [sys.executable, "-m", "brigade", "study", "five_minutes", "--participant", "p2"]
            done = subprocess.run(
                [*command, "--folder", str(tmp_path)], capture_output=True, text=True, check=False,
                env={**os.environ, "SDL_VIDEODRIVER": "dummy"},
            )  # fmt: skip
        assert done.returncode == 2
        assert "error:" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_without_a_display_a_sentence_says_what_to_do(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-m", "brigade", "play", "--seconds", "5"], capture_output=True, text=True, check=False,
        env={**environment, "SDL_VIDEODRIVER": "x11"}, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Set DISPLAY" in done.stderr
    assert "brigade replay FILE --video" in done.stderr.replace("\n", " ")


def _now():
    from datetime import datetime

    return datetime.now()
