"""Who answers, by name: `house`, any OpenAI-compatible endpoint, and what other packages bring."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field, model_validator

from brigade.dual_process.llm import house
from brigade.dual_process.llm.blind import constant_answer, random_answer
from brigade.dual_process.llm.client import Endpoint, OpenAIReasoner
from brigade.dual_process.llm.clients import BesideReasoner
from brigade.dual_process.llm.protocol import Messages, Reasoner
from brigade.dual_process.llm.server import HouseKnobs, HouseReasoner
from brigade.envs.content import Document, Model, checked
from brigade.envs.registry import Registry

HOUSE, ENDPOINT = "house", "endpoint"


@dataclass(frozen=True)
class Occasion:
    """What a reasoner is told of the episode that it is made for.

    Attributes:
        seed: of whatever it draws.
        real: whether time is wall time, so that its answers must really take theirs.
        seconds: how long an answer takes there if the reasoner has no time of its own.
    """

    seed: int = 0
    real: bool = False
    seconds: float = 0.0


# A factory is given `occasion` (an `Occasion`) and the options of the configuration, all by name.
reasoners: Registry[Reasoner] = Registry("reasoner", "brigade.reasoners")


class ReasonerSpec(Model):
    """Who answers: `house` with its knobs, any OpenAI-compatible endpoint, or a reasoner by name.

    Attributes:
        quality: house: how often a decision is the right one.
        knobs: house: seed, latency and faults.
        endpoint: a real one; `house` is then not used.
        kind: the name of a registered reasoner, instead of the three above.
        options: its options.
    """

    quality: float = Field(1.0, ge=0, le=1)
    knobs: HouseKnobs = HouseKnobs()
    endpoint: Endpoint | None = None
    kind: str | None = None
    options: dict[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _own_by_name(cls, value: Any) -> Any:
        """House and endpoints by name are what the other fields say."""
        kind, options = (value.get("kind"), value.get("options")) if isinstance(value, Mapping) else (None, None)
        if kind not in (HOUSE, ENDPOINT) or not isinstance(options or {}, Mapping):
            return value
        rest = {name: part for name, part in value.items() if name not in ("kind", "options")}
        return {**rest, **(options or {})} if kind == HOUSE else {**rest, "endpoint": options or {}}

    @model_validator(mode="after")
    def _one_way(self) -> ReasonerSpec:
        if self.kind is None and self.options is not None:
            raise ValueError("options: of which reasoner? give its kind")
        others = self.endpoint is not None or self.quality != 1.0 or self.knobs != HouseKnobs()
        if self.kind is not None and others:
            raise ValueError("kind: what a reasoner by name is set to goes into its options")
        return self

    def check(self, document: Document, *path: str | int) -> None:
        """See that there is a reasoner of that name.

        Raises:
            ContentError: there is not, about the value at `path`.
        """
        if self.kind is not None and self.kind not in reasoners:
            raise document.error(str(reasoners.unknown(self.kind)), *path, "kind")

    @property
    def model(self) -> str:
        """The name of the model, for tables."""
        return model_named(self.model_dump())


def model_named(spec: Mapping[str, Any]) -> str:
    """The name of the model that a specification asks, for tables; it may come from any record."""
    for part in (spec.get("endpoint"), spec.get("options")):
        if isinstance(part, Mapping) and part.get("model"):
            return str(part["model"])
    return str(spec.get("kind") or HOUSE)


def make_reasoner(spec: ReasonerSpec, occasion: Occasion | None = None) -> Reasoner:
    """The reasoner that a specification describes.

    Raises:
        BrigadeError: no reasoner of that name, or an option that it does not have.
    """
    occasion = occasion or Occasion()
    if spec.kind is not None:
        return reasoners.make(spec.kind, occasion=occasion, **(spec.options or {}))
    if spec.endpoint is not None:
        return _endpoint(spec.endpoint, occasion)
    return _house(spec.quality, spec.knobs, occasion)


def spec_of(data: Mapping[str, Any]) -> ReasonerSpec:
    """A specification from plain data.

    Raises:
        BrigadeError: it is not one, with the field.
    """
    return checked(ReasonerSpec, data, "reasoner.")


def house_answer(
    messages: Messages, purpose: str, schema: Mapping[str, Any] | None, rng: random.Random, *, quality: float
) -> str:
    """House, as the server and the in-process reasoner call it."""
    return house.answer(messages, purpose, quality, rng, schema)


def _house(quality: float, knobs: HouseKnobs, occasion: Occasion) -> Reasoner:
    return _scripted(functools.partial(house_answer, quality=quality), knobs, occasion)


def _scripted(answer: Any, knobs: HouseKnobs, occasion: Occasion) -> Reasoner:
    changes: dict[str, Any] = {"seed": knobs.seed * 1_000_003 + occasion.seed}
    if occasion.real and knobs.tokens_per_second is None and not knobs.latency_s:
        changes["latency_s"] = occasion.seconds
    return HouseReasoner(answer, knobs.model_copy(update=changes), sleep=occasion.real)


@reasoners.register(HOUSE, "the scripted reasoner: an instrument, not a language model (options quality, knobs)")
def make_house(occasion: Occasion, **options: Any) -> Reasoner:
    """House."""
    spec = checked(ReasonerSpec, options, "reasoner.options.")
    return _house(spec.quality, spec.knobs, occasion)


@reasoners.register(ENDPOINT, "any OpenAI-compatible endpoint (options model, base_url, key_env, ...)")
def make_endpoint(occasion: Occasion, **options: Any) -> Reasoner:
    """An endpoint."""
    return _endpoint(checked(Endpoint, options, "reasoner.options."), occasion)


def _endpoint(endpoint: Endpoint, occasion: Occasion) -> Reasoner:
    """An endpoint; where ticks do not wait it is asked from the process beside."""
    return BesideReasoner(endpoint) if occasion.real else OpenAIReasoner(endpoint)


@reasoners.register("constant", "no mind: says the same plan always, `plan` of its options")
def make_constant(occasion: Occasion, plan: list[Any] | None = None, **knobs: Any) -> Reasoner:
    """A reasoner that reads nothing; `knobs` as house has them."""
    answer = functools.partial(constant_answer, plan=plan or [])
    return _scripted(answer, checked(HouseKnobs, knobs, "reasoner.options."), occasion)


@reasoners.register("dice", "no mind: plans of random statements that the kitchen knows")
def make_dice(occasion: Occasion, **knobs: Any) -> Reasoner:
    """A reasoner that reads nothing; `knobs` as house has them."""
    return _scripted(random_answer, checked(HouseKnobs, knobs, "reasoner.options."), occasion)
