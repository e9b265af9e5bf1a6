"""Gathering experience without leaving the GPU: kitchens, observations, policy and batch are all on it.

Conventions and shapes are those of `rollout`. An episode ends at its horizon and at no other time, so when which
kitchen begins anew is known before the ticks are played; nothing has to be asked of the GPU while it plays.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from brigade.agents.learned.networks import Policy, sample
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.engine.room_list import RoomList
from brigade.envs.kitchen.interfaces.cuda import SIMULATED, CudaGame, DeviceArray
from brigade.envs.kitchen.observations.observe import make_observer
from brigade.experiments.rl.training.partners import Partners
from brigade.experiments.rl.training.rollout import Batch, CpuRollout, Totals, Weights, totals_of


class GpuRollout:
    """Steps kitchens on the GPU with a policy in all seats; to be used as `CpuRollout` is.

    Args:
        kitchen: the map; None with `rooms`.
        count: how many kitchens; N below.
        observation: `features` or `planes`.
        ticks: in one batch.
        seed: of the kitchens; kitchen i is seeded with seed + i.
        spread: begin the episodes at different times, so that a batch shows all parts of an episode.
        device: of the policy. In Numba's simulator it is the CPU.
        rooms: that the kitchens are in, with one horizon.
    """

    partners: Partners | None = None

    def __init__(
        self, kitchen: Kitchen | None, count: int, observation: str, ticks: int, seed: int, spread: bool = True,
        device: torch.device | None = None, rooms: RoomList | None = None,
    ):  # fmt: skip
        self.device = device or torch.device("cpu" if SIMULATED else "cuda")
        self.game = game = CudaGame(kitchen, count, observation, rooms)
        self.ticks, self.count, self.kitchen = ticks, count, (kitchen := game.kitchen)
        shape = count, kitchen.chefs, *make_observer(observation, kitchen).shape
        self.seen, self._last = (shared(each, self.device).view(shape) for each in (game.observations, game.final))
        self._next, self._played = shared(game.actions, self.device), shared(game.ticks, self.device)
        self._results, self._earned = shared(game.results, self.device), shared(game.shaped, self.device)
        self._observations = torch.zeros((ticks + 1, *shape), dtype=self.seen.dtype, device=self.device)
        self._actions = torch.zeros((ticks, count, kitchen.chefs), dtype=torch.int64, device=self.device)
        self._rewards = torch.zeros((ticks, count, kitchen.chefs), device=self.device)
        self.shaped = torch.zeros((count, kitchen.chefs), device=self.device)
        game.reset(np.arange(seed, seed + count))
        if spread:
            self._spread()

    def put_back(self, seen: Tensor, shaped: Tensor) -> None:
        """Go on from what was seen and earned; see `CpuRollout`."""
        self.seen.copy_(seen)
        self.shaped.copy_(shaped)

    def gather(self, policy: Policy, random: torch.Generator, weights: Weights) -> tuple[Batch, Totals]:
        """Play T ticks everywhere."""
        game = self.game
        over = self._ends()
        counts = over.sum(1).tolist()
        rows = torch.split(over.nonzero()[:, 1], counts)  # for each tick the kitchens whose episode ends with it
        final = self.seen.new_empty((sum(counts), *self.seen.shape[1:]))
        ended = torch.empty((sum(counts), 3), device=self.device)  # score, shaped, served
        done = 0
        with torch.inference_mode():
            for t in range(self.ticks):
                self._observations[t] = self.seen
                chosen = sample(policy.logits(self.seen), random)
                self._actions[t] = chosen
                self._next.copy_(chosen)
                game.step()
                self._rewards[t] = self._mixed(weights)
                self.shaped += self._earned
                if counts[t]:
                    until = done + counts[t]
                    final[done:until] = self._last[rows[t]]
                    ended[done:until] = self._count(rows[t])
                    done = until
            self._observations[-1] = self.seen
            self._rewards *= weights.scale
        batch = Batch(
            observations=self._observations[:-1], actions=self._actions, rewards=self._rewards, over=over,
            last=self._observations[-1], final=final,
        )  # fmt: skip
        return batch, totals_of(ended.double().cpu().numpy())

    def _ends(self) -> Tensor:
        """(T, N) bool, whether the episode of a kitchen will end with a tick."""
        ahead = torch.arange(1, self.ticks + 1, device=self.device)
        return (self._played + ahead[:, None]) % self.kitchen.horizon == 0

    def _mixed(self, weights: Weights) -> Tensor:
        """(N, C) what `reward.mix` makes of the last tick."""
        shaped = self._earned.float()
        if weights.team:
            shaped = shaped.sum(1, keepdim=True).expand_as(shaped)
        return self._results[0].float().unsqueeze(1) + weights.shaped * shaped

    def _count(self, which: Tensor) -> Tensor:
        """(E, 3) score, shaped rewards and dishes served of episodes that have just ended."""
        shaped = self.shaped[which].sum(1)
        self.shaped[which] = 0
        return torch.stack([self._results[1, which].float(), shaped, self._results[2, which].float()], dim=1)

    def _spread(self) -> None:
        """As `CpuRollout` does: all stand still, and one kitchen after the other begins anew."""
        game, horizon = self.game, self.kitchen.horizon
        begins = np.arange(self.count) * horizon // self.count
        self._next.zero_()
        for tick in range(1, horizon):
            game.step()
            mask = begins == tick
            if mask.any():
                game.next_episode(mask)


Rollout = CpuRollout | GpuRollout


def shared(array: DeviceArray, device: torch.device) -> Tensor:
    """The memory of an array on the device as a tensor, without a copy."""
    return torch.from_numpy(array) if SIMULATED else torch.as_tensor(array, device=device)
