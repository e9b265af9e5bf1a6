"""Recordings as films: the right state at any tick, the viewer worked by keys and mouse, videos read back."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import subprocess
import sys
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

import pygame
import typer
import zstandard
from typer.testing import CliRunner

from brigade.agents.base import Agent, Observation, View, make_agent
from brigade.dual_process.build import ClockSpec
from brigade.dual_process.reasoners import ReasonerSpec, make_reasoner
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.pictures.render import render, to_array
from brigade.envs.registry import BrigadeError
from brigade.human_play.cli_replay import replay
from brigade.human_play.game.human_game import Happening
from brigade.human_play.replay import video
from brigade.human_play.replay.replay import SNAPSHOT_TICKS, Replay, open_replay
from brigade.human_play.replay.video import export, frame, save_frame
from brigade.human_play.screens.game import GLIDE, glided
from brigade.human_play.screens.replay import JUMP, SPEEDS, ReplayScreen, picture_path
from brigade.human_play.window.app import App
from brigade.human_play.window.input import Bindings
from brigade.human_play.window.robot import Robot, work
from brigade.simulation.episode import play
from brigade.simulation.messages import Message
from brigade.simulation.recording import Recording, RecordingWriter, make_header, read_recording

TICKS = 170  # more than three snapshots; served dishes, thoughts
SAID_AT, SAID = 9, "I serve"
SMALL = (320, 240)


@dataclass
class Caller:
    """A state machine that says one thing."""

    inner: Agent
    human: bool = False
    tick: int = 0

    def reset(self, view: View) -> None:
        self.tick = 0
        self.inner.reset(view)

    def act(self, observation: Observation) -> int:
        self.tick = observation["tick"]
        return self.inner.act(observation)

    def speak(self) -> list[str]:
        return [SAID] if self.tick == SAID_AT else []

    def hear(self, message: Message) -> None:
        pass


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    """The state machine, which talks, and an agent that thinks."""
    path = tmp_path_factory.mktemp("film") / "game.jsonl.zst"
    kitchen, clock = load_kitchen("new_counter_circuit", horizon=TICKS), ClockSpec(seconds=4.0)
    agents = [{"name": "fsm", "options": {}, "human": False}, {"name": "dpt", "options": {}, "human": False, "hat": 4}]
    writer = RecordingWriter(path, make_header(kitchen, 0, None, agents, "both", clock.model_dump()))
    team = [Caller(make_agent("fsm")), make_agent("dpt", reasoner=make_reasoner(ReasonerSpec(), clock.occasion(0)))]
    play(kitchen, team, 0, None, clock.make(), recorder=writer)
    return path


@pytest.fixture
def file(recorded, tmp_path) -> Path:
    """A copy in a folder that the test has for itself."""
    path = tmp_path / recorded.name
    path.write_bytes(recorded.read_bytes())
    return path


@pytest.fixture
def replayed(file) -> Replay:
    return open_replay(file)


def lines_of(path: Path) -> list[dict]:
    text = zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
    return [json.loads(line) for line in text.splitlines()]


def rewrite(path: Path, lines: list[dict]) -> Path:
    path.write_bytes(zstandard.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines)))
    return path


def with_another_action(path: Path, tick: int) -> Path:
    """The same recording, but for one chef that goes the other way in one tick."""
    lines = lines_of(path)
    lines[1 + tick]["a"] = ("1" if lines[1 + tick]["a"][0] != "1" else "2") + lines[1 + tick]["a"][1:]
    return rewrite(path, lines)


def said_by(replayed: Replay, tick: int) -> list[Happening]:
    return [mark for mark in replayed.marks_between(0, tick) if mark.kind == "said"]


class TestFilm:
    def test_every_tick_in_any_order_is_as_it_was_played(self, replayed):
        recording = replayed.recording
        played = [recording.start().describe(), *(game.describe() for game in recording.play_again())]
        assert replayed.ticks == TICKS == len(played) - 1
        order = [*range(TICKS + 1), *reversed(range(TICKS + 1))]
        random.Random(1).shuffle(order)
        for tick in order:
            assert replayed.state(tick) == played[tick]
        assert replayed.scores == tuple(state["score"] for state in played)

    def test_going_back_starts_from_the_last_snapshot(self, replayed, monkeypatch):
        replayed.state(TICKS)
        steps = []
        step = replayed._game.step
        monkeypatch.setattr(replayed._game, "step", lambda actions: steps.append(actions) or step(actions))
        replayed.state(SNAPSHOT_TICKS + 3)
        assert len(steps) == 3
        replayed.state(SNAPSHOT_TICKS + 4)
        assert len(steps) == 4

    def test_what_is_known_at_a_tick(self, replayed):
        assert said_by(replayed, SAID_AT) == []  # said in that tick, so the state after it shows it
        (said,) = said_by(replayed, SAID_AT + 1)
        assert (said.words, said.seat) == (SAID, 0)
        thoughts = [(line.tick, thought) for line in replayed.recording.ticks for thought in line.thoughts]
        tick, thought = thoughts[0]
        assert replayed.thoughts_at(tick) == {}
        assert replayed.thoughts_at(tick + 1)[1, thought["kind"]] == thought
        newest = {(thought["seat"], thought["kind"]): thought for _, thought in thoughts}
        assert replayed.thoughts_at(TICKS) == newest

    def test_marks_are_where_the_score_changes(self, replayed):
        served = [mark for mark in replayed.marks if mark.kind == "served"]
        changes = [tick for tick in range(1, TICKS + 1) if replayed.scores[tick] > replayed.scores[tick - 1]]
        assert [mark.at for mark in served] == changes != []
        assert replayed.marks_between(served[0].at, served[0].at)[0] == served[0]
        assert replayed.recording.end["result"]["served"] == len(served)

    def test_who_cooks(self, replayed):
        assert [(seat.label, seat.hat) for seat in replayed.seats] == [("fsm", 0), ("dpt", 4)]
        assert (replayed.hz, replayed.horizon, replayed.warnings, replayed.differs_at) == (4.0, TICKS, (), None)

    def test_two_of_a_kind_are_told_apart(self, file):
        lines = lines_of(file)
        lines[0]["agents"] = [{"name": "dual_cook"}, {"name": "dual_cook", "hat": -3, "human": True}]
        replayed = open_replay(rewrite(file, lines))
        assert [seat.label for seat in replayed.seats] == ["dual cook 1", "dual cook 2"]
        assert [seat.hat for seat in replayed.seats] == [0, 1]

    def test_a_cut_recording_shows_what_there_is(self, file):
        file.write_bytes(file.read_bytes()[:-3000])
        replayed = open_replay(file)
        assert 0 < replayed.ticks < TICKS
        assert replayed.state(replayed.ticks)["tick"] == replayed.ticks
        (warning,) = replayed.warnings
        assert f"cut off after tick {replayed.ticks - 1}" in warning
        assert f"{TICKS} ticks" in warning

    def test_nothing_but_a_header(self, file):
        replayed = open_replay(rewrite(file, lines_of(file)[:1]))
        assert (replayed.ticks, replayed.scores, replayed.marks) == (0, (0,), ())
        assert replayed.warnings
        assert frame(replayed, 0, SMALL).get_size() == SMALL

    def test_the_first_tick_that_differs_is_named(self, file):
        replayed = open_replay(with_another_action(file, 20))
        assert replayed.differs_at == 21
        assert "Does not replay: tick 20: chefs differ" in replayed.warnings[0]
        sane, other = frame(open_replay(with_another_action(file, 60)), 20), frame(replayed, 20)
        assert (to_array(sane) == to_array(other)).all()

    def test_another_score_at_the_end_is_a_difference(self, file):
        lines = lines_of(file)
        lines[-1]["end"]["result"]["score"] += 5
        replayed = open_replay(rewrite(file, lines))
        assert replayed.differs_at == TICKS
        assert "the end: score" in replayed.warnings[0]

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"agents": []}, "2 chefs, 0 agents"),
            ({"kitchen_digest": "x"}, "damaged"),
        ],
    )
    def test_a_damaged_header_is_an_error(self, file, change, told):
        lines = lines_of(file)
        lines[0] |= change
        with pytest.raises(BrigadeError, match=told):
            Replay(Recording(file, lines[0], (), None, "cut"))

    def test_seats_that_there_are_not_are_left_out(self, file):
        lines = lines_of(file)
        lines[3] |= {"m": [[7, "hello"], [-1, "hello"]], "th": [{"seat": 9, "kind": "policy"}, {"kind": "policy"}]}
        replayed = open_replay(rewrite(file, lines))
        assert replayed.marks_between(0, 5) == ()

    @pytest.mark.parametrize("tick", [-1, TICKS + 1])
    def test_ticks_that_there_are_not(self, replayed, tick):
        with pytest.raises(BrigadeError, match=f"ticks 0 to {TICKS}"):
            replayed.state(tick)


def press(key: int, mod: int = 0) -> None:
    for kind in (pygame.KEYDOWN, pygame.KEYUP):
        pygame.event.post(pygame.Event(kind, key=key, mod=mod, unicode="", scancode=0))


def mouse(kind: int, at: tuple[int, int]) -> None:
    more = {"buttons": (1, 0, 0), "rel": (1, 0)} if kind == pygame.MOUSEMOTION else {"button": 1}
    pygame.event.post(pygame.Event(kind, pos=at, touch=False, **more))


class TestViewer:
    def view(
        self, replayed: Replay, script: Callable[[Robot, ReplayScreen], Awaitable[None]], size=(800, 600), **how
    ) -> ReplayScreen:
        app = App(size, bindings=Bindings())
        screen = ReplayScreen(app, replayed, **how)

        async def through(robot: Robot) -> None:
            await robot.frames(2)
            await script(robot, screen)

        asyncio.run(work(app, screen, through))
        return screen

    def test_it_plays_to_the_end_and_again(self, replayed):
        async def script(robot: Robot, screen: ReplayScreen) -> None:
            assert screen.playing
            await robot.until(lambda: screen.position > 1)
            screen.go_to(TICKS - 1)
            await robot.until(lambda: not screen.playing)
            assert screen.tick == TICKS
            await robot.press("space")
            assert screen.playing
            assert screen.tick < TICKS

        self.view(replayed, script, speed=16)

    def test_keys(self, replayed):
        async def script(robot: Robot, screen: ReplayScreen) -> None:
            assert not screen.playing

            async def shown(key: int, mod: int = 0) -> int:
                press(key, mod)
                await robot.frames(2)
                return screen.tick

            assert await shown(pygame.K_RIGHT) == 61
            assert await shown(pygame.K_PERIOD) == 62
            assert await shown(pygame.K_LEFT) == 61
            assert await shown(pygame.K_COMMA) == 60
            assert await shown(pygame.K_RIGHT, pygame.KMOD_LSHIFT) == 60 + JUMP
            assert await shown(pygame.K_LEFT, pygame.KMOD_RSHIFT) == 60
            assert await shown(pygame.K_END) == TICKS
            assert await shown(pygame.K_RIGHT) == TICKS
            assert await shown(pygame.K_HOME) == 0
            assert await shown(pygame.K_LEFT) == 0
            for key, speed in ((pygame.K_UP, 2), (pygame.K_EQUALS, 4), (pygame.K_MINUS, 2), (pygame.K_DOWN, 1)):
                await shown(key)
                assert screen.speed == speed
            for key, speed in ((pygame.K_UP, SPEEDS[-1]), (pygame.K_DOWN, SPEEDS[0])):
                for _ in SPEEDS:
                    await shown(key)
                assert screen.speed == speed
            await robot.press("t")
            assert screen.thoughts
            await robot.press("space")
            assert screen.playing

        self.view(replayed, script, tick=60)

    def test_a_key_held_goes_on_stepping(self, replayed):
        async def script(robot: Robot, screen: ReplayScreen) -> None:
            robot.down("right")
            await robot.until(lambda: screen.tick >= 4)
            robot.up("right")
            await robot.frames(2)
            tick = screen.tick
            await robot.frames(10)
            assert screen.tick == tick

        self.view(replayed, script, tick=0)

    def test_the_mouse_scrubs_and_pauses(self, replayed):
        async def script(robot: Robot, screen: ReplayScreen) -> None:
            area = screen.timeline.area
            mouse(pygame.MOUSEBUTTONDOWN, (area.x + area.w // 2, area.bottom - 5))
            await robot.frames(2)
            assert abs(screen.tick - TICKS / 2) <= 1
            for at, tick in (((area.right + 500, 3), TICKS), ((0, 0), 0), ((area.x + area.w // 4, 9), TICKS // 4)):
                mouse(pygame.MOUSEMOTION, at)
                await robot.frames(2)
                assert abs(screen.tick - tick) <= 1
            mouse(pygame.MOUSEBUTTONUP, (0, 0))
            await robot.frames(2)
            mouse(pygame.MOUSEMOTION, (area.right, 9))
            await robot.frames(2)
            assert abs(screen.tick - TICKS // 4) <= 1
            await robot.click((300, 200))
            assert screen.playing
            await robot.click(screen._button.center)
            assert not screen.playing

        self.view(replayed, script, tick=0)

    def test_help_stands_before_it_and_escape_leaves(self, replayed):
        async def script(robot: Robot, screen: ReplayScreen) -> None:
            await robot.press("f1")
            assert screen.overlay is not None
            position = screen.position
            await robot.press("s", "right", "t")
            assert (screen.position, screen.thoughts, screen.note) == (position, False, "")
            await robot.press("escape")
            assert screen.overlay is None
            await robot.press("escape")
            assert robot.app.screen is None

        self.view(replayed, script)

    def test_a_picture_is_saved_beside_the_recording(self, replayed):
        path = picture_path(replayed, 7)

        async def script(robot: Robot, screen: ReplayScreen) -> None:
            await robot.press("s")
            assert path.name == "game-tick0007.png"
            assert path.name in screen.note
            picture = pygame.image.load(path)
            assert (to_array(picture)[:100] == to_array(robot.app.surface)[:100]).all()
            path.unlink()
            path.mkdir()
            await robot.press("s")
            assert screen.note.startswith("Not saved: ")

        self.view(replayed, script, tick=7)
        assert [each.name for each in path.parent.iterdir() if each.name.startswith(".")] == []

    @pytest.mark.parametrize("size", [(640, 480), (1920, 1080)])
    def test_damaged_ones_in_any_size(self, file, size):
        with_another_action(file, 20)
        rewrite(file, lines_of(file)[:100])
        replayed = open_replay(file)
        assert len(replayed.warnings) == 2

        async def script(robot: Robot, screen: ReplayScreen) -> None:
            await robot.press("t", "end", "home")
            assert screen.timeline.area.bottom < size[1]

        self.view(replayed, script, size)

    def test_no_ticks_at_all(self, file):
        replayed = open_replay(rewrite(file, lines_of(file)[:1]))

        async def script(robot: Robot, screen: ReplayScreen) -> None:
            await robot.press("space", "right", "end", "t")
            await robot.click(screen.timeline.area.center)
            assert (screen.playing, screen.tick) == (False, 0)

        self.view(replayed, script)


class TestExport:
    def test_frames_are_the_same_every_time(self, replayed, file):
        for position in (0, 10.4, SAID_AT + 1, TICKS):
            first, again = frame(replayed, position, thoughts=True), frame(open_replay(file), position, thoughts=True)
            assert (to_array(first) == to_array(again)).all()

    def test_chefs_glide_and_then_stand_where_the_tick_has_them(self, replayed):
        tick = next(
            k
            for k in range(1, SAID_AT)
            if replayed.state(k - 1)["chefs"][0]["at"] != replayed.state(k)["chefs"][0]["at"]
        )
        hats, area = [0, 4], (800, 600 - video.STRIP)
        at_rest = to_array(render(replayed.setup.kitchen, replayed.state(tick), area, hats, replayed.hz))
        assert (to_array(frame(replayed, tick, (800, 600)))[: area[1]] == at_rest).all()
        (x, y), (to_x, to_y) = (replayed.state(k)["chefs"][0]["at"] for k in (tick - 1, tick))
        half = glided(replayed.state(tick - 1), replayed.state(tick), 0.5)
        assert half["chefs"][0]["at"] == ((x + to_x) / 2, (y + to_y) / 2)
        halfway = to_array(render(replayed.setup.kitchen, half, area, hats, replayed.hz))
        assert (to_array(frame(replayed, tick - 1 + GLIDE / 2, (800, 600)))[: area[1]] == halfway).all()

    def test_messages_and_thoughts_are_drawn(self, replayed):
        def differs(tick: int, thoughts: bool = False) -> bool:
            silent = open_replay(replayed.recording.path)
            silent.marks = tuple(mark for mark in silent.marks if mark.kind != "said")
            silent._thoughts = {}
            first, second = (to_array(frame(each, tick, thoughts=thoughts)) for each in (replayed, silent))
            return bool((first != second).any())

        assert not differs(SAID_AT)
        assert differs(SAID_AT + 1)
        assert not differs(SAID_AT + 30)
        assert differs(SAID_AT + 30, thoughts=True)

    def test_an_mp4_read_back(self, replayed, tmp_path):
        iio = pytest.importorskip("imageio.v3")
        done = export(replayed, tmp_path / "out.mp4", SMALL, fps=16, speed=16)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # imageio's reader leaves the pipes to its encoder open
            frames = iio.imread(tmp_path / "out.mp4", plugin="FFMPEG")
            gc.collect()
        assert frames.shape == (done.frames, 240, 320, 3)
        assert done == (TICKS // 4 + 2, 16)  # four ticks a frame, the rest, and the start
        for i, tick in ((0, 0), (20, 80), (done.frames - 1, TICKS)):
            drawn = video.pygame.Surface(SMALL, 0, 32)
            video.draw_frame(drawn, replayed, tick, linger=4)
            assert abs(to_array(drawn).astype(int) - frames[i]).mean() < 6
        assert sorted(path.name for path in tmp_path.iterdir()) == ["game.jsonl.zst", "out.mp4"]

    def test_a_gif_read_back(self, replayed, tmp_path):
        iio = pytest.importorskip("imageio.v3")
        done = export(replayed, tmp_path / "out.GIF", SMALL, fps=24, speed=32, thoughts=True)
        frames = iio.imread(tmp_path / "out.GIF", plugin="pillow", index=None)
        assert done.fps == 25  # what hundredths of a second allow
        assert frames.shape == (done.frames, 240, 320, 3)
        assert iio.immeta(tmp_path / "out.GIF", plugin="pillow")["duration"] == 40
        drawn = video.pygame.Surface(SMALL, 0, 32)
        video.draw_frame(drawn, replayed, TICKS, thoughts=True, linger=4)
        assert abs(to_array(drawn).astype(int) - frames[-1]).mean() < 8

    def test_a_png(self, replayed, tmp_path):
        save_frame(replayed, 40, tmp_path / "a.png", (480, 360))
        assert (to_array(pygame.image.load(tmp_path / "a.png")) == to_array(frame(replayed, 40, (480, 360)))).all()

    @pytest.mark.parametrize("ending", ["mp4", "gif"])
    def test_stopping_leaves_nothing(self, replayed, tmp_path, monkeypatch, ending):
        drawn = []

        def draw(*args, **more):
            drawn.append(args)
            if len(drawn) == 20:
                raise KeyboardInterrupt
            video_draw(*args, **more)

        video_draw = video.draw_frame
        (tmp_path / f"out.{ending}").write_text("what was there before")
        monkeypatch.setattr(video, "draw_frame", draw)
        with pytest.raises(KeyboardInterrupt):
            export(replayed, tmp_path / f"out.{ending}", SMALL)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["game.jsonl.zst", f"out.{ending}"]
        assert (tmp_path / f"out.{ending}").read_text() == "what was there before"

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of this kind")
    @pytest.mark.parametrize("ending", ["mp4", "gif"])
    def test_a_full_disk(self, file, ending):
        program = (
            "import resource, signal, sys\n"
            "from brigade.envs.registry import BrigadeError\n"
            "from brigade.human_play.replay.replay import open_replay\n"
            "from brigade.human_play.replay.video import export\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000))\n"
            "try:\n"
            f"    export(open_replay(sys.argv[1]), sys.argv[2], {SMALL}, speed=40)\n"
            "except BrigadeError as error:\n"
            "    print(error)\n"
        )
        out = file.with_name(f"out.{ending}")
        told = subprocess.run(
            [sys.executable, "-c", program, str(file), str(out)], capture_output=True, text=True, check=False
        )
        assert f"out.{ending}: cannot be written: " in told.stdout, told.stderr
        assert [path.name for path in file.parent.iterdir()] == [file.name]

    @pytest.mark.parametrize(
        ("name", "how", "told"),
        [
            ("out.avi", {}, r"unknown kind of video '\.avi'"),
            ("out", {}, "unknown kind of video 'out'"),
            ("out.mp4", {"size": (321, 240)}, "must be even, got 321x240; try 320x240"),
            ("out.gif", {"size": (32, 24)}, "32x24 cannot be drawn"),
            ("out.mp4", {"fps": 0.0}, "frames a second, got 0"),
            ("out.mp4", {"fps": 1e6}, "frames a second"),
            ("out.mp4", {"speed": 0.0}, "expected a speed"),
            ("out.mp4", {"speed": float("nan")}, "expected a speed"),
            ("nowhere/out.mp4", {}, "No such file or directory"),
        ],
    )
    def test_what_cannot_be_written(self, replayed, tmp_path, name, how, told):
        with pytest.raises(BrigadeError, match=told):
            export(replayed, tmp_path / name, **{"size": SMALL} | how)
        assert [path.name for path in tmp_path.iterdir()] == ["game.jsonl.zst"]

    def test_without_imageio(self, replayed, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
        with pytest.raises(BrigadeError, match=r"brigade\[study\]"):
            export(replayed, tmp_path / "out.mp4", SMALL)
        assert [path.name for path in tmp_path.iterdir()] == ["game.jsonl.zst"]


class TestCommand:
    def run(self, *arguments: str):
        app = typer.Typer()
        app.command()(replay)
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    def test_a_video(self, file, tmp_path):
        done = self.run(file, "--video", tmp_path / "o.gif", "--size", "320x240", "--speed", "50", "--fps", "5")
        assert done.exit_code == 0, done.exception
        assert "320x240" in done.output
        assert (tmp_path / "o.gif").read_bytes().startswith(b"GIF89a")

    def test_a_picture_of_a_recording_that_does_not_replay(self, file, tmp_path):
        done = self.run(with_another_action(file, 20), "--png", tmp_path / "o.png", "--tick", "30", "--thoughts")
        assert done.exit_code == 0, done.exception
        assert "Does not replay: tick 20" in done.output
        assert pygame.image.load(tmp_path / "o.png").get_size() == video.SIZE

    def test_a_window(self, file, monkeypatch):
        shown = []

        async def run(app, screen):
            shown.append((screen.tick, screen.speed, screen.thoughts, app.surface.get_size()))
            pygame.display.quit()

        monkeypatch.setattr(App, "run", run)
        done = self.run(file, "--tick", "12", "--speed", "3", "--thoughts", "--size", "800x600")
        assert done.exit_code == 0, done.exception
        assert shown == [(12, 4.0, True, (800, 600))]

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["--png", "a.png"], "--tick N"),
            (["--png", "a.png", "--video", "a.mp4"], "one of them"),
            (["--video", "a.mp4", "--tick", "3"], "every tick"),
            (["--png", "a.png", "--tick", "999"], f"ticks 0 to {TICKS}, not 999"),
            (["--png", "a.jpg", "--tick", "9"], r"end in \.png"),
            (["--tick", "999"], f"ticks 0 to {TICKS}, not 999"),
            (["--size", "big"], "for example 1024x768"),
            (["--size", "320x240"], "at least 640x480"),
            (["--speed", "0"], "--speed"),
            (["--fps", "9"], "--fps is for --video"),
        ],
    )
    def test_bad_arguments(self, file, arguments, told):
        done = self.run(file, *arguments)
        assert isinstance(done.exception, BrigadeError)
        with pytest.raises(BrigadeError, match=told):
            raise done.exception

    def test_no_recording(self, tmp_path):
        (tmp_path / "other").write_text("something else")
        for name, told in (("none", "no such file"), ("other", "not a recording")):
            done = self.run(tmp_path / name)
            assert told in str(done.exception)

    def test_the_recording_is_left_alone(self, file, recorded):
        self.run(file, "--png", file.with_name("a.png"), "--tick", "3")
        assert file.read_bytes() == recorded.read_bytes()
        assert read_recording(file).cut is None
