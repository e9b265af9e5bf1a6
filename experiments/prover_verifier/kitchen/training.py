"""Training of either side of `kitchen_rl`, on listed claims rather than in the engine: PPO for the verifier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from brigade.agents.learned.networks import sample
from brigade.envs.content import Model
from brigade.envs.prover_verifier.games.game import NOTHING
from brigade.envs.prover_verifier.games.kitchen_game import POINT
from brigade.envs.prover_verifier.kitchen.claims import CHECKPOINTS
from brigade.envs.prover_verifier.players import ACCEPT, ASK
from brigade.experiments.prover_verifier.kitchen.bank import Candidates
from brigade.experiments.prover_verifier.kitchen.judges import Judge, judge_all
from brigade.experiments.prover_verifier.kitchen.players import (
    OVER,
    LearnedProver,
    LearnedVerifier,
    Reader,
    told,
)
from brigade.experiments.prover_verifier.outcome import descend, finite
from brigade.experiments.rl.config import PPOSpec, linear
from brigade.experiments.rl.training.ppo import PPO
from brigade.experiments.rl.training.rollout import Batch

Floats = NDArray[np.float64]


class TrainingSpec(Model):
    """How both sides are trained.

    Attributes:
        verifier_updates: of a verifier.
        games, steps: played side by side between two updates, and actions in each.
        verifier_hidden: width of its networks.
        verifier: its PPO.
        prover_updates: of a prover.
        batch, offered: problems in each, and candidates drawn for each problem among which it chooses.
        prover_hidden: width of its network.
        prover_lr: of Adam.
        prover_entropy: weight of its entropy. It stays in rounds, so that provers say all that the verifier accepts and
            the next verifier learns from all of that.
        attacker_entropy: to which that falls when verifiers are compared.
        low: reward of a prover that acts against its role; acceptance and rejection are worth 1 and 0.
        question_cost: of a look.
        cheap: share of a verifier's training over which that rises from 0, so that it learns first what looks are for.
    """

    verifier_updates: int = Field(250, ge=1)
    games: int = Field(256, ge=1)
    steps: int = Field(8, ge=1)
    verifier_hidden: int = Field(64, ge=1)
    verifier: PPOSpec = PPOSpec(learning_rate=2e-3, gamma=1.0, epochs=4, entropy=0.05, final_entropy=0.0)
    prover_updates: int = Field(100, ge=1)
    batch: int = Field(32, ge=1)
    offered: int = Field(512, ge=2)
    prover_hidden: int = Field(32, ge=1)
    prover_lr: float = Field(5e-3, gt=0)
    prover_entropy: float = Field(0.1, ge=0)
    attacker_entropy: float = Field(0.01, ge=0)
    low: float = Field(-2.0, lt=0)
    question_cost: float = Field(0.05, ge=0)
    cheap: float = Field(0.5, gt=0, le=1)


class Sayings:
    """What a prover says about each problem, to be drawn from quickly.

    Args:
        weights: (n, c) how often it says what.
    """

    def __init__(self, weights: Floats):
        sums = weights.cumsum(-1) / weights.sum(-1, keepdims=True)
        self.size = weights.shape[1]
        self.sums = (sums + np.arange(len(weights))[:, None]).ravel()  # rises through all problems

    def draw(self, problems: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """(B,) candidates for problems (B,)."""
        found = np.searchsorted(self.sums, problems + rng.random(len(problems)), "right").astype(np.int64)
        chosen: NDArray[np.int64] = np.minimum(found - problems * self.size, self.size - 1)
        return chosen


@dataclass(frozen=True)
class Pool:
    """What a verifier learns from; nature draws the role.

    Attributes:
        helpful, sneaky: what the provers of either role say.
    """

    helpful: Sayings
    sneaky: Sayings


class Games:
    """Games side by side under the protocol `looks`, for a verifier; a new one begins where one ends.

    Args:
        bank: what they are about.
        pool: who claims.
        reader: what the verifier sees, and the game whose noise its messages go through.
        spec: how many, and what a look costs.
        rng: what problems, roles and claims are drawn from.
    """

    def __init__(self, bank: Candidates, pool: Pool, reader: Reader, spec: TrainingSpec, rng: np.random.Generator):
        self.bank, self.pool, self.reader, self.spec, self.rng = bank, pool, reader, spec, rng
        self.cost = spec.question_cost
        self.problems, self.candidates = np.zeros((2, spec.games), np.int64)
        self.answers = torch.full((spec.games, CHECKPOINTS), -1.0)
        self.lost = np.zeros((spec.games, reader.game.checkpoints), np.bool_)
        self._begin(np.arange(spec.games))

    def observe(self) -> Tensor:
        """(games, size)."""
        messages, views, _ = told(self.bank, self.problems, self.candidates)
        points = messages[:, -POINT * self.lost.shape[1] :]
        points[torch.from_numpy(self.lost.repeat(POINT, 1))] = NOTHING
        return self.reader(messages, views, self.answers)

    def act(self, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Rewards (games,), and which games ended, for actions (games,)."""
        looks = actions >= ASK
        holds = torch.from_numpy(self.bank.passes[self.problems, self.candidates].astype(np.float32))
        some, point = looks.nonzero()[:, 0], actions[looks] - ASK
        self.answers[some, point] = holds[some, point]
        truth = torch.from_numpy(self.bank.truth[self.problems, self.candidates])
        right = torch.where((actions == ACCEPT) == truth, 1.0, -1.0)
        rewards = torch.where(looks, -self.cost, right)
        self._begin((~looks).nonzero()[:, 0].numpy())
        return rewards, ~looks

    def _begin(self, some: NDArray[np.int64]) -> None:
        problems = self.rng.integers(len(self.bank), size=len(some))
        sneaky = self.rng.random(len(some)) < 0.5
        said = [sayings.draw(problems, self.rng) for sayings in (self.pool.helpful, self.pool.sneaky)]
        self.problems[some], self.candidates[some] = problems, np.where(sneaky, said[1], said[0])
        self.answers[some] = -1.0
        if self.reader.game.noise > 0:
            self.lost[some] = self.rng.random((len(some), self.lost.shape[1])) < self.reader.game.noise


