"""A chef that does part of the work: makes some foods and passes them on, or puts dishes together, or both."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from brigade.agents.planning import macro as macros
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.order_planning import OrderPlan
from brigade.agents.specialists import Specialist
from brigade.agents.state_machine import Option, StateMachine
from brigade.dual_process.partner_model import Sight
from brigade.dual_process.theory_of_mind.serving import EVEN, OF_DISHES

HARDLY = 0.25  # probability below which somebody else is thought to serve a dish
LATELY = 150  # ticks for which what a chef was seen doing counts


class Role(Specialist):
    """A state machine that does part of the work.

    Args:
        makes: the foods it makes.
        assembles: whether it puts dishes together and serves them.
        fixed: whether it stays so; otherwise it becomes what `watch` has seen.

    Attributes:
        dishes: how probable it is that this chef serves a dish; it leaves those to others that it hardly serves.
    """

    def __init__(self, makes: Sequence[str] = (), assembles: bool = False, fixed: bool = False):
        super().__init__("")
        self.makes, self.assembles, self.fixed = tuple(makes), assembles, fixed
        self.dishes: Mapping[str, float] = {}
        self._seen: deque[tuple[int, str]] = deque()

    def prepare(self) -> None:
        """Begin an episode."""
        StateMachine.prepare(self)

    def watch(self, sight: Sight) -> None:
        """Become a chef that does what this one was lately seen doing."""
        if self.fixed or sight.before is None:
            return
        tick, seat = sight.now.tick, self.view.seat
        old, new = sight.before.chefs[seat].hand, sight.now.chefs[seat].hand
        verb, _, item = (sight.turn or "").rstrip(")").partition("(")
        if verb == macros.PREPARE and not self.recipes.dispensed(item):
            self._seen.append((tick, item))
        if old != new and new.holder == "plate" and len(new.contents) > max(1, len(old.contents)):
            self._seen.append((tick, macros.ASSEMBLE))
        while self._seen and self._seen[0][0] < tick - LATELY:
            self._seen.popleft()
        seen = {what for _, what in self._seen}
        self.assembles = macros.ASSEMBLE in seen
        self.makes = tuple(sorted(seen - {macros.ASSEMBLE}))

    def _options(self, observed: ObservedState, plans: list[OrderPlan]) -> list[Option]:
        if self.assembles:
            return [option for option in StateMachine._options(self, observed, plans) if self._is_mine(option)]
        options: list[Option] = []
        for food in self.makes:
            self.food = food
            options += super()._options(observed, plans)
        return options

    def _is_mine(self, option: Option) -> bool:
        verb, item = option.macro.verb, option.macro.item
        if verb in OF_DISHES and self.dishes.get(item, EVEN) < HARDLY:
            return False
        if verb != macros.PREPARE or (option.macro.plate and not self.recipes.dispensed(item)):
            return True  # what is about to burn is everyone's
        foods = self.recipes.foods_of(item) if item in self.recipes.spec.dishes else (item,)
        return any(self.recipes.into.get(food, food) in self.makes for food in foods)
