"""Teaching small transformers: the settings, solutions as tokens, the supervised start, the verifier on pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from brigade.envs.content import Model
from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.prover_verifier.arithmetic.problem import Problem
from brigade.envs.prover_verifier.arithmetic.solution import Edit, Solution, edits_of, is_correct, solve
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.outcome import finite
from brigade.experiments.prover_verifier.policy_gradient import Scale, Switches
from brigade.experiments.prover_verifier.rewards import ranking_loss
from brigade.experiments.prover_verifier.transformer_model import (
    HELPFUL,
    SNEAKY,
    SPARE,
    Prover,
    Verifier,
    mask_of,
    problem_tokens,
    read_tokens,
    solution_tokens,
)

LEARNED = ("provers", "verifier")  # splits of which the supervised start knows
ERRORS = {HELPFUL: 0.25, SNEAKY: 0.55}  # share of solutions with an error in the supervised data
SUBTLE = 0.05  # weight there of errors by 1 or 2, plain ones having 1
CLIP_NORM = 1.0
LARGEST_WEIGHT = 1e6
UNREADABLE = -8.0  # score of what cannot be read, as low as `low`: it is no argument, whatever the verifier makes of it
LONGER = 3  # tokens by which a perturbed prompt may be longer


class TransformerSettings(Model):
    """How small transformers are trained.

    Attributes:
        steps: of a word problem.
        rounds: of training.
        width, layers: of the prover.
        verifier_width, verifier_layers: of the verifier; where they are those of the prover, both begin with one body.
        judge_width: of the judge outside the game, which has one layer and learns from the base prover alone.
        supervised_steps, verifier_steps, prover_steps: of AdamW; a step of a prover is a batch of solutions.
        batch: solutions in a supervised step.
        pairs: in a step of a verifier.
        problems, group: problems in a step of a prover, and solutions of each.
        updates: gradient steps on each batch of solutions; the clip says how far they may go.
        lr, verifier_lr, prover_lr: of AdamW.
        reward: of the provers.
        scale: what advantages within a group are divided by, its own deviation, the batch's, or nothing.
        beta: weight of the divergence of provers from the supervised one.
        low: V0 of `cgc`.
        base_share: share of the supervised prover in the verifier's pool.
        keep_every: steps between the sneaky provers that are sampled for the pool; the last one always is.
        pool: problems of each source in the pool.
        test: problems for the figures, and as many for calibration.
        switches: DAPO's four changes.
    """

    steps: int = Field(2, ge=1, le=4)
    rounds: int = Field(8, ge=1)
    width: int = Field(64, ge=8, multiple_of=4)
    layers: int = Field(2, ge=1)
    verifier_width: int = Field(64, ge=8, multiple_of=4)
    verifier_layers: int = Field(2, ge=1)
    judge_width: int = Field(16, ge=8, multiple_of=4)
    supervised_steps: int = Field(3000, ge=1)
    verifier_steps: int = Field(1000, ge=1)
    prover_steps: int = Field(150, ge=1)
    batch: int = Field(128, ge=1)
    pairs: int = Field(64, ge=1)
    problems: int = Field(16, ge=1)
    group: int = Field(8, ge=2)
    updates: int = Field(2, ge=1)
    lr: float = Field(1e-3, gt=0)
    verifier_lr: float = Field(1e-3, gt=0)
    prover_lr: float = Field(3e-4, gt=0)
    reward: Literal["cgc", "src"] = "cgc"
    scale: Scale = "group"
    beta: float = Field(0.0, ge=0)
    low: float = -8.0
    base_share: float = Field(0.3, gt=0, le=1)
    keep_every: int = Field(25, ge=1)
    pool: int = Field(1000, ge=1)
    test: int = Field(400, ge=1)
    switches: Switches = Switches()

    @property
    def length(self) -> int:
        """Tokens a solution may have."""
        return solution_length(self.steps)


def solution_length(steps: int) -> int:
    """Tokens a solution of so many lines may have."""
    return 4 * steps + 2 + SPARE


class Batch:
    """Solutions as tokens.

    Args:
        problems: one for each solution.
        solution: (n, length) tokens.
        role: of whom they are.

    Attributes:
        prompt: (n, prompt).
        readable: (n,) bool, whether the tokens say a solution.
        correct: (n,) 1 where its answer is right.
    """

    def __init__(self, problems: Sequence[Problem], solution: Tensor, role: int):
        self.problems, self.solution = list(problems), solution
        self.prompt = torch.tensor([problem_tokens(problem, role) for problem in problems])
        read = [read_tokens(tokens) for tokens in solution.tolist()]
        self.readable = torch.tensor([each is not None for each in read])
        self.correct = torch.tensor(
            [float(each is not None and is_correct(p, each)) for p, each in zip(problems, read, strict=True)]
        )

    def __len__(self) -> int:
        return len(self.problems)


def padded(solutions: Sequence[Solution], length: int) -> Tensor:
    """(n, length) tokens of solutions, filled up with ends."""
    rows = [solution_tokens(solution) for solution in solutions]
    return torch.tensor([row + [row[-1]] * (length - len(row)) for row in rows])


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


def sampled(prover: Prover, problems: Sequence[Problem], role: int, length: int) -> Batch:
    """One solution for each problem."""
    prompt = torch.tensor([problem_tokens(problem, role) for problem in problems])
    return Batch(problems, prover.sample(prompt, length), role)


@dataclass(frozen=True)
class Source:
    """What a verifier's pool has from one round.

    Attributes:
        place: (n,) which of the pool's problems each solution is of.
        solution: (n, length) tokens.
        correct: (n,) whether the answer is right.
    """

    place: NDArray[np.int64]
    solution: Tensor
    correct: NDArray[np.bool_]

    def pairs(self, truths: Tensor, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor] | None:
        """Wrong solutions beside right ones of the same problems.

        The right one is the source's own, if it has one for that problem, in half of the cases; else the true solution.

        Args:
            truths: (problems, length) the true solutions.
            count: how many pairs.
            rng: what they are drawn from.

        Returns:
            (pairs,) problems, (pairs, length) right and (pairs, length) wrong solutions; None if nothing is wrong.
        """
        wrong = np.flatnonzero(~self.correct)
        if not len(wrong):
            return None
        some = rng.choice(wrong, count)
        own = np.full(len(truths), -1)
        right = rng.permutation(np.flatnonzero(self.correct))
        own[self.place[right]] = right  # one of them, at random
        at = self.place[some]
        take = torch.from_numpy((own[at] >= 0) & (rng.random(count) < 0.5))
        theirs = self.solution[torch.from_numpy(own[at].clip(0))]
        return torch.from_numpy(at), torch.where(take[:, None], theirs, truths[at]), self.solution[some]


def gather_source(batches: Sequence[Batch]) -> Source:
    """Solutions that several provers gave to the pool's problems, each of them to all."""
    place = np.tile(np.arange(len(batches[0])), len(batches))
    solution = torch.cat([batch.solution for batch in batches])
    return Source(place, solution, torch.cat([batch.correct for batch in batches]).bool().numpy())


def train_verifier(
    taught: Prover,
    problems: Sequence[Problem],
    pool: Sequence[tuple[float, Source]],
    settings: TransformerSettings,
    rng: np.random.Generator,
) -> Verifier:
    """A new verifier on a supervised body, by pairs from sources with weights, each source balanced for itself.

    Args:
        taught: whose body it begins with.
        problems: of the pool.
        pool: sources and how often each is drawn from.
        settings: how.
        rng: what pairs are drawn from.
    """
    verifier = Verifier(taught)
    adam = torch.optim.AdamW(verifier.parameters(), settings.verifier_lr)
    weights = np.array([weight for weight, _ in pool])
    truths = padded([solve(problem) for problem in problems], settings.length)
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
