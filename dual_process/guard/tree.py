"""The syntax tree of the guard language, what its functions ask, and how a tree is evaluated."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

from brigade.envs.registry import BrigadeError

MAX_INTEGER = 10**9  # the largest absolute value of a number, written, told by the facts, or computed
NO_ORDER_TICKS = 100_000  # what `order_ticks_left` tells when no such order is open: later than any deadline


Calculation: TypeAlias = Callable[[int, int], int]
Test: TypeAlias = Callable[[int, int], bool]
CALCULATIONS: dict[str, Calculation] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
}
TESTS: dict[str, Test] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class GuardError(BrigadeError):
    """A guard that cannot be read, or cannot be judged.

    Args:
        message: what is wrong and what was expected; shows at most a checked name or one escaped character of the text.
        at: 0-based index of the character where it is wrong (the message counts from 1), None for the whole text.
    """

    def __init__(self, message: str, at: int | None = None):
        super().__init__(message if at is None else f"guard, character {at + 1}: {message}")
        self.at = at


class Facts(Protocol):
    """What guards may ask about the kitchen at this tick; ours, so what it raises is passed on."""

    def count(self, item: str, state: str | None) -> int:
        """How many of `item` there are, in `state` (any when None)."""
        ...

    def orders(self, dish: str | None) -> int:
        """How many orders for `dish` (for anything when None) are open."""
        ...

    def order_ticks_left(self, dish: str) -> int:
        """Ticks until the first open order for `dish` expires; `NO_ORDER_TICKS` when none is open."""
        ...

    def partner_holds(self, item: str | None) -> bool:
        """Whether the partner holds `item` (anything when None)."""
        ...

    def free_counters(self) -> int:
        """How many counters are empty."""
        ...

    def ticks_left(self) -> int:
        """Ticks until the episode ends."""
        ...

    def score(self) -> int:
        """Points so far."""
        ...


@dataclass(frozen=True)
class Function:
    """One function of the language.

    Attributes:
        parameters: what each argument names: `item`, `state` or `dish`.
        required: how many of them must be given.
        gives: whether it is a whole number or a truth.
        about: one line about it.
        ask: gets the answer from the facts; an argument left out is None.
    """

    parameters: tuple[str, ...]
    required: int
    gives: Literal["number", "truth"]
    about: str
    ask: Callable[..., int]

    @property
    def counts(self) -> range:
        """How many arguments it can be given."""
        return range(self.required, len(self.parameters) + 1)


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "count": Function(
            ("item", "state"),
            1,
            "number",
            "how many of an item there are, in that state if one is given",
            lambda facts, item, state: facts.count(item, state),
        ),
        "orders": Function(
            ("dish",), 0, "number", "open orders for a dish, or for all dishes", lambda facts, dish: facts.orders(dish)
        ),
        "order_ticks_left": Function(
            ("dish",),
            1,
            "number",
            f"ticks until the first open order for a dish expires, {NO_ORDER_TICKS} if there is none",
            lambda facts, dish: facts.order_ticks_left(dish),
        ),
        "partner_holds": Function(
            ("item",),
            0,
            "truth",
            "whether the partner holds an item, or anything at all",
            lambda facts, item: facts.partner_holds(item),
        ),
        "free_counters": Function((), 0, "number", "empty counters", lambda facts: facts.free_counters()),
        "ticks_left": Function((), 0, "number", "ticks until the game ends", lambda facts: facts.ticks_left()),
        "score": Function((), 0, "number", "points so far", lambda facts: facts.score()),
    }
)


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number as written. In all nodes, `at` is the 0-based index of the character where it starts."""

    value: int
    at: int


@dataclass(frozen=True, slots=True)
class Measure:
    """A call that gives a whole number."""

    name: str
    arguments: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Ask:
    """A call that gives a truth."""

    name: str
    arguments: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Step:
    """What follows the first value of a chain: a sign, where it stands, and its right-hand value."""

    sign: str
    at: int
    right: Integer


@dataclass(frozen=True, slots=True)
class Minus:
    """The negative of a whole number."""

    value: Integer
    at: int


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Sums, or products, from left to right."""

    first: Integer
    steps: tuple[Step, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Compare:
    """Comparisons of neighbours, all of which must hold."""

    first: Integer
    steps: tuple[Step, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a truth."""

    value: Truth
    at: int


@dataclass(frozen=True, slots=True)
class Logic:
    """Truths joined by one word, looked at from left to right until they decide."""

    word: Literal["and", "or"]
    parts: tuple[Truth, ...]
    at: int


Integer: TypeAlias = Number | Measure | Minus | Arithmetic
Truth: TypeAlias = Ask | Not | Compare | Logic
Node: TypeAlias = Integer | Truth


def _answer(call: Measure | Ask, facts: Facts) -> int:
    """What the facts say; the allow-list of everything a guard can reach."""
    function = FUNCTIONS[call.name]
    left_out = [None] * (len(function.parameters) - len(call.arguments))
    return function.ask(facts, *call.arguments, *left_out)


def _bounded(value: int, at: int) -> int:
    """The value, within +-`MAX_INTEGER`."""
    if abs(value) > MAX_INTEGER:
        raise GuardError(f"the number here is beyond {MAX_INTEGER}", at)
    return value


def _calculate(node: Arithmetic, facts: Facts) -> int:
    """The value of sums or products; every factor is bounded, so no product is ever huge."""
    total = _number(node.first, facts)
    for step in node.steps:
        right = _number(step.right, facts)
        if right == 0 and step.sign in ("//", "%"):
            raise GuardError(f"'{step.sign}' by zero", step.at)
        total = _bounded(CALCULATIONS[step.sign](total, right), step.at)
    return total


def _number(node: Integer, facts: Facts) -> int:
    """The value of a whole number."""
    match node:
        case Number():
            return node.value
        case Measure():
            return _bounded(int(_answer(node, facts)), node.at)
        case Minus():
            return -_number(node.value, facts)
        case Arithmetic():
            return _calculate(node, facts)


def _compare(node: Compare, facts: Facts) -> bool:
    """Whether all comparisons of a chain hold; each value is looked at once, and none after the first that fails."""
    left = _number(node.first, facts)
    for step in node.steps:
        right = _number(step.right, facts)
        if not TESTS[step.sign](left, right):
            return False
        left = right
    return True


def truth(node: Truth, facts: Facts) -> bool:
    """Whether a truth holds."""
    match node:
        case Ask():
            return bool(_answer(node, facts))
        case Not():
            return not truth(node.value, facts)
        case Compare():
            return _compare(node, facts)
        case Logic():
            truths = (truth(part, facts) for part in node.parts)
            return all(truths) if node.word == "and" else any(truths)


def calls(node: Node) -> Iterator[Measure | Ask]:
    """Every call in a tree, in order of appearance."""
    match node:
        case Measure() | Ask():
            yield node
        case Not() | Minus():
            yield from calls(node.value)
        case Logic():
            for part in node.parts:
                yield from calls(part)
        case Arithmetic() | Compare():
            yield from calls(node.first)
            for step in node.steps:
                yield from calls(step.right)
        case Number():
            pass
