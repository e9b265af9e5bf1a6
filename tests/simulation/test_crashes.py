"""An agent that breaks the protocol in the middle of an episode ends the episode, by name, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest

import brigade
from brigade.agents.base import View, make_agent
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.registry import BrigadeError
from brigade.simulation.episode import play


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


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (raises, r"seat 1 \(Breaks\), tick 7: ZeroDivisionError while acting: by nothing"),
        (lambda: 6, r"tick 7: it answered 6 \(int\), expected a whole number from 0 to 5"),
        (lambda: float("nan"), r"tick 7: it answered nan \(float\)"),
        (lambda: None, r"tick 7: it answered None \(NoneType\)"),
        (lambda: "1", r"tick 7: it answered '1' \(str\)"),
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
