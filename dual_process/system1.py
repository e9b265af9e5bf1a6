"""System 1: the state machine, steered by what System 2 asks of it, and never worse off for listening.

A request re-ranks what the state machine would do anyway; it cannot make a chef do what serves no open order, keep it
from a fire, or hold it up. What is to be left to the partner is left only while the partner is seen doing it.
"""

from __future__ import annotations

from dataclasses import dataclass

from brigade.agents.planning import macro as macros
from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.order_planning import OrderPlan
from brigade.agents.state_machine import StateMachine
from brigade.dual_process.facts import StateFacts
from brigade.dual_process.guard.language import GuardError
from brigade.dual_process.history import History
from brigade.dual_process.plan import Leave, Plan, Task

DROPPED_KEPT = 6


@dataclass(frozen=True)
class Trust:
    """How far System 1 follows System 2.

    A task weighs less than the step from assembling to preparing: with 25 instead of 10 the best advice earns more (262
    instead of 236 with the assembler), but a reasoner that is always wrong costs a tenth of the score (168 instead of
    187 with the lettuce specialist; map 1, 20 scripts, `brigade run quality`).

    Attributes:
        task: weight added to what the first task asks for.
        order: weight added to what brings a wanted order forward.
        leave: weight taken off what is left to the partner.
        evidence_ticks: how far back the partner must have been seen doing what is left to it.
        patience_ticks: how long a task may be impossible before it is dropped.
    """

    task: float = 10.0
    order: float = 8.0
    leave: float = 30.0
    evidence_ticks: int = 110
    patience_ticks: int = 40


class System1(StateMachine):
    """The state machine with a plan.

    Args:
        trust: how far it follows.
    """

    def __init__(self, trust: Trust | None = None):
        self.trust = trust or Trust()

    def prepare(self) -> None:
        """Begin an episode."""
        super().prepare()
        self.history = History(self.view.kitchen, self.view.seat)
        self.tasks: list[Task] = []
        self.leaves: tuple[Leave, ...] = ()
        self.dropped: list[tuple[str, str]] = []  # since the last plan, for the record and the next prompt
        self.done_tasks = 0
        self._since = 0  # the tick since which the first task has been first

    def adopt(self, plan: Plan, tick: int) -> None:
        """Follow a new plan from now on."""
        self.tasks, self.leaves, self._since = list(plan.tasks), plan.leaves, tick
        self.dropped = list(plan.dropped)

    def choose(self, observed: ObservedState) -> Macro | None:
        """The next macro action; the first task is done with once it begins."""
        self._drop_stale(observed)
        chosen = super().choose(observed)
        first = self.tasks[0] if self.tasks else None
        if first is not None and chosen is not None and self._asks_for(first, chosen) and self._holds(first, observed):
            self.tasks.pop(0)
            self.done_tasks += 1
            self._since = observed.tick
        return chosen

    def _options(self, observed: ObservedState, plans: list[OrderPlan]) -> list[tuple[float, Macro]]:
        options = super()._options(observed, plans)
        if self.leaves:
            given = [leave for leave in self.leaves if self._partner_does(leave, observed)]
            options = [(w - self.trust.leave if any(x.covers(m) for x in given) else w, m) for w, m in options]
        if self.tasks and self._holds(self.tasks[0], observed):
            task = self.tasks[0]
            more = self.trust.order if task.order else self.trust.task
            options = [(w + more if self._asks_for(task, m) else w, m) for w, m in options]
        return options

    def _asks_for(self, task: Task, macro: Macro) -> bool:
        if not task.order:
            return task.do == macro
        if macro.item == task.order:
            return True
        return macro.verb == macros.PREPARE and macro.item in self.recipes.foods_of(task.order)

    def _holds(self, task: Task, observed: ObservedState) -> bool:
        """Whether a task's guard holds; one that cannot be evaluated is dropped, with the reason."""
        if task.when is None:
            return True
        try:
            return task.when.holds(StateFacts(observed, self.recipes, self.view.seat))
        except GuardError as error:
            self._drop(str(error), observed)
            return False

    def _drop_stale(self, observed: ObservedState) -> None:
        if self.tasks and observed.tick - self._since > self.trust.patience_ticks:
            self._drop("not possible or not useful for too long", observed)

    def _drop(self, reason: str, observed: ObservedState) -> None:
        self.dropped = [*self.dropped, (str(self.tasks.pop(0)), reason)][-DROPPED_KEPT:]
        self._since = observed.tick

    def _partner_does(self, leave: Leave, observed: ObservedState) -> bool:
        """Whether a partner has lately been seen doing what is to be left to it."""
        return self.history.partners.does(leave.verb, leave.item, observed.tick - self.trust.evidence_ticks)
