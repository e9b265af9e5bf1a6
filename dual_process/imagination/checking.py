"""Authority `check`: a plan is imagined before it is followed.

When a plan takes effect, the chef plays it and its own way forward in the same imagined futures. It follows the plan if
that comes to more, by more than chance and a margin, under every idea of the partner that is reckoned with; it gives up
the plan in hand if going on without it comes to more. Where it cannot tell, it keeps what it had.
"""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from brigade.agents.base import Observation, View
from brigade.dual_process.imagination.imaginer import Answer, Imaginer, make_imaginer
from brigade.dual_process.imagination.look import Look
from brigade.dual_process.imagination.settings import Imagining
from brigade.dual_process.partner_model import Stated
from brigade.dual_process.plan import statements
from brigade.dual_process.plan.statements import Plan, Statement
from brigade.dual_process.system1 import System1
from brigade.simulation.outcome import Outcome
from brigade.simulation.thoughts import Thought, Thoughts

CHECK = "check"  # what records call the thought
IMAGINABLE = tuple(
    kind for kind in vars(statements).values()
    if isinstance(kind, type) and issubclass(kind, Statement) and kind is not Statement
)  # fmt: skip
NEW, NONE = "the new plan", "no plan"
TWICE = 40  # ticks in which a plan that was refused is not looked at again
SILENT = 60  # ticks after which records are told of the partners, if there is nothing else to tell
AGAIN = 20  # ticks after which a plan in hand is looked at again, if no new one comes
ROUNDED = 2  # digits of figures in records


@dataclass(frozen=True)
class Adopting:
    """A plan as a way to go on; none: to go on without one."""

    name: str
    plan: Plan

    def begin(self, hands: Any, tick: int) -> None:
        """Follow it to the letter."""
        hands.as_advice = False
        hands.adopt(self.plan, tick)


@dataclass(frozen=True)
class Verdict:
    """What becomes of a plan.

    Attributes:
        plan: the plan that was looked at; None where the one in hand was looked at again.
        take: the plan to be followed from now on, None to keep what is in hand.
        said: in words.
        as_advice: whether it is taken as advice.
        says: whether the plan's message to the partner is sent.
    """

    plan: Plan | None
    take: Plan | None
    said: str
    as_advice: bool = False
    says: bool = False

    def __str__(self) -> str:
        return self.said


class Checking:
    """Looks at the plans of one chef before they are followed.

    Args:
        settings: how it imagines.
    """

    def __init__(self, settings: Imagining):
        self.settings = settings
        self.imaginer: Imaginer | None = None

    def start(self, view: View) -> None:
        """Begin an episode."""
        self.view = view
        self.imaginer = None
        self._waiting: Plan | None = None
        self._looked = 0
        self._refused: tuple[Statement, ...] | None = None  # the statements that were refused last, and when
        self._refused_at = 0

    def attend(self, thoughts: Thoughts) -> None:
        """Is told where to begin thoughts."""
        self.imaginer = make_imaginer(self.view, self.settings, thoughts.in_wall_time)

    def close(self) -> None:
        """The episode is over."""
        if self.imaginer is not None:
            self.imaginer.close()

    def propose(self, plan: Plan) -> None:
        """A plan that has been thought of; it takes the place of one that nobody has looked at yet."""
        self._waiting = plan

    def decided(self, verdict: Verdict, tick: int) -> None:
        """It is known what becomes of a plan that was looked at at a tick."""
        if verdict.plan is not None:
            self._refused = verdict.plan.statements if verdict.take is not verdict.plan else None
            self._refused_at = tick

    def believe(self, beliefs: Mapping[int, Stated]) -> None:
        """What System 2 believes of partners, in numbers, by seat."""
        for seat, stated in beliefs.items():
            if self.imaginer is not None:
                self.imaginer.told(seat, stated)

    def see(self, observation: Observation, hands: System1, thoughts: Thoughts | None) -> None:
        """Take in the next tick; look at the plan that waits, or after a while again at the one in hand."""
        if self.imaginer is None:
            return
        self.imaginer.see(observation)
        tick = int(observation["tick"])
        again = tick - self._looked >= (AGAIN if hands.following.left and not hands.as_advice else SILENT)
        if thoughts is None or thoughts.under_way(CHECK) or (self._waiting is None and not again):
            return
        plan, self._waiting = self._waiting, None
        if plan is not None and plan.statements == self._refused and tick - self._refused_at < TWICE:
            plan = None  # it was looked at a moment ago
            if not again:
                return
        self._looked = tick
        thoughts.begin(CHECK, self._decide(plan, observation, hands), ticks=self.settings.ticks)

    def _decide(self, plan: Plan | None, observation: Observation, hands: System1) -> Coroutine[Any, Any, Outcome]:
        """The thought that decides; what it needs is taken down now, what it comes to takes effect later."""
        assert self.imaginer is not None
        wanted = plan.statements if plan is not None else ()
        foreign = [str(statement) for statement in wanted if not isinstance(statement, IMAGINABLE)]
        ways = [Adopting(NEW, plan)] if plan is not None and wanted and not foreign else []
        if hands.following.left and not hands.as_advice:
            ways.append(Adopting(NONE, Plan()))
        imagined = hands.hands(int(observation["tick"]))
        imagined.following.left = [each for each in imagined.following.left if isinstance(each, IMAGINABLE)]
        look = self.imaginer.look(observation, imagined, ways, False)
        said = f"taken as advice: nobody can imagine '{foreign[0][:60]}'" if foreign else ""
        return _decided(plan, ways, look, said)


async def _decided(plan: Plan | None, ways: list[Adopting], answer: Awaitable[Answer], as_advice: str) -> Outcome:
    look, believed = await answer
    verdict = Verdict(plan, plan, as_advice, True, True) if as_advice else _verdict(plan, ways, look)
    tried = [[t.name, round(t.gain, ROUNDED), round(t.error, ROUNDED), t.why] for t in look.tried]
    return Outcome(verdict, told={"value": verdict.said, "imagined_ticks": look.ticks, "tried": tried, **believed})


def _verdict(plan: Plan | None, ways: list[Adopting], look: Look) -> Verdict:
    refused = "kept" if plan is None else "refused"
    if not ways:
        return Verdict(plan, None, "kept: nothing is asked for, and there is no plan in hand", says=True)
    if look.chosen is not None:
        gain = look.tried[look.chosen].gain
        if ways[look.chosen].name == NEW:
            return Verdict(plan, plan, f"adopted: {gain:+.0f} points", says=True)
        why = f"{gain:+.0f} points without it"
        return Verdict(plan, Plan(), f"given up: {why}" if plan is None else f"refused, the one before given up: {why}")
    if look.blind and ways[-1].name == NONE:
        return Verdict(plan, Plan(), f"given up: {look.why}")
    return Verdict(plan, None, f"{refused}: {look.why}")


def verdict_of(thought: Thought) -> Verdict | None:
    """What a `check` thought came to; None if it failed."""
    value = thought.outcome.value
    return value if isinstance(value, Verdict) else None
