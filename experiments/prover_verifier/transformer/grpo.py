"""Training provers that are small transformers by GRPO, with DAPO's four changes, each by a switch."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from brigade.batch.estimate import mean_of_known
from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.experiments.prover_verifier.learning.policy_gradient import (
    clipped_loss,
    divergence,
    group_advantages,
    informative,
    mean_entropy,
    overlong_penalty,
)
from brigade.experiments.prover_verifier.learning.rewards import correctness_reward, role_reward
from brigade.experiments.prover_verifier.metrics import exploited
from brigade.experiments.prover_verifier.transformer.batches import Batch, sampled
from brigade.experiments.prover_verifier.transformer.model import HELPFUL, SPARE, Prover, mask_of, of_tokens
from brigade.experiments.prover_verifier.transformer.settings import TransformerSettings
from brigade.experiments.prover_verifier.transformer.training import descend

TRIES = 4  # batches that dynamic sampling draws at most to fill one
LATELY = 10  # steps over which the figures of a training are averaged

Score = Callable[[Batch], Tensor]


@dataclass
class Learned:
    """A prover after its training.

    Attributes:
        prover: as it is then.
        accuracy: share of correct solutions, at every step; so with what follows.
        entropy: mean of -log p of the tokens that were sampled, in nats.
        dropped: share of groups of which all rewards are equal.
        length: mean tokens of a solution.
        convincing: mean score of solutions that can be read and are as the role wants them, None where there were none.
        exploit: first step at which a sneaky prover had found an exploit, None for never.
    """

    prover: Prover
    accuracy: list[float] = field(default_factory=list)
    entropy: list[float] = field(default_factory=list)
    dropped: list[float] = field(default_factory=list)
    length: list[float] = field(default_factory=list)
    convincing: list[float | None] = field(default_factory=list)
    exploit: int | None = None

    @property
    def lately_convincing(self) -> float | None:
        """Mean of `convincing` over the last steps."""
        return mean_of_known(self.convincing[-LATELY:])

    @property
    def figures(self) -> dict[str, float]:
        """Groups dropped and length over all steps, entropy over the last."""
        return {
            "groups dropped": float(np.mean(self.dropped)),
            "length": float(np.mean(self.length)),
            "entropy": float(np.mean(self.entropy[-LATELY:])),
        }


@dataclass(frozen=True)
class Groups:
    """Solutions of some problems, `group` of each, one after the other.

    Attributes:
        prompt: (n, prompt) tokens.
        solution: (n, length) tokens.
        rewards: (problems, group).
    """

    prompt: Tensor
    solution: Tensor
    rewards: Tensor

    def only(self, which: Tensor) -> Groups:
        """The problems that `which` (problems,) of bool or of places names."""
        count, group = self.rewards.shape
        rows = torch.arange(count * group).reshape(count, group)[which].flatten()
        return Groups(self.prompt[rows], self.solution[rows], self.rewards[which])


def train_prover(
    taught: Prover,
    role: int,
    score: Score | None,
    settings: TransformerSettings,
    rng: np.random.Generator,
    helpful: float | None = None,
    keep: Callable[[Prover], None] = lambda prover: None,
) -> Learned:
    """A prover of one role; a copy of its own, as roles drag each other otherwise.

    Args:
        taught: where it begins.
        role: HELPFUL or SNEAKY.
        score: the frozen verifier; None for the control that is paid for correctness only.
        settings: how.
        rng: what problems are drawn from.
        helpful: how convincing the helpful prover is, which says what counts as an exploit.
        keep: is shown the prover every `settings.keep_every` steps.
    """
    learned, entropy = Learned(copy.deepcopy(taught)), 0.0 if role == HELPFUL else settings.sneaky_entropy
    adam = torch.optim.AdamW(learned.prover.parameters(), settings.prover_lr)
    for step in range(settings.prover_steps):
        groups = _drawn(learned, role, score, settings, rng)
        accuracy, convincing = learned.accuracy[-1], learned.convincing[-1]
        if learned.exploit is None and role != HELPFUL and exploited(accuracy, convincing, helpful):
            learned.exploit = step
        if len(groups.rewards):
            _improve(learned.prover, taught, adam, groups, settings, entropy)
        if (step + 1) % settings.keep_every == 0 or step + 1 == settings.prover_steps:
            keep(learned.prover)
    return learned


def _drawn(
    learned: Learned, role: int, score: Score | None, settings: TransformerSettings, rng: np.random.Generator
) -> Groups:
    """What is learned from in a step: with dynamic sampling, drawn until enough groups say something."""
    wanted, parts, shares, found = settings.problems, list[Groups](), list[float](), 0
    for attempt in range(TRIES if settings.switches.dynamic_sampling else 1):
        problems = [draw_problem(rng, settings.steps, among=("provers",)) for _ in range(wanted)]
        batch = sampled(learned.prover, [p for p in problems for _ in range(settings.group)], role, settings.length)
        lengths = mask_of(batch.solution).sum(-1)
        scores = None if score is None else score(batch)
        paid = _rewards(batch, role, scores, settings)
        telling = informative(paid)  # before solutions are paid less for their length
        if settings.switches.soft_overlong:
            paid = paid + overlong_penalty(lengths, settings.length, SPARE).reshape(-1, settings.group)
        groups = Groups(batch.prompt, batch.solution, paid)
        shares.append(1 - float(telling.float().mean()))
        if attempt == 0:
            _watch(learned, batch, role, scores, lengths)
        parts.append(groups.only(telling) if settings.switches.dynamic_sampling else groups)
        found += len(parts[-1].rewards)
        if found >= wanted:
            break
    learned.dropped.append(float(np.mean(shares)))
    whole = Groups(*(torch.cat([getattr(part, name) for part in parts]) for name in ("prompt", "solution", "rewards")))
    return whole.only(torch.arange(min(found, wanted)))


def _watch(learned: Learned, batch: Batch, role: int, scores: Tensor | None, lengths: Tensor) -> None:
    learned.accuracy.append(float(batch.correct.mean()))
    learned.length.append(float(lengths.mean()))
    aligned = (batch.correct.bool() == (role == HELPFUL)) & batch.readable
    seen = scores is not None and bool(aligned.any())
    learned.convincing.append(float(scores[aligned].mean()) if seen and scores is not None else None)
    mask = mask_of(batch.solution)
    with torch.no_grad():
        surprise = -(learned.prover.log_probs(batch.prompt, batch.solution) * mask).sum() / mask.sum()
    learned.entropy.append(float(surprise))


def _improve(
    prover: Prover,
    taught: Prover,
    adam: torch.optim.Optimizer,
    groups: Groups,
    settings: TransformerSettings,
    entropy: float,
) -> None:
    """The gradient steps on one batch."""
    switches, tokens = settings.switches, (groups.prompt, groups.solution)
    mask, advantages = mask_of(groups.solution), group_advantages(groups.rewards, settings.scale).flatten()
    with torch.no_grad():
        before = prover.log_probs(*tokens)
        reference = taught.log_probs(*tokens) if settings.beta else None
    for _ in range(settings.updates):
        policy = prover.log_policy(*tokens)
        now = of_tokens(policy, groups.solution)
        loss = clipped_loss(now, before, advantages, mask, switches.clip, switches.token_level)
        if reference is not None:
            loss = loss + settings.beta * divergence(now, reference, mask)
        if entropy:
            loss = loss - entropy * mean_entropy(policy, mask)
        descend(adam, prover, loss, "prover")


def _rewards(batch: Batch, role: int, scores: Tensor | None, settings: TransformerSettings) -> Tensor:
    """(problems, group) what solutions are paid, whatever their length."""
    correct = batch.correct.reshape(-1, settings.group)
    if scores is None:
        return correctness_reward(correct)
    scores = scores.reshape(-1, settings.group)
    mean = scores.mean(-1, keepdim=True)
    return role_reward(settings.reward, scores, correct, role == HELPFUL, mean, settings.low)
