"""The JSON schema of a plan for one kitchen: macro actions, items, dishes and cells are enumerations of what it has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from brigade.agents.planning.macro import CLEAR_COUNTER, PREPARE, PUT_OUT_FIRE, Macro, items_for, macros_about_items
from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.guard import language
from brigade.dual_process.plan.cells import counters, standing_cells
from brigade.dual_process.plan.reading import (
    LEAVABLE,
    MAX_NUMBER,
    MAX_STATEMENTS,
    MAX_STOCK,
    MAX_WAIT,
    WHOSE,
    putable,
)

MAX_WORDS = 400  # characters of a sentence
WHEN = {"type": ["string", "null"], "maxLength": language.MAX_TEXT}
GUARD = {"type": "string", "maxLength": language.MAX_TEXT}


def choice(words: Sequence[str]) -> dict[str, Any]:
    """The schema of one of some words."""
    return {"type": "string", "enum": list(words)}


def number(most: int) -> dict[str, Any]:
    """The schema of a whole number from 1."""
    return {"type": "integer", "minimum": 1, "maximum": most}


def form(**properties: Any) -> dict[str, Any]:
    """The schema of an object that has exactly these fields."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


@lru_cache(maxsize=64)
def macro_texts(recipes: Recipes) -> tuple[str, ...]:
    """Every macro action that a kitchen knows, as it is written, but for those that wait."""
    macros = [macro for macro in macros_about_items(recipes) if is_of_use(macro.item, recipes)]
    macros.sort(key=lambda macro: macro.plate)
    return tuple(str(macro) for macro in [*macros, Macro(CLEAR_COUNTER), Macro(PUT_OUT_FIRE)])


def useful_foods(recipes: Recipes) -> list[str]:
    """Foods that can be had here and that some dish has in it, or something made of them."""
    return [food for food in recipes.cookbook.foods if food in recipes.ways and recipes.wanted(food)]


def is_of_use(item: str, recipes: Recipes) -> bool:
    """Whether an item leads to a dish that is ordered here."""
    return item in (recipes.plate.name, *recipes.kitchen.order_dishes, *useful_foods(recipes))


@lru_cache(maxsize=64)
def plan_schema(recipes: Recipes) -> dict[str, Any]:
    """The schema of a whole answer: rationale, plan, message. Not to be changed: every request shares it."""
    plan = {"type": "array", "maxItems": MAX_STATEMENTS, "items": {"anyOf": statement_schemas(recipes)}}
    return form(
        rationale={"type": "string", "maxLength": MAX_WORDS},
        plan=plan,
        message={"type": ["string", "null"], "maxLength": MAX_WORDS},
    )


def statement_schemas(recipes: Recipes) -> list[dict[str, Any]]:
    """A schema for each kind of statement that makes sense in a kitchen."""
    macros = macro_texts(recipes)
    stock = [item for item in items_for(PREPARE, recipes) if is_of_use(item, recipes)]
    things = [item for item in putable(recipes) if is_of_use(item, recipes)]
    leaves = [*LEAVABLE, *(text for text in macros if text.split("(")[0] in LEAVABLE and "plate=" not in text)]
    forms = [
        form(do=choice([*recipes.kitchen.order_dishes, *macros]), when=WHEN, now={"type": "boolean"}),
        form(whenever=GUARD, do=choice(macros)),
        form(keep=choice(stock), ready=number(MAX_STOCK), when=WHEN),
        form(wait=number(MAX_WAIT), when=WHEN),
        form(wait_until=GUARD),
        form(stand_at=choice(list(standing_cells(recipes))), when=WHEN),
        form(put=choice(things), at=choice(list(counters(recipes))), when=WHEN),
        form(order=number(MAX_NUMBER), **{"is": choice(WHOSE)}, when=WHEN),
    ]
    return forms if recipes.kitchen.chefs == 1 else [*forms, form(leave=choice(leaves), when=WHEN)]
