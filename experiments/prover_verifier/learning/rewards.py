"""What verifiers and provers are trained on, each equation as a function of tensors."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

SRC_LOW = -1.0  # for a solution that convinces less than the average one
CGC_LOW = -2.0  # the paper's value, meant to be below all scores; see `low` of `cgc_reward`


def ranking_loss(right: Tensor, wrong: Tensor, decay: float = 0.01) -> Tensor:
    """Loss of a verifier on pairs of solutions of one problem: -log σ(V(x, z⁺) - V(x, z⁻)) + λ V².

    Kirchner et al. 2024 (arXiv 2407.13692), section 3.1; printed there with the sign of the first term reversed.

    Args:
        right: (pairs,) scores V of a correct solution.
        wrong: the same of an incorrect one.
        decay: λ.

    Returns:
        A scalar.
    """
    return -functional.logsigmoid(right - wrong).mean() + decay * (right.square() + wrong.square()).mean() / 2


def src_reward(scores: Tensor, correct: Tensor, helpful: bool, mean: Tensor) -> Tensor:
    """Soft-rank convincingness: (2c - 1)(2h - 1) V' where V' = V - mean > 0, else -1.

    Kirchner et al. 2024 (arXiv 2407.13692), equation 2.

    Args:
        scores: (problems, solutions) V.
        correct: (problems, solutions) c, as 0 and 1.
        helpful: the role h.
        mean: (problems, 1) mean V over the solutions of one problem by one role.

    Returns:
        (problems, solutions).
    """
    relative = scores - mean
    sign = (2 * correct - 1) * (1 if helpful else -1)
    return torch.where(relative > 0, sign * relative, torch.full_like(scores, SRC_LOW))


def cgc_reward(scores: Tensor, correct: Tensor, helpful: bool, low: float = CGC_LOW) -> Tensor:
    """Correctness-gated convincingness: V for solutions that are as the role wants them, a low constant for others.

    Kirchner et al. 2024 (arXiv 2407.13692), equation 3. Where `low` is above some scores, a prover of role sneaky
    prefers correct solutions to unconvincing wrong ones, and there is no game.

    Args:
        scores: (problems, solutions) V.
        correct: (problems, solutions) c, as 0 and 1.
        helpful: the role h.
        low: V0, which must lie below all scores.

    Returns:
        (problems, solutions).
    """
    aligned = correct.bool() == helpful
    return torch.where(aligned, scores, torch.full_like(scores, low))


def role_reward(
    kind: Literal["cgc", "src"], scores: Tensor, correct: Tensor, helpful: bool, mean: Tensor, low: float
) -> Tensor:
    """`src_reward` or `cgc_reward`, by name."""
    return src_reward(scores, correct, helpful, mean) if kind == "src" else cgc_reward(scores, correct, helpful, low)


def correctness_reward(correct: Tensor) -> Tensor:
    """The control: c, whatever the verifier says (arXiv 2407.13692, section 4)."""
    return correct.float()


def goodhart_reward(scores: Tensor) -> Tensor:
    """The attack without roles: V, whatever is true (arXiv 2407.13692, equation 4)."""
    return scores


def expected_policy_loss(log_policy: Tensor, reward: Tensor, base_log_policy: Tensor, beta: float) -> Tensor:
    """Loss of a prover whose choices can be listed: -(Σ π R - β KL(π ‖ π_base)), without sampling noise.

    Args:
        log_policy: (problems, choices) log π.
        reward: (problems, choices) R.
        base_log_policy: (problems, choices) log π_base.
        beta: weight of the divergence.

    Returns:
        A scalar.
    """
    policy = log_policy.exp()
    return -(policy * (reward - beta * (log_policy - base_log_policy))).sum(-1).mean()
