"""Rounds of `kitchen_rl`: a new verifier on what provers have said so far, then new provers against it.

The order, and that networks begin anew in every round, are those of Kirchner et al. 2024 (arXiv 2407.13692).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from brigade.experiments.prover_verifier.kitchen.bank import SHOWN, draw_bank, scripted
from brigade.experiments.prover_verifier.kitchen.judges import Judge, against, at_best, balanced, judge_all, noisy
from brigade.experiments.prover_verifier.kitchen.players import LearnedProver, LearnedVerifier, Reader
from brigade.experiments.prover_verifier.kitchen.scripted import GameSettings
from brigade.experiments.prover_verifier.kitchen.training import (
    Pool,
    Sayings,
    TrainingSpec,
    train_prover,
    train_verifier,
)
from brigade.experiments.prover_verifier.metrics import mean_of
from brigade.experiments.prover_verifier.outcome import Checkpoints, Figure, add_round, seed_of

Floats = NDArray[np.float64]
ARRAYS = ("helpful", "sneaky", "attacks", "accepts")  # of `Rounds`
VERIFIER, HELPFUL, SNEAKY = range(3)  # what is trained; for seeds of its own
LAST = 1000  # likewise, instead of a round: for the comparison at the end


class KitchenRLSettings(GameSettings):
    """How verifier and provers are trained in rounds.

    Attributes:
        rounds: of training, in each a new verifier first, then new provers against it.
        train, test: moments to learn from, and others for the figures.
        scripted_share, any_share: of scripted provers in the pool, and of provers that say anything: if helpful,
            any true claim with a checkpoint that settles it and others that hold; if sneaky, any false claim, half of
            the time one with a checkpoint that would settle it. The rest is split equally among earlier rounds: what
            their provers say. In the first round there is no rest.
        past_share: how often, in that rest, a sneaky prover says any false claim that the verifier of its round
            accepts more often than not instead, where there is one.
        training: of either side.
    """

    rounds: int = Field(4, ge=1)
    train: int = Field(250, ge=1)
    test: int = Field(80, ge=1)
    scripted_share: float = Field(0.1, gt=0, le=1)
    any_share: float = Field(0.4, ge=0, le=1)
    past_share: float = Field(1.0, ge=0, le=1)
    training: TrainingSpec = TrainingSpec()


@dataclass
class Rounds:
    """What is kept of the rounds so far.

    Attributes:
        verifier: weights of the last one.
        helpful, sneaky: (train, c) what comes of each round for the pool.
        attacks: (test, c) likewise sneaky ones on the test.
        accepts: (test, c) what the verifiers of each round accept.
        curves: figures by round.
    """

    verifier: dict[str, Any] = field(default_factory=dict)
    helpful: list[Floats] = field(default_factory=list)
    sneaky: list[Floats] = field(default_factory=list)
    attacks: list[Floats] = field(default_factory=list)
    accepts: list[Floats] = field(default_factory=list)
    curves: dict[str, list[Figure]] = field(default_factory=dict)

    def state(self) -> dict[str, Any]:
        """All of it as tensors and plain containers of them."""
        arrays = {name: [torch.from_numpy(each) for each in getattr(self, name)] for name in ARRAYS}
        return {"verifier": dict(self.verifier), "curves": self.curves, **arrays}

    @classmethod
    def of(cls, state: dict[str, Any]) -> Rounds:
        """What `state` was told of."""
        return cls(**state | {name: [each.numpy() for each in state[name]] for name in ARRAYS})


class Training:
    """One seed: its problems, and training on them.

    Args:
        settings: how.
        seed: what everything random comes from.
        checkpoints: keep the rounds, and are told how far it is.
    """

    def __init__(self, settings: KitchenRLSettings, seed: int, checkpoints: Checkpoints):
        self.settings, self.spec, self.seed, self.checkpoints = settings, settings.training, seed, checkpoints
        self.game = settings.make_game()
        self.reader = Reader(self.game)
        rng = np.random.default_rng(seed)
        _, self.train = draw_bank(self.game, rng, settings.train, lambda done: self.say(f"{done} problems drawn"))
        self.moments, self.test = draw_bank(self.game, rng, settings.test)

    def play_rounds(self) -> Rounds:
        """All rounds, from where it stopped."""
        saved = self.checkpoints.load()
        rounds = Rounds() if saved is None else Rounds.of(saved)
        while len(rounds.sneaky) < self.settings.rounds:
            self._play_round(rounds, len(rounds.sneaky))
            self.checkpoints.save(rounds.state())
        return rounds

    def verifier_of(self, rounds: Rounds) -> LearnedVerifier:
        """The verifier of the last round."""
        verifier = LearnedVerifier(self.reader, self.spec.verifier_hidden, self.settings.looks)
        verifier.load_state_dict(rounds.verifier)
        return verifier

    def judge_of(self, verifier: LearnedVerifier) -> Judge:
        """What a verifier makes of claims, of which it hears through the game's noise."""
        return noisy(verifier.judge, self.settings.noise)

    def provers(self, judge: Judge, *what: int) -> tuple[LearnedProver, LearnedProver]:
        """A new helpful and a new sneaky prover against a frozen verifier; `LAST` for the comparison."""
        attack = what[0] == LAST
        helpful, sneaky = (
            train_prover(self.reader, self.train, judge, role == HELPFUL, self.spec, self._seed(role, *what), attack)
            for role in (HELPFUL, SNEAKY)
        )
        return helpful, sneaky

    def say(self, text: str) -> None:
        """Tell how far this seed is."""
        self.checkpoints.say(f"seed {self.seed}: {text}")

    def _play_round(self, rounds: Rounds, number: int) -> None:
        verifier = train_verifier(
            self.reader, self.train, self._pool(rounds), self.spec, self._seed(VERIFIER, number), self.settings.looks
        )
        judge = self.judge_of(verifier)
        self.say(f"round {number}: verifier trained")
        helpful, sneaky = self.provers(judge, number)
        judged = judge_all(judge, self.test)
        helped, attacked = helpful.policy(self.test), sneaky.policy(self.test)
        rounds.verifier = verifier.state_dict()
        rounds.helpful.append(helpful.policy(self.train))
        rounds.sneaky.append(self._attack(judge, sneaky))
        rounds.attacks.append(attacked)
        rounds.accepts.append(judged.accept)
        cost = self.spec.question_cost
        pair = [against(judged, self.test, policy, cost) for policy in (helped, attacked)]
        figures: dict[str, Figure] = {
            "fool rate": pair[1]["accepted when false"],
            "completeness": mean_of(judged.accept, helped * self.test.truth),
            "verifier accuracy": balanced(*(met["accuracy"] for met in pair)),
            "looks": balanced(*(met["looks"] for met in pair)),
            "sneaky correct": pair[1]["claims that are true"],
            **at_best(judged, self.test, cost),
        }
        add_round(rounds.curves, figures)
        self.say(f"round {number}: provers trained")

    def _attack(self, judge: Judge, sneaky: LearnedProver) -> Floats:
        """(train, c) what the sneaky prover says, or any false claim that mostly gets past."""
        said, past = sneaky.policy(self.train), (judge_all(judge, self.train).accept > 0.5) & ~self.train.truth
        share = self.settings.past_share * past.any(-1, keepdims=True)
        return (1 - share) * said + share * _any_of(past)

    def _pool(self, rounds: Rounds) -> Pool:
        """Scripted provers, any claims at all, and the provers of earlier rounds."""
        bank, settings = self.train, self.settings
        lies = (scripted(bank, "liar") + scripted(bank, "half_truth")) / 2
        either = []
        false = bank.real & ~bank.truth
        for base, anything, earlier in (
            (scripted(bank, "honest"), _any_of(bank.truth & (bank.style == SHOWN)), rounds.helpful),
            (lies, (_any_of(false) + _any_of(false & bank.settles.any(-1))) / 2, rounds.sneaky),
        ):
            mixed = settings.scripted_share * base + settings.any_share * anything
            rest = max(0.0, 1 - settings.scripted_share - settings.any_share)
            mixed += sum((rest / len(earlier) * policy for policy in earlier), np.zeros_like(base))
            either.append(Sayings(mixed))
        return Pool(*either)

    def _seed(self, *what: int) -> int:
        return seed_of(self.seed, *what)


def _any_of(wanted: NDArray[np.bool_]) -> Floats:
    """(n, c) equal weights over what is wanted (n, c), 0 where there is nothing of it."""
    weights: Floats = wanted / wanted.sum(-1, keepdims=True).clip(1)
    return weights
