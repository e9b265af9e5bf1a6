"""`brigade.api_test` passes what keeps to the protocol, and names the fault of what does not."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import numpy as np
import pytest

import brigade
from brigade.agents.base import View, agents
from brigade.envs.registry import BrigadeError
from brigade.simulation.conformance import ApiFault
from brigade.simulation.outcome import Outcome

# What some agents need to be made, and where they can cook.
OPTIONS: dict[str, dict[str, Any]] = {
    "neural": {"checkpoint": "new_counter_circuit"},
    "specialist": {"food": "cooked_beef"},
    "switching": {"first": "fsm", "second": "stay", "at": 30},
}
ONLY_BURGERS = {"neural", "specialist", "beef_specialist", "lettuce_specialist", "assembler"}


class Waiter:
    """Keeps to the protocol: goes left and right, each chosen by the seed of its view."""

    def reset(self, view: View) -> None:
        self.random = np.random.default_rng(view.seed)

    def act(self, observation: dict[str, Any]) -> int:
        return int(self.random.integers(1, 3))


class Slow(Waiter):
    def act(self, observation: dict[str, Any]) -> int:
        time.sleep(0.12)
        return 0


class StallsNowAndThen(Waiter):
    """Not slow in the middle, but what runs beside it stands still."""

    def act(self, observation: dict[str, Any]) -> int:
        time.sleep(0.3 if observation["tick"] == 10 else 0.0)
        return 0


class WarmsUp(Waiter):
    """Keeps to the protocol: the first action of an episode compiles something."""

    def act(self, observation: dict[str, Any]) -> int:
        time.sleep(0.3 if observation["tick"] == 0 else 0.0)
        return 0


class RaisesOnReset(Waiter):
    def reset(self, view: View) -> None:
        raise KeyError("no such dish")


class OutOfRange(Waiter):
    def act(self, observation: dict[str, Any]) -> int:
        return 6


class NotANumber(Waiter):
    def act(self, observation: dict[str, Any]) -> Any:
        return float("nan")


class Fraction(Waiter):
    def act(self, observation: dict[str, Any]) -> Any:
        return 1.0


class KeepsState(Waiter):
    """Goes right for as many ticks as it has ever played."""

    played = 0

    def act(self, observation: dict[str, Any]) -> int:
        self.played += 1
        return 1 if self.played < 20 else 2


class ChangesTheObservation(Waiter):
    def act(self, observation: dict[str, Any]) -> int:
        observation["chefs"].pop()
        return 0


class RunsItsOwnLoop(Waiter):
    def act(self, observation: dict[str, Any]) -> int:
        loop = asyncio.new_event_loop()
        try:
            answer: asyncio.Future[int] = loop.create_future()
            answer.set_result(0)
            return loop.run_until_complete(answer)
        finally:
            loop.close()


class BlocksTheLoop(Waiter):
    """Thinks beside the game, but stops everybody while it does."""

    def attend(self, mind: Any) -> None:
        self.mind = mind

    def think(self, observation: dict[str, Any]) -> None:
        if observation["tick"] == 10:
            self.mind.begin("nap", self.nap())

    async def nap(self) -> Any:
        time.sleep(0.4)  # the fault
        return Outcome()

    def receive(self, thought: Any) -> None:
        pass

    async def close(self) -> None:
        pass


class BlocksAtOnce(BlocksTheLoop):
    """Its first action is slow, and its first thought blocks."""

    def think(self, observation: dict[str, Any]) -> None:
        if observation["tick"] == 0:
            self.mind.begin("nap", self.nap())

    def act(self, observation: dict[str, Any]) -> int:
        time.sleep(0.3 if observation["tick"] == 0 else 0.0)
        return 0


class NeedsAGlobalSeed(Waiter):
    def act(self, observation: dict[str, Any]) -> int:
        return random.randrange(6)


class NeedsNumpysGlobalSeed(Waiter):
    def act(self, observation: dict[str, Any]) -> int:
        return int(np.random.randint(6))  # noqa: NPY002  # the fault


class DrawsFromNowhere(Waiter):
    def reset(self, view: View) -> None:
        self.random = np.random.default_rng()


class SeedsAGlobalGenerator(Waiter):
    def reset(self, view: View) -> None:
        super().reset(view)
        random.seed(view.seed)


class FailsAtTheEnd(Waiter):
    def act(self, observation: dict[str, Any]) -> int:
        return super().act(observation) if observation["tick"] < 399 else 6


class NeedsAnArgument(Waiter):
    def __init__(self, speed: int):
        self.speed = speed


class CannotBeCopied(Waiter):
    """Keeps to the protocol."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        raise RuntimeError("kept elsewhere")


