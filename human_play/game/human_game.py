"""One game with people in it, from the first tick to the last: who cooks, what is recorded, what there is to see."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from brigade.agents.base import Agent, Observation, View
from brigade.agents.base import agents as agent_registry
from brigade.dual_process.build import ClockSpec, make_answered_agent
from brigade.dual_process.reasoners import ReasonerSpec
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.human_play.window.input import Stick
from brigade.simulation.clock import RealClock
from brigade.simulation.episode import Tick, play_async
from brigade.simulation.messages import PRESETS, Message, Mode
from brigade.simulation.played import Played
from brigade.simulation.recording import RecordingWriter, make_header

THINK_S = 4.0  # how long `house` takes for a thought


class Person:
    """A chef that a person steers.

    Args:
        stick: what the person wants.

    Attributes:
        human: always true.
    """

    human = True

    def __init__(self, stick: Stick):
        self._stick = stick
        self._to_say: list[str] = []

    def reset(self, view: View) -> None:
        """Begin an episode."""
        self._to_say = []

    def act(self, observation: Observation) -> int:
        """What the person wants in this tick."""
        return self._stick.take()

    def say(self, number: int) -> None:
        """Send a preset message; a number that is none is ignored."""
        if 0 <= number < len(PRESETS):
            self._to_say.append(PRESETS[number])

    def speak(self) -> list[str]:
        """What the person says in this tick."""
        said, self._to_say = self._to_say, []
        return said

    def hear(self, message: Message) -> None:
        """A partner has said something: the person reads it on the screen."""


@dataclass(frozen=True)
class Seat:
    """Who cooks in one seat.

    Attributes:
        name: of an agent; for a person `person`.
        options: of the agent.
        human: whether a person steers it.
        label: what the screen calls it.
        hat: which of `drawing_chefs.CHEFS` it looks like.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    human: bool = False
    label: str = ""
    hat: int = 0


@dataclass(frozen=True)
class Setup:
    """What is to be played.

    Attributes:
        kitchen: where; its horizon is the length of the game.
        seats: one per chef.
        hz: ticks per second.
        seed: of the kitchen and the agents.
        script: dishes in the order they will be ordered, if they are given.
        mode: who may send messages.
        reasoner: who answers the thinking agents.
        may_pause: alone, or for practice.
        may_restart: not in studies.
        shows_thoughts: whether the partner's thoughts may be seen.
        recording: the file to write, if any.
        ids: what the recording belongs to.
        header: the recording's first line, if it is not to be made from all this.
    """

    kitchen: Kitchen
    seats: tuple[Seat, ...]
    hz: float = 4.0
    seed: int = 0
    script: tuple[str, ...] | None = None
    mode: Mode = "both"
    reasoner: ReasonerSpec = field(default_factory=ReasonerSpec)
    may_pause: bool = False
    may_restart: bool = True
    shows_thoughts: bool = False
    recording: Path | None = None
    ids: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] | None = None


class Happening(NamedTuple):
    """Something to be seen for a moment.

    Attributes:
        at: when, in seconds of `time.perf_counter`; in a replay the first tick that shows it.
        kind: `served`, `missed`, `wrong`, `fire`, `said` or `thought`.
        words: what to write.
        seat: whose, where it is somebody's.
    """

    at: float
    kind: str
    words: str
    seat: int | None = None


