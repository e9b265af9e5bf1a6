"""Fast sides that carry out task lists as the published code of DPT-Agent does, with and without a state machine.

Whenever the chef is idle: the macro actions of the list from the front, each struck off once it has been looked at, the
first whose guard holds is done; else a counter is cleared if none is free; else the first assigned order is worked on.
"""

from __future__ import annotations

from typing import Any

from brigade.agents.paper_state_machine import PaperPlayer
from brigade.agents.planning.executor import Executor
from brigade.agents.planning.macro import SERVE, Macro
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.state_machine import StateMachine
from brigade.dual_process.agent import WithThinker
from brigade.dual_process.facts import StateFacts
from brigade.dual_process.history import History
from brigade.dual_process.task_list import Assigned, Assignments, TaskList
from brigade.dual_process.thinker import Thinker
from brigade.envs.registry import BrigadeError


class FollowsTasks(WithThinker, PaperPlayer):
    """Hands that carry out a task list, and have nothing to do where it is empty.

    Without a state machine behind them, nothing is checked: they cook and serve what nobody has ordered.

    Args:
        thinker: the slow side.
        gives_up: as for `PaperPlayer`.
    """

    hands = (
        "Without a task they stand still. They do not ask whether a dish is ordered, and put out no fire by themselves."
    )

    def __init__(self, thinker: Thinker, gives_up: bool = True):
        super().__init__(gives_up)
        self.thinker = thinker

    def prepare(self) -> None:
        """Begin an episode."""
        self.probe = Executor(self.recipes, self.view.seat)
        super().prepare()
        self.history = History(self.view.kitchen, self.view.seat)
        self.assigned = Assignments()
        self._idle_at, self._score_then = -1, 0
        self.start_thinker()

    def decide(self, observed: ObservedState) -> Macro | None:
        """What is to be done next; at the first such moment of a tick a scene is written."""
        decided = self._carry_out(observed)
        if self._idle_at != observed.tick:
            self._idle_at = observed.tick
            self.history.begin("nothing" if decided is None else str(decided), observed, observed.score)
            self._look_out(observed)
        return decided

    def _carry_out(self, observed: ObservedState) -> Macro | None:
        wanted = self.wanted(observed)
        action = self.assigned.next_action(StateFacts(observed, self.recipes, self.view.seat), wanted)
        action = action or self.rules.clearing(observed)
        if action is not None:
            return action
        if self.assigned.orders:
            return self.rules.work_on(self.assigned.orders[0], observed)
        return self.unasked(observed)

    def wanted(self, observed: ObservedState) -> list[str] | None:
        """The dishes that may be served; None for any."""
        return None

    def unasked(self, observed: ObservedState) -> Macro | None:
        """What is done when nothing is assigned."""
        return None

    def _look_out(self, observed: ObservedState) -> None:
        """Something to reflect on: a fire, or a score that has fallen since the idle moment before."""
        if observed.score < self._score_then or any(kind.burning for kind in observed.at.values()):
            self.thinker.trouble()
        self._score_then = observed.score

    def _end(self, observed: ObservedState, succeeded: bool, reason: str) -> None:
        if succeeded and self.current is not None and self.current.verb == SERVE:
            self.assigned.served(self.current.item)
        super()._end(observed, succeeded, reason)

    # -- what thoughts ask of a fast side -----------------------------------------------------------------------------

    def doing(self, observed: ObservedState) -> dict[str, Any]:
        """The macro action under way, and what became of the last."""
        known = {"doing": "nothing" if self.current is None else str(self.current)}
        if self.macros and not self.macros[-1].succeeded:
            known["last_failed"] = f"{self.macros[-1].name}: {self.macros[-1].reason}"
        return known

    def asked(self) -> dict[str, Any]:
        """The tasks that are left, and those that were not done."""
        return dict(self.assigned.as_prompt())

    def told(self) -> list[tuple[str, str]]:
        """What was not done, and why, since this was last asked."""
        return self.assigned.told()

    def assign(self, tasks: TaskList) -> None:
        """Carry out a list from now on, in the place of the last."""
        self.assigned.adopt(tasks)

    def pick(self, macro: Macro, tick: int) -> None:
        """A pick is a list with one task."""
        self.assign(TaskList(tasks=(Assigned(do=macro),)))

    def adopt(self, plan: Any, tick: int) -> None:
        """Plans are for System 1.

        Raises:
            BrigadeError: always.
        """
        raise BrigadeError("these hands carry out task lists: a framework with plans needs System 1 as its fast side")


class OverPaperStateMachine(FollowsTasks):
    """The same over the published state machine: it checks what is ordered, and goes on with the open orders."""

    hands = (
        "They leave out dishes that are not ordered when their turn comes. Without a task they go on with the open "
        "orders by themselves, the one that expires first. They put out no fire by themselves."
    )

    def wanted(self, observed: ObservedState) -> list[str]:
        """The assigned orders as far as they are open, else the open ones that nobody else has in hand."""
        self.assigned.keep_open([order.dish for order in observed.orders])
        return self.assigned.orders or self.rules.open_orders(observed)

    def unasked(self, observed: ObservedState) -> Macro | None:
        """The open order that expires first."""
        orders = self.rules.open_orders(observed)
        return self.rules.work_on(orders[0], observed) if orders else None


class OverStateMachine(OverPaperStateMachine, StateMachine):
    """The same over Brigade's own state machine, which also puts out fires and saves what is about to burn."""

    hands = (
        "They leave out dishes that are not ordered when their turn comes. Fires, and what is about to burn, come "
        "first, whatever the list says. Without a task they do by themselves what is most urgent."
    )

    def __init__(self, thinker: Thinker, gives_up: bool = False):
        super().__init__(thinker, gives_up)

    def _carry_out(self, observed: ObservedState) -> Macro | None:
        return self._in_need(observed) or super()._carry_out(observed)

    def _in_need(self, observed: ObservedState) -> Macro | None:
        """Fires, and what is about to burn, as far as something can be done about it."""
        self.probe.look(observed)
        fire = self._fire(observed)
        rescues = (option.macro for option in self._rescue(observed) if self.probe.can_begin(option.macro, observed))
        return fire or next(rescues, None)

    def unasked(self, observed: ObservedState) -> Macro | None:
        """What the state machine does."""
        return StateMachine.choose(self, observed)
