"""`any_game`: scripted provers against scripted verifiers in any registered game, other packages' games too.

A verifier that is worth listening to does better than both blind constants: `trusting` accepts, `rejecting` rejects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

from pydantic import Field, model_validator

from brigade.batch.estimate import mean_of_known
from brigade.envs.content import Model
from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.games.game import Game, make_game
from brigade.envs.prover_verifier.play import Episode, play_episode
from brigade.envs.prover_verifier.players import make_player
from brigade.envs.prover_verifier.protocol import VERIFIER, find_protocol
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.outcome import Checkpoints, Experiment, Figure, Outcome, each_seed, seed_of
from brigade.experiments.prover_verifier.share import share_of

PROVERS = ("honest", "liar", "half_truth")
VERIFIERS = ("trusting", "suspicious", "spot_checker")
ALWAYS_REJECTS = "rejecting"  # a blind constant; `trusting` is the other one


class AnyGameSettings(Model):
    """What is played.

    Attributes:
        game, options: by name, with its own options.
        protocol: who speaks when.
        provers: scripted ones; all provers of a protocol are played by the same.
        episodes: of each prover with each verifier.
    """

    game: str = "ftp_small"
    options: dict[str, Any] = {}
    protocol: str = "adp"
    provers: list[str] = Field(list(PROVERS), min_length=1)
    episodes: int = Field(100, ge=1)

    @model_validator(mode="after")
    def _playable(self) -> Self:
        game, protocol = make_game(self.game, **self.options), find_protocol(self.protocol)
        if not game.fits(protocol):
            raise BrigadeError(f"game '{self.game}' cannot be played under protocol '{self.protocol}'")
        for prover in self.provers:
            make_player(prover)
        return self


@each_seed
def play(settings: AnyGameSettings, seed: int, checkpoints: Checkpoints) -> Outcome:
    """Play every prover with every verifier."""
    game = make_game(settings.game, **settings.options)
    outcome = Outcome()
    for prover in settings.provers:
        table = outcome.tables.setdefault(prover, {})
        for verifier in VERIFIERS:
            episodes = _episodes(game, settings, prover, verifier, seed)
            table[verifier] = _figures(episodes)
        table[ALWAYS_REJECTS] = _figures([replace(episode, accept=False, questions=0) for episode in episodes])
        checkpoints.say(f"{settings.game}: {prover}")
    for verifier in (*VERIFIERS, ALWAYS_REJECTS):
        right = [table[verifier]["right"] for table in outcome.tables.values()]
        least = min(share for share in right if share is not None)
        outcome.figures[f"{verifier} is right, least over provers"] = float(least)  # chosen: no share of its own cases
    return outcome


def _episodes(game: Game[Any], settings: AnyGameSettings, prover: str, verifier: str, seed: int) -> list[Episode]:
    """The same problems for every pair."""
    env = ProverVerifierEnv(game, find_protocol(settings.protocol))
    episodes = []
    for number in range(settings.episodes):
        players = {agent: make_player(verifier if agent == VERIFIER else prover) for agent in env.possible_agents}
        episodes.append(play_episode(env, players, seed_of(seed, number)))
    return episodes


def _figures(episodes: Sequence[Episode]) -> dict[str, Figure]:
    return {
        "completeness": share_of(episode.accept for episode in episodes if episode.truth),
        "soundness error": share_of(episode.accept for episode in episodes if not episode.truth),
        "right": share_of(episode.accept == episode.truth for episode in episodes),
        "questions": mean_of_known(episode.questions for episode in episodes),
    }


EXPERIMENT = Experiment(AnyGameSettings, play)
