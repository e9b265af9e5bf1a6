"""Which turn a program takes next: it is played, as it is now, until it takes one."""

from __future__ import annotations

from collections.abc import Sequence

from brigade.agents.base import Agent, Observation, View
from brigade.agents.planning.observed_state import read_state
from brigade.agents.planning.recipes import recipes_of
from brigade.agents.state_machine import StateMachine
from brigade.dual_process.futures.futures import Futures
from brigade.dual_process.theory_of_mind.turns import turn_of, turns_of
from brigade.envs.kitchen.content.layout import Kitchen

PATIENCE = 60  # ticks that a turn is waited for
DOUBT = 0.15  # share of any turn whatever


def foreseen(
    kitchen: Kitchen, seat: int, observation: Observation, programs: Sequence[tuple[float, Agent]]
) -> dict[str, float]:
    """How probable each turn is next, if a partner is one of these programs; everyone else acts as a state machine."""
    known, futures = turns_of(kitchen), Futures(kitchen, observation)
    chances = dict.fromkeys(known, DOUBT / len(known))
    for weight, program in programs:
        turn = _next_turn(kitchen, seat, futures, program)
        if turn in chances:
            chances[turn] += (1 - DOUBT) * weight
        else:  # it takes none: any
            chances = {other: chance + (1 - DOUBT) * weight / len(known) for other, chance in chances.items()}
    return chances


def _next_turn(kitchen: Kitchen, seat: int, futures: Futures, program: Agent) -> str | None:
    team: list[Agent] = []
    for other in range(kitchen.chefs):
        if other == seat:
            team.append(program)
        else:
            team.append(StateMachine())
            team[-1].reset(View(kitchen, other))
    future, recipes = futures.begin(0, team), recipes_of(kitchen)
    before = read_state(kitchen, future.describe())
    for now in future.ticks(PATIENCE):
        turn = turn_of(before, now, seat, recipes)
        if turn is not None:
            return turn
        before = now
    return None
