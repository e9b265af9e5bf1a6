"""A person as verifier: in the window and the terminal, recorded, gone on with, reported, and not told too early."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

import numpy as np
import pygame
from rich.console import Console

import brigade  # registers who can follow plans
from brigade.batch.folder.lines import LineFile
from brigade.batch.people.judgements import read_session, read_sessions
from brigade.batch.people.legibility import notes
from brigade.envs.kitchen.content.folders import own_folder
from brigade.envs.kitchen.content.layout import kitchen_digest
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.prover_verifier.games.game import SolutionGame, make_game
from brigade.envs.prover_verifier.protocol import PROTOCOLS
from brigade.envs.prover_verifier_v0 import list_games
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.config import PvgConfig
from brigade.experiments.prover_verifier.report.page import page, write_page
from brigade.experiments.prover_verifier.report.terminal import print_pvg_report
from brigade.experiments.prover_verifier.run import run_pvg
from brigade.human_play.screens.verifier.judge import JudgeScreen
from brigade.human_play.screens.verifier.judging import JudgingPage, JudgingRunner
from brigade.human_play.verifier import choosing as pvg_draw
from brigade.human_play.verifier.choosing import shares
from brigade.human_play.verifier.config import BEHAVIOURS, JudgingConfig
from brigade.human_play.verifier.session import Judgement, JudgingSession, open_session
from brigade.human_play.verifier.terminal import Ended, Lines, TimeUp, play_in_terminal
from brigade.human_play.verifier.verifier_item import COUNTED, GameItem, TranscriptItem, VerifierItem
from brigade.human_play.window.app import App
from brigade.human_play.window.input import Bindings
from brigade.human_play.window.robot import Robot, work

Script = Callable[[Robot], Awaitable[None]]
NAMES = [name for name, _ in JudgingConfig.listed()]
FITTING = [
    (game, protocol)
    for game, _ in list_games()
    for protocol, table in PROTOCOLS.items()
    if table.provers and make_game(game).fits(table)
]
SECRETS = (*BEHAVIOURS, "helpful", "sneaky", "half-truth")


@pytest.fixture
def app() -> App:
    return App((800, 600), bindings=Bindings())


def config(tmp_path: Path, name: str = "play_arithmetic", *changes: str, participant: str = "P01") -> JudgingConfig:
    return JudgingConfig.load(name, [f"out={tmp_path / 'out'}", f"participant={participant}", *changes])


def go(app: App, session: JudgingSession, script: Script) -> None:
    asyncio.run(work(app, JudgingRunner(app, session).first(), script))


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def shown(item: VerifierItem) -> str:
    """All that a person can see of an item."""
    told = [item.task, item.problem, *(f"{p.heading} {p.text}" for p in item.passages)]
    told += [f"{c.verb} {c.label} {c.answer}" for c in item.choices]
    return "\n".join([*told, repr(item.sight.described) if item.sight else ""]).lower()


class Answers:
    """What a person types, instead of standard input."""

    typed = False

    def __init__(self, *answers: str | type[Exception]):
        self.answers = list(answers)

    def next(self, seconds: float | None) -> str:
        answer = self.answers.pop(0) if self.answers else Ended
        if isinstance(answer, str):
            return answer
        raise answer

    def forget(self) -> None:
        pass


class Typist(Answers):
    """What a person types in a terminal, in batches: one begins when what was typed too early has been dropped."""

    typed = True

    def __init__(self, *batches: list[str]):
        super().__init__()
        self.batches = [*batches]

    def next(self, seconds: float | None) -> str:
        if not self.answers and seconds is not None:
            raise TimeUp
        return super().next(seconds)

    def forget(self) -> None:
        self.answers = list(self.batches.pop(0)) if self.batches else []


class TestConfigurations:
    @pytest.mark.parametrize("name", NAMES)
    def test_bundled_ones_load_and_say_what_they_are(self, name):
        loaded = JudgingConfig.load(name)
        assert loaded.name == name
        assert loaded.about

    @pytest.mark.parametrize(
        ("changes", "complaint"),
        [
            (["gmae=bec_r"], "gmae: unknown key; did you mean 'game'"),
            (["game=kitchn"], "game: unknown prover-verifier game 'kitchn'; did you mean 'kitchen'"),
            (["protocol=adq"], "protocol: unknown protocol 'adq'; did you mean 'adp'"),
            (["protocol=solo"], "under 'solo' nobody argues.*adp, nip, pvd"),
            (["protocol=looks"], "game 'arithmetic' cannot be played under protocol 'looks'; it can under adp"),
            (["provers={honst: 1}"], "provers: unknown prover 'honst'; did you mean 'honest'"),
            (["provers={honest: 0}"], "all weights are 0"),
            (["provers={honest: -1}"], "the weight of honest is -1"),
            (["options={stps: 2}"], "options.stps: unknown option of 'arithmetic'; did you mean 'steps'"),
            (["options={steps: many}"], "options: cannot be used for 'arithmetic'"),
            (["items=0"], "items: .*greater than or equal to 1"),
            (["time_limit_s=-1"], "time_limit_s: "),
            (["transcripts=somewhere"], "either a game or the transcripts"),
        ],
    )
    def test_what_is_wrong_is_said(self, changes, complaint):
        with pytest.raises(BrigadeError, match=complaint):
            JudgingConfig.load("play_arithmetic", changes)

    def test_the_line_of_a_file_is_named(self, tmp_path):
        path = tmp_path / "mine.yaml"
        path.write_text("name: mine\ngame: arithmetic\nprotocol: slo\n")
        with pytest.raises(BrigadeError, match=r"mine.yaml:3: protocol: unknown protocol 'slo'"):
            JudgingConfig.load(str(path))
        with pytest.raises(BrigadeError, match="did you mean 'play_kitchen'"):
            JudgingConfig.load("play_kitchn")

    def test_a_kitchen_must_be_named(self):
        with pytest.raises(BrigadeError, match="options: cannot be used for 'kitchen'"):
            JudgingConfig.load("play_kitchen", ["options={kitchen: 5}"])


class TestItems:
    def test_everyone_gets_the_same_ones(self, tmp_path):
        first, second = (JudgingSession(config(tmp_path, participant=name)) for name in ("P01", "P02"))
        for number in range(6):
            assert shown(first.item(number)) == shown(second.item(number))
        other = JudgingSession(config(tmp_path, "play_arithmetic", "seed=1"))
        assert shown(other.item(3)) != shown(first.item(3))

    def test_every_prover_appears_as_often_as_its_weight_says(self):
        drawn = shares({"honest": 2, "liar": 1, "half_truth": 1}, 20, 0, COUNTED)
        assert [drawn.count(name) for name in BEHAVIOURS] == [10, 5, 5]
        assert len(shares({"honest": 1, "liar": 1, "half_truth": 1}, 20, 0, COUNTED)) == 20
        assert drawn != sorted(drawn)

    @pytest.mark.parametrize(("game", "protocol"), FITTING)
    def test_roles_and_truth_are_nowhere_before_the_verdict(self, game, protocol):
        loaded = JudgingConfig.load("play_arithmetic", [f"game={game}", f"protocol={protocol}", "options={}"])
        for behaviour in BEHAVIOURS:
            item = GameItem(loaded, "1", COUNTED, 0, behaviour)
            for _ in range(3):
                assert not any(secret in shown(item) for secret in SECRETS)
                open_ones = [choice for choice in item.choices if choice.answer is None]
                if open_ones and item.questions_left:
                    item.ask(open_ones[0].number)
            verdict = item.decide(True)
            assert verdict.facts["truth"] == verdict.truth
            assert json.loads(json.dumps(dict(verdict.facts))) == verdict.facts

    @pytest.mark.parametrize("name", ["play_arithmetic", "play_kitchen"])
    def test_the_truth_is_not_even_found_out_before_the_verdict(self, name, monkeypatch):
        loaded = JudgingConfig.load(name)

        def found_out(*_: Any) -> bool:
            raise AssertionError("the truth was asked for")

        with monkeypatch.context() as patched:
            patched.setattr(SolutionGame, "truth", found_out)
            item = GameItem(loaded, "1", COUNTED, 0, "liar")
            shown(item)
            for choice in item.choices:
                item.ask(choice.number)
            shown(item)
        item.decide(False)

    def test_the_picture_is_the_same_whatever_the_role(self, app):
        loaded = JudgingConfig.load("play_kitchen")
        pictures = []
        for role in (0, 1):
            item = GameItem(loaded, "1", COUNTED, 0, "honest")
            item._env.role = role
            screen = JudgeScreen(app, item, "1 of 2", 0, None, 1, lambda judgement: None, lambda: None)
            screen.draw(app.surface)
            pictures.append(pygame.surfarray.array3d(app.surface))
        assert (pictures[0] == pictures[1]).all()
        pygame.display.quit()

    def test_what_lies_far_away_is_not_shown(self):
        item = GameItem(JudgingConfig.load("play_kitchen", ["options={radius: 0}"]), "1", COUNTED, 3, "honest")
        sight = item.sight
        assert sight is not None
        assert len(sight.near) == 1
        assert sight.described["items"] == []
        assert sight.described["chefs"][1]["holding"] is None

    def test_claims_with_fewer_checkpoints_are_read_as_well(self):
        item = GameItem(JudgingConfig.load("play_kitchen", ["options={checkpoints: 1}"]), "1", COUNTED, 0, "liar")
        assert [choice.number for choice in item.choices] == [0]
        item.ask(0)
        assert item.choices[0].holds is False
        assert item.sight is not None
        assert len(item.sight.points) == 1

    def test_a_look_shows_what_is_there(self):
        loaded = JudgingConfig.load("play_kitchen")
        held: set[bool | None] = set()
        for number, behaviour in enumerate(BEHAVIOURS):
            item = GameItem(loaded, "1", COUNTED, number, behaviour)
            for choice in item.choices:
                assert choice.answer is None
                item.ask(choice.number)
                item.ask(choice.number)  # what has been looked at costs nothing more
            assert item.questions_left == 3 - len(item.choices)
            for choice in item.choices:
                assert choice.answer is not None
                assert choice.holds == (f": {choice.answer} at" in choice.label)
            held |= {choice.holds for choice in item.choices}
            if behaviour == "liar":
                assert not any(choice.holds for choice in item.choices)
        assert held == {True, False}


class TestWindow:
    def test_a_session_with_looks_verdicts_and_time_outs_left_half_way_and_gone_on_with(self, app, tmp_path):
        short = config(tmp_path, "play_kitchen", "items=3", "practice=1", "time_limit_s=30")
        session = JudgingSession(short)

        async def first_half(robot: Robot) -> None:
            await robot.click_button("Begin")
            await robot.screen(JudgeScreen)
            await robot.press("1", "1", "a")  # the second press is not a second look
            await robot.screen(JudgingPage)
            assert "practice" in str([getattr(widget, "given", "") for widget in robot.widgets()])
            await robot.press("return")
            await robot.screen(JudgeScreen)
            screen = app.screen
            assert isinstance(screen, JudgeScreen)
            await robot.press("down", "return")  # the first checkpoint, by the arrows
            assert len(screen.looks) == 1
            await robot.press("right", "left", "right", "return")
            await robot.screen(JudgingPage)
            await robot.press("return")
            await robot.screen(JudgeScreen)
            await robot.press("escape", "escape", "escape")  # asks, stays, asks
            await robot.click_button("Leave")
            await robot.until(lambda: app.screen is None)

        go(app, session, first_half)
        assert session.place == (2, 4)
        again = JudgingSession(short)
        assert again.place == (2, 4)
        assert again.title(again.current or 0) == "2 of 3"

        async def second_half(robot: Robot) -> None:
            await robot.click_button("Begin")
            await robot.screen(JudgeScreen)
            screen = app.screen
            assert isinstance(screen, JudgeScreen)
            screen.limit_s = 0.05
            await robot.screen(JudgingPage)
            assert "Time is up" in str([getattr(widget, "given", "") for widget in robot.widgets()])
            await robot.press("return")
            await robot.screen(JudgeScreen)
            screen = app.screen
            assert isinstance(screen, JudgeScreen)
            await robot.click(screen.verdicts[0].area.center)
            await robot.screen(JudgingPage)
            await robot.press("return")
            await robot.frames(3)
            assert "all" in app.screen.title  # type: ignore[union-attr]
            await robot.click_button("Done")

        app = App((800, 600), bindings=Bindings())
        go(app, again, second_half)
        stored = read_session(again.path)
        assert [item["item"] for item in stored.items] == ["practice-1", "1", "2", "3"]
        assert [item["accept"] for item in stored.items] == [True, False, False, True]
        assert [item["timed_out"] for item in stored.items] == [False, False, True, False]
        assert [len(item["looks"]) for item in stored.items] == [1, 1, 0, 0]
        assert [item["openings"] for item in stored.items] == [1, 1, 2, 1]
        assert {item["role"] for item in stored.items} <= {"helpful", "sneaky"}
        look = stored.items[1]["looks"][0]
        assert look["tick"] > 0
        assert 0 < look["s"] <= stored.items[1]["seconds"]
        for item in stored.items:
            assert item["correct"] == (item["accept"] == item["truth"])
            assert item["points"] == (10 if item["correct"] else -10) - len(item["looks"])
            assert {look["label"] for look in item["looks"]} <= set(item["checkpoints"])
        assert "(not looked at)" in page(again.path)
        header = lines_of(again.path)[0]
        assert header["participant"] == "P01"
        assert header["config"]["protocol"] == "looks"
        assert header["provenance"]["brigade"] == brigade.__version__

    def test_without_feedback_nothing_says_what_was_right_until_the_end(self, app, tmp_path):
        session = JudgingSession(config(tmp_path, "play_arithmetic", "items=2", "practice=0", "feedback=false"))
        told: list[str] = []

        async def script(robot: Robot) -> None:
            await robot.click_button("Begin")
            for _ in range(2):
                await robot.screen(JudgeScreen)
                assert app.screen.points is None  # type: ignore[union-attr]
                await robot.press("a")
                await robot.screen(JudgingPage)
                told.extend(getattr(widget, "given", "") for widget in robot.widgets())
                await robot.press("return")

        go(app, session, script)
        assert session.current is None
        assert not re.search("right|wrong|point", " ".join(told).lower())

    def test_dialogue_and_confidence(self, app, tmp_path):
        session = JudgingSession(config(tmp_path, "play_review", "items=1", "practice=0"))

        async def script(robot: Robot) -> None:
            await robot.click_button("Begin")
            await robot.screen(JudgeScreen)
            before = len(robot.widgets())
            await robot.press("2")
            await robot.frames(3)
            assert len(robot.widgets()) == before + 1  # what was answered
            await robot.press("r")
            await robot.screen(JudgingPage)
            await robot.press("return", "4")  # Enter alone is no answer
            await robot.frames(3)
            assert session.items

        go(app, session, script)
        (item,) = session.items
        assert item["confidence"] == 0.8
        assert [said["asked"] for said in item["argument"]] == ["", "You asked for line 2."]
        assert all(said["speaker"] == "The prover" for said in item["argument"])

    def test_the_time_goes_on_while_one_thinks_about_leaving(self, app, tmp_path):
        session = JudgingSession(config(tmp_path, "play_arithmetic", "items=1", "practice=0", "time_limit_s=0.3"))

        async def script(robot: Robot) -> None:
            await robot.click_button("Begin")
            await robot.screen(JudgeScreen)
            await robot.press("escape")
            await robot.screen(JudgingPage, 5)

        go(app, session, script)
        assert session.items[0]["timed_out"]
        assert session.items[0]["seconds"] == 0.3

    @pytest.mark.parametrize("key", [pygame.K_a, pygame.K_r, pygame.K_1])
    def test_a_key_that_comes_before_the_frame_but_after_the_time_is_too_late(self, app, key):
        item, decided = GameItem(JudgingConfig.load("play_kitchen"), "1", COUNTED, 0, "honest"), list[Judgement]()
        screen = JudgeScreen(app, item, "1 of 2", 5, 5.0, 1, decided.append, lambda: None)
        screen.draw(app.surface)
        assert screen._begun is not None
        screen._begun -= 100  # the screen stood still
        for pressed in (key, pygame.K_1, pygame.K_a):
            screen.handle(pygame.Event(pygame.KEYDOWN, key=pressed))
        screen.draw(app.surface)
        assert decided == [Judgement(False, 5.0, True, ())]
        assert not any(choice.answer for choice in item.choices)
        pygame.display.quit()

    def test_nothing_is_looked_at_before_it_is_shown(self, app):
        item = GameItem(JudgingConfig.load("play_kitchen"), "1", COUNTED, 0, "honest")
        screen = JudgeScreen(app, item, "1 of 2", 5, 5.0, 1, lambda judgement: None, lambda: None)
        screen.handle(pygame.Event(pygame.KEYDOWN, key=pygame.K_1))
        assert not screen.looks
        pygame.display.quit()

    def test_a_full_disk_is_said_and_tried_again(self, app, tmp_path, monkeypatch):
        session = JudgingSession(config(tmp_path, "play_arithmetic", "items=1", "practice=0"))

        def full(*_: Any) -> int:
            raise BrigadeError("no space left")

        async def script(robot: Robot) -> None:
            await robot.click_button("Begin")
            await robot.screen(JudgeScreen)
            with monkeypatch.context() as patched:
                patched.setattr(LineFile, "add", full)
                await robot.press("a")
                await robot.screen(JudgingPage)
                assert "no space left" in str([getattr(widget, "given", "") for widget in robot.widgets()])
                assert session.items == []
            await robot.click_button("Try to store it again")
            await robot.frames(2)
            assert len(session.items) == 1

        go(app, session, script)
        assert len(read_session(session.path).items) == 1

    @pytest.mark.parametrize("size", [(640, 480), (800, 600), (3840, 2160)])
    @pytest.mark.parametrize("name", NAMES)
    def test_everything_is_drawn_at_every_size(self, name, size):
        big = App(size, bindings=Bindings())
        item = GameItem(JudgingConfig.load(name), "1", COUNTED, 0, "honest")
        screen = JudgeScreen(big, item, "1 of 2", 5, 30.0, 1, lambda judgement: None, lambda: None)
        screen.draw(big.surface)
        accept, reject = (button.area for button in screen.verdicts)
        assert big.surface.get_rect().contains(accept)
        assert big.surface.get_rect().contains(reject)
        assert not accept.colliderect(reject)
        assert screen.column.widgets[0].area.w > size[0] / 4
        pygame.display.quit()


class TestText:
    @pytest.mark.parametrize(("game", "protocol"), FITTING)
    def test_every_game_under_every_protocol(self, tmp_path, game, protocol):
        changes = (f"game={game}", f"protocol={protocol}", "options={}", "items=2", "practice=0")
        session = JudgingSession(config(tmp_path, "play_arithmetic", *changes))
        said: list[str] = []
        play_in_terminal(session, said.append, Answers("", "1", "what?", "1", "a", "", "r"))  # type: ignore[arg-type]
        assert session.current is None
        assert [item["accept"] for item in session.items] == [True, False]
        assert any("That is neither" in line for line in said)
        assert any("accuracy" in line for line in said)
        looks = len(session.items[0]["looks"])
        assert looks == 0 if not PROTOCOLS[protocol].questions else looks >= 1

    def test_time_outs_leaving_and_going_on(self, tmp_path):
        loaded = config(tmp_path, "play_review", "items=3", "practice=1")
        said: list[str] = []
        answers = Answers("", TimeUp, "", "a", "nine", "6", "", "1", "q")
        play_in_terminal(JudgingSession(loaded), said.append, answers)  # type: ignore[arg-type]
        stored = read_session(loaded.folder / "P01.jsonl")
        assert [item["timed_out"] for item in stored.items] == [True, False]
        assert [item["confidence"] for item in stored.items] == [None, 1.0]
        assert any("Time is up" in line for line in said)
        assert any("A number from 1 to 6" in line for line in said)
        again = JudgingSession(loaded)
        play_in_terminal(again, said.append, Answers("", "r", "1", "", KeyboardInterrupt))  # type: ignore[arg-type]
        assert again.place == (3, 4)
        assert "Left after 3 of 4" in said[-1]
        assert read_session(again.path).openings == {"practice-1": 1, "1": 1, "2": 2, "3": 1}

    def test_a_number_of_thousands_of_digits_is_not_understood(self, tmp_path):
        loaded = config(tmp_path, "play_review", "items=1", "practice=0")
        said: list[str] = []
        answers = Answers("", "1" * 5000, "a", "1" * 5000, "6")
        play_in_terminal(JudgingSession(loaded), said.append, answers)  # type: ignore[arg-type]
        (item,) = read_session(loaded.folder / "P01.jsonl").items
        assert (item["accept"], item["looks"], item["confidence"]) == (True, [], 1.0)
        assert "That is neither." in said
        assert any("A number from 1 to 6" in line for line in said)

    def test_what_is_typed_too_early_judges_nothing(self, tmp_path):
        loaded = config(tmp_path, "play_arithmetic", "items=2", "practice=0")
        said: list[str] = []
        begin, first, late, second = ["a", ""], list[str](), ["a", "a", ""], ["r"]
        play_in_terminal(JudgingSession(loaded), said.append, Typist(begin, first, late, second))  # type: ignore[arg-type]
        stored = read_session(loaded.folder / "P01.jsonl").items
        assert [(item["timed_out"], item["accept"]) for item in stored] == [(True, False), (False, False)]
        assert said.count("Enter alone, please.") == 3

    def test_lines_are_dropped_in_a_terminal_only(self, monkeypatch):
        leader, follower = pty.openpty()
        reading, writing = os.pipe()
        for into, out_of, typed in ((leader, follower, True), (writing, reading, False)):
            with os.fdopen(out_of) as given:
                monkeypatch.setattr(sys, "stdin", given)
                lines = Lines()
                os.write(into, b"early\nlast\n")
                assert lines.next(60) == "early"
                while lines._lines.empty():
                    time.sleep(0.01)
                lines.forget()
                assert lines.typed == typed
                os.write(into, b"now\n")
                assert lines.next(60) == ("now" if typed else "last")
                if not typed:
                    os.close(into)
                    assert lines.next(60) == "now"
                    with pytest.raises(Ended):
                        lines.next(60)
                    continue
                os.write(into, b"\x04")
                for _ in range(2):  # the end is not forgotten
                    with pytest.raises(Ended):
                        lines.next(60)
                    lines.forget()
                os.close(into)

    def test_through_a_pipe(self, tmp_path):
        done = command(tmp_path, "play_arithmetic", "items=2", "practice=1", given="\na\n\nneither\nr\n\na\n")
        assert done.returncode == 0, done.stderr
        assert "That was all" in done.stdout
        session = read_session(tmp_path / "out" / "P01.jsonl")
        assert [item["accept"] for item in session.items] == [True, False, True]
        over = command(tmp_path, "play_arithmetic", "items=2", "practice=1", given="")
        assert "That was all" in over.stdout
        assert len(read_session(session.path).items) == 3

    def test_the_end_of_the_input_keeps_what_there_is(self, tmp_path):
        done = command(tmp_path, "play_kitchen", "items=4", "practice=0", given="\n1\na\n\n")
        assert done.returncode == 0, done.stderr
        assert "Left after 1 of 4" in done.stdout
        assert len(read_session(tmp_path / "out" / "P01.jsonl").items) == 1

    def test_two_sessions_in_one_folder_are_refused(self, tmp_path):
        out = tmp_path / "out"
        with open_session(config(tmp_path, "play_arithmetic", participant="P02")):
            done = command(tmp_path, "play_arithmetic", given="\n")
            assert (done.returncode, done.stdout) == (2, "")
            assert f"{out}: process {os.getpid()} is working in this folder; close it first" in done.stderr
        assert not out.exists(), "nobody judged anything"
        assert command(tmp_path, "play_arithmetic", "items=1", "practice=0", given="\na\n").returncode == 0
        with open_session(config(tmp_path, "play_arithmetic", "items=1", "practice=0", participant="P02")) as session:
            assert session.place == (0, 1)
        assert (out / "P01.jsonl").exists()

    def test_in_a_terminal_the_time_runs_out_and_ctrl_c_ends_it(self, tmp_path):
        leader, follower = pty.openpty()
        program = subprocess.Popen(
            [sys.executable, "-m", "brigade", "pvg", "play", "play_arithmetic", "--text", "items=3", "practice=0",
             "time_limit_s=1", "participant=P01", f"out={tmp_path / 'out'}"],
            stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # else a job in the background ignores it
        )  # fmt: skip
        os.close(follower)
        seen = wait_for(leader, "Press Enter to begin")
        os.write(leader, b"\n")
        seen += wait_for(leader, "Press Enter for the next one")
        os.write(leader, b"a\na\n")  # too late for the first, and not about the second
        seen += wait_for(leader, "Enter alone")
        program.send_signal(signal.SIGINT)
        seen += wait_for(leader, "Left after 1 of 3")
        assert program.wait(60) == 0
        os.close(leader)
        assert "Traceback" not in seen
        assert "Time is up: this counts as a rejection" in seen
        (item,) = read_session(tmp_path / "out" / "P01.jsonl").items
        assert item["timed_out"]
        assert not item["accept"]


def command(tmp_path: Path, *arguments: str, given: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "brigade", "pvg", "play", *arguments, "--text", "--participant", "P01",
         f"out={tmp_path / 'out'}"],
        input=given, capture_output=True, text=True, timeout=300, env={**os.environ, **environment}, check=False,
    )  # fmt: skip


def wait_for(descriptor: int, words: str, seconds: float = 60.0) -> str:
    """What a program has written to a terminal, up to some words."""
    seen, deadline = "", time.monotonic() + seconds
    while words not in seen:
        assert time.monotonic() < deadline, seen
        if select.select([descriptor], [], [], 0.2)[0]:
            try:
                seen += os.read(descriptor, 4096).decode(errors="replace")
            except OSError:  # the program has ended
                assert words in seen, seen
    return seen


class TestFiles:
    def judged(self, tmp_path: Path, participant: str = "P01", *changes: str, count: int = 4) -> JudgingSession:
        session = JudgingSession(config(tmp_path, "play_arithmetic", "items=4", *changes, participant=participant))
        rng = np.random.default_rng(len(participant))
        for number in range(session.place[1])[: count + session.config.practice]:
            item = session.item(number)
            session.opened(item)
            judgement = Judgement(bool(rng.integers(2)), 2.0 + number, False)
            session.store(session.record(number, item, judgement, item.decide(judgement.accept)))
        return session

    def test_a_line_that_a_crash_cut_off_costs_only_that(self, tmp_path):
        session = self.judged(tmp_path)
        whole = session.path.read_bytes()
        session.path.write_bytes(whole[:-20])
        again = JudgingSession(session.config)
        assert again.place == (5, 6)
        assert session.path.read_bytes().endswith(b"\n")
        assert len(read_session(session.path).items) == 5

    def test_a_line_cut_inside_a_character_costs_only_that(self, tmp_path):
        session = self.judged(tmp_path)
        session.opened(session.item(0))
        session.path.write_bytes(session.path.read_bytes() + '{"item":"é'.encode()[:-1])
        other = JudgingSession(config(tmp_path, "play_arithmetic", "items=4", participant="P02"))
        assert other.place == (0, 6)
        assert len(read_session(session.path).items) == 6
        again = JudgingSession(session.config)
        assert again.current is None
        assert session.path.read_bytes().endswith(b"}\n")

    @pytest.mark.parametrize("kept", [0, 1, 30, 300, -1])
    def test_a_crash_before_the_first_line_is_whole_locks_nobody_out(self, tmp_path, kept):
        session = self.judged(tmp_path, count=0)
        header = session.path.read_bytes().partition(b"\n")[0] + b"\n"
        session.path.write_bytes(header[:kept])
        with pytest.raises(BrigadeError, match="no sessions of verifiers"):
            read_sessions(session.path.parent)
        other = self.judged(tmp_path, "P02")
        again = JudgingSession(session.config)
        assert again.place == (0, 6)
        again.opened(again.item(0))
        assert [line["format"] for line in lines_of(again.path)] == ["brigade-pvg-session", "brigade-pvg-opened"]
        assert [each.participant for each in read_sessions(tmp_path / "out").read] == ["P01", "P02"]
        assert len(read_session(other.path).items) == 6

    def test_a_foreign_file_without_an_end_is_left_as_it_is(self, tmp_path):
        (tmp_path / "out").mkdir()
        foreign = tmp_path / "out" / "P01.jsonl"
        foreign.write_text('{"a": 1}')
        with pytest.raises(BrigadeError, match=r"P01.jsonl:1: not a session"):
            JudgingSession(config(tmp_path))
        assert foreign.read_text() == '{"a": 1}'

    def test_a_first_line_that_cannot_be_written_leaves_no_file(self, tmp_path, monkeypatch):
        session = JudgingSession(config(tmp_path))

        def full(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(BrigadeError, match="cannot be written: No space left"):
                session.opened(session.item(0))
        assert not session.path.exists()
        session.opened(session.item(0))
        assert len(lines_of(session.path)) == 2

    def test_what_utf_8_cannot_hold_is_stored_and_shown(self, tmp_path):
        session = self.judged(tmp_path, count=0)
        number = session.current or 0
        record = session.record(number, item := session.item(number), Judgement(True, 1.0, False), item.decide(True))
        session.store({**record, "problem": "half \ud83d a \\ud83d pair", "looks": [{"label": "\udc00"}]})
        item = read_session(session.path).items[-1]
        assert item["problem"] == "half \ud83d a \\ud83d pair"
        write_page(session.path, tmp_path / "page.html")
        written = (tmp_path / "page.html").read_text(encoding="utf-8")
        assert r"half \ud83d a" in written
        assert r"\udc00" in written

    @pytest.mark.parametrize(
        ("changes", "complaint"),
        [
            ({"seconds": True}, "seconds: "),
            ({"seconds": 10**400}, "seconds: "),
            ({"points": float("nan")}, "points: .*finite"),
            ({"confidence": float("inf")}, "confidence: .*finite"),
            ({"confidence": "sure"}, "confidence: .*number"),
            ({"practice": 0}, "practice: .*boolean"),
            ({"looks": [1]}, r"looks\.0: "),
            ({"looks": [{"label": [1]}]}, r"looks\.0\.label: "),
            ({"looks": [{"s": float("nan")}]}, r"looks\.0\.s: .*finite"),
            ({"argument": [1]}, r"argument\.0: "),
            ({"checkpoints": 5}, "checkpoints: .*list"),
            ({"checkpoints": [[1]]}, r"checkpoints\.0: "),
        ],
    )
    def test_values_that_no_report_can_use_are_refused_with_the_line(self, tmp_path, changes, complaint):
        session = self.judged(tmp_path, count=1)
        *lines, last = lines_of(session.path)
        session.path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, {**last, **changes}]))
        where = f"P01.jsonl:{len(lines) + 1}: damaged: "
        with pytest.raises(BrigadeError, match=where + complaint):
            page(session.path)
        with pytest.raises(BrigadeError, match=where + complaint):
            print_pvg_report(session.path.parent, Console(file=io.StringIO()))

    @pytest.mark.parametrize(
        ("spoil", "complaint"),
        [
            (lambda lines: [*lines[:2], b"}{", *lines[3:]], r"P01.jsonl:3: damaged: not JSON"),
            (lambda lines: [*lines[:2], b"\xff", *lines[3:]], r"P01.jsonl:3: damaged: not JSON"),
            (lambda lines: [*lines[:2], b"9" * 5000, *lines[3:]], r"P01.jsonl:3: damaged: not JSON"),
            (lambda lines: [*lines, lines[2]], r"judged twice"),
            (lambda lines: [lines[0].replace(b"brigade-pvg-session", b"x"), *lines[1:]], r":1: not a session"),
            (lambda lines: [*lines[:2], lines[2].replace(b'"truth":', b'"t":'), *lines[3:]], r":3: damaged: truth"),
            (lambda lines: [lines[0].replace(b'"version":1', b'"version":9'), *lines[1:]], r"newer Brigade"),
        ],
    )
    def test_a_damaged_file_is_refused_and_left_as_it_is(self, tmp_path, spoil, complaint):
        session = self.judged(tmp_path)
        spoiled = b"\n".join(spoil(session.path.read_bytes().splitlines())) + b"\n"
        session.path.write_bytes(spoiled)
        with pytest.raises(BrigadeError, match=complaint):
            JudgingSession(session.config)
        with pytest.raises(BrigadeError, match=complaint):
            read_sessions(session.path.parent)
        assert session.path.read_bytes() == spoiled

    def test_a_session_that_cannot_be_read_hides_no_other(self, tmp_path):
        damaged, _ = self.judged(tmp_path), self.judged(tmp_path, "P02")
        damaged.path.write_bytes(damaged.path.read_bytes().replace(b'"truth":', b'"t":'))
        command = [sys.executable, "-m", "brigade", "pvg", "report", tmp_path / "out", "--html", tmp_path / "page.html"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "left out: " in done.stdout
        assert "P02" in done.stdout
        assert "damaged: truth" in (tmp_path / "page.html").read_text()
        found = read_sessions(tmp_path / "out")
        assert [each.participant for each in found.read] == ["P02"]
        assert len(found.left_out) == 1

    def test_another_configuration_and_foreign_files_are_refused(self, tmp_path):
        self.judged(tmp_path)
        with pytest.raises(BrigadeError, match=r"another configuration: items is 4 there and 5 here"):
            JudgingSession(config(tmp_path, "play_arithmetic", "items=5"))
        with pytest.raises(BrigadeError, match="another configuration: seed"):
            JudgingSession(config(tmp_path, "play_arithmetic", "items=4", "seed=3", participant="P02"))
        (tmp_path / "out" / "notes.jsonl").write_text('{"a": 1}\n')
        with pytest.raises(BrigadeError, match=r"notes.jsonl:1: not a session"):
            JudgingSession(config(tmp_path, "play_arithmetic", "items=4"))

    def test_a_kitchen_that_was_edited_is_another_one(self, tmp_path):
        kitchen = tmp_path / "mine.yaml"
        plan = (own_folder() / "kitchens" / "new_counter_circuit.yaml").read_text("utf-8")
        kitchen.write_text(plan, "utf-8")
        changes = ("play_kitchen", f"options={{kitchen: '{kitchen}'}}", "items=1", "practice=0")
        session = JudgingSession(config(tmp_path, *changes))
        session.opened(session.item(0))
        digest = lines_of(session.path)[0]["kitchen_digest"]
        assert digest == kitchen_digest(load_kitchen(str(kitchen)))
        JudgingSession(config(tmp_path, *changes, participant="P02"))
        kitchen.write_text(plan.replace("horizon: ", "horizon: 1"), "utf-8")
        for participant in ("P01", "P02"):
            with pytest.raises(BrigadeError, match=rf"P01.jsonl: the kitchen has changed.*{digest} there"):
                JudgingSession(config(tmp_path, *changes, participant=participant))
        header, *lines = lines_of(session.path)
        del header["kitchen_digest"]  # as earlier versions wrote it
        session.path.write_text("".join(json.dumps(line) + "\n" for line in [header, *lines]), "utf-8")
        later = JudgingSession(config(tmp_path, *changes, participant="P02"))
        later.opened(later.item(0))
        assert JudgingSession(config(tmp_path, *changes)).place == (0, 1)

    def test_the_report_says_where_the_kitchens_differ(self, tmp_path):
        for participant, kitchen in (("P01", "a"), ("P02", "b"), ("P03", None)):
            path = self.judged(tmp_path, participant, count=1).path
            header, *lines = lines_of(path)
            header |= {"kitchen_digest": kitchen} if kitchen else {}
            (tmp_path / path.name).write_text("".join(json.dumps(line) + "\n" for line in [header, *lines]), "utf-8")
        told = " ".join(notes(read_sessions(tmp_path).read))
        assert "P02.jsonl is in another version of the kitchen than P01.jsonl" in told
        assert "P03.jsonl" not in told

    def test_games_elsewhere_have_no_kitchen(self, tmp_path):
        assert "kitchen_digest" not in lines_of(self.judged(tmp_path, count=1).path)[0]

    def test_two_programs_do_not_write_one_file(self, tmp_path):
        one, other = (JudgingSession(config(tmp_path, "play_arithmetic", "items=4")) for _ in range(2))
        one.opened(one.item(0))
        with pytest.raises(BrigadeError, match="another program has written to it"):
            other.opened(other.item(0))
        assert len(lines_of(one.path)) == 2

    def test_ids_are_no_paths_and_someone_without_one_gets_one(self, tmp_path):
        with pytest.raises(BrigadeError, match="participant 'a/b'"):
            JudgingSession(config(tmp_path, participant="a/b"))
        unnamed = config(tmp_path).model_copy(update={"participant": None})
        session = JudgingSession(unnamed)
        assert session.participant == "try-1"
        assert not session.path.exists()
        session.opened(session.item(0))
        assert JudgingSession(unnamed).participant == "try-2"

    def test_the_report_has_tables_and_transcripts(self, tmp_path):
        for participant in ("P01", "P002", "P0003"):
            self.judged(tmp_path, participant, count=4 if participant != "P0003" else 2)
        printed = io.StringIO()
        print_pvg_report(tmp_path / "out", Console(file=printed, width=100))
        told = printed.getvalue()
        assert all(name in told for name in ("P01", "P002", "honest", "liar", "accuracy", "not finished: P0003"))
        assert page(tmp_path / "out") == page(tmp_path / "out")
        written = page(tmp_path / "out")
        assert written.count('<div class="item ') == 6 + 6 + 4
        assert "onions" in written or "plates" in written or "bowls" in written
        one = io.StringIO()
        print_pvg_report(tmp_path / "out" / "P01.jsonl", Console(file=one, width=100))
        assert "P002" not in one.getvalue()

    def test_what_is_written_in_a_file_does_not_run_in_the_page(self, tmp_path):
        session = self.judged(tmp_path)
        session.path.write_text(session.path.read_text("utf-8").replace("honest", "<script>x</script>"), "utf-8")
        assert "<script>" not in page(session.path)


class TestRuns:
    def test_the_transcripts_of_a_run_can_be_judged(self, tmp_path):
        folder = tmp_path / "run"
        run = PvgConfig.load("arithmetic_llm", ["ray.workers=0", f"out={folder}", "vary={}", "settings.protocol=adp"])
        run_pvg(run, Console(file=io.StringIO()))
        path = tmp_path / "mine.yaml"
        path.write_text(f"name: mine\ntranscripts: {folder}\nitems: 3\npractice: 1\nout: {tmp_path / 'people'}\n")
        session = JudgingSession(JudgingConfig.load(str(path), ["participant=P01"]))
        play_in_terminal(session, lambda line: None, Answers("", "a", "", "r", "", "a", "", "r"))  # type: ignore[arg-type]
        assert session.current is None
        assert all(isinstance(item["round"], int) for item in session.items)
        assert all(item["argument"][0]["text"] for item in session.items)
        printed = io.StringIO()
        print_pvg_report(tmp_path / "people", Console(file=printed, width=100))
        assert "helpful" in printed.getvalue() or "sneaky" in printed.getvalue()
        with pytest.raises(BrigadeError, match="fewer than items"):
            JudgingSession(JudgingConfig.load(str(path), ["items=900", f"out={tmp_path / 'more'}"]))

    @pytest.mark.parametrize("protocol", ["solo", "debate"])
    def test_a_run_without_provers_of_a_role_is_refused(self, tmp_path, protocol):
        folder = tmp_path / "run"
        changes = ["ray.workers=0", f"out={folder}", "vary={}", f"settings.protocol={protocol}"]
        run_pvg(PvgConfig.load("arithmetic_llm", changes), Console(file=io.StringIO()))
        wanted = JudgingConfig(name="mine", transcripts=str(folder), items=3, practice=0)
        with pytest.raises(BrigadeError, match="come from nature"):
            pvg_draw.entries(wanted)

    def drawn(self, monkeypatch, items, practice, seed=0, rounds=10):
        """What is shown of a run with the same three problems in every round, and three of the round's own."""
        told = [
            {"round": number, "role": role, "problem": f"problem {name}", "text": f"{number} {role}", "correct": right}
            for number in range(rounds)
            for role, right in (("helpful", True), ("sneaky", False))
            for name in ("a", "b", "c", *(3 * number + i for i in range(3)))
        ]
        return self.drawn_of(monkeypatch, told, items, practice, seed)

    def drawn_of(self, monkeypatch, told, items, practice, seed=0):
        record = {"condition": {}, "seed": 0, "transcripts": told}
        run = [{"config": {"experiment": "arithmetic_edits"}}, record]
        monkeypatch.setattr(pvg_draw, "read_pvg_results", lambda *_, **__: run)
        wanted = JudgingConfig(name="mine", transcripts="run", items=items, practice=practice, seed=seed)
        return pvg_draw.entries(wanted)

    def test_what_nature_states_is_no_argument(self, monkeypatch):
        told = [
            {"round": 0, "role": role, "problem": f"{role} {i}", "text": "so it is", "correct": bool(i % 2)}
            for role in ("nature", "helpful")
            for i in range(4)
        ]
        with pytest.raises(BrigadeError, match=r"come from nature, not from a prover.*no prover's argument"):
            self.drawn_of(monkeypatch, told[:4], 2, 0)
        assert {entry["role"] for entry in self.drawn_of(monkeypatch, told, 4, 0)} == {"helpful"}
        with pytest.raises(BrigadeError, match="about 4 problems, fewer than items"):
            self.drawn_of(monkeypatch, told, 5, 0)

    def test_what_utf_8_cannot_hold_is_shown_as_it_is_stored(self):
        entry = {"round": 0, "role": "helpful", "problem": "\ud83d", "text": "it is \ud83d", "correct": True}
        item = TranscriptItem("1", entry)
        assert item.problem == r"\ud83d"
        assert item.passages[0].text == r"it is \ud83d"

    def test_nobody_is_shown_a_problem_twice(self, monkeypatch):
        for seed in range(5):
            shown = self.drawn(monkeypatch, 31, 2, seed)
            assert len({entry["problem"] for entry in shown}) == len(shown) == 33
            assert shown == self.drawn(monkeypatch, 31, 2, seed)
        assert shown != self.drawn(monkeypatch, 31, 2, 0)
        with pytest.raises(BrigadeError, match=r"about 33 problems, fewer than items.*nobody is shown a problem twice"):
            self.drawn(monkeypatch, 32, 2)

    def test_every_round_and_truth_is_shown_equally_often(self, monkeypatch):
        for seed in range(5):
            shown = self.drawn(monkeypatch, 20, 2, seed)
            strata = [(entry["round"], entry["correct"]) for entry in shown[2:]]
            assert sorted(strata) == [(number, right) for number in range(10) for right in (False, True)]
            assert strata != sorted(strata)


class TestCommand:
    def brigade(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "brigade", "pvg", *arguments],
            capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, "COLUMNS": "120", **environment},
        )  # fmt: skip

    def test_without_anything_it_lists_what_there_is(self):
        listed = self.brigade("play").stdout
        assert all(name in listed for name in NAMES)

    def test_without_a_display_it_suggests_the_terminal(self, tmp_path):
        done = self.brigade("play_arithmetic", f"out={tmp_path / 'out'}", SDL_VIDEODRIVER="x11", DISPLAY="")
        assert done.returncode == 2
        assert "--text" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "out").exists()

    def test_mistakes_are_one_clear_line(self, tmp_path):
        for arguments, words in (
            (("play", "play_arithmetc"), "did you mean 'play_arithmetic'"),
            (("play", "play_arithmetic", "--size", "10x10"), "at least 640x480"),
            (("report", str(tmp_path / "nothing")), "no such file"),
        ):
            done = self.brigade(*arguments)
            assert done.returncode == 2
            assert words in done.stderr
            assert "Traceback" not in done.stderr
