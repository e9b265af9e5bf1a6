"""Kitchens in parts: who can use what, and what should be passed over to where it can be used."""

from __future__ import annotations

from collections import Counter

from brigade.agents.executor import Executor
from brigade.agents.needs import Plan
from brigade.agents.recipes import Recipes
from brigade.agents.scene import Scene
from brigade.envs.kitchen.cookbook import Kind


class Passing:
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

    def wanted(self, scene: Scene, plans: list[Plan]) -> list[str]:
        """Items to pass on, most urgent plan first: those I can lay hands on, and only others can use."""
        if not self.divided:
            return []
        found: list[str] = []
        plates = self._plates_about(scene)
        for plan in plans:
            dish = plan.order.dish
            if plan.finished:
                if plan.holder is None and self._mine(plan.cell) and self.mine not in self._hatch:
                    found.append(dish)
                continue
            if plan.plate is None:
                if plates > 0:
                    plates -= 1
                elif self.mine not in self._plate_goes(dish) and self._can_get(self.recipes.plate.name):
                    found.append(self.recipes.plate.name)
            for part in plan.parts:
                if part.food not in self.recipes.spec.dishes:
                    found.extend(self._for_part(part.food, part.state, part.cell, part.holder, dish))
        return found

    def in_hand(self, hand: Kind, dishes: list[str]) -> str | None:
        """What to call the thing in hand if it should be passed on, else None."""
        if not self.divided or hand.index == 0 or hand.holder == "tool":
            return None
        if hand.holder == "food":
            return hand.name if self.mine not in self._food_goes_any(hand.name, dishes) else None
        if not hand.contents:
            goes = {r for dish in dishes for r in self._plate_goes(dish)}
            return hand.name if goes and self.mine not in goes else None
        if hand.dish in dishes:
            return hand.dish if self.mine not in self._hatch else None
        if len(hand.contents) == 1 and self.mine not in self._hatch and not self.recipes.holdable(hand.contents[0]):
            return hand.contents[0]
        return None

    def _for_part(self, food: str, state: str, cell: int, holder: int | None, dish: str) -> list[str]:
        if holder is not None or state == "cooking":
            return []
        chain = self._chain(food)
        if state == "raw":
            source = chain[1] if len(chain) > 1 else food
            goes = self._food_goes(source, dish)
            return [source] if self._mine(cell) and self.mine not in goes and not self._arrived(cell, goes) else []
        if state == "ready":
            goes = self._food_goes(food, dish)
            return [food] if self._mine(cell) and self.mine not in goes and not self._arrived(cell, goes) else []
        for item in chain:
            goes = self._food_goes(item, dish)
            if self.mine in goes:
                return []  # I can use it: making it is `prepare`
            if self._can_get(item) and not any(self._region_gets(item, region) for region in goes):
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
        return bool(self.recipes.grid.regions_beside(cell) & goes)

    def _region_gets(self, item: str, region: int) -> bool:
        """Whether a chef in a region can make or take the item there without help."""
        for way in self.recipes.ways.get(item, []):
            here = region in self._beside[way.tile]
            if here and (way.source is None or self._region_gets(way.source, region)):
                return True
        return False

    def _can_get(self, item: str) -> bool:
        return self._region_gets(item, self.mine)

    def _food_goes(self, food: str, dish: str) -> set[int]:
        """Regions in which this food's next step towards a dish can be done."""
        whole = self.recipes.foods_of(dish)
        if food in whole:
            tile = self.recipes.vessel_of(dish)
            return self._beside[tile] if tile is not None else self._assembly(dish)
        return {r for way_to in self._steps_from(food) for r in self._beside[way_to]}

    def _food_goes_any(self, food: str, dishes: list[str]) -> set[int]:
        steps = {r for tile in self._steps_from(food) for r in self._beside[tile]}
        for dish in dishes:
            if food in self.recipes.foods_of(dish):
                steps |= self._food_goes(food, dish)
        return steps

    def _steps_from(self, food: str) -> list[str]:
        return [
            way.tile for made, ways in self.recipes.ways.items() for way in ways
            if way.source == food and self.recipes.wanted(made)
        ]  # fmt: skip

    def _assembly(self, dish: str) -> set[int]:
        """Where a dish is put together: at a hatch, if anyone stands there."""
        return self._hatch or self.regions

    def _plate_goes(self, dish: str) -> set[int]:
        """Regions that need an empty plate for a dish."""
        tile = self.recipes.vessel_of(dish)
        if tile is not None:
            return self._beside[tile]
        bound = [food for food in self.recipes.foods_of(dish) if not self.recipes.holdable(food)]
        tiles = [way.tile for food in bound for way in self.recipes.ways.get(food, [])]
        return {r for name in tiles for r in self._beside[name]} or self._assembly(dish)

    def _plates_about(self, scene: Scene) -> int:
        """Empty plates that lie or are held where plates are needed, or are on their way there."""
        name, grid = self.recipes.plate.name, self.recipes.grid
        held = sum(chef.hand.name == name for chef in scene.chefs)
        lying = [cell for cell, kind in scene.at.items() if kind.name == name]
        goes = Counter(r for order in scene.orders for r in self._plate_goes(order.dish))
        return held + sum(bool(grid.regions_beside(cell) & set(goes)) for cell in lying)
