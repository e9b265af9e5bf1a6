"""Agents with two minds: System 1 acts on every tick, System 2 thinks beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from brigade.agents.base import View
from brigade.agents.planning.executor import Executor
from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import ObservedState, read_state
from brigade.agents.planning.player import MacroPlayer
from brigade.agents.planning.subgoals import Rest, Use
from brigade.dual_process.frameworks import Framework
from brigade.dual_process.history import History
from brigade.dual_process.llm.protocol import Reasoner
from brigade.dual_process.plan import Policy, Task
from brigade.dual_process.system1 import System1, Trust
from brigade.dual_process.system2 import KEPT_LESSONS, Considered, System2, feasible
from brigade.envs.registry import BrigadeError
from brigade.simulation.messages import Message
from brigade.simulation.thoughts import Mind, Thought

Observation = dict[str, Any]


class SlowMind:
    """What both kinds of agents share: beginning thoughts when it is time to, and remembering what they came to.

    Args:
        reasoner: who answers.
        framework: which thoughts there are.
        budget_tokens: prompts are trimmed to about this.
        talks: whether it sends messages.
        lessons: a file in which lessons are kept across episodes; None to begin each without any.
    """

    def __init__(
        self,
        reasoner: Reasoner,
        framework: Framework,
        budget_tokens: int = 6000,
        talks: bool = True,
        lessons: Path | None = None,
    ):
        self.reasoner, self.framework = reasoner, framework
        self.budget_tokens, self.talks, self.lessons = budget_tokens, talks, lessons

    def start_mind(self, player: MacroPlayer) -> None:
        """Begin an episode."""
        recipes, seat = player.recipes, player.view.seat
        self.system2 = System2(
            self.reasoner, self.framework, recipes, seat, budget_tokens=self.budget_tokens, talks=self.talks
        )
        if self.lessons is not None:
            self.system2.lessons = read_lessons(self.lessons)
        self.mind: Mind | None = None
        self._last_begun: dict[str, int] = {}
        self._to_say: list[str] = []
        self.heard = False  # a message since the last policy

    def time_for(self, kind: str, tick: int) -> bool:
        """Whether a thought of this kind should be begun now."""
        spec = self.framework.thoughts.get(kind)
        if spec is None or self.mind is None or self.mind.under_way(kind):
            return False
        last = self._last_begun.get(kind)
        return last is None or tick - last >= spec.every_ticks

    def begin(self, kind: str, observed: ObservedState, history: History, extra: dict[str, Any]) -> None:
        """Begin a thought."""
        assert self.mind is not None
        self._last_begun[kind] = observed.tick
        if kind == "pick" and "plan" in self.framework.thoughts:
            extra = {**extra, "plan": self._plan_so_far()}
        question = self.system2.question(kind, observed, history, extra)
        scale = self.framework.quick if kind == "pick" else 1.0
        self.mind.begin(kind, self.system2.consider(question), scale, eager=kind == "plan")

    def _plan_so_far(self) -> str:
        """The plan being written, as far as it has come by now; before it begins, the last one."""
        assert self.mind is not None
        draft = self.system2.draft
        if not draft or not self.mind.under_way("plan"):
            return self.system2.plan
        return draft[: int(len(draft) * self.mind.progress("plan"))] or self.system2.plan

    def remember(self, considered: Considered) -> None:
        """Keep what a thought came to; a lesson also in the file, if there is one."""
        self.system2.remember(considered)
        if considered.kind == "lesson" and considered.value is not None and self.lessons is not None:
            write_lessons(self.lessons, self.system2.lessons)

    def say(self, text: str) -> None:
        """Say something at the next tick."""
        if text and self.talks:
            self._to_say.append(text)

    def take_words(self, history: History, tick: int, seat: int) -> list[str]:
        """What is to be said now; it is remembered as said."""
        words, self._to_say = self._to_say, []
        for text in words:
            history.hear(Message(tick, seat, text))
        return words


def read_lessons(path: Path) -> list[str]:
    """Lessons kept from earlier episodes; none if there is no such file yet.

    Raises:
        BrigadeError: the file is not a list of texts.
    """
    if not path.exists():
        return []
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BrigadeError(f"lessons {path}: cannot be read: {error}") from None
    if not isinstance(kept, list) or not all(isinstance(lesson, str) for lesson in kept):
        raise BrigadeError(f"lessons {path}: expected a list of texts")
    return kept[-KEPT_LESSONS:]


def write_lessons(path: Path, lessons: list[str]) -> None:
    """Replace the kept lessons at once."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(lessons, indent=1), encoding="utf-8")
    temporary.replace(path)


def summary_of(thought: Thought) -> dict[str, Any]:
    """A thought as records have it."""
    considered = thought.outcome
    if not isinstance(considered, Considered):
        return {"outcome": "crashed", "problem": getattr(considered, "reason", "")}
    entry: dict[str, Any] = {
        "prompt": considered.prompt,
        "outcome": considered.failure or ("malformed" if considered.value is None else "ok"),
        "prompt_tokens": considered.prompt_tokens,
        "completion_tokens": considered.completion_tokens,
    }
    if considered.problem:
        entry["problem"] = considered.problem
    if considered.trimmed:
        entry["trimmed_scenes"] = considered.trimmed
    value = considered.value
    if isinstance(value, Policy):
        entry["value"] = [str(task) for task in value.tasks] + [str(leave) for leave in value.leaves]
        entry["dropped"] = [list(pair) for pair in value.dropped]
    elif value is not None:
        entry["value"] = str(value)
    return entry


