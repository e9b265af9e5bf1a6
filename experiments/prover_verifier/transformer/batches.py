"""Solutions as tokens: in batches, and as the pool from which verifiers learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from brigade.envs.prover_verifier.arithmetic.problem import Problem
from brigade.envs.prover_verifier.arithmetic.solution import Solution, is_correct
from brigade.experiments.prover_verifier.transformer.model import (
    Prover,
    problem_tokens,
    read_tokens,
    solution_tokens,
)


class Batch:
    """Solutions as tokens.

    Args:
        problems: one for each solution.
        solution: (n, length) tokens.
        role: of whom they are.

    Attributes:
        prompt: (n, prompt).
        readable: (n,) bool, whether the tokens say a solution.
        correct: (n,) 1 where its answer is right.
        right: the same as bool, for figures.
    """

    def __init__(self, problems: Sequence[Problem], solution: Tensor, role: int):
        self.problems, self.solution = list(problems), solution.to(here())
        self.prompt = torch.tensor([problem_tokens(problem, role) for problem in problems])
        read = [read_tokens(tokens) for tokens in solution.tolist()]
        self.readable = torch.tensor([each is not None for each in read])
        right = [each is not None and is_correct(p, each) for p, each in zip(problems, read, strict=True)]
        self.right, self.correct = np.array(right, np.bool_), torch.tensor(right, dtype=torch.float)

    def __len__(self) -> int:
        return len(self.problems)


def here() -> torch.device:
    """The device on which tensors are made at present; PyTorch before 2.8 has no other way to ask within a context."""
    return torch.empty(0).device


def padded(solutions: Sequence[Solution], length: int) -> Tensor:
    """(n, length) tokens of solutions, filled up with ends."""
    rows = [solution_tokens(solution) for solution in solutions]
    return torch.tensor([row + [row[-1]] * (length - len(row)) for row in rows])


def sampled(prover: Prover, problems: Sequence[Problem], role: int, length: int, temperature: float = 1.0) -> Batch:
    """One solution for each problem."""
    prompt = torch.tensor([problem_tokens(problem, role) for problem in problems])
    return Batch(problems, prover.sample(prompt, length, temperature), role)


@dataclass(frozen=True)
class Source:
    """What a verifier's pool has from one round.

    Attributes:
        place: (n,) which of the pool's problems each solution is of.
        solution: (n, length) tokens.
        correct: (n,) whether the answer is right.
    """

    place: NDArray[np.int64]
    solution: Tensor
    correct: NDArray[np.bool_]

    def state(self) -> dict[str, Tensor]:
        """What is kept of it, in few bytes; `of` reads it back."""
        place, correct = (torch.from_numpy(each) for each in (self.place, self.correct))
        return {"place": place.int(), "solution": self.solution.to(torch.uint8), "correct": correct}

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> Source:
        """The source that `state` was made of."""
        solution = state["solution"].long().to(here())
        return cls(state["place"].long().numpy(), solution, state["correct"].numpy())

    def pairs(self, truths: Tensor, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor] | None:
        """Wrong solutions beside right ones of the same problems.

        The right one is the source's own, if it has one for that problem, in half of the cases; else the true solution.

        Args:
            truths: (problems, length) the true solutions.
            count: how many pairs.
            rng: what they are drawn from.

        Returns:
            (pairs,) problems, (pairs, length) right and (pairs, length) wrong solutions; None if nothing is wrong.
        """
        wrong = np.flatnonzero(~self.correct)
        if not len(wrong):
            return None
        some = rng.choice(wrong, count)
        own = np.full(len(truths), -1)
        right = rng.permutation(np.flatnonzero(self.correct))
        own[self.place[right]] = right  # one of them, at random
        at = self.place[some]
        take = torch.tensor((own[at] >= 0) & (rng.random(count) < 0.5))
        theirs = self.solution[own[at].clip(0)]
        return torch.tensor(at), torch.where(take[:, None], theirs, truths[at]), self.solution[some]


def gather_source(batches: Sequence[Batch], problems: int) -> Source:
    """What provers said about the problems of the pool, each equally often about all, one time after the other."""
    place = np.concatenate([np.arange(len(batch)) % problems for batch in batches])
    solution = torch.cat([batch.solution for batch in batches])
    return Source(place, solution, np.concatenate([batch.right for batch in batches]))