def train_verifier(
    reader: Reader, bank: Candidates, pool: Pool, spec: TrainingSpec, seed: int, looks: int = CHECKPOINTS
) -> LearnedVerifier:
    """A new verifier, by PPO on games against the pool, that may look so often at most."""
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    verifier = LearnedVerifier(reader, spec.verifier_hidden, looks)
    learner = PPO(verifier, spec.verifier)
    games = Games(bank, pool, reader, spec, np.random.default_rng(seed))
    for update in range(spec.verifier_updates):
        done, ppo = update / spec.verifier_updates, spec.verifier
        games.cost = spec.question_cost * min(1.0, done / spec.cheap)
        batch = _played(verifier, games, spec.steps, random)
        entropy = ppo.entropy_at(update, spec.verifier_updates)
        losses = learner.update(batch, ppo.learning_rate_at(done), entropy, random)
        finite(torch.tensor(losses.policy + losses.value), "kitchen_rl: verifier")
    return verifier


@torch.no_grad()
def _played(verifier: LearnedVerifier, games: Games, steps: int, random: torch.Generator) -> Batch:
    seen, done, paid, ended = [], [], [], []
    for _ in range(steps):
        seen.append(games.observe())
        done.append(sample(verifier.logits(seen[-1]), random))
        rewards, over = games.act(done[-1])
        paid.append(rewards)
        ended.append(over)
    over = torch.stack(ended)
    final = torch.zeros(int(over.sum()), 1, verifier.reader.size)  # what is seen when it is over
    final[..., OVER] = 1
    actions, rewards = torch.stack(done).unsqueeze(-1), torch.stack(paid).unsqueeze(-1)
    return Batch(torch.stack(seen).unsqueeze(2), actions, rewards, over, games.observe().unsqueeze(1), final)


def train_prover(
    reader: Reader, bank: Candidates, judge: Judge, helpful: bool, spec: TrainingSpec, seed: int, attack: bool = False
) -> LearnedProver:
    """A new prover of one role, by exact gradients of what it can expect from a frozen verifier.

    It is paid the probability that its claim is accepted if that is as its role wants it, else `low`; the expectation
    is over candidates that it is offered, drawn at random for each problem.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    prover = LearnedProver(reader, spec.prover_hidden)
    adam = torch.optim.Adam(prover.parameters(), spec.prover_lr)
    rewards = np.where(bank.truth == helpful, judge_all(judge, bank).accept, spec.low).astype(np.float32)
    counts = bank.real.sum(-1)  # they come first in every row
    for update in range(spec.prover_updates):
        problems = np.repeat(rng.integers(len(bank), size=(spec.batch, 1)), spec.offered, 1)
        offered = (rng.random(problems.shape) * counts[problems]).astype(np.int64)
        log_policy = torch.log_softmax(prover.logits(prover.observe(bank, problems, offered)), -1)
        last = spec.attacker_entropy if attack else spec.prover_entropy
        weight = linear(spec.prover_entropy, last, update / spec.prover_updates)
        paid = torch.from_numpy(rewards[problems, offered]) - weight * log_policy
        descend(adam, -(log_policy.exp() * paid).sum(-1).mean(), "kitchen_rl: prover")
    return prover
