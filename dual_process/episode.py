"""The one loop: observe, every agent gives its action for this tick, step, record, next tick.

Batch experiments, tests, demonstrations and people all play episodes here, on one clock or another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from brigade.agents.base import Agent, MacroAgent, MacroRecord, Observation, View, make_agent
from brigade.dual_process.clock import Clock, VirtualClock
from brigade.envs.kitchen.game import Game
from brigade.envs.kitchen.layout import Kitchen
from brigade.envs.kitchen.state import STAT_NAMES, fingerprint
from brigade.envs.registry import BrigadeError


class Watcher(Protocol):
    """Is shown every tick after it has been played."""

    def __call__(self, game: Game, observation: Observation, actions: Sequence[int]) -> None:
        """Look; the observation is the one the actions were chosen on."""
        ...


@dataclass
class Played:
    """What an episode came to.

    Attributes:
        actions: one string of digits per chef, one digit a tick.
        checks: one fingerprint of the state per tick, after it.
        macros: the macro actions of each chef that thinks in them.
        decision_s: seconds each `act` took, all chefs together, in order.
        score: points at the end.
        stats: totals at the end: gained, served, missed, wrong, fires, put_out.
        contribution: per chef, its interactions in dishes that were paid for.
        ticks: how many were played.
        finished: whether all of them were.
    """

    actions: list[str]
    checks: list[str] = field(default_factory=list)
    macros: list[list[MacroRecord]] = field(default_factory=list)
    decision_s: list[float] = field(default_factory=list)
    score: int = 0
    stats: dict[str, int] = field(default_factory=dict)
    contribution: list[int] = field(default_factory=list)
    ticks: int = 0
    finished: bool = False


def play(
    kitchen: Kitchen,
    agents: Sequence[Agent],
    seed: int = 0,
    script: Sequence[str] | None = None,
    clock: Clock | None = None,
    watch: Watcher | None = None,
) -> Played:
    """Play an episode to its end; see `play_async`."""
    return asyncio.run(play_async(kitchen, agents, seed, script, clock, watch))


async def play_async(
    kitchen: Kitchen,
    agents: Sequence[Agent],
    seed: int = 0,
    script: Sequence[str] | None = None,
    clock: Clock | None = None,
    watch: Watcher | None = None,
) -> Played:
    """Play an episode.

    Args:
        kitchen: where.
        agents: one per chef, in order of seats.
        seed: of the kitchen's random draws, and of the agents' own.
        script: dishes in the order they will be ordered; agents never see further than the open ones.
        clock: the pace; default as fast as possible.
        watch: is shown every tick.

    Raises:
        BrigadeError: the number of agents is not the number of chefs, or the script does not fit.
    """
    if len(agents) != kitchen.chefs:
        raise BrigadeError(f"kitchen '{kitchen.name}' has {kitchen.chefs} chefs, got {len(agents)} agents")
    clock = clock or VirtualClock()
    game = Game(kitchen)
    game.reset([seed], [script] if script is not None else None)
    for seat, agent in enumerate(agents):
        agent.reset(View(kitchen, seat, seed))
    played = Played(actions=[])
    record: list[list[str]] = [[] for _ in agents]
    clock.start()
    for tick in range(kitchen.horizon):
        await clock.until(tick)
        observation = game.describe()
        actions = []
        for agent, digits in zip(agents, record, strict=True):
            begun = time.perf_counter()
            action = agent.act(observation)
            played.decision_s.append(time.perf_counter() - begun)
            actions.append(action)
            digits.append(str(action))
        game.step([actions])
        played.checks.append(fingerprint(game.state))
        if watch is not None:
            watch(game, observation, actions)
    _conclude(played, game, agents, record)
    return played


def state_after(kitchen: Kitchen, agent: str, ticks: int, seed: int = 0) -> Observation:
    """The described state after so many ticks (at most an episode) with the same agent in every seat."""
    game = Game(kitchen)
    game.reset([seed])
    team = [make_agent(agent) for _ in range(kitchen.chefs)]
    for seat, member in enumerate(team):
        member.reset(View(kitchen, seat, seed))
    for _ in range(min(ticks, kitchen.horizon)):
        observation = game.describe()
        game.step([[member.act(observation) for member in team]])
    return game.describe()


def _conclude(played: Played, game: Game, agents: Sequence[Agent], record: list[list[str]]) -> None:
    state = game.state
    played.actions = ["".join(digits) for digits in record]
    played.macros = [list(agent.macros) if isinstance(agent, MacroAgent) else [] for agent in agents]
    played.score = int(state.score[0])
    played.stats = dict(zip(STAT_NAMES, state.stats[0].tolist(), strict=True))
    played.contribution = state.contribution[0].tolist()
    played.ticks = int(state.tick[0])
    played.finished = bool(game.done[0])


def result(played: Played) -> dict[str, Any]:
    """The figures of an episode that reports are made from.

    `contribution_rate`: per chef, the share of the interactions that went into dishes which were paid for.
    `score_efficiency`: per chef, points gained by the team divided by the chef's macro actions that succeeded.
    `decision_ms`: median and 99th percentile of the time one action took to choose.
    """
    total = sum(played.contribution)
    succeeded = [sum(record.succeeded for record in macros) for macros in played.macros]
    times = sorted(played.decision_s)
    return {
        "score": played.score,
        **played.stats,
        "contribution_rate": [c / total if total else None for c in played.contribution],
        "macros_succeeded": succeeded,
        "macros_failed": [len(m) - ok for m, ok in zip(played.macros, succeeded, strict=True)],
        "score_efficiency": [played.stats["gained"] / ok if ok else None for ok in succeeded],
        "decision_ms": {
            "median": round(times[len(times) // 2] * 1000, 4) if times else None,
            "p99": round(times[int(len(times) * 0.99)] * 1000, 4) if times else None,
        },
    }
