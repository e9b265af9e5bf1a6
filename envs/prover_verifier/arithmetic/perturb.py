"""The eight perturbations of GSM-Plus (arXiv 2402.19255, section 3), each with its new answer by construction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from brigade.envs.prover_verifier.arithmetic.problem import NumberStyle, Problem, Step, simplest
from brigade.envs.registry import Registry

Perturbation = Callable[[Problem, np.random.Generator], Problem]
perturbations: Registry[Problem] = Registry("perturbation")
TRIES = 200


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
