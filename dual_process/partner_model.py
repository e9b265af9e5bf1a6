"""Theory of mind: who a partner is, what it will turn to next, and who plays it in imagined futures.

A partner model watches one partner and says two things that can be right or wrong: how probable each turn of it is
(`turns`), for which it is scored, and which programs act as it does, for futures that are imagined. Other packages
bring theirs by an entry point of `brigade.partner_models`, or under `plugins:`.

```python
from brigade.dual_process.partner_model import PartnerModel, partner_models

@partner_models.register("idle", "stands still for ever")
class Idle(PartnerModel):
    trust = 0  # imagined so whatever it does

    def programs(self, draw):
        return [(1.0, make_agent("stay"))]
```
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from brigade.agents.base import Agent, Observation
from brigade.agents.planning.observed_state import ObservedState
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.registry import BrigadeError, Registry

TRUST = 0.9


def spread(chances: Mapping[str, float], known: Sequence[str]) -> dict[str, float]:
    """Probabilities of what is known, together 1: what is left is shared by what is not named; too much is scaled down.

    Raises:
        BrigadeError: one is negative, infinite or no number.
    """
    named = {name: float(chances[name]) for name in known if name in chances}
    if not all(math.isfinite(chance) and chance >= 0 for chance in named.values()):
        raise BrigadeError("what it foresees are no probabilities")
    total = sum(named.values())
    if total > 1 or (total > 0 and len(named) == len(known)):
        return {name: named.get(name, 0.0) / total for name in known}
    left = (1 - total) / max(1, len(known) - len(named))
    return {name: named.get(name, left) for name in known}


@dataclass(frozen=True)
class Stated:
    """What System 2 believes of one partner, in numbers. All of it has been checked against the kitchen.

    Attributes:
        turns: how probable each turn is next; together 1, or empty where nothing was said.
        orders: by number of an open order, how probable it is that this partner serves it.
        makes: the foods it makes.
        assembles: whether it puts dishes together; None where nothing was said.
    """

    turns: Mapping[str, float] = field(default_factory=dict)
    orders: Mapping[int, float] = field(default_factory=dict)
    makes: tuple[str, ...] = ()
    assembles: bool | None = None


@dataclass(frozen=True)
class Sight:
    """One tick of what is seen.

    Attributes:
        observation: as agents are given it.
        before, now: the tick before and this one, read; `before` is None at first.
        turn: what the partner turned to between them, if anything.
    """

    observation: Observation
    before: ObservedState | None
    now: ObservedState
    turn: str | None


class PartnerModel:
    """What is made of one partner. Subclass it; one object serves for one partner in one episode.

    Attributes:
        kitchen, seat: where, and which chef the partner is; set by `begin`.
        scored: whether anybody will ask for `turns`.
        trust: share of the partner's turns that it must lately have foreseen before the partner is imagined by it; 0:
            it always is.
        guards_itself: whether it says by `trusted` alone when that is so.
        problems: what went wrong and can be lived with, for the record.
    """

    kitchen: Kitchen
    seat: int
    scored: bool = False
    trust: float = TRUST
    guards_itself: bool = False
    problems: Sequence[str] = ()

    def begin(self, kitchen: Kitchen, seat: int) -> None:
        """An episode begins.

        Args:
            kitchen: where.
            seat: the partner's.
        """
        self.kitchen, self.seat = kitchen, seat

    def see(self, sight: Sight) -> None:
        """Take in the next tick."""

    def told(self, stated: Stated) -> None:
        """System 2 has stated a belief."""

    def turns(self) -> Mapping[str, float]:
        """How probable each turn (`theory_of_mind.turns`) is next; those that are not named share what is left of 1."""
        return {}

    @property
    def trusted(self) -> bool:
        """Whether it may be used to imagine the partner, besides having foreseen its turns."""
        return True

    def programs(self, draw: int) -> Sequence[tuple[float, Agent]]:
        """Who acts as this partner, as it is now, and how probable that is; together 1. They are copied, not used.

        Args:
            draw: what random choices of theirs are to come from.
        """
        return []

    def believed(self) -> Mapping[str, float]:
        """What it believes, by name, for records."""
        return {}


partner_models: Registry[PartnerModel] = Registry(
    "partner model",
    "brigade.partner_models",
    own=tuple(f"brigade.dual_process.theory_of_mind.{module}" for module in ("types", "counting", "stated")),
)
