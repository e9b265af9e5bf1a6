"""How far and how often is looked ahead, what must come of it, and what it may cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from brigade.agents.base import agents
from brigade.dual_process.partner_model import PartnerModel, partner_models
from brigade.envs.content import Model, checked
from brigade.envs.registry import BrigadeError

LEAST_BEFORE = 8  # ticks that are imagined before points count


class Imagining(Model):
    """Settings of imagination: option `imagining` of agents that imagine.

    Attributes:
        ahead: ticks that are imagined.
        over: of these, ticks at the end over which the points are averaged: what is earlier is worth more.
        futures: ways in which orders may come.
        margin: points by which something must be better than going on.
        harm: points by which it may be worse under any program that is reckoned with.
        ticks: after which what was imagined takes effect, on the virtual clock.
        budget: ticks of imagined kitchens that one look may cost; 0: nothing is imagined.
        seconds: wall time after which an answer comes too late, where time is wall time.
        scored: whether what was foreseen of the partner's turns is scored, for the record.
        models: names of partner models, or mappings of `name` and `options`; several are weighed by how well each
            foresaw the partner's turns.
    """

    ahead: int = Field(150, ge=10, le=2000)
    over: int = Field(60, ge=1, le=1000)
    futures: int = Field(3, ge=1, le=32)
    margin: float = Field(5.0, ge=0)
    harm: float = Field(5.0, ge=0)
    ticks: int = Field(1, ge=0, le=1000)
    budget: int = Field(20_000, ge=0)
    seconds: float = Field(4.0, gt=0)
    scored: bool = True
    models: list[str | dict[str, Any]] = Field(["types"], min_length=1, max_length=8)

    @model_validator(mode="after")
    def _over_what_is_ahead(self) -> Imagining:
        if self.over + LEAST_BEFORE > self.ahead:
            raise ValueError(f"over: at most {self.ahead - LEAST_BEFORE} of {self.ahead} ticks ahead, got {self.over}")
        return self


def settings_of(imagining: Mapping[str, Any]) -> Imagining:
    """Settings from plain data.

    Raises:
        BrigadeError: one that there is not, or that does not fit; the message says which.
    """
    settings = checked(Imagining, imagining, "imagining.")
    for name, options in choices_of(settings):
        partner_models[name]  # an unknown one is an error with the nearest name
        for program in options.get("library", ()):
            agents[program]
    return settings


def choices_of(settings: Imagining) -> list[tuple[str, dict[str, Any]]]:
    """The partner models by name, with their options.

    Raises:
        BrigadeError: an entry that is no name with options.
    """
    choices = []
    for entry in settings.models:
        name, options = (entry, {}) if isinstance(entry, str) else (entry.get("name"), entry.get("options") or {})
        if not isinstance(name, str) or not isinstance(options, dict):
            raise BrigadeError(f"imagining.models: expected a name, or name and options, got {entry!r:.80}")
        choices.append((name, options))
    return choices


def models_of(settings: Imagining) -> list[tuple[str, PartnerModel]]:
    """New partner models, by names that tell them apart.

    Raises:
        BrigadeError: one that there is not, or that cannot be made.
    """
    names: Counter[str] = Counter()
    models = []
    for name, options in choices_of(settings):
        names[name] += 1
        called = name if names[name] == 1 else f"{name} {names[name]}"
        models.append((called, partner_models.make(name, **options)))
    return models
