"""The configuration of a batch of episodes: YAML into frozen models, unknown keys refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, field_validator, model_validator

from brigade.agents.base import agents as agent_registry
from brigade.agents.base import list_agents, make_agent
from brigade.envs.content import Document, Model, parse, read, validate
from brigade.envs.kitchen.layout import Kitchen, load_kitchen
from brigade.envs.registry import BrigadeError, unknown

BUNDLED = Path(__file__).parent / "configs"


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


class RunConfig(Model):
    """A matrix of kitchens x teams x seeds (or order scripts).

    Teams are played in the kitchens that have as many chefs as they have members. `seeds` is a list, or a number n
    for 0 to n-1. With `order_scripts` one episode is played per script, script i with seed i.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    about: str = ""
    kitchens: list[KitchenChoice] = Field(min_length=1)
    teams: list[list[AgentSpec]] = Field(min_length=1)
    seeds: list[int] = [0]
    order_scripts: str | None = None
    out: str | None = None
    ray: RaySpec = RaySpec()

    @field_validator("seeds", mode="before")
    @classmethod
    def _count(cls, value: Any) -> Any:
        if isinstance(value, bool) or (isinstance(value, int) and value < 1):
            raise ValueError("expected a list of seeds, or how many, at least 1")
        return list(range(value)) if isinstance(value, int) else value

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

    @property
    def key(self) -> str:
        """What identifies the episode within its run."""
        options = self.kitchen.model_dump(exclude_none=True)
        team = "+".join(str(agent) for agent in self.team)
        return f"{json.dumps(options, sort_keys=True)} {team} seed={self.seed}"


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
    document = _change(document, changes)
    config = validate(document, RunConfig)
    _check(config, document)
    return config


def jobs_of(config: RunConfig) -> list[Job]:
    """The episodes of a run, in order.

    Raises:
        BrigadeError: the order scripts cannot be read.
    """
    scripts = read_scripts(config.order_scripts) if config.order_scripts is not None else None
    jobs = []
    for kitchen in config.kitchens:
        for team in config.teams:
            if len(team) == kitchen.load().chefs:
                if scripts is not None:
                    _check_scripts(scripts, kitchen.load(), config.order_scripts or "")
                if scripts is None:
                    jobs += [Job(kitchen=kitchen, team=team, seed=seed) for seed in config.seeds]
                else:
                    pairs = enumerate(scripts)
                    jobs += [Job(kitchen=kitchen, team=team, seed=i, script=script) for i, script in pairs]
    return jobs


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


def _change(document: Document, changes: Sequence[str]) -> Document:
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
