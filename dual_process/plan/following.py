"""How far a plan has come: which of its statements are left, which of them hold now, and what became of the rest."""

from __future__ import annotations

from collections.abc import Sequence

from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.facts import StateFacts
from brigade.dual_process.guard.language import Guard, GuardError
from brigade.dual_process.orders import OrderBook
from brigade.dual_process.plan.statements import Do, OrderOf, Put, Stand, Statement, Wait

LONGEST_WAIT = 120  # ticks that a condition is waited for
PATIENCE = 40  # ticks for which something that could be begun may be put off before it is dropped
ONCE = (Do, Wait, Stand)

Fate = tuple[str, str]


class Following:
    """A plan under way. Standing statements hold until the next plan; the others are done once, or dropped.

    Args:
        statements: of the plan.
        recipes: of the kitchen.
        seat: who follows it.
        orders: what the orders are called.

    Attributes:
        left: statements that are not done and not dropped, in their order.
        fates: what became of the others.
    """

    def __init__(self, statements: Sequence[Statement], recipes: Recipes, seat: int, orders: OrderBook):
        self._all = tuple(statements)
        self.left = list(statements)
        self.fates: list[Fate] = []
        self.recipes, self.seat, self.orders = recipes, seat, orders
        self._held: set[int] = set()  # numbers of the statements whose guards have held
        self._first: tuple[int, int] | None = None  # number of the first that can be done now, and since when
        self._begun: dict[int, int] = {}  # by number of a wait, the tick at which it began

    def _number(self, statement: Statement) -> int:
        """Which of the plan's statements it is; the same in copies of the plan."""
        return next(number for number, other in enumerate(self._all) if other is statement)

    def active(self, observed: ObservedState) -> list[Statement]:
        """The statements to be looked at now, in their order; those that cannot stand any longer are dropped."""
        if not self.left:
            return []
        facts = StateFacts(observed, self.recipes, self.seat)
        opened = self.orders.open(observed)
        active = []
        for statement in list(self.left):
            reason = self._against(statement, observed, set(opened))
            if reason:
                self.end(statement, reason)
            elif self._holds(statement, statement.when, facts):
                self._held.add(self._number(statement))
                active.append(statement)
        return self._without_stale(active, observed)

    def _without_stale(self, active: list[Statement], observed: ObservedState) -> list[Statement]:
        """Without what has been the next thing to do for too long."""
        first = next((statement for statement in active if isinstance(statement, Do)), None)
        if first is None:
            self._first = None
        elif self._first is None or self._first[0] != self._number(first):
            self._first = (self._number(first), observed.tick)
        elif observed.tick - self._first[1] > PATIENCE:
            self.end(first, "not possible or not useful for too long")
            return [statement for statement in active if statement is not first]
        return active

    def lasts(self, wait: Wait, observed: ObservedState) -> int:
        """Ticks that a wait goes on from now, 0 when it is over; it begins when this is first asked."""
        begun = self._begun.setdefault(self._number(wait), observed.tick)
        if wait.until is None:
            return max(0, begun + wait.ticks - observed.tick)
        facts = StateFacts(observed, self.recipes, self.seat)
        return 0 if self._holds(wait, wait.until, facts) or wait not in self.left else 1

    def end(self, statement: Statement, fate: str) -> None:
        """A statement is done, or can no longer be."""
        self.left = [other for other in self.left if other is not statement]
        self.fates.append((str(statement), fate))

    def so_far(self) -> list[Fate]:
        """What became of the statements until now, those that have not been done included."""
        return [*self.fates, *((str(statement), self._so_far(statement)) for statement in self.left)]

    def _so_far(self, statement: Statement) -> str:
        if self._number(statement) not in self._held:
            return "its condition never held" if statement.when is not None else "not looked at"
        return "not begun" if isinstance(statement, ONCE) else "stood"

    def _against(self, statement: Statement, observed: ObservedState, opened: set[int]) -> str:
        """Why a statement cannot stand any longer, empty if it can."""
        if isinstance(statement, OrderOf) and statement.number not in opened:
            return "there is no such order" if statement.number > self.orders.last else "the order is gone"
        if isinstance(statement, Stand) and not self._within(statement.cell):
            return "out of reach"
        if isinstance(statement, Put) and not any(self._beside(cell) for cell in statement.cells):
            return "out of reach"
        begun = self._begun.get(self._number(statement))
        if isinstance(statement, Wait) and statement.until and begun is not None:
            return "waited long enough" if observed.tick - begun > LONGEST_WAIT else ""
        return ""

    def _within(self, cell: int) -> bool:
        grid, start = self.recipes.grid, int(self.recipes.kitchen.layout.start[self.seat])
        return grid.region[cell] == grid.region[start]

    def _beside(self, cell: int) -> bool:
        grid, start = self.recipes.grid, int(self.recipes.kitchen.layout.start[self.seat])
        return grid.region[start] in grid.regions_beside(cell)

    def _holds(self, statement: Statement, guard: Guard | None, facts: StateFacts) -> bool:
        """Whether a guard holds; a statement whose guard cannot be judged is dropped, with the reason."""
        if guard is None:
            return True
        try:
            return guard.holds(facts)
        except GuardError as error:
            self.end(statement, str(error))
            return False
