"""Drawing word problems from a seeded generator."""

from __future__ import annotations

import zlib
from collections.abc import Collection

import numpy as np

from brigade.envs.prover_verifier.arithmetic.problem import Problem, Step
from brigade.envs.registry import BrigadeError

ACTORS = ("Mia", "Ben", "Ada", "Leo", "Zoe", "Sam", "Ida", "Max")
THINGS = ("onion", "tomato plant", "plate", "burger", "egg", "lemon", "carrot", "bowl")
START, AMOUNT, FACTOR = (5, 25), (2, 9), (2, 3)  # least and greatest, both included
LIMIT = 40  # all quantities are below
TRIES = 100_000  # before it is said that there is no such problem
SPLITS = {"provers": 40, "verifier": 40, "test": 10, "calibration": 10}  # per cent of all problems


def draw_problem(
    rng: np.random.Generator,
    steps: int = 2,
    operations: str = "+-",
    limit: int = LIMIT,
    among: Collection[str] = tuple(SPLITS),
) -> Problem:
    """A problem whose quantities are whole, at least 0 and below `limit`.

    Args:
        rng: what it is drawn from.
        steps: of the problem.
        operations: that may occur.
        limit: of all quantities.
        among: the splits that it may be of.

    Raises:
        BrigadeError: an unknown operation, no steps, or no such problem is found.
    """
    if steps < 1 or not operations or set(operations) - set("+-*"):
        raise BrigadeError(f"a problem has at least one step and operations among +-*, got {steps} and '{operations}'")
    actor, thing = (str(rng.choice(names)) for names in (ACTORS, THINGS))
    for _ in range(TRIES):
        start = int(rng.integers(START[0], START[1] + 1))
        problem = Problem(actor, thing, start, tuple(_draw_step(rng, operations) for _ in range(steps)))
        if all(0 <= value < limit for value in problem.values[1:]) and split_of(problem) in among:
            return problem
    raise BrigadeError(f"no problem of {steps} steps of '{operations}' has all its quantities from 0 to {limit - 1}")


def split_of(problem: Problem) -> str:
    """Which of `SPLITS` a problem is of: by its numbers and operations, so that no two splits share a problem."""
    told = f"{problem.start}" + "".join(f"{step.op}{step.amount}" for step in problem.steps)
    place = zlib.crc32(told.encode()) % 100
    for name, share in SPLITS.items():
        place -= share
        if place < 0:
            return name
    raise AssertionError(SPLITS)


def is_drawn(problem: Problem, steps: int) -> bool:
    """Whether `draw_problem` could draw a problem of so many steps with these numbers."""
    amounts = all(AMOUNT[0] <= step.amount <= AMOUNT[1] for step in problem.steps if step.op != "*")
    return len(problem.steps) == steps and START[0] <= problem.start <= START[1] and amounts


def _draw_step(rng: np.random.Generator, operations: str) -> Step:
    op = operations[int(rng.integers(len(operations)))]
    low, high = FACTOR if op == "*" else AMOUNT
    return Step(op, int(rng.integers(low, high + 1)), int(rng.integers(4)))
