"""The small steps that macro actions are made of: put down, fetch, obtain, bring through a process."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from brigade.agents.planning.reachability import ON_THE_WAY, Reachability
from brigade.agents.planning.recipes import Recipes, Way
from brigade.envs.kitchen.content.cookbook import Kind


class Use(NamedTuple):
    """Go and interact with this cell."""

    cell: int


class Rest(NamedTuple):
    """Wait, near a cell if one is given."""

    near: int | None = None


class Go(NamedTuple):
    """Walk to this cell of the floor."""

    cell: int


class Done(NamedTuple):
    """The macro action has reached what it was for."""


class Failed(NamedTuple):
    """It cannot go on; the reason is for people and prompts to read."""

    reason: str


Goal = Use | Rest | Go | Done | Failed


class Subgoals(Reachability):
    """What one chef's hands can do next; every method returns the goal for this tick.

    Args:
        recipes: of the kitchen.
        seat: which chef.
    """

    def __init__(self, recipes: Recipes, seat: int):
        super().__init__(recipes, seat)
        self._place: int | None = None  # where this macro action has put what it is making
        self._pending: int | None = None  # where it was about to put it

    def put_down(self, near: int | None = None, onward: float = ON_THE_WAY) -> Goal:
        """Put what is in hand on a counter."""
        cell = self.counter_near(near, onward)
        if cell is not None:
            return Use(cell)
        if self.recipes.bins and self.me.hand.holder == "food":
            bin_ = self.nearest(self.recipes.bins)
            if bin_ is not None:
                return Use(bin_)
        return Failed(f"no free counter to put the {self.me.hand.name} on")

    def fetch(self, name: str) -> Goal:
        """Have one of these in hand: pick up what lies about or take a fresh one, whichever is nearer."""
        if self.me.hand.index != 0:
            return self.put_down()
        cell = self.nearest([*self.loose(name), *self.dispensers(name)])
        return Use(cell) if cell is not None else Failed(f"no {name} within reach")

    def obtain(self, food: str) -> Goal:
        """Have a food in bare hands, making it if need be. Done when it is in hand."""
        hand = self.me.hand
        if hand.name == food:
            return Done()
        cell = self.nearest([*self.loose(food), *self.dispensers(food)])
        if cell is not None:
            return Use(cell) if hand.index == 0 else self.put_down(cell)
        return self._process(food)

    def _process(self, food: str) -> Goal:
        """Bring a food one step further through the process that makes it."""
        failed: Goal = Failed(f"no {food} within reach, and nothing here to make it of")
        for way in self.recipes.ways.get(food, []):
            if way.source is not None:
                goal = self._process_by(food, way, way.source)
                if not isinstance(goal, Failed):
                    return goal
                failed = goal
        return failed

    def _process_by(self, food: str, way: Way, source: str) -> Goal:
        hand = self.me.hand
        tiles = self.recipes.cells[way.tile]
        free = self.nearest(self.free(tiles))
        begun = [cell for cell in self.lying(source) if cell in tiles]
        if way.by_hand:
            begun = [cell for cell in begun if cell == self._place or not self.attended(cell)]
        if hand.name == source:
            if free is not None:
                self._pending = free
                return Use(free)
            return self._make_room(way)
        if begun and way.by_hand:
            self._place = self.nearest(begun) if self._place not in begun else self._place
            assert self._place is not None
            return Use(self._place) if hand.index == 0 else self.put_down(self._place)
        if free is None:
            return self._make_room(way)
        goal = self.obtain(source)
        return goal if not isinstance(goal, Done) else Use(free)

    def _onto_some_plate(self, cells: list[int]) -> Goal | None:
        """Take what lies on one of `cells` onto a plate: an empty one, else one on which it makes part of a dish."""
        at, hand, plate = self.observed.at, self.me.hand, self.recipes.plate
        cell = self.nearest(cell for cell in cells if self.recipes.effect(cell, plate, at[cell]))
        if cell is None or hand == plate:
            return Use(cell) if cell is not None else None
        empty = bool(self.loose(plate.name) or self.dispensers(plate.name))
        if hand.holder == "plate" and not empty:
            cell = self.nearest(cell for cell in cells if self._goes_onto(hand, cell))
            if cell is not None:
                return Use(cell)
        goal = self.fetch(plate.name)
        if not isinstance(goal, Failed) or hand.index != 0:
            return goal
        begun = (cell for cell, kind in at.items() if kind.holder == "plate" and self.recipes.bare(cell, kind))
        cell = self.nearest(place for place in begun if any(self._goes_onto(at[place], cell) for cell in cells))
        return Use(cell) if cell is not None else goal

    def _goes_onto(self, plate: Kind, cell: int) -> bool:
        """Whether a plate takes what lies on a cell, and what is then on it is part of a dish."""
        effect = self.recipes.effect(cell, plate, self.observed.at[cell])
        if effect is None:
            return False
        dishes = (Counter(self.recipes.foods_of(dish)) for dish in self.recipes.spec.dishes)
        return any(Counter(effect.hand.contents) <= foods for foods in dishes)

    def _make_room(self, way: Way) -> Goal:
        """Every tile is taken: if one holds something finished, put that on a counter, by hand or else on a plate.

        What somebody has begun there by hand and left is finished first.
        """
        at, recipes, hand = self.observed.at, self.recipes, self.me.hand
        ways = [(made, other) for made, ways in recipes.ways.items() for other in ways if other.tile == way.tile]
        worked_on = {other.source for made, other in ways if recipes.wanted(made)}
        burns = {other.source for made, other in ways if not recipes.wanted(made)}
        by_hand = {other.source for _, other in ways if other.by_hand}
        taken = [cell for cell in recipes.cells[way.tile] if cell in at and self._reach[cell]]
        finished = [cell for cell in taken if at[cell].name not in worked_on]
        full = self.counter_near(None) is None
        if full and hand.holder not in ("nothing", "plate"):
            return Failed(f"every {way.tile} is in use")
        cell = self.nearest(cell for cell in finished if recipes.bare(cell, at[cell]) and not full)
        if cell is not None:
            return Use(cell) if hand.index == 0 else self.put_down(cell)
        goal = self._onto_some_plate([cell for cell in finished if at[cell].name not in burns])
        if goal is not None and not (
            full and isinstance(goal, Use) and goal.cell in self.dispensers(recipes.plate.name)
        ):
            return goal
        if full:
            return Failed(f"every {way.tile} is in use")
        cell = self.nearest(cell for cell in taken if at[cell].name in by_hand and not self.attended(cell))
        if cell is not None:
            return Use(cell) if hand.index == 0 else self.put_down(cell)
        return Failed(f"every {way.tile} is in use")
