"""Gathering experience from a batch of kitchens, in arrays from end to end.

Conventions. Kitchens begin their next episode in the step in which one ends (Gymnasium's same-step autoreset). An
episode ends at its horizon, which is a truncation and no terminal state: the value of the last observation stands for
what would have come after it (arXiv 1712.00378), and no advantage is carried over the seam.

Shapes: T ticks, N kitchens, L learners per kitchen: all chefs in self-play, one beside given partners.

There are two: `CpuRollout` steps the kitchens on the CPU, wherever the policy is; `gpu_rollout.GpuRollout` steps them
on the GPU that the policy is on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from brigade.agents.learned.networks import Policy, sample
from brigade.envs.kitchen.engine.reward import mix
from brigade.envs.kitchen.interfaces.vector import KitchenVectorEnv
from brigade.experiments.rl.training.partners import Partners


@dataclass
class Batch:
    """What was seen, done and earned in T ticks."""

    observations: Tensor  # (T, N, L, *shape)
    actions: Tensor  # (T, N, L) int64
    rewards: Tensor  # (T, N, L) what the learner is to maximise: score and shaped rewards, scaled
    over: Tensor  # (T, N) bool, whether the episode ended with this tick
    last: Tensor  # (N, L, *shape) the observation after the last tick
    final: Tensor  # (E, L, *shape) last observations of the E episodes that ended, in order of tick, then kitchen


@dataclass(frozen=True)
class Totals:
    """Episodes that ended during a rollout; means over them, None of none."""

    episodes: int
    returns: float | None  # points: the sparse return of the team
    shaped: float | None  # shaped rewards of all chefs together, unweighted
    served: float | None  # dishes delivered and paid


@dataclass(frozen=True)
class Weights:
    """What a reward is: score plus `shaped` times shaped rewards (of all chefs if `team`), all times `scale`."""

    shaped: float
    team: bool = False
    scale: float = 1.0


class CpuRollout:
    """Steps kitchens on the CPU with a policy, and with partners in the seats that do not learn.

    Args:
        env: the kitchens; they are reset.
        ticks: in one batch.
        seed: of the kitchens; kitchen i is seeded with seed + i.
        partners: who plays the other seats; without any, all seats learn.
        spread: begin the episodes at different times, so that a batch shows all parts of an episode.
        device: of the policy, to which the batch goes.

    Attributes:
        game: the kitchens.
        partners: who plays the seats that do not learn, if any.
        seen: (N, C, *shape) what the chefs see now; with `game.state` and `shaped` what it goes on from.
        shaped: (N, C) shaped rewards of the episodes under way.
    """

    def __init__(
        self, env: KitchenVectorEnv, ticks: int, seed: int, partners: Partners | None = None, spread: bool = True,
        device: torch.device | None = None,
    ):  # fmt: skip
        self.env, self.game, self.ticks, self.partners = env, env.game, ticks, partners
        self.device = device or torch.device("cpu")
        count, chefs = env.num_envs, env.kitchen.chefs
        self.rows = np.arange(count)[:, None]  # (N, 1)
        seats = np.tile(np.arange(chefs), (count, 1)) if partners is None else self.rows % chefs
        self.seats: NDArray[np.int64] = seats.astype(np.int64)  # (N, L) which seats learn
        first, _ = env.reset(seed=seed)
        shape, dtype = first.shape[2:], torch.from_numpy(first).dtype
        learners = self.seats.shape[1]
        self._observations = torch.zeros((ticks + 1, count, learners, *shape), dtype=dtype, device=self.device)
        self._actions = torch.zeros((ticks, count, learners), dtype=torch.int64, device=self.device)
        self._rewards = torch.zeros((ticks, count, learners), device=self.device)
        self._over = torch.zeros((ticks, count), dtype=torch.bool, device=self.device)
        self.shaped = np.zeros((count, chefs), np.float32)  # shaped rewards of the episodes under way
        if partners is not None:
            partners.begin(np.ones(count, np.bool_))
        self.seen = self._spread(first) if spread else first  # (N, C, *shape) what the chefs see now

    def put_back(self, seen: Tensor, shaped: Tensor) -> None:
        """Go on from what was seen and earned."""
        self.seen, self.shaped = seen.numpy(), shaped.numpy()

    def gather(self, policy: Policy, random: torch.Generator, weights: Weights) -> tuple[Batch, Totals]:
        """Play T ticks everywhere.

        Args:
            policy: acts for the learners.
            random: what its actions are drawn with, on the policy's device.
            weights: of what is earned.

        Returns:
            The batch, on the policy's device, whose tensors the next call writes over; and the episodes that ended.
        """
        finals: list[NDArray[Any]] = []
        ended: list[NDArray[Any]] = []  # per episode: score, shaped, served
        self._over.zero_()
        with torch.inference_mode():
            for t in range(self.ticks):
                seen = self.seen if self.partners is None else self.seen[self.rows, self.seats]
                own = torch.from_numpy(seen).to(self.device)
                self._observations[t] = own
                chosen = sample(policy.logits(own), random)
                self._actions[t] = chosen
                joint = self._joint(chosen.cpu().numpy())
                self.seen, score, _, over, info = self.env.step(joint)
                self._rewards[t] = torch.from_numpy(self._earned(score, info["shaped_reward"], weights))
                self.shaped += info["shaped_reward"]
                if over.any():
                    self._over[t] = torch.from_numpy(over)
                    final = info["final_obs"][over]
                    finals.append(final[np.arange(len(final))[:, None], self.seats[over]])
                    ended.append(self._count(over, info))
                    if self.partners is not None:
                        self.partners.begin(over)
            self._observations[-1] = torch.from_numpy(self.seen[self.rows, self.seats])
            self._rewards *= weights.scale
        batch = Batch(
            observations=self._observations[:-1],
            actions=self._actions,
            rewards=self._rewards,
            over=self._over,
            last=self._observations[-1],
            final=self._final(finals),
        )
        return batch, totals_of(np.concatenate(ended) if ended else np.zeros((0, 3)))

    def _final(self, finals: list[NDArray[Any]]) -> Tensor:
        if not finals:
            return self._observations.new_zeros((0, *self._observations.shape[2:]))
        return torch.from_numpy(np.concatenate(finals)).to(self.device)

    def _earned(self, score: NDArray[np.float32], shaped: NDArray[np.float32], weights: Weights) -> NDArray[np.float32]:
        if weights.team:
            shaped = np.broadcast_to(shaped.sum(axis=1, keepdims=True), shaped.shape)
        earned = mix(score, shaped, weights.shaped)
        return earned if self.partners is None else np.take_along_axis(earned, self.seats, axis=1)

    def _joint(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.partners is None:
            return chosen
        joint = self.partners.act(self.seen)
        joint[self.rows, self.seats] = chosen
        return joint

    def _count(self, over: NDArray[np.bool_], info: dict[str, Any]) -> NDArray[np.float64]:
        totals = info["final_info"]
        shaped = self.shaped[over].sum(axis=1)
        self.shaped[over] = 0
        return np.stack([totals["score"][over], shaped, totals["served"][over]], axis=1).astype(np.float64)

    def _spread(self, seen: NDArray[Any]) -> NDArray[Any]:
        """Let everyone stand still for an episode, in the course of which one kitchen after the other begins anew."""
        count, horizon = self.env.num_envs, self.env.kitchen.horizon
        begins = np.arange(count) * horizon // count
        stay = np.zeros((count, self.env.kitchen.chefs), np.int64)
        for tick in range(horizon - 1):
            mask = begins == tick + 1
            seen = self.env.step(stay)[0]
            if mask.any():
                seen = self.env.reset(options={"reset_mask": mask})[0]
        return seen


def totals_of(every: NDArray[np.float64]) -> Totals:
    """Means over (E, 3) scores, shaped rewards and dishes served of the episodes that ended."""
    if not len(every):
        return Totals(0, None, None, None)
    score, shaped, served = every.mean(axis=0).tolist()
    return Totals(len(every), score, shaped, served)
