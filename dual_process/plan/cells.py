"""The cells that a plan can name."""

from __future__ import annotations

from brigade.agents.planning.recipes import Recipes

CENTRE = "centre"  # every counter in the middle of the kitchen


def standing_cells(recipes: Recipes) -> dict[str, int]:
    """The cells of the floor that chefs walk on, by name."""
    kitchen, grid = recipes.kitchen, recipes.grid
    walked = {grid.region[int(start)] for start in kitchen.layout.start}
    return {kitchen.cell_name(cell): cell for cell in range(grid.cells) if grid.region[cell] in walked}


def counters(recipes: Recipes) -> dict[str, tuple[int, ...]]:
    """The counters that chefs can put things on, by name, and all centre ones as `centre` where there are any."""
    kitchen, grid = recipes.kitchen, recipes.grid
    walked = {grid.region[int(start)] for start in kitchen.layout.start}
    named = {kitchen.cell_name(cell): (cell,) for cell in recipes.counters if walked & grid.regions_beside(cell)}
    centre = tuple(kitchen.number(*at) for at in kitchen.centre)
    return ({CENTRE: centre} if centre else {}) | named
