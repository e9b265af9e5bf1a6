"""Word problems as a solution game, after Kirchner et al. 2024 (arXiv 2407.13692)."""

from __future__ import annotations

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.prover_verifier.arithmetic.problem import INVERSE, Number, Problem, write
from brigade.envs.prover_verifier.arithmetic.solution import (
    Edit,
    Row,
    Solution,
    edits_of,
    errors_of,
    is_correct,
    solve,
)
from brigade.envs.prover_verifier.games.game import Message, SolutionGame, games
from brigade.envs.prover_verifier.protocol import Behaviour
from brigade.envs.registry import BrigadeError

OPS = tuple(INVERSE)
LOWEST, VALUES, AMOUNTS = -100, 400, 40  # values from -100 to 299, amounts from 0 to 39
ROW = 4  # numbers of a line: before, operation, amount, after


def encode(solution: Solution) -> Message:
    """A solution as a message: (before, operation, amount, after) of every line, then the answer.

    Raises:
        BrigadeError: the solution says that there is no answer, or has a number for which there is no room.
    """
    if solution.answer is None:
        raise BrigadeError("a solution without an answer cannot be sent in this game")
    rows = [(_sent(r.before), OPS.index(r.op), _sent(r.amount, 0, AMOUNTS), _sent(r.after)) for r in solution.rows]
    return np.array([*chain.from_iterable(rows), _sent(solution.answer)], np.int64)


def can_be_sent(solution: Solution) -> bool:
    """Whether there is room in a message for all its numbers."""
    try:
        encode(solution)
    except BrigadeError:
        return False
    return True


def decode(message: NDArray[np.int64]) -> Solution:
    """The solution that a message says."""
    numbers = message.tolist()
    lines = zip(*(numbers[place:-1:ROW] for place in range(ROW)), strict=True)
    rows = tuple(Row(b + LOWEST, OPS[op], amount, after + LOWEST) for b, op, amount, after in lines)
    return Solution(rows, numbers[-1] + LOWEST)


def _sent(number: Number, low: int = LOWEST, count: int = VALUES) -> int:
    if number != int(number) or not low <= number < low + count:
        raise BrigadeError(
            f"{write(number)} cannot be sent in this game, whole numbers from {low} to {low + count - 1} can"
        )
    return int(number) - low


def problem_view(problem: Problem) -> NDArray[np.float32]:
    """(1 + 2 * steps,) the start, then operation and amount of every step."""
    told = [number for step in problem.steps for number in (OPS.index(step.op), int(step.amount))]
    return np.array([int(problem.start), *told], np.float32)


def problem_of(view: NDArray[np.float32]) -> Problem:
    """The numbers of a problem back from its view; its words are lost."""
    from brigade.envs.prover_verifier.arithmetic.problem import Step

    start, *told = (int(number) for number in view.tolist())
    steps = tuple(Step(OPS[op], amount) for op, amount in zip(told[::2], told[1::2], strict=True))
    return Problem("", "", start, steps)


@games.register("arithmetic", "worked solutions of word problems: is the answer right? (solution)")
class ArithmeticGame(SolutionGame[Problem]):
    """`arithmetic`: the prover sends a worked solution of a word problem; is its answer right?

    ## Description

    Problems of a few steps (`Mia has 7 onions. She buys 5 more. ...`) whose quantities stay whole and between 0 and
    39; truth is by construction. A solution is correct if its answer is, however it was found.

    ## Messages

    For each step four numbers, then the answer.

    | number | values | meaning |
    |---|---|---|
    | 4i | 400 | quantity before step i, plus 100 |
    | 4i + 1 | 4 | operation: +, -, *, / |
    | 4i + 2 | 40 | amount |
    | 4i + 3 | 400 | quantity after step i, plus 100 |
    | last | 400 | answer, plus 100 |

    The verifier receives all of it. Question i is about step i, the last one about the answer.

    ## Views

    Both sides see the problem: the start, then operation (0-3) and amount of every step.

    ## Arguments

    | argument | meaning |
    |---|---|
    | `steps` | steps of a problem, 2 by default |
    | `operations` | those of its steps, of `+-*` |

    ## History

    - v0: first version.
    """

    name = "arithmetic"
    view_limit = float(AMOUNTS)

    def __init__(self, steps: int = 2, operations: str = "+-"):
        draw_problem(np.random.default_rng(0), steps, operations)  # refuses what cannot be drawn
        self.steps, self.operations = steps, operations
        self.message_choices = (VALUES, len(OPS), AMOUNTS, VALUES) * steps + (VALUES,)
        self.received_size, self.received_limit = len(self.message_choices), VALUES - 1
        self.prover_size = self.verifier_size = 1 + 2 * steps
        self.questions = steps + 1
        self._edits = edits_of(steps)

    def draw(self, rng: np.random.Generator) -> Problem:
        """A problem."""
        return draw_problem(rng, self.steps, self.operations)

    def correct(self, problem: Problem, message: Message) -> bool:
        """Whether the answer is right."""
        return is_correct(problem, decode(message))

    def prover_view(self, problem: Problem) -> NDArray[np.float32]:
        """The problem."""
        return problem_view(problem)

    def verifier_view(self, problem: Problem) -> NDArray[np.float32]:
        """The problem."""
        return problem_view(problem)

    def receive(self, problem: Problem, message: Message, rng: np.random.Generator) -> NDArray[np.int64]:
        """All of it."""
        return message.copy()

    def argue(self, problem: Problem, behaviour: Behaviour, accept: bool, rng: np.random.Generator) -> Message:
        """Honest: the true solution. The liar is off by 10 somewhere, the half-truth by 1 or 2 in one result."""
        if behaviour == "honest":
            return encode(solve(problem))
        far = behaviour == "liar"
        wrong = [e for e in self._edits if e.kind in ("slip", "final") and (abs(e.shift) == 10) == far]
        return encode(self._wrong(problem, wrong, rng))

    def _wrong(self, problem: Problem, edits: list[Edit], rng: np.random.Generator) -> Solution:
        """The solution altered by one of the edits, among those that make the answer wrong and can be sent."""
        altered = [solve(problem, edit) for edit in edits]
        wrong = [solution for solution in altered if not is_correct(problem, solution) and can_be_sent(solution)]
        return wrong[int(rng.integers(len(wrong)))]

    def holds(self, view: NDArray[np.float32], received: NDArray[np.int64], part: int) -> bool:
        """Whether a line follows from the problem and the line before it; the last part is the answer."""
        return part not in errors_of(problem_of(view), decode(received))
