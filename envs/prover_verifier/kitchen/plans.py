"""Plans of macro actions. Worlds know no agents, so who can follow a plan is said from outside, as for partners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from brigade.envs.kitchen.interfaces.partners import Partner
from brigade.envs.registry import BrigadeError

if TYPE_CHECKING:
    from brigade.envs.kitchen.content.layout import Kitchen


@dataclass(frozen=True)
class Planned:
    """One macro action of a plan.

    Attributes:
        macro: as a person writes it, `prepare(cooked_beef)`.
        start: ticks from now before which it does not begin.
    """

    macro: str
    start: int


Plan = tuple[tuple[Planned, ...], ...]  # for each chef, in order


class PlanSource(Protocol):
    """Knows macro actions: which there are in a kitchen, how to follow a list of them, and how to draw one up."""

    def words(self, kitchen: Kitchen) -> Sequence[str]:
        """All macro actions of a kitchen, always in the same order."""
        ...

    def follower(self, planned: Sequence[Planned], now: int) -> Partner:
        """Someone who carries out a chef's part of a plan that begins at tick `now`, and then stays."""
        ...

    def planner(self) -> Planner:
        """A cook that keeps a record of what it does, from which plans are drawn up."""
        ...


class Planner(Partner, Protocol):
    """A cook that keeps a record of its macro actions."""

    def plan(self, now: int) -> tuple[Planned, ...]:
        """What it has done since tick `now`, and is doing."""
        ...


_sources: list[Callable[[], PlanSource]] = []


def register_plan_source(make: Callable[[], PlanSource]) -> None:
    """Say who knows macro actions; the last one counts."""
    _sources.append(make)


def plan_source() -> PlanSource:
    """Who knows macro actions.

    Raises:
        BrigadeError: nobody has been registered; `import brigade` does.
    """
    if not _sources:
        raise BrigadeError("nobody here can follow a plan; `import brigade` registers who can")
    return _sources[-1]()