class Thinker:
    """What the episode loop asks of every agent with a slow mind, whatever its fast one is."""

    human = False
    slow: SlowMind
    history: History
    view: View
    _tick: int

    def attend(self, mind: Mind) -> None:
        """Is told where to begin thoughts."""
        self.slow.mind = mind

    def summary(self, thought: Thought) -> dict[str, Any]:
        """A thought as records have it."""
        return summary_of(thought)

    async def close(self) -> None:
        """The episode is over: let go of connections."""
        await self.slow.reasoner.close()

    def speak(self) -> list[str]:
        """What it says in this tick."""
        return self.slow.take_words(self.history, self._tick, self.view.seat)


class DualProcessAgent(Thinker, System1):
    """System 1 with System 2 beside it (`dpt`, `dpt_without_tom`, `react_dpt`, `reflexion_dpt`).

    Args:
        slow: the slow mind.
        trust: how far System 1 follows it.
    """

    def __init__(self, slow: SlowMind, trust: Trust | None = None):
        super().__init__(trust)
        self.slow = slow

    def prepare(self) -> None:
        """Begin an episode."""
        super().prepare()
        self.slow.start_mind(self)
        self._tick = 0
        self._began: tuple[int, Macro] | None = None

    def think(self, observation: Observation) -> None:
        """Begin the thoughts that are due."""
        observed = read_state(self.view.kitchen, observation)
        self._tick = observed.tick
        self.history.see(observed, observed.score)
        for kind in self.slow.framework.thoughts:
            at_once = kind == "policy" and self.slow.heard and not self._under_way(kind)
            if at_once or self.slow.time_for(kind, observed.tick):
                if kind == "policy":
                    self.slow.heard = False
                self.slow.begin(kind, observed, self.history, self._extra(kind, observed))

    def act(self, observation: Observation) -> int:
        """The action for this tick: System 1's, always at once."""
        action = super().act(observation)
        if self.current is not None and (self._started, self.current) != self._began:
            self._began = (self._started, self.current)
            self.history.begin(str(self.current), self.observed, self.observed.score)
        return action

    def receive(self, thought: Thought) -> None:
        """A thought takes effect."""
        considered = thought.outcome
        if not isinstance(considered, Considered):
            return
        self.slow.remember(considered)
        value = considered.value
        if isinstance(value, Policy):
            self.adopt(value, thought.effect)
            self.slow.say(value.message)
        elif isinstance(value, Macro):
            self.adopt(Policy(tasks=(Task(do=value),)), thought.effect)

    def hear(self, message: Message) -> None:
        """A partner has said something: think again at once."""
        self.history.hear(message)
        self.slow.heard = True

    def _under_way(self, kind: str) -> bool:
        return self.slow.mind is None or self.slow.mind.under_way(kind)

    def _extra(self, kind: str, observed: ObservedState) -> dict[str, Any]:
        extra: dict[str, Any] = {"doing": str(self.current) if self.current is not None else "nothing"}
        if kind == "pick":
            probe = self.probe

            def can_begin(macro: Macro, at: ObservedState) -> bool:
                probe.start(at)
                return isinstance(probe.goal(macro, at), Use | Rest)

            extra["can_do"] = feasible(observed, self.recipes, can_begin)
        if kind == "policy":
            extra["tasks"] = [str(task) for task in self.tasks]
            extra["dropped"] = [f"{what}: {why}" for what, why in self.dropped]
        return extra


class PickingAgent(Thinker, MacroPlayer):
    """The model picks each macro action, and the chef waits for it (`act`, `react`, `reflexion`, `agile`).

    Args:
        slow: the slow mind.
    """

    def __init__(self, slow: SlowMind):
        self.slow = slow

    def prepare(self) -> None:
        """Begin an episode."""
        self.history = History(self.view.kitchen, self.view.seat)
        self.probe = Executor(self.recipes, self.view.seat)
        self.slow.start_mind(self)
        self._tick = 0
        self._next: Macro | None = None
        self._wanting = True  # no macro action is under way

    def think(self, observation: Observation) -> None:
        """Ask for the next pick when none is under way, and begin the other thoughts that are due."""
        observed = read_state(self.view.kitchen, observation)
        self._tick = observed.tick
        self.history.see(observed, observed.score)
        for kind in self.slow.framework.thoughts:
            idle = self.current is None or self._is_over(observed)
            wanted = kind != "pick" or (self._next is None and idle)
            if wanted and self.slow.time_for(kind, observed.tick):
                self.slow.begin(kind, observed, self.history, self._extra(observed))

    def choose(self, observed: ObservedState) -> Macro | None:
        """What was picked, once; then stand still until the next pick."""
        chosen, self._next = self._next, None
        if chosen is not None:
            self.history.begin(str(chosen), observed, observed.score)
        return chosen

    def receive(self, thought: Thought) -> None:
        """A thought takes effect."""
        considered = thought.outcome
        if isinstance(considered, Considered):
            self.slow.remember(considered)
            if isinstance(considered.value, Macro):
                self._next = considered.value

    def hear(self, message: Message) -> None:
        """A partner has said something."""
        self.history.hear(message)

    def _is_over(self, observed: ObservedState) -> bool:
        """Whether the current macro action will turn out to be over in this tick."""
        assert self.current is not None
        goal = self.executor.goal(self.current, observed)
        return not isinstance(goal, Use | Rest)

    def _extra(self, observed: ObservedState) -> dict[str, Any]:
        def can_begin(macro: Macro, at: ObservedState) -> bool:
            self.probe.start(at)
            return isinstance(self.probe.goal(macro, at), Use | Rest)

        extra: dict[str, Any] = {"can_do": feasible(observed, self.recipes, can_begin)}
        if self._records and not self._records[-1].succeeded:
            last = self._records[-1]
            extra["last_failed"] = f"{last.name}: {last.reason}"
        return extra
