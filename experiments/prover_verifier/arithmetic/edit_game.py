"""The game of edits: a prover chooses how to alter a true solution, so that every choice can be listed.

Prover and verifier of `arithmetic_edits`, and the numbers they see, after Kirchner et al. 2024 (arXiv 2407.13692).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from brigade.envs.prover_verifier.arithmetic.generate import LIMIT, draw_problem
from brigade.envs.prover_verifier.arithmetic.problem import Problem
from brigade.envs.prover_verifier.arithmetic.solution import Edit, Solution, edits_of, is_correct, solve
from brigade.experiments.prover_verifier.learning.networks import mlp

SCALE = 3.0  # numbers are divided by it
ROW_FEATURES = 13
ASKED = (0.0,) * 6 + (1.0,) * 3 + (0.0,) * 2 + (1.0,) * 2  # which of them the problem itself says
OPS = "+-"
RARE = 1e-6  # weight in the base prover of edits that it has not learnt yet
BASE_WEIGHTS = {"none": 6.0, "op": 1.0}
HELPFUL, SNEAKY = 0, 1


def base_log_policy(edits: Sequence[Edit]) -> Tensor:
    """(edits,) log probability of each edit before training: plain errors only, and rarely any subtle one."""
    weights = [BASE_WEIGHTS.get(e.kind, 1.0 if abs(e.shift) == 10 else RARE) for e in edits]
    return torch.tensor([math.log(w / sum(weights)) for w in weights])


class Problems:
    """Problems with all their edited solutions, as numbers.

    Attributes:
        problems: as drawn.
        numbers: (n, 1 + 2 * steps) start, then operation and amount of every step.
        rows: (n, edits, steps, 13) what the verifier sees of every line.
        copied: (n, edits, 1) answer less the last line's result, over 3.
        changes: (n, edits, 1) answer less the start, over 3.
        correct: (n, edits) 1 where the answer is right.
    """

    def __init__(self, problems: Sequence[Problem], edits: Sequence[Edit]):
        self.problems, self.edits = list(problems), list(edits)
        solved = [[(problem, solve(problem, edit)) for edit in edits] for problem in problems]

        def listed(numbers: Callable[[Problem, Solution], object]) -> Tensor:
            return torch.tensor([[numbers(*pair) for pair in row] for row in solved])

        self.numbers = torch.tensor([_numbers(problem) for problem in problems])
        self.rows = listed(_rows)
        self.copied = listed(_copied)
        self.changes = listed(_changed)
        self.correct = listed(is_correct).float()

    def __len__(self) -> int:
        return len(self.problems)

    def answers_only(self) -> Problems:
        """The same as a verifier sees them from which all lines are hidden: what was asked, and by how much it grew."""
        hidden = copy.copy(self)
        hidden.rows = self.rows * torch.tensor(ASKED)
        hidden.copied = self.changes
        return hidden


def draw_problems(rng: np.random.Generator, count: int, steps: int, split: str) -> Problems:
    """So many problems of a split with their edited solutions."""
    return Problems([draw_problem(rng, steps, among=(split,)) for _ in range(count)], edits_of(steps))


def _numbers(problem: Problem) -> list[int]:
    return [int(problem.start), *(n for s in problem.steps for n in (OPS.index(s.op), int(s.amount)))]


def _rows(problem: Problem, solution: Solution) -> list[list[float]]:
    """Differences between neighbouring quantities, and the line beside what the problem says. No residual is given."""
    rows, before = [], problem.start
    for row, step in zip(solution.rows, problem.steps, strict=True):
        op, told = ([float(sign == name) for sign in OPS] for name in (row.op, step.op))
        done, asked = float(row.amount), float(step.amount)
        numbers = [float(row.after - row.before), float(row.before - before), done]
        numbers += [done * flag for flag in op] + [done - asked, asked] + [asked * flag for flag in told]
        rows.append([*(number / SCALE for number in numbers), *op, *told])
        before = row.after
    return rows


def _copied(_: Problem, solution: Solution) -> list[float]:
    assert solution.answer is not None
    return [float(solution.answer - solution.rows[-1].after) / SCALE]


def _changed(problem: Problem, solution: Solution) -> list[float]:
    assert solution.answer is not None
    return [float(solution.answer - problem.start) / SCALE]


class EditVerifier(nn.Module):
    """Scores solutions: the sum over lines of a small network of each, one of the answer, and a constant.

    Args:
        hidden: 4, 16 and 64 give 95, 563 and 5,315 parameters.
    """

    def __init__(self, hidden: int):
        super().__init__()
        self.line = mlp(ROW_FEATURES, hidden, hidden, 1, between=nn.SiLU)
        self.answer = mlp(1, hidden, 1, between=nn.SiLU)
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, rows: Tensor, copied: Tensor) -> Tensor:
        """Scores (...) for rows (..., steps, 13) and copied (..., 1); nothing else reaches the verifier."""
        return self.line(rows)[..., 0].sum(-1) + self.answer(copied)[..., 0] + self.bias  # type: ignore[no-any-return]


class AnswerVerifier(nn.Module):
    """Scores answers beside what was asked, all in one network; of rows it reads what the problem itself says only.

    Args:
        steps: of the problems.
        hidden: width.
    """

    def __init__(self, steps: int, hidden: int):
        super().__init__()
        self.asked = [place for place, told in enumerate(ASKED) if told]
        self.network = mlp(steps * len(self.asked) + 1, hidden, hidden, 1, between=nn.SiLU)

    def forward(self, rows: Tensor, changes: Tensor) -> Tensor:
        """Scores (...) for rows (..., steps, 13) and answers less the start (..., 1)."""
        return self.network(torch.cat([rows[..., self.asked].flatten(-2), changes], -1))[..., 0]  # type: ignore[no-any-return]


class EditProver(nn.Module):
    """Chooses an edit for a problem and a role; before training, by the base weights whatever the problem."""

    def __init__(self, steps: int, hidden: int = 64, width: int = 16):
        super().__init__()
        base = base_log_policy(edits_of(steps))
        self.tables = nn.ModuleList(
            [nn.Embedding(LIMIT, width), *(nn.Embedding(size, width) for _ in range(steps) for size in (2, 12))]
        )
        self.role = nn.Embedding(2, width)
        self.body = nn.Sequential(nn.Linear(width * (2 * steps + 2), hidden), nn.ReLU())
        self.head = nn.Linear(hidden, len(base))
        nn.init.zeros_(self.head.weight)
        with torch.no_grad():
            self.head.bias.copy_(base)

    def forward(self, numbers: Tensor, role: int) -> Tensor:
        """(n, edits) log policy for problems (n, 1 + 2 * steps)."""
        parts = [table(numbers[:, i]) for i, table in enumerate(self.tables)]
        roles = self.role.weight[role].expand(len(numbers), -1)
        return functional.log_softmax(self.head(self.body(torch.cat([*parts, roles], -1))), -1)
