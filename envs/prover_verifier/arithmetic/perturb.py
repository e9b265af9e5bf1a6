"""The eight perturbations of GSM-Plus (arXiv 2402.19255, section 3), each with its new answer by construction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from brigade.envs.prover_verifier.arithmetic.generate import LIMIT, draw_problem
from brigade.envs.prover_verifier.arithmetic.problem import NumberStyle, Problem, Step, simplest
from brigade.envs.registry import BrigadeError, Registry

Perturbation = Callable[[Problem, np.random.Generator], Problem]
perturbations: Registry[Problem] = Registry("perturbation")
TRIES = 200
ORIGINAL = "original"  # in tables: the problem as it was drawn
# These can leave a chain of the same operations on whole numbers. The others change what numbers are, what is asked,
# or leave something out.
CHAIN_KINDS = (
    "numerical_substitution", "digit_expansion", "adding_operation", "problem_understanding", "distractor_insertion",
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """A problem and the same problem perturbed by one kind."""

    original: Problem
    perturbed: Problem
    kind: str


def perturb(name: str, problem: Problem, rng: np.random.Generator) -> Problem:
    """A variant of a problem.

    Raises:
        BrigadeError: no such perturbation; the message suggests the nearest name.
    """
    return perturbations[name].make(problem, rng)


def _redrawn(problem: Problem, rng: np.random.Generator, draw: Callable[[int], int]) -> Problem:
    """The problem with every number drawn anew; never one whose quantities fall below 0."""
    for _ in range(TRIES):
        steps = tuple(
            replace(step, amount=step.amount if step.op in "*/" else draw(int(step.amount))) for step in problem.steps
        )
        new = replace(problem, start=draw(int(problem.start)), steps=steps)
        if min(new.values) >= 0 and new != problem:
            return new
    return replace(problem, start=draw(int(problem.start)) + sum(int(step.amount) for step in steps), steps=steps)


@perturbations.register("numerical_substitution", "other numbers of as many digits")
def numerical_substitution(problem: Problem, rng: np.random.Generator) -> Problem:
    """Other numbers of as many digits."""

    def draw(old: int) -> int:
        digits = len(str(old))
        return int(rng.integers(max(2, 10 ** (digits - 1)), 10**digits))

    return _redrawn(problem, rng, draw)


@perturbations.register("digit_expansion", "the same with more digits in its numbers")
def digit_expansion(problem: Problem, rng: np.random.Generator) -> Problem:
    """One digit more in every number."""
    return _redrawn(problem, rng, lambda old: old * 10 + int(rng.integers(10)))


@perturbations.register("number_conversion", "integers become decimals or fractions")
def number_conversion(problem: Problem, rng: np.random.Generator) -> Problem:
    """Integer-decimal-fraction conversion: a half or a quarter is added to the start and to one amount."""
    style: NumberStyle = "decimal" if rng.integers(2) else "fraction"
    part, at = Fraction(1, int(rng.choice([2, 4]))), int(rng.integers(len(problem.steps)))
    steps = list(problem.steps)
    steps[at] = replace(steps[at], amount=simplest(steps[at].amount + part))
    new = replace(problem, start=simplest(problem.start + part), steps=tuple(steps), style=style)
    return new if min(new.values) >= 0 else replace(new, start=simplest(new.start - Fraction(min(new.values)) + part))


@perturbations.register("adding_operation", "one step more")
def adding_operation(problem: Problem, rng: np.random.Generator) -> Problem:
    """One more step at the end."""
    most = int(problem.values[-1])
    amount = int(rng.integers(2, 10))
    op = "-" if most >= amount and rng.random() < 0.5 else "+"
    return replace(problem, steps=(*problem.steps, Step(op, amount, int(rng.integers(4)))))


@perturbations.register("reversing_operation", "what was told is asked, and what was asked is told")
def reversing_operation(problem: Problem, rng: np.random.Generator) -> Problem:
    """The end is told; the start is asked for."""
    return replace(problem, asks="start")


@perturbations.register("problem_understanding", "the same in other words")
def problem_understanding(problem: Problem, rng: np.random.Generator) -> Problem:
    """Another phrasing."""
    return replace(problem, wording=1 - problem.wording)


@perturbations.register("distractor_insertion", "a sentence with numbers that have nothing to do with it")
def distractor_insertion(problem: Problem, rng: np.random.Generator) -> Problem:
    """A sentence of no use, with a number in it."""
    number = int(rng.integers(2, 30))
    sentences = (
        f"The kitchen has been open for {number} years.",
        f"A neighbour has {number} {problem.thing}s as well.",
        f"It is {number} degrees outside.",
    )
    return replace(problem, distractor=sentences[int(rng.integers(len(sentences)))])


@perturbations.register("critical_thinking", "a needed number is missing, so that there is no answer")
def critical_thinking(problem: Problem, rng: np.random.Generator) -> Problem:
    """One amount is left out."""
    return replace(problem, untold=int(rng.integers(len(problem.steps))))


def is_chain(problem: Problem, operations: str = "+-", limit: int = LIMIT) -> bool:
    """Whether a problem tells a start and all steps, and asks for the end, in whole numbers from 0 to `limit` - 1."""
    numbers = [*problem.values, *(step.amount for step in problem.steps)]
    told = problem.asks == "end" and problem.untold is None
    whole = all(isinstance(number, int) and 0 <= number < limit for number in numbers)
    return told and whole and all(step.op in operations for step in problem.steps)


def draw_pairs(
    rng: np.random.Generator,
    count: int,
    steps: int = 2,
    operations: str = "+-",
    limit: int = LIMIT,
    kinds: Sequence[str] | None = None,
) -> list[Pair]:
    """Problems with perturbed ones, of which both are chains; for players who can read nothing else.

    Kinds are taken in turn, each equally often to within one. Problems are drawn until what comes of them is a chain,
    so the originals are those that a kind leaves in range: a drop is to be counted from the originals of its own pairs.

    Args:
        rng: what everything is drawn from.
        count: how many pairs.
        steps: of the originals; `adding_operation` adds one.
        operations: of the steps.
        limit: numbers are below.
        kinds: which; by default those of `CHAIN_KINDS` that have chains below the limit.

    Returns:
        (count,) pairs, pair i of kind `kinds[i % len(kinds)]`.

    Raises:
        BrigadeError: no such kind, or one that leaves no chain below the limit.
    """
    if kinds is None:
        kinds = [kind for kind in CHAIN_KINDS if _pair(kind, np.random.default_rng(0), steps, operations, limit)]
    pairs = []
    for i in range(count):
        pair = _pair(kinds[i % len(kinds)], rng, steps, operations, limit)
        if pair is None:
            kind = kinds[i % len(kinds)]
            raise BrigadeError(f"perturbation '{kind}' leaves no chain of '{operations}' on numbers below {limit}")
        pairs.append(pair)
    return pairs


def _pair(kind: str, rng: np.random.Generator, steps: int, operations: str, limit: int) -> Pair | None:
    """A pair; None if none was found."""
    for _ in range(TRIES):
        original = draw_problem(rng, steps, operations, limit)
        perturbed = perturb(kind, original, rng)
        if is_chain(original, operations, limit) and is_chain(perturbed, operations, limit):
            return Pair(original, perturbed, kind)
    return None
