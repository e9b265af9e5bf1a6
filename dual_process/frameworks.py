"""The frameworks that are compared, as configurations of the same parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from brigade.agents.base import Agent
from brigade.dual_process.old_names import kind_now
from brigade.envs.registry import BrigadeError, Registry, nearest


@dataclass(frozen=True)
class ThoughtSpec:
    """When a kind of thought is begun, and what it reads.

    Attributes:
        every_ticks: at most one begins in so many ticks, and at most one is in flight.
        scenes: how many of the last scenes it reads.
        share: of the seconds that a thought takes, and of the tokens that its answer may have.
        on_beat: it begins at ticks that are multiples of `every_ticks` (0: at none), and what would begin one while
            another is in flight, a message too, is forgotten: so the published code of DPT-Agent.
        from_tick: the first of these ticks.
        turns: how many of its own last turns it reads, the one that begins among them.
    """

    every_ticks: int
    scenes: int = 3
    share: float = 1.0
    on_beat: bool = False
    from_tick: int = 0
    turns: int = 0


AS_PUBLISHED = "@paper"  # after a framework's name: as published with DPT-Agent

PLAN = ThoughtSpec(20, 3)
REFLECTION = ThoughtSpec(50, 10)
BELIEF = ThoughtSpec(50, 10)
PICK = ThoughtSpec(1, 3)
LESSON = ThoughtSpec(100, 10)
OUTLINE = ThoughtSpec(40, 5)


@dataclass(frozen=True)
class Framework:
    """One way to use a language model in the kitchen.

    Other packages bring theirs with `frameworks.register(name, about)`, or by an entry point of `brigade.frameworks`: a
    function without arguments that returns a `Framework`. Each is an agent of its name.

    Attributes:
        thoughts: the kinds of thought it has, by the names they are registered as, with when and what.
        steers: over System 1 (`dpt` and its kin); otherwise the model picks each macro action and the chef waits.
        reasons: whether a pick comes with a thought before the action.
        fast_side: makes the agent around its `Thinker`, where that is to be neither of these two.
    """

    thoughts: Mapping[str, ThoughtSpec] = field(default_factory=dict)
    steers: bool = False
    reasons: bool = False
    fast_side: Callable[[Any], Agent] | None = None


frameworks: Registry[Framework] = Registry(
    "framework", "brigade.frameworks", own=("brigade.dual_process.frameworks", "brigade.dual_process.paper_frameworks")
)


def _own(name: str, about: str, framework: Framework) -> None:
    frameworks.register(name, about)(lambda: framework)


_own("act", "the model picks each macro action; the chef waits for it", Framework({"pick": PICK}))
_own("react_stepwise", "a thought before each pick; the chef waits for it", Framework({"pick": PICK}, reasons=True))
_own(
    "reflexion_stepwise",
    "the same, and lessons from looking back",
    Framework({"pick": PICK, "lesson": LESSON}, reasons=True),
)
_own(
    "dpt_without_tom",
    "System 2 writes plans and guidelines over System 1",
    Framework({"plan": PLAN, "reflection": REFLECTION}, steers=True),
)
_own(
    "dpt",
    "plans, guidelines and a theory of the partner's mind over System 1 (DPT-Agent, 2502.11882)",
    Framework({"plan": PLAN, "reflection": REFLECTION, "belief": BELIEF}, steers=True),
)
_own(
    "agile", "the next minute is thought out slowly; a quick pick reads it each time (AgileThinker, arXiv 2511.04898)",
    Framework({"pick": replace(PICK, share=0.125), "outline": OUTLINE}),
)  # fmt: skip


def framework_of(name: str, without: Sequence[str] = (), intervals: Mapping[str, int] | None = None) -> Framework:
    """A framework by name, perhaps without some kinds of thought, or with other intervals.

    Raises:
        BrigadeError: no such framework, or it has no such thought.
    """
    framework = frameworks.make(name)
    if not isinstance(framework, Framework):
        raise BrigadeError(f"framework '{name}': expected a Framework, got {type(framework).__name__}")
    left_out = [kind_now(name, kind) for kind in without]
    every = {kind_now(name, kind): ticks for kind, ticks in (intervals or {}).items()}
    for kind in (*left_out, *every):
        if kind not in framework.thoughts:
            raise BrigadeError(f"framework '{name}' has no thought '{kind}'; {nearest(kind, framework.thoughts)}")
    specs = {
        kind: replace(spec, every_ticks=every.get(kind, spec.every_ticks))
        for kind, spec in framework.thoughts.items()
        if kind not in left_out
    }
    return replace(framework, thoughts=specs)
