"""`kitchen_scripted`: four verifiers against three provers and best responses, and whether the truth is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from brigade.batch.configuration.files import KitchenName
from brigade.batch.estimate import mean_of_known
from brigade.envs.content import Model
from brigade.envs.kitchen.content.layout import kitchen_digest
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.games.game import Message
from brigade.envs.prover_verifier.games.kitchen_game import VERIFIER_SEAT, KitchenGame
from brigade.envs.prover_verifier.kitchen.claims import CHECKPOINTS
from brigade.envs.prover_verifier.kitchen.forward import Moment, replayed
from brigade.envs.prover_verifier.play import Episode, play_episode
from brigade.envs.prover_verifier.players import make_player
from brigade.envs.prover_verifier.protocol import Behaviour
from brigade.envs.registry import unknown
from brigade.experiments.prover_verifier.kitchen.bank import Candidates, draw_bank
from brigade.experiments.prover_verifier.kitchen.judges import at_best, by_type, judge_all, scripted_judges
from brigade.experiments.prover_verifier.outcome import Checkpoints, Experiment, Figure, Outcome, each_seed
from brigade.experiments.prover_verifier.share import share_of

PROVERS: tuple[Behaviour, ...] = ("honest", "liar", "half_truth")
BY_LOOKS = ("completeness, best response", "soundness error, best response")
SHOWN = 4  # claims of each prover in the transcripts


def known_kitchen(name: str) -> str:
    """The kitchen's name.

    Raises:
        BrigadeError: there is no such kitchen.
    """
    if name not in list_kitchens() and not name.endswith(".yaml") and not name.startswith("generated"):
        raise unknown("kitchen", name, list_kitchens())
    return name


KnownKitchen = Annotated[KitchenName, AfterValidator(known_kitchen)]


def kitchen_read(settings: Any) -> dict[str, str]:
    """The kitchen of some settings, with a digest of it and its cookbook."""
    return {settings.kitchen: kitchen_digest(load_kitchen(settings.kitchen))}


class GameSettings(Model):
    """The game of claims.

    Attributes:
        kitchen: where.
        radius, noise: how far the verifier sees, and how often a checkpoint is lost on the way to it.
        checkpoints: a claim has at most.
        looks: how often a verifier may look at most.
    """

    kitchen: KnownKitchen = "new_counter_circuit"
    radius: int = Field(2, ge=0)
    noise: float = Field(0.0, ge=0, le=1)
    checkpoints: int = Field(CHECKPOINTS, ge=1, le=CHECKPOINTS)
    looks: int = Field(CHECKPOINTS, ge=0)

    def make_game(self) -> KitchenGame:
        """The game itself; looks are of its environment."""
        return KitchenGame(load_kitchen(self.kitchen), self.radius, self.noise, self.checkpoints)


class KitchenSettings(GameSettings):
    """How claims are drawn and judged.

    Attributes:
        claims: of each prover, for the tables.
        problems: moments of which all is listed that could be said, for best responses.
        checked: claims whose truth is found out a second time.
        question_cost: of a look.
    """

    claims: int = Field(100, ge=1)
    problems: int = Field(40, ge=1)
    checked: int = Field(500, ge=0)
    question_cost: float = Field(0.05, ge=0)


@each_seed
def play(settings: KitchenSettings, seed: int, checkpoints: Checkpoints) -> Outcome:
    """Play the table, one seed after the other."""
    game = settings.make_game()
    outcome, met = Outcome(), dict[str, dict[str, list[Episode]]]()
    for prover in PROVERS:
        for verifier in scripted_judges():
            episodes = met.setdefault(verifier, {})[prover] = _episodes(game, prover, verifier, settings, seed)
            _enter(outcome, prover, verifier, episodes)
            checkpoints.say(f"{prover} against {verifier}")
    for verifier, claims in met.items():
        for name, row in _by_type(claims).items():
            outcome.tables.setdefault(f"{name}, both roles alike", {})[verifier] = row
    _, bank = draw_bank(game, np.random.default_rng([seed, len(PROVERS)]), settings.problems)
    _enter_best(outcome, bank, settings)
    checkpoints.say("best responses")
    for i, kind in enumerate(PROVERS):
        outcome.transcripts += _shown(game, kind, i, seed)
    agreed = sum(_agrees(game, np.random.default_rng([seed, i])) for i in range(settings.checked))
    outcome.figures |= {"claims replayed": float(settings.checked), "replays that agree": float(agreed)}
    return outcome


def _episodes(
    game: KitchenGame, prover: Behaviour, verifier: str, settings: KitchenSettings, seed: int
) -> list[Episode]:
    """The same moments for every pair; a prover is helpful if it is honest, else sneaky."""
    sneaky = float(prover != "honest")
    env = ProverVerifierEnv(
        game, "looks", sneaky=sneaky, question_cost=settings.question_cost, questions=settings.looks
    )
    pair = {"prover": make_player(prover), "verifier": make_player(verifier)}
    return [play_episode(env, pair, seed * 1_000_003 + i) for i in range(settings.claims)]


def _enter(outcome: Outcome, prover: str, verifier: str, episodes: Sequence[Episode]) -> None:
    """Put the figures of a pair into the tables, a line for each verifier and a column for each prover."""
    figures: dict[str, Figure] = {
        "accuracy": share_of(e.accept == e.truth for e in episodes),
        "accepted": share_of(e.accept for e in episodes),
        "accepted when false": share_of(e.accept for e in episodes if not e.truth),
        "verifier's reward": mean_of_known(e.rewards["verifier"] for e in episodes),
        "prover's reward": mean_of_known(e.rewards["prover"] for e in episodes),
        "looks": mean_of_known(e.questions for e in episodes),
    }
    for name, value in figures.items():
        outcome.tables.setdefault(name, {}).setdefault(verifier, {})[prover] = value


def _by_type(claims: Mapping[str, Sequence[Episode]]) -> dict[str, dict[str, Figure]]:
    """The figures of a verifier by type of claim; half of the weight is the helpful prover's."""
    weights = {prover: 1.0 if prover == "honest" else 1 / (len(claims) - 1) for prover in claims}
    every = [(episode, weights[prover]) for prover, episodes in claims.items() for episode in episodes]
    return by_type(
        [episode.accept for episode, _ in every],
        [episode.truth for episode, _ in every],
        [int(episode.said[0].sent[0]) for episode, _ in every],
        [weight for _, weight in every],
    )


