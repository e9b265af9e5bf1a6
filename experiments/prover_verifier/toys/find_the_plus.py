"""`find_the_plus`: a collaborative prover ends unsound, an adversarial one ends sound and stays so under attack."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from brigade.envs.content import Model
from brigade.envs.prover_verifier.games.find_plus import CROPS, PATCH, crops_of, draw_image, pluses_in
from brigade.experiments.prover_verifier.learning.networks import mlp
from brigade.experiments.prover_verifier.metrics import Split, best_response, collapsed
from brigade.experiments.prover_verifier.outcome import Checkpoints, Experiment, Outcome, descend, each_seed

NAME = "find_the_plus"


class PlusSettings(Model):
    """How FindThePlus is trained.

    Attributes:
        training: whether the prover defends "there is a plus" always, or helps.
        entropy: weight of the prover's entropy bonus; without one it is stuck.
        uniform: share of patches drawn at random in what the verifier learns from.
        steps: one of the prover and one of the verifier each.
        attack_steps, attack_entropy: of a fresh prover against the frozen verifier, and weight of its entropy bonus.
        batch, batches: size and number of the fixed batches.
        hidden: channels of the prover's network.
        lr: of Adam, for both.
        test: images for the figures.
    """

    training: Literal["adversarial", "collaborative"] = "adversarial"
    entropy: float = Field(0.25, ge=0)
    uniform: float = Field(0.0, ge=0, le=1)
    steps: int = Field(1200, ge=1)
    attack_steps: int = Field(600, ge=0)
    attack_entropy: float = Field(0.25, ge=0)
    batch: int = Field(128, ge=1)
    batches: int = Field(60, ge=1)
    hidden: int = Field(16, ge=1)
    lr: float = Field(3e-3, gt=0)
    test: int = Field(1000, ge=1)


class Images:
    """Images with their patches and labels.

    Attributes:
        pixels: (n, 1, 8, 8).
        crops: (n, 36, 9).
        good: (n,) 1 where there is a plus.
    """

    def __init__(self, images: NDArray[np.int8]):
        self.pixels = torch.tensor(images, dtype=torch.float32)[:, None]
        self.crops = torch.tensor(crops_of(images).copy(), dtype=torch.float32)
        self.good = torch.tensor(pluses_in(images).any(-1), dtype=torch.float32)

    def __len__(self) -> int:
        return len(self.good)


def make_prover(hidden: int) -> nn.Module:
    """Images (n, 1, 8, 8) to logits over patches (n, 36)."""
    return nn.Sequential(
        nn.Conv2d(1, hidden, PATCH), nn.ReLU(),
        nn.Conv2d(hidden, hidden, 1), nn.ReLU(),
        nn.Conv2d(hidden, hidden, PATCH, padding=1), nn.ReLU(),
        nn.Conv2d(hidden, 1, 1), nn.Flatten(),
    )  # fmt: skip


def make_verifier() -> nn.Module:
    """Patches (..., 9) to logits (..., 1); it sees nothing else."""
    return mlp(PATCH * PATCH, 16, 16, 1)


def expected_loss(log_policy: Tensor, scores: Tensor, good: Tensor) -> Tensor:
    """Exact expectation Σ_m π(m|x) BCE(V(crop_m), y) over patches, mean over images.

    Args:
        log_policy: (n, 36) log π.
        scores: (n, 36) V of every patch.
        good: (n,) labels.
    """
    each = functional.binary_cross_entropy_with_logits(scores, good[:, None].expand_as(scores), reduction="none")
    return (log_policy.exp() * each).sum(-1).mean()


def prover_step(prover: nn.Module, verifier: nn.Module, batch: Images, settings: PlusSettings) -> Tensor:
    """The prover's loss: that of the verifier if it helps, else E softplus(-V); less the entropy bonus."""
    log_policy = functional.log_softmax(prover(batch.pixels), -1)
    with torch.no_grad():
        scores = verifier(batch.crops)[..., 0]
    claimed = batch.good if settings.training == "collaborative" else torch.ones_like(batch.good)
    negative_entropy = (log_policy.exp() * log_policy).sum(-1).mean()
    return expected_loss(log_policy, scores, claimed) + settings.entropy * negative_entropy


def verifier_step(prover: nn.Module, verifier: nn.Module, batch: Images, settings: PlusSettings) -> Tensor:
    """The verifier's loss on the patches that the prover chooses (and a share of random ones)."""
    with torch.no_grad():
        policy = functional.softmax(prover(batch.pixels), -1)
        policy = (1 - settings.uniform) * policy + settings.uniform / CROPS
    return expected_loss(policy.log(), verifier(batch.crops)[..., 0], batch.good)


@each_seed
def play(settings: PlusSettings, seed: int, checkpoints: Checkpoints) -> Outcome:
    """Train and attack, one seed after the other."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    train = [_draw(rng, settings.batch) for _ in range(settings.batches)]
    test = _draw(rng, settings.test)
    prover, verifier = make_prover(settings.hidden), make_verifier()
    to_prover = torch.optim.Adam(prover.parameters(), settings.lr)
    to_verifier = torch.optim.Adam(verifier.parameters(), settings.lr)
    for step in range(settings.steps):
        batch = train[step % len(train)]
        descend(to_prover, prover_step(prover, verifier, batch, settings), NAME)
        descend(to_verifier, verifier_step(prover, verifier, batch, settings), NAME)
    checkpoints.say(f"seed {seed}: trained")
    attacker = make_prover(settings.hidden)
    to_attacker = torch.optim.Adam(attacker.parameters(), settings.lr)
    hostile = settings.model_copy(update={"training": "adversarial", "entropy": settings.attack_entropy})
    for step in range(settings.attack_steps):
        descend(to_attacker, prover_step(attacker, verifier, train[step % len(train)], hostile), NAME)
    return Outcome(figures=_figures(prover, attacker, verifier, test))


def _draw(rng: np.random.Generator, count: int) -> Images:
    return Images(np.stack([draw_image(rng) for _ in range(count)]))


@torch.no_grad()
def _figures(prover: nn.Module, attacker: nn.Module, verifier: nn.Module, test: Images) -> dict[str, float | None]:
    accept = (verifier(test.crops)[..., 0] > 0).numpy()
    good = test.good.bool().numpy()
    found, attacked = (_sent(accept, good, chooser, test) for chooser in (prover, attacker))
    complete, unsound = best_response(accept, np.repeat(good[:, None], CROPS, 1))
    return {
        "accuracy": found.accuracy,
        "accuracy, collapsed": collapsed(good)["pooled"],
        "precision": found.precision,
        "recall": found.completeness,
        "fool rate": found.fool_rate,
        "completeness, best response": complete,
        "soundness error, best response": unsound,
        "accuracy, fresh attacker": attacked.accuracy,
        "fool rate, fresh attacker": attacked.fool_rate,
    }


def _sent(accept: NDArray[np.bool_], good: NDArray[np.bool_], prover: nn.Module, test: Images) -> Split:
    """Acceptance of the patches that a prover likes best."""
    chosen = prover(test.pixels).argmax(-1).numpy()
    return Split(accept[np.arange(len(test)), chosen], good, np.ones(len(test)))


EXPERIMENT = Experiment(PlusSettings, play)
