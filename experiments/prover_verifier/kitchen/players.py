"""Learned players of `kitchen_rl`: what they see as numbers, and their networks.

The verifier's numbers come from what arrives at it, from its own view and from its looks, and from nothing else.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from brigade.envs.prover_verifier.games.kitchen_game import HEAD, POINT, VERIFIER_SEAT, KitchenGame
from brigade.envs.prover_verifier.kitchen.claims import BUCKET, BUCKETS, CHECKPOINTS, HORIZON, KINDS, PLAN
from brigade.envs.prover_verifier.players import ACCEPT, ASK
from brigade.experiments.prover_verifier.kitchen.bank import Candidates
from brigade.experiments.prover_verifier.kitchen.judges import Judged, Places
from brigade.experiments.prover_verifier.learning.networks import mlp

ACTIONS = 2 + CHECKPOINTS  # reject, accept, look at each checkpoint
OVER, GIVEN, LOOKED = 0, slice(1, 4), slice(4, 7)  # first columns of what a verifier sees
KNOWN = 3 + CHECKPOINTS  # what a prover knows besides
PATIENCE = 300.0  # ticks that an order's time left is divided by
NEVER_MIND = -1e9  # logit of what cannot be done
CHUNK = 8192  # candidates judged at once: so many that they stay in a processor's cache


class Reader:
    """What arrives at a verifier as numbers for a network.

    Args:
        game: whose messages and views are read.

    Attributes:
        size: how many numbers; the same for games whose claims have fewer checkpoints.
    """

    def __init__(self, game: KitchenGame):
        self.game = game
        reach = np.zeros((game.cells, game.cells), np.float32)
        for here in {cell for region in game.kitchen.regions for cell in region}:
            reach[here, game.engine.reach_from(here)] = 1
        self.reach = torch.tensor(reach)  # (cell of the verifier's chef, cell)
        dishes = {kind.name: kind.dish for kind in game.kitchen.cookbook.kinds}
        same = [[float(a == b or dishes.get(a) == b) for b in game.items] for a in game.items]
        self.same = torch.tensor(same)  # (item, claimed item) whether the one is, or holds, the other
        about = [[float(f"({item})" in word or f"({item}," in word) for word in game.words] for item in game.items]
        serves = torch.tensor([word.startswith("serve") for word in game.words])
        mentions = torch.tensor(about)
        self.mentions = torch.stack([mentions * serves, mentions * ~serves])  # (2, items, words)
        nothing = torch.zeros(1, game.point_at(game.checkpoints), dtype=torch.int64)
        self.size = self(nothing, torch.zeros(1, game.verifier_size), torch.full((1, CHECKPOINTS), -1.0)).shape[1]

    def __call__(self, messages: Tensor, views: Tensor, answers: Tensor) -> Tensor:
        """Numbers of about -1 to 1.

        Args:
            messages: (B, numbers) as they arrived, int64.
            views: (B, verifier_size) what the verifier sees.
            answers: (B, 3) of a look at each checkpoint: 1 if it is so, 0 if not, -1 without a look.

        Returns:
            (B, size), first whether it is over (0), then three times each which checkpoints are given, which have
            been looked at, and what was seen (1, -1, 0 for nothing).
        """
        messages = functional.pad(messages, (0, POINT * (CHECKPOINTS - self.game.checkpoints)))
        looked = (answers >= 0).float()
        given = (messages[:, -POINT * CHECKPOINTS + 1 :: POINT] > 0).float()
        first = torch.cat([torch.zeros(len(messages), 1), given, looked, looked * (2 * answers - 1)], -1)
        parts = [first, *self._claim(messages), *self._plan(messages), *self._points(messages, views)]
        return torch.cat([*parts, *self._view(messages, views)], -1)

    def _claim(self, messages: Tensor) -> list[Tensor]:
        kinds = torch.eye(len(KINDS))[messages[:, 0]]
        return [kinds, torch.eye(len(self.game.items))[messages[:, 1]], (messages[:, 2:3] + 1.0) / BUCKETS]

    def _plan(self, messages: Tensor) -> list[Tensor]:
        """How early each macro action begins; likewise of those that name what is claimed, and how long before it."""
        chefs = self.game.kitchen.chefs
        steps = messages[:, HEAD : HEAD + 2 * PLAN * chefs].reshape(len(messages), chefs * PLAN, 2)
        early = torch.zeros(len(messages), len(self.game.words) + 1)
        early.scatter_reduce_(1, steps[..., 0], 1 - steps[..., 1] / HORIZON, "amax")
        early = early[:, 1:]  # 0 for not at all
        named = (self.mentions[:, messages[:, 1]] * early).amax(-1).T  # (B, 2)
        there = (named > 0).float()
        by = (messages[:, 2:3] + 1) / BUCKETS
        empty = (steps[..., 0].reshape(len(messages), chefs, PLAN) == 0).all(-1).float()
        return [early, named, there, there * (by - (1 - named)), empty]

    def _points(self, messages: Tensor, views: Tensor) -> list[Tensor]:
        points = messages[:, -POINT * CHECKPOINTS :].clamp(min=0).reshape(-1, CHECKPOINTS, POINT)
        cell, tick, item = points.unbind(-1)
        given = (tick > 0).float()
        left = (messages[:, 2:3] + 1) * BUCKET - tick
        same = self.same[item, messages[:, 1:2]] * given
        exact = (item == messages[:, 1:2]).float() * given
        here = views[:, -self.game.kitchen.chefs + VERIFIER_SEAT].long()
        near = self.reach[here[:, None], cell] * given
        timely = (left >= 0).float() * given
        told = [tick / HORIZON, left / HORIZON * given, same, exact, near, timely, same * timely, same * near * timely]
        return [part.float() for part in told]

    def _view(self, messages: Tensor, views: Tensor) -> list[Tensor]:
        cells, items, chefs = self.game.cells, len(self.game.items), self.game.kitchen.chefs
        room = self.game.order_room
        seen = views[:, :cells].long()
        counts = torch.zeros(len(views), items).scatter_add_(1, seen.clamp(min=0), (seen > 0).float())
        width = self.game.kitchen.width
        orders = views[:, cells : cells + 2 * room].reshape(-1, room, 2)
        wanted = (orders[..., 0] == messages[:, 1:2]).float()
        patience = (wanted * orders[..., 1] / PATIENCE).amax(-1, keepdim=True)
        at = views[:, -chefs:].long()
        places = torch.cat([at % width / width, at // width / self.game.kitchen.height], -1)
        there = counts.gather(1, messages[:, 1:2]).clamp(max=1)
        return [counts / 4, there, wanted.amax(-1, keepdim=True), patience, places]


class LearnedVerifier(nn.Module):
    """A policy over rejecting, accepting and looks at checkpoints that arrived and have not been looked at.

    Args:
        reader: what it sees.
        hidden: width of its networks.
        looks: how often it may look at most.
    """

    def __init__(self, reader: Reader, hidden: int, looks: int = CHECKPOINTS):
        super().__init__()
        self.reader, self.looks = reader, looks
        self.actor, self.critic = (mlp(reader.size, hidden, hidden, out) for out in (ACTIONS, 1))

    def logits(self, observations: Tensor) -> Tensor:
        """(..., size) what it sees to (..., 5) logits."""
        looked = observations[..., LOOKED]
        possible = (observations[..., GIVEN] > 0) & (looked == 0) & (looked.sum(-1, keepdim=True) < self.looks)
        verdicts, looks = self.actor(observations).split([2, CHECKPOINTS], -1)
        return torch.cat([verdicts, torch.where(possible, looks, NEVER_MIND)], -1)

    def values(self, observations: Tensor) -> Tensor:
        """(..., size) to (...) expected rewards; 0 when it is over."""
        return self.critic(observations).squeeze(-1) * (1 - observations[..., OVER])  # type: ignore[no-any-return]

    @torch.no_grad()
    def judge(self, bank: Candidates, problems: Places, candidates: Places) -> Judged:
        """What it makes of candidates when it does what it thinks best; see `Judge`."""
        done = [
            self._judge(bank, problems[i : i + CHUNK], candidates[i : i + CHUNK])
            for i in range(0, len(problems), CHUNK)
        ]
        accept, looks = (np.concatenate([part[k] for part in done]) if done else np.zeros(0) for k in range(2))
        return Judged(accept, looks)

    def _judge(
        self, bank: Candidates, problems: Places, candidates: Places
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        messages, views, passes = told(bank, problems, candidates)
        answers = torch.full((len(problems), CHECKPOINTS), -1.0)
        accept, open_ = torch.zeros(len(problems)), torch.arange(len(problems))
        while len(open_):
            chosen = self.logits(self.reader(messages[open_], views[open_], answers[open_])).argmax(-1)
            accept[open_[chosen == ACCEPT]] = 1
            looking = chosen >= ASK
            open_, point = open_[looking], chosen[looking] - ASK
            answers[open_, point] = passes[open_, point]
        return accept.double().numpy(), (answers >= 0).sum(-1).double().numpy()


class LearnedProver(nn.Module):
    """A policy over listed candidates: each is scored by itself, by what the verifier will see and what is true."""

    def __init__(self, reader: Reader, hidden: int):
        super().__init__()
        self.reader, self.size = reader, 1 + reader.size + KNOWN
        self.actor = mlp(self.size, hidden, hidden, 1)

    def logits(self, observations: Tensor) -> Tensor:
        """(..., candidates, size) to (..., candidates) logits."""
        return torch.where(observations[..., OVER] > 0, NEVER_MIND, self.actor(observations).squeeze(-1))

    def observe(self, bank: Candidates, problems: Places, candidates: Places) -> Tensor:
        """(..., size) of candidates (...): whether there is none, what the verifier sees, and what is true of it."""
        where = problems.ravel(), candidates.ravel()
        messages, views, passes = told(bank, *where)
        seen = self.reader(messages, views, torch.full((len(messages), CHECKPOINTS), -1.0))
        early = (bank.first[where] - (bank.messages[where][:, 2] + 1) * BUCKET) / HORIZON
        known = np.stack([bank.truth[where], early, bank.first[where] > HORIZON], -1)
        real = torch.tensor(~bank.real[where]).float()[:, None]
        row = torch.cat([real, seen, torch.tensor(known, dtype=torch.float32), passes], -1)
        return row.reshape(*problems.shape, self.size)

    @torch.no_grad()
    def policy(self, bank: Candidates) -> NDArray[np.float64]:
        """(n, c) how often it would say what."""
        every = np.arange(bank.real.shape[1])
        rows = [
            torch.softmax(self.logits(self.observe(bank, np.full(len(every), i), every)), -1) for i in range(len(bank))
        ]
        return torch.stack(rows).double().numpy()


def told(bank: Candidates, problems: Places, candidates: Places) -> tuple[Tensor, Tensor, Tensor]:
    """Messages as sent (B, numbers), views (B, verifier_size), whether checkpoints hold (B, 3); of candidates (B,)."""
    messages = torch.from_numpy(bank.messages[problems, candidates].astype(np.int64))
    views = torch.from_numpy(bank.views[problems])
    passes = torch.from_numpy(bank.passes[problems, candidates].astype(np.float32))
    return messages, views, functional.pad(passes, (0, CHECKPOINTS - passes.shape[-1]))
