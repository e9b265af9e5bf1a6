"""Seating the players of an episode, and asking the one whose turn it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from brigade.envs.asking import asking
from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.players import Player, Seat
from brigade.envs.prover_verifier.protocol import VERIFIER


def seat_players(env: ProverVerifierEnv, players: Mapping[str, Player]) -> None:
    """Tell the players, by agent, of the episode under way.

    Raises:
        AgentFault: one ended in an error, or in `sys.exit`.
    """
    for place, agent in enumerate(agent for agent in env.possible_agents if agent in players):
        with asking(lambda: _who(agent, players), "being reset"):  # noqa: B023  # asked before the loop goes on
            players[agent].reset(seat_of(env, agent, place))


def take_turn(env: ProverVerifierEnv, players: Mapping[str, Player]) -> None:
    """Ask the player whose turn it is, and do what it says.

    Raises:
        AgentFault: it ended in an error, or in `sys.exit`.
        BrigadeError: its action does not fit.
    """
    agent = env.agent_selection
    with asking(lambda: _who(agent, players), "acting"):
        action = players[agent].act(env.observe(agent))
    env.step(action)


def _who(agent: str, players: Mapping[str, Player]) -> str:
    return f"the player of {agent} ({type(players[agent]).__name__})"


def seat_of(env: ProverVerifierEnv, agent: str, place: int) -> Seat:
    """The seat of an agent in the episode under way; verifiers are told nothing but the game.

    Args:
        env: where.
        agent: who.
        place: among the agents, for a seed of its own.
    """
    seed = int(np.random.SeedSequence([*env.episode_key, place]).generate_state(1)[0])
    if agent == VERIFIER:
        return Seat(env.game, None, False, seed)
    return Seat(env.game, env.problem, env.wants_acceptance(agent), seed)