class Mute:
    def reset(self, view: View) -> None:
        pass


WRONG: dict[type, tuple[str, str]] = {
    Slow: ("slow", "the kitchen does not wait"),
    RaisesOnReset: ("crash", r"KeyError while being reset \(.*test_conformance.py:\d+\): 'no such dish'"),
    OutOfRange: ("action", "answered 6"),
    NotANumber: ("action", "answered NaN"),
    Fraction: ("action", r"answered 1.0 \(float\)"),
    KeepsState: ("state", "reset must forget"),
    ChangesTheObservation: ("observation", r"\(chefs; "),
    RunsItsOwnLoop: ("blocks", "runs a loop of its own"),
    BlocksTheLoop: ("blocks", "the loop stood still"),
    BlocksAtOnce: ("blocks", "the loop stood still"),
    StallsNowAndThen: ("blocks", "the loop stood still"),
    NeedsAGlobalSeed: ("chance", "the global generator of random "),
    NeedsNumpysGlobalSeed: ("chance", "the global generator of numpy.random "),
    DrawsFromNowhere: ("chance", "two new agents with the same seed"),
    SeedsAGlobalGenerator: ("chance", r"the global generator of random \(being reset, "),
    FailsAtTheEnd: ("action", "answered 6 in cramped_room, seat 0, ticks missed, tick 399"),
    NeedsAnArgument: ("crash", "TypeError while being made .*'speed'"),
    Mute: ("interface", "no method act"),
}


@pytest.mark.parametrize("name", agents.names)
def test_every_agent_that_comes_with_brigade_keeps_to_it(name: str) -> None:
    if name == "neural" or name.startswith("trained:"):
        pytest.importorskip("torch", reason="policies need PyTorch: pip install 'brigade[rl]'")
    kitchens = ["new_counter_circuit"] if name in ONLY_BURGERS or name in OPTIONS else ["cramped_room", "salad_bar"]
    if name.startswith("trained:"):
        kitchens = [name.removeprefix("trained:")]
    brigade.api_test(lambda: brigade.make_agent(name, **OPTIONS.get(name, {})), kitchens)


@pytest.mark.parametrize("given", [Waiter, Waiter(), lambda: Waiter(), CannotBeCopied()])
def test_a_class_an_agent_or_a_factory(given: Any) -> None:
    brigade.api_test(given, ["new_counter_circuit_solo"])


@pytest.mark.parametrize("horizon", [4, 60])
def test_a_first_action_that_compiles_something_is_no_fault(horizon: int) -> None:
    brigade.api_test(WarmsUp, [brigade.load_kitchen("cramped_room", horizon)])


@pytest.mark.parametrize("wrong", WRONG, ids=lambda each: each.__name__)
def test_what_breaks_the_protocol_is_named(wrong: type) -> None:
    name, told = WRONG[wrong]
    with pytest.raises(ApiFault, match=told) as caught:
        brigade.api_test(wrong, ["cramped_room"])
    assert [fault.name for fault in caught.value.faults] == [name]
    assert wrong.__name__ in str(caught.value)


def test_one_agent_that_keeps_state_is_found_too() -> None:
    with pytest.raises(ApiFault, match="reset must forget"):
        brigade.api_test(KeepsState(), ["cramped_room"])


def test_an_unknown_agent_is_no_fault_of_the_protocol() -> None:
    with pytest.raises(BrigadeError, match="did you mean 'fsm'"):
        brigade.api_test("fms")