class HumanGame:
    """A game as it is played. `begin` inside a running loop; the window looks at it whenever it draws.

    Attributes:
        setup: what is played.
        now, before: the kitchen after the last tick and after the one before it.
        ticked_at: when the last tick was played, in seconds of `time.perf_counter`.
        happenings: what there is to be seen, oldest first.
        thoughts: the last thought of each kind, by seat and kind, as records have it.
        played: what it came to, once it is over.
    """

    def __init__(self, setup: Setup, sticks: Sequence[Stick]):
        self.setup = setup
        self.clock = RealClock(setup.hz)
        people = iter(sticks)
        self.agents: list[Agent] = [Person(next(people)) if seat.human else self._agent(seat) for seat in setup.seats]
        self.recorder = RecordingWriter(setup.recording, _header(setup)) if setup.recording is not None else None
        game = Game(setup.kitchen)
        game.reset([setup.seed], [setup.script] if setup.script is not None else None)
        self.now: Observation = game.describe()
        self.before = self.now
        self.ticked_at = time.perf_counter()
        self.ticks = 0
        self.happenings: list[Happening] = []
        self.thoughts: dict[tuple[int, str], dict[str, Any]] = {}
        self.played: Played | None = None
        self._stats: list[int] = game.state.stats[0].tolist()
        self._task: asyncio.Task[Played] | None = None

    @property
    def people(self) -> list[Person]:
        """The people who play, in order of seats."""
        return [agent for agent in self.agents if isinstance(agent, Person)]

    def begin(self) -> None:
        """Play the first tick now."""
        setup = self.setup
        self.ticked_at = time.perf_counter()
        self._task = asyncio.ensure_future(
            play_async(setup.kitchen, self.agents, setup.seed, setup.script, self.clock, self._watch, setup.mode, self)
        )

    @property
    def over(self) -> bool:
        """Whether the last tick has been played, or the game was stopped."""
        if self._task is not None and self._task.done() and self.played is None:
            self.played = self._task.result()
        return self.played is not None

    async def stop(self) -> None:
        """End the game where it is, with its recording."""
        if self._task is None:
            if self.recorder is not None:
                self.recorder.close()
            return
        self.clock.resume()
        if not self._task.done():
            self._task.cancel()
        self.played = await self._task

    @property
    def part(self) -> float:
        """How much of the time between the last tick and the next has gone by, 0 to 1."""
        if self.clock.paused or self._task is None:
            return 1.0
        return max(0.0, min(1.0, (time.perf_counter() - self.ticked_at) * self.setup.hz))

    @property
    def next_tick_at(self) -> float | None:
        """When the next tick is due, None when none is."""
        if self._task is None or self._task.done() or self.clock.paused:
            return None
        return self.clock.due_at(self.ticks)

    def _agent(self, seat: Seat) -> Agent:
        setup = self.setup
        clock = ClockSpec(kind="real", hz=setup.hz, seconds=THINK_S)
        return make_answered_agent(seat.name, seat.options, setup.reasoner, setup.seed, clock)

    def _watch(self, game: Game, observation: Observation, actions: Sequence[int]) -> None:
        self.before, self.now = self.now, game.describe()
        self.ticked_at = time.perf_counter()
        self.ticks += 1
        stats: list[int] = game.state.stats[0].tolist()
        for kind, words in changes_in_words(self.setup.kitchen, self._stats, stats):
            self._happen(kind, words)
        self._stats = stats

    def tick(self, tick: Tick) -> None:
        """Write a tick down, and notice what was thought and said in it."""
        if self.recorder is not None:
            self.recorder.tick(tick)
        for thought in tick.thoughts:
            self.thoughts[thought["seat"], thought["kind"]] = thought
        for message in tick.messages:
            self._happen("said", message.text, message.seat)

    def end(self, played: Played) -> None:
        """Write the end down."""
        if self.recorder is not None:
            self.recorder.end(played)

    def _happen(self, kind: str, words: str, seat: int | None = None) -> None:
        self.happenings.append(Happening(time.perf_counter(), kind, words, seat))


def changes_in_words(kitchen: Kitchen, before: Sequence[int], now: Sequence[int]) -> list[tuple[str, str]]:
    """What a tick brought, as (kind, words): served, missed, wrong, fire.

    Args:
        kitchen: where.
        before: totals, as `State.stats` has them.
        now: the same a tick later.
    """
    gained, served, missed, wrong, fires, _ = (new - old for new, old in zip(now, before, strict=True))
    orders = kitchen.spec.orders
    possible = (
        (served, "served", f"+{gained}"),
        (missed, "missed", f"-{orders.missed * missed}"),
        (wrong, "wrong", f"-{orders.wrong * wrong}"),
        (fires, "fire", "Fire!"),
    )
    return [(kind, words) for count, kind, words in possible if count]


def _header(setup: Setup) -> Mapping[str, Any]:
    if setup.header is not None:
        return setup.header
    agents = [
        {"name": seat.name, "options": _plain(seat.options), "human": seat.human, "hat": seat.hat}
        for seat in setup.seats
    ]
    clock = {"kind": "real", "hz": setup.hz, "seconds": THINK_S}
    ids = dict(setup.ids)
    if any(not seat.human and agent_registry[seat.name].takes_reasoner for seat in setup.seats):
        ids["reasoner"] = setup.reasoner.model_dump(mode="json")
    return make_header(setup.kitchen, setup.seed, setup.script, agents, setup.mode, clock, ids)


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options that can be written down."""
    return {key: value for key, value in options.items() if isinstance(value, str | int | float | bool | list | dict)}
