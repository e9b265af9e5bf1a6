"""Kitchens in parts: who can use what, and what should be passed over to where it can be used."""

from __future__ import annotations

from brigade.agents.planning.executor import Executor
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.order_planning import OrderPlan, Part
from brigade.agents.planning.recipes import Recipes
from brigade.envs.kitchen.content.cookbook import Kind


class Handover:
    """Decides what to pass on, for a chef in a kitchen whose floor is in several parts.

    Args:
        recipes: of the kitchen.
        executor: of the chef.
    """

    def __init__(self, recipes: Recipes, executor: Executor):
        self.recipes, self.executor = recipes, executor
        grid, starts = recipes.grid, recipes.kitchen.layout.start.tolist()
        self.mine = executor.region
        self.regions = {grid.region[cell] for cell in starts}
        self.divided = len(self.regions) > 1
        self._beside = {
            name: {r for cell in cells for r in grid.regions_beside(cell)} & self.regions
            for name, cells in recipes.cells.items()
        }
        self._hatch = {r for cell in recipes.hatches for r in grid.regions_beside(cell)} & self.regions
        self._nothing_must_cross = all(self._have_plates({r}) and r in self._hatch for r in self.regions)

    def wanted(self, observed: ObservedState, plans: list[OrderPlan]) -> list[str]:
        """Items to pass on, most urgent plan first: those I can lay hands on, and only others can use."""
        self.executor.look(observed)
        if not self.divided or not self.executor.free(self.executor.shared_counters()):
            return []
        found: list[str] = []
        plates = self._empty_plates(observed)
        soonest = next((plan for plan in plans if not plan.finished), None)
        awaited = soonest is not None and any(self._is_to_come(part, soonest) for part in soonest.parts)
        first = next((plan for plan in plans if self._wants_plate(plan)), None)
        for plan in plans:
            dish = plan.order.dish
            if plan.finished:
                if self._waits_here(plan):
                    found.append(dish)
                continue
            if plan.plate is not None and len(plan.plate.contents) == 1 and self._waits_here(plan):
                found.append(plan.plate.contents[0])
            if self._wants_plate(plan) and self._plate_due(plan, first) and self._plate_missing(plan, plates):
                found.append(self.recipes.plate.name)
            for part in plan.parts:
                if part.food in self.recipes.spec.dishes:
                    continue
                if not self._crowded(observed, self._room_for(part, plan, plan is soonest, awaited)):
                    found.extend(self._for_part(part, plan))
        return found

    def in_hand(self, observed: ObservedState, hand: Kind, plans: list[OrderPlan]) -> str | None:
        """What to call the thing in hand if it should be passed on, else None."""
        if not self.divided or hand.index == 0 or hand.holder == "tool":
            return None
        if hand.holder == "food":
            goes = self._food_goes_any(hand.name, plans)
            return hand.name if goes and self.mine not in goes and not self._crowded(observed) else None
        if not hand.contents:
            goes = {r for plan in plans if self._wants_plate(plan) for r in self._plate_goes(plan)}
            return hand.name if goes and self.mine not in goes else None
        if hand.dish is not None and any(plan.order.dish == hand.dish for plan in plans):
            return hand.dish if self.mine not in self._hatch else None
        if len(hand.contents) == 1 and self.mine not in self._hatch and not self.recipes.holdable(hand.contents[0]):
            return hand.contents[0]
        return None

    def take_over(self, observed: ObservedState, plans: list[OrderPlan]) -> list[str]:
        """Foods that were passed to this part of the kitchen, while there is no room to pass anything else over."""
        if not self.divided:
            return []
        self.executor.look(observed)
        shared = self.executor.shared_counters()
        full = all(cell in observed.at for cell in shared)
        if not (full or self._crowded(observed)) or not self.executor.counters_of_its_own():
            return []
        foods = [
            observed.at[cell].name for cell in shared if cell in observed.at and observed.at[cell].holder == "food"
        ]
        return [food for food in dict.fromkeys(foods) if self.mine in self._food_goes_any(food, plans)]

    def _waits_here(self, plan: OrderPlan) -> bool:
        """Whether a plan's plate lies where I can take it up, and is needed where I cannot go."""
        if plan.holder is not None or not self._mine(plan.cell):
            return False
        return self.mine not in self._hatch and not self._arrived(plan.cell, self._hatch)

    def plate_is_for_here(self, plan: OrderPlan) -> bool:
        """Whether an empty plate for this plan is of use in this part of the kitchen."""
        return not self.divided or self.mine in self._plate_goes(plan)

    def _crowded(self, observed: ObservedState, keep: int = 1) -> bool:
        """Whether food passed on now would take one of the last `keep` counters, which what is urgent needs."""
        if self._nothing_must_cross:
            return False
        shared = self.executor.shared_counters()
        return sum(cell not in observed.at for cell in shared) <= min(keep, len(shared) - 1)

    def _room_for(self, part: Part, plan: OrderPlan, soonest: bool, awaited: bool) -> int:
        """How many counters between are to stay free when a part is passed on: fewer, the sooner it is of use."""
        if not soonest:
            return 2 if awaited else 1
        return 0 if self._is_last(part, plan) else 1

    def _is_last(self, last: Part, plan: OrderPlan) -> bool:
        """Whether a dish can be put together once this part is there too."""
        goes = self._food_goes(last.food, plan)
        plate = self._arrived(plan.cell, goes) if plan.plate is not None else self._have_plates(goes)
        others = [part for part in plan.parts if part is not last]
        return plate and all(self._is_there(part, goes) for part in others)

    def _is_there(self, part: Part, goes: set[int]) -> bool:
        if self.recipes.dispensed(part.food):
            return any(self._region_gets(part.food, region) for region in goes)
        return part.state == "ready" and self._arrived(part.cell, goes)

    def _is_to_come(self, part: Part, plan: OrderPlan) -> bool:
        """Whether a part is needed where I cannot go, is not there yet, and cannot be had there."""
        if part.food in self.recipes.spec.dishes:
            return False
        goes = self._food_goes(part.food, plan)
        there = self._arrived(part.cell, goes) or any(self._region_gets(part.food, region) for region in goes)
        return self.mine not in goes and not there

    def _plate_due(self, plan: OrderPlan, first: OrderPlan | None) -> bool:
        """Whether a plan needs its plate by now: what is in its pot cooks, or it must be ready before cooking."""
        if self.recipes.vessel_of(plan.order.dish) is not None:
            return any(part.state in ("ready", "cooking") for part in plan.parts[:1])
        holds_up = (p for p in plan.parts if p.state == "ready" and not self.recipes.holdable(p.food))
        return plan is first or any(part.cell >= 0 and self.recipes.works_at(part.cell) for part in holds_up)

    def _plate_missing(self, plan: OrderPlan, plates: list[set[int]]) -> bool:
        """Whether I should pass on an empty plate for a plan; takes from `plates` those that are there already."""
        goes = self._plate_goes(plan)
        for regions in plates:
            if regions & goes:
                plates.remove(regions)
                return False
        name = self.recipes.plate.name
        return self.mine not in goes and self._lacks_plates(goes, plan) and self._can_get(name)

    def _for_part(self, part: Part, plan: OrderPlan) -> list[str]:
        if part.holder is not None or part.state == "cooking":
            return []
        chain = self._chain(part.food)
        if part.state != "missing":
            item = part.food if part.state == "ready" or len(chain) == 1 else chain[1]
            goes = self._food_goes(item, plan)
            useful = self.mine not in goes and not self._arrived(part.cell, goes)
            return [item] if self._mine(part.cell) and useful else []
        for item in chain:
            goes = self._food_goes(item, plan)
            if self.mine in goes and self._can_take(item, self.mine):
                if self._can_get(item):
                    return []  # making it is `prepare`
                continue  # others make it, perhaps of what I can pass on
            if (
                self._can_get(item)
                and self._can_take(item, self.mine)
                and not any(self._region_gets(item, region) for region in goes)
            ):
                return [item]
        return []

    def _chain(self, food: str) -> list[str]:
        """A food and what it is made of, backwards to what is dispensed."""
        chain = [food]
        while True:
            source = next((way.source for way in self.recipes.ways.get(chain[-1], []) if way.source), None)
            if source is None or source in chain:
                return chain
            chain.append(source)

    def _mine(self, cell: int) -> bool:
        return cell >= 0 and self.executor.reachable(cell)

    def _arrived(self, cell: int, goes: set[int]) -> bool:
        return cell >= 0 and bool(self.recipes.grid.regions_beside(cell) & goes)

    def _region_gets(self, item: str, region: int) -> bool:
        """Whether a chef in a region can make or take the item there without help."""
        for way in self.recipes.ways.get(item, []):
            here = region in self._beside[way.tile]
            if here and (way.source is None or self._region_gets(way.source, region)):
                return True
        return False

    def _can_get(self, item: str) -> bool:
        return self._region_gets(item, self.mine)

    def _food_goes(self, food: str, plan: OrderPlan) -> set[int]:
        """Regions in which this food's next step towards a dish can be done."""
        dish = plan.order.dish
        if food in self.recipes.foods_of(dish):
            if plan.vessel is not None:
                return self.recipes.grid.regions_beside(plan.vessel) & self.regions
            tile = self.recipes.vessel_of(dish)
            return self._beside[tile] if tile is not None else self._assembly()
        return self._steps_in(food)

    def _steps_in(self, food: str) -> set[int]:
        """Regions with a tile that makes something of this food; rather those where it can be taken off again."""
        regions: set[int] = set()
        useful: set[int] = set()
        for made, ways in self.recipes.ways.items():
            for way in ways:
                if way.source == food and self.recipes.wanted(made):
                    regions |= self._beside[way.tile]
                    useful |= {r for r in self._beside[way.tile] if self._can_take(made, r)}
        return useful or regions

    def _can_take(self, food: str, region: int) -> bool:
        return self.recipes.holdable(food) or self._region_gets(self.recipes.plate.name, region)

    def _food_goes_any(self, food: str, plans: list[OrderPlan]) -> set[int]:
        steps = self._steps_in(food)
        for plan in plans:
            if food in self.recipes.foods_of(plan.order.dish):
                steps |= self._food_goes(food, plan)
        return steps

    def _assembly(self) -> set[int]:
        """Where dishes are put together: at a hatch, if anyone stands there."""
        return self._hatch or self.regions

    def _plate_goes(self, plan: OrderPlan) -> set[int]:
        """Regions in which an empty plate is needed for a plan: rather where nobody has plates."""
        places = self._plate_places(plan)
        return next((regions for regions in places if self._lacks_plates(regions, plan)), places[0])

    def _wants_plate(self, plan: OrderPlan) -> bool:
        """Whether a plan has no plate, or something that only a plate can take up lies where its plate is not."""
        if plan.plate is None or self.recipes.vessel_of(plan.order.dish) is not None:
            return plan.plate is None
        bound = any(not self.recipes.holdable(part.food) for part in plan.parts)
        return bound and any(self._lacks_plates(regions, plan) for regions in self._plate_places(plan))

    def _lacks_plates(self, regions: set[int], plan: OrderPlan) -> bool:
        return not self._have_plates(regions) and not self._arrived(plan.cell, regions)

    def _plate_places(self, plan: OrderPlan) -> list[set[int]]:
        """For each thing that only a plate can take up: the regions where it is, else those where it will be made."""
        grid, works_at = self.recipes.grid, self.recipes.works_at
        bound = [part for part in plan.parts if not self.recipes.holdable(part.food)]
        cells = [p.cell for p in bound if p.state in ("ready", "cooking") and p.cell >= 0 and works_at(p.cell)]
        if plan.vessel is not None:
            cells.append(plan.vessel)
        if cells:
            return [grid.regions_beside(cell) & self.regions for cell in cells]
        tile = self.recipes.vessel_of(plan.order.dish)
        if tile is not None:
            return [self._beside[tile]]
        to_make = [{r for way in self.recipes.ways.get(p.food, []) for r in self._beside[way.tile]} for p in bound]
        return [regions for regions in to_make if regions] or [self._assembly()]

    def _have_plates(self, regions: set[int]) -> bool:
        return any(self._region_gets(self.recipes.plate.name, region) for region in regions)

    def _empty_plates(self, observed: ObservedState) -> list[set[int]]:
        """For each empty plate that lies about or is held: the regions that can reach it."""
        name, grid = self.recipes.plate.name, self.recipes.grid
        held = [{grid.region[chef.cell]} for chef in observed.chefs if chef.hand.name == name]
        return held + [grid.regions_beside(cell) for cell, kind in observed.at.items() if kind.name == name]
