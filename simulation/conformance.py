"""`api_test`: does an agent keep to what every agent has to keep to? For other people's agents, as for ours."""

from __future__ import annotations

import asyncio
import copy
import itertools
import math
import operator
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brigade.agents.base import Agent, Observation, View, agents, make_agent
from brigade.envs.kitchen.content.layout import ACTION_NAMES, Kitchen, with_horizon
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.simulation.clock import VirtualClock
from brigade.simulation.episode import play_async
from brigade.simulation.running import run_to_end

KITCHENS = ("new_counter_circuit", "cramped_room", "salad_bar", "new_counter_circuit_solo")
TICKS = 60  # of each episode that is played
SLOW_S = 0.1  # one action at most, but for a few: a tick at 4 Hz is a quarter of a second
FEW = 0.2  # share of the actions that may take longer: the first are compiled, and machines are busy
STALLED_S = 0.25  # a loop that stands still for so long, besides in the first `act` of an episode, is being blocked
ACTIONS = len(ACTION_NAMES)


class ApiFault(AssertionError):
    """An agent does what agents must not do; the message names each fault.

    Attributes:
        faults: what is wrong, each a name and a sentence.
    """

    def __init__(self, label: str, faults: Sequence[Fault]):
        lines = "".join(f"\n- {fault.name}: {fault.told}" for fault in faults)
        super().__init__(f"{label} breaks the protocol of agents:{lines}")
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        name: short, always the same for the same sort of fault: `crash`, `action`, `slow`, `observation`, `state`,
            `chance`, `blocks`, `interface`.
        told: what happened, where, and what was expected.
    """

    name: str
    told: str


def api_test(
    agent: str | Agent | Callable[[], Agent],
    kitchens: Sequence[str | Kitchen] = KITCHENS,
    seed: int = 0,
    slow_s: float = SLOW_S,
) -> None:
    """Run an agent through kitchens, seats, resets and odd observations, and say what is wrong with it.

    It must answer every observation at once with one of the six actions, whatever it has seen before; it must leave the
    observation as it is, begin every `reset` as if it were its first, draw its chances from the seed of its `View`
    only, and never block the loop that it is played in.

    Args:
        agent: a name, something that makes one (a class without arguments), or one agent.
        kitchens: where; agents are tried in every seat.
        seed: of the kitchens and of the agent.
        slow_s: the longest that an action may take, but for one in five.

    Raises:
        ApiFault: it breaks the protocol; all faults are named, each once.
        BrigadeError: no such agent or kitchen.
    """
    label, make = _maker(agent)
    trial = _Trial(make, seed, slow_s)
    for kitchen in kitchens:
        place = load_kitchen(kitchen) if isinstance(kitchen, str) else kitchen
        for seat in range(place.chefs):
            trial.run(place, seat)
            if trial.faults:
                raise ApiFault(label, list(trial.faults.values()))


def _maker(agent: str | Agent | Callable[[], Agent]) -> tuple[str, Callable[[], Agent]]:
    if isinstance(agent, str):
        name, known = agent, agents[agent]
        return f"agent '{known.name}'", lambda: make_agent(name)
    if isinstance(agent, type) or (callable(agent) and not hasattr(agent, "act")):
        factory: Any = agent
        return getattr(factory, "__qualname__", repr(factory)), factory
    one: Any = agent
    return type(one).__qualname__, lambda: _copied(one)


def _copied(agent: Agent) -> Agent:
    """A copy, as if it were new; itself where it cannot be copied."""
    try:
        return copy.deepcopy(agent)
    except Exception:  # noqa: BLE001  # what cannot be copied says so in many ways
        return agent


class _StoppedError(Exception):
    """The agent raised; the fault is noted."""


@dataclass
class _Trial:
    """An agent under test."""

    make: Callable[[], Agent]
    seed: int
    slow_s: float
    faults: dict[str, Fault] = field(default_factory=dict)

    def run(self, kitchen: Kitchen, seat: int) -> None:
        """All checks in one kitchen and seat."""
        where = f"{kitchen.name}, seat {seat}"
        try:
            if not self._has_interface(where):
                return
            first = self._played(kitchen, seat, where, self.seed)
            if not self.faults:
                self._begins_anew(kitchen, seat, where, first)
            self._odd_observations(kitchen, seat, where)
            if not self.faults:
                self._in_a_loop(kitchen, seat, where)
        except _StoppedError:
            return

    def fault(self, name: str, told: str) -> None:
        """Note a fault, the first of its name."""
        self.faults.setdefault(name, Fault(name, told))

    def _has_interface(self, where: str) -> bool:
        agent = self._made(where)
        missing = [name for name in ("reset", "act") if not callable(getattr(agent, name, None))]
        if missing:
            self.fault("interface", f"it has no method {' and no method '.join(missing)}")
        return not missing

    def _made(self, where: str) -> Agent:
        with self._noted("being made", where):
            return self.make()

    @contextmanager
    def _noted(self, doing: str, where: str) -> Iterator[None]:
        """Whatever the agent raises is a fault, with the line of its code that raised it."""
        try:
            yield
        except _StoppedError:
            raise
        except (Exception, SystemExit) as error:  # other people's code: it may end in anything
            frame = traceback.extract_tb(error.__traceback__)[-1]
            at = f"{frame.filename}:{frame.lineno}"
            self.fault("crash", f"{type(error).__name__} while {doing} ({where}, {at}): {error}")
            raise _StoppedError from error

    def _reset(self, agent: Agent, kitchen: Kitchen, seat: int, where: str, seed: int) -> None:
        chances = _global_generators()
        with self._noted("being reset", where):
            agent.reset(View(kitchen, seat, seed))
        self._check_chances(chances, f"being reset, {where}")

    def _act(self, agent: Agent, observation: Observation, where: str) -> int:
        before, chances = copy.deepcopy(observation), _global_generators()
        with self._noted("acting", where):
            action = agent.act(observation)
        self._check_chances(chances, where)
        if observation != before:
            changed = sorted(key for key in {*before, *observation} if before.get(key) != observation.get(key))
            self.fault("observation", f"it changes the observation it is shown ({', '.join(changed)}; {where}); "
                                      "others are shown the same one: copy what is to be changed")  # fmt: skip
            observation.clear()
            observation.update(before)
        return self._checked(action, where)

    def _check_chances(self, before: dict[str, Any], where: str) -> None:
        drawn = [name for name, state in _global_generators().items() if before.get(name, state) != state]
        if drawn:
            self.fault("chance", f"it draws from or seeds the global generator of {' and '.join(drawn)} ({where}), "
                                 "as others do: draw from np.random.default_rng(view.seed)")  # fmt: skip

    def _checked(self, action: Any, where: str) -> int:
        wanted = f"expected a whole number from 0 to {ACTIONS - 1}"
        try:
            number = operator.index(action)
        except TypeError:
            text = "NaN" if isinstance(action, float) and math.isnan(action) else repr(action)[:60]
            self.fault("action", f"it answered {text} ({type(action).__name__}) in {where}; {wanted}")
            return 0
        if not 0 <= number < ACTIONS:
            self.fault("action", f"it answered {number} in {where}; {wanted}")
            return 0
        return number

    def _played(self, kitchen: Kitchen, seat: int, where: str, seed: int, agent: Agent | None = None) -> list[int]:
        """What it does in an episode, beside partners who stay."""
        agent = agent or self._made(where)
        self._reset(agent, kitchen, seat, where, seed)
        game, actions, times = Game(kitchen), [], []
        game.reset([seed])
        for _ in range(min(TICKS, kitchen.horizon)):
            begun = time.perf_counter()
            observation = game.describe()
            action = self._act(agent, observation, where)
            times.append(time.perf_counter() - begun)
            joint = [0] * kitchen.chefs
            joint[seat] = action
            actions.append(action)
            game.step([joint])
        warm = times[1:]  # the first may import, load or compile something
        slow = [each for each in warm if each > self.slow_s]
        if len(slow) > FEW * len(warm):
            middle = sorted(warm)[len(warm) // 2]
            self.fault("slow", f"{len(slow)} of {len(warm)} actions after the first took longer than {self.slow_s:g} s "
                               f"in {where} ({middle:.2f} s in the middle); the kitchen does not wait: begin what "
                               "takes long beside the game")  # fmt: skip
        return actions

    def _begins_anew(self, kitchen: Kitchen, seat: int, where: str, first: list[int]) -> None:
        """The same seed, the same actions: in another new agent, and in one that has played before."""
        again = self._played(kitchen, seat, where, self.seed)
        if first != again:
            self.fault("chance", f"two new agents with the same seed act differently ({where}, tick "
                                 f"{_differ(first, again)}); draw from np.random.default_rng(view.seed)")  # fmt: skip
            return
        used = self._made(where)
        self._played(kitchen, seat, where, self.seed + 1, used)
        later = self._played(kitchen, seat, where, self.seed, used)
        if later != first:
            self.fault("state", f"in its second episode it acts otherwise than a new agent would ({where}, tick "
                                f"{_differ(first, later)}): reset must forget what was before")  # fmt: skip

    def _odd_observations(self, kitchen: Kitchen, seat: int, where: str) -> None:
        """It joins in the middle, misses ticks, sees one twice, and sees the last tick."""
        agent = self._made(where)
        game, rng = Game(kitchen), np.random.default_rng(self.seed)
        game.reset([self.seed])
        shown, last = [], kitchen.horizon - 1
        for tick in range(1, last + 1):
            game.step([rng.integers(0, ACTIONS, kitchen.chefs).tolist()])
            if tick == last or (tick > TICKS and tick % 17 == 0):
                shown.append(game.describe())
        self._reset(agent, kitchen, seat, f"{where}, joining in the middle", self.seed)
        for observation in [*shown, *shown[-1:]]:
            self._act(agent, observation, f"{where}, ticks missed, tick {observation['tick']}")

    def _in_a_loop(self, kitchen: Kitchen, seat: int, where: str) -> None:
        """Played as episodes are, in a running loop, it must not stop the loop."""
        with self._noted("being played in a running loop", where):
            team: list[Agent] = [make_agent("stay") for _ in range(kitchen.chefs)]
            team[seat] = self.make()
            # A busy machine can hold up a loop too, but hardly twice in a row.
            beats = [run_to_end(_heartbeat(kitchen, team, self.seed)) for _ in range(2)]
            still = min(worst for worst, _ in beats)
            if beats[0][1]:
                own_loop = "event loop" in beats[0][1]
                told = "it runs a loop of its own, and one is running: " if own_loop else ""
                self.fault("blocks" if own_loop else "crash", f"{told}{beats[0][1]}; {where}")
            elif still > STALLED_S:
                self.fault("blocks", f"the loop stood still for {still:.2f} s in {where}: a thought must await what "
                                     "takes long, or do it in a thread")  # fmt: skip


async def _heartbeat(kitchen: Kitchen, team: Sequence[Agent], seed: int) -> tuple[float, str]:
    """Play some ticks beside a heartbeat.

    Returns:
        The longest time in seconds between two beats, without what the first actions took: they may import or compile
        something. And what ended it too soon.
    """
    beats, ticks, beating = list[float](), list[float](), True

    async def beat() -> None:
        beats.append(time.perf_counter())
        while beating:
            await asyncio.sleep(0.005)
            beats.append(time.perf_counter())

    def watch(game: Game, observation: Observation, actions: Sequence[int]) -> None:
        ticks.append(time.perf_counter())

    short = with_horizon(kitchen, min(TICKS, kitchen.horizon))
    heart = asyncio.ensure_future(beat())
    played = await play_async(short, team, seed, clock=_Breathing(), watch=watch)
    beating = False
    await heart
    first_actions, first_tick = sum(played.decision_s[: kitchen.chefs]), min(ticks, default=math.inf)
    pairs = itertools.pairwise(beats)
    still = [now - last - (first_actions if last <= first_tick <= now else 0) for last, now in pairs]
    return max(still, default=0.0), played.crashed


class _Breathing(VirtualClock):
    """A virtual clock that lets others in the loop have their turn at every tick."""

    async def until(self, tick: int) -> None:
        """Wait for nothing but the others."""
        await asyncio.sleep(0.001)
        await super().until(tick)


def _global_generators() -> dict[str, Any]:
    """The states of the generators that a process has one of, by what draws from them."""
    numpys: Any = np.random.get_state()  # noqa: NPY002  # the one that agents must not use
    states = {"random": random.getstate(), "numpy.random": (numpys[1].tobytes(), *numpys[2:])}
    torch = sys.modules.get("torch")
    return states if torch is None else {**states, "torch": torch.get_rng_state().numpy().tobytes()}


def _differ(one: Sequence[int], other: Sequence[int]) -> int:
    return next(i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
