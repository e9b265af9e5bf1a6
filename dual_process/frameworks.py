"""The frameworks that are compared, as configurations of the same parts."""

from __future__ import annotations

from dataclasses import dataclass, field

from brigade.envs.registry import BrigadeError, nearest


@dataclass(frozen=True)
class ThoughtSpec:
    """When a kind of thought is begun, and what it reads.

    Attributes:
        every_ticks: at most one begins in so many ticks, and at most one is in flight.
        scenes: how many of the last scenes it reads.
    """

    every_ticks: int
    scenes: int


POLICY = ThoughtSpec(20, 3)
REFLECTION = ThoughtSpec(50, 10)
BELIEF = ThoughtSpec(50, 10)
PICK = ThoughtSpec(1, 3)
LESSON = ThoughtSpec(100, 10)
PLAN = ThoughtSpec(40, 5)


@dataclass(frozen=True)
class Framework:
    """One way to use a language model in the kitchen.

    Attributes:
        name: as configurations call it.
        about: one line.
        thoughts: the kinds of thought it has, with when and what.
        steers: over System 1 (`dpt` and its kin); otherwise the model picks each macro action and the chef waits.
        reasons: whether a pick comes with a thought before the action.
        quick: the share of a thought's seconds that a pick takes, and of its tokens that it may use.
    """

    name: str
    about: str
    thoughts: dict[str, ThoughtSpec] = field(default_factory=dict)
    steers: bool = False
    reasons: bool = False
    quick: float = 1.0


FRAMEWORKS: dict[str, Framework] = {
    framework.name: framework
    for framework in (
        Framework("act", "the model picks each macro action; the chef waits for it", {"pick": PICK}),
        Framework("react", "a thought before each pick (ReAct)", {"pick": PICK}, reasons=True),
        Framework(
            "reflexion", "ReAct, and lessons from looking back (Reflexion)", {"pick": PICK, "lesson": LESSON},
            reasons=True,
        ),
        Framework(
            "react_dpt", "ReAct's picks as wishes to System 1, which acts meanwhile",
            {"pick": ThoughtSpec(20, 3)}, steers=True, reasons=True,
        ),
        Framework(
            "reflexion_dpt", "Reflexion's picks as wishes to System 1, which acts meanwhile",
            {"pick": ThoughtSpec(20, 3), "lesson": LESSON}, steers=True, reasons=True,
        ),
        Framework(
            "dpt_without_tom", "System 2 writes policies and guidelines over System 1",
            {"policy": POLICY, "reflection": REFLECTION}, steers=True,
        ),
        Framework(
            "dpt", "policies, guidelines and a theory of the partner's mind over System 1 (DPT-Agent, 2502.11882)",
            {"policy": POLICY, "reflection": REFLECTION, "belief": BELIEF}, steers=True,
        ),
        Framework(
            "agile", "a plan is thought out slowly; a quick pick reads it each time (AgileThinker, arXiv 2511.04898)",
            {"pick": PICK, "plan": PLAN}, quick=0.125,
        ),
    )
}  # fmt: skip


def framework_of(name: str, without: tuple[str, ...] = (), intervals: dict[str, int] | None = None) -> Framework:
    """A framework by name, perhaps without some kinds of thought, or with other intervals.

    Raises:
        BrigadeError: no such framework, or it has no such thought.
    """
    if name not in FRAMEWORKS:
        raise BrigadeError(f"unknown framework '{name}'; {nearest(name, FRAMEWORKS)}")
    framework = FRAMEWORKS[name]
    for kind in (*without, *(intervals or {})):
        if kind not in framework.thoughts:
            raise BrigadeError(f"framework '{name}' has no thought '{kind}'; {nearest(kind, framework.thoughts)}")
    thoughts = {
        kind: ThoughtSpec((intervals or {}).get(kind, spec.every_ticks), spec.scenes)
        for kind, spec in framework.thoughts.items()
        if kind not in without
    }
    return Framework(framework.name, framework.about, thoughts, framework.steers, framework.reasons, framework.quick)
