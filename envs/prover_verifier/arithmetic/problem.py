"""A word problem, its text, and its answer by construction."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from brigade.envs.registry import BrigadeError

Number = int | Fraction
NumberStyle = Literal["plain", "decimal", "fraction"]

VERBS: dict[str, tuple[str, ...]] = {
    "+": ("buys", "finds", "gets", "receives"),
    "-": ("uses", "gives away", "loses", "sells"),
    "*": ("multiplies what there is by",),
    "/": ("divides what there is by",),
}
INVERSE = {"+": "-", "-": "+", "*": "/", "/": "*"}
LONGEST_NUMBER = 40  # characters
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(/[0-9]+)?")
QUESTIONS = {
    "end": ("How many {things} now?", "What number of {things} is left in the end?"),
    "start": ("How many {things} at the beginning?", "With what number of {things} did {actor} begin?"),
}


@dataclass(frozen=True)
class Step:
    """One thing that happens.

    Attributes:
        op: `+`, `-`, `*` or `/`.
        amount: by how much.
        verb: which of `VERBS[op]` tells it.
    """

    op: str
    amount: Number
    verb: int = 0


@dataclass(frozen=True)
class Problem:
    """A word problem.

    Attributes:
        actor, thing: of whom and what it tells (`Mia`, `onion`).
        start: the quantity at the beginning.
        steps: what happens, in order.
        asks: for the quantity at the `end`, or at the `start`, the one at the end being told.
        untold: the step whose amount the text leaves out, so that there is no answer; None for none.
        distractor: a sentence that has nothing to do with it.
        wording: which of the phrasings is used.
        style: how numbers are written.
    """

    actor: str
    thing: str
    start: Number
    steps: tuple[Step, ...]
    asks: Literal["end", "start"] = "end"
    untold: int | None = None
    distractor: str = ""
    wording: int = 0
    style: NumberStyle = "plain"
    values: tuple[Number, ...] = field(init=False, compare=False)  # the quantity at the start and after each step

    def __post_init__(self) -> None:
        values = [self.start]
        for step in self.steps:
            values.append(apply(step.op, values[-1], step.amount))
        object.__setattr__(self, "values", tuple(values))

    @property
    def answer(self) -> Number | None:
        """What is asked for; None when the text does not say enough."""
        if self.untold is not None:
            return None
        return self.values[-1] if self.asks == "end" else self.values[0]

    @property
    def text(self) -> str:
        """The problem as a person reads it."""
        begin, steps = self.values[0], [self._told(i) for i in range(len(self.steps))]
        things = f"{self.thing}s"
        told = f"{self.actor} has {write(begin, self.style)} {things}."
        if self.wording:
            told = f"There are {write(begin, self.style)} {things} at {self.actor}'s place."
        question = QUESTIONS[self.asks][self.wording].format(things=things, actor=self.actor)
        if self.asks == "start":
            told = f"{self.actor} has some {things}."
            steps.append(f"Now there are {write(self.values[-1], self.style)}.")
        if self.distractor:
            steps.insert(len(steps) // 2, self.distractor)
        return " ".join([told, *steps, question])

    def _told(self, i: int) -> str:
        step = self.steps[i]
        amount = "some" if i == self.untold else write(step.amount, self.style)
        verb = VERBS[step.op][step.verb % len(VERBS[step.op])]
        then = ("Then ", "After that ")[self.wording] if i else ""
        if self.wording and step.op in "+-":
            change = "more" if step.op == "+" else "fewer"
            return f"{then or 'Later '}there are {amount} {change}, for {self.actor} {verb} them."
        more = " more" if step.op == "+" else ""
        return f"{then}{self.actor} {verb} {amount}{more}."


def apply(op: str, value: Number, amount: Number) -> Number:
    """One operation; division is exact.

    Raises:
        BrigadeError: an unknown operation, or a division by zero.
    """
    if op == "+":
        return value + amount
    if op == "-":
        return value - amount
    if op == "*":
        return value * amount
    if op == "/" and amount != 0:
        return simplest(Fraction(value) / Fraction(amount))
    raise BrigadeError(f"cannot work out {value} {op} {amount}; operations are +, -, * and / (not by 0)")


def simplest(value: Fraction) -> Number:
    """A whole number as an int, anything else as it is."""
    return value.numerator if value.denominator == 1 else value


def write(value: Number, style: NumberStyle = "plain") -> str:
    """A number as text: `7`, `2.5` or `5/2`."""
    exact = Fraction(value)
    if exact.denominator == 1:
        return str(exact.numerator)
    lengths = range(exact.denominator.bit_length())
    after = next((places for places in lengths if 10**places % exact.denominator == 0), None)
    if style == "fraction" or after is None:
        return f"{exact.numerator}/{exact.denominator}"
    digits = str(abs(exact.numerator) * 10**after // exact.denominator).rjust(after + 1, "0")
    return f"{'-' if exact < 0 else ''}{digits[:-after]}.{digits[-after:]}"


def read_number(text: str) -> Number | None:
    """The number that a text writes, None if it writes none: `7`, `1,200`, `2.5`, `5/2`, `$3`."""
    cleaned = text.strip().lstrip("$").replace(",", "").rstrip(".")
    if len(cleaned) > LONGEST_NUMBER or not _NUMBER.fullmatch(cleaned):  # an exponent could take for ever
        return None
    try:
        return simplest(Fraction(cleaned))
    except (ValueError, ZeroDivisionError):
        return None
