"""What has happened, as one chef saw it: scenes for prompts, and tallies of what each partner has done."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.recipes import recipes_of
from brigade.envs.kitchen.content.cookbook import Kind
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.simulation.messages import Message

KEPT_SCENES = 64
KEPT_DEEDS = 4000


@dataclass(frozen=True)
class Deed:
    """One thing a chef was seen to do.

    Attributes:
        tick, seat: when and who.
        verb: `took`, `put`, `made`, `served` or `threw`.
        what: the kind of item.
        where: the name of the tile it happened at.
    """

    tick: int
    seat: int
    verb: str
    what: str
    where: str

    def __str__(self) -> str:
        link = {"took": "from", "put": "on", "made": "at", "served": "at", "threw": "into"}[self.verb]
        return f"{self.verb} {self.what} {link} {self.where.replace('_', ' ')}"


@dataclass
class Passage:
    """What happened while one macro action was carried out (a *scene* of the paper).

    Attributes:
        tick, ticks_left, score: when it began.
        doing: the macro action.
        orders: the open orders then, with ticks left.
        deeds: what each chef was seen to do since.
        delivered, missed: dishes paid for, orders that expired.
        said: messages.
    """

    tick: int
    ticks_left: int
    score: int
    doing: str
    orders: list[str]
    deeds: list[Deed] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def as_dict(self, me: int) -> dict[str, Any]:
        """For a prompt."""
        did: dict[str, list[str]] = {}
        for deed in self.deeds:
            who = "you" if deed.seat == me else f"partner {deed.seat + 1}"
            did.setdefault(who, []).append(str(deed))
        entry: dict[str, Any] = {
            "tick": self.tick,
            "ticks_left": self.ticks_left,
            "score": self.score,
            "you_began": self.doing,
            "orders": self.orders,
            "did": did,
        }
        extra = {"delivered": self.delivered, "missed": self.missed, "said": self.said}
        return entry | {key: value for key, value in extra.items() if value}


class History:
    """Everything one chef remembers of an episode.

    Args:
        kitchen: where.
        seat: whose memory.
    """

    def __init__(self, kitchen: Kitchen, seat: int):
        self.kitchen, self.seat, self.recipes = kitchen, seat, recipes_of(kitchen)
        self.passages: deque[Passage] = deque(maxlen=KEPT_SCENES)
        self.deeds: deque[Deed] = deque(maxlen=KEPT_DEEDS)
        self._last: tuple[ObservedState, int] | None = None

    def see(self, observed: ObservedState, score: int) -> None:
        """Take in the next tick."""
        if self._last is not None and self._last[0].tick < observed.tick:
            before, was = self._last
            deeds = [deed for seat in range(len(observed.chefs)) if (deed := self._deed(before, observed, seat))]
            self.deeds.extend(deeds)
            if self.passages:
                self._add(self.passages[-1], deeds, before, observed, score - was)
        self._last = (observed, score)

    def begin(self, doing: str, observed: ObservedState, score: int) -> None:
        """A new macro action begins."""
        orders = [f"{o.dish}" if o.left is None else f"{o.dish} ({o.left})" for o in observed.orders]
        self.passages.append(Passage(observed.tick, observed.left, score, doing, orders))

    def hear(self, message: Message) -> None:
        """Somebody has said something."""
        if self.passages:
            who = "you" if message.seat == self.seat else f"partner {message.seat + 1}"
            self.passages[-1].said.append(f"{who}: {message.text}")

    def last(self, count: int) -> list[dict[str, Any]]:
        """The last scenes, oldest first."""
        return [passage.as_dict(self.seat) for passage in list(self.passages)[-count:]]

    def tally(self, seat: int, since: int) -> Counter[str]:
        """How often a chef was seen to do what since a tick: `took beef`, `served BeefBurger`, `served`."""
        counts: Counter[str] = Counter()
        for deed in self.deeds:
            if deed.seat == seat and deed.tick >= since:
                counts[f"{deed.verb} {deed.what}"] += 1
                counts[deed.verb] += 1
        return counts

    def _deed(self, before: ObservedState, now: ObservedState, seat: int) -> Deed | None:
        """What a chef did between two ticks, read off its hands."""
        old, new = before.chefs[seat].hand, now.chefs[seat].hand
        if old == new:
            return None
        chef = now.chefs[seat]
        faced = chef.cell + self.recipes.grid.offset[chef.facing]
        where = self.kitchen.tile_names[faced]
        if old.index == 0:
            return Deed(now.tick, seat, "took", new.name, where)
        if new.index == 0:
            served, thrown = faced in self.recipes.hatches, faced in self.recipes.bins
            verb = "served" if served else "threw" if thrown else "put"
            return Deed(now.tick, seat, verb, _name(old), where)
        verb = "threw" if faced in self.recipes.bins else "made"
        return Deed(now.tick, seat, verb, _name(old if verb == "threw" else new), where)

    def _add(self, passage: Passage, deeds: list[Deed], before: ObservedState, now: ObservedState, gained: int) -> None:
        passage.deeds.extend(deeds)
        served = [deed.what for deed in deeds if deed.verb == "served"]
        if gained > 0:
            passage.delivered.extend(served)
        gone = Counter(order.dish for order in before.orders) - Counter(order.dish for order in now.orders)
        gone -= Counter(served)
        expiring = {order.dish for order in before.orders if order.left is not None and order.left <= 1}
        passage.missed.extend(dish for dish in gone.elements() if dish in expiring)


def _name(kind: Kind) -> str:
    return kind.dish or kind.name
