"""Plans: what a language model may ask of System 1. All of it is parsed and checked, nothing evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from brigade.agents.planning.macro import ABOUT, ASSEMBLE, PREPARE, SERVE, Macro, parse_macro
from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.guard.language import Guard, parse_guard
from brigade.envs.registry import BrigadeError, nearest

MAX_TASKS = 12
MAX_TEXT = 400  # characters of one task that are looked at
LEAVABLE = (PREPARE, ASSEMBLE, SERVE)


@dataclass(frozen=True)
class Task:
    """One thing to do next: an order to work on, or a macro action, once its guard holds.

    Attributes:
        order: a dish, or empty.
        do: a macro action, or None.
        when: the guard, or None for always.
    """

    order: str = ""
    do: Macro | None = None
    when: Guard | None = None

    def __str__(self) -> str:
        what = self.order or str(self.do)
        return f"{what} when {self.when.text}" if self.when is not None else what


@dataclass(frozen=True)
class Leave:
    """Something to leave to the partner for as long as this plan stands: a verb, with an item or for all."""

    verb: str
    item: str = ""

    def __str__(self) -> str:
        return f"leave {self.verb}({self.item})"

    def covers(self, macro: Macro) -> bool:
        """Whether a macro action is among what is left to the partner."""
        return macro.verb == self.verb and self.item in ("", macro.item)


@dataclass(frozen=True)
class Plan:
    """What System 2 asks of System 1.

    Attributes:
        rationale: a sentence, for people.
        tasks: to be done in this order, then back to the default.
        leaves: what the partner is expected to do.
        message: to say to the partner, or empty.
        dropped: what could not be used, with the reason.
    """

    rationale: str = ""
    tasks: tuple[Task, ...] = ()
    leaves: tuple[Leave, ...] = ()
    message: str = ""
    dropped: tuple[tuple[str, str], ...] = ()


def parse_tasks(entries: Sequence[object], recipes: Recipes) -> tuple[list[Task], list[Leave], list[tuple[str, str]]]:
    """Read a list of tasks as a language model wrote it.

    Args:
        entries: each a dish, a macro action, or an object with `do` or `leave` and perhaps `when`.
        recipes: of the kitchen.

    Returns:
        The tasks, what is to be left to the partner, and what was dropped with the reason.
    """
    tasks: list[Task] = []
    leaves: list[Leave] = []
    dropped: list[tuple[str, str]] = []
    for entry in entries[:MAX_TASKS]:
        try:
            made = _read(entry, recipes)
        except BrigadeError as error:
            dropped.append((_short(entry), str(error)[:MAX_TEXT]))
            continue
        if isinstance(made, Leave):
            leaves.append(made)
        else:
            tasks.append(made)
    dropped += [(_short(entry), f"more than {MAX_TASKS} tasks") for entry in entries[MAX_TASKS : MAX_TASKS + 3]]
    return tasks, leaves, dropped


def _read(entry: object, recipes: Recipes) -> Task | Leave:
    if isinstance(entry, str):
        return _what(entry, None, recipes)
    if not isinstance(entry, dict):
        raise BrigadeError(f"a task is a dish, a macro action or an object, not {type(entry).__name__}")
    unknown_keys = set(entry) - {"do", "when", "leave"}
    if unknown_keys or ("do" in entry) == ("leave" in entry):
        raise BrigadeError("a task has either 'do' or 'leave', and perhaps 'when'")
    if "leave" in entry:
        return _leave(entry["leave"], recipes)
    when = entry.get("when")
    guard = None
    if when not in (None, "", "true", "always"):
        foods = [*recipes.cookbook.foods, *recipes.spec.tools, recipes.plate.name, *recipes.spec.dishes]
        guard = parse_guard(when, items=foods, dishes=list(recipes.spec.dishes))
    return _what(entry["do"], guard, recipes)


def _what(text: object, guard: Guard | None, recipes: Recipes) -> Task:
    if not isinstance(text, str):
        raise BrigadeError(f"'do' is text, not {type(text).__name__}")
    text = text.strip()[:MAX_TEXT]
    if text in recipes.kitchen.order_dishes:
        return Task(order=text, when=guard)
    if "(" not in text:
        raise BrigadeError(f"'{text[:60]}' is neither a dish nor a macro action; {nearest(text, _known(recipes))}")
    return Task(do=parse_macro(text, recipes), when=guard)


def _leave(text: object, recipes: Recipes) -> Leave:
    if not isinstance(text, str):
        raise BrigadeError(f"'leave' is text, not {type(text).__name__}")
    verb = text.strip()[:MAX_TEXT].removesuffix("()")
    if verb in LEAVABLE:
        return Leave(verb)
    macro = parse_macro(text.strip()[:MAX_TEXT], recipes)
    if macro.verb not in LEAVABLE:
        raise BrigadeError(f"{macro.verb} cannot be left to the partner; only {', '.join(LEAVABLE)} can")
    return Leave(macro.verb, macro.item)


def _known(recipes: Recipes) -> list[str]:
    return [*recipes.kitchen.order_dishes, *(f"{verb}(...)" for verb in ABOUT)]


def _short(entry: object) -> str:
    text = repr(entry)
    return text if len(text) <= 120 else text[:117] + "..."
