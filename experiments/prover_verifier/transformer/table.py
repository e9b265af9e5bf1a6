"""What a seed of `arithmetic_transformer` is played with: problems, and the bodies everything begins from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.experiments.prover_verifier.outcome import seed_of
from brigade.experiments.prover_verifier.transformer.batches import Batch, Source, gather_source, sampled
from brigade.experiments.prover_verifier.transformer.figures import ROLES, Judge, calibrated
from brigade.experiments.prover_verifier.transformer.model import Prover, Verifier
from brigade.experiments.prover_verifier.transformer.settings import TransformerSettings
from brigade.experiments.prover_verifier.transformer.training import Arrives, Pool, blank, supervised, train_verifier

JUDGE_LAYERS = 1
BODIES = ("prover", "verifier", "judge")

TEACHING, CONTROL, ROUND = range(3)  # for seeds of their own

State = dict[str, Any]  # plain numbers and tensors, as kept between rounds


class Table:
    """What a seed is played with: problems, settings, and the bodies everything begins from.

    Attributes:
        pool, test, calibration: problems; none is in two of these, and provers learn on yet others.
        bodies: of prover, verifier and judge, by name.
        judge: outside the game, taught by the base prover alone.
    """

    def __init__(self, settings: TransformerSettings, seed: int, state: State | None, say: Any):
        rng = np.random.default_rng([seed, 0])
        self.settings, self.seed = settings, seed
        self.pool, self.test, self.calibration = (
            [draw_problem(rng, settings.steps, among=(split,)) for _ in range(count)]
            for split, count in (("verifier", settings.pool), ("test", settings.test), ("calibration", settings.test))
        )
        torch.manual_seed(seed_of(seed, TEACHING))
        self.bodies = {name: blank(settings, *_size(settings, name)) for name in BODIES}
        if state is None:
            self._teach(rng, say)
        else:
            for name, body in self.bodies.items():
                body.load_state_dict(state["bodies"][name])
            self.base = Source.of(state["base"])
            self.judge = self.loaded(state["judge"], self.bodies["judge"])

    def _teach(self, rng: np.random.Generator, say: Any) -> None:
        settings, sizes = self.settings, {name: _size(self.settings, name) for name in BODIES}
        for name in BODIES:
            say(f"seed {self.seed}: teaching the {name}")
            same = name == "verifier" and sizes[name] == sizes["prover"]
            self.bodies[name] = self.bodies["prover"] if same else supervised(settings, rng, *sizes[name])
        prover = self.bodies["prover"]
        self.base = gather_source([self.asked(prover, role) for role in ROLES], len(self.pool))
        self.judge = self.trained("judge", [(1.0, self.base)], rng)

    def trained(self, body: str, pool: Pool, rng: np.random.Generator, arrives: Arrives = lambda said: said) -> Judge:
        """A new verifier with its threshold.

        Args:
            body: that it begins with, by name.
            pool: sources and how often each is drawn from.
            rng: what pairs are drawn from.
            arrives: what reaches it of true solutions; that of sources is in them.
        """
        verifier = train_verifier(self.bodies[body], self.pool, pool, self.settings, rng, arrives)
        return calibrated(verifier, self.calibration, self.settings, arrives)

    def asked(self, prover: Prover, role: int, share: int = 1) -> Batch:
        """What a prover says about the pool's problems, `settings.samples` times each, or one of so many shares."""
        settings = self.settings
        problems = self.pool * math.ceil(settings.samples / share)
        return sampled(prover, problems, role, settings.length, settings.temperature)

    def loaded(self, kept: dict[str, Any], body: Prover) -> Judge:
        """A verifier as it was kept."""
        verifier = Verifier(body)
        verifier.load_state_dict(kept["verifier"])
        return Judge(verifier, kept["limit"])


def _size(settings: TransformerSettings, name: str) -> tuple[int, int]:
    """Width and layers of a body."""
    if name == "prover":
        return settings.width, settings.layers
    if name == "verifier":
        return settings.verifier_width, settings.verifier_layers
    return settings.judge_width, JUDGE_LAYERS
