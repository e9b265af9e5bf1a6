"""Reviewing a given solution of a word problem: a decision game, so that every protocol fits it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.prover_verifier.arithmetic.problem import Problem, apply
from brigade.envs.prover_verifier.arithmetic.solution import Solution, edits_of, errors_of, is_correct, solve
from brigade.envs.prover_verifier.games.arithmetic_game import (
    LOWEST,
    OPS,
    ROW,
    VALUES,
    encode,
    problem_of,
    problem_view,
)
from brigade.envs.prover_verifier.games.game import DecisionGame, Message, games
from brigade.envs.prover_verifier.protocol import Behaviour


class Review(NamedTuple):
    """A problem with a solution that may be wrong."""

    problem: Problem
    solution: Solution


@games.register("arithmetic_review", "is a given solution right, by the lines that provers point at? (decision)")
class ReviewGame(DecisionGame[Review]):
    """`arithmetic_review`: is a given solution right? The verifier sees only the lines that provers point at.

    ## Description

    Nature draws a word problem and a worked solution, right or altered by one error with even odds. Provers see both.
    The verifier sees the problem and, of the solution, only the lines it is shown; it must say whether the answer is
    right.

    ## Messages

    | number | meaning |
    |---|---|
    | 0 to steps - 1 | a line of the solution |
    | steps | the answer, with the last line |

    The verifier receives the number of the line, the line as in `arithmetic` and the answer (-1 unless it is shown).
    Question i asks for line i.

    ## Views

    The prover sees the problem as in `arithmetic`, and the message that the solution would be; the verifier the
    problem.

    ## Arguments

    | argument | meaning |
    |---|---|
    | `steps` | steps of a problem, 2 by default |

    ## History

    - v0: first version.
    """

    name = "arithmetic_review"
    view_limit = float(VALUES)
    supports = False  # a line that holds says little; one that does not says all

    def __init__(self, steps: int = 2):
        self.steps = steps
        self.message_choices = (steps + 1,)
        self.received_size, self.received_limit = ROW + 2, VALUES - 1
        self.verifier_size = 1 + 2 * steps
        self.prover_size = self.verifier_size + ROW * steps + 1
        self.questions = steps + 1
        self._edits = edits_of(steps)[1:]

    def draw(self, rng: np.random.Generator) -> Review:
        """A problem with a right or a wrong solution."""
        while True:
            problem = draw_problem(rng, self.steps)
            if rng.random() < 0.5:
                return Review(problem, solve(problem))
            altered = solve(problem, self._edits[int(rng.integers(len(self._edits)))])
            if not is_correct(problem, altered):
                return Review(problem, altered)

    def good(self, problem: Review) -> bool:
        """Whether the solution's answer is right."""
        return is_correct(problem.problem, problem.solution)

    def prover_view(self, problem: Review) -> NDArray[np.float32]:
        """The problem, then the solution."""
        return np.concatenate([problem_view(problem.problem), encode(problem.solution)]).astype(np.float32)

    def verifier_view(self, problem: Review) -> NDArray[np.float32]:
        """The problem."""
        return problem_view(problem.problem)

    def receive(self, problem: Review, message: Message, rng: np.random.Generator) -> NDArray[np.int64]:
        """The line pointed at: its number, its four numbers, and the answer if that was pointed at."""
        said, line = encode(problem.solution), int(message[0])
        shown = min(line, self.steps - 1) * ROW
        answer = said[-1] if line == self.steps else -1
        return np.array([line, *said[shown : shown + ROW], answer], np.int64)

    def argue(self, problem: Review, behaviour: Behaviour, accept: bool, rng: np.random.Generator) -> Message:
        """Honest: the line with the error if there is one. The others, if they want acceptance, any line without."""
        wrong = errors_of(problem.problem, problem.solution)
        if behaviour != "honest" and accept:
            fine = [line for line in range(self.steps + 1) if line not in wrong]
            return np.array([fine[int(rng.integers(len(fine)))]], np.int64)
        line = wrong[0] if wrong else int(rng.integers(self.steps + 1))
        return np.array([line], np.int64)

    def holds(self, view: NDArray[np.float32], received: NDArray[np.int64], part: int) -> bool:
        """Whether the line shown fits the problem; of the first line also where it begins, of others only itself."""
        problem = problem_of(view)
        line, before, op, amount, after, answer = received.tolist()
        if line == self.steps:
            return bool(answer == after)
        told = view[1 + 2 * line : 3 + 2 * line].tolist()
        begins = line > 0 or before + LOWEST == problem.start
        result = apply(OPS[op], before + LOWEST, amount)
        return bool(begins and [op, amount] == told and after + LOWEST == result)
