"""Solutions step by step, and the ways to alter a true one so that errors carry through."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product

from brigade.envs.prover_verifier.arithmetic.answers import UNKNOWN, read_answer
from brigade.envs.prover_verifier.arithmetic.problem import INVERSE, Number, Problem, apply, read_number, write
from brigade.envs.registry import BrigadeError

MAX_CHARACTERS = 4000  # of a written solution
_PART = r"[^\s=]{1,64}"  # longer than any number that is read; without a bound a long line would take for ever
_ROW = re.compile(rf"^\s*({_PART})\s*([-+*/])\s*({_PART})\s*=\s*({_PART})\s*$")


@dataclass(frozen=True)
class Row:
    """One line, `before op amount = after`."""

    before: Number
    op: str
    amount: Number
    after: Number

    @property
    def holds(self) -> bool:
        """Whether it is worked out correctly."""
        return not (self.op == "/" and self.amount == 0) and apply(self.op, self.before, self.amount) == self.after


@dataclass(frozen=True)
class Solution:
    """Lines, and the answer; None says that there is none."""

    rows: tuple[Row, ...]
    answer: Number | None

    @property
    def text(self) -> str:
        """As a person reads it."""
        lines = [f"{write(r.before)} {r.op} {write(r.amount)} = {write(r.after)}" for r in self.rows]
        return "\n".join([*lines, f"Answer: {UNKNOWN if self.answer is None else write(self.answer)}"])


@dataclass(frozen=True)
class Edit:
    """A way to alter a true solution.

    Attributes:
        kind: `none`; `slip` (a result is off by `shift`); `op` (the wrong operation); `amount` (a quantity misread by
            `shift`); `final` (the answer copied wrongly, by `shift`).
        step: the line, from 0; 0 for those without.
        shift: by how much.
    """

    kind: str
    step: int = 0
    shift: int = 0


SHIFTS = (1, -1, 2, -2, 10, -10)


def edits_of(steps: int) -> list[Edit]:
    """All edits of a solution of so many lines, 25 for two; the first leaves it as it is."""
    lines = range(steps)
    return [
        Edit("none"),
        *(Edit("slip", line, shift) for line, shift in product(lines, SHIFTS)),
        *(Edit("op", line) for line in lines),
        *(Edit("amount", line, shift) for line, shift in product(lines, (1, -1))),
        *(Edit("final", 0, shift) for shift in SHIFTS),
    ]


def plan_of(problem: Problem) -> tuple[Number, list[tuple[str, Number]]]:
    """Where a solution begins and the operations it takes: forwards, or backwards from the end."""
    told = [(step.op, step.amount) for step in problem.steps]
    if problem.asks == "end":
        return problem.start, told
    return problem.values[-1], [(INVERSE[op], amount) for op, amount in reversed(told)]


def solve(problem: Problem, edit: Edit = Edit("none")) -> Solution:  # frozen
    """The true solution, altered by an edit; what follows an error is worked out from it."""
    if problem.untold is not None:
        return Solution((), problem.start if edit.kind == "final" else None)
    value, plan = plan_of(problem)
    rows = []
    for line, (op, amount) in enumerate(plan):
        here = line == edit.step
        used = INVERSE[op] if here and edit.kind == "op" else op
        taken = amount + (edit.shift if here and edit.kind == "amount" else 0)
        after = apply(used, value, taken) + (edit.shift if here and edit.kind == "slip" else 0)
        rows.append(Row(value, used, taken, after))
        value = after
    return Solution(tuple(rows), value + (edit.shift if edit.kind == "final" else 0))


def is_correct(problem: Problem, solution: Solution) -> bool:
    """Whether the answer is right, however it was found (Kirchner et al. 2024, arXiv 2407.13692, section 2)."""
    return solution.answer == problem.answer


def errors_of(problem: Problem, solution: Solution) -> list[int]:
    """The lines in which a new error is made; the number of lines stands for the answer."""
    expected, plan = plan_of(problem)
    wrong = []
    for line, row in enumerate(solution.rows):
        told = plan[line] if line < len(plan) else None
        if (row.op, row.amount) != told or row.before != expected or not row.holds:
            wrong.append(line)
        expected = row.after
    if solution.rows and solution.answer != expected:
        wrong.append(len(solution.rows))
    return wrong


def read_solution(text: str) -> Solution:
    """A solution from what a person or a model wrote; text around its lines is passed over.

    Raises:
        BrigadeError: it is too long, or has no answer that can be read; see `read_answer`.
    """
    if len(text) > MAX_CHARACTERS:
        raise BrigadeError(f"the argument has {len(text)} characters, more than {MAX_CHARACTERS}")
    rows = []
    for line in text.splitlines():
        match = _ROW.match(line)
        numbers = [read_number(match[place]) for place in (1, 3, 4)] if match else [None]
        if match and None not in numbers:
            before, amount, after = (number for number in numbers if number is not None)
            rows.append(Row(before, match[2], amount, after))
    return Solution(tuple(rows), read_answer(text))
