"""Agents with two sides: the fast one acts on every tick, the thinker thinks beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brigade.agents.base import View
from brigade.agents.planning.executor import Executor
from brigade.agents.planning.macro import CLEAR_COUNTER, PUT_OUT_FIRE, Macro, macros_about_items
from brigade.agents.planning.observed_state import ObservedState, read_state
from brigade.agents.planning.player import MacroPlayer
from brigade.agents.planning.recipes import Recipes
from brigade.agents.planning.subgoals import Rest, Use
from brigade.dual_process.history import History
from brigade.dual_process.imagination.checking import CHECK, Checking, verdict_of
from brigade.dual_process.imagination.settings import Imagining
from brigade.dual_process.partner_model import Stated
from brigade.dual_process.plan.following import Fate
from brigade.dual_process.plan.statements import Authority, Do, Plan
from brigade.dual_process.system1 import System1, Trust, as_plan
from brigade.dual_process.thinker import Thinker
from brigade.dual_process.thought_kinds.base import ThoughtKind
from brigade.simulation.messages import Message
from brigade.simulation.thoughts import Thought, Thoughts

Observation = dict[str, Any]
WHOLE = "the whole plan"  # what is said to have been refused
MOST_DROPPED = 12  # lines of what became of plans that are kept for the next prompt


class WithThinker:
    """What the episode loop asks of every agent with a thinker, whatever its fast side is.

    An agent of one's own puts this class in front of its fast side, calls `start_thinker` at the start of an episode,
    and has `doing`, `asked`, `adopt` and `pick` (see `FastSide`).
    """

    human = False
    authority: Authority = "obey"
    thinker: Thinker
    history: History
    view: View
    recipes: Recipes
    probe: Executor  # asked what could be begun
    _tick: int

    def start_thinker(self) -> None:
        """Begin an episode."""
        self.thinker.start(self, self.view, self.history)  # type: ignore[arg-type]  # subclasses are fast sides
        self._tick = 0

    def attend(self, thoughts: Thoughts) -> None:
        """Is told where to begin thoughts."""
        self.thinker.thoughts = thoughts

    def think(self, observation: Observation) -> None:
        """Begin the thoughts that are due."""
        observed = read_state(self.view.kitchen, observation)
        self._tick = observed.tick
        self.history.see(observed, observed.score)
        for kind in self.thinker.due(observed.tick):
            if self.wants(kind, observed):
                self.thinker.begin(kind, observed)

    def wants(self, kind: ThoughtKind[Any], observed: ObservedState) -> bool:
        """Whether a thought of a kind that is due is of use now."""
        return True

    def receive(self, thought: Thought) -> None:
        """A thought takes effect."""
        self.thinker.receive(thought)

    def believe(self, beliefs: Mapping[int, Stated]) -> None:
        """System 2 believes this of its partners, in numbers; here they serve nothing."""

    def hear(self, message: Message) -> None:
        """A partner has said something."""
        self.thinker.hear(message)

    def say(self, text: str) -> None:
        """Say something at the next tick."""
        self.thinker.say(text)

    def speak(self) -> list[str]:
        """What it says in this tick."""
        return self.thinker.take_words(self._tick)

    async def close(self) -> None:
        """The episode is over: let go of connections."""
        await self.thinker.reasoner.close()

    def can_do(self, observed: ObservedState) -> list[str]:
        """Every macro action that could be begun now, as it is written."""
        macros = [*macros_about_items(self.recipes), Macro(PUT_OUT_FIRE), Macro(CLEAR_COUNTER)]
        return [str(macro) for macro in macros if self.probe.can_begin(macro, observed)] + ["wait(4)"]


class DualProcessAgent(WithThinker, System1):
    """System 1 with a thinker beside it (`dpt`, `dpt_without_tom`, `react_dpt`, `reflexion_dpt`).

    Args:
        thinker: the slow side.
        trust: how far System 1 follows its advice.
        authority: whether plans are imagined before they are followed, obeyed, or advice.
        imagining: how plans are imagined.
    """

    def __init__(
        self,
        thinker: Thinker,
        trust: Trust | None = None,
        authority: Authority = "check",
        imagining: Imagining | None = None,
    ):
        super().__init__(trust, authority)
        self.thinker = thinker
        self.checking = Checking(imagining or Imagining()) if authority == "check" else None

    def prepare(self) -> None:
        """Begin an episode."""
        super().prepare()
        self.start_thinker()
        self._began: tuple[int, Macro] | None = None
        if self.checking is not None:
            self.checking.start(self.view)

    def act(self, observation: Observation) -> int:
        """The action for this tick: System 1's, always at once."""
        action = super().act(observation)
        if self.current is not None and (self._started, self.current) != self._began:
            self._began = (self._started, self.current)
            self.history.begin(str(self.current), self.observed, self.observed.score)
        return action

    def attend(self, thoughts: Thoughts) -> None:
        """Is told where to begin thoughts."""
        super().attend(thoughts)
        if self.checking is not None:
            self.checking.attend(thoughts)

    async def close(self) -> None:
        """The episode is over: let go of connections."""
        if self.checking is not None:
            self.checking.close()
        await super().close()

    def think(self, observation: Observation) -> None:
        """Begin the thoughts that are due, and look at a plan that waits."""
        super().think(observation)
        if self.checking is not None:
            self.checking.see(observation, self, self.thinker.thoughts)

    def receive(self, thought: Thought) -> None:
        """A thought takes effect."""
        if thought.kind == CHECK and CHECK not in self.thinker.kinds:
            self._decided(thought)
        else:
            super().receive(thought)

    def _decided(self, thought: Thought) -> None:
        """It is known what becomes of a plan."""
        verdict = verdict_of(thought)
        if verdict is None:
            self._note((WHOLE, f"refused: {thought.outcome.problem}"))
            return
        assert self.checking is not None
        self.checking.decided(verdict, thought.asked)
        if verdict.take is not None:
            self.as_advice = verdict.as_advice
            super().adopt(verdict.take, thought.effect)
        if verdict.plan is None:
            return
        if verdict.says:
            self.say(verdict.plan.message)
        if verdict.take is not verdict.plan:
            self._note(*verdict.plan.dropped, (WHOLE, verdict.said))

    def _note(self, *fates: Fate) -> None:
        """Remember for the next prompt what became of a plan."""
        self.dropped = (*self.dropped, *fates)[-MOST_DROPPED:]

    def adopt(self, plan: Plan, tick: int) -> None:
        """Follow a new plan from now on; under `check`, once it has been imagined."""
        if self.checking is None:
            super().adopt(plan, tick)
        else:
            self.checking.propose(as_plan(plan))

    def believe(self, beliefs: Mapping[int, Stated]) -> None:
        """System 2 believes this of its partners, in numbers."""
        if self.checking is not None:
            self.checking.believe(beliefs)

    def doing(self, observed: ObservedState) -> dict[str, Any]:
        """The macro action under way."""
        return {"doing": str(self.current) if self.current is not None else "nothing"}

    def asked(self) -> dict[str, Any]:
        """The statements of the last plan that are left, and what became of each until now."""
        became = [f"{what}: {why}" for what, why in (*self.dropped, *self.following.so_far())]
        return {"plan": [str(statement) for statement in self.following.left], "became": became}

    def pick(self, macro: Macro, tick: int) -> None:
        """A pick is a wish: a plan with one task."""
        self.adopt(Plan(statements=(Do(macro=macro),)), tick)


