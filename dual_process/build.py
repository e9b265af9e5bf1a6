"""Putting thinking agents together from names and options."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from brigade.agents.base import Agent, agents, make_agent
from brigade.dual_process.agent import DualProcessAgent, PickingAgent
from brigade.dual_process.frameworks import Framework, framework_of, frameworks
from brigade.dual_process.imagination.settings import settings_of
from brigade.dual_process.llm.calls import RecordingReasoner, ReplayReasoner
from brigade.dual_process.llm.protocol import Reasoner
from brigade.dual_process.paper_side import FollowsTasks
from brigade.dual_process.plan.statements import Authority
from brigade.dual_process.reasoners import Occasion, ReasonerSpec, make_reasoner, spec_of
from brigade.dual_process.system1 import Trust
from brigade.dual_process.thinker import Thinker
from brigade.dual_process.thought_kinds.base import make_kind, thoughts
from brigade.envs.content import Model, checked
from brigade.envs.registry import BrigadeError, Entry
from brigade.simulation.clock import Clock, Constant, Latency, Measured, RealClock, Tokens, VirtualClock


class ClockSpec(Model):
    """The pace of an episode, and how long thoughts take on the virtual clock."""

    kind: Literal["virtual", "real"] = "virtual"
    hz: float = Field(4.0, gt=0, le=1000)
    latency: Literal["constant", "measured", "tokens"] = "constant"
    seconds: float = Field(4.0, ge=0, le=100_000)  # constant
    ttft_s: float = Field(0.5, ge=0)  # tokens
    tokens_per_second: float = Field(50.0, gt=0)  # tokens

    def make(self) -> Clock:
        """The clock."""
        if self.kind == "real":
            return RealClock(self.hz)
        latency: Latency = Measured()
        if self.latency == "constant":
            latency = Constant(self.seconds)
        elif self.latency == "tokens":
            latency = Tokens(self.ttft_s, self.tokens_per_second)
        return VirtualClock(self.hz, latency)

    def occasion(self, seed: int) -> Occasion:
        """What a reasoner is told of an episode with this clock."""
        return Occasion(seed, self.kind == "real", self.seconds)


def make_answered_agent(
    name: str, options: Mapping[str, Any], spec: ReasonerSpec, seed: int, clock: ClockSpec
) -> Agent:
    """A new agent by name; one that thinks is answered by this reasoner, unless it brings its own."""
    if not agents[name].takes_reasoner or "reasoner" in options:
        return make_agent(name, **options)
    return make_agent(name, reasoner=make_reasoner(spec, clock.occasion(seed)), **options)


def calls_file(folder: Path, key: str, seat: int) -> Path:
    """Where the calls of one chef in one episode are recorded."""
    return folder / f"{short_key(key)}-{seat}.jsonl"


def short_key(key: str) -> str:
    """An episode's key as part of a file name."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def recorded(reasoner: Reasoner | None, path: Path | None, replay: Path | None) -> Reasoner:
    """A reasoner whose calls are recorded in a file, or one that answers from such a file.

    Raises:
        BrigadeError: what the file holds was asked with prompts of another revision, so that it answers nothing here.
    """
    if replay is not None:
        answers = ReplayReasoner(replay)
        _check_prompts(answers)
        return answers
    assert reasoner is not None
    return RecordingReasoner(reasoner, path) if path is not None else reasoner


def _check_prompts(answers: ReplayReasoner) -> None:
    for purpose, prompt in sorted(answers.prompts):
        now = make_kind(purpose).prompt.name if purpose in thoughts else prompt
        if now != prompt:
            raise BrigadeError(
                f"{answers.path}: asked with prompt {prompt}, and this revision asks with {now}: no answer fits; "
                f"replay it with the revision that recorded it"
            )


def make_thinking_agent(
    name: str,
    reasoner: Reasoner | Mapping[str, Any] | None = None,
    without: list[str] | None = None,
    intervals: dict[str, int] | None = None,
    talks: bool = True,
    budget_tokens: int = 6000,
    lessons: str | None = None,
    seed: int = 0,
    authority: Authority | None = None,
    trust: Mapping[str, float] | None = None,
    gives_up: bool | None = None,
    imagining: Mapping[str, Any] | None = None,
) -> Agent:
    """An agent of one of the frameworks.

    Args:
        name: of the framework.
        reasoner: who answers: a reasoner, or what `ReasonerSpec` takes; default `house`.
        without: kinds of thought it does not have.
        intervals: ticks between thoughts, by kind.
        talks: whether it sends messages.
        budget_tokens: prompts are trimmed to about this, oldest scenes first.
        lessons: a file in which lessons are kept across episodes (`reflexion_stepwise`); play such runs with
            `ray.workers=0`, one episode after the other.
        seed: of `house`.
        authority: whether System 1 checks plans (the default), obeys them, or takes them as advice. Those without plans
            do as they are told: there `obey` only.
        trust: weights of that advice, by the names of `Trust`.
        gives_up: whether hands that carry out task lists give a macro action up after 50 ticks, as in the published
            experiments with partners; default: as published where the state machine is, else not.
        imagining: how plans are imagined before they are followed, by the names of `Imagining`.

    Raises:
        BrigadeError: an unknown framework, kind of thought or authority, or a reasoner that cannot be.
    """
    framework = framework_of(name, without or (), intervals)
    if reasoner is None or isinstance(reasoner, Mapping):
        reasoner = make_reasoner(spec_of(reasoner or {}), Occasion(seed))
    if lessons is not None and "lesson" not in framework.thoughts:
        raise BrigadeError(f"framework '{name}' keeps no lessons; reflexion_stepwise does")
    files = {"lesson": Path(lessons)} if lessons is not None else {}
    thinker = Thinker(reasoner, framework, budget_tokens, talks, files)
    if framework.steers and framework.fast_side is None:
        weights = checked(Trust, trust, "trust.") if trust else None
        how = settings_of(imagining) if imagining else None
        if how is not None and authority not in (None, "check"):
            raise BrigadeError(f"authority '{authority}' imagines nothing: option imagining is of 'check' only")
        return DualProcessAgent(thinker, weights, authority or "check", how)
    if imagining is not None:
        raise BrigadeError(f"framework '{name}' imagines nothing: it has no option imagining")
    if authority not in (None, "obey") or trust:
        raise BrigadeError(f"framework '{name}' has no plans to take as advice: it always does as it is told")
    if gives_up is not None:
        return _giving_up(name, framework, thinker, gives_up)
    return framework.fast_side(thinker) if framework.fast_side is not None else PickingAgent(thinker)


def _giving_up(name: str, framework: Framework, thinker: Thinker, gives_up: bool) -> Agent:
    side = framework.fast_side
    if not (isinstance(side, type) and issubclass(side, FollowsTasks)):
        raise BrigadeError(f"framework '{name}' has no option gives_up: its hands carry out no task lists")
    return side(thinker, gives_up)


def thinking_agents(packages: bool = True) -> list[Entry[Agent]]:
    """Every framework that is registered now, as an agent of its name; those of `packages` are loaded for it."""
    return [
        Entry(entry.name, entry.about, functools.partial(make_thinking_agent, entry.name), entry.source, True, True)
        for entry in (frameworks if packages else frameworks.so_far())
    ]
