"""Reading a plan as a model, a file or a person wrote it. All of it is parsed and checked, nothing evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from brigade.agents.planning.macro import ABOUT, ASSEMBLE, PREPARE, SERVE, items_for, parse_macro
from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.guard.language import Guard, parse_guard
from brigade.dual_process.plan.cells import counters, standing_cells
from brigade.dual_process.plan.statements import Do, Keep, Leave, OrderOf, Put, Stand, Statement, Wait, Whenever, Whose
from brigade.envs.registry import BrigadeError, nearest, unknown

MAX_STATEMENTS = 12
MAX_TEXT = 400  # characters of one text that are looked at
MAX_STOCK = 9  # of one item
MAX_WAIT = 999  # ticks
MAX_NUMBER = 9999  # of an order
LEAVABLE = (PREPARE, ASSEMBLE, SERVE)
WHOSE: tuple[Whose, ...] = ("mine", "yours", "drop")
ALWAYS = (None, "", "true", "always")  # ways to say that there is no guard

Dropped = list[tuple[str, str]]
Read = Callable[[Mapping[str, Any], Guard | None, Recipes], Statement]


def read_statements(entries: Sequence[object], recipes: Recipes) -> tuple[list[Statement], Dropped]:
    """Read the statements of a plan.

    Args:
        entries: each an object such as `statement_schemas` describes; a text is short for `{"do": text}`.
        recipes: of the kitchen.

    Returns:
        The statements, and what was dropped with the reason.
    """
    made: list[Statement] = []
    dropped: Dropped = []
    for entry in entries[:MAX_STATEMENTS]:
        try:
            statement = read_statement(entry, recipes)
            _no_contradiction(statement, made)
        except BrigadeError as error:
            dropped.append((_short(entry), str(error)[:MAX_TEXT]))
        else:
            made.append(statement)
    more = entries[MAX_STATEMENTS:]
    if more:
        dropped.append((_short(more[0]), f"more than {MAX_STATEMENTS} statements; {len(more)} were left out"))
    return made, dropped


def read_statement(entry: object, recipes: Recipes) -> Statement:
    """Read one statement.

    Raises:
        BrigadeError: it is none, with what was expected.
    """
    if isinstance(entry, str):
        entry = {"do": entry}
    if not isinstance(entry, dict):
        raise BrigadeError(f"a statement is an object or a macro action, not {type(entry).__name__}")
    given = {key: value for key, value in entry.items() if value is not None}
    kind = next((kind for kind in _FORMS if kind in given), None)
    if kind is None:
        raise unknown("statement", next((str(key)[:60] for key in given), "{}"), _FORMS)
    fields, read = _FORMS[kind]
    if not set(given) <= fields:
        odd = ", ".join(sorted(str(key)[:60] for key in set(given) - fields))
        raise BrigadeError(f"'{kind}' is written with {', '.join(sorted(fields))}; got {odd} as well")
    return read(given, None if kind == "whenever" else _guard(given.get("when"), recipes), recipes)


def _do(given: Mapping[str, Any], when: Guard | None, recipes: Recipes) -> Do:
    text, now = _text(given, "do"), given.get("now", False)
    if not isinstance(now, bool):
        raise BrigadeError(f"'now' is true or false, not {type(now).__name__}")
    if text in recipes.kitchen.order_dishes:
        return Do(dish=text, now=now, when=when)
    if "(" not in text:
        known = [*recipes.kitchen.order_dishes, *(f"{verb}(...)" for verb in ABOUT)]
        raise BrigadeError(f"'{text[:60]}' is neither a dish nor a macro action; {nearest(text, known)}")
    return Do(macro=parse_macro(text, recipes), now=now, when=when)


def _whenever(given: Mapping[str, Any], when: Guard | None, recipes: Recipes) -> Whenever:
    guard = _guard(given["whenever"], recipes)
    if guard is None:
        raise BrigadeError("'whenever' is a condition")
    return Whenever(macro=parse_macro(_text(given, "do"), recipes), when=guard)


def _keep(given: Mapping[str, Any], when: Guard | None, recipes: Recipes) -> Keep:
    item = _one_of("item", _text(given, "keep"), items_for(PREPARE, recipes))
    return Keep(item=item, count=_integer(given, "ready", MAX_STOCK), when=when)


def _order(given: Mapping[str, Any], when: Guard | None, recipes: Recipes) -> OrderOf:
    whose = next((word for word in WHOSE if word == given.get("is")), None)
    if whose is None:
        raise BrigadeError(f"'is' says whose the order is: {', '.join(WHOSE)}")
    return OrderOf(number=_integer(given, "order", MAX_NUMBER), whose=whose, when=when)


def _leave(given: Mapping[str, Any], when: Guard | None, recipes: Recipes) -> Leave:
    text = _text(given, "leave")
    verb = text.removesuffix("()")
    if verb in LEAVABLE:
        return Leave(verb=verb, when=when)
    macro = parse_macro(text, recipes)
    if macro.verb not in LEAVABLE:
        raise BrigadeError(f"{macro.verb} cannot be left to the partner; only {', '.join(LEAVABLE)} can")
    return Leave(verb=macro.verb, item=macro.item, when=when)


def _wait(given: Mapping[str, Any], when: Guard | None, recipes: Recipes) -> Wait:
    return Wait(ticks=_integer(given, "wait", MAX_WAIT), when=when)


def _wait_until(given: Mapping[str, Any], when: Guard | None, recipes: Recipes) -> Wait:
    until = _guard(given["wait_until"], recipes)
    if until is None:
        raise BrigadeError("'wait_until' is a condition")
    return Wait(until=until, when=when)


def _stand(given: Mapping[str, Any], when: Guard | None, recipes: Recipes) -> Stand:
    cells = standing_cells(recipes)
    name = _one_of("cell of the floor", _text(given, "stand_at").upper(), cells)
    return Stand(cell=cells[name], name=name, when=when)


def _put(given: Mapping[str, Any], when: Guard | None, recipes: Recipes) -> Put:
    item = _one_of("item", _text(given, "put"), putable(recipes))
    cells, text = counters(recipes), _text(given, "at")
    name = _one_of("counter", text if text in cells else text.upper(), cells)
    return Put(item=item, cells=cells[name], name=name, when=when)


def putable(recipes: Recipes) -> list[str]:
    """What can be put down: foods that there are, plates, dishes that are ordered."""
    return [food for food in recipes.cookbook.foods if food in recipes.ways] + [
        recipes.plate.name,
        *recipes.kitchen.order_dishes,
    ]


_FORMS: dict[str, tuple[frozenset[str], Read]] = {
    "whenever": (frozenset({"whenever", "do"}), _whenever),
    "do": (frozenset({"do", "when", "now"}), _do),
    "keep": (frozenset({"keep", "ready", "when"}), _keep),
    "order": (frozenset({"order", "is", "when"}), _order),
    "leave": (frozenset({"leave", "when"}), _leave),
    "wait": (frozenset({"wait", "when"}), _wait),
    "wait_until": (frozenset({"wait_until", "when"}), _wait_until),
    "stand_at": (frozenset({"stand_at", "when"}), _stand),
    "put": (frozenset({"put", "at", "when"}), _put),
}  # fmt: skip


def _guard(text: object, recipes: Recipes) -> Guard | None:
    if text in ALWAYS:
        return None
    foods = [*recipes.cookbook.foods, *recipes.spec.tools, recipes.plate.name, *recipes.spec.dishes]
    return parse_guard(text, items=foods, dishes=list(recipes.spec.dishes))


def _no_contradiction(statement: Statement, made: Sequence[Statement]) -> None:
    """Raises where a statement says the opposite of an earlier one."""
    for other in made:
        of_orders = isinstance(statement, OrderOf) and isinstance(other, OrderOf) and statement.number == other.number
        if of_orders and str(statement) != str(other):
            raise BrigadeError(f"contradicts '{other}'")
        for leave, does in ((statement, other), (other, statement)):
            if isinstance(leave, Leave) and leave.when is None and does.when is None:
                macro = does.macro if isinstance(does, Do) else None
                if macro is not None and leave.covers(macro):
                    raise BrigadeError(f"contradicts '{other}'")


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str):
        raise BrigadeError(f"'{key}' is text, not {type(value).__name__}" if key in given else f"'{key}' is missing")
    return value.strip()[:MAX_TEXT]


def _integer(given: Mapping[str, Any], key: str, most: int) -> int:
    value = given.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise BrigadeError(f"'{key}' is a whole number from 1 to {most}, got {_short(value)}")
    return value


def _one_of(what: str, name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    if name not in known:
        raise unknown(what, name[:60], known)
    return name


def _short(entry: object) -> str:
    text = repr(entry)
    return text if len(text) <= 120 else text[:117] + "..."