class PickingAgent(WithThinker, MacroPlayer):
    """The model picks each macro action, and the chef waits for it (`act`, `react`, `reflexion`, `agile`).

    Args:
        thinker: the slow side.
    """

    def __init__(self, thinker: Thinker):
        self.thinker = thinker

    def prepare(self) -> None:
        """Begin an episode."""
        self.history = History(self.view.kitchen, self.view.seat)
        self.probe = Executor(self.recipes, self.view.seat)
        self._next: Macro | None = None
        self.start_thinker()

    def wants(self, kind: ThoughtKind[Any], observed: ObservedState) -> bool:
        """The next pick is asked for when none is under way."""
        idle = self.current is None or self._is_over(observed)
        return not kind.for_idle_hands or (self._next is None and idle)

    def choose(self, observed: ObservedState) -> Macro | None:
        """What was picked, once; then stand still until the next pick."""
        chosen, self._next = self._next, None
        if chosen is not None:
            self.history.begin(str(chosen), observed, observed.score)
        return chosen

    def doing(self, observed: ObservedState) -> dict[str, Any]:
        """What can be begun, and what failed last."""
        known: dict[str, Any] = {"can_do": self.can_do(observed)}
        if self.macros and not self.macros[-1].succeeded:
            known["last_failed"] = f"{self.macros[-1].name}: {self.macros[-1].reason}"
        return known

    def asked(self) -> dict[str, Any]:
        """The pick that has not been begun."""
        return {} if self._next is None else {"picked": str(self._next)}

    def adopt(self, plan: Plan, tick: int) -> None:
        """The first macro action of a plan is the next pick; there is nobody to follow the rest."""
        self._next = next((s.macro for s in plan.statements if isinstance(s, Do) and s.macro is not None), None)

    def pick(self, macro: Macro, tick: int) -> None:
        """Do this next."""
        self._next = macro

    def _is_over(self, observed: ObservedState) -> bool:
        """Whether the current macro action will turn out to be over in this tick."""
        assert self.current is not None
        goal = self.executor.goal(self.current, observed)
        return not isinstance(goal, Use | Rest)
