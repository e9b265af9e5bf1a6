"""Training in the game of edits: the verifier on pairs from a pool of provers, the provers against a frozen verifier.

The round structure is that of Kirchner et al. 2024 (arXiv 2407.13692), section 3.2: verifier and provers begin anew in
every round, and nothing but the pool is carried over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import torch
from pydantic import Field
from torch import Tensor, nn

from brigade.envs.content import Model
from brigade.experiments.prover_verifier.arithmetic.edit_game import (
    HELPFUL,
    SNEAKY,
    EditProver,
    EditVerifier,
    Problems,
    base_log_policy,
)
from brigade.experiments.prover_verifier.learning.rewards import (
    expected_policy_loss,
    goodhart_reward,
    ranking_loss,
    role_reward,
)
from brigade.experiments.prover_verifier.metrics import SCORE_SLACK, exploited
from brigade.experiments.prover_verifier.outcome import descend

TINY = 1e-12
AnyVerifier = TypeVar("AnyVerifier", bound=nn.Module)


class EditSettings(Model):
    """How the game of edits is trained.

    Attributes:
        steps: of a word problem.
        rounds: of training.
        hidden: the verifier's width; 4, 16 and 64 give 95, 563 and 5,315 parameters.
        reward: of the provers.
        low: V0 of `cgc`; it must be below all scores.
        beta: weight of the divergence from the base prover.
        prover_steps, prover_lr: of Adam; a step is over all problems.
        verifier_steps, verifier_lr: of Adam; a step is over `batch` problems, for each of them one correct
            solution against `pairs` incorrect ones.
        decay: λ of the ranking loss.
        base_share: share of the base prover in the pool, the rest being split equally among earlier rounds.
        keep_every: steps between the sneaky policies that go into the pool as their mean; the last one always does.
        slack: how far below the threshold a score still counts as reaching it, as for exploits: scores of correct
            solutions are so close together that the 5 % quantile alone is a matter of hundredths.
        train: problems of the provers, and as many of the verifier.
        test: problems for the figures, and as many for calibration.
    """

    steps: int = Field(2, ge=1, le=4)
    rounds: int = Field(10, ge=1)
    hidden: int = Field(64, ge=1)
    reward: Literal["cgc", "src"] = "cgc"
    low: float = -8.0
    beta: float = Field(0.1, ge=0)
    prover_steps: int = Field(150, ge=1)
    prover_lr: float = Field(3e-3, gt=0)
    verifier_steps: int = Field(3000, ge=1)
    verifier_lr: float = Field(3e-3, gt=0)
    batch: int = Field(128, ge=1)
    pairs: int = Field(8, ge=1)
    decay: float = Field(0.01, ge=0)
    base_share: float = Field(0.3, gt=0, le=1)
    keep_every: int = Field(25, ge=1)
    slack: float = Field(SCORE_SLACK, ge=0)
    train: int = Field(1500, ge=1)
    test: int = Field(400, ge=1)


@dataclass
class Pool:
    """What verifiers learn from: policies on the verifier's problems, (n, edits) each.

    Attributes:
        base: the prover before training.
        rounds: one policy of each round, helpful and sneaky together.
        share: of the base.
    """

    base: Tensor
    share: float
    rounds: list[Tensor] = field(default_factory=list)

    def conditional(self, wanted: Tensor) -> Tensor:
        """(n, edits) a distribution over the wanted edits, each source balanced for itself."""
        rest = (1 - self.share) / len(self.rounds) if self.rounds else 0.0
        sources = [(self.share if self.rounds else 1.0, self.base), *((rest, policy) for policy in self.rounds)]
        mixed = torch.zeros_like(self.base)
        for weight, policy in sources:
            chosen = policy * wanted
            mixed += weight * chosen / chosen.sum(-1, keepdim=True).clamp(min=TINY)
        return mixed + TINY * wanted


def train_verifier(problems: Problems, pool: Pool, settings: EditSettings) -> EditVerifier:
    """A new verifier, from pairs of a correct and an incorrect edit drawn from the pool."""
    return taught(EditVerifier(settings.hidden), problems, pool, settings)


def taught(verifier: AnyVerifier, problems: Problems, pool: Pool, settings: EditSettings) -> AnyVerifier:
    """The verifier itself, trained on such pairs."""
    adam = torch.optim.Adam(verifier.parameters(), settings.verifier_lr)
    right, wrong = pool.conditional(problems.correct), pool.conditional(1 - problems.correct)
    for _ in range(settings.verifier_steps):
        some = torch.randint(len(problems), (settings.batch,))
        better = torch.multinomial(right[some], 1)
        worse = torch.multinomial(wrong[some], settings.pairs, replacement=True)
        better_score, worse_scores = (_scored(verifier, problems, some, edits) for edits in (better, worse))
        loss = ranking_loss(better_score.expand_as(worse_scores), worse_scores, settings.decay)
        descend(adam, loss, "verifier")
    return verifier


def _scored(verifier: nn.Module, problems: Problems, some: Tensor, edits: Tensor) -> Tensor:
    """(batch, choices) scores of some edits (batch, choices) of some problems (batch,)."""
    return verifier(problems.rows[some[:, None], edits], problems.copied[some[:, None], edits])  # type: ignore[no-any-return]


@dataclass
class Trained:
    """Provers after a round.

    Attributes:
        prover: of the roles that were trained.
        kept: (checkpoints) sneaky policies on the verifier's problems.
        exploit: first step at which the sneaky role had found an exploit, None for never.
    """

    prover: EditProver
    kept: list[Tensor]
    exploit: int | None


def train_provers(
    problems: Problems,
    scores: Tensor,
    sampled: Problems,
    settings: EditSettings,
    roles: Sequence[int] = (HELPFUL, SNEAKY),
    goodhart: bool = False,
) -> Trained:
    """New provers against a frozen verifier, by exact gradients.

    Args:
        problems: what they learn on.
        scores: (n, edits) the verifier's scores there.
        sampled: where the policies that are kept are evaluated.
        settings: how.
        roles: both, or the sneaky one alone.
        goodhart: whether they are paid by the score alone, whatever their role is.
    """
    prover = EditProver(settings.steps)
    adam = torch.optim.Adam(prover.parameters(), settings.prover_lr)
    base = base_log_policy(problems.edits)
    trained = Trained(prover, [], None)
    for step in range(settings.prover_steps):
        losses, policies = [], {}
        for role in roles:
            log_policy = prover(problems.numbers, role)
            policies[role] = log_policy.detach().exp()
            mean, helpful = (policies[role] * scores).sum(-1, keepdim=True), role == HELPFUL
            reward = role_reward(settings.reward, scores, problems.correct, helpful, mean, settings.low)
            if goodhart:
                reward = goodhart_reward(scores)
            losses.append(expected_policy_loss(log_policy, reward, base, settings.beta))
        if trained.exploit is None and _has_exploit(policies, scores, problems.correct):
            trained.exploit = step
        descend(adam, torch.stack(losses).mean(), "provers")
        if (step + 1) % settings.keep_every == 0 or step + 1 == settings.prover_steps:
            trained.kept.append(policy_of(prover, sampled, SNEAKY))
    return trained


def _has_exploit(policies: dict[int, Tensor], scores: Tensor, correct: Tensor) -> bool:
    sneaky = policies[SNEAKY]
    helpful = policies.get(HELPFUL, torch.ones_like(sneaky))
    right, wrong = helpful * correct, sneaky * (1 - correct)
    accuracy = float((sneaky * correct).sum(-1).mean())
    means = [float((w * scores).sum() / w.sum().clamp(min=TINY)) for w in (wrong, right)]
    return exploited(accuracy, means[0], means[1])


@torch.no_grad()
def policy_of(prover: EditProver, problems: Problems, role: int) -> Tensor:
    """(n, edits) what a prover would choose."""
    return prover(problems.numbers, role).exp()  # type: ignore[no-any-return]


@torch.no_grad()
def scores_of(verifier: nn.Module, problems: Problems) -> Tensor:
    """(n, edits) what a verifier thinks of every solution."""
    return verifier(problems.rows, problems.copied)  # type: ignore[no-any-return]
