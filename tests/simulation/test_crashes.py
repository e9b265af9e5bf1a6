"""An agent that breaks the protocol in the middle of an episode ends the episode, by name, and nothing else."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import brigade
from brigade.agents.base import MacroRecord, View, make_agent
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.registry import BrigadeError
from brigade.simulation.episode import play
from brigade.simulation.recording import RecordingWriter, make_header, read_recording


class Breaks:
    """Walks until tick 7, then does what it is made for."""

    def __init__(self, how: Any, at: int = 7):
        self.how, self.at = how, at

    def reset(self, view: View) -> None:
        if self.at < 0:
            self.how()

    def act(self, observation: dict[str, Any]) -> Any:
        return 1 if observation["tick"] < self.at else self.how()


def raises() -> None:
    raise ZeroDivisionError("by nothing")


def cancels() -> None:
    raise asyncio.CancelledError


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise AttributeError


def unspeakable() -> None:
    raise Unspeakable


class Odd:
    """An answer that cannot even be looked at."""

    def __index__(self) -> int:
        raise ValueError("not now")


class Unprintable:
    def __repr__(self) -> str:
        raise ValueError("not now")


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (
            raises,
            r"\(Breaks\), tick 7: ZeroDivisionError while acting: by nothing \(test_crashes\.py, line \d+\)",
        ),
        (lambda: 6, r"tick 7: it answered 6 \(int\), expected a whole number from 0 to 5"),
        (lambda: float("nan"), r"tick 7: it answered nan \(float\)"),
        (lambda: None, r"tick 7: it answered None \(NoneType\)"),
        (lambda: "1", r"tick 7: it answered '1' \(str\)"),
        (sys.exit, r"tick 7: SystemExit while acting"),
        (cancels, r"tick 7: CancelledError while acting"),
        (unspeakable, r"tick 7: Unspeakable while acting"),
        (Odd, r"tick 7: ValueError while answering: not now"),
        (Unprintable, r"tick 7: ValueError while answering: not now"),
    ],
)
def test_the_episode_ends_and_the_agent_is_named(how: Any, told: str) -> None:
    kitchen = load_kitchen("cramped_room", horizon=30)
    played = play(kitchen, [make_agent("fsm"), Breaks(how)], 1)
    assert re.search(told, played.crashed)
    with pytest.raises(BrigadeError, match=told):
        brigade.play(kitchen, [make_agent("fsm"), Breaks(how)], 1)
    assert not played.finished
    assert not played.interrupted
    assert played.ticks == 7 == len(played.checks)
    assert [len(each) for each in played.actions] == [7, 7]


def test_an_agent_that_cannot_even_begin() -> None:
    played = play(load_kitchen("cramped_room", horizon=30), [Breaks(raises, -1), make_agent("fsm")], 1)
    assert "seat 0 (Breaks), tick 0: ZeroDivisionError while being reset" in played.crashed
    assert played.ticks == 0


def test_numpys_whole_numbers_are_actions() -> None:
    import numpy as np

    assert play(load_kitchen("cramped_room", horizon=9), [make_agent("fsm"), Breaks(lambda: np.int8(2))], 1).finished


class Chronicler(Breaks):
    """Stays, and tells of macro actions what it is made for, from the middle on."""

    def __init__(self, told: Any):
        super().__init__(lambda: 0)
        self.told, self.ticks = told, 0

    def act(self, observation: dict[str, Any]) -> Any:
        self.ticks += 1
        return 0

    @property
    def macros(self) -> Any:
        return self.told() if self.ticks > 7 else []


@pytest.mark.parametrize("told", [raises, lambda: None, lambda: ["junk"], lambda: [MacroRecord("x", "then", 3, True)]])  # type: ignore[arg-type]
def test_macro_actions_that_are_none_end_the_episode_and_its_recording_is_read(told: Any, tmp_path: Path) -> None:
    kitchen = load_kitchen("cramped_room", horizon=30)
    named = [{"name": "fsm"}, {"name": "told"}]
    recorder = RecordingWriter(tmp_path / "game.jsonl.zst", make_header(kitchen, 1, None, named, "both", {}))
    played = play(kitchen, [make_agent("fsm"), Chronicler(told)], 1, recorder=recorder)
    assert "seat 1 (Chronicler), tick 8" in played.crashed
    assert "while telling of its macro actions" in played.crashed
    assert read_recording(recorder.path).compare()[1] is None


def test_macro_actions_may_be_kept_in_numpys_numbers() -> None:
    import numpy as np

    told = [MacroRecord("wander", np.int64(2), np.int32(5), np.bool_(True))]  # type: ignore[arg-type]
    played = play(load_kitchen("cramped_room", horizon=30), [make_agent("fsm"), Chronicler(lambda: told)], 1)
    assert played.macros[1] == [MacroRecord("wander", 2, 5, True)]
    assert json.dumps(played.macros[1][0].start) == "2"