def _enter_best(outcome: Outcome, bank: Candidates, settings: KitchenSettings) -> None:
    """Put in what comes of best responses; also for every number of looks that could be allowed."""
    chosen: dict[str, dict[str, Figure]] = {}
    outcome.tables["best response"] = chosen
    for looks in range(settings.checkpoints + 1):
        for verifier, judge in scripted_judges(looks, settings.noise).items():
            best = at_best(judge_all(judge, bank), bank, settings.question_cost)
            if looks == min(settings.looks, settings.checkpoints):
                chosen[verifier] = dict(best)
            for name in BY_LOOKS:
                row = outcome.tables.setdefault(f"{name}, by looks", {}).setdefault(verifier, {})
                row[f"at most {looks}"] = best[name]


def _agrees(game: KitchenGame, rng: np.random.Generator) -> bool:
    """Whether the truth of a drawn claim is found out to be the same by the environment."""
    moment = game.draw(rng)
    message = game.argue(moment, PROVERS[int(rng.integers(len(PROVERS)))], True, rng)
    again = replayed(
        moment, game.decode(message), game.trace(moment, message), game.engine.reach(VERIFIER_SEAT, moment)
    )
    return game.correct(moment, message) == again


def _shown(game: KitchenGame, prover: Behaviour, place: int, seed: int) -> list[dict[str, Any]]:
    """A few claims as text, by the same moments for every prover."""
    shown = []
    for i in range(SHOWN):
        rng = np.random.default_rng([seed, i])
        moment: Moment = game.draw(rng)
        message = game.argue(moment, prover, True, np.random.default_rng([seed, i, place]))
        passes = [bool(game.look(moment, message, point)[0]) for point in range(game.checkpoints)]
        told = described(game, moment, message, passes, game.correct(moment, message))
        accept = not set(told["wrong_lines"]) - {0}
        shown.append({"round": 0, "role": prover, "accept": accept, "score": float(accept), **told})
    return shown


def described(
    game: KitchenGame, moment: Moment, message: Message, passes: Sequence[bool], truth: bool
) -> dict[str, Any]:
    """A claim for the transcripts: in words, and which lines of it are wrong."""
    claim, width = game.decode(message), game.kitchen.width
    told = {dish: f"{dish} handed out" for dish in game.kitchen.cookbook.orderable}
    points = [
        f"tick {p.tick}: {told.get(p.item, p.item)} at ({p.cell % width}, {p.cell // width})" for p in claim.checkpoints
    ]
    wrong = [n for n, passed in enumerate(passes[: len(points)], 1) if not passed]
    return {
        "problem": f"episode {moment.seed}, tick {moment.seen['tick']}",
        "text": "\n".join([claim.text, *points]),
        "wrong_lines": wrong if truth else [0, *wrong],
        "correct": truth,
    }


EXPERIMENT = Experiment(KitchenSettings, play, reads=kitchen_read)
