"""What each player of an episode is told at its beginning."""

from __future__ import annotations

import numpy as np

from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.players import Seat
from brigade.envs.prover_verifier.protocol import VERIFIER


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
