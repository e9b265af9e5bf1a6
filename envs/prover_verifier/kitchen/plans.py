"""Plans of macro actions. Who can follow one is an agent, and worlds know none."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from brigade.envs.kitchen.interfaces.partners import Partner

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


# Worlds know no agents: who can follow a plan is found by name when somebody has to.
FOLLOWS_PLANS = "brigade.agents.plan_follower:MacroPlans"


def plan_source() -> PlanSource:
    """Who knows macro actions."""
    source: PlanSource = pkgutil.resolve_name(FOLLOWS_PLANS)()
    return source
