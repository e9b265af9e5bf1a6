"""GRPO, and the four changes that DAPO makes to it, each by a switch.

GRPO: Shao et al. 2024 (arXiv 2402.03300), section 4.1. DAPO: Yu et al. 2025 (arXiv 2503.14476), section 3. DAPO leaves
GRPO's divergence from where the policy began out, so it is 0 unless asked for.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from brigade.envs.content import Model

EPSILON = 1e-6

Scale = Literal["group", "batch", "none"]


class Switches(Model):
    """Which of DAPO's changes are on; none of them is GRPO.

    Attributes:
        clip_higher: the ratio may rise further than it may fall (.28 and .2).
        dynamic_sampling: groups in which all rewards are equal are left out.
        token_level: every token counts the same, rather than every solution.
        soft_overlong: solutions that come near the limit of length are paid less.
    """

    clip_higher: bool = True
    dynamic_sampling: bool = True
    token_level: bool = True
    soft_overlong: bool = True

    @property
    def clip(self) -> tuple[float, float]:
        """How far the ratio may fall and rise."""
        return (0.2, 0.28) if self.clip_higher else (0.2, 0.2)


def group_advantages(rewards: Tensor, scale: Scale = "group") -> Tensor:
    """Advantages within groups: R - mean over the solutions of one problem, divided by a deviation.

    GRPO divides by the deviation of the group itself (arXiv 2402.03300, eq. 3 ff.), so that hair's breadths count as
    much as gulfs do. By that of the batch, or not divided at all (arXiv 2503.20783), differences keep their size.

    Args:
        rewards: (problems, group).
        scale: what it is divided by: the deviation within the group, that within groups over the whole batch, or
            nothing.

    Returns:
        (problems, group); 0 in groups with equal rewards.
    """
    centred = torch.where(informative(rewards)[:, None], rewards - rewards.mean(-1, keepdim=True), 0.0)
    if scale == "none":
        return centred
    deviation = centred.square().mean(-1, keepdim=True).sqrt() if scale == "group" else centred.square().mean().sqrt()
    return centred / (deviation + EPSILON)


def informative(rewards: Tensor) -> Tensor:
    """Which groups say something: those whose rewards differ (arXiv 2503.14476, eq. 11).

    Args:
        rewards: (problems, group).

    Returns:
        (problems,) of bool.
    """
    return (rewards - rewards[:, :1]).abs().amax(-1) > EPSILON


def overlong_penalty(lengths: Tensor, limit: int, margin: int) -> Tensor:
    """What is added to the reward: 0 up to `limit - margin` tokens, falling to -1 at `limit`.

    arXiv 2503.14476, eq. 13.

    Args:
        lengths: (...) tokens of each solution.
        limit: the greatest length there is.
        margin: over how many tokens it falls.

    Returns:
        (...) from -1 to 0.
    """
    return ((limit - margin - lengths) / margin).clamp(-1.0, 0.0)


def clipped_loss(
    log_prob: Tensor,
    old_log_prob: Tensor,
    advantage: Tensor,
    mask: Tensor,
    clip: tuple[float, float],
    token_level: bool,
) -> Tensor:
    """The surrogate -min(r A, clip(r, 1 - ε_low, 1 + ε_high) A), averaged over tokens or first within solutions.

    arXiv 2402.03300, eq. 3 (mean over solutions of means over tokens) and arXiv 2503.14476, eq. 8 and 12 (two clips,
    mean over all tokens).

    Args:
        log_prob: (solutions, tokens) of the policy that learns.
        old_log_prob: the same of the one that sampled.
        advantage: (solutions,).
        mask: (solutions, tokens) 1 for tokens that count.
        clip: ε_low and ε_high.
        token_level: whether every token counts the same.

    Returns:
        A scalar.
    """
    ratio = (log_prob - old_log_prob).exp()
    paid = advantage[:, None]
    loss = -torch.minimum(ratio * paid, ratio.clamp(1 - clip[0], 1 + clip[1]) * paid) * mask
    if token_level:
        return loss.sum() / mask.sum().clamp(min=1)
    return (loss.sum(-1) / mask.sum(-1).clamp(min=1)).mean()


def divergence(log_prob: Tensor, reference: Tensor, mask: Tensor) -> Tensor:
    """GRPO's estimate of KL(π ‖ π_ref) for a token: π_ref / π - log(π_ref / π) - 1 (arXiv 2402.03300, eq. 4).

    Args:
        log_prob: (solutions, tokens) of the policy that learns.
        reference: the same of the one it is held to.
        mask: (solutions, tokens) 1 for tokens that count.

    Returns:
        A scalar, the mean over tokens; never below 0.
    """
    ratio = reference - log_prob
    return ((ratio.exp() - ratio - 1) * mask).sum() / mask.sum().clamp(min=1)


def mean_entropy(log_policy: Tensor, mask: Tensor) -> Tensor:
    """Entropy of a policy, in nats, averaged over tokens.

    Args:
        log_policy: (solutions, tokens, vocabulary).
        mask: (solutions, tokens) 1 for tokens that count.

    Returns:
        A scalar.
    """
    entropy = -(log_policy.exp() * log_policy).sum(-1)
    return (entropy * mask).sum() / mask.sum().clamp(min=1)
