"""The configuration of a batch of episodes: YAML into frozen models, unknown keys refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from brigade.agents.base import agents as agent_registry
from brigade.agents.base import list_agents, make_agent
from brigade.dual_process.build import ClockSpec, ReasonerSpec
from brigade.dual_process.llm.calls import load_prices
from brigade.dual_process.llm.server import HouseKnobs
from brigade.envs.content import Document, Model, parse, read, validate
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.registry import BrigadeError, nearest, unknown
from brigade.simulation.messages import Mode

BUNDLED = Path(__file__).parents[1] / "configs"


def _counted(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, int) and value < 1):
        raise ValueError("expected a list of seeds, or how many, at least 1")
    return list(range(value)) if isinstance(value, int) else value


def _different(seeds: list[int]) -> list[int]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("every seed once")
    return seeds


# A list, or a number n for 0 to n-1.
Seeds = Annotated[list[int], BeforeValidator(_counted), AfterValidator(_different)]


class AgentSpec(Model):
    """An agent by name, with its options."""

    name: str
    options: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        """A plain name is an agent without options."""
        return {"name": value} if isinstance(value, str) else value

    def __str__(self) -> str:
        options = ",".join(f"{key}={value}" for key, value in sorted(self.options.items()))
        return f"{self.name}({options})" if options else self.name


class KitchenChoice(Model):
    """A kitchen by name, with what is to be different about it."""

    name: str
    horizon: int | None = Field(None, gt=0)
    old_dynamics: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        """A plain name is a kitchen as it is."""
        return {"name": value} if isinstance(value, str) else value

    def load(self) -> Kitchen:
        """The kitchen."""
        return load_kitchen(self.name, self.horizon, self.old_dynamics)


class RaySpec(Model):
    """Where episodes run. Without an address Ray is started here; `workers: 0` plays in this process."""

    address: str | None = None
    workers: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _in_one_place(self) -> RaySpec:
        if self.address is not None and self.workers == 0:
            raise ValueError("workers: 0 plays in this process, and an address names a cluster; leave out one of them")
        return self


class RunConfig(Model):
    """A matrix of kitchens x teams x seeds (or order scripts) x whatever varies.

    Teams are played in the kitchens that have as many chefs as they have members. `seeds` is a list, or a number n
    for 0 to n-1. With `order_scripts` one episode is played per script, script i with seed i. `reasoner` answers the
    thinking agents and `clock` says how long their thoughts take; `vary` maps keys of these two, such as
    `clock.seconds` or `reasoner.quality`, to the values to be played. `calls` records every call of a model;
    `replay` names a results folder whose recorded calls answer instead of the model. `recordings` writes every episode
    as it is played into a file of its own. `prices` is a price table of
    your own, in the form of `dual_process/llm/prices.yaml`.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    about: str = ""
    kitchens: list[KitchenChoice] = Field(min_length=1)
    teams: list[list[AgentSpec]] = Field(min_length=1)
    seeds: Seeds = [0]
    order_scripts: str | None = None
    reasoner: ReasonerSpec = ReasonerSpec()
    clock: ClockSpec = ClockSpec()
    messages: Mode = "both"
    vary: dict[str, list[Any]] = {}
    calls: bool = False
    replay: str | None = None
    recordings: bool = True
    prices: str | None = None
    out: str | None = None
    ray: RaySpec = RaySpec()

    @property
    def folder(self) -> Path:
        """Where results go."""
        return Path(self.out or f"results/{self.name}")


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


def list_configs() -> list[str]:
    """Names of the configurations that come with Brigade."""
    return sorted(path.stem for path in BUNDLED.glob("*.yaml"))


def load_config(path: str, changes: Sequence[str] = ()) -> RunConfig:
    """A configuration from a file or by the name of a bundled one, with `key=value` changes.

    Raises:
        BrigadeError: an unknown file, key, kitchen or agent; the message names file, line and field.
    """
    if path in list_configs():
        document = read(BUNDLED / f"{path}.yaml")
    elif path.endswith((".yaml", ".yml")):
        document = read(path)
    else:
        raise unknown("configuration", path, list_configs())
    document = change(document, changes)
    config = validate(document, RunConfig)
    _check(config, document)
    return config


def jobs_of(config: RunConfig) -> list[Job]:
    """The episodes of a run, in order.

    Raises:
        BrigadeError: the order scripts cannot be read.
    """
    scripts = read_scripts(config.order_scripts) if config.order_scripts is not None else None
    draws: list[tuple[int, list[str] | None]] = [(seed, None) for seed in config.seeds]
    if scripts is not None:
        draws = list(enumerate(scripts))
    jobs = []
    for kitchen in config.kitchens:
        if scripts is not None:
            _check_scripts(scripts, kitchen.load(), config.order_scripts or "")
        for team in config.teams:
            if len(team) == kitchen.load().chefs:
                for condition in conditions_of(config):
                    common = _common(config, condition)
                    jobs += [Job(kitchen=kitchen, team=team, seed=seed, script=s, **common) for seed, s in draws]
    return jobs


