"""What a partner turns to next, as anyone can see it: no label that an agent keeps of itself is needed.

A chef's *turn* begins when it takes something into empty hands, or has a dish finished in them. What it took tells what
it sets out for, as a macro action: raw beef `prepare(cooked_beef)`, a plate `assemble()`, a finished dish `serve(...)`.
"""

from __future__ import annotations

from functools import lru_cache

from brigade.agents.planning import macro as macros
from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.recipes import Recipes, recipes_of
from brigade.envs.kitchen.content.layout import Kitchen

ASSEMBLE, CLEAR, FIRE = f"{macros.ASSEMBLE}()", f"{macros.CLEAR_COUNTER}()", f"{macros.PUT_OUT_FIRE}()"


@lru_cache(maxsize=256)
def turns_of(kitchen: Kitchen) -> tuple[str, ...]:
    """Every turn that there can be in a kitchen, as it is written."""
    recipes = recipes_of(kitchen)
    foods = [food for food in recipes.cookbook.foods if food in recipes.ways and recipes.wanted(food)]
    made = dict.fromkeys(recipes.into.get(food, food) for food in foods)
    turns = [f"{macros.PREPARE}({food})" for food in made]
    turns += [ASSEMBLE, *(f"{macros.SERVE}({dish})" for dish in recipes.spec.dishes)]
    turns += [f"{macros.PASS_ON}({food})" for food in foods if not recipes.dispensed(food)]
    return (*turns, CLEAR, FIRE)


def turn_of(before: ObservedState, now: ObservedState, seat: int, recipes: Recipes) -> str | None:
    """The turn that a chef began between two ticks, None if it began none."""
    old, new = before.chefs[seat].hand, now.chefs[seat].hand
    if old == new or new.index == 0:
        return None
    if new.dish is not None and new.dish != old.dish:
        return f"{macros.SERVE}({new.dish})"
    if old.index != 0:
        return None
    if new.holder == "tool":
        return FIRE
    if new.holder == "plate":
        return ASSEMBLE
    if new.holder != "food" or not recipes.wanted(new.name):
        return CLEAR
    if new.name in recipes.into:
        return f"{macros.PREPARE}({recipes.into[new.name]})"
    return f"{macros.PREPARE if recipes.dispensed(new.name) else macros.PASS_ON}({new.name})"


def turns_for(macro: Macro, recipes: Recipes) -> set[str]:
    """The turns, any of which may begin a macro action."""
    if macro.verb == macros.ASSEMBLE or macro.plate:
        return {ASSEMBLE}
    if macro.verb == macros.PREPARE and macro.item in recipes.spec.dishes:
        return {f"{macros.PREPARE}({recipes.into.get(food, food)})" for food in recipes.foods_of(macro.item)}
    if macro.verb == macros.PREPARE:
        return {f"{macros.PREPARE}({recipes.into.get(macro.item, macro.item)})"}
    return {str(macro)}
