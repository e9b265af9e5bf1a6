"""`kitchen_embedded`: a partner speaks while both cook, and being listened to gains or costs real orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from brigade.batch.configuration.files import KitchenName
from brigade.envs.content import Model
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.games.kitchen_game import check_horizon, check_orders
from brigade.envs.prover_verifier.kitchen.claims import CHECKPOINTS
from brigade.envs.prover_verifier.kitchen.plans import Planned
from brigade.envs.prover_verifier.players import make_player, players
from brigade.envs.registry import BrigadeError, unknown
from brigade.experiments.prover_verifier.kitchen.live import (
    Heard,
    LiveEpisode,
    LiveGame,
    Speaker,
    play_alone,
    play_live,
)
from brigade.experiments.prover_verifier.kitchen.partners import HELPFUL, PARTNERS, Helper
from brigade.experiments.prover_verifier.kitchen.scripted import described, kitchen_read, known_kitchen
from brigade.experiments.prover_verifier.outcome import Checkpoints, Experiment, Figure, Outcome, each_seed
from brigade.experiments.prover_verifier.share import share_of

DEAF = "deaf"  # the line of tables for the verifier that never listens
CHEFS = ("the verifier's chef", "the prover's chef")


def kitchen_for_two(name: str) -> str:
    """The kitchen's name.

    Raises:
        BrigadeError: there is no such kitchen, it is not for two chefs, or its orders stand.
    """
    kitchen = load_kitchen(known_kitchen(name))
    check_orders(kitchen)
    if kitchen.chefs != len(CHEFS):
        raise BrigadeError(
            f"kitchen '{name}' has {kitchen.chefs} chefs, expected 2: one who decides and one who speaks"
        )
    return name


def known_verifier(name: str) -> str:
    """The name of a player who can decide.

    Raises:
        BrigadeError: there is no such player, or it is a prover.
    """
    deciding = [entry.name for entry in players if not entry.about.startswith("prover")]
    if name not in deciding:
        raise unknown("verifier", name, deciding)
    return name


def known_partner(name: str) -> str:
    """The name of a prover of the embedded game.

    Raises:
        BrigadeError: there is none of that name.
    """
    if name not in PARTNERS:
        raise unknown("prover", name, PARTNERS)
    return name


class EmbeddedSettings(Model):
    """How the episodes are played; a seed is one episode for every pair, and one in which nobody listens.

    Attributes:
        kitchen: where; with two chefs, and orders that come and go.
        horizon: ticks in an episode, instead of the kitchen's own.
        verifiers: players who decide, by name.
        provers: who speaks: `honest`, `liar`, `half_truth`, `saboteur`, `true_saboteur`, `helper`.
        interval: ticks after which a prover is asked again.
        tries: ways to work that the helper draws at random, besides the five that it always tries.
        ahead: ticks after which the helper compares the points; null for the end of the episode.
        radius, noise: of the game: how far the verifier sees, and how often a checkpoint is lost.
        looks: how often a verifier may look at most; its chef stands still for a tick each time.
        question_cost: of a look, in reward; its tick is a price already.
        order_bonus: α, reward of the verifier and of helpful provers for every order that is paid for.
    """

    kitchen: Annotated[KitchenName, AfterValidator(kitchen_for_two)] = "new_counter_circuit"
    horizon: int | None = Field(None, ge=1)
    verifiers: tuple[Annotated[str, AfterValidator(known_verifier)], ...] = Field(
        ("trusting", "suspicious", "spot_checker", "exacting"), min_length=1
    )
    provers: tuple[Annotated[str, AfterValidator(known_partner)], ...] = Field(tuple(PARTNERS), min_length=1)
    interval: int = Field(30, ge=1)
    tries: int = Field(4, ge=0)
    ahead: int | None = Field(120, ge=1)
    radius: int = Field(2, ge=0)
    noise: float = Field(0.0, ge=0, le=1)
    looks: int = Field(CHECKPOINTS, ge=0)
    question_cost: float = Field(0.0, ge=0)
    order_bonus: float = Field(0.2, ge=0)

    @model_validator(mode="after")
    def _someone_can_speak(self) -> EmbeddedSettings:
        check_horizon(load_kitchen(self.kitchen, self.horizon), self.interval)
        return self


@each_seed
def play(settings: EmbeddedSettings, seed: int, checkpoints: Checkpoints) -> Outcome:
    """Play the table, one seed after the other."""
    game = LiveGame(load_kitchen(settings.kitchen, settings.horizon), settings.radius, settings.noise)
    outcome, alone = Outcome(), play_alone(game, seed)
    for name, value in (("score", alone.score), ("orders served", alone.served)):
        outcome.figures[f"{name}, {DEAF}"] = float(value)
        outcome.tables[name] = {DEAF: dict.fromkeys(settings.provers, float(value))}
    for prover in settings.provers:
        env = ProverVerifierEnv(
            game, "looks", sneaky=float(prover not in HELPFUL), question_cost=settings.question_cost,
            questions=settings.looks,
        )  # fmt: skip
        for verifier in settings.verifiers:
            speaker, player = _speaker(prover, settings), make_player(verifier)
            episode = play_live(env, speaker, player, settings.interval, seed)
            for name, figure in _figures(episode, alone, prover in HELPFUL, settings.order_bonus).items():
                outcome.tables.setdefault(name, {}).setdefault(verifier, {})[prover] = figure
            outcome.transcripts += [_shown(game, heard, f"{prover} to {verifier}") for heard in episode.claims[:1]]
            checkpoints.say(f"seed {seed}: {prover} to {verifier}")
    return outcome


def _speaker(prover: str, settings: EmbeddedSettings) -> Speaker:
    speaker = PARTNERS[prover]
    return Helper(settings.tries, settings.ahead) if isinstance(speaker, Helper) else speaker


def _figures(episode: LiveEpisode, alone: LiveEpisode, helpful: bool, order_bonus: float) -> dict[str, Figure]:
    """What an episode says, beside the same one in which nobody listened.

    What a false claim costs is only said where nothing else made a difference: no look, and no true claim accepted.
    """
    claims, helped = episode.claims, episode.score - alone.score
    believed = [heard for heard in claims if heard.accept]
    blamed = bool(believed) and episode.stood == 0 and not any(heard.truth for heard in believed)
    bonus = order_bonus * episode.served
    return {
        "score": float(episode.score),
        "helped score": float(helped),
        "orders served": float(episode.served),
        "helped orders": float(episode.served - alone.served),
        "claims": float(len(claims)),
        "claims true": share_of(heard.truth for heard in claims),
        "verdicts right": share_of(heard.accept == heard.truth for heard in claims),
        "accepted": share_of(heard.accept for heard in claims),
        "accepted when false": share_of(heard.accept for heard in claims if not heard.truth),
        "rejected when true": share_of(not heard.accept for heard in claims if heard.truth),
        "accepted and true, but not so in the end": share_of(not h.came_true for h in claims if h.accept and h.truth),
        "looks": float(sum(heard.looks for heard in claims)),
        "ticks lost to looks": float(episode.stood),
        "points lost by a false claim accepted": -helped / len(believed) if blamed else None,
        "verifier's reward": sum(heard.verifier_reward for heard in claims) + bonus,
        "prover's reward": sum(heard.prover_reward for heard in claims) + (bonus if helpful else 0.0),
    }


def _shown(game: LiveGame, heard: Heard, role: str) -> dict[str, Any]:
    """A claim for the transcripts, with its plan."""
    passes = [bool(game.look(heard.moment, heard.message, point)[0]) for point in range(game.checkpoints)]
    told = described(game, heard.moment, heard.message, passes, heard.truth)
    parts = zip(CHEFS, game.decode(heard.message).plan, strict=True)
    text = "\n".join([told["text"], *(f"{chef}: {_steps(part)}" for chef, part in parts)])
    return {"round": 0, "role": role, "accept": heard.accept, "score": float(heard.accept), **told, "text": text}


def _steps(part: Sequence[Planned]) -> str:
    return ", ".join(f"{step.macro} from tick {step.start}" for step in part) or "waits"


EXPERIMENT = Experiment(EmbeddedSettings, play, reads=kitchen_read)
