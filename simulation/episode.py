"""The one loop: observe, every agent gives its action for this tick, step, record, next tick.

Batch experiments, tests, demonstrations and people all play episodes here, on one clock or another.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, runtime_checkable

from brigade.agents.base import Agent, MacroAgent, MacroRecord, Observation, View, make_agent
from brigade.envs.asking import AgentFault, asking
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import STAT_NAMES, fingerprint
from brigade.envs.kitchen.interfaces.partners import checked_action
from brigade.envs.registry import BrigadeError
from brigade.simulation.clock import Clock, VirtualClock
from brigade.simulation.messages import Message, Mode, clean, may_speak
from brigade.simulation.played import Played
from brigade.simulation.running import to_the_end
from brigade.simulation.thoughts import AllThoughts, ThinkingAgent, Thought, Thoughts

log = logging.getLogger(__name__)


class Watcher(Protocol):
    """Is shown every tick after it has been played."""

    def __call__(self, game: Game, observation: Observation, actions: Sequence[int]) -> None:
        """Look; the observation is the one the actions were chosen on."""


@dataclass(frozen=True)
class Tick:
    """What happened in one tick.

    Attributes:
        tick: its number, from 0.
        actions: one per chef.
        check: fingerprint of the state after it.
        late_ms: how late it came; None on a clock that does not run in wall time.
        messages: said in it.
        thoughts: those that took effect in it.
        macros: per chef, the macro actions that ended in it.
    """

    tick: int
    actions: Sequence[int]
    check: str
    late_ms: float | None
    messages: Sequence[Message]
    thoughts: Sequence[dict[str, Any]]
    macros: Sequence[Sequence[MacroRecord]]


class Recorder(Protocol):
    """Writes down what happens, as it happens."""

    def tick(self, tick: Tick) -> None:
        """A tick has been played."""

    def end(self, played: Played) -> None:
        """The episode is over, or was stopped."""


@runtime_checkable
class TalkingAgent(Agent, Protocol):
    """An agent that sends and hears messages.

    Attributes:
        human: whether a person speaks through it.
    """

    human: bool

    def speak(self) -> list[str]:
        """What it says in this tick."""

    def hear(self, message: Message) -> None:
        """A partner has said something."""


async def play_async(
    kitchen: Kitchen,
    agents: Sequence[Agent],
    seed: int = 0,
    script: Sequence[str] | None = None,
    clock: Clock | None = None,
    watch: Watcher | None = None,
    mode: Mode = "both",
    recorder: Recorder | None = None,
) -> Played:
    """Play an episode.

    Args:
        kitchen: where.
        agents: one per chef, in order of seats.
        seed: of the kitchen's random draws, and of the agents' own.
        script: dishes in the order they will be ordered; agents never see further than the open ones.
        clock: the pace; default as fast as possible.
        watch: is shown every tick.
        mode: who may send messages.
        recorder: is given every tick as it is played, and the end.

    Returns:
        What happened; cut short, and `interrupted`, when the task was cancelled (as Ctrl-C does), or `crashed`, when
        an agent raised an error or answered with no action.

    Raises:
        BrigadeError: the number of agents is not the number of chefs, or the script does not fit.
    """
    if len(agents) != kitchen.chefs:
        raise BrigadeError(f"kitchen '{kitchen.name}' has {kitchen.chefs} chefs, got {len(agents)} agents")
    game = Game(kitchen)
    game.reset([seed], [script] if script is not None else None)
    loop = _Loop(game, agents, seed, clock or VirtualClock(), watch, mode, recorder)
    try:
        await loop.run()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        loop.played.interrupted = True
    except AgentFault as fault:
        loop.crashed(fault)
    finally:
        await loop.end()
        played = loop.conclude()
        if recorder is not None:
            recorder.end(played)
    return played


play = to_the_end(play_async)  # for ordinary code


def view_of(kitchen: Kitchen, agents: Sequence[Agent], seat: int, seed: int, hz: float, mode: Mode) -> View:
    """What the agent in a seat is told at the start of an episode."""
    talking = {other: agent for other, agent in enumerate(agents) if isinstance(agent, TalkingAgent)}
    heard = [other for other, agent in talking.items() if may_speak(mode, agent.human)]
    hears = tuple(other for other in heard if other != seat)
    told = tuple(other for other in talking if other != seat) if seat in heard else ()
    return View(kitchen, seat, seed, hz, hears, told)


class _Loop:
    """One episode as it is played."""

    def __init__(
        self, game: Game, agents: Sequence[Agent], seed: int, clock: Clock, watch: Watcher | None, mode: Mode,
        recorder: Recorder | None,
    ):  # fmt: skip
        self.game, self.agents, self.clock, self.watch, self.mode = game, agents, clock, watch, mode
        self.recorder = recorder
        self.thoughts = AllThoughts(clock)
        self.played = Played(actions=[], macros=[[] for _ in agents])
        self._digits: list[list[str]] = [[] for _ in agents]
        self._said: list[Message] = []  # in the last tick
        self._thoughts_told, self._seed = 0, seed
        self._thinking = {seat: agent for seat, agent in enumerate(agents) if isinstance(agent, ThinkingAgent)}
        self._talking = {seat: agent for seat, agent in enumerate(agents) if isinstance(agent, TalkingAgent)}

    def _begin(self) -> None:
        """Tell every agent of its episode."""
        for seat, agent in enumerate(self.agents):
            view = view_of(self.game.kitchen, self.agents, seat, self._seed, self.clock.hz, self.mode)
            with self._asking(seat, "being reset"):
                agent.reset(view)
        for seat, thinking in self._thinking.items():
            with self._asking(seat, "attending"):
                thinking.attend(Thoughts(self.thoughts, seat))

    def _asking(self, seat: int, doing: str) -> AbstractContextManager[None]:
        return asking(partial(self._who, seat), doing)

    def _who(self, seat: int) -> str:
        return f"the agent in seat {seat} ({type(self.agents[seat]).__name__}), tick {self.game.state.tick[0]}"

    async def run(self) -> None:
        """Play every tick."""
        self._begin()
        self.clock.start()
        for tick in range(self.game.kitchen.horizon):
            await self.clock.until(tick)
            observation = self.game.describe()
            self._pass_messages()
            self._deliver(await self.thoughts.due(tick))
            for seat, agent in self._thinking.items():
                with self._asking(seat, "thinking"):
                    agent.think(observation)
            self._deliver(await self.thoughts.due(tick))  # thoughts that take no time
            actions = self._act(observation)
            self._collect_messages(tick)
            self.game.step([actions])
            self.played.checks.append(fingerprint(self.game.state))
            if self.recorder is not None:
                self.recorder.tick(self._tick(tick, actions))
            if self.watch is not None:
                self.watch(self.game, observation, actions)

    def _tick(self, tick: int, actions: Sequence[int]) -> Tick:
        """What the recorder has not been told yet."""
        thoughts = self.played.thoughts[self._thoughts_told :]
        self._thoughts_told = len(self.played.thoughts)
        lateness = self.clock.lateness_s
        late_ms = lateness[-1] * 1000 if lateness else None
        return Tick(tick, actions, self.played.checks[-1], late_ms, self._said, thoughts, self._new_macros())

    def _new_macros(self) -> list[list[MacroRecord]]:
        new: list[list[MacroRecord]] = []
        for seat, agent in enumerate(self.agents):
            with self._asking(seat, "telling of its macro actions"):
                ended = agent.macros[len(self.played.macros[seat]) :] if isinstance(agent, MacroAgent) else ()
                new.append([_plain(record) for record in ended])
        for macros, more in zip(self.played.macros, new, strict=True):
            macros += more
        return new

    def _act(self, observation: Observation) -> list[int]:
        actions = []
        for seat, agent in enumerate(self.agents):
            begun = time.perf_counter()
            with self._asking(seat, "acting"):
                action = agent.act(observation)
            self.played.decision_s.append(time.perf_counter() - begun)
            actions.append(checked_action(action, partial(self._who, seat)))
        for action, digits in zip(actions, self._digits, strict=True):
            digits.append(str(action))
        return actions

    def _deliver(self, thoughts: list[Thought]) -> None:
        for thought in thoughts:
            with self._asking(thought.seat, f"receiving a {thought.kind} thought"):
                self._thinking[thought.seat].receive(thought)
                self.note(thought)

    def note(self, thought: Thought, ended: str | None = None) -> None:
        """Write a thought into the record."""
        entry = {"seat": thought.seat, "kind": thought.kind, "asked": thought.asked}
        if ended is not None:
            self.played.thoughts.append({**entry, "effect": None, "outcome": ended})
        else:
            self.played.thoughts.append({**entry, "effect": thought.effect, **thought.outcome.as_record()})

    def _pass_messages(self) -> None:
        for message in self._said:
            for seat, agent in self._talking.items():
                if seat != message.seat:
                    with self._asking(seat, "hearing a message"):
                        agent.hear(message)
        self._said = []

    def _collect_messages(self, tick: int) -> None:
        for seat, agent in self._talking.items():
            with self._asking(seat, "speaking"):
                said = list(agent.speak())
            for text in said:
                line = clean(text)
                if line and may_speak(self.mode, agent.human):
                    self._said.append(Message(tick, seat, line))
        self.played.messages.extend(self._said)

    async def end(self) -> None:
        """End the thoughts under way, and let go of what agents think with."""
        for thought in await self.thoughts.cancel():
            self.note(thought, "the episode ended before it")
        for seat, agent in self._thinking.items():
            try:
                with self._asking(seat, "being closed"):
                    await agent.close()
            except AgentFault as fault:
                self.crashed(fault)

    def crashed(self, fault: AgentFault) -> None:
        """Note what an agent did; only the first is kept."""
        if not self.played.crashed:
            log.error("%s", fault, exc_info=fault.__cause__)
            self.played.crashed = str(fault)

    def conclude(self) -> Played:
        """The figures at the end."""
        played, state = self.played, self.game.state
        played.actions = ["".join(digits) for digits in self._digits]
        played.thoughts_ended = played.thoughts[self._thoughts_told :]
        try:
            played.macros_at_end = self._new_macros()
        except AgentFault as fault:
            played.macros_at_end = [[] for _ in self.agents]
            self.crashed(fault)
        played.score = int(state.score[0])
        played.stats = dict(zip(STAT_NAMES, state.stats[0].tolist(), strict=True))
        played.contribution = state.contribution[0].tolist()
        played.ticks = int(state.tick[0])
        played.finished = bool(self.game.done[0])
        return played


def _plain(record: MacroRecord) -> MacroRecord:
    """A macro action as it can be written down, whatever numbers the agent keeps."""
    return MacroRecord(str(record.name), int(record.start), int(record.end), bool(record.succeeded), str(record.reason))


def state_after(kitchen: Kitchen, agent: str, ticks: int) -> Observation:
    """The described state after so many ticks (at most an episode) with the same agent in every seat."""
    game = Game(kitchen)
    game.reset([0])
    team = [make_agent(agent) for _ in range(kitchen.chefs)]
    for seat, member in enumerate(team):
        member.reset(View(kitchen, seat, 0))
    for _ in range(min(ticks, kitchen.horizon)):
        observation = game.describe()
        game.step([[member.act(observation) for member in team]])
    return game.describe()
