"""Baselines that know no programs: they count which turns a partner takes, in which situations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from brigade.agents.base import Agent, View
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.recipes import recipes_of
from brigade.dual_process.partner_model import TRUST, PartnerModel, Sight, partner_models
from brigade.dual_process.theory_of_mind.drawing import Drawing
from brigade.dual_process.theory_of_mind.turns import turns_of
from brigade.envs.kitchen.content.layout import Kitchen

FADES = 0.98  # weight of what was counted, a turn later
PRIOR = 2.0  # turns that what holds everywhere counts for in a situation that is new


class BaseRate(PartnerModel):
    """How often each turn was taken so far, whatever the situation.

    Args:
        trust: share of the partner's turns that it must have foreseen before the partner is imagined by it.
    """

    def __init__(self, trust: float = TRUST):
        self.trust = trust

    def begin(self, kitchen: Kitchen, seat: int) -> None:
        """An episode begins."""
        super().begin(kitchen, seat)
        self.recipes = recipes_of(kitchen)
        self._counts: Counter[str] = Counter()

    def see(self, sight: Sight) -> None:
        """Take in the next tick."""
        if sight.turn is not None:
            self._counts[sight.turn] += 1

    def turns(self) -> Mapping[str, float]:
        """The rates, each turn counted once before anything was seen."""
        return _rates(self._counts, dict.fromkeys(turns_of(self.kitchen), 1.0))

    def programs(self, draw: int) -> Sequence[tuple[float, Agent]]:
        """A chef that draws its turns at these rates."""
        drawing = Drawing(self.turns(), draw)
        drawing.reset(View(self.kitchen, self.seat))
        return [(1.0, drawing)]


class Repeating(BaseRate):
    """The last turn again, nine times in ten."""

    def see(self, sight: Sight) -> None:
        """Take in the next tick."""
        if sight.turn is not None:
            self._counts = Counter({sight.turn: 9 * len(turns_of(self.kitchen))})


class Counting(BaseRate):
    """How often each turn was taken in situations like this one: what is lacking, what is ready."""

    def begin(self, kitchen: Kitchen, seat: int) -> None:
        """An episode begins."""
        super().begin(kitchen, seat)
        self._by_situation: dict[frozenset[str], Counter[str]] = {}
        self._situation: frozenset[str] = frozenset()

    def see(self, sight: Sight) -> None:
        """Take in the next tick."""
        if sight.turn is not None:
            for counts in (self._counts, self._by_situation.setdefault(self._situation, Counter())):
                for turn in counts:
                    counts[turn] *= FADES  # type: ignore[assignment]  # a weight, not a whole number any more
                counts[sight.turn] += 1
            self._situation = self._of(sight.now)  # in which the next turn is chosen
        elif not self._situation:
            self._situation = self._of(sight.now)

    def turns(self) -> Mapping[str, float]:
        """The rates in this situation; where it is new, those of all."""
        everywhere = super().turns()
        counts = self._by_situation.get(self._situation, Counter())
        return _rates(counts, {turn: PRIOR * rate for turn, rate in everywhere.items()})

    def _of(self, now: ObservedState) -> frozenset[str]:
        """What open orders lack, and what is ready for them."""
        there = Counter(food for kind in now.at.values() if not kind.burning for food in kind.contents)
        wanted = Counter(food for order in now.orders for food in self.recipes.foods_of(order.dish))
        lacking = {food for food, count in wanted.items() if there[food] < count}
        ready = any(
            all(there[food] or self.recipes.dispensed(food) for food in self.recipes.foods_of(order.dish))
            for order in now.orders
        )
        return frozenset(lacking | ({"ready"} if ready else set()) | {"seen"})


def _rates(counts: Mapping[str, float], prior: Mapping[str, float]) -> dict[str, float]:
    total = sum(counts.values()) + sum(prior.values())
    return {turn: (counts.get(turn, 0.0) + before) / total for turn, before in prior.items()}


for _name, _about, _model in (
    ("counting", "counts which turns the partner takes in which situation", Counting),
    ("base_rate", "counts which turns the partner takes", BaseRate),
    ("repeating", "the partner does again what it did last", Repeating),
    ("uniform", "any turn is as probable as any other", PartnerModel),
):
    partner_models.register(_name, _about)(_model)
