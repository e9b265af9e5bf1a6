"""Macro actions: the words in which state machines, programs and language models say what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from brigade.agents.planning.recipes import Recipes
from brigade.envs.registry import BrigadeError, nearest, unknown

PREPARE, ASSEMBLE, SERVE, PASS_ON, PUT_OUT_FIRE, CLEAR_COUNTER, WAIT = (
    "prepare", "assemble", "serve", "pass_on", "put_out_fire", "clear_counter", "wait",
)  # fmt: skip

STAND = "stand_at"  # with the name of a cell for its item; only plans ask for it
PUT_DOWN = "put_down"  # what is in hand, where others can take it; only the state machine does it, when it is idle

ABOUT = {
    PREPARE: "prepare(item, plate=False): get one more of a food ready, or a pot filled; with plate, onto a plate",
    ASSEMBLE: "assemble(dish): put the dish together on a plate from what is ready",
    SERVE: "serve(dish): carry the finished dish to the hatch",
    PASS_ON: "pass_on(item): put it on a counter that the partner can reach",
    PUT_OUT_FIRE: "put_out_fire(): fetch the extinguisher and put out the nearest fire",
    CLEAR_COUNTER: "clear_counter(): throw away what is of no use",
    WAIT: "wait(ticks): stand still",
}


@dataclass(frozen=True)
class Macro:
    """One macro action.

    Attributes:
        verb: one of the words above.
        item: the food, plate or dish it is about; empty for those that have none.
        plate: for `prepare`: onto a plate as well.
        ticks: for `wait`.
    """

    verb: str
    item: str = ""
    plate: bool = False
    ticks: int = 0

    def __str__(self) -> str:
        arguments = [self.item] if self.item else []
        if self.plate:
            arguments.append("plate=True")
        if self.verb == WAIT:
            arguments.append(str(self.ticks))
        return f"{self.verb}({', '.join(arguments)})"


def parse_macro(text: str, recipes: Recipes) -> Macro:
    """Read a macro action from what a person or a model wrote. Nothing is evaluated.

    Raises:
        BrigadeError: not of the form `verb(arguments)`, an unknown verb, or an item the cookbook does not have.
    """
    match = re.fullmatch(r"\s*([a-z_]{1,32})\s*\(\s*([^()]{0,128}?)\s*\)\s*", text)
    if match is None:
        raise BrigadeError(f"'{text[:80]}' is not a macro action; expected for example prepare(cooked_beef)")
    verb, inside = match.groups()
    if verb not in ABOUT:
        raise unknown("macro action", verb, ABOUT)
    arguments = [part.strip().strip("'\"") for part in inside.split(",")] if inside else []
    plate = False
    for argument in list(arguments):
        if re.fullmatch(r"plate\s*=\s*([Tt]rue|[Ff]alse)", argument):
            plate = argument.lower().endswith("true")
            arguments.remove(argument)
    if verb in (PUT_OUT_FIRE, CLEAR_COUNTER):
        return _no_arguments(verb, arguments)
    if len(arguments) != 1:
        raise BrigadeError(f"{verb} takes one argument, got {len(arguments)}: {ABOUT[verb]}")
    if verb == WAIT:
        if not re.fullmatch(r"\d{1,4}", arguments[0]):
            raise BrigadeError(f"wait takes a number of ticks, got '{arguments[0][:40]}'")
        return Macro(WAIT, ticks=int(arguments[0]))
    _check_item(verb, arguments[0], recipes)
    return Macro(verb, arguments[0], plate=plate and verb == PREPARE)


def items_for(verb: str, recipes: Recipes) -> list[str]:
    """What a macro action can be about in this kitchen."""
    dishes = list(recipes.spec.dishes)
    if verb in (ASSEMBLE, SERVE):
        return dishes
    foods = [food for food in recipes.cookbook.foods if food in recipes.ways]
    vessels = [dish for dish in dishes if recipes.vessel_of(dish)]
    if verb == PREPARE:
        return [*foods, *vessels]
    return [*foods, recipes.plate.name, *dishes] if verb == PASS_ON else []


def macros_about_items(recipes: Recipes) -> list[Macro]:
    """Every macro action about an item that there is in this kitchen."""
    return [
        Macro(verb, item, plate=plate)
        for verb in ABOUT
        for item in items_for(verb, recipes)
        for plate in ((False, True) if verb == PREPARE and item in recipes.cookbook.foods else (False,))
    ]


def _no_arguments(verb: str, arguments: list[str]) -> Macro:
    if arguments:
        raise BrigadeError(f"{verb} takes no arguments, got {', '.join(arguments)[:80]}")
    return Macro(verb)


def _check_item(verb: str, item: str, recipes: Recipes) -> None:
    known = items_for(verb, recipes)
    if item not in known:
        raise BrigadeError(f"{verb}: unknown item '{item[:40]}'; {nearest(item, known)}")
