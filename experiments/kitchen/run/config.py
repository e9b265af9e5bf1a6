"""The configuration of a batch of episodes: YAML into frozen models, unknown keys refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, ValidationError

from brigade.batch.configuration.config import Configuration
from brigade.batch.configuration.files import FileName
from brigade.batch.configuration.order_scripts import read_scripts
from brigade.batch.configuration.specs import AgentSpec, KitchenChoice, RaySpec, Seeds
from brigade.batch.configuration.vary import check_vary, combinations
from brigade.dual_process.build import ClockSpec
from brigade.dual_process.llm.calls import load_prices
from brigade.dual_process.llm.server import HouseKnobs
from brigade.dual_process.reasoners import ReasonerSpec
from brigade.envs.budgets import EPISODES, check_count
from brigade.envs.content import Document, Model, misfit
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.registry import BrigadeError, unknown
from brigade.simulation.messages import Mode


class RunConfig(Configuration):
    """A matrix of kitchens x teams x seeds (or order scripts) x whatever varies.

    Teams are played in the kitchens that have as many chefs as they have members. `seeds` is a list, or a number n
    for 0 to n-1. With `order_scripts` one episode is played per script, script i with seed i. `reasoner` answers the
    thinking agents and `clock` says how long their thoughts take; `vary` maps these two or keys of them, such as
    `clock.seconds` or `reasoner`, to the values to be played. `calls` records every call of a model;
    `replay` names a results folder whose recorded calls answer instead of the model. `recordings` writes every episode
    as it is played into a file of its own. `prices` is a price table of
    your own, in the form of `dual_process/llm/prices.yaml`.
    """

    bundled: ClassVar = Path(__file__).parents[1] / "configs"

    kitchens: list[KitchenChoice] = Field(min_length=1)
    teams: list[list[AgentSpec]] = Field(min_length=1)
    seeds: Seeds = [0]
    order_scripts: FileName | None = None
    reasoner: ReasonerSpec = ReasonerSpec()
    clock: ClockSpec = ClockSpec()
    messages: Mode = "both"
    vary: dict[str, list[Any]] = {}
    calls: bool = False
    replay: str | None = None
    recordings: bool = True
    prices: FileName | None = None
    ray: RaySpec = RaySpec()

    def checked(self, document: Document) -> Self:
        """The configuration, once it is known that all kitchens and agents are there, and fit together."""
        _check_vary(self, document)
        self.reasoner.check(document, "reasoner")
        if self.prices is not None:
            try:
                load_prices(self.prices)
            except BrigadeError as error:
                raise document.error(str(error), "prices") from None
        sizes = [choice.check(document, "kitchens", i).chefs for i, choice in enumerate(self.kitchens)]
        for i, team in enumerate(self.teams):
            for j, spec in enumerate(team):
                spec.check(document, "teams", i, j)
            if len(team) not in sizes:
                message = f"no kitchen here has {len(team)} chefs; they have {', '.join(map(str, sorted(set(sizes))))}"
                raise document.error(message, "teams", i)
        for i, size in enumerate(sizes):
            if size not in {len(team) for team in self.teams}:
                raise document.error(f"no team has the {size} members this kitchen needs", "kitchens", i)
        return self


class Job(Model):
    """One episode to be played."""

    kitchen: KitchenChoice
    team: list[AgentSpec]
    seed: int
    script: list[str] | None = None
    reasoner: ReasonerSpec = ReasonerSpec()
    clock: ClockSpec = ClockSpec()
    messages: Mode = "both"
    condition: dict[str, Any] = {}  # what varies, as it is for this episode
    calls: str | None = None  # folder in which calls are recorded
    replay: str | None = None  # folder from which they are answered
    recordings: str | None = None  # folder in which the episode is recorded as it is played

    @property
    def key(self) -> str:
        """What identifies the episode within its run."""
        options = self.kitchen.model_dump(exclude_none=True)
        team = "+".join(str(agent) for agent in self.team)
        varied = "".join(f" {name}={json.dumps(value, sort_keys=True)}" for name, value in self.condition.items())
        return f"{json.dumps(options, sort_keys=True)} {team}{varied} seed={self.seed}"


def jobs_of(config: RunConfig) -> list[Job]:
    """The episodes of a run, in order.

    Raises:
        BrigadeError: the order scripts cannot be read.
    """
    scripts = read_scripts(config.order_scripts) if config.order_scripts is not None else None
    draws: list[tuple[int, list[str] | None]] = [(seed, None) for seed in config.seeds]
    if scripts is not None:
        draws = list(enumerate(scripts))
    conditions = combinations(config.vary)
    count = len(config.kitchens) * len(config.teams) * len(conditions) * len(draws)
    check_count(count, EPISODES, "episodes")
    jobs = []
    for kitchen in config.kitchens:
        if scripts is not None:
            _check_scripts(scripts, kitchen.load(), config.order_scripts or "")
        for team in config.teams:
            if len(team) == kitchen.load().chefs:
                for condition in conditions:
                    common = _common(config, condition)
                    jobs += [Job(kitchen=kitchen, team=team, seed=seed, script=s, **common) for seed, s in draws]
    return jobs


def _common(config: RunConfig, condition: dict[str, Any]) -> dict[str, Any]:
    """What all jobs of a condition share."""
    specs = {"reasoner": config.reasoner.model_dump(), "clock": config.clock.model_dump()}
    for key, value in condition.items():
        here: dict[str, Any] = specs
        *parents, last = key.split(".")
        for parent in parents:
            here[parent] = here[parent] or {}
            here = here[parent]
        here[last] = value
    folder = str(config.folder / "calls") if config.calls else None
    replay = str(Path(config.replay) / "calls") if config.replay else None
    recordings = str(config.folder / "recordings") if config.recordings else None
    folders = {"calls": folder, "replay": replay, "recordings": recordings}
    return {**specs, "messages": config.messages, "condition": condition, **folders}


def _check_vary(config: RunConfig, document: Document) -> None:
    parts: dict[str, type[Model]] = {"clock": ClockSpec, "reasoner": ReasonerSpec}
    known = [*parts, *(f"{part}.{name}" for part, model in parts.items() for name in model.model_fields)]
    known += [f"reasoner.knobs.{name}" for name in HouseKnobs.model_fields]

    def fits(condition: dict[str, Any]) -> None:
        try:
            Job(kitchen=config.kitchens[0], team=config.teams[0], seed=0, **_common(config, condition))
        except ValidationError as error:
            raise document.error(misfit(Job, error), "vary") from None

    open_ended = ("reasoner.knobs.faults.", "reasoner.endpoint.", "reasoner.options.")
    check_vary(config.vary, document, known, fits, open_ended)


def _check_scripts(scripts: list[list[str]], kitchen: Kitchen, path: str) -> None:
    if kitchen.layout.standing:
        raise BrigadeError(f"order scripts {path}: kitchen '{kitchen.name}' has standing orders; scripts do not fit it")
    for i, script in enumerate(scripts):
        for dish in script:
            if dish not in kitchen.order_dishes:
                where = f"order scripts {path}: script {i}"
                raise unknown("dish", dish, kitchen.order_dishes, where)