def conditions_of(config: RunConfig) -> list[dict[str, Any]]:
    """Every combination of what varies; one empty one if nothing does."""
    return [dict(zip(config.vary, values, strict=True)) for values in product(*config.vary.values())]


def _common(config: RunConfig, condition: dict[str, Any]) -> dict[str, Any]:
    """What all jobs of a condition share."""
    specs = {"reasoner": config.reasoner.model_dump(), "clock": config.clock.model_dump()}
    for key, value in condition.items():
        here: dict[str, Any] = specs
        *parents, last = key.split(".")
        for parent in parents:
            here = here[parent]
        here[last] = value
    folder = str(config.folder / "calls") if config.calls else None
    replay = str(Path(config.replay) / "calls") if config.replay else None
    recordings = str(config.folder / "recordings") if config.recordings else None
    folders = {"calls": folder, "replay": replay, "recordings": recordings}
    return {**specs, "messages": config.messages, "condition": condition, **folders}


def _check_vary(config: RunConfig, document: Document) -> None:
    known = [f"{part}.{name}" for part, model in (("clock", ClockSpec), ("reasoner", ReasonerSpec))
             for name in model.model_fields]  # fmt: skip
    known += [f"reasoner.knobs.{name}" for name in HouseKnobs.model_fields]
    for key, values in config.vary.items():
        if key not in known and not key.startswith(("reasoner.knobs.faults.", "reasoner.endpoint.")):
            raise document.error(f"cannot vary '{key}'; {nearest(key, known)}", "vary", key)
        if not values:
            raise document.error("no values", "vary", key)
    for condition in conditions_of(config):
        try:
            Job(kitchen=config.kitchens[0], team=config.teams[0], seed=0, **_common(config, condition))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise document.error(f"{where}: {first['msg']}", "vary") from None


def read_scripts(path: str) -> list[list[str]]:
    """Order scripts from a JSON file: a list of lists of dishes, or an object with such a list under `scripts`.

    Raises:
        BrigadeError: the file cannot be read or is not of that form.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BrigadeError(f"order scripts {path}: cannot be read: {error}") from None
    except json.JSONDecodeError as error:
        raise BrigadeError(f"order scripts {path}:{error.lineno}: not valid JSON: {error.msg}") from None
    scripts = data.get("scripts") if isinstance(data, dict) else data
    fits = isinstance(scripts, list) and scripts and all(
        isinstance(script, list) and script and all(isinstance(dish, str) for dish in script) for script in scripts
    )  # fmt: skip
    if not fits:
        raise BrigadeError(f"order scripts {path}: expected a list of lists of dish names")
    return [list(script) for script in scripts or []]


def _check_scripts(scripts: list[list[str]], kitchen: Kitchen, path: str) -> None:
    if kitchen.layout.standing:
        raise BrigadeError(f"order scripts {path}: kitchen '{kitchen.name}' has standing orders; scripts do not fit it")
    for i, script in enumerate(scripts):
        for dish in script:
            if dish not in kitchen.order_dishes:
                where = f"order scripts {path}: script {i}"
                raise unknown("dish", dish, kitchen.order_dishes, where)


def change(document: Document, changes: Sequence[str]) -> Document:
    """The document with `key=value` changes, the values read as YAML."""
    if not changes:
        return document
    data = json.loads(json.dumps(document.data))
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or not key:
            raise BrigadeError(f"'{change}': expected key=value, for example seeds=5 or ray.workers=1")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            raise BrigadeError(f"'{change}': the value is not valid YAML") from None
        here = data
        *parents, last = key.split(".")
        for parent in parents:
            here = here.setdefault(parent, {})
            if not isinstance(here, dict):
                raise BrigadeError(f"'{change}': '{parent}' holds no keys")
        here[last] = value
    changed = parse(yaml.safe_dump(data), f"{document.source} with {' '.join(changes)}")
    return Document(changed.data, {}, changed.source)


def _check(config: RunConfig, document: Document) -> None:
    list_agents()  # registers them
    _check_vary(config, document)
    if config.prices is not None:
        load_prices(config.prices)
    sizes = []
    for i, choice in enumerate(config.kitchens):
        try:
            sizes.append(choice.load().chefs)
        except BrigadeError as error:
            raise document.error(str(error), "kitchens", i) from None
    for i, team in enumerate(config.teams):
        for j, spec in enumerate(team):
            if spec.name not in agent_registry:
                raise document.error(str(unknown("agent", spec.name, agent_registry.names)), "teams", i, j)
            try:
                make_agent(spec.name, **spec.options)
            except BrigadeError as error:
                raise document.error(str(error), "teams", i, j) from None
        if len(team) not in sizes:
            message = f"no kitchen here has {len(team)} chefs; they have {', '.join(map(str, sorted(set(sizes))))}"
            raise document.error(message, "teams", i)
    for i, size in enumerate(sizes):
        if size not in {len(team) for team in config.teams}:
            raise document.error(f"no team has the {size} members this kitchen needs", "kitchens", i)
