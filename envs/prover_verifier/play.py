"""Playing episodes between players, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.players import Player
from brigade.envs.prover_verifier.seats import seat_players, take_turn
from brigade.envs.prover_verifier.shown import Said


@dataclass(frozen=True)
class Episode:
    """What an episode came to.

    Attributes:
        truth: whether the verifier should have accepted.
        accept: whether it did.
        role: of a prover of role.
        questions: how many were asked.
        rewards: by agent.
        said: the messages, oldest first.
    """

    truth: bool
    accept: bool
    role: str
    questions: int
    rewards: Mapping[str, float]
    said: tuple[Said, ...]


def play_episode(env: ProverVerifierEnv, players: Mapping[str, Player], seed: int) -> Episode:
    """Play one episode between players, one for each agent."""
    env.reset(seed)
    seat_players(env, players)
    while not all(env.terminations.values()):
        take_turn(env, players)
    info = env.infos[env.possible_agents[0]]
    rewards = {agent: float(np.float64(reward)) for agent, reward in env.rewards.items()}
    return Episode(info["truth"], info["accept"], info["role"], info["questions"], rewards, tuple(env.said))
