"""Training small transformers: supervised start, the verifier on pairs, provers by GRPO with DAPO's changes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from brigade.envs.content import Model
from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.prover_verifier.arithmetic.problem import Problem
from brigade.envs.prover_verifier.arithmetic.solution import Edit, Solution, edits_of, is_correct, solve
from brigade.experiments.prover_verifier.outcome import finite
from brigade.experiments.prover_verifier.policy_gradient import (
    Switches,
    clipped_loss,
    group_advantages,
    informative,
    overlong_penalty,
)
from brigade.experiments.prover_verifier.rewards import cgc_reward, ranking_loss, src_reward
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

ERRORS = {HELPFUL: 0.25, SNEAKY: 0.55}  # share of solutions with an error in the supervised data
SUBTLE = 0.05  # weight there of errors by 1 or 2, plain ones having 1
CLIP_NORM = 1.0


class TransformerSettings(Model):
    """How small transformers are trained.

    Attributes:
        steps: of a word problem.
        rounds: of training.
        width, layers: of the prover; the verifier has its body.
        supervised_steps, verifier_steps, prover_steps: of AdamW.
        batch: solutions in a supervised step, and pairs in one of the verifier.
        problems, group: problems in a step of the provers, and solutions of each.
        lr, verifier_lr, prover_lr: of AdamW.
        reward: of the provers.
        low: V0 of `cgc`.
        base_share: share of the supervised prover in the verifier's pool.
        pool: problems of each source in the pool.
        test: problems for the figures, and as many for calibration.
        switches: DAPO's four changes.
    """

    steps: int = Field(2, ge=1, le=4)
    rounds: int = Field(4, ge=1)
    width: int = Field(64, ge=8)
    layers: int = Field(2, ge=1)
    supervised_steps: int = Field(3000, ge=1)
    verifier_steps: int = Field(1000, ge=1)
    prover_steps: int = Field(150, ge=1)
    batch: int = Field(256, ge=1)
    problems: int = Field(16, ge=1)
    group: int = Field(8, ge=2)
    lr: float = Field(1e-3, gt=0)
    verifier_lr: float = Field(1e-3, gt=0)
    prover_lr: float = Field(3e-4, gt=0)
    reward: Literal["cgc", "src"] = "cgc"
    low: float = -8.0
    base_share: float = Field(0.3, gt=0, le=1)
    pool: int = Field(1000, ge=1)
    test: int = Field(400, ge=1)
    switches: Switches = Switches()

    @property
    def length(self) -> int:
        """Tokens a solution may have."""
        return 4 * self.steps + 2 + SPARE


class Batch:
    """Solutions as tokens.

    Attributes:
        prompt: (n, prompt).
        solution: (n, length).
        correct: (n,) 1 where the answer is right.
    """

    def __init__(self, problems: Sequence[Problem], solution: Tensor, role: int):
        self.problems, self.solution = list(problems), solution
        self.prompt = torch.tensor([problem_tokens(problem, role) for problem in problems])
        self.correct = torch.tensor([float(_right(p, s)) for p, s in zip(problems, solution.tolist(), strict=True)])


def _right(problem: Problem, tokens: list[int]) -> bool:
    """Whether the answer is right; what cannot be read is not."""
    read = read_tokens(tokens)
    return read is not None and is_correct(problem, read)


def padded(solutions: Sequence[Solution], length: int) -> Tensor:
    """(n, length) tokens of solutions, filled up with ends."""
    rows = [solution_tokens(solution) for solution in solutions]
    return torch.tensor([row + [row[-1]] * (length - len(row)) for row in rows])


def supervised(settings: TransformerSettings, rng: np.random.Generator) -> Prover:
    """A prover taught on solutions with natural errors, more of them where the role is sneaky."""
    prover = Prover(settings.width, settings.layers, 2 * settings.steps + 3 + settings.length)
    adam = torch.optim.AdamW(prover.parameters(), settings.lr)
    edits = [edit for edit in edits_of(settings.steps) if edit.kind != "none"]
    weights = np.array([1.0 if edit.kind == "op" or abs(edit.shift) == 10 else SUBTLE for edit in edits])
    for _ in range(settings.supervised_steps):
        role = HELPFUL if rng.random() < 0.5 else SNEAKY
        problems = [draw_problem(rng, settings.steps) for _ in range(settings.batch)]
        drawn = rng.choice(len(edits), settings.batch, p=weights / weights.sum())
        wrong = rng.random(settings.batch) < ERRORS[role]
        chosen = [edits[int(e)] if bad else Edit("none") for e, bad in zip(drawn, wrong, strict=True)]
        solved = [solve(problem, edit) for problem, edit in zip(problems, chosen, strict=True)]
        batch = Batch(problems, padded(solved, settings.length), role)
        log_probs, mask = prover.log_probs(batch.prompt, batch.solution), mask_of(batch.solution)
        _descend(adam, prover, -(log_probs * mask).sum() / mask.sum(), "supervised start")
    return prover


def sampled(prover: Prover, problems: Sequence[Problem], role: int, settings: TransformerSettings) -> Batch:
    """One solution for each problem."""
    prompt = torch.tensor([problem_tokens(problem, role) for problem in problems])
    return Batch(problems, prover.sample(prompt, settings.length), role)


def train_verifier(
    taught: Prover, pool: Sequence[tuple[float, Batch]], settings: TransformerSettings, rng: np.random.Generator
) -> Verifier:
    """A new verifier on the supervised body, by pairs from sources with weights, each source balanced for itself.

    Both solutions of a pair are of the same problem: the other one of its errors, or the true solution, if that is what
    is missing.
    """
    verifier = Verifier(taught)
    adam = torch.optim.AdamW(verifier.parameters(), settings.verifier_lr)
    weights = np.array([weight for weight, _ in pool])
    for _ in range(settings.verifier_steps):
        source = pool[int(rng.choice(len(pool), p=weights / weights.sum()))][1]
        wrong = np.flatnonzero(source.correct.numpy() == 0)
        if not len(wrong):
            continue
        some = rng.choice(wrong, settings.batch // 4).tolist()
        truths = padded([solve(source.problems[i]) for i in some], settings.length)
        scores = [verifier(source.prompt[some], solutions) for solutions in (truths, source.solution[some])]
        _descend(adam, verifier, ranking_loss(scores[0], scores[1]), "verifier")
    return verifier


Score = Callable[[Batch], Tensor]


def train_prover(
    taught: Prover, role: int, score: Score | None, settings: TransformerSettings, rng: np.random.Generator
) -> tuple[Prover, dict[str, float]]:
    """A prover of one role, by GRPO with DAPO's switches; a copy of its own, as roles drag each other otherwise.

    Args:
        taught: where it begins.
        role: HELPFUL or SNEAKY.
        score: the frozen verifier; None for the control that is paid for correctness only.
        settings: how.
        rng: what problems are drawn from.

    Returns:
        The prover, and over all steps: the share of groups that say nothing, mean length, and entropy of the last step.
    """
    prover = copy.deepcopy(taught)
    adam = torch.optim.AdamW(prover.parameters(), settings.prover_lr)
    dropped, lengths, entropy = [], [], 0.0
    for _ in range(settings.prover_steps):
        problems = [draw_problem(rng, settings.steps) for _ in range(settings.problems)]
        batch = sampled(prover, [problem for problem in problems for _ in range(settings.group)], role, settings)
        mask = mask_of(batch.solution)
        rewards = _rewards(batch, role, score, settings, mask.sum(-1))
        kept = informative(rewards)
        dropped.append(1 - float(kept.float().mean()))
        lengths.append(float(mask.sum(-1).mean()))
        advantages = group_advantages(rewards)
        if settings.switches.dynamic_sampling:
            mask = mask * kept.repeat_interleave(settings.group)[:, None]
        log_probs = prover.log_probs(batch.prompt, batch.solution)
        entropy = float(-(log_probs.detach() * mask).sum() / mask.sum().clamp(min=1))
        switches = settings.switches
        loss = clipped_loss(
            log_probs, log_probs.detach(), advantages.flatten(), mask, switches.clip, switches.token_level
        )
        _descend(adam, prover, loss, "prover")
    return prover, {"groups dropped": float(np.mean(dropped)), "length": float(np.mean(lengths)), "entropy": entropy}


def _rewards(batch: Batch, role: int, score: Score | None, settings: TransformerSettings, lengths: Tensor) -> Tensor:
    """(problems, group) what solutions are paid."""
    correct = batch.correct.reshape(-1, settings.group)
    if score is None:
        paid = correct
    else:
        scores, helpful = score(batch).reshape(-1, settings.group), role == HELPFUL
        if settings.reward == "src":
            paid = src_reward(scores, correct, helpful, scores.mean(-1, keepdim=True))
        else:
            paid = cgc_reward(scores, correct, helpful, settings.low)
    if settings.switches.soft_overlong:
        paid = paid + overlong_penalty(lengths, settings.length, SPARE).reshape(-1, settings.group)
    return paid


def _descend(optimizer: torch.optim.Optimizer, model: torch.nn.Module, loss: Tensor, where: str) -> None:
    optimizer.zero_grad()
    finite(loss, where).backward()
    clip_grad_norm_(model.parameters(), CLIP_NORM)
    optimizer.step()
