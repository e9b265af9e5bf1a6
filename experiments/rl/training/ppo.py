"""Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347), readable in one sitting.

Details follow "The 37 implementation details of PPO" (Huang et al. 2022). Shapes: T ticks, N kitchens, L learners per
kitchen; a minibatch is B of the T x N moments, with all L learners of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from brigade.experiments.rl.config import PPOSpec
from brigade.experiments.rl.training.rollout import Batch

# Moments that are evaluated at once: so many that they stay in a processor's cache, or that a GPU is busy.
CHUNKS = {"cpu": 16_384, "cuda": 262_144}


class Learner(Protocol):
    """What can be improved; `agents.networks.Policy` is one."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """All weights."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """All weights by name."""
        ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """Take over weights by name."""
        ...

    def logits(self, observations: Tensor) -> Tensor:
        """(B, L, *shape) observations to (B, L, actions) logits."""
        ...

    def values(self, observations: Tensor) -> Tensor:
        """(B, L, *shape) observations to (B, L) expected returns."""
        ...


@dataclass(frozen=True)
class Losses:
    """Means over an update."""

    policy: float
    value: float
    entropy: float  # nats per decision
    kl: float  # how far the policy has moved, estimated
    clipped: float  # share of decisions whose ratio was clipped
    explained: float  # share of the variance of the returns that the critic explains


def advantages(rewards: Tensor, values: Tensor, following: Tensor, over: Tensor, gamma: float, lam: float) -> Tensor:
    """Generalised advantage estimates (Schulman et al. 2016, arXiv 1506.02438, eq. 16).

    delta_t = r_t + gamma V(s_t+1) - V(s_t) and A_t = delta_t + gamma lambda A_t+1, where the sum stops at the end of
    an episode.

    Args:
        rewards: (T, N, L).
        values: (T, N, L) of the observations acted on.
        following: (T, N, L) values of the observations after the action; at the end of an episode of its last
            observation, not of the next episode's first.
        over: (T, N) whether an episode ended there.
        gamma: discount.
        lam: weight of longer returns.

    Returns:
        (T, N, L); plus `values` these are the returns that the critic learns.
    """
    delta = rewards + gamma * following - values
    decay = gamma * lam * (~over).float().unsqueeze(-1)
    result = torch.empty_like(delta)
    ahead = torch.zeros_like(delta[0])
    for t in range(len(delta) - 1, -1, -1):
        ahead = delta[t] + decay[t] * ahead
        result[t] = ahead
    return result


def clipped_objective(ratio: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """The clipped surrogate objective, to be maximised (arXiv 1707.06347, eq. 7), per decision."""
    return torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)


@dataclass(frozen=True)
class _Experience:
    """B moments of a batch, or of a minibatch, with L learners each; as the policy was when they were lived through."""

    observations: Tensor  # (B, L, *shape)
    actions: Tensor  # (B, L)
    log_probability: Tensor  # (B, L) of these actions
    advantage: Tensor  # (B, L)
    returns: Tensor  # (B, L) what the critic learns
    values: Tensor  # (B, L) what it expected

    def of(self, chosen: Tensor) -> _Experience:
        """Some of the moments."""  # index_select is several times faster here than an index in brackets
        return _Experience(*(getattr(self, each.name).index_select(0, chosen) for each in fields(self)))


class PPO:
    """Improves a policy from batches of its own experience.

    Args:
        policy: is changed in place.
        spec: how.
    """

    def __init__(self, policy: Learner, spec: PPOSpec):
        self.policy, self.spec = policy, spec
        self.optimizer = torch.optim.Adam(policy.parameters(), lr=spec.learning_rate, eps=1e-5, fused=True)

    def update(self, batch: Batch, learning_rate: float, entropy: float, random: torch.Generator) -> Losses:
        """One update: `epochs` passes over the batch in minibatches.

        Args:
            batch: experience of the policy as it is now.
            learning_rate: as scheduled.
            entropy: its weight, as scheduled.
            random: what the minibatches are drawn with, on the device of the batch.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        experience = self._experience(batch)
        moments = len(experience.actions)
        size = -(-moments // self.spec.minibatches)
        steps = []
        for _ in range(self.spec.epochs):
            order = torch.randperm(moments, generator=random, device=random.device)
            steps += [self._step(experience.of(chosen), entropy) for chosen in torch.split(order, size)]
        policy_loss, value_loss, entropy_now, kl, clipped = torch.stack(steps).mean(0).tolist()
        returns = experience.returns
        explained = 1 - (returns - experience.values).var() / returns.var().clamp_min(1e-8)
        return Losses(policy_loss, value_loss, entropy_now, kl, clipped, float(explained))

    def _experience(self, batch: Batch) -> _Experience:
        """The batch as single moments, with what the policy as it is now makes of them."""
        spec, actions = self.spec, batch.actions.flatten(0, 1)
        with torch.no_grad():
            logits, values, following = self._evaluate(batch)
            advantage = advantages(batch.rewards, values, following, batch.over, spec.gamma, spec.gae_lambda)
        return _Experience(
            batch.observations.flatten(0, 1), actions, _log_probability(logits, actions), advantage.flatten(0, 1),
            (advantage + values).flatten(0, 1), values.flatten(0, 1),
        )  # fmt: skip

    def _step(self, part: _Experience, entropy: float) -> Tensor:
        """Follow the gradient once; returns the five figures of `_losses`."""
        logits = torch.log_softmax(self.policy.logits(part.observations), -1)
        losses = self._losses(logits, self.policy.values(part.observations), part)
        loss = losses[0] + self.spec.value_weight * losses[1] - entropy * losses[2]
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.policy.parameters(), self.spec.max_gradient)
        self.optimizer.step()
        return torch.stack(losses).detach()

    def _evaluate(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Log-probabilities (T x N, L, actions), values, and those of what followed (T, N, L), as the policy is now."""
        ticks, kitchens = batch.over.shape
        logits, values = [], []
        for seen in torch.split(batch.observations.flatten(0, 1), CHUNKS[batch.observations.device.type]):
            logits.append(torch.log_softmax(self.policy.logits(seen), -1))
            values.append(self.policy.values(seen))
        now = torch.cat(values).reshape(ticks, kitchens, -1)
        following = torch.cat([now[1:], self.policy.values(batch.last)[None]])
        if len(batch.final):
            following[batch.over] = self.policy.values(batch.final)
        return torch.cat(logits), now, following

    def _losses(
        self, logits: Tensor, values: Tensor, part: _Experience
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Policy loss, value loss, entropy, divergence and share clipped of a minibatch."""
        clip, value_clip, returns = self.spec.clip, self.spec.value_clip, part.returns
        advantage = (part.advantage - part.advantage.mean()) / (part.advantage.std() + 1e-8)
        change = _log_probability(logits, part.actions) - part.log_probability
        ratio = change.exp()
        policy_loss = -clipped_objective(ratio, advantage, clip).mean()
        value_loss = (values - returns).square()
        if value_clip is not None:
            near = part.values + (values - part.values).clamp(-value_clip, value_clip)
            value_loss = torch.maximum(value_loss, (near - returns).square())
        entropy = -(logits.exp() * logits).sum(-1).mean()
        with torch.no_grad():
            kl = (ratio - 1 - change).mean()  # "k3" of Schulman's note on approximating the divergence
            clipped = ((ratio - 1).abs() > clip).float().mean()
        return policy_loss, 0.5 * value_loss.mean(), entropy, kl, clipped


def _log_probability(logits: Tensor, actions: Tensor) -> Tensor:
    """(..., actions) log-probabilities of all actions to (...,) those of the ones taken."""
    return logits.gather(-1, actions.unsqueeze(-1)).squeeze(-1)
