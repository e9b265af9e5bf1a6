"""What partners were seen doing, and what is believed of them in words, as prompts show both."""

from __future__ import annotations

import copy
from collections import Counter, deque
from dataclasses import dataclass

from brigade.agents.planning.macro import PREPARE
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.recipes import recipes_of
from brigade.dual_process.prompts import NOTHING_YET
from brigade.envs.kitchen.content.cookbook import Kind
from brigade.envs.kitchen.content.layout import Kitchen

KEPT_DEEDS = 4000
SEEN_TICKS = 120  # how far back a belief looks at what partners did


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


class Watched:
    """What one chef makes of its partners.

    Args:
        kitchen: where.
        seat: whose idea it is.

    Attributes:
        deeds: what everyone was seen doing, oldest first.
        belief: what a thinker last made of it, in words; empty before that.
    """

    def __init__(self, kitchen: Kitchen, seat: int):
        self.kitchen, self.recipes = kitchen, recipes_of(kitchen)
        self.others = [other for other in range(kitchen.chefs) if other != seat]
        self.deeds: deque[Deed] = deque(maxlen=KEPT_DEEDS)
        self.belief = ""

    def see(self, before: ObservedState, now: ObservedState) -> list[Deed]:
        """Take in the next tick. Returns what was done in it, by everyone."""
        deeds = [deed for seat in range(len(now.chefs)) if (deed := self._deed(before, now, seat))]
        self.deeds.extend(deeds)
        return deeds

    def lately(self, tick: int) -> Watched:
        """The same without what is long past."""
        lean = copy.copy(self)
        lean.deeds = deque((deed for deed in self.deeds if deed.tick >= tick - SEEN_TICKS), KEPT_DEEDS)
        return lean

    def tally(self, seat: int, since: int) -> Counter[str]:
        """How often a chef was seen to do what since a tick: `took beef`, `served BeefBurger`, `served`."""
        counts: Counter[str] = Counter()
        for deed in self.deeds:
            if deed.seat == seat and deed.tick >= since:
                counts[f"{deed.verb} {deed.what}"] += 1
                counts[deed.verb] += 1
        return counts

    def does(self, verb: str, item: str, since: int) -> bool:
        """Whether a partner has been seen, since a tick, at what a macro action is for."""
        sources = [way.source for way in self.recipes.ways.get(item, []) if way.source]
        signs = [f"took {source}" for source in [*sources, item]] if verb == PREPARE else ["served"]
        tallies = [self.tally(seat, since) for seat in self.others]
        return any(tally[sign] > 0 for tally in tallies for sign in signs)

    def seen(self, tick: int) -> dict[str, dict[str, int]]:
        """What each partner was seen doing lately, for a prompt."""
        since = tick - SEEN_TICKS
        return {f"partner {seat + 1}": dict(sorted(self.tally(seat, since).items())) for seat in self.others}

    @property
    def words(self) -> str:
        """The belief, for a prompt."""
        return self.belief or NOTHING_YET

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


def _name(kind: Kind) -> str:
    return kind.dish or kind.name
