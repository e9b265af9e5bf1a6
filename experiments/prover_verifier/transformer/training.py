"""Teaching small transformers: the supervised start, and the verifier on pairs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.prover_verifier.arithmetic.problem import Problem
from brigade.envs.prover_verifier.arithmetic.solution import Edit, edits_of, solve
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.learning.rewards import ranking_loss
from brigade.experiments.prover_verifier.outcome import finite
from brigade.experiments.prover_verifier.transformer.batches import Batch, Source, padded
from brigade.experiments.prover_verifier.transformer.model import (
    HELPFUL,
    SNEAKY,
    Prover,
    Verifier,
    mask_of,
    problem_tokens,
)
from brigade.experiments.prover_verifier.transformer.settings import TransformerSettings, solution_length
from brigade.experiments.rl.training.device import choose_device

Pool = Sequence[tuple[float, Source]]  # sources and how often each is drawn from
Arrives = Callable[[Tensor], Tensor]  # what reaches a verifier of solutions (n, length)
LEARNED = ("provers", "verifier")  # splits of which the supervised start knows
ERRORS = {HELPFUL: 0.25, SNEAKY: 0.55}  # share of solutions with an error in the supervised data
SUBTLE = 0.05  # weight there of errors by 1 or 2, plain ones having 1
CLIP_NORM = 1.0
LARGEST_WEIGHT = 1e6
UNREADABLE = -8.0  # score of what cannot be read, as low as `low`: it is no argument, whatever the verifier makes of it
LONGER = 3  # tokens by which a perturbed prompt may be longer


def made_on(wish: str) -> contextlib.AbstractContextManager[Any]:
    """Within this, tensors are made on the device that is wished for; on the CPU nothing is changed.

    Raises:
        BrigadeError: a GPU is wished for that cannot be used.
    """
    device = choose_device(wish, kernels=False)
    return contextlib.nullcontext() if device.type == "cpu" else device


def blank(settings: TransformerSettings, width: int, layers: int) -> Prover:
    """A prover that knows nothing yet, with room for a problem of one step more."""
    prompt = 2 * (settings.steps + 1) + 3
    return Prover(width, layers, prompt + LONGER + solution_length(settings.steps + 1))


def supervised(settings: TransformerSettings, rng: np.random.Generator, width: int, layers: int) -> Prover:
    """A prover taught on solutions with natural errors, more of them where the role is sneaky."""
    prover = blank(settings, width, layers)
    adam = torch.optim.AdamW(prover.parameters(), settings.lr)
    edits = [edit for edit in edits_of(settings.steps) if edit.kind != "none"]
    weights = np.array([1.0 if edit.kind == "op" or abs(edit.shift) == 10 else SUBTLE for edit in edits])
    for _ in range(settings.supervised_steps):
        role = HELPFUL if rng.random() < 0.5 else SNEAKY
        problems = [draw_problem(rng, settings.steps, among=LEARNED) for _ in range(settings.batch)]
        drawn = rng.choice(len(edits), settings.batch, p=weights / weights.sum())
        wrong = rng.random(settings.batch) < ERRORS[role]
        chosen = [edits[int(e)] if bad else Edit("none") for e, bad in zip(drawn, wrong, strict=True)]
        solution = padded(
            [solve(problem, edit) for problem, edit in zip(problems, chosen, strict=True)], settings.length
        )
        prompt = torch.tensor([problem_tokens(problem, role) for problem in problems])
        log_probs, mask = prover.log_probs(prompt, solution), mask_of(solution)
        descend(adam, prover, -(log_probs * mask).sum() / mask.sum(), "supervised start")
    return prover


def train_verifier(
    taught: Prover,
    problems: Sequence[Problem],
    pool: Pool,
    settings: TransformerSettings,
    rng: np.random.Generator,
    arrives: Arrives = lambda solution: solution,
) -> Verifier:
    """A new verifier on a supervised body, by pairs from sources with weights, each source balanced for itself.

    Args:
        taught: whose body it begins with.
        problems: of the pool.
        pool: sources and how often each is drawn from.
        settings: how.
        rng: what pairs are drawn from.
        arrives: what reaches it of true solutions; that of sources is in them.
    """
    verifier = Verifier(taught)
    adam = torch.optim.AdamW(verifier.parameters(), settings.verifier_lr)
    weights = np.array([weight for weight, _ in pool])
    truths = arrives(padded([solve(problem) for problem in problems], settings.length))
    prompts = torch.tensor([problem_tokens(problem, HELPFUL) for problem in problems])  # the role is not looked at
    for _ in range(settings.verifier_steps):
        drawn = pool[int(rng.choice(len(pool), p=weights / weights.sum()))][1].pairs(truths, settings.pairs, rng)
        if drawn is None:
            continue
        at, right, wrong = drawn
        scores = verifier(prompts[at].repeat(2, 1), torch.cat([right, wrong]))
        descend(adam, verifier, ranking_loss(*scores.chunk(2)), "verifier")
    return verifier


@torch.no_grad()
def scores_of(verifier: Verifier, batch: Batch) -> Tensor:
    """(n,) what a verifier thinks of each solution; `UNREADABLE` of what is none."""
    return torch.where(batch.readable, verifier(batch.prompt, batch.solution), UNREADABLE)


def descend(optimizer: torch.optim.Optimizer, model: torch.nn.Module, loss: Tensor, where: str) -> None:
    """One step of the optimizer, with the gradient clipped.

    Raises:
        BrigadeError: the loss is not a number, or a weight is beyond all measure afterwards.
    """
    optimizer.zero_grad()
    finite(loss, where).backward()
    clip_grad_norm_(model.parameters(), CLIP_NORM)
    optimizer.step()
    largest = float(torch.stack([weights.detach().abs().amax() for weights in model.parameters()]).amax())
    if not largest < LARGEST_WEIGHT:
        raise BrigadeError(f"{where}: a weight has become {largest:.1g}; what was saved last is kept. Try a smaller lr")
