"""Putting thinking agents together from names and options, and naming them among the agents."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from brigade.agents.base import Agent, agents, make_agent
from brigade.dual_process.agent import DualProcessAgent, PickingAgent, SlowMind
from brigade.dual_process.frameworks import FRAMEWORKS, framework_of
from brigade.dual_process.llm import house
from brigade.dual_process.llm.calls import RecordingReasoner, ReplayReasoner
from brigade.dual_process.llm.client import Endpoint, OpenAIReasoner
from brigade.dual_process.llm.protocol import Reasoner
from brigade.dual_process.llm.server import HouseKnobs, HouseReasoner
from brigade.envs.content import Model
from brigade.envs.registry import BrigadeError
from brigade.simulation.clock import Clock, Constant, Latency, Measured, RealClock, Tokens, VirtualClock

__all__ = [
    "ClockSpec", "ReasonerSpec", "calls_file", "house_answer", "make_answered_agent",
    "make_reasoner", "make_thinking_agent", "recorded", "short_key",
]  # fmt: skip


class ReasonerSpec(Model):
    """Who answers: `house` with its knobs, or any OpenAI-compatible endpoint.

    Attributes:
        quality: house: how often a decision is the right one.
        knobs: house: seed, latency and faults.
        endpoint: a real one; `house` is then not used.
    """

    quality: float = Field(1.0, ge=0, le=1)
    knobs: HouseKnobs = HouseKnobs()
    endpoint: Endpoint | None = None

    @property
    def model(self) -> str:
        """The name of the model, for tables."""
        return self.endpoint.model if self.endpoint is not None else "house"


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


def make_reasoner(spec: ReasonerSpec, seed: int = 0, clock: ClockSpec | None = None) -> Reasoner:
    """The reasoner that a specification describes.

    Args:
        spec: which.
        seed: of `house`.
        clock: on a real one `house` really takes its time: its own latency, or else the clock's `seconds`.
    """
    if spec.endpoint is not None:
        return OpenAIReasoner(spec.endpoint)
    changes: dict[str, Any] = {"seed": spec.knobs.seed * 1_000_003 + seed}
    real = clock is not None and clock.kind == "real"
    if clock is not None and real and spec.knobs.tokens_per_second is None and not spec.knobs.latency_s:
        changes["latency_s"] = clock.seconds
    answer = functools.partial(house_answer, quality=spec.quality)
    return HouseReasoner(answer, spec.knobs.model_copy(update=changes), sleep=real)


def make_answered_agent(
    name: str, options: Mapping[str, Any], spec: ReasonerSpec, seed: int, clock: ClockSpec
) -> Agent:
    """A new agent by name; one that thinks is answered by this reasoner, unless it brings its own."""
    if not agents[name].takes_reasoner or "reasoner" in options:
        return make_agent(name, **options)
    return make_agent(name, reasoner=make_reasoner(spec, seed, clock), **options)


def house_answer(messages: Any, purpose: str, schema: Any, rng: Any, *, quality: float) -> str:
    """House, as the server and the in-process reasoner call it."""
    return house.answer(messages, purpose, quality, rng, schema)


def calls_file(folder: Path, key: str, seat: int) -> Path:
    """Where the calls of one chef in one episode are recorded."""
    return folder / f"{short_key(key)}-{seat}.jsonl"


def short_key(key: str) -> str:
    """An episode's key as part of a file name."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def recorded(reasoner: Reasoner | None, path: Path | None, replay: Path | None) -> Reasoner:
    """A reasoner whose calls are recorded in a file, or one that answers from such a file."""
    if replay is not None:
        return ReplayReasoner(replay)
    assert reasoner is not None
    return RecordingReasoner(reasoner, path) if path is not None else reasoner


def make_thinking_agent(
    name: str,
    reasoner: Reasoner | Mapping[str, Any] | None = None,
    without: list[str] | None = None,
    intervals: dict[str, int] | None = None,
    talks: bool = True,
    budget_tokens: int = 6000,
    lessons: str | None = None,
    seed: int = 0,
) -> Agent:
    """An agent of one of the frameworks.

    Args:
        name: of the framework.
        reasoner: who answers: a reasoner, or what `ReasonerSpec` takes; default `house`.
        without: kinds of thought it does not have.
        intervals: ticks between thoughts, by kind.
        talks: whether it sends messages.
        budget_tokens: prompts are trimmed to about this, oldest scenes first.
        lessons: a file in which lessons are kept across episodes (`reflexion`); play such runs with `ray.workers=0`,
            one episode after the other.
        seed: of `house`.

    Raises:
        BrigadeError: an unknown framework or kind of thought, or a reasoner that cannot be.
    """
    framework = framework_of(name, tuple(without or ()), intervals)
    if reasoner is None or isinstance(reasoner, Mapping):
        try:
            reasoner = make_reasoner(ReasonerSpec.model_validate(reasoner or {}), seed)
        except ValidationError as error:
            first = error.errors()[0]
            raise BrigadeError(f"reasoner.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    slow = SlowMind(reasoner, framework, budget_tokens, talks, Path(lessons) if lessons is not None else None)
    return DualProcessAgent(slow) if framework.steers else PickingAgent(slow)


def _factory(name: str) -> Callable[..., Agent]:
    return functools.partial(make_thinking_agent, name)


for _framework in FRAMEWORKS.values():
    agents.register(_framework.name, _framework.about, thinks=True, takes_reasoner=True)(_factory(_framework.name))
