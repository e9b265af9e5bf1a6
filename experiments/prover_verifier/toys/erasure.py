"""`erasure_channel`: who leads in the smallest decision game, judged by exact best response.

All expectations are exact and all seeds are trained side by side, one row of every tensor each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from brigade.envs.content import Model
from brigade.experiments.prover_verifier.metrics import none_if_nan
from brigade.experiments.prover_verifier.outcome import Checkpoints, Experiment, Outcome, finite

Training = Literal["collaborative", "simultaneous", "verifier_leading", "prover_leading", "prover_leading_bayes"]
A, B, NONE = range(3)  # what arrives
CLOSE = 1e-6


class ErasureSettings(Model):
    """How the erasure channel is trained.

    Attributes:
        training: who leads, or whether the prover helps.
        erasure: probability with which B is erased though y = 1.
        steps: of gradient descent.
        lr: its rate, for both sides.
        unroll: steps of the follower that a leader sees ahead.
    """

    training: Training = "simultaneous"
    erasure: float = Field(0.1, ge=0, lt=1)
    steps: int = Field(4000, ge=1)
    lr: float = Field(0.3, gt=0)
    unroll: int = Field(10, ge=1)


def channel(prover: Tensor, erasure: float) -> tuple[Tensor, Tensor]:
    """P(r | y = 0) and P(r | y = 1), each (seeds, 3), for prover logits (seeds, 2) of sending B given y."""
    sends_b = torch.sigmoid(prover)
    bad, good = sends_b[:, 0], sends_b[:, 1]
    nothing = torch.zeros_like(bad)
    return (
        torch.stack([1 - bad, nothing, bad], -1),
        torch.stack([1 - good, good * (1 - erasure), good * erasure], -1),
    )


def verifier_loss(prover: Tensor, verifier: Tensor, erasure: float) -> Tensor:
    """(seeds,) E BCE(σ(V[r]), y), for verifier logits (seeds, 3)."""
    bad, good = channel(prover, erasure)
    return 0.5 * (bad * functional.softplus(verifier)).sum(-1) + 0.5 * (good * functional.softplus(-verifier)).sum(-1)


def prover_loss(prover: Tensor, verifier: Tensor, erasure: float) -> Tensor:
    """(seeds,) E softplus(-V[r]): the prover always defends y = 1 (arXiv 2108.12099)."""
    bad, good = channel(prover, erasure)
    return 0.5 * ((bad + good) * functional.softplus(-verifier)).sum(-1)


Loss = Callable[[Tensor, Tensor, float], Tensor]


def gradient(loss: Tensor, of: Tensor, keep: bool = False) -> Tensor:
    """Gradient of the sum over seeds, which is each seed's own."""
    return torch.autograd.grad(loss.sum(), of, create_graph=keep)[0]


def _step(prover: Tensor, verifier: Tensor, settings: ErasureSettings) -> tuple[Tensor, Tensor]:
    """One step of both sides."""
    erasure, lr, training = settings.erasure, settings.lr, settings.training
    p, v = prover.detach().requires_grad_(), verifier.detach().requires_grad_()
    theirs: Loss = verifier_loss if training == "collaborative" else prover_loss
    if training == "prover_leading_bayes":
        best = _bayes(p, erasure)
        return (p - lr * gradient(finite(theirs(p, best, erasure).sum(), training), p)).detach(), best.detach()
    ahead_p, ahead_v = p, v
    if training == "verifier_leading":
        ahead_p = _unrolled(p, lambda at: theirs(at, v, erasure), settings)
    elif training == "prover_leading":
        ahead_v = _unrolled(v, lambda at: verifier_loss(p, at, erasure), settings)
    to_v = gradient(finite(verifier_loss(ahead_p, v, erasure).sum(), training), v)
    to_p = gradient(theirs(p, ahead_v, erasure), p)
    return (p - lr * to_p).detach(), (v - lr * to_v).detach()


def _unrolled(at: Tensor, loss: Callable[[Tensor], Tensor], settings: ErasureSettings) -> Tensor:
    """Where a follower is after so many steps, as a function of what the leader does."""
    for _ in range(settings.unroll):
        at = at - settings.lr * gradient(loss(at), at, keep=True)
    return at


def _bayes(prover: Tensor, erasure: float) -> Tensor:
    """The verifier's exact best response, log P(r | 1) / P(r | 0)."""
    bad, good = channel(prover, erasure)
    return (good + CLOSE).log() - (bad + CLOSE).log()


def exact_best_response(verifier: Tensor, erasure: float) -> tuple[Tensor, Tensor]:
    """(seeds,) completeness and (seeds,) soundness error when the best token is sent to this verifier."""
    accept = (verifier > 0).double()
    by_b = (1 - erasure) * accept[:, B] + erasure * accept[:, NONE]
    return torch.maximum(accept[:, A], by_b), torch.maximum(accept[:, A], accept[:, NONE])


def play(settings: ErasureSettings, seeds: Sequence[int], checkpoints: Checkpoints) -> list[Outcome]:
    """Train all seeds side by side."""
    torch.set_num_threads(1)
    drawn = [torch.randn(5, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    start = torch.stack(drawn).double()
    prover, verifier = start[:, :2], start[:, 2:]
    for _ in range(settings.steps):
        prover, verifier = _step(prover, verifier, settings)
    complete, unsound = exact_best_response(verifier, settings.erasure)
    bad, good = channel(prover, settings.erasure)
    accept = (verifier > 0).double()
    accuracy = 0.5 * (good * accept).sum(-1) + 0.5 * (bad * (1 - accept)).sum(-1)
    loss = verifier_loss(prover, verifier, settings.erasure)
    ends = (complete >= 1 - settings.erasure - CLOSE) & (unsound < CLOSE)
    figures = {
        "sound and complete": ends.double(),
        "completeness, best response": complete,
        "soundness error, best response": unsound,
        "verifier accuracy": accuracy,
        "verifier accuracy, collapsed": torch.full_like(accuracy, 0.5),  # nature draws either y as often
        "verifier loss": loss,
        "sends B if good": torch.sigmoid(prover[:, 1]),
    }
    return [Outcome({name: none_if_nan(each[i]) for name, each in figures.items()}) for i in range(len(seeds))]


EXPERIMENT = Experiment(ErasureSettings, play, batch=1000)
