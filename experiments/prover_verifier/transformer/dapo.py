"""`arithmetic_dapo`: each of DAPO's changes on and off on the same seeds, for a prover paid for correctness alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.prover_verifier.arithmetic.problem import Problem
from brigade.experiments.prover_verifier.learning.policy_gradient import Switches
from brigade.experiments.prover_verifier.outcome import Checkpoints, Experiment, Figure, Outcome, each_seed, seed_of
from brigade.experiments.prover_verifier.transformer.batches import sampled
from brigade.experiments.prover_verifier.transformer.grpo import Learned, train_prover
from brigade.experiments.prover_verifier.transformer.model import HELPFUL, Prover
from brigade.experiments.prover_verifier.transformer.settings import TransformerSettings
from brigade.experiments.prover_verifier.transformer.training import blank, made_on, supervised

NAMES = tuple(Switches.model_fields)
VARIANTS = {
    "all four": Switches(),
    **{f"without {name}": Switches(**{name: False}) for name in NAMES},
    "none (GRPO)": Switches(**dict.fromkeys(NAMES, False)),
}
ANSWERS = 4  # solutions of each test problem
STRETCH = 10  # steps of which the curves give the mean
TEACHING, TRAINING, ANSWERING = range(3)  # what PyTorch draws for: every variant meets the same, while it does the same


@each_seed
def play(settings: TransformerSettings, seed: int, checkpoints: Checkpoints) -> Outcome:
    """Train with every combination, one seed after the other.

    Raises:
        BrigadeError: a GPU is wished for that cannot be used.
    """
    torch.set_num_threads(1)
    with made_on(settings.device):
        return _play_one(settings, seed, checkpoints)


def _play_one(settings: TransformerSettings, seed: int, checkpoints: Checkpoints) -> Outcome:
    rng = np.random.default_rng([seed, 0])
    test = [draw_problem(rng, settings.steps, among=("test",)) for _ in range(settings.test)]
    torch.manual_seed(seed_of(seed, TEACHING))
    state: dict[str, Any] | None = checkpoints.load()
    taught = blank(settings, settings.width, settings.layers)
    if state is None:
        checkpoints.say(f"seed {seed}: teaching the prover")
        taught = supervised(settings, rng, settings.width, settings.layers)
        state = {"taught": taught.state_dict(), "table": {}, "curves": {}}
        checkpoints.save(state)
    taught.load_state_dict(state["taught"])
    for name, switches in VARIANTS.items():
        if name in state["table"]:
            continue
        checkpoints.say(f"seed {seed}: {name}")
        torch.manual_seed(seed_of(seed, TRAINING))
        chosen = settings.model_copy(update={"switches": switches})
        learned = train_prover(taught, HELPFUL, None, chosen, np.random.default_rng([seed, 1]))
        state["table"][name] = {"accuracy": _accuracy(learned.prover, test, settings, seed)} | learned.figures
        state["curves"] |= _curves(name, learned)
        checkpoints.save(state)
    before = _accuracy(taught, test, settings, seed)
    return Outcome({"accuracy before": before}, state["curves"], tables={"switches": state["table"]})


def _accuracy(prover: Prover, test: Sequence[Problem], settings: TransformerSettings, seed: int) -> float:
    torch.manual_seed(seed_of(seed, ANSWERING))
    answers = sampled(prover, [problem for problem in test for _ in range(ANSWERS)], HELPFUL, settings.length)
    return float(answers.correct.mean())


def _curves(name: str, learned: Learned) -> dict[str, list[Figure]]:
    return {
        f"{what}, {name}": [float(np.mean(values[i : i + STRETCH])) for i in range(0, len(values), STRETCH)]
        for what, values in (("accuracy", learned.accuracy), ("entropy", learned.entropy))
    }


EXPERIMENT = Experiment(TransformerSettings, play)
