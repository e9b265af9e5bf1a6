"""The statements of a plan: what a mind may ask of System 1. Each has an optional guard, looked at again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from brigade.agents.planning.macro import Macro
from brigade.dual_process.guard.language import Guard

Whose = Literal["mine", "yours", "drop"]
Authority = Literal["obey", "advise", "check"]  # how far System 1 follows a plan


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One thing that is asked. A guard that is false passes it over for now; it never blocks what comes after it.

    Attributes:
        when: the guard, None for always.
    """

    when: Guard | None = None

    def _what(self) -> str:
        raise NotImplementedError

    def __str__(self) -> str:
        return self._what() if self.when is None else f"{self._what()} when {self.when.text}"


@dataclass(frozen=True)
class Do(Statement):
    """Once: a macro action, or what brings a dish that is ordered forward.

    Attributes:
        macro: the macro action, None where it is a dish.
        dish: the dish, empty where it is a macro action.
        now: whatever is under way is given up for it.
    """

    macro: Macro | None = None
    dish: str = ""
    now: bool = False

    def _what(self) -> str:
        return f"do {self.dish or self.macro}" + (" now" if self.now else "")


@dataclass(frozen=True)
class Whenever(Statement):
    """A standing rule: a macro action, each time the guard holds."""

    macro: Macro

    def _what(self) -> str:
        return f"whenever: {self.macro}"

    def __str__(self) -> str:
        return f"whenever {self.when.text}: {self.macro}" if self.when is not None else self._what()


@dataclass(frozen=True)
class Keep(Statement):
    """Stock: an item is prepared while there are fewer of it than `count`."""

    item: str
    count: int

    def _what(self) -> str:
        return f"keep {self.count} of {self.item} ready"


@dataclass(frozen=True)
class OrderOf(Statement):
    """Who makes an open order, by its number; a dropped one is left to expire."""

    number: int
    whose: Whose

    def _what(self) -> str:
        return f"order {self.number}: {self.whose}"


@dataclass(frozen=True)
class Leave(Statement):
    """Something left to the partner for as long as the plan stands: a verb, with an item or for all."""

    verb: str
    item: str = ""

    def _what(self) -> str:
        return f"leave {self.verb}({self.item})"

    def covers(self, macro: Macro) -> bool:
        """Whether a macro action is among what is left to the partner."""
        return macro.verb == self.verb and self.item in ("", macro.item)


@dataclass(frozen=True)
class Wait(Statement):
    """Stand still for some ticks, or until a guard holds; once.

    Attributes:
        ticks: how long, 0 where it is until the guard holds.
        until: the guard it waits for.
    """

    ticks: int = 0
    until: Guard | None = None

    def _what(self) -> str:
        return f"wait until {self.until.text}" if self.until is not None else f"wait {self.ticks}"


@dataclass(frozen=True)
class Stand(Statement):
    """Walk to a cell of the floor; once.

    Attributes:
        cell: its number.
        name: as it is written, such as `C4`.
    """

    cell: int
    name: str

    def _what(self) -> str:
        return f"stand at {self.name}"


@dataclass(frozen=True)
class Put(Statement):
    """Where an item is put down, as long as the plan stands.

    Attributes:
        item: a food, a dish or the plate.
        cells: the counters it goes to, any of them.
        name: of the cell, or `centre`.
    """

    item: str
    cells: tuple[int, ...]
    name: str

    def _what(self) -> str:
        return f"put {self.item} on {self.name}"


@dataclass(frozen=True)
class Plan:
    """What System 2 asks of System 1.

    Attributes:
        rationale: a sentence, for people.
        statements: in the order in which they are to be looked at.
        message: to say to the partner, or empty.
        dropped: what could not be used, with the reason.
    """

    rationale: str = ""
    statements: tuple[Statement, ...] = ()
    message: str = ""
    dropped: tuple[tuple[str, str], ...] = ()

    def told(self) -> dict[str, Any]:
        """For records: its statements, and what was dropped."""
        told: dict[str, Any] = {"value": [str(statement) for statement in self.statements]}
        return told | {"dropped": [list(pair) for pair in self.dropped]}
