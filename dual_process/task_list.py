"""Task lists, in which the paper's frameworks say what to do (arXiv 2502.11882): parsed, checked, never evaluated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from brigade.agents.planning.macro import ABOUT, SERVE, Macro, parse_macro
from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.facts import StateFacts
from brigade.dual_process.guard.language import Guard, GuardError, parse_guard
from brigade.envs.registry import BrigadeError, nearest

MAX_TASKS = 20
MAX_TEXT = 400  # characters of one task that are looked at
KEPT_REASONS = 12  # why tasks were not done, for the next prompt and record
ALWAYS = (None, "", "true", "True", "always")


@dataclass(frozen=True)
class Assigned:
    """One assigned task: the name of an order, or a macro action with a guard.

    Attributes:
        order: a dish, or empty.
        do: a macro action, or None.
        when: its guard, or None for always.
    """

    order: str = ""
    do: Macro | None = None
    when: Guard | None = None

    def __str__(self) -> str:
        what = self.order or str(self.do)
        return f"{what} when {self.when.text}" if self.when is not None else what


@dataclass(frozen=True)
class TaskList:
    """What a slow side assigns.

    Attributes:
        rationale: a sentence or a few, for people and for later prompts.
        tasks: in order.
        message: to say to the partner, or empty.
        dropped: what could not be used, with the reason.
    """

    rationale: str = ""
    tasks: tuple[Assigned, ...] = ()
    message: str = ""
    dropped: tuple[tuple[str, str], ...] = ()


def parse_task_list(
    entries: Sequence[object], recipes: Recipes
) -> tuple[tuple[Assigned, ...], tuple[tuple[str, str], ...]]:
    """Read a list of tasks as a language model wrote it.

    Args:
        entries: each a dish, an object with `do` and perhaps `when`, or a pair of a guard and a macro action.
        recipes: of the kitchen.

    Returns:
        The tasks, and what was dropped with the reason.
    """
    tasks: list[Assigned] = []
    dropped: list[tuple[str, str]] = []
    for entry in entries[:MAX_TASKS]:
        try:
            tasks.append(_read(entry, recipes))
        except BrigadeError as error:
            dropped.append((_short(entry), str(error)[:MAX_TEXT]))
    if len(entries) > MAX_TASKS:
        dropped.append((f"{len(entries) - MAX_TASKS} further tasks", f"a list has at most {MAX_TASKS}"))
    return tuple(tasks), tuple(dropped)


def _read(entry: object, recipes: Recipes) -> Assigned:
    if isinstance(entry, str):
        return _order(entry, recipes)
    if isinstance(entry, dict) and set(entry) <= {"do", "when"}:
        return _guarded(entry.get("when"), entry.get("do"), recipes)
    if isinstance(entry, (list, tuple)) and len(entry) == 2:
        return _guarded(entry[0], entry[1], recipes)
    raise BrigadeError("a task is a dish, or an object with 'do' and perhaps 'when'")


def _order(text: str, recipes: Recipes) -> Assigned:
    dishes, text = recipes.kitchen.order_dishes, text.strip()[:MAX_TEXT]
    if text in dishes:
        return Assigned(order=text)
    if "(" in text:
        return Assigned(do=parse_macro(text, recipes))
    raise BrigadeError(f"'{text[:60]}' is no dish that is ordered here; {nearest(text[:60], dishes)}")


def _guarded(when: object, do: object, recipes: Recipes) -> Assigned:
    if not isinstance(do, str):
        raise BrigadeError(f"'do' is text, such as prepare(...), not {type(do).__name__}")
    text = do.strip()[:MAX_TEXT]
    if "(" not in text:
        known = [f"{verb}(...)" for verb in ABOUT]
        raise BrigadeError(f"'{text[:60]}' is no macro action; {nearest(text[:60], known)}")
    macro = parse_macro(text, recipes)
    if isinstance(when, (list, dict)) or when not in ALWAYS:
        items = [*recipes.cookbook.foods, *recipes.spec.tools, recipes.plate.name, *recipes.spec.dishes]
        return Assigned(do=macro, when=parse_guard(when, items=items, dishes=list(recipes.spec.dishes)))
    return Assigned(do=macro)


def _short(entry: object) -> str:
    text = repr(entry)
    return text if len(text) <= 120 else text[:117] + "..."


@dataclass
class Assignments:
    """What is left of the last list, as it is carried out.

    Attributes:
        actions: guarded macro actions; each is looked at once.
        orders: the assigned orders; they stay until they are served.
        refused: what could not be used of the last list, and why, until this is told.
        undone: what was not done, and why, since this was last told.
    """

    actions: list[Assigned] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    undone: list[tuple[str, str]] = field(default_factory=list)

    def adopt(self, new: TaskList) -> None:
        """Put a list in the place of the last; one without any entries changes nothing, as published."""
        if new.tasks or new.dropped:
            self.actions = [task for task in new.tasks if task.do is not None]
            self.orders = [task.order for task in new.tasks if task.order]
            self.refused = list(new.dropped)

    def next_action(self, facts: StateFacts, wanted: Sequence[str] | None) -> Macro | None:
        """The first macro action whose guard holds now. It and those before it are struck off.

        Args:
            facts: the kitchen now.
            wanted: dishes that may be served; None for any.
        """
        while self.actions:
            task = self.actions.pop(0)
            assert task.do is not None
            if not self._holds(task, facts):
                continue
            if task.do.verb == SERVE and wanted is not None and task.do.item not in wanted:
                self._note(task, "nobody had ordered it when its turn came")
                continue
            return task.do
        return None

    def keep_open(self, open_dishes: Sequence[str]) -> None:
        """Strike off what is assigned more often than it is ordered."""
        left, kept = Counter(open_dishes), list[str]()
        for dish in self.orders:
            if left[dish] > 0:
                left[dish] -= 1
                kept.append(dish)
        for dish, times in (Counter(self.orders) - Counter(kept)).items():
            self._note(dish if times == 1 else f"{times} x {dish}", "more often than it is ordered")
        self.orders = kept

    def served(self, dish: str) -> None:
        """The chef has served a dish: one assigned order for it is done."""
        if dish in self.orders:
            self.orders.remove(dish)

    def told(self) -> list[tuple[str, str]]:
        """What was not done since this was last asked."""
        undone, self.undone, self.refused = self.undone, [], []
        return undone

    def as_prompt(self) -> dict[str, list[str]]:
        """What is left, and what was not done, for a prompt."""
        tasks = [*map(str, self.actions), *self.orders]
        return {"tasks": tasks, "dropped": [f"{what}: {why}" for what, why in [*self.refused, *self.undone]]}

    def _holds(self, task: Assigned, facts: StateFacts) -> bool:
        if task.when is None:
            return True
        try:
            holds = task.when.holds(facts)
        except GuardError as error:
            self._note(task, str(error))
            return False
        if not holds:
            self._note(task, "its condition did not hold when its turn came")
        return holds

    def _note(self, what: object, why: str) -> None:
        self.undone = [*self.undone, (str(what), why)][-KEPT_REASONS:]
